"""Which of many records go: those that are too old, and the oldest where there are too many."""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.frozen import Frozen

NO_LIMIT = 2**62
DAY_MS = 24 * 3_600_000


class Held(Frozen, array_like=True):
    """One record of a station, or of whoever it is counted for."""

    at_ms: int
    key: str
    size: int = 0
    needed: bool = False  # by something that is not settled, or as evidence of a contest


class Bound(Frozen):
    """What is kept: nothing older, no more records and no more bytes."""

    age_ms: int = NO_LIMIT
    count_max: int = NO_LIMIT
    bytes_max: int = NO_LIMIT


def overdue(held: Sequence[Held], bound: Bound, now_ms: int) -> tuple[str, ...]:
    """The keys of what goes, in the order in which it goes.

    What is needed never grows too old. Where there is too much, the oldest that is not needed goes
    first; if all that is left is needed, the newest of it: the first evidence came before a flood.
    """
    since_ms = now_ms - bound.age_ms
    old = [one for one in held if not one.needed and one.at_ms < since_ms]
    left = [one for one in held if one.needed or one.at_ms >= since_ms]
    plain = sorted((one for one in left if not one.needed), key=_age)
    needed = sorted((one for one in left if one.needed), key=_age, reverse=True)
    count, size = len(left), sum(one.size for one in left)
    gone = sorted(old, key=_age)
    for one in (*plain, *needed):
        if count <= bound.count_max and size <= bound.bytes_max:
            break
        gone.append(one)
        count, size = count - 1, size - one.size
    return tuple(one.key for one in gone)


def _age(one: Held) -> tuple[int, str]:
    return one.at_ms, one.key
