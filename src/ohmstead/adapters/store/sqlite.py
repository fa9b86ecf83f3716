"""The default store: one SQLite file, durable when it answers."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from ohmstead.adapters.private import keep_private, make_private
from ohmstead.adapters.store.decisions import Decisions
from ohmstead.adapters.store.migration import Migration
from ohmstead.adapters.store.migrations import MIGRATIONS
from ohmstead.adapters.store.sql import (
    DEAD_JOBS,
    DUE_JOBS,
    FINISH_JOB,
    POSTPONE_JOB,
    REVIVE_JOB,
    Statements,
    connect_reader,
    count_rows,
    find_rows,
)
from ohmstead.adapters.store.tables import DeadJob, JobRow, Shelves, Table
from ohmstead.adapters.store.writer import Options, Writer
from ohmstead.errors import StoreUnavailable
from ohmstead.ports import A, C, Clock, Flow, Job, R

_PROGRESS_STEPS = 20_000
"""How many steps of SQLite's machine lie between two looks at a read's deadline."""


class SqliteStore:
    """Implements :class:`ohmstead.ports.Store`; made by :meth:`open`.

    Reads outside flows come from connections that cannot write, one per calling thread, and see
    committed records only.
    """

    def __init__(
        self, path: Path, shelves: Shelves, clock: Clock, options: Options, lock_fd: int
    ) -> None:
        self._path = path
        self._shelves = shelves
        self._options = options
        self._statements = {shelf.kind: Statements(shelf) for shelf in shelves.all}
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock_fd = lock_fd
        self._closed = False
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that asked last
        self._loop_thread = 0
        self._decisions = Decisions(shelves, self._read, options.cache_records)
        self._writer = Writer(path, shelves, self._decisions, clock, options)

    @classmethod
    def open(
        cls,
        path: Path,
        tables: Sequence[Table],
        clock: Clock,
        options: Options | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> Self:
        """Open or create the file, bring it to this build's schema and start its writer.

        Raises StoreUnavailable, naming the file, when another process has it open, when it is
        damaged or not ours, too new or too old for this build, or when it cannot be written.
        """
        options = options or Options()
        shelves = Shelves(tables, migrations)
        lock_fd = _lock(path)
        try:
            # SQLite gives its log and index the mode of the database.
            make_private(path)
            keep_private(path, Path(f"{path}-wal"), Path(f"{path}-shm"))
            return cls(path, shelves, clock, options, lock_fd)
        except (sqlite3.Error, OSError, StoreUnavailable) as error:
            os.close(lock_fd)
            if isinstance(error, StoreUnavailable):
                raise
            raise StoreUnavailable(f"{path} cannot be opened: {error}") from error
        except BaseException:
            os.close(lock_fd)
            raise

    @property
    def available(self) -> bool:
        """Whether flows are run now."""
        return not self._closed and not self._writer.down

    @property
    def commits(self) -> int:
        """How many batches were committed."""
        return self._writer.commits

    async def run(self, flow: Flow[C, A], command: C) -> A:
        """Run one flow; raises what the flow raises, RecordConflict or StoreUnavailable."""
        answer: A = await self._decide(self._decisions.run, flow, command)
        return answer

    def get(self, kind: type[R], key: str) -> R | None:
        """Return the committed record, or None."""
        shelf = self._shelves.of(kind)
        cached: Any = self._decisions.drawer(kind).committed(key)
        if cached is not None:
            return cached  # type: ignore[no-any-return]
        known, found = self._writer.look_up(kind, key)
        if known:
            return found  # type: ignore[no-any-return]
        sql = self._statements[kind].select
        rows = self._read(lambda db: db.execute(sql, (key,)).fetchall())
        return shelf.decode(key, rows[0][0]) if rows else None

    def warm(self, *kinds: type) -> None:
        """Have the records of these kinds at hand, as many as are cached: for a start."""
        for kind in kinds:
            self._writer.warm(kind)

    def find(
        self, kind: type[R], limit: int, after: str = "", **where: str | int | None
    ) -> list[R]:
        """Return up to ``limit`` committed records with ``key > after`` that equal ``where``."""
        shelf = self._shelves.of(kind)
        conditions = shelf.where(where)
        if shelf.sparse and self._writer.lacks(kind, conditions):
            return []
        rows = self._read(lambda db: list(find_rows(db, shelf, limit, after, conditions)))
        return [shelf.decode(key, body) for key, body in rows]

    def count(self, kind: type[R], **where: str | int | None) -> int:
        """Return how many committed records have these indexed fields: for people, not flows."""
        shelf = self._shelves.of(kind)
        conditions = shelf.where(where)
        return int(self._read(lambda db: [count_rows(db, shelf, conditions)])[0])

    def due_jobs(self, now_ms: int, limit: int) -> Sequence[Job]:
        """Return the oldest unfinished job of each lane, where it is due and not dead."""
        rows = self._read(lambda db: db.execute(DUE_JOBS, (now_ms, max(limit, 0))).fetchall())
        return [JobRow(*row).job() for row in rows]

    def dead_jobs(self, limit: int = 100) -> Sequence[DeadJob]:
        """Return the jobs that failed too often, oldest first; each holds its lane."""
        rows = self._read(lambda db: db.execute(DEAD_JOBS, (max(limit, 0),)).fetchall())
        return [DeadJob(JobRow(*row[:5]).job(), row[5], row[6]) for row in rows]

    async def finish_job(self, job_id: str) -> None:
        """Mark a job as done, dead or not; raises LookupError for one that never was."""
        now_ms = self._clock.now_ms()
        await self._decide(self._decisions.note, job_id, FINISH_JOB, now_ms)

    async def postpone_job(self, job_id: str, due_ms: int, error: str) -> None:
        """Count a failed attempt and try again at ``due_ms``, or declare the job dead."""
        most = self._options.attempts_max
        await self._decide(self._decisions.note, job_id, POSTPONE_JOB, due_ms, error, most)

    async def revive_job(self, job_id: str, due_ms: int) -> None:
        """Give a dead job its attempts back."""
        await self._decide(self._decisions.note, job_id, REVIVE_JOB, due_ms)

    async def snapshot(self, to: Path) -> None:
        """Write a consistent, compact copy to ``to``, durable on return; replaces what is there.

        Raises StoreUnavailable when the copy cannot be made.
        """
        await asyncio.to_thread(self._snapshot, to)

    async def close(self) -> None:
        """Commit what was submitted and close the file; later calls raise StoreUnavailable."""
        if self._closed:
            return
        self._closed = True
        readers, self._readers = self._readers, []
        for db in readers:  # before the writer, so that its closing leaves no log behind
            db.close()
        await asyncio.to_thread(self._writer.stop)
        os.close(self._lock_fd)

    def _decide(self, decide: Callable[..., Any], *what: Any) -> asyncio.Future[Any]:
        if self._closed:
            self._check()
        loop = self._loop
        if loop is None or self._loop_thread != threading.get_ident() or not loop.is_running():
            # Once a loop: asking asyncio costs Python 3.11 a system call each time.
            loop = self._loop = asyncio.get_running_loop()
            self._loop_thread = threading.get_ident()
        return self._writer.decide(loop, decide, *what)

    def _check(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"{self._path} is closed")

    def _read(self, query: Callable[[sqlite3.Connection], list[Any]]) -> list[Any]:
        """Run a query on this thread's read-only connection, for ``read_ms`` at most.

        A long read would keep the write-ahead log from being emptied.
        """
        self._check()
        try:
            db: sqlite3.Connection | None = getattr(self._local, "db", None)
            if db is None:
                db = connect_reader(self._path, self._options.busy_ms)
                self._local.db = db
                self._readers.append(db)
                local = self._local
                db.set_progress_handler(
                    lambda: time.monotonic_ns() > local.deadline_ns, _PROGRESS_STEPS
                )
            self._local.deadline_ns = time.monotonic_ns() + self._options.read_ms * 1_000_000
            return query(db)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self._path} cannot be read: {error}") from error

    def _snapshot(self, to: Path) -> None:
        self._check()
        part = to.with_name(to.name + ".part")
        try:
            part.unlink(missing_ok=True)
            make_private(part)
            db = connect_reader(self._path, self._options.busy_ms)
            try:
                db.execute("VACUUM INTO ?", (str(part),))
            finally:
                db.close()
            _sync(part)
            part.replace(to)
            _sync(to.parent)
        except (sqlite3.Error, OSError) as error:
            part.unlink(missing_ok=True)
            raise StoreUnavailable(f"no copy of {self._path} at {to}: {error}") from error


def _lock(path: Path) -> int:
    """Hold ``<path>.lock`` while the store is open; the kernel lets go when the process ends."""
    try:
        lock_fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock_fd)
        raise StoreUnavailable(f"{path} is in use by another process: stop that one") from error
    return lock_fd


def is_in_use(path: Path) -> bool:
    """Whether a process has the store open."""
    try:
        lock_fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock_fd)
    return False


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
