"""What every store shares: its tables, how a record becomes bytes, how a decision is checked.

A record is a frozen dataclass; its body is the JSON of all its fields (integers of any size, bytes
as base64). Beside the body stand its ``key`` and the values of its indexed fields. A decision is
encoded and checked wholly before any part of it reaches a store, so one that cannot be kept (an
unknown kind, a field that is no JSON, an index beyond 64 bits) harms only the flow that made it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, NamedTuple, cast

import msgspec

from ohmstead.adapters.store.migration import Migration
from ohmstead.errors import OhmsteadError, StoreUnavailable
from ohmstead.frozen import Frozen
from ohmstead.ports import Decision, Job, R, Record

BODY_MAX = 16 << 20
"""Bytes of one record or job payload; SQLite itself would stop at 1 GB, and stop the batch too."""

INDEX_MAX = 2**63 - 1
"""An indexed integer is a SQLite integer; amounts beyond it belong in the body only."""

DONE_KEPT_MS = 30 * 24 * 3_600_000
"""A finished job stays visible for 30 days."""

ATTEMPTS_MAX = 50
"""After this many failed attempts a job is dead: a person decides."""

Value = str | int | None
Columns = tuple[Value, ...]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RESERVED = frozenset(
    {"jobs", "schema_migrations", "schema_state", "key", "body", "kind", "limit", "after", "self"}
)
_encode = msgspec.json.Encoder().encode


class RecordConflict(OhmsteadError):
    """A row that is only ever added, or a job, exists already with other content."""


class Table(Frozen):
    """One kind of record, the name of its table, and the fields (or properties) it is found by.

    ``sparse`` are those of ``indexes`` that nearly all records leave None: which values occur is
    held in memory, so that asking for one that does not costs no query.
    """

    kind: type
    name: str
    indexes: tuple[str, ...] = ()
    sparse: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not set(self.sparse) <= set(self.indexes):
            raise ValueError(f"{self.name}: only what is indexed can be sparse")
        for word in (self.name, *self.indexes):
            if not _NAME.fullmatch(word) or word in _RESERVED:
                raise ValueError(f"{word!r} cannot name a table or an index of one")


class DeadJob(Frozen):
    """A job that failed too often; it holds its lane until it is revived or finished by hand."""

    job: Job
    attempts: int
    error: str


class Shelf(Generic[R]):
    """A table with the encoder and decoder of its records."""

    def __init__(self, table: Table) -> None:
        self.kind: type[R] = table.kind
        self.name = table.name
        self.indexes = table.indexes
        self.sparse = table.sparse
        self._decode = msgspec.json.Decoder(self.kind).decode
        self._indexed = [attrgetter(name) for name in table.indexes]

    def encode(self, record: R) -> bytes:
        """Return the body; raises TypeError for a field that JSON cannot hold."""
        body = _encode(record)
        return body if len(body) <= BODY_MAX else _bounded(body)

    def decode(self, key: str, body: bytes) -> R:
        """Return the record; raises StoreUnavailable naming the row when the body is damaged."""
        try:
            return self._decode(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StoreUnavailable(f"{self.name} {key!r} cannot be read: {error}") from error

    def columns(self, record: R) -> Columns:
        """Return the values of the indexed fields; raises ValueError for what cannot be."""
        return tuple([plain(value_of(record)) for value_of in self._indexed])

    def where(self, where: Mapping[str, Value]) -> list[tuple[str, Value]]:
        """Return the conditions; raises LookupError for a field that is not indexed."""
        for name in where:
            if name not in self.indexes:
                raise LookupError(f"{self.name} has no index on {name!r}")
        return [(name, plain(value)) for name, value in where.items()]


class Shelves:
    """All tables of a store, by kind of record, and the migrations that led to them."""

    def __init__(self, tables: Sequence[Table], migrations: Sequence[Migration] = ()) -> None:
        self.migrations = tuple(migrations)
        self.all: list[Shelf[Any]] = [Shelf(table) for table in tables]
        self._by_kind = {shelf.kind: shelf for shelf in self.all}
        if len(self._by_kind) != len(tables) or len({t.name for t in tables}) != len(tables):
            raise ValueError("two tables share a kind or a name")

    def of(self, kind: type[R]) -> Shelf[R]:
        """Return the shelf of ``kind``; raises LookupError when the store has no table for it."""
        try:
            return cast("Shelf[R]", self._by_kind[kind])
        except KeyError:
            raise LookupError(f"the store has no table for {kind.__name__}") from None

    def row(self, record: Record) -> Row:
        """Encode and check a record; raises LookupError, TypeError or ValueError."""
        shelf = self._by_kind.get(type(record)) or self.of(type(record))
        key = record.key
        if type(key) is not str or not key:
            raise TypeError(f"the key of a {shelf.name} is text and not empty, not {key!r}")
        if not key.isascii():
            plain(key)
        columns = shelf.columns(record) if shelf.indexes else ()
        return Row(shelf, key, record, columns, shelf.encode(record))


@dataclass(slots=True)
class Row:
    """One record ready to be written, or to go."""

    shelf: Shelf[Any]
    key: str
    record: Record | None  # None: it goes
    columns: Columns
    body: bytes


class JobRow(NamedTuple):
    """One job ready to be written."""

    id: str
    lane: str
    kind: str
    payload: bytes
    due_ms: int

    def job(self) -> Job:
        return Job(self.id, self.lane, self.kind, msgspec.json.decode(self.payload), self.due_ms)

    def same_work(self, other: JobRow) -> bool:
        """Two jobs are the same work whatever their due time, which moves."""
        return self[1:4] == other[1:4]


@dataclass(slots=True)
class Plan:
    """A decision, encoded."""

    puts: list[Row] = field(default_factory=list)
    appends: list[Row] = field(default_factory=list)
    jobs: list[JobRow] = field(default_factory=list)
    drops: list[Row] = field(default_factory=list)


def plan(shelves: Shelves, decision: Decision[Any]) -> Plan:
    """Encode and check a decision; raises LookupError, TypeError or ValueError."""
    row = shelves.row
    changes = Plan(
        [row(record) for record in decision.puts],
        [row(record) for record in decision.appends] if decision.appends else [],
        [job_row(job) for job in decision.jobs] if decision.jobs else [],
    )
    if decision.drops:
        changes.drops = _drops(shelves, decision, changes)
    return changes


def _drops(shelves: Shelves, decision: Decision[Any], changes: Plan) -> list[Row]:
    written = {(row.shelf.name, row.key) for row in (*changes.puts, *changes.appends)}
    drops = [Row(shelves.of(kind), key, None, (), b"") for kind, key in decision.drops]
    for drop in drops:
        if (drop.shelf.name, drop.key) in written:
            raise ValueError(f"one decision writes {drop.shelf.name} {drop.key!r} and drops it")
    return drops


def job_row(job: Job) -> JobRow:
    """Encode a job; raises TypeError when its payload is no JSON."""
    due_ms = plain(job.due_ms)
    for text in (job.id, job.lane, job.kind):
        if type(text) is not str or not text:
            raise TypeError(f"id, lane and kind of a job are text and not empty, not {text!r}")
        plain(text)
    if type(due_ms) is not int:
        raise TypeError(f"job {job.id!r}: due_ms is whole milliseconds, not {job.due_ms!r}")
    return JobRow(job.id, job.lane, job.kind, _bounded(_encode(job.payload)), due_ms)


def _bounded(body: bytes) -> bytes:
    if len(body) > BODY_MAX:
        raise ValueError(f"a body of {len(body)} bytes exceeds {BODY_MAX}")
    return body


def plain(value: object) -> Value:
    """Return text, None or an integer of 64 bits, as an index takes it; an enum is its value."""
    if value is None or (type(value) is str and value.isascii()):
        return value  # nearly always
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        if not value.isascii():
            value.encode()  # a lone surrogate is no text: UnicodeEncodeError, a ValueError
        return str(value)
    if isinstance(value, int):
        if -INDEX_MAX <= value <= INDEX_MAX:
            return int(value)
        raise ValueError(f"{value} does not fit an index of 64 bits")
    raise ValueError(f"{value!r} cannot be indexed: neither text, integer nor None")
