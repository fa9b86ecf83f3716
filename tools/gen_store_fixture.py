"""Write a store of this build's schema as SQL text: one record of each kind, every field filled.

    python tools/gen_store_fixture.py

Run it once for each release, before it is made; the file is committed and never written again, and
a test opens all of them for ever after.
"""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import sys
import tempfile
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.migrations import MIGRATIONS
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.operations.migrating import ALL_TABLES
from ohmstead.core.station_log import SIZES
from ohmstead.ports import Decision, Job

FOLDER = Path(__file__).parents[1] / "tests" / "adapters" / "store" / "schemas"
# What a record checks about itself, by type and field.
GIVEN: dict[Any, Any] = {
    datetime.date: datetime.date(2026, 11, 21),
    datetime.time: datetime.time(8, 30),
    "Tariff.free_of_charge": False,
    "StationEvent.log": next(iter(SIZES)),
}
DEPTH_MAX = 6


def sample(kind: Any, name: str = "", depth: int = 0) -> Any:
    """A value of a type with every field filled, the same each time."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if name in GIVEN or kind in GIVEN:
        return GIVEN[name if name in GIVEN else kind]
    if origin is typing.Annotated:
        return sample(parts[0], name, depth)
    if origin in (typing.Union, types.UnionType):
        return sample(next(one for one in parts if one is not type(None)), name, depth)
    if origin is typing.Literal:
        return parts[0]
    if origin is tuple:
        inner = parts[:1] if len(parts) == 2 and parts[1] is Ellipsis else parts
        return tuple(sample(one, name, depth) for one in inner)
    if origin in (list, dict):
        return [sample(parts[0], name, depth)] if origin is list else {"a": "b"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    plain = {str: "text", int: 7, bool: True, bytes: b"\x01\x02", dict: {"a": 1}, object: "any"}
    if kind in plain:
        return plain[kind]
    if kind is Any or depth > DEPTH_MAX:
        return "any"
    return _struct(kind, depth)


def _struct(kind: Any, depth: int) -> Any:
    if not issubclass(kind, msgspec.Struct):
        raise TypeError(f"GIVEN lacks a value for {kind}")
    hints = typing.get_type_hints(kind, include_extras=True)
    names = [one.name for one in msgspec.structs.fields(kind)]
    filled = {name: sample(hints[name], f"{kind.__name__}.{name}", depth + 1) for name in names}
    return kind(**filled)


def records() -> list[Any]:
    """One record of each kind."""
    return [_struct(table.kind, 0) for table in ALL_TABLES]


async def _fill(path: Path) -> None:
    store = SqliteStore.open(path, ALL_TABLES, ManualClock(1_000))
    jobs = (Job("job-1", "lane", "stop", {"station": "CP1"}, 5),)
    await store.run(lambda _state, kept, _now_ms: Decision(None, kept, (), jobs), tuple(records()))
    await store.close()


def main() -> None:
    """Write the fixture of this schema; refuses to overwrite one."""
    to = FOLDER / f"schema_{MIGRATIONS[-1].number:04d}.sql"
    if to.exists():
        sys.exit(f"{to} is there already: a released schema does not change")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        asyncio.run(_fill(path))
        with sqlite3.connect(path) as db:
            lines = list(db.iterdump())
            numbers = [
                f"PRAGMA {name} = {db.execute(f'PRAGMA {name}').fetchone()[0]};"
                for name in ("application_id", "user_version")
            ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    head = (
        f"-- generated from the records of schema {MIGRATIONS[-1].number} by {Path(__file__).name}"
    )
    to.write_text("\n".join([head, *numbers, *lines]) + "\n")


if __name__ == "__main__":
    main()
