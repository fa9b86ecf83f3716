"""Stations of every version that drop, repeat, babble and stop late, for as long as is asked.

    python -m bench.soak [MINUTES]

Each virtual station charges, reports, ends, pauses and begins again; now and then it loses its
connection in the middle and delivers what it kept, repeats a stop, sends what is no OCPP, uses a
card that nobody knows, or ends the same transaction twice with other registers. The server is
`ohmstead up` with its default configuration. Its memory is read at intervals; after it has ended,
its store is asked for every transaction and every reading. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import uvloop

from bench._network import (
    PASSWORD,
    RATED_W,
    SMOKE,
    Served,
    cpu_model,
    id_tag,
    meter,
    opened,
    prepare,
    station_id,
    up,
)
from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.writer import Options
from ohmstead.apps.virtual.charging import Transaction
from ohmstead.apps.virtual.link import LinkLost
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.apps.virtual.uplink import Offline
from ohmstead.core.bill import Bill
from ohmstead.core.network import TransactionRef
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.errors import OhmsteadError
from ohmstead.flows.charging.kept import readings_of
from ohmstead.frozen import replace

GOAL_GROWTH_PERCENT = 5
VERSIONS = ("1.6", "2.0.1", "2.1")
STEP_S = 0.15 if SMOKE else 4.0  # between two reports of a station, on the average
SAMPLES = 10 if SMOKE else 60  # of the server's memory
WARM_PART = 0.5  # of the run, which fills caches and is not compared
CONNECTING_MAX = 50
ENDING_S = 60
PROBLEMS_SHOWN = 10
MS_PER_HOUR = 3_600_000
BABBLE = (b'{"not":"a frame"}', b"[2,", b'[2,"x","NoSuchAction",{}]', b"[7,1,2]", b'[3,"y",{}]')
_DOUBT = {SessionState.REVIEW, SessionState.CONTESTED}
# Owed is settled as a receivable: nothing could be held for a card that nobody knows.
_PRICED = {SessionState.SETTLED, SessionState.OWED}


@dataclass(slots=True)
class Charged:
    """What one station did in one transaction."""

    station: VirtualStation
    tx: Transaction
    told_ms: list[int] = field(default_factory=list)  # times of its readings
    contradicted: bool = False


class Fleet:
    """All stations, in this process."""

    def __init__(self, port: int, count: int, rng: random.Random) -> None:
        self.rng, self.over = rng, asyncio.Event()
        self.faults: Counter[str] = Counter()
        self.charged: list[Charged] = []
        self._ending: asyncio.Future[object]
        url = f"ws://127.0.0.1:{port}/ocpp"
        self.stations = [
            VirtualStation(
                *(station_id(number), url, PASSWORD, VERSIONS[number % len(VERSIONS)]),
                *({1: meter(number)}, SystemClock()),
                seed=str(number),
            )
            for number in range(count)
        ]

    async def connect(self) -> None:
        gate = asyncio.Semaphore(CONNECTING_MAX)

        async def one(station: VirtualStation) -> None:
            async with gate:
                await station.connect()
                await station.boot()
                await station.status(1)

        await asyncio.gather(*(one(station) for station in self.stations))

    async def pause(self, share: float = 1.0) -> None:
        """Wait for some time, or for the end."""
        seconds = self.rng.uniform(0.5, 1.5) * STEP_S * share
        await asyncio.wait({self._ending}, timeout=seconds)

    async def run(self, seconds: float) -> None:
        """Let all of them charge for so long; then each ends what it began."""
        self._ending = asyncio.ensure_future(self.over.wait())
        lives = [
            asyncio.ensure_future(self.live(number, station))
            for number, station in enumerate(self.stations)
        ]
        await asyncio.sleep(seconds)
        self.over.set()
        async with asyncio.timeout(ENDING_S):
            await asyncio.gather(*lives)
            for station in self.stations:
                await station.connect()
                await station.flush()

    async def live(self, number: int, station: VirtualStation) -> None:
        await self.pause(self.rng.random())
        while not self.over.is_set():
            await self.charge(number, station)
            await self.pause()

    async def charge(self, number: int, station: VirtualStation) -> None:
        """One transaction, with what goes wrong in it."""
        rng = self.rng
        card = id_tag(number)
        if rng.random() < 0.02:
            card = "NOBODY"
            self.count("unknown_card")
        if rng.random() < 0.1:
            await self.without(station, "drop_before_start")
        tx = await station.start(1, card)
        charged = Charged(station, tx)
        self.charged.append(charged)
        for _ in range(rng.randint(2, 8)):
            await self.pause()
            await self.misbehave(station)
            await station.meter_values(tx, register_of(tx))
            assert tx.last is not None
            charged.told_ms.append(tx.last.at_ms)
        if rng.random() < 0.1:
            await self.without(station, "late_stop")
        await station.stop(tx, register_of(tx))
        if not station.connected:
            await self.pause()
            await station.connect()
        if rng.random() < 0.1 and station.connected and not station.queued:
            await self.quietly("repeated_stop", station.resend_last_stop)
        if rng.random() < 0.03 and tx.end is not None:
            self.count("contradicting_stop")
            charged.contradicted = True
            # Without its record: another word about the same end, which no meter signed.
            other = replace(tx.end, mwh=tx.end.mwh + 1_000, at_ms=tx.end.at_ms + 1, record=None)
            await station.stop_again(tx, other)

    async def misbehave(self, station: VirtualStation) -> None:
        dice = self.rng.random()
        if dice < 0.02:
            await self.without(station, "drop_in_transaction")
        elif dice < 0.04 and not station.connected:
            await station.connect()
        elif dice < 0.06 and station.connected:
            self.count("bad_frame")
            station.send_text(self.rng.choice(BABBLE))
        if not station.connected and self.rng.random() < 0.5:
            await station.connect()

    async def without(self, station: VirtualStation, name: str) -> None:
        self.count(name)
        await station.drop()

    async def quietly(self, name: str, doing: Callable[[], Awaitable[object]]) -> None:
        self.count(name)
        try:
            await doing()
        except (LinkLost, Offline):
            self.count(f"{name}_lost")

    def count(self, name: str) -> None:
        self.faults[name] += 1

    async def close(self) -> None:
        await asyncio.gather(*(station.close() for station in self.stations))


def register_of(tx: Transaction) -> int:
    """What the register shows by now, at half the rated power."""
    passed_ms = time.time() * 1_000 - tx.begin.at_ms
    return tx.begin.mwh + round(RATED_W * 1_000 * passed_ms / 2 / MS_PER_HOUR)


async def watched(house: Served, seconds: float, rss_kb: list[int]) -> None:
    """Read the memory of the server at intervals."""
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        rss_kb.append(house.rss_kb())
        print(f"rss {rss_kb[-1]} kB", file=sys.stderr, flush=True)


def missing(store: SqliteStore, charged: Charged) -> tuple[str, str]:
    """What became of one transaction: the state of its session, and what is wrong about it."""
    station, tx = charged.station, charged.tx
    name = f"{station.id}/{tx.transaction_id}"
    ref = store.get(TransactionRef, name)
    session = store.get(Session, ref.session_id) if ref is not None else None
    if session is None:
        return "lost", f"{name} has no session"
    state = session.state.value
    kept = {at_ms for at_ms, _ in readings_of(store, session)}
    lost = [at_ms for at_ms in charged.told_ms if at_ms not in kept]
    if lost:
        return state, f"{name}: {len(lost)} of {len(charged.told_ms)} readings are not kept"
    if session.state in OPEN_STATES:
        return state, f"{name} is still open"
    if session.state in _DOUBT and not session.findings:
        return state, f"{name} is in {state} without a reason"
    bill, end = store.get(Bill, session.id), tx.end
    assert end is not None
    energy = end.mwh - tx.begin.mwh
    if session.state is SessionState.VOID and energy:
        return state, f"{name} delivered {energy} mWh and is void"
    if session.state in _PRICED:
        if bill is None:
            return state, f"{name} is {state} without a bill"
        # OCPP 1.6 counts whole Wh, and its records do not.
        if abs(bill.energy_mwh - energy) >= 1_000:
            return state, f"{name}: billed {bill.energy_mwh} mWh of {energy}"
    return state, ""


def judged(folder: Path, fleet: Fleet) -> tuple[Counter[str], Counter[str], list[str]]:
    """The states of all sessions, the reasons of those in doubt, and what is wrong."""
    store = opened(folder)
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    problems: list[str] = []
    for charged in fleet.charged:
        state, problem = missing(store, charged)
        states[state] += 1
        if problem:
            problems.append(problem)
    for state_in_doubt in _DOUBT:
        for session in store.find(Session, len(fleet.charged), state=state_in_doubt.value):
            reasons.update(session.findings)
    count = store.count(Session)
    if count != len(fleet.charged):
        problems.append(f"{count} sessions for {len(fleet.charged)} transactions")
    asyncio.run(store.close())
    for station in fleet.stations:
        problems += [f"{station.id} {one.action}: {one.reason}" for one in station.refused]
        if station.queued:
            problems.append(f"{station.id} still owes {station.queued} messages")
    return states, reasons, problems


async def soak(house: Served, stations: int, seconds: float, seed: int) -> tuple[Fleet, list[int]]:
    """Run the fleet, and read the server's memory meanwhile."""
    fleet, rss_kb = Fleet(house.port, stations, random.Random(seed)), list[int]()
    await fleet.connect()
    await asyncio.gather(fleet.run(seconds), watched(house, seconds, rss_kb))
    await fleet.close()
    return fleet, rss_kb


def main() -> None:
    """Run, judge, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=5 / 60 if SMOKE else 10)
    parser.add_argument("--stations", type=int, default=20 if SMOKE else 2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.stations, signed=True)
        with up(folder) as house:
            cpu_s = house.cpu_s()
            try:
                fleet, rss_kb = uvloop.run(soak(house, options.stations, seconds, options.seed))
            except OhmsteadError as error:
                raise RuntimeError(f"a station gave up: {error}") from error
            cpu_s = house.cpu_s() - cpu_s
        states, reasons, problems = judged(folder, fleet)
    warm = rss_kb[round(len(rss_kb) * WARM_PART) :]
    part = max(1, len(warm) // 4)
    growth = (fmean(warm[-part:]) / fmean(warm[:part]) - 1) * 100
    line: dict[str, object] = {
        "bench": "soak",
        "value": round(growth, 2),
        "unit": "% more memory of the server in the last quarter than in the first, once warm",
        "goal": {"growth_percent": GOAL_GROWTH_PERCENT, "problems": 0},
        "reached": abs(growth) <= GOAL_GROWTH_PERCENT and not problems,
        "problems": len(problems),
        "first_problems": problems[:PROBLEMS_SHOWN],
        "transactions": len(fleet.charged),
        "readings": sum(len(charged.told_ms) for charged in fleet.charged),
        "sessions": dict(sorted(states.items())),
        "reasons_of_doubt": dict(sorted(reasons.items())),
        "faults": dict(sorted(fleet.faults.items())),
        "rss_mb": [round(kb / 1_024, 1) for kb in rss_kb],
        # Until then what grows is the store's cache of the records used last.
        "caches_were_full": len(fleet.charged) * WARM_PART >= Options().cache_records,
        "server_cpu_of_one_core": round(cpu_s / seconds, 2),
        "minutes": round(options.minutes, 2),
        "stations": options.stations,
        "notes": "OCPP 1.6, 2.0.1 and 2.1 by turns, begin and end signed; loopback, no TLS; the "
        "stations run beside the server on the same cores",
        "load_average": round(os.getloadavg()[0], 2),
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
