"""Write the snapshot of everything that is stored, and refuse a change that needs a migration.

    python tools/gen_schema.py              write it, if a migration speaks for what changed
    python tools/gen_schema.py --unreleased write it: no release has the newest migration yet

``src/ohmstead/adapters/store/schema.json`` holds, for each table, its kind of record and its
indexes, and for each stored value its fields. A field that is added at the end with a default is
one that the build before can live with; everything else is not, and the newest migration has to say
so by its ``oldest``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from ohmstead.adapters.store.migrations import MIGRATIONS
from ohmstead.apps.operations.migrating import ALL_TABLES

SNAPSHOT = Path(__file__).parents[1] / "src" / "ohmstead" / "adapters" / "store" / "schema.json"


def snapshot() -> dict[str, Any]:
    """What this tree stores, as plain data."""
    values: dict[str, Any] = {}
    for table in ALL_TABLES:
        _collect(table.kind, values)
    tables = {
        table.name: {"record": table.kind.__name__, "indexes": list(table.indexes)}
        for table in ALL_TABLES
    }
    return {
        "schema": MIGRATIONS[-1].number,
        "tables": dict(sorted(tables.items())),
        "values": dict(sorted(values.items())),
    }


def _collect(kind: Any, values: dict[str, Any]) -> None:
    """Describe a stored type and all it is made of."""
    if not isinstance(kind, type):
        for part in typing.get_args(kind):
            _collect(part, values)
        return
    if kind.__name__ in values or kind.__module__ in ("builtins", "typing"):
        return
    if issubclass(kind, Enum):
        values[kind.__name__] = [f"{one.name} = {one.value!r}" for one in kind]
        return
    for part in typing.get_args(kind):
        _collect(part, values)
    if not (issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind)):
        return
    values[kind.__name__] = []
    written: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        written.update(vars(base).get("__annotations__", {}))
    hints = typing.get_type_hints(kind)
    defaults = _defaults(kind)
    values[kind.__name__] = [f"{name}: {written[name]}{defaults[name]}" for name in defaults]
    for name in defaults:
        _collect(hints[name], values)


def _defaults(kind: Any) -> dict[str, str]:
    if issubclass(kind, msgspec.Struct):
        return {one.name: _shown(one) for one in msgspec.structs.fields(kind)}
    return {
        one.name: "" if one.default is dataclasses.MISSING else f" = {one.default!r}"
        for one in dataclasses.fields(kind)
    }


def _shown(one: Any) -> str:
    if one.default_factory is not msgspec.NODEFAULT:
        return f" = {one.default_factory.__name__}()"
    return "" if one.default is msgspec.NODEFAULT else f" = {one.default!r}"


def differences(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What an older build can live with, and what it cannot; each by name."""
    kind, broken = [], []
    for part in ("tables", "values"):
        for name in sorted(set(old[part]) | set(new[part])):
            before, after = old[part].get(name), new[part].get(name)
            if before == after:
                continue
            if before is None:
                kind.append(f"{name} is new")
            elif after is None:
                broken.append(f"{name} is gone")
            elif part == "tables":
                _compare_table(name, before, after, kind, broken)
            else:
                _compare_value(name, before, after, kind, broken)
    return kind, broken


def _compare_table(name: str, old: Any, new: Any, kind: list[str], broken: list[str]) -> None:
    if old["record"] != new["record"]:
        broken.append(f"{name} holds {new['record']} instead of {old['record']}")
    kind += [f"{name}.{one} is new" for one in new["indexes"] if one not in old["indexes"]]
    broken += [f"{name}.{one} is gone" for one in old["indexes"] if one not in new["indexes"]]


def _compare_value(
    name: str, old: list[str], new: list[str], kind: list[str], broken: list[str]
) -> None:
    if new[: len(old)] != old:
        where = next((at for at, one in enumerate(old) if new[at : at + 1] != [one]), 0)
        broken.append(f"{name}.{old[where]} was changed, moved or removed")
        return
    for one in new[len(old) :]:
        is_field = not one.split(" ")[0].isupper() and ":" in one.split(" ")[0]
        fine = is_field and " = " in one
        (kind if fine else broken).append(f"{name}.{one} is new")


def refused(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Why the snapshot may not simply be written anew; empty if it may."""
    kind, broken = differences(old, new)
    newest = MIGRATIONS[-1]
    if (kind or broken) and newest.number <= old["schema"]:
        return [f"{one}: it needs a migration after {old['schema']}" for one in (*kind, *broken)]
    if newest.oldest <= old["schema"]:
        return [f"{one}: older builds cannot live with it" for one in broken]
    return []


def main() -> None:
    """Write the snapshot, or say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unreleased", action="store_true")
    options = parser.parse_args()
    new = snapshot()
    old = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else new
    why = [] if options.unreleased else refused(old, new)
    if why:
        sys.exit("\n".join([*why, "see docs/internals/decisions/0014; or --unreleased"]))
    SNAPSHOT.write_text(json.dumps(new, indent=1) + "\n")


if __name__ == "__main__":
    main()
