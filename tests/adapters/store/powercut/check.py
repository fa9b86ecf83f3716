"""Cuts the power at many moments of a recording and looks at what is left each time."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.adapters.store.powercut.disk import MODES, Disk, Event, Kind
from tests.adapters.store.powercut.subject import text_of


@dataclass
class Verdict:
    """How many folders were looked at, and what was wrong, by kind: lost, half or corrupt."""

    looked: int = 0
    wrong: Counter = field(default_factory=Counter)
    examples: list = field(default_factory=list)


def what_is_wrong(path: Path, acked: set[str]) -> str:
    """Return "" or what is wrong with the database, given the keys that were answered."""
    try:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            found = db.execute("PRAGMA integrity_check").fetchall()
            if found != [("ok",)]:
                return f"corrupt: {found[0][0][:100]}"
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if not {"lines", "counters", "jobs"} <= tables:
                return f"lost {len(acked)}, with the tables" if acked else ""
            return _rows_wrong(db, acked)
        finally:
            db.close()
    except sqlite3.Error as error:
        return f"corrupt: {error}"


def _rows_wrong(db: sqlite3.Connection, acked: set[str]) -> str:
    lines = dict(db.execute("SELECT key, body FROM lines"))
    for key, body in lines.items():
        if json.loads(body)["text"] != text_of(key):
            return f"corrupt: line {key}"
    if {job for (job,) in db.execute("SELECT id FROM jobs")} != set(lines):
        return "half a flow: lines and jobs differ"
    counts = Counter(key.split("-")[0] for key in lines)
    counters = {k: json.loads(b)["count"] for k, b in db.execute("SELECT key, body FROM counters")}
    if counts != counters:
        return f"half a flow: {dict(counts)} lines but counters at {counters}"
    missing = acked - set(lines)
    if missing:
        return f"lost {len(missing)} answered flows, {min(missing)} among them"
    db.execute("CREATE TABLE takes_writes_again(x)")
    return ""


def moments(events: list[Event], most: int, rng: Random) -> list[int]:
    """Both sides of every sync and every answer, and as many other moments; ``most`` at most."""
    edges = {
        at
        for number, event in enumerate(events)
        if event.kind in (Kind.SYNC, Kind.SYNCED, Kind.FAILED) or event.name == "acks"
        for at in (number, number + 1)
    }
    some = sorted(edges | {rng.randrange(len(events) + 1) for _ in edges})
    return some if len(some) <= most else sorted(rng.sample(some, most))


def cut_everywhere(
    events: list[Event], scratch: Path, most: int = 300, seed: int = 1, honest=lambda name: True
) -> Verdict:
    """Replay, cut at up to ``most`` moments, and look at one folder for each mode."""
    rng, disk, verdict = Random(seed), Disk(honest), Verdict()
    done, answers = 0, b""
    for moment in moments(events, most, rng):
        for event in events[done:moment]:
            disk.apply(event)
            if event.name == "acks" and event.kind is Kind.WRITE:
                answers += event.data
        done = moment
        acked = set(answers.decode().split())
        for mode in ["none"] if disk.all_durable() else MODES:
            for old in scratch.iterdir():
                old.unlink()
            for name, data in disk.after_cut(rng, mode).items():
                if name.startswith("x.db") and not name.endswith(("-shm", ".lock")):
                    (scratch / name).write_bytes(data)
            verdict.looked += 1
            wrong = what_is_wrong(scratch / "x.db", acked)
            if wrong:
                verdict.wrong[wrong.split()[0].rstrip(":")] += 1
                verdict.examples.append((moment, mode, wrong))
    return verdict


def is_complete(events: list[Event], folder: Path) -> bool:
    """Replaying everything gives the files as they are: the recorder missed nothing."""
    disk = Disk()
    for event in events:
        disk.apply(event)
    real = {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith("-shm")}
    model = {n: bytes(f.seen) for n, f in disk.files.items() if not n.endswith("-shm")}
    return real == model
