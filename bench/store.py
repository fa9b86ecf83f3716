"""How many flows of one put and one append the SQLite store carries, beside bare inserts.

    python bench/store.py [flows] [callers] [folder]

Prints one JSON line. Both parts write the same rows of the same bytes with WAL and
synchronous=FULL in batches of the same size; the bare part is ``executemany`` on a connection and
nothing else: no futures, no threads, no decisions, no JSON. Figures are per second of processor
time of the whole process. ``latency_*_us`` is one caller waiting for each answer.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop

from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import Table
from ohmstead.ports import Decision, State

SINGLE_CALLS = 200


@dataclass(frozen=True, slots=True)
class Session:
    """About as large as a session: some 250 bytes of JSON."""

    key: str
    station: str
    state: str
    energy_mwh: int
    updates: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """About as large as a signed reading: some 600 bytes of JSON."""

    key: str
    payload: bytes
    signature: bytes


TABLES = (Table(Session, "sessions", ("station", "state")), Table(Reading, "readings"))


def update(state: State, command: tuple[str, int], now_ms: int) -> Decision[int]:
    """Read a session, count up, keep the reading: what a meter value does."""
    key, at = command
    old = state.get(Session, key)
    updates = (old.updates if old else 0) + 1
    new = Session(key, "station-17", "charging", at * 1_000, updates, "e" * 120)
    row = Reading(f"{key}/{at:08d}", b"p" * 330, b"s" * 71)
    return Decision(updates, puts=(new,), appends=(row,))


async def through_the_store(path: Path, flows: int, callers: int) -> dict[str, float]:
    """Run ``flows`` flows from ``callers`` tasks; then some one by one."""
    store = SqliteStore.open(path, TABLES, SystemClock())

    async def caller(name: int) -> None:
        key = f"S-{name:06d}"
        for at in range(flows // callers):
            await store.run(update, (key, at))

    commits, started, cpu = store.commits, time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller(name) for name in range(callers)))
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    commits = store.commits - commits
    single = []
    for at in range(SINGLE_CALLS):
        before = time.perf_counter()
        await store.run(update, ("S-single", at))
        single.append(time.perf_counter() - before)
    await store.close()
    single.sort()
    done = flows // callers * callers
    return {
        "flows_per_cpu_s": round(done / cpu),
        "flows_per_s": round(done / wall),
        "flows_per_commit": round(done / commits, 1),
        "latency_p50_us": round(single[len(single) // 2] * 1e6),
        "latency_p99_us": round(single[len(single) * 99 // 100] * 1e6),
    }


def bare(path: Path, flows: int, batch: int) -> dict[str, float]:
    """Insert the rows of as many flows by ``executemany``, a commit for each ``batch``."""
    session, reading = b"z" * 250, b"z" * 600
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    for name in ("sessions", "readings"):
        db.execute(f"CREATE TABLE {name}(key TEXT PRIMARY KEY NOT NULL, body BLOB NOT NULL)")
    upsert = "INSERT INTO sessions VALUES(?,?) ON CONFLICT(key) DO UPDATE SET body=excluded.body"
    started, cpu = time.perf_counter(), time.process_time()
    for first in range(0, flows, batch):
        ids = range(first, min(first + batch, flows))
        db.execute("BEGIN IMMEDIATE")
        db.executemany(upsert, [(f"S-{i % batch:06d}", session) for i in ids])
        db.executemany(
            "INSERT INTO readings VALUES(?,?)",
            [(f"S-{i % batch:06d}/{i // batch:08d}", reading) for i in ids],
        )
        db.execute("COMMIT")
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    db.close()
    return {"bare_flows_per_cpu_s": round(flows / cpu), "bare_flows_per_s": round(flows / wall)}


def main() -> None:
    """Measure both and print the line."""
    flows = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    callers = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as folder:
        ours = uvloop.run(through_the_store(Path(folder, "ours.db"), flows, callers))
        plain = bare(Path(folder, "bare.db"), flows, max(1, round(ours["flows_per_commit"])))
    line = {"bench": "store", "flows": flows, "callers": callers, **ours, **plain}
    line["cost_over_bare"] = round(plain["bare_flows_per_cpu_s"] / ours["flows_per_cpu_s"], 2)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
