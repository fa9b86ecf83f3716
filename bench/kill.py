"""kill -9 of `ohmstead up` under load, five times: what was acknowledged must be there.

Unsigned 1.6 readings and signed 2.0.1 sessions take turns. After each kill the store is opened and
every acknowledged message is looked for by what it said. A killed process does not show what a
power cut loses, because the page cache survives it: for that there is the power-cut test of the
store, which discards unsynced writes. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import tempfile
import threading
import time
from pathlib import Path

from bench._frames import STEP_WH
from bench._network import SMOKE, cpu_model, loading, meter, opened, prepare, station_id, up
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.core.meter import SignedReading, page_key
from ohmstead.core.session import Session
from ohmstead.flows.charging.kept import readings_of
from ohmstead.units import MWH_PER_WH

PHASE_S = 10.0  # longer than anybody lives here
SESSIONS_MAX = 1_000
FRAMES = 1_000 if SMOKE else 2_000


Acked = list[tuple[int, int]]


def missing_readings(store: SqliteStore, acked: Acked) -> int:
    """How many acknowledged MeterValues are not kept; each says another register value."""
    kept: dict[str, set[int]] = {}
    for session in store.find(Session, SESSIONS_MAX):
        kept[session.station_id] = {mwh for _, mwh in readings_of(store, session)}
    return sum(
        at * STEP_WH * MWH_PER_WH not in kept.get(station_id(number), ()) for number, at in acked
    )


def missing_records(store: SqliteStore, acked: Acked) -> int:
    """How many acknowledged signed records are not kept; each is a page of its meter."""
    key_ids = {number: meter(number).public_key.key_id for number, _ in acked}
    return sum(
        store.get(SignedReading, page_key(key_ids[number], "T", at + 1)) is None
        for number, at in acked
    )


def one_kill(folder: Path, workload: str, stations: int, after_s: float) -> tuple[int, int]:
    """Serve, load, kill, look; returns how many were acknowledged, and how many of them miss."""
    signed = workload == "all_signed"
    prepare(folder, stations, signed=signed)
    with up(folder) as house, loading(house, workload, stations, FRAMES) as load:
        phase = threading.Thread(target=load.say, args=[str(PHASE_S)])
        phase.start()
        time.sleep(after_s)
        house.kill()
        phase.join()
        names = [name.partition("-") for name in load.say("acked")]
    acked = [(int(number), int(at)) for number, _, at in names]
    store = opened(folder)
    missing = (missing_records if signed else missing_readings)(store, acked)
    asyncio.run(store.close())
    return len(acked), missing


def main() -> None:
    """Kill, count, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=10 if SMOKE else 50)
    parser.add_argument("--kills", type=int, default=2 if SMOKE else 5)
    options = parser.parse_args()
    rng = random.Random()
    kills: list[dict[str, object]] = []
    acked_total = missing_total = 0
    for at in range(options.kills):
        workload = ("meter_values", "all_signed")[at % 2]
        after_s = rng.uniform(0.4, 1.2)
        with tempfile.TemporaryDirectory() as folder:
            acked, missing = one_kill(Path(folder), workload, options.stations, after_s)
        acked_total, missing_total = acked_total + acked, missing_total + missing
        kills.append(
            {"workload": workload, "s": round(after_s, 2), "acked": acked, "missing": missing}
        )
        if not acked:
            raise RuntimeError("nothing was acknowledged before the kill, so nothing is shown")
    line: dict[str, object] = {
        "bench": "kill",
        "value": missing_total,
        "unit": f"messages acknowledged and missing after {options.kills} x kill -9 under load",
        "acked": acked_total,
        "goal": {"missing": 0},
        "reached": missing_total == 0,
        "kills": kills,
        "stations": options.stations,
        "notes": "a process crash, not a power cut",
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
