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

    def warm(self, *kinds: type) -> None:
        """Have the records of these kinds at hand; changes nothing of what is seen."""

    def due_jobs(self, now_ms: int, limit: int) -> Sequence[Job]:
        """Return the oldest unfinished job of each lane that is due."""

    async def finish_job(self, job_id: str) -> None: ...

    async def postpone_job(self, job_id: str, due_ms: int, error: str) -> None: ...

    async def close(self) -> None: ...


class Pki(Protocol):
    """The public key infrastructure of ISO 15118 behind us, and the OCSP responders.

    Every method raises :class:`ohmstead.errors.PkiUnavailable`.
    """

    async def get_ev_certificate(self, exi_request: str, action: str, schema: str) -> str:
        """Hand a car's EXI request (base64; action Install or Update) on; its EXI response."""

    async def certificate_status(
        self, algorithm: str, name_hash: bytes, key_hash: bytes, serial: int, url: str
    ) -> bytes:
        """The OCSPResponse in DER about one certificate; not judged by who signed it."""

    async def sign_v2g(self, csr: str, generation: int) -> str:
        """Have a station's CSR (PEM) signed for ISO 15118-2 or -20; its chain in PEM, leaf first,
        without the root."""

    async def roots(self) -> Sequence[bytes]:
        """The roots of mobility operators and of V2G that are trusted, in DER."""

    async def close(self) -> None: ...
