"""The one thread that writes: every commit and every checkpoint happens here.

Group commit: whatever was decided while the last commit was at the disk is the next one. The event
loop rings when it has done what was ready, and the more the last commit carried the longer it first
lingers; a single message never waits. Answers go back after the commit, one wake-up for all.

Flows do not run here but on their caller's thread (:mod:`ohmstead.adapters.store.decisions`): two
threads that want one interpreter lock cost each message as much again as it costs by itself. What
is left here is SQL and the wait for the disk, which let go of that lock.

When the disk refuses, nothing that is not durable is answered and the store is down until a probe
succeeds. After a failed fsync the page cache cannot be trusted: the kernel may call a page clean
that never reached the disk. So the connection that failed, which knows which frames of the log
were durable, folds exactly those into the database and empties the log; only then is the file
opened anew, and a commit of the fresh connection must succeed. A process that dies instead leaves
the log as it was; the next one writes it again before it believes it (``sql.settle_log``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

from ohmstead.adapters.store.decisions import Decisions, Outcome, Sealed
from ohmstead.adapters.store.sql import (
    LAYOUT_VERSION,
    PURGE_JOBS,
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

CALLERS_PER_MS = 8
"""How many callers of the last commit make the next one linger a millisecond more."""

PURGE_EVERY_MS = 3_600_000

log = logging.getLogger("ohmstead.store")


class Options(Frozen):
    """How the SQLite store behaves; the defaults are the product's.

    ``synchronous`` weaker than FULL loses answered work in a power cut; it exists for the test
    that shows so. ``linger_ms`` is the longest a commit waits for more to join it.
    """

    synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL"
    linger_ms: int = 5
    cache_records: int = 16_384
    busy_ms: int = 2_000
    read_ms: int = 2_000
    probe_ms: int = 1_000
    attempts_max: int = ATTEMPTS_MAX
    checkpoint_pages: int = CHECKPOINT_PAGES


class Writer:
    """Owns the read-write connection, and the lock under which flows decide."""

    def __init__(
        self, path: Path, shelves: Shelves, decisions: Decisions, clock: Clock, options: Options
    ) -> None:
        """Open the file and start the thread; raises sqlite3.Error or StoreUnavailable."""
        self.down = ""
        self.commits = 0
        self.decisions = decisions
        self._path = path
        self._shelves = shelves
        self._clock = clock
        self._options = options
        self._lock = threading.RLock()  # who watches a flow may look something up
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._idle = True  # nothing is decided that the thread has not been told of
        self._callers = 0  # of the last commit
        self._stopping = False
        self._db: sqlite3.Connection | None = None
        self._pages = 0
        self._purged_ms = 0
        self._db = self._open()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def decide(
        self, loop: asyncio.AbstractEventLoop, decide: Callable[..., Any], *what: Any
    ) -> asyncio.Future[Any]:
        """Run ``decide(now_ms, *what)``, a method of ``decisions``; return a future of its answer,
        due when all it knew of is durable.

        Raises what it raises, and StoreUnavailable while nothing can be written.
        """
        future = loop.create_future()
        with self._lock:
            if self.down:
                raise StoreUnavailable(self.down)
            decisions = self.decisions
            answer = decide(self._clock.now_ms(), *what)
            if decisions.is_settled:
                future.set_result(answer)  # it decided nothing, on what is durable already
                return future
            decisions.outcomes.append((future, answer))
            if self._idle:
                self._idle = False
                self._ring_soon(loop)
        return future

    def look_up(self, kind: type, key: str) -> tuple[bool, Any]:
        """Find a record, or that there is none, where flows will look for it too: what is asked
        for at a log-in is asked for again by what follows. False first while a decision about it
        is under way: then only the disk knows what is committed."""
        with self._lock:
            if self.down:
                return False, None
            return self.decisions.drawer(kind).settled(key)

    def lacks(self, kind: type, where: list[tuple[str, Any]]) -> bool:
        """Whether no record can be found so, known without asking the disk."""
        with self._lock:
            return not self.down and self.decisions.drawer(kind).lacks(where)

    def warm(self, kind: type) -> None:
        """Have the records of a kind at hand, as many as are cached."""
        with self._lock:
            if not self.down:
                self.decisions.drawer(kind).warm()

    def stop(self) -> None:
        """Commit what was decided, close the file and end the thread; blocks."""
        self._stopping = True
        self._bell.put(None)
        self._thread.join()

    def _ring_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the thread when what is ready has been done: it most likely decides more."""
        linger_ms = min(self._callers // CALLERS_PER_MS, self._options.linger_ms)
        if linger_ms:
            loop.call_later(linger_ms / 1_000, self._bell.put, None)
        else:
            loop.call_soon(self._bell.put, None)

    def _work(self) -> None:
        timeout_s = self._options.probe_ms / 1_000
        while not self._stopping or self.decisions.outcomes:
            with contextlib.suppress(Empty):
                self._bell.get(timeout=timeout_s if self.down or self._stopping else None)
            if self.down:
                self._recover()
                continue
            with self._lock:
                sealed = self.decisions.seal()
                self._idle = not sealed.outcomes
            if sealed.outcomes:
                self._try(sealed)
        self._close()

    def _try(self, sealed: Sealed) -> None:
        try:
            self._commit(sealed)
        except BaseException as error:  # a defect: answer nothing, but leave nobody waiting
            if not isinstance(error, sqlite3.Error):
                log.exception("the store's writer failed")
            self._go_down(error, sealed.outcomes)

    def _commit(self, sealed: Sealed) -> None:
        assert self._db is not None
        rows = 0
        if sealed.has_rows:
            self._db.execute("BEGIN IMMEDIATE")
            rows = sealed.write(self._db)
            self._purge(self._clock.now_ms())
            self._db.execute("COMMIT")
            self.commits += 1
        with self._lock:
            self.decisions.committed()
            self._idle = not self.decisions.outcomes
            more, self._callers = not self._idle, len(sealed.outcomes)
        self._deliver(sealed.outcomes, None, more=more)
        self._pages += 2 + 2 * rows if rows else 0
        if self._pages >= self._options.checkpoint_pages:
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Fold the log into the database. What is there is durable already, so nobody waits."""
        assert self._db is not None
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._go_down(error, [])
        self._pages = 0

    def _purge(self, now_ms: int) -> None:
        assert self._db is not None
        if now_ms - self._purged_ms >= PURGE_EVERY_MS:
            self._purged_ms = now_ms
            self._db.execute(PURGE_JOBS, (now_ms - DONE_KEPT_MS,))

    def _go_down(self, error: BaseException, outcomes: list[Outcome]) -> None:
        with self._lock:
            self.down = f"{self._path} cannot be written: {error}"
            outcomes = outcomes + self.decisions.forget()
            self._idle = True
        log.error("the store is unavailable: %s", self.down)
        self._deliver(outcomes, StoreUnavailable(self.down))

    def _open(self) -> sqlite3.Connection:
        settle_log(self._path)
        db = connect_writer(self._path, self._options.synchronous, self._options.busy_ms)
        try:
            self.decisions.keeps_unknown = bool(prepare_file(db, self._path, self._shelves))
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

    def _deliver(
        self, outcomes: list[Outcome], error: Exception | None, *, more: bool = False
    ) -> None:
        """Tell the callers, all of one event loop at once; it then rings for what came since."""
        loops: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
        for outcome in outcomes:
            loops.setdefault(outcome[0].get_loop(), []).append(outcome)
        for loop, some in loops.items():
            try:
                loop.call_soon_threadsafe(_resolve, some, error)
                if more:
                    loop.call_soon_threadsafe(self._ring_soon, loop)
                    more = False
            except RuntimeError:
                log.debug("an event loop ended before its answers came")
        if more:
            self._bell.put(None)


def _resolve(outcomes: list[Outcome], error: Exception | None) -> None:
    for future, answer in outcomes:
        if future.done():  # the caller gave up waiting; the commit stands
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)
