"""What the flows have decided and the disk has not got yet.

A flow runs at once, on its caller's thread and under one lock, over the latest decisions; so no
flow decides on a stale balance. What it decides gathers here until the writer takes all of it into
one commit. If that commit fails, everything that was decided since the last good one is forgotten
and none of it was answered.

A decision is encoded and checked wholly before any part of it enters, so a flow that raises leaves
no trace and needs no SAVEPOINT. However many flows changed a record, it is written once.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from ohmstead.adapters.store.drawers import Drawer, Query, Taken
from ohmstead.adapters.store.grafting import graft
from ohmstead.adapters.store.sql import ADD_JOB, JOB_BY_ID, Statements, delete_rows, insert_rows
from ohmstead.adapters.store.tables import JobRow, Plan, RecordConflict, Row, Shelf, Shelves, plan
from ohmstead.frozen import Frozen
from ohmstead.ports import A, C, Flow, R

Outcome = tuple["asyncio.Future[Any]", Any]
"""A caller, and what it is told once its decision is durable."""


class Sealed(Frozen):
    """What goes into one commit, and who waits for it."""

    tables: tuple[tuple[Drawer, Taken], ...]
    jobs: dict[str, JobRow]
    notes: list[tuple[str, tuple[int | str, ...]]]
    outcomes: list[Outcome]

    @property
    def has_rows(self) -> bool:
        return bool(self.tables or self.jobs or self.notes)

    def write(self, db: sqlite3.Connection) -> int:
        """Write everything within the transaction that is open; return how many rows."""
        count = len(self.jobs) + len(self.notes)
        for drawer, taken in self.tables:
            _write_table(db, drawer.statements, taken)
            count += len(taken.rows)
        if self.jobs:
            insert_rows(db, ADD_JOB, "", list(self.jobs.values()))
        for statement, values in self.notes:
            db.execute(statement, values)
        return count


class Decisions:
    """Implements :class:`ohmstead.ports.State`. Every method is called under the store's lock."""

    def __init__(self, shelves: Shelves, query: Query, cache_records: int) -> None:
        self.outcomes: list[Outcome] = []
        self.keeps_unknown = False  # the store is newer than this build: see grafting
        self._shelves = shelves
        self._query = query
        self._drawers = {
            shelf.kind: Drawer(shelf, Statements(shelf), query, cache_records)
            for shelf in shelves.all
        }
        self._touched: dict[str, Drawer] = {}  # those with something pending, by table
        self._jobs: dict[str, JobRow] = {}
        self._sealed_jobs: dict[str, JobRow] = {}
        self._notes: list[tuple[str, tuple[int | str, ...]]] = []
        self._sealed: Sealed | None = None

    def run(self, now_ms: int, flow: Flow[C, A], command: C) -> A:
        """Run one flow and take in its decision; raises what the flow raises, or RecordConflict."""
        decision = flow(self, command, now_ms)
        if decision.puts or decision.appends or decision.jobs or decision.drops:
            self._admit(plan(self._shelves, decision))
        return decision.answer

    def get(self, kind: type[R], key: str) -> R | None:
        """Return the record, or None, as the latest decision left it."""
        try:
            record: R | None = self._drawers[kind].load(key)
        except KeyError:
            self._shelves.of(kind)  # says what is wrong, if it is the kind
            raise
        return record

    def find(self, kind: type[R], limit: int, **where: str | int | None) -> list[R]:
        """Return up to ``limit`` records whose indexed fields equal ``where``, in key order."""
        drawer = self.drawer(kind)
        found: list[R] = drawer.find(limit, drawer.shelf.where(where))
        return found

    def drawer(self, kind: type) -> Drawer:
        """Return the drawer of a kind; raises LookupError when the store has no table for it."""
        shelf: Shelf[Any] = self._shelves.of(kind)
        return self._drawers[shelf.kind]

    def note(self, now_ms: int, job_id: str, statement: str, *values: int | str) -> None:
        """Say what became of a job; raises LookupError for one that never was."""
        if self._job(job_id) is None:
            raise LookupError(f"there is no job {job_id!r}")
        self._notes.append((statement, (*values, job_id)))

    @property
    def is_settled(self) -> bool:
        """Whether nothing waits for the disk: what a flow read now is durable already."""
        return self._sealed is None and not (self._touched or self._jobs or self._notes)

    def seal(self) -> Sealed:
        """Hand over everything that was decided and not handed over yet."""
        tables = tuple((drawer, drawer.seal()) for drawer in self._touched.values())
        sealed = Sealed(tables, self._jobs, self._notes, self.outcomes)
        self._sealed, self._sealed_jobs = sealed, self._jobs
        self._touched, self._jobs, self._notes, self.outcomes = {}, {}, [], []
        return sealed

    def committed(self) -> None:
        """What was handed over is durable."""
        if self._sealed is not None:
            for drawer, _ in self._sealed.tables:
                drawer.sealed = {}
        self._sealed, self._sealed_jobs = None, {}

    def forget(self) -> list[Outcome]:
        """The disk refused: forget what is not durable; return who waits for more than that."""
        waiting, self.outcomes = self.outcomes, []
        for drawer in self._drawers.values():
            drawer.forget()
        self._touched, self._jobs, self._notes = {}, {}, []
        self._sealed, self._sealed_jobs = None, {}
        return waiting

    def _admit(self, changes: Plan) -> None:
        """Check what may clash, then take in everything."""
        puts, appends, jobs = changes.puts, changes.appends, changes.jobs
        if appends:
            appends = self._new_among(appends, puts)
        fresh_jobs = self._new_jobs(jobs) if jobs else {}
        if self.keeps_unknown:
            for row in puts:
                self._keep_unknown(row)
        for row in puts:
            self._drawer_of(row).put(row)
        for row in appends:
            self._drawer_of(row).put(row, is_new=True)
        for row in changes.drops:
            self._drawer_of(row).drop(row)
        self._jobs.update(fresh_jobs)

    def _keep_unknown(self, row: Row) -> None:
        """Take along what a newer build has stored in this record."""
        body = self._drawers[row.shelf.kind].body(row.key)
        if body is not None:
            known = row.shelf.encode(row.shelf.decode(row.key, body))
            row.body = graft(body, known, row.body)

    def _drawer_of(self, row: Row) -> Drawer:
        """The drawer a row goes into, which then has something pending."""
        name = row.shelf.name
        drawer = self._touched.get(name)
        if drawer is None:
            drawer = self._touched[name] = self._drawers[row.shelf.kind]
        return drawer

    def _new_among(self, appends: list[Row], puts: list[Row]) -> list[Row]:
        """Leave out rows that stand there already; raises RecordConflict if they say otherwise."""
        others = {(row.shelf.name, row.key): row.body for row in puts}
        new: list[Row] = []
        for row in appends:
            place = (row.shelf.name, row.key)
            body = others.get(place)
            if body is None:
                # A body written by an older version may lack newer fields: compare as of today.
                record = self._drawers[row.shelf.kind].load(row.key)
                body = None if record is None else row.shelf.encode(record)
            if body is None:
                others[place] = row.body
                new.append(row)
            elif body != row.body:
                raise RecordConflict(f"{row.shelf.name} {row.key!r} exists with other content")
        return new

    def _new_jobs(self, jobs: list[JobRow]) -> dict[str, JobRow]:
        new: dict[str, JobRow] = {}
        for job in jobs:
            known = new.get(job.id) or self._job(job.id)
            if known is None:
                new[job.id] = job
            elif not known.same_work(job):
                raise RecordConflict(f"job {job.id!r} exists with other content")
        return new

    def _job(self, job_id: str) -> JobRow | None:
        known = self._jobs.get(job_id) or self._sealed_jobs.get(job_id)
        if known is None:
            found = self._query(lambda db: db.execute(JOB_BY_ID, (job_id,)).fetchall())
            known = JobRow(*found[0]) if found else None
        return known


def _write_table(db: sqlite3.Connection, statements: Statements, taken: Taken) -> None:
    rows, added, moved, dropped = taken
    if dropped:
        delete_rows(db, statements.delete, sorted(dropped))
    insert: list[tuple[Any, ...]] = []
    update: list[tuple[Any, ...]] = []
    reindex: list[tuple[Any, ...]] = []
    for key, row in rows.items():
        if row.record is None:
            continue
        values = (key, row.body, *row.columns)
        (insert if key in added else reindex if key in moved else update).append(values)
    insert_rows(db, statements.insert, "", insert)
    insert_rows(db, statements.insert, statements.on_conflict, update)
    insert_rows(db, statements.insert, statements.on_conflict_reindex, reindex)
