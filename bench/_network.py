"""A network to measure: a directory with stations, drivers and money, and `ohmstead up` over it.

Not a benchmark itself. What is set up goes through the product's own flows before the server is
started; the server is a process of its own, with the configuration `ohmstead init` would write.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps import boot, config
from ohmstead.apps.cli import init
from ohmstead.apps.cli.client import RUN_FILE
from ohmstead.apps.stations.services import secret_mac
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Evse, IdToken, Station, TokenStatus
from ohmstead.core.session import PayerKind, Share
from ohmstead.core.tariff import Component, Dimension, Element, Tariff
from ohmstead.flows import onboarding
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.money import Till
from ohmstead.ports import Decision, State
from ohmstead.units import Price

logging.getLogger("ohmstead.store").setLevel(logging.ERROR)  # not its warning at each opening

PortOf = Callable[[subprocess.Popen[str]], int]
ROOT = Path(__file__).resolve().parent.parent
PASSWORD = b"bench-password-of-20"
SMOKE = bool(os.environ.get("OHMSTEAD_BENCH_SMOKE"))
RATED_W = 22_000
DEPOSIT_MINOR = 10**15
HOST, TREASURY = (f"0x{n:040x}" for n in (1, 2))
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def station_id(number: int) -> str:
    return f"BENCH-{number:05}"


def id_tag(number: int) -> str:
    return f"TAG{number:05}"


def meter(number: int) -> VirtualMeter:
    """The meter of a station: the same one in every process of a run."""
    return VirtualMeter.from_seed("bench", f"M{number:05}")


def prepare(directory: Path, stations: int, *, signed: bool = False) -> None:
    """Have ``ohmstead init`` write a network; add stations, and a driver with money for each."""
    asyncio.run(init.begin(directory, "commons"))
    asyncio.run(_prepare(directory, stations, signed))


def fund(state: State, payers: Sequence[str], now_ms: int) -> Decision[None]:
    """Give each payer money that came from a bank: the chain of this network never saw it."""
    till = Till(state, policy_of(state).asset, now_ms)
    for payer in payers:
        name = f"bench/topup/{payer}"
        till.must_move([till.post(name, "bank:bench", f"payer:{payer}", DEPOSIT_MINOR)])
    return Decision(None, till.puts())


async def _prepare(directory: Path, stations: int, signed: bool) -> None:
    settings = config.load(directory / config.FILE_NAME)
    pepper = boot.key_file(directory, boot.PEPPER)
    store = SqliteStore.open(directory / boot.DATABASE, TABLES, SystemClock())
    policy = boot.policy_from(settings)
    await store.run(onboarding.set_policy, policy)
    energy = Element((Component(Dimension.ENERGY, Price(50, 2)),))
    await store.run(onboarding.add_tariff, Tariff("T", policy.asset, (energy,)))
    shares = (Share(TREASURY, 2_000), Share(HOST, 8_000, rest=True))

    async def one(number: int) -> str:
        name, payer = station_id(number), f"0x{number + 16:040x}"
        mac = secret_mac(pepper, name, PASSWORD)
        station = Station(name, mac, (Evse(1, RATED_W),), "T", shares)
        await store.run(onboarding.add_station, station)
        if signed:
            key = meter(number).public_key
            record = MeterKey(
                *(key.key_id, key.curve.name, key.der_hex, Tier.SOFT, f"M{number:05}", name, 0)
            )
            await store.run(onboarding.add_meter, onboarding.AddMeter(record, 1))
        token = IdToken(id_tag(number), TokenStatus.ACCEPTED, payer, PayerKind.PREPAID)
        await store.run(onboarding.put_id_token, token)
        return payer

    payers = await asyncio.gather(*(one(number) for number in range(stations)))
    await store.run(fund, payers)
    await store.close()


class Served:
    """A server process and what it has cost so far."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def cpu_s(self) -> float:
        """Processor time of all threads of the process, user and system (proc(5), 14 and 15)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S

    def rss_kb(self) -> int:
        """The resident set of the process."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1_024

    def kill(self) -> None:
        """As a crash would end it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def serving(command: Sequence[str], port_of: PortOf) -> Iterator[Served]:
    """Start a server and learn its port; ended on leaving."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environment()
    )
    try:
        yield Served(process, port_of(process))
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def up(directory: Path) -> contextlib.AbstractContextManager[Served]:
    """The server under test: ``ohmstead up`` as a person would type it, embedded chain included.

    A smoke run does without the chain, which takes longest to start.
    """
    command = ["-m", "ohmstead.apps.cli.main", "up", "--dir", str(directory)]
    command += ["--http", "127.0.0.1:0", "--ocpp", "127.0.0.1:0"]
    run_file = directory / RUN_FILE

    def port_of(process: subprocess.Popen[str]) -> int:
        while not run_file.exists():
            if process.poll() is not None:
                raise RuntimeError("`ohmstead up` ended at once")
            time.sleep(0.05)
        address = str(json.loads(run_file.read_text(encoding="utf-8"))["ocpp"])
        return int(address.rpartition(":")[2])

    run_file.unlink(missing_ok=True)  # of a server that was killed
    return serving([*command, "--chain", "none"] if SMOKE else command, port_of)


def peer(*flags: str) -> contextlib.AbstractContextManager[Served]:
    """The central system that stores nothing; ``flags`` as :mod:`bench._peer` takes them."""

    def port_of(process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        return int(process.stdout.readline())

    return serving(["-m", "bench._peer", *flags], port_of)


def opened(directory: Path) -> SqliteStore:
    """The store of a server that has ended, however it did."""
    return SqliteStore.open(directory / boot.DATABASE, TABLES, SystemClock())


class Loading:
    """Stations in a process of their own, connected and ready; see :mod:`bench._load`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def say(self, line: str) -> Any:
        """Have one phase run, and return what was seen."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def loading(server: Served, workload: str, stations: int, frames: int) -> Iterator[Loading]:
    """Connect so many stations with so many frames each; they leave at the end."""
    arguments = [str(server.port), workload, str(stations), str(frames)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench._load", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=_environment(),
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the stations could not connect")
        yield Loading(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait()


class Measured:
    """Rounds of one server; the best counts, because others may be using the machine."""

    def __init__(self, server: Served, load: Loading) -> None:
        self.server, self.load = server, load
        self.best: dict[str, float] = {}

    def one_round(self, seconds: float) -> None:
        """Let the load run once, in a closed loop, and note what it cost the server."""
        cpu_s = self.server.cpu_s()
        seen = self.load.say(str(seconds))
        cpu_s = max(self.server.cpu_s() - cpu_s, 1 / CLOCK_TICKS_PER_S)
        answered, real_s = seen["answered"], seen.pop("real_s")
        if seen["refused"] or not answered:
            raise RuntimeError(f"{seen['refused']} of {answered} calls were refused")
        if answered / cpu_s > self.best.get("per_cpu_s", 0):
            each = {"per_cpu_s": answered / cpu_s, "us_each": cpu_s / answered * 1e6}
            self.best = each | {"per_s": answered / real_s, **seen}

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 2) for name, value in self.best.items()}


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def cpu_model() -> str:
    """What the figures were taken on."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} x {os.cpu_count()}"
    return f"unknown x {os.cpu_count()}"
