"""What may be the id of a station: one rule for all who register stations and for the door.

2.0.1 part 4, 3.1.1 asks for an identifierString (2.0.1 part 2, primitive datatypes) of at most 48
characters without the colon, which HTTP Basic has between user and password. Fleets come with
colons and blanks all the same (the section's own example is "RDAM 123"), so both are taken here:
the door knows from the URL where the user ends.
"""

from __future__ import annotations

import re

STATION_ID_LENGTH_MAX = 48
STATION_ID_WORDS = (
    f"1 to {STATION_ID_LENGTH_MAX} letters, digits or any of * - _ = : + | @ . with blanks only "
    "between them"
)

_MARK = r"A-Za-z0-9*\-_=:+|@."
# `.` and `..` are places in a path: whoever builds a URL of them connects elsewhere.
_FORM = re.compile(
    rf"(?!\.\.?\Z)[{_MARK}](?:[{_MARK} ]{{0,{STATION_ID_LENGTH_MAX - 2}}}[{_MARK}])?"
)


def is_station_id(text: str) -> bool:
    """Whether a station may be registered, and may connect, under this id."""
    return _FORM.fullmatch(text) is not None
