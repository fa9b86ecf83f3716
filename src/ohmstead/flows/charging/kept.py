"""What is kept of a session's unsigned readings, read back."""

from __future__ import annotations

from typing import Protocol

from ohmstead.core.progress import Progress, ReadingBlock, Value
from ohmstead.core.session import Session
from ohmstead.ports import R

BLOCKS_MAX = 1_000  # of one session: a reading each six seconds for a day


class Reads(Protocol):
    """What a store and the state of a flow have in common."""

    def get(self, kind: type[R], key: str) -> R | None: ...


class Finds(Reads, Protocol):
    """The same, where records are also searched for."""

    def find(self, kind: type[R], limit: int, *, session_id: str) -> list[R]: ...


def progress_of(state: Reads, session: Session) -> Progress:
    """How far a session has come."""
    known = state.get(Progress, session.id)
    return known or Progress(session.id, session.begin_mwh, session.started_ms)


def readings_of(state: Finds, session: Session) -> list[Value]:
    """Every unsigned value of a session, in the order they came."""
    blocks = state.find(ReadingBlock, BLOCKS_MAX, session_id=session.id)
    values = [value for block in blocks for value in block.values]
    return values + list(progress_of(state, session).values)
