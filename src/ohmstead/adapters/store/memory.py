"""The store that forgets: the same rules as SQLite, kept in dictionaries.

It is the strict one: a record is held as its encoded body and decoded anew at every read, so a
record that does not survive the round trip, or a flow that changes what it read, shows here first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ohmstead.adapters.store.tables import (
    ATTEMPTS_MAX,
    DONE_KEPT_MS,
    Columns,
    DeadJob,
    JobRow,
    Plan,
    RecordConflict,
    Row,
    Shelves,
    Table,
    plan,
)
from ohmstead.errors import StoreUnavailable
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import A, C, Clock, Flow, Job, R


class _Kept(Frozen):
    """A job and what became of it."""

    row: JobRow
    attempts: int = 0
    error: str = ""
    dead: bool = False
    done_ms: int | None = None


class _Reading:
    """Implements :class:`ohmstead.ports.State` over the store's last decision."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def get(self, kind: type[R], key: str) -> R | None:
        return self._store.get(kind, key)

    def find(self, kind: type[R], limit: int, **where: str | int | None) -> list[R]:
        return self._store.find(kind, limit, "", **where)


class MemoryStore:
    """Implements :class:`ohmstead.ports.Store`; nothing outlives the process."""

    def __init__(
        self, tables: Sequence[Table], clock: Clock, attempts_max: int = ATTEMPTS_MAX
    ) -> None:
        self._shelves = Shelves(tables)
        self._clock = clock
        self._attempts_max = attempts_max
        self._rows: dict[str, dict[str, tuple[Columns, bytes]]] = {
            shelf.name: {} for shelf in self._shelves.all
        }
        self._jobs: dict[str, _Kept] = {}
        self._why_not = ""

    @property
    def available(self) -> bool:
        """Whether flows are run now."""
        return not self._why_not

    def imitate_outage(self, reason: str) -> None:
        """Refuse flows with StoreUnavailable from now on; an empty ``reason`` ends it."""
        self._why_not = reason

    async def run(self, flow: Flow[C, A], command: C) -> A:
        """Run one flow; raises what the flow raises, RecordConflict or StoreUnavailable."""
        self._check()
        now_ms = self._clock.now_ms()
        decision = flow(_Reading(self), command, now_ms)
        self._apply(plan(self._shelves, decision))
        self._purge(now_ms)
        await asyncio.sleep(0)  # as with any store, others get their turn before the answer
        return decision.answer

    def get(self, kind: type[R], key: str) -> R | None:
        """Return the record, or None."""
        shelf = self._shelves.of(kind)
        row = self._rows[shelf.name].get(key)
        return None if row is None else shelf.decode(key, row[1])

    def find(
        self, kind: type[R], limit: int, after: str = "", **where: str | int | None
    ) -> list[R]:
        """Return up to ``limit`` records with ``key > after`` whose fields equal ``where``."""
        shelf = self._shelves.of(kind)
        wanted = [(shelf.indexes.index(name), value) for name, value in shelf.where(where)]
        rows = self._rows[shelf.name]
        keys = [
            key
            for key, (columns, _) in list(rows.items())  # whole at once: threads read too
            if key > after and all(columns[at] == value for at, value in wanted)
        ]
        return [shelf.decode(key, rows[key][1]) for key in sorted(keys)[: max(limit, 0)]]

    def count(self, kind: type[R], **where: str | int | None) -> int:
        """Return how many records have these indexed fields."""
        shelf = self._shelves.of(kind)
        wanted = [(shelf.indexes.index(name), value) for name, value in shelf.where(where)]
        columns = [columns for columns, _ in list(self._rows[shelf.name].values())]
        return sum(all(row[at] == value for at, value in wanted) for row in columns)

    def warm(self, *kinds: type) -> None:
        """Nothing to do: all of it is in memory."""

    def due_jobs(self, now_ms: int, limit: int) -> Sequence[Job]:
        """Return the oldest unfinished job of each lane, where it is due and not dead."""
        first: dict[str, _Kept] = {}
        for kept in self._jobs.values():
            if kept.done_ms is None:
                first.setdefault(kept.row.lane, kept)
        due = [k.row.job() for k in first.values() if not k.dead and k.row.due_ms <= now_ms]
        return due[: max(limit, 0)]

    def dead_jobs(self, limit: int = 100) -> Sequence[DeadJob]:
        """Return the jobs that failed too often, oldest first."""
        dead = [DeadJob(k.row.job(), k.attempts, k.error) for k in self._jobs.values() if k.dead]
        return dead[: max(limit, 0)]

    async def finish_job(self, job_id: str) -> None:
        """Mark a job as done, dead or not; raises LookupError for one that never was."""
        kept = self._job(job_id)
        if kept.done_ms is None:
            self._jobs[job_id] = replace(kept, dead=False, done_ms=self._clock.now_ms())

    async def postpone_job(self, job_id: str, due_ms: int, error: str) -> None:
        """Count a failed attempt and try again at ``due_ms``, or declare the job dead."""
        kept = self._job(job_id)
        if kept.done_ms is None:
            attempts = kept.attempts + 1
            row = kept.row._replace(due_ms=due_ms)
            self._jobs[job_id] = _Kept(row, attempts, error, attempts >= self._attempts_max)

    async def revive_job(self, job_id: str, due_ms: int) -> None:
        """Give a dead job its attempts back."""
        kept = self._job(job_id)
        if kept.dead:
            self._jobs[job_id] = _Kept(kept.row._replace(due_ms=due_ms), 0, kept.error)

    async def close(self) -> None:
        """Refuse everything from now on."""
        self._why_not = "the store is closed"

    def _check(self) -> None:
        if self._why_not:
            raise StoreUnavailable(self._why_not)

    def _job(self, job_id: str) -> _Kept:
        self._check()
        try:
            return self._jobs[job_id]
        except KeyError:
            raise LookupError(f"there is no job {job_id!r}") from None

    def _apply(self, changes: Plan) -> None:
        """Check everything, then change everything: a refusal leaves no trace."""
        fresh: dict[tuple[str, str], Row] = {(row.shelf.name, row.key): row for row in changes.puts}
        for row in changes.appends:
            place = (row.shelf.name, row.key)
            old = fresh[place].body if place in fresh else self._body(row)
            if old is not None and old != row.body:
                raise RecordConflict(f"{row.shelf.name} {row.key!r} exists with other content")
            fresh[place] = row
        jobs: dict[str, _Kept] = {}
        for job in changes.jobs:
            known = jobs.get(job.id) or self._jobs.get(job.id)
            if known is None:
                jobs[job.id] = _Kept(job)
            elif not known.row.same_work(job):
                raise RecordConflict(f"job {job.id!r} exists with other content")
        for row in fresh.values():
            self._rows[row.shelf.name][row.key] = (row.columns, row.body)
        for row in changes.drops:
            self._rows[row.shelf.name].pop(row.key, None)
        self._jobs.update(jobs)

    def _body(self, row: Row) -> bytes | None:
        kept: Any = self._rows[row.shelf.name].get(row.key)
        return None if kept is None else kept[1]

    def _purge(self, now_ms: int) -> None:
        old = now_ms - DONE_KEPT_MS
        gone = [i for i, k in self._jobs.items() if k.done_ms is not None and k.done_ms < old]
        for job_id in gone:
            del self._jobs[job_id]
