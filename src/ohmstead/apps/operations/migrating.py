"""``ohmstead migrate``: what the store's schema is, what this build would do, and doing it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

import ohmstead
from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store import sql, versions
from ohmstead.adapters.store.migration import Migration, Rewriting, rewriting_key
from ohmstead.adapters.store.migrations import MIGRATIONS
from ohmstead.adapters.store.rewriting import rewrite_all
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sql import connect_reader, connect_writer, expand
from ohmstead.adapters.store.sqlite import SqliteStore, is_in_use
from ohmstead.adapters.store.tables import Shelves, Table
from ohmstead.apps.operations.archive import DATABASE
from ohmstead.apps.settler.journal import SETTLER_TABLES
from ohmstead.errors import OhmsteadError, OperatorError, StoreUnavailable
from ohmstead.ports import Store

BUSY_MS = 10_000  # a running house commits in between
RETRY_S = 5.0
ALL_TABLES: tuple[Table, ...] = (*TABLES, *SETTLER_TABLES)

log = structlog.get_logger()


def status(
    directory: Path,
    tables: Sequence[Table] = ALL_TABLES,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> dict[str, Any]:
    """What ``migrate --status`` shows; reads only. Raises OperatorError when there is no store."""
    path = _database(directory)
    try:
        with contextlib.closing(connect_reader(path, BUSY_MS)) as db:
            had = versions.applied(db)
            version = versions.version_of(had, False)
            names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
            steps = [_step(db, one, had, names) for one in migrations]
            missing = [table.name for table in tables if table.name not in names]
    except sqlite3.Error as error:
        raise OperatorError(f"{path} cannot be read: {error}") from None
    try:
        versions.check(had, False, migrations, path)
        problem = ""
    except StoreUnavailable as error:
        problem = str(error)
    return {
        "build": ohmstead.__version__,
        "schema": migrations[-1].number,
        "store": version,
        "oldest": max((one.oldest for one in had), default=1),
        "in_use": is_in_use(path),
        "missing_tables": missing,
        "problem": problem,
        "migrations": steps,
    }


def _step(
    db: sqlite3.Connection, one: Migration, had: Sequence[versions.Applied], names: set[str]
) -> dict[str, Any]:
    found = next((row for row in had if row.number == one.number), None)
    rewritten: list[dict[str, Any]] = []
    for rewrite in one.rewrites:
        key, progress = rewriting_key(one.number, rewrite.kind.__name__), None
        if "rewritings" in names:
            row = db.execute("SELECT body FROM rewritings WHERE key = ?", (key,)).fetchone()
            progress = row and msgspec.json.decode(row[0], type=Rewriting)
        progress = progress or Rewriting(one.number, rewrite.kind.__name__)
        rewritten.append(msgspec.to_builtins(progress))
    state = "expanded" if found else "waits for --contract" if one.drops else "missing"
    if found and one.drops:
        state = "contracted"
    elif found and any(not each["done_ms"] for each in rewritten):
        state = "rewriting"
    return {
        "number": one.number,
        "name": one.name,
        "build": one.build,
        "state": state,
        "adds": list(one.adds),
        "drops": list(one.drops),
        "rewrites": rewritten,
    }


def migrate(
    directory: Path,
    tables: Sequence[Table] = ALL_TABLES,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> bool:
    """Expand, and rewrite as well when no house runs; returns whether one runs.

    Beside a running house only tables and columns are added, which its build does not mind: what
    rewrites records has to be the process that decides about them. Raises OhmsteadError.
    """
    path = _database(directory)
    if not is_in_use(path):
        asyncio.run(_alone(path, tables, migrations))
        return False
    if sqlite3.sqlite_version_info < sql.WAL_SAFE_VERSION:
        raise OperatorError(
            f"SQLite {sqlite3.sqlite_version} may damage a database that two programs write; "
            "`ohmstead restart` with this build does the same without stopping"
        )
    shelves = Shelves(tables, migrations)
    try:
        with contextlib.closing(connect_writer(path, "FULL", BUSY_MS)) as db:
            versions.check(versions.applied(db), False, migrations, path)
            expand(db, shelves, False, beside=True)
    except sqlite3.Error as error:
        raise OperatorError(f"{path} was not expanded: {error}; try again") from None
    return True


async def _alone(path: Path, tables: Sequence[Table], migrations: Sequence[Migration]) -> None:
    store = SqliteStore.open(path, tables, SystemClock(), migrations=migrations)
    try:
        await rewrite_all(store, migrations, rests=False)
    finally:
        await store.close()


def contract(directory: Path, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Drop what no build names any more; returns what. Raises OperatorError while a house runs."""
    path = _database(directory)
    if is_in_use(path):
        raise OperatorError(f"{path} is in use: stop the house before anything is dropped")
    dropped: list[str] = []
    with contextlib.closing(connect_writer(path, "FULL", BUSY_MS)) as db:
        had = versions.applied(db)
        versions.check(had, False, migrations, path)
        numbers = {one.number for one in had}
        for one in migrations:
            if one.drops and one.number not in numbers:
                versions.contract(db, one)
                dropped += one.drops
    return dropped


async def rewrite_in_background(
    store: Store, migrations: Sequence[Migration] = MIGRATIONS, retry_s: float = RETRY_S
) -> None:
    """Rewrite what is left, under load; waits while the store is unavailable."""
    while True:
        try:
            changed = await rewrite_all(store, migrations)
        except OhmsteadError as error:
            log.warning("the rewriting of records waits", reason=str(error))
            await asyncio.sleep(retry_s)
        except Exception as error:  # a defect of a migration keeps nobody from charging
            log.error("a migration failed; its records stay as they were", exc_info=error)
            return
        else:
            if changed:
                log.warning("records were rewritten", changed=changed)
            return


def _database(directory: Path) -> Path:
    path = directory / DATABASE
    if not path.exists():
        raise OperatorError(f"{path} is not there; name the folder of the network with --dir")
    return path
