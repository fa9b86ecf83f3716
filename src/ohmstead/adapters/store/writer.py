"""The one thread that writes: every flow, every commit and every checkpoint happens here.

Group commit: whatever arrived while the last commit was at the disk is the next batch; a batch of
several waits a little for more while more are arriving, a single message never waits. Answers go
back to the event loop after the commit, one wake-up for the whole batch.

When the disk refuses, nothing of the batch is answered and the store is down until a probe
succeeds. After a failed fsync the page cache cannot be trusted: the kernel may call a page clean
that never reached the disk. So the connection that failed, which knows which frames of the log
were durable, folds exactly those into the database and empties the log; only then is the file
opened anew, and a commit of the fresh connection must succeed. A process that dies instead leaves
the log as it was; the next one writes it again before it believes it (``sql.settle_log``).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

from ohmstead.adapters.store.batch import Batch, Cache
from ohmstead.adapters.store.sql import (
    LAYOUT_VERSION,
    PURGE_JOBS,
    Statements,
    connect_writer,
    prepare_file,
    settle_log,
)
from ohmstead.adapters.store.tables import ATTEMPTS_MAX, DONE_KEPT_MS, Shelves
from ohmstead.errors import StoreUnavailable
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock

CHECKPOINT_PAGES = 4_000
"""About 16 MB of log, by a rough count of pages: two for a commit and two for a row."""

HASTY_BATCHES = 15
"""After a linger in vain this many batches do not wait: the callers are waiting for us."""

PURGE_EVERY_MS = 3_600_000

log = logging.getLogger("ohmstead.store")

Step = Callable[[Batch, int], Any]
Task = tuple[Step, "asyncio.Future[Any]"]
Outcome = tuple["asyncio.Future[Any]", BaseException | None, Any]


class Options(Frozen):
    """How the SQLite store behaves; the defaults are the product's.

    ``synchronous`` weaker than FULL loses answered work in a power cut; it exists for the test
    that shows so. ``slice_ms`` is one step of the linger, ``linger_ms`` the most it may add up to.
    """

    synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL"
    linger_ms: int = 5
    slice_ms: int = 1
    batch_max: int = 2_000
    cache_records: int = 16_384
    busy_ms: int = 2_000
    read_ms: int = 2_000
    probe_ms: int = 1_000
    attempts_max: int = ATTEMPTS_MAX
    checkpoint_pages: int = CHECKPOINT_PAGES


class Writer:
    """Owns the read-write connection. ``submit`` may be called from any thread."""

    def __init__(self, path: Path, shelves: Shelves, clock: Clock, options: Options) -> None:
        """Open the file and start the thread; raises sqlite3.Error or StoreUnavailable."""
        self.down = ""
        self.caches = {shelf.kind: Cache(options.cache_records) for shelf in shelves.all}
        self.commits = 0
        self._path = path
        self._shelves = shelves
        self._clock = clock
        self._options = options
        self._statements = {shelf.kind: Statements(shelf) for shelf in shelves.all}
        self._queue: SimpleQueue[Task | None] = SimpleQueue()
        self._db: sqlite3.Connection | None = None
        self._hasty = 0
        self._pages = 0
        self._purged_ms = 0
        self._db = self._open()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, step: Step, future: asyncio.Future[Any]) -> None:
        """Run ``step`` in one of the next commits and resolve ``future`` when it is durable."""
        self._queue.put((step, future))

    def stop(self) -> None:
        """Commit what was submitted, close the file and end the thread; blocks."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        stopping = False
        while not stopping:
            tasks = self._gather()
            if tasks and tasks[-1] is None:
                stopping = True
            work = [task for task in tasks if task is not None]
            try:
                if self.down:
                    self._refuse(work)
                    if not stopping:
                        self._recover()
                elif work:
                    self._commit(work)
            except BaseException as error:  # a defect: answer nothing, but leave nobody waiting
                log.exception("the store's writer failed")
                self._go_down(error)
                self._refuse(work)
        self._close()

    def _gather(self) -> Sequence[Task | None]:
        """Wait for work and return the next batch; empty when it is time for a probe."""
        try:
            timeout_s = self._options.probe_ms / 1_000 if self.down else None
            tasks = [self._queue.get(timeout=timeout_s)]
        except Empty:
            return []
        self._drain(tasks)
        if self._hasty:
            self._hasty -= 1
            return tasks
        waited_ms = 0
        while (
            1 < len(tasks) < self._options.batch_max
            and waited_ms < self._options.linger_ms
            and tasks[-1] is not None
        ):
            time.sleep(self._options.slice_ms / 1_000)
            waited_ms += self._options.slice_ms
            before = len(tasks)
            self._drain(tasks)
            if len(tasks) == before:
                if waited_ms == self._options.slice_ms:
                    self._hasty = HASTY_BATCHES
                break
        return tasks

    def _drain(self, tasks: list[Task | None]) -> None:
        while len(tasks) < self._options.batch_max and tasks[-1] is not None:
            try:
                tasks.append(self._queue.get_nowait())
            except Empty:
                return

    def _commit(self, tasks: list[Task]) -> None:
        assert self._db is not None
        now_ms = self._clock.now_ms()
        batch = Batch(self._db, self._shelves, self._statements, self.caches)
        outcomes: list[Outcome] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for step, future in tasks:
                outcomes.append(_outcome(step, batch, now_ms, future))
            batch.flush()
            self._purge(now_ms)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._go_down(error)
            self._refuse(tasks)
            return
        batch.committed()
        self.commits += 1
        _deliver(outcomes)
        if batch.rows:
            self._pages += 2 + 2 * batch.rows
            if self._pages >= self._options.checkpoint_pages:
                self._checkpoint()

    def _checkpoint(self) -> None:
        """Fold the log into the database. What is there is durable already, so nobody waits."""
        assert self._db is not None
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._go_down(error)
        self._pages = 0

    def _purge(self, now_ms: int) -> None:
        assert self._db is not None
        if now_ms - self._purged_ms >= PURGE_EVERY_MS:
            self._purged_ms = now_ms
            self._db.execute(PURGE_JOBS, (now_ms - DONE_KEPT_MS,))

    def _go_down(self, error: BaseException) -> None:
        self.down = f"{self._path} cannot be written: {error}"
        log.error("the store is unavailable: %s", self.down)

    def _refuse(self, tasks: list[Task]) -> None:
        why = self.down
        _deliver([(future, StoreUnavailable(why), None) for _, future in tasks])

    def _open(self) -> sqlite3.Connection:
        settle_log(self._path)
        db = connect_writer(self._path, self._options.synchronous, self._options.busy_ms)
        try:
            prepare_file(db, self._path, self._shelves)
        except BaseException:
            db.close()
            raise
        return db

    def _recover(self) -> None:
        """Try to become available again; see the head of this module for the order."""
        try:
            if self._db is not None:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return  # a reader or another program holds the log: next time
                self._db.close()
                self._db = None
            self._db = db = self._open()
            db.execute("BEGIN IMMEDIATE")
            db.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")  # a write like any other
            db.execute("COMMIT")
        except (sqlite3.Error, OSError, StoreUnavailable) as error:
            log.warning("the store is still unavailable: %s", error)
            return
        for cache in self.caches.values():
            cache.clear()
        log.warning("the store is available again")
        self.down = ""

    def _close(self) -> None:
        if self._db is None:
            return
        try:
            if not self.down:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
        except sqlite3.Error as error:
            log.error("closing the store: %s", error)


def _outcome(step: Step, batch: Batch, now_ms: int, future: asyncio.Future[Any]) -> Outcome:
    """Run one step; its own error is its caller's, an error of the file is everybody's."""
    try:
        return future, None, step(batch, now_ms)
    except sqlite3.Error:
        raise
    except StopIteration as error:  # no future takes it
        return future, RuntimeError(f"a flow let StopIteration escape: {error}"), None
    except Exception as error:
        return future, error, None


def _deliver(outcomes: list[Outcome]) -> None:
    """Hand the outcomes to their event loop, all at once."""
    loops: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for outcome in outcomes:
        loops.setdefault(outcome[0].get_loop(), []).append(outcome)
    for loop, some in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, some)
        except RuntimeError:
            log.debug("an event loop ended before its answers came")


def _resolve(outcomes: list[Outcome]) -> None:
    for future, error, answer in outcomes:
        if future.done():  # the caller gave up waiting; the commit stands
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)
