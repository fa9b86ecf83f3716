"""What the flows need from the outside, one narrow protocol each; memory implements them first.

A flow is a function ``flow(state, command, now_ms) -> Decision``. It reads records through
:class:`State`, decides without any I/O, and returns everything that changes. The store runs it,
applies the decision in one commit and only then returns the answer, so no flow decides on a stale
balance and no answer leaves before its data is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from ohmstead.frozen import Frozen

R = TypeVar("R", bound="Record")
C = TypeVar("C")
A = TypeVar("A")


class Record(Protocol):
    """A frozen dataclass that is stored whole; ``key`` is unique among records of its type."""

    @property
    def key(self) -> str: ...


class Job(Frozen):
    """A row of the outbox, written in the same commit as its cause.

    Jobs of one ``lane`` run in order of creation; ``id`` is the idempotency key of every remote
    effect; ``payload`` is a JSON-serialisable dict.
    """

    id: str
    lane: str
    kind: str
    payload: dict[str, Any]
    due_ms: int = 0


class Decision(Frozen, Generic[A]):
    """What a flow decided: the answer, changed records, rows only added, jobs, and what goes.

    ``drops`` name records by kind and key; what is not there is no error. What money or proof needs
    is never dropped.
    """

    answer: A
    puts: tuple[Record, ...] = ()
    appends: tuple[Record, ...] = ()
    jobs: tuple[Job, ...] = ()
    drops: tuple[tuple[type, str], ...] = ()


class State(Protocol):
    """The records a flow may read, as of this commit."""

    def get(self, kind: type[R], key: str) -> R | None:
        """Return the record, or None."""

    def find(self, kind: type[R], limit: int, **where: str | int | None) -> list[R]:
        """Return up to ``limit`` records whose indexed fields equal ``where``, in key order."""


Flow = Callable[[State, C, int], Decision[A]]


class Clock(Protocol):
    """The one clock behind everything that decides: currentTime, tariffs, holds, epochs."""

    def now_ms(self) -> int:
        """Whole milliseconds since 1970-01-01 UTC."""


class Store(Protocol):
    """Runs flows and keeps what they decide. ``run`` returns after the commit is durable.

    Raises :class:`ohmstead.errors.StoreUnavailable` when nothing can be made durable.
    """

    async def run(self, flow: Flow[C, A], command: C) -> A: ...

    def get(self, kind: type[R], key: str) -> R | None:
        """Read one committed record outside any flow."""

    def find(
        self, kind: type[R], limit: int, after: str = "", **where: str | int | None
    ) -> list[R]:
        """Read committed records with ``key > after`` whose indexed fields equal ``where``."""

    def due_jobs(self, now_ms: int, limit: int) -> Sequence[Job]:
        """Return the oldest unfinished job of each lane that is due."""

    async def finish_job(self, job_id: str) -> None: ...

    async def postpone_job(self, job_id: str, due_ms: int, error: str) -> None: ...

    async def close(self) -> None: ...
