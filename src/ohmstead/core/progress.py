"""How far a session has come: what its readings say, kept apart from what was agreed.

A reading arrives each minute of every session, so what one changes is small on purpose: the
:class:`Progress` alone, and once in :data:`BLOCK_READINGS` a block that never changes again.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from ohmstead.frozen import Frozen

BLOCK_READINGS = 16  # a larger block is written less often, but until then again and again

Value = tuple[int, int]
"""When, in ms since 1970, and the register in mWh, as the station said without signing it."""


class ReadingBlock(Frozen):
    """Unsigned values of a session in the order they came; kept 90 days."""

    session_id: str
    number: int
    values: tuple[Value, ...]

    @property
    def key(self) -> str:
        return f"{self.session_id}/{self.number:06d}"


class Progress(Frozen):
    """The last reading of a session, and the values that fill no block yet."""

    session_id: str
    last_mwh: int | None
    last_ms: int
    last_seq: int = -1
    check_ms: int = 0  # from this reading on the cost is compared with the hold again
    newest_ms: int = -1  # of all values kept: a later one cannot be kept already
    blocks: int = 0  # written so far
    values: tuple[Value, ...] = ()

    @property
    def key(self) -> str:
        return self.session_id


class Advance(Frozen):
    """A message of readings laid over the progress before it."""

    progress: Progress
    blocks: tuple[ReadingBlock, ...]
    decreased: bool  # the register fell, which no honest one does


def advance(
    before: Progress, values: Sequence[Value], seq: int, kept_ms: Container[int] = ()
) -> Advance:
    """Keep new values; of two for one moment the first one stands.

    ``kept_ms`` are the moments of which a value is kept already; it is asked only about values
    that are not later than ``before.newest_ms``.
    """
    last_ms, last_mwh, newest_ms = before.last_ms, before.last_mwh, before.newest_ms
    kept, decreased = list(before.values), False
    for value in values:
        at_ms, mwh = value
        if at_ms > newest_ms:
            newest_ms = at_ms
            kept.append(value)
        elif at_ms >= 0 and at_ms not in kept_ms and all(at_ms != known for known, _ in kept):
            kept.append(value)
        if at_ms < last_ms:
            continue
        if last_mwh is not None and mwh < last_mwh:
            decreased = True
        else:
            last_ms, last_mwh = at_ms, mwh
    blocks: list[ReadingBlock] = []
    while len(kept) >= BLOCK_READINGS:
        number = before.blocks + len(blocks)
        blocks.append(ReadingBlock(before.session_id, number, tuple(kept[:BLOCK_READINGS])))
        del kept[:BLOCK_READINGS]
    progress = Progress(  # said in full: replace() costs as much as the rest of this function
        session_id=before.session_id,
        last_mwh=last_mwh,
        last_ms=last_ms,
        last_seq=max(before.last_seq, seq),
        check_ms=before.check_ms,
        newest_ms=newest_ms,
        blocks=before.blocks + len(blocks),
        values=tuple(kept),
    )
    return Advance(progress, tuple(blocks), decreased)


def delivered_mwh(begin_mwh: int | None, progress: Progress | None) -> int | None:
    """What a session has delivered so far as its station says it, or None where it does not."""
    if begin_mwh is None or progress is None or progress.last_mwh is None:
        return None
    return progress.last_mwh - begin_mwh
