"""The store knows its schema: which migrations it had, and which builds may still open it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import ohmstead
from ohmstead.adapters.store.migration import Migration, rewriting_key
from ohmstead.errors import StoreUnavailable

_TABLES = (
    "CREATE TABLE IF NOT EXISTS schema_migrations(number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " build TEXT NOT NULL, oldest INTEGER NOT NULL, at_s INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS schema_state(name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
)
_ADD = "INSERT OR IGNORE INTO schema_migrations VALUES (?, ?, ?, ?, strftime('%s', 'now'))"
_OLDER = "SELECT value FROM schema_state WHERE name = 'older'"
_MARK_OLDER = """
INSERT INTO schema_state VALUES ('older', ?)
ON CONFLICT(name) DO UPDATE SET value = min(value, excluded.value)"""

BEFORE_COUNTING = 1
"""What a store with tables and without versions is taken for."""


class Applied(NamedTuple):
    """One migration that a store had; ``at_s`` is Unix time."""

    number: int
    name: str
    build: str
    oldest: int
    at_s: int


def applied(db: sqlite3.Connection) -> list[Applied]:
    """Return what the store had, in order; nothing for a store of before and for a new one."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").fetchone():
        return []
    columns = ", ".join(Applied._fields)
    rows = db.execute(f"SELECT {columns} FROM schema_migrations ORDER BY number")
    return [Applied(*row) for row in rows]


def version_of(had: Sequence[Applied], is_empty: bool) -> int:
    """The store's schema: the highest migration it had; 0 for a new one."""
    return max((one.number for one in had), default=0 if is_empty else BEFORE_COUNTING)


def check(
    had: Sequence[Applied], is_empty: bool, migrations: Sequence[Migration], path: Path
) -> None:
    """Raise StoreUnavailable, saying which build to use, for a store that is not for this one."""
    if not migrations:
        return
    ours, version = migrations[-1].number, version_of(had, is_empty)
    strict = max(had, key=lambda one: one.oldest, default=None)
    if strict is not None and strict.oldest > ours:
        raise StoreUnavailable(
            f"{path} is too new: it has schema {version}, which builds before schema "
            f"{strict.oldest} would damage, and this is ohmstead {ohmstead.__version__} with "
            f"schema {ours}; start it with ohmstead {strict.build} or a newer one"
        )
    first = migrations[0]
    if not is_empty and version < first.number - 1:
        raise StoreUnavailable(
            f"{path} is too old: it has schema {version}, and this is ohmstead "
            f"{ohmstead.__version__}, which begins at schema {first.number - 1}; open it once with "
            f"ohmstead {first.build}, then with this one"
        )


def stale_tables(
    db: sqlite3.Connection, version: int, migrations: Sequence[Migration]
) -> frozenset[str]:
    """The tables whose newer columns an older build may have left behind its bodies.

    Their records are rewritten anew as well. To be called within the transaction that fills them.
    """
    for statement in _TABLES:
        db.execute(statement)
    row = db.execute(_OLDER).fetchone()
    if row is None or not migrations or migrations[-1].number < version:
        return frozenset()
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'rewritings'").fetchone():
        db.execute("DELETE FROM rewritings WHERE key >= ?", (rewriting_key(row[0] + 1, ""),))
    db.execute("DELETE FROM schema_state WHERE name = 'older'")
    newer = [one for one in migrations if one.number > row[0]]
    return frozenset(name.partition(".")[0] for one in newer for name in one.adds)


def note(db: sqlite3.Connection, version: int, migrations: Sequence[Migration]) -> bool:
    """Write down what the store has now; return whether it is newer than this build."""
    if not migrations:
        return False
    for one in migrations:
        if not one.drops:
            db.execute(_ADD, (one.number, one.name, one.build, one.oldest))
    ours = migrations[-1].number
    if ours < version:
        mark_older(db, ours)
    return ours < version


def mark_older(db: sqlite3.Connection, number: int) -> None:
    """A build of schema ``number`` writes to this store, which is newer."""
    db.execute(_MARK_OLDER, (number,))


def contract(db: sqlite3.Connection, one: Migration) -> None:
    """Drop what nobody names any more and write that down, in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    try:
        for name in one.drops:
            table, _, column = name.partition(".")
            if column:
                db.execute(f"DROP INDEX IF EXISTS {table}_{column}")
                have = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
                if column in have:
                    db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            else:
                db.execute(f"DROP TABLE IF EXISTS {table}")
        db.execute(_ADD, (one.number, one.name, one.build, one.oldest))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
