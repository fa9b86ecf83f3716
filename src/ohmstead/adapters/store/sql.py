"""The SQLite file: its layout, its statements, and how a connection to it is opened.

One table per kind of record: ``key TEXT PRIMARY KEY``, the indexed columns, ``body``. A rowid
table, not WITHOUT ROWID: with bodies of a few hundred bytes it took 2-3 times less CPU to fill.
Each index ends with ``key``, so that a search answers in key order without sorting.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ohmstead.adapters.store import versions
from ohmstead.adapters.store.tables import Shelf, Shelves, Value
from ohmstead.errors import StoreUnavailable

LAYOUT_VERSION = 1
"""``PRAGMA user_version``: raised with every change of the layout that needs a migration."""

APPLICATION_ID = 0x4F484D53  # "OHMS", so that `file` and we know our own

WAL_SAFE_VERSION = (3, 51, 3)
"""Older libraries can damage a database when two connections checkpoint at once (WAL reset).

We are not exposed, since one connection does every checkpoint, but a person with the sqlite3
shell on a live file would be.
"""

MULTI_ROWS = (64, 32, 16, 8, 4, 2, 1)
"""Rows per INSERT. sqlite3 lets go of the interpreter lock around each statement; beside a busy
event loop every such hand-over may cost the 5 ms switch interval, so one row per statement crawls
(measured: 2.8 k rows/s against 27 k)."""

_JOBS = """
CREATE TABLE IF NOT EXISTS jobs(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, lane TEXT NOT NULL, kind TEXT NOT NULL,
  payload BLOB NOT NULL, due_ms INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open',
  attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', done_ms INTEGER);
CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs(lane, seq) WHERE state <> 'done';
CREATE INDEX IF NOT EXISTS jobs_dead ON jobs(seq) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS jobs_done ON jobs(done_ms) WHERE state = 'done';
"""

ADD_JOB = "INSERT INTO jobs(id, lane, kind, payload, due_ms) VALUES "
JOB_BY_ID = "SELECT id, lane, kind, payload, due_ms FROM jobs WHERE id = ?"
DUE_JOBS = """
SELECT id, lane, kind, payload, due_ms FROM jobs
WHERE seq IN (SELECT min(seq) FROM jobs WHERE state <> 'done' GROUP BY lane)
AND state = 'open' AND due_ms <= ? ORDER BY seq LIMIT ?"""
DEAD_JOBS = """
SELECT id, lane, kind, payload, due_ms, attempts, error FROM jobs
WHERE state = 'dead' ORDER BY seq LIMIT ?"""
FINISH_JOB = "UPDATE jobs SET state = 'done', done_ms = ? WHERE id = ? AND state <> 'done'"
POSTPONE_JOB = """
UPDATE jobs SET due_ms = ?, error = ?, attempts = attempts + 1,
state = CASE WHEN attempts + 1 >= ? THEN 'dead' ELSE 'open' END WHERE id = ? AND state <> 'done'"""
REVIVE_JOB = """
UPDATE jobs SET state = 'open', attempts = 0, due_ms = ? WHERE id = ? AND state = 'dead'"""
PURGE_JOBS = """
DELETE FROM jobs WHERE seq IN
(SELECT seq FROM jobs WHERE state = 'done' AND done_ms < ? LIMIT 1000)"""

_BLOCK = 1 << 20

FILL_ROWS = 1_000
"""Rows of a table that are in memory at once while its new columns are filled."""

log = logging.getLogger("ohmstead.store")


def settle_log(path: Path) -> None:
    """Make a write-ahead log that an earlier process left durable, before SQLite believes it.

    If that process died of a failed sync, the log in the page cache may hold commits that the
    kernel thinks are on the disk and that are not. Written again, they are.
    """
    log_path = Path(f"{path}-wal")
    if not log_path.exists():
        return
    with log_path.open("r+b", buffering=0) as file:
        at = 0
        while block := file.read(_BLOCK):
            file.seek(at)
            file.write(block)
            at += len(block)
        os.fsync(file.fileno())


def connect_writer(path: Path, synchronous: str, busy_ms: int) -> sqlite3.Connection:
    """Open the one read-write connection; checkpoints are ours to ask for, so errors are seen."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        db.execute(f"PRAGMA busy_timeout = {busy_ms}")
        mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise sqlite3.OperationalError(f"the file system refuses a write-ahead log ({mode})")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute(f"PRAGMA journal_size_limit = {64 << 20}")
        db.execute("PRAGMA cache_size = -32768")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("PRAGMA secure_delete = ON")  # what a person asked to erase is overwritten
    except BaseException:
        db.close()
        raise
    return db


def connect_reader(path: Path, busy_ms: int) -> sqlite3.Connection:
    """Open a connection that cannot write and therefore never checkpoints."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute(f"PRAGMA busy_timeout = {busy_ms}")
    return db


def warn_if_old() -> None:
    """Say that the SQLite library is one with the WAL-reset defect: two checkpoints at once can
    damage a file. For `ohmstead up`, once; nobody else runs long enough to meet it."""
    if sqlite3.sqlite_version_info < WAL_SAFE_VERSION:
        log.warning(
            "SQLite %s is older than 3.51.3: let no other program write to the database in use",
            sqlite3.sqlite_version,
        )


def prepare_file(db: sqlite3.Connection, path: Path, shelves: Shelves) -> bool:
    """Create or complete the tables; raises StoreUnavailable for a file that is not ours.

    Returns whether the store is newer than this build, which then keeps what it does not know.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and not empty:
        raise StoreUnavailable(f"{path} is a database of another program")
    if version > LAYOUT_VERSION:
        raise StoreUnavailable(
            f"{path} has layout {version}, written by a newer ohmstead; this one knows "
            f"{LAYOUT_VERSION}: install the newer one"
        )
    versions.check(versions.applied(db), empty, shelves.migrations, path)
    # What a killed process left in the write-ahead log goes into the file before anything else.
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return expand(db, shelves, empty)


def expand(
    db: sqlite3.Connection, shelves: Shelves, is_empty: bool, *, beside: bool = False
) -> bool:
    """Bring tables and columns to this build's schema, in one transaction.

    ``beside`` a process that has the store open, and whose build may be older: what it goes on to
    write is looked at again when it has let go. Returns whether the store is newer than this build.
    """
    migrations = shelves.migrations
    db.execute("BEGIN IMMEDIATE")
    try:
        version = versions.version_of(versions.applied(db), is_empty)
        stale = versions.stale_tables(db, version, migrations)
        for statement in _JOBS.split(";"):
            db.execute(statement)
        for shelf in shelves.all:
            _prepare_table(db, shelf, is_stale=shelf.name in stale)
        is_newer = versions.note(db, version, migrations)
        if beside and migrations and version < migrations[-1].number:
            versions.mark_older(db, version)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return is_newer


def _prepare_table(db: sqlite3.Connection, shelf: Shelf[Any], *, is_stale: bool) -> None:
    """Create the table; an index that is new to an existing one is filled from the bodies."""
    name = shelf.name
    columns = "".join(f", {column}" for column in shelf.indexes)
    db.execute(
        f"CREATE TABLE IF NOT EXISTS {name}(key TEXT PRIMARY KEY NOT NULL, body BLOB NOT NULL"
        f"{columns})"
    )
    have = {row[1] for row in db.execute(f"PRAGMA table_info({name})")}
    missing = [column for column in shelf.indexes if column not in have]
    for column in missing:
        db.execute(f"ALTER TABLE {name} ADD COLUMN {column}")
    if missing or (is_stale and shelf.indexes):
        _fill(db, shelf)
    for column in shelf.indexes:
        db.execute(f"CREATE INDEX IF NOT EXISTS {name}_{column} ON {name}({column}, key)")


def _fill(db: sqlite3.Connection, shelf: Shelf[Any]) -> None:
    """Write the indexed columns that differ from what the bodies say, some rows at a time."""
    name, columns = shelf.name, ", ".join(shelf.indexes)
    values = ", ".join(f"{column} = ?" for column in shelf.indexes)
    page = f"SELECT key, body, {columns} FROM {name} WHERE key > ? ORDER BY key LIMIT {FILL_ROWS}"
    after = ""
    while rows := db.execute(page, (after,)).fetchall():
        for key, body, *have in rows:
            found = shelf.columns(shelf.decode(key, body))
            if found != tuple(have):
                db.execute(f"UPDATE {name} SET {values} WHERE key = ?", (*found, key))
        after = rows[-1][0]


class Statements:
    """The statements of one table; ``write`` takes rows of (key, body, *columns)."""

    def __init__(self, shelf: Shelf[Any]) -> None:
        name, columns = shelf.name, ("body", *shelf.indexes)
        self.select = f"SELECT body FROM {name} WHERE key = ?"
        self.delete = f"DELETE FROM {name} WHERE key IN "
        self.width = 1 + len(columns)
        self.insert = f"INSERT INTO {name}(key, {', '.join(columns)}) VALUES "
        self.on_conflict = " ON CONFLICT(key) DO UPDATE SET body = excluded.body"
        # Naming an indexed column in SET rewrites its index even if nothing changed.
        self.on_conflict_reindex = self.on_conflict + "".join(
            f", {column} = excluded.{column}" for column in shelf.indexes
        )


def insert_rows(
    db: sqlite3.Connection, head: str, tail: str, rows: Sequence[Sequence[Any]]
) -> None:
    """Run ``head (?, ...), (?, ...) tail`` over all rows, many rows to a statement."""
    at = 0
    for size in MULTI_ROWS:
        while len(rows) - at >= size:
            places = ",".join(["(" + ",".join("?" * len(rows[at])) + ")"] * size)
            db.execute(head + places + tail, list(chain.from_iterable(rows[at : at + size])))
            at += size


def delete_rows(db: sqlite3.Connection, head: str, keys: Sequence[str]) -> None:
    """Run ``head (?, ...)`` over all keys, many to a statement."""
    for at in range(0, len(keys), MULTI_ROWS[0]):
        some = keys[at : at + MULTI_ROWS[0]]
        db.execute(f"{head}({','.join('?' * len(some))})", some)


def find_rows(
    db: sqlite3.Connection,
    shelf: Shelf[Any],
    limit: int,
    after: str,
    where: list[tuple[str, Value]],
) -> Iterator[tuple[str, bytes]]:
    """Yield (key, body) in key order. ``IS`` is ``=`` that also finds None."""
    conditions = "".join(f" AND {name} IS ?" for name, _ in where)
    yield from db.execute(
        f"SELECT key, body FROM {shelf.name} WHERE key > ?{conditions} ORDER BY key LIMIT ?",
        (after, *(value for _, value in where), max(limit, 0)),
    ).fetchall()


def values_of(db: sqlite3.Connection, shelf: Shelf[Any], name: str) -> list[Any]:
    """Return the values that occur in an indexed field, None aside."""
    sql = f"SELECT DISTINCT {name} FROM {shelf.name} WHERE {name} IS NOT NULL"
    return [row[0] for row in db.execute(sql).fetchall()]


def count_rows(db: sqlite3.Connection, shelf: Shelf[Any], where: list[tuple[str, Value]]) -> int:
    """Return how many records there are; read from an index where ``where`` names a field."""
    conditions = "".join(f" AND {name} IS ?" for name, _ in where)
    sql = f"SELECT count(*) FROM {shelf.name} WHERE 1{conditions}"
    row = db.execute(sql, [value for _, value in where]).fetchone()
    return int(row[0])
