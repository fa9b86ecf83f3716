"""The flows of one commit: what they read, and what they have decided so far.

A flow's decision is encoded and checked wholly before any part of it enters the batch, so a flow
that raises leaves no trace and needs no SAVEPOINT. Decisions gather in memory and are written once
per record, however many flows of the batch changed it; a search writes out what it could find.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import Any, cast

from ohmstead.adapters.store.sql import ADD_JOB, JOB_BY_ID, Statements, find_rows, insert_rows
from ohmstead.adapters.store.tables import (
    JobRow,
    Plan,
    RecordConflict,
    Row,
    Shelf,
    Shelves,
    plan,
)
from ohmstead.ports import A, C, Flow, R, Record


class Cache:
    """The committed records of one table that were used last.

    Only the writer changes it, after a commit or with what it read; other threads may ``peek``.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._records: OrderedDict[str, Record] = OrderedDict()

    def get(self, key: str) -> Record | None:
        """Return the record and count it as used."""
        record = self._records.get(key)
        if record is not None:
            self._records.move_to_end(key)
        return record

    def peek(self, key: str) -> Record | None:
        """Return the record without touching the order: for threads other than the writer."""
        return self._records.get(key)

    def put(self, key: str, record: Record) -> None:
        """Keep a committed record; the one unused for longest may leave."""
        self._records[key] = record
        self._records.move_to_end(key)
        if len(self._records) > self._size:
            self._records.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()


class Drawer:
    """One table within one batch: rows not yet written, and records written but not committed."""

    __slots__ = ("absent", "added", "cache", "dirty", "shelf", "statements", "written")

    def __init__(self, shelf: Shelf[Any], statements: Statements, cache: Cache) -> None:
        self.shelf = shelf
        self.statements = statements
        self.cache = cache
        self.dirty: dict[str, Row] = {}
        self.added: set[str] = set()
        self.written: dict[str, Record] = {}
        self.absent: set[str] = set()  # looked for in vain; asked before writing what is new

    def known(self, key: str) -> Record | None:
        """Return the record as this batch sees it, if that needs no reading."""
        row = self.dirty.get(key)
        if row is not None:
            return row.record
        return self._flushed(key)

    def _flushed(self, key: str) -> Record | None:
        record = self.written.get(key)
        return record if record is not None else self.cache.get(key)

    def load(self, db: sqlite3.Connection, key: str) -> Any:
        """Return the record as this batch sees it, or None."""
        record = self.known(key)
        if record is None and key not in self.absent:
            found = db.execute(self.statements.select, (key,)).fetchone()
            if found is not None:
                record = self.shelf.decode(key, found[0])
                self.cache.put(key, record)
            else:
                self.absent.add(key)
        return record

    def flush(self, db: sqlite3.Connection) -> int:
        """Write the rows; return how many."""
        insert: list[tuple[Any, ...]] = []
        update: list[tuple[Any, ...]] = []
        reindex: list[tuple[Any, ...]] = []
        for key, row in self.dirty.items():
            values = (key, row.body, *row.columns)
            if key in self.added:
                insert.append(values)
            else:
                old = self._flushed(key)
                same = old is not None and self.shelf.columns(old) == row.columns
                (update if same else reindex).append(values)
            self.written[key] = row.record
        sql = self.statements
        insert_rows(db, sql.insert, "", insert)
        insert_rows(db, sql.insert, sql.on_conflict, update)
        insert_rows(db, sql.insert, sql.on_conflict_reindex, reindex)
        count = len(self.dirty)
        self.dirty.clear()
        self.added.clear()
        return count


class Batch:
    """Implements :class:`ohmstead.ports.State` for the flows of one commit."""

    def __init__(
        self,
        db: sqlite3.Connection,
        shelves: Shelves,
        statements: dict[type, Statements],
        caches: dict[type, Cache],
    ) -> None:
        self.db = db
        self._shelves = shelves
        self._statements = statements
        self._caches = caches
        self._drawers: dict[type, Drawer] = {}
        self._jobs: dict[str, JobRow] = {}
        self.rows = 0

    def run(self, flow: Flow[C, A], command: C, now_ms: int) -> A:
        """Run one flow and take in its decision; raises what the flow raises, or RecordConflict."""
        decision = flow(self, command, now_ms)
        if decision.puts or decision.appends or decision.jobs:
            self._admit(plan(self._shelves, decision))
        return decision.answer

    def get(self, kind: type[R], key: str) -> R | None:
        """Return the record, or None; decisions of earlier flows of the batch are seen."""
        record: R | None = self._drawer(kind).load(self.db, key)
        return record

    def find(self, kind: type[R], limit: int, **where: str | int | None) -> list[R]:
        """Return up to ``limit`` records whose indexed fields equal ``where``, in key order."""
        drawer = self._drawer(kind)
        conditions = drawer.shelf.where(where)
        self.rows += drawer.flush(self.db)
        rows = find_rows(self.db, drawer.shelf, limit, "", conditions)
        known = [(key, body, drawer.known(key)) for key, body in rows]
        return [
            cast("R", record) if record is not None else drawer.shelf.decode(key, body)
            for key, body, record in known
        ]

    def flush(self) -> None:
        """Write everything that was decided so far."""
        for drawer in self._drawers.values():
            if drawer.dirty:
                self.rows += drawer.flush(self.db)
        if self._jobs:
            insert_rows(self.db, ADD_JOB, "", list(self._jobs.values()))
            self.rows += len(self._jobs)
            self._jobs.clear()

    def committed(self) -> None:
        """After the commit: what was written is what others may know."""
        for drawer in self._drawers.values():
            for key, record in drawer.written.items():
                drawer.cache.put(key, record)

    def _drawer(self, kind: type) -> Drawer:
        drawer = self._drawers.get(kind)
        if drawer is None:
            shelf: Shelf[Any] = self._shelves.of(kind)
            drawer = Drawer(shelf, self._statements[kind], self._caches[kind])
            self._drawers[kind] = drawer
        return drawer

    def _admit(self, changes: Plan) -> None:
        """Check what may clash, then take in everything."""
        puts = {(row.shelf.kind, row.key): row for row in changes.puts}
        appends: dict[tuple[type, str], Row] = {}
        for row in changes.appends:
            place = (row.shelf.kind, row.key)
            earlier = puts.get(place) or appends.get(place)
            body = earlier.body if earlier is not None else self._body(row)
            if body is None:
                appends[place] = row
            elif body != row.body:
                raise RecordConflict(f"{row.shelf.name} {row.key!r} exists with other content")
        jobs: dict[str, JobRow] = {}
        for job in changes.jobs:
            known = jobs.get(job.id) or self._job(job.id)
            if known is None:
                jobs[job.id] = job
            elif not known.same_work(job):
                raise RecordConflict(f"job {job.id!r} exists with other content")
        for (kind, key), row in puts.items():
            self._drawer(kind).dirty[key] = row
        for (kind, key), row in appends.items():
            drawer = self._drawer(kind)
            drawer.dirty[key] = row
            drawer.added.add(key)
        self._jobs.update(jobs)

    def _body(self, row: Row) -> bytes | None:
        """Return the body that stands at the place of an appended row, if any."""
        drawer = self._drawer(row.shelf.kind)
        dirty = drawer.dirty.get(row.key)
        if dirty is not None:
            return dirty.body
        # A body written by an older version may lack newer fields: compare as encoded today.
        record = drawer.load(self.db, row.key)
        return None if record is None else drawer.shelf.encode(record)

    def _job(self, job_id: str) -> JobRow | None:
        known = self._jobs.get(job_id)
        if known is None:
            found = self.db.execute(JOB_BY_ID, (job_id,)).fetchone()
            known = None if found is None else JobRow(*found)
        return known
