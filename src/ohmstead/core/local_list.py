"""Local authorisation lists: what a station may know of id_tokens, and how it learns of changes.

The version of a list tells whether a station has what we think it has: it grows with every message,
so a list that was changed, cleared or lost shows another number (1.6 3.5.2, 2.0.1 D01 and D02).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import PayerKind
from ohmstead.frozen import Frozen

ENTRIES_MAX = 10_000  # of one station's list
EVERYWHERE = "*"  # in IdToken.offline_at
UID_LENGTH_MAX_16 = 20  # 1.6 IdToken is a CiString20Type
VERSION_MAX = 2**31 - 1
REVISION = "local-lists"  # a Counter: grows when an id_token changes that lists may hold


class ListStatus(enum.Enum):
    """What a station tells the driver without asking us."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"


class ListEntry(Frozen, array_like=True):
    """One id_token on a list."""

    uid: str
    status: ListStatus
    expires_ms: int = 0
    group: str = ""
    type: str = ""

    @property
    def key(self) -> str:
        return self.uid.casefold()


class LocalList(Frozen):
    """The list a station has, as far as it answered; ``version`` 0: it has none of ours."""

    station_id: str
    version: int = 0
    entries: tuple[ListEntry, ...] = ()  # in order of their keys

    @property
    def key(self) -> str:
        return self.station_id


class ListState(Frozen):
    """How a station's list stands: a record of its own, because lists are long and this is asked
    of each station that connects."""

    station_id: str
    revision: int = -1  # of the id_tokens when its list was last made; -1: it is not up to date
    synced_ms: int = 0
    problem: str = ""  # why the last attempt failed

    @property
    def key(self) -> str:
        return self.station_id


class ListMessage(Frozen):
    """One SendLocalList: the whole list (or its beginning), or what changes of it."""

    version: int
    is_full: bool
    puts: tuple[ListEntry, ...] = ()
    removals: tuple[ListEntry, ...] = ()

    @property
    def items(self) -> int:
        """How many AuthorizationData it holds."""
        return len(self.puts) + len(self.removals)


def entry_of(token: IdToken, station_id: str, now_ms: int, *, is_16: bool) -> ListEntry | None:
    """What a station's list says of an id_token; None where it says nothing.

    A blocked one stays on the list: what the list says goes before what the cache of the station
    remembers. A walk-up wallet's lock is spent by one session and is never for offline use.
    """
    if token.payer_kind is not PayerKind.PREPAID or token.status is TokenStatus.INVALID:
        return None
    if EVERYWHERE not in token.offline_at and station_id not in token.offline_at:
        return None
    if is_16 and len(token.uid) > UID_LENGTH_MAX_16:
        return None
    status = ListStatus.ACCEPTED
    if token.status is TokenStatus.BLOCKED:
        status = ListStatus.BLOCKED
    elif token.status is TokenStatus.EXPIRED or 0 < token.expires_ms <= now_ms:
        status = ListStatus.EXPIRED
    group = token.group[:UID_LENGTH_MAX_16] if is_16 else token.group
    return ListEntry(token.uid, status, token.expires_ms, group, "" if is_16 else token.type)


def in_order(entries: Iterable[ListEntry]) -> tuple[ListEntry, ...]:
    """The entries of a list, in the order in which they are kept and compared."""
    return tuple(sorted(entries, key=lambda entry: entry.key))


def full(want: Sequence[ListEntry], version: int, items_max: int) -> tuple[ListMessage, ...]:
    """The messages that replace a list: a Full, and differentials for what it has no room for."""
    first = ListMessage(version, True, tuple(want[:items_max]))
    rest = [tuple(want[at : at + items_max]) for at in range(items_max, len(want), items_max)]
    others = [ListMessage(version + n, False, part) for n, part in enumerate(rest, 1)]
    return (first, *others)


def differential(
    have: Sequence[ListEntry], want: Sequence[ListEntry], version: int, items_max: int
) -> tuple[ListMessage, ...]:
    """The messages that turn one list into another; none where they are the same.

    What leaves goes first, so that a full list has room for what comes.
    """
    known = {entry.key: entry for entry in have}
    wanted = {entry.key: entry for entry in want}
    gone = [(entry, True) for key, entry in known.items() if _leaves(entry, wanted.get(key))]
    changed = [(entry, False) for key, entry in wanted.items() if known.get(key) != entry]
    steps = gone + changed
    parts = [steps[at : at + items_max] for at in range(0, len(steps), items_max)]
    return tuple(
        ListMessage(
            version + n,
            False,
            tuple(entry for entry, leaves in part if not leaves),
            tuple(entry for entry, leaves in part if leaves),
        )
        for n, part in enumerate(parts)
    )


def _leaves(entry: ListEntry, wanted: ListEntry | None) -> bool:
    # In 2.0.1 an idToken of another type is another idToken: the old one has to go by itself.
    return wanted is None or wanted.type != entry.type


def after(have: Sequence[ListEntry], message: ListMessage) -> tuple[ListEntry, ...]:
    """The list of a station that accepted a message."""
    entries = {} if message.is_full else {entry.key: entry for entry in have}
    for entry in message.removals:
        entries.pop(entry.key, None)
    entries |= {entry.key: entry for entry in message.puts}
    return in_order(entries.values())
