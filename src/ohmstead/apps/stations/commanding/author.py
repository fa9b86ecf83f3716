"""Who speaks, for the audit log: set by the door, seen by whatever is asked behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from ohmstead.core.command import Author
from ohmstead.frozen import replace

REASON_CHARACTERS_MAX = 500
_NOBODY = Author()
AUTHOR: ContextVar[Author] = ContextVar("author", default=_NOBODY)


@contextlib.contextmanager
def speaking(author: Author) -> Iterator[None]:
    """Inside, commands are this author's; tasks begun inside keep it."""
    before = AUTHOR.set(author)
    try:
        yield
    finally:
        AUTHOR.reset(before)


def because(reason: str) -> Author:
    """The author of now, with a reason if none was given."""
    author = AUTHOR.get()
    return author if author.reason else replace(author, reason=reason[:REASON_CHARACTERS_MAX])
