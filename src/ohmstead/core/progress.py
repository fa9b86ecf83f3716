"""How far a session has come: what its readings say, kept apart from what was agreed.

A message arrives each minute of every session, so what one changes is small on purpose: the
:class:`Progress` alone, and once in :data:`BLOCK_READINGS` a block that never changes again.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from ohmstead.frozen import Frozen

BLOCK_READINGS = 16  # a larger block is written less often, but until then again and again
SEEN_DIGITS = 32  # of a digest in hex: 128 bits, which nobody meets twice by chance

Value = tuple[int, int]
"""When, in ms since 1970, and the register in mWh, as the station said without signing it."""

Seen = tuple[int, str]
"""A message of the session: its seqNo, and the first :data:`SEEN_DIGITS` of its digest."""

Pages = tuple[str, int, int]
"""Pages of its meter that the session holds: their context letter, the first and the last."""


def named(seq: int, digest: str) -> Seen:
    """How a session remembers one of its messages."""
    return seq, digest[:SEEN_DIGITS]


class ReadingBlock(Frozen, array_like=True):
    """What left a session's Progress, in the order it came; kept 90 days."""

    session_id: str
    number: int
    values: tuple[Value, ...]
    seen: tuple[Seen, ...] = ()
    pages: tuple[Pages, ...] = ()

    @property
    def key(self) -> str:
        return block_key(self.session_id, self.number)


def block_key(session_id: str, number: int) -> str:
    """The key of a session's block: they are numbered from 0 without a gap."""
    return f"{session_id}/{number:06d}"


class Progress(Frozen, array_like=True):
    """The last reading of a session, and what of it fills no block yet."""

    session_id: str
    last_mwh: int | None
    last_ms: int
    last_seq: int = -1
    check_ms: int = 0  # from this reading on the cost is compared with the hold again
    newest_ms: int = -1  # of all values kept: a later one cannot be kept already
    blocks: int = 0  # written so far
    values: tuple[Value, ...] = ()
    seen: tuple[Seen, ...] = ()
    pages: tuple[Pages, ...] = ()  # among them always the highest of each context

    @property
    def key(self) -> str:
        return self.session_id


class Advance(Frozen):
    """A message of readings laid over the progress before it."""

    progress: Progress
    blocks: tuple[ReadingBlock, ...]
    decreased: bool  # the register fell, which no honest one does


def advance(
    before: Progress,
    values: Sequence[Value],
    seq: int,
    kept_ms: Container[int] = (),
    seen: Seen | None = None,
    pages: tuple[Pages, ...] | None = None,
) -> Advance:
    """Keep new values; of two for one moment the first one stands.

    ``kept_ms`` are the moments of which a value is kept already; it is asked only about values
    that are not later than ``before.newest_ms``. ``seen`` names the message, where it is numbered;
    ``pages`` are the session's with it, where it brought any.
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
    progress = Progress(
        before.session_id,
        last_mwh,
        last_ms,
        seq if seq > before.last_seq else before.last_seq,
        before.check_ms,
        newest_ms,
        before.blocks,
        tuple(kept),
        before.seen if seen is None else (*before.seen, seen),
        before.pages if pages is None else pages,
    )
    if (
        len(kept) < BLOCK_READINGS
        and len(progress.seen) < BLOCK_READINGS
        and len(progress.pages) < BLOCK_READINGS
    ):
        return Advance(progress, (), decreased)
    return _cut(progress, decreased)


def _cut(full: Progress, decreased: bool) -> Advance:
    """Let what fills a block leave; the highest pages stay, because they are asked for."""
    values, number = full.values, full.blocks
    highest = tuple(pages for pages in full.pages if pages[2] == top_page(full.pages, pages[0]))
    lower = tuple(pages for pages in full.pages if pages not in highest)
    seen: tuple[Seen, ...] = full.seen
    blocks: list[ReadingBlock] = []
    while len(values) >= BLOCK_READINGS or len(seen) >= BLOCK_READINGS or len(lower) > 0:
        part, values = values[:BLOCK_READINGS], values[BLOCK_READINGS:]
        blocks.append(ReadingBlock(full.session_id, number, part, seen, lower))
        number, seen, lower = number + 1, (), ()
    progress = Progress(
        full.session_id,
        full.last_mwh,
        full.last_ms,
        full.last_seq,
        full.check_ms,
        full.newest_ms,
        number,
        values,
        seen,
        highest,
    )
    return Advance(progress, tuple(blocks), decreased)


def with_page(known: tuple[Pages, ...], context: str, page: int) -> tuple[Pages, ...]:
    """The pages of a session and one more; a meter counts, so most follow the one before."""
    if len(known) == 1:
        letter, first, last = known[0]
        if page == last + 1 and letter == context:
            return ((letter, first, page),)
    for at, (letter, first, last) in enumerate(known):
        if letter == context and first <= page <= last + 1:
            return (*known[:at], (letter, first, max(page, last)), *known[at + 1 :])
    return (*known, (context, page, page))


def top_page(known: Sequence[Pages], context: str) -> int:
    """The highest page of a context, -1 where there is none."""
    top = -1
    for letter, _, last in known:
        if letter == context and last > top:
            top = last
    return top


def delivered_mwh(begin_mwh: int | None, progress: Progress | None) -> int | None:
    """What a session has delivered so far as its station says it, or None where it does not."""
    if begin_mwh is None or progress is None or progress.last_mwh is None:
        return None
    return progress.last_mwh - begin_mwh
