"""What is kept of a session besides its agreement, read back: values, messages, signed records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from ohmstead.core.meter import SignedReading, page_key
from ohmstead.core.progress import Progress, ReadingBlock, Seen, Value, block_key
from ohmstead.core.session import Session
from ohmstead.ports import R

SAMPLES_MAX = 10_000  # of one session: a signed record each ten seconds for a day


class Reads(Protocol):
    """What a store and the state of a flow have in common."""

    def get(self, kind: type[R], key: str) -> R | None: ...


def progress_of(state: Reads, session: Session) -> Progress:
    """How far a session has come."""
    known = state.get(Progress, session.id)
    return known or Progress(session.id, session.begin_mwh, session.started_ms)


def readings_of(state: Reads, session: Session) -> list[Value]:
    """Every unsigned value of a session, in the order they came."""
    return values_of(state, progress_of(state, session))


def values_of(state: Reads, progress: Progress) -> list[Value]:
    """The same, of a session that has come so far."""
    values = [value for block in _blocks(state, progress) for value in block.values]
    return [*values, *progress.values]


def seen_as(state: Reads, progress: Progress, seq: int) -> list[Seen]:
    """The session's messages of this number: more than one only where its numbers restarted."""
    found = [seen for block in _blocks(state, progress) for seen in block.seen if seen[0] == seq]
    return [*found, *(seen for seen in progress.seen if seen[0] == seq)]


def signed_of(
    state: Reads, session: Session, progress: Progress, fresh: Mapping[str, SignedReading]
) -> list[SignedReading]:
    """Every signed record of a session in key order; ``fresh`` are those of this very message."""
    pages = [item for block in _blocks(state, progress) for item in block.pages]
    keys = {
        page_key(session.meter_key_id, context, page)
        for context, first, last in (*pages, *progress.pages)
        for page in range(first, last + 1)
    }
    found = []
    for key in sorted(keys)[:SAMPLES_MAX]:
        record = fresh.get(key) or state.get(SignedReading, key)
        if record is not None:
            found.append(record)
    return found


def _blocks(state: Reads, progress: Progress) -> Iterator[ReadingBlock]:
    for number in range(progress.blocks):
        block = state.get(ReadingBlock, block_key(progress.session_id, number))
        if block is not None:
            yield block
