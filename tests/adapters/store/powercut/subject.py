"""The process whose power is cut: the real SqliteStore under load, answering into ``acks``.

    python subject.py FOLDER [--synchronous FULL] [--flows 240] [--fault FILE [--restart]]

Each flow appends a row, counts up its caller's record and enqueues a job, so that half a flow
shows. Its key is written to ``acks`` when the store has answered. With ``--fault`` the disk refuses
syncs for a while in the middle; with ``--restart`` the process then ends and another goes on. It
ends without closing, as a killed one does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import uvloop

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store import writer
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import Table
from ohmstead.adapters.store.writer import Options
from ohmstead.errors import StoreUnavailable
from ohmstead.ports import Decision, Job

CALLERS = 6


@dataclass(frozen=True, slots=True)
class Counter:
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    caller: str
    text: str


TABLES = (Table(Counter, "counters"), Table(Line, "lines", ("caller",)))


def text_of(key: str) -> str:
    return key * (3 + sum(key.encode()) * 7 % 60)


def write(state, caller, now_ms):
    old = state.get(Counter, caller)
    counter = Counter(caller, (old.count if old else 0) + 1)
    key = f"{caller}-{counter.count:05d}"
    return Decision(
        key,
        puts=(counter,),
        appends=(Line(key, caller, text_of(key)),),
        jobs=(Job(key, caller, "tell", {"line": key}),),
    )


async def call(store, acks: int, caller: str, flows: int) -> None:
    done = 0
    while done < flows:
        try:
            key = await store.run(write, caller)
        except StoreUnavailable:
            await asyncio.sleep(0.002)
            continue
        os.write(acks, f"{key}\n".encode())
        done += 1


async def main(o: argparse.Namespace) -> None:
    options = Options(synchronous=o.synchronous, checkpoint_pages=o.checkpoint_pages, probe_ms=5)
    store = SqliteStore.open(o.folder / "x.db", TABLES, ManualClock(1), options)
    acks = os.open(o.folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    callers = [f"c{n}" for n in range(CALLERS)]
    parts = [o.flows // CALLERS] if o.fault is None else [o.flows // CALLERS // 2] * 2
    for number, flows in enumerate(parts):
        if number:
            o.fault.touch()  # every sync fails from here on
        calls = asyncio.gather(*(call(store, acks, caller, flows) for caller in callers))
        if number and o.restart:
            while store.available:
                await asyncio.sleep(0.001)
            o.fault.unlink()
            rest = [sys.executable, __file__, str(o.folder), "--flows", str(o.flows // 2)]
            os.execv(sys.executable, [*rest, *(["--trust-the-log"] if o.trust_the_log else [])])
        if number:
            while store.available:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.03)  # some probes fail too
            o.fault.unlink()
        await calls
    await asyncio.sleep(0.1)  # a checkpoint after the last answer: recorded whole or not at all
    os._exit(0)


def trust_the_log() -> None:
    """The mutant: believe the log that a dead process left, as SQLite by itself does."""
    writer.settle_log = lambda path: None
    writer.prepare_file = lambda db, path, shelves: None


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--synchronous", default="FULL")
    parser.add_argument("--flows", type=int, default=240)
    parser.add_argument("--checkpoint-pages", type=int, default=150)
    parser.add_argument("--fault", type=Path)
    parser.add_argument("--restart", action="store_true")
    parser.add_argument("--trust-the-log", action="store_true", help="the mutant")
    arguments = parser.parse_args()
    if arguments.trust_the_log and arguments.fault is None:  # the second process only
        trust_the_log()
    uvloop.run(main(arguments))
