"""``ohmstead demo`` and ``ohmstead replay``: set the stage, play, check, tell."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ohmstead.apps.cli.client import ADMIN_KEY, RUN_FILE
from ohmstead.apps.replay import report
from ohmstead.apps.replay.casting import cast
from ohmstead.apps.replay.checks import (
    Checks,
    Demands,
    check_chain,
    check_misbehaviours,
    check_prices,
    check_sessions,
    check_size,
)
from ohmstead.apps.replay.figures import Figures, gather
from ohmstead.apps.replay.misbehaviours import MISBEHAVIOURS
from ohmstead.apps.replay.options import DemoOptions, ReplayOptions
from ohmstead.apps.replay.plan import Plan, Wishes, build
from ohmstead.apps.replay.play import Played, play, settle
from ohmstead.apps.replay.proofs import Verified, verify_all
from ohmstead.apps.replay.sources import Source, data_sources, generated, open_source
from ohmstead.apps.replay.stage import Note, Show, Stage, set_up
from ohmstead.apps.trust import write_whole
from ohmstead.frozen import Frozen, replace
from ohmstead.units import MS_PER_S

DEMO_SESSIONS = 320
DEMO_SPEED = 3_600  # watchable: an hour of the network in a second
GENERATED_SESSIONS = 600  # made up, of which the demo takes its number
INTERRUPTED = 130  # 128 + SIGINT, as shells count
DEMANDS = Demands(
    sessions=300,
    files=2,
    stations=20,
    payees=5,
    epochs=3,
    walk_up_bps=1_000,
    misbehaviours=len(MISBEHAVIOURS),
    prices=("ENERGY", "FLAT", "PARKING_TIME", "MINIMUM", "NIGHT AND DAY"),
    both_protocols=True,
)
ONCE_MAX_S = 900  # what takes longer hangs: better to say so than to wait for ever
REPORT_EVERY = 40  # sessions, where no bar can be drawn

Tamper = Callable[[Stage], Awaitable[None]]


class Manner(Frozen):
    """How a replay is told and judged; ``limit_s`` None lets it take its time."""

    demands: Demands
    as_json: bool = False
    stays: bool = False  # keeps running in the end, until somebody stops it
    limit_s: int | None = None


@dataclass(slots=True)
class Performance:
    """A replay that is over."""

    played: Played
    verified: Verified
    checks: Checks
    figures: Figures

    @property
    def exit_code(self) -> int:
        return 0 if self.checks.hold else 1


async def perform(
    stage: Stage,
    demands: Demands,
    say: Note,
    bar: Callable[[Played], None] = lambda played: None,
    tamper: Tamper | None = None,
) -> Performance:
    """Play the plan on a stage, settle it and check everything.

    ``tamper`` is called between the last claim and the first check: a test breaks something there.
    """
    began_s = time.monotonic()
    played = await play(stage, bar)
    await settle(stage, played, say)
    if tamper is not None:
        await tamper(stage)
    checks = Checks()
    check_size(checks, stage, played, demands)
    check_sessions(checks, stage, played)
    check_prices(checks, stage, demands)
    check_misbehaviours(checks, stage, played)
    await check_chain(checks, stage)
    say("Verifying every receipt, offline and on chain")
    verified = await verify_all(stage, checks)
    total_ms = int((time.monotonic() - began_s) * MS_PER_S)
    return Performance(played, verified, checks, gather(stage, played, verified, total_ms))


async def run_demo(options: DemoOptions) -> int:
    """Run the demo; returns the exit code: 0 only if everything holds."""
    console = _console(options.as_json)
    sources, demands = demo_sources(options.seed, console.print)
    wishes = Wishes(sessions=DEMO_SESSIONS, seed=options.seed, misbehaviours=tuple(MISBEHAVIOURS))
    plan = await asyncio.to_thread(build, sources, wishes)
    speed = 0 if options.once else DEMO_SPEED
    with _folder(options.directory) as directory:
        show = _show(plan, options.seed, directory, speed, options.http, options.ocpp)
        limit_s = ONCE_MAX_S if options.once else None
        manner = Manner(demands, options.as_json, not options.once, limit_s)
        return await _run(console, show, manner)


async def run_replay(options: ReplayOptions) -> int:
    """Replay one source against a fresh local network; returns the exit code."""
    console = _console(options.as_json)
    if options.source == "generated":
        source = generated(options.seed, options.limit or DEMO_SESSIONS)
    else:
        source = open_source(Path(options.source), options.format)
    wishes = Wishes(sessions=options.limit or None, seed=options.seed, protocol=options.protocol)
    plan = await asyncio.to_thread(build, [source], wishes)
    with _folder(options.directory) as directory:
        show = _show(plan, options.seed, directory, options.speed, options.http, options.ocpp)
        return await _run(console, show, Manner(Demands(), options.as_json))


def demo_sources(seed: str, say: Note) -> tuple[Sequence[Source], Demands]:
    """Return the published data sets where they are, else a workload that says it is made up."""
    sources = data_sources()
    if len(sources) >= DEMANDS.files:
        say(f"Replaying real sessions from {', '.join(source.name for source in sources)}.")
        return sources, DEMANDS
    say(
        "The published data is not here (looked in $OHMSTEAD_SHARED/data and ../shared/data): "
        f"replaying a generated workload, seed {seed!r}."
    )
    return [generated(seed, GENERATED_SESSIONS)], replace(DEMANDS, files=0)


def _show(plan: Plan, seed: str, directory: Path, speed: int, http: str, ocpp: str) -> Show:
    dressed = cast(plan)
    return Show(dressed.plan, seed, directory, dressed.purses, speed, http, ocpp)


async def _run(console: Console, show: Show, manner: Manner) -> int:
    began_s = time.monotonic()
    _quiet_logs()
    try:
        with _ending() as ending:
            async with set_up(show, console.print) as stage:
                _tell_others(stage)
                if manner.stays:
                    console.print(f"Watch it at  {stage.url}/")
                with _bar(console, len(show.plan.sessions)) as bar:
                    async with asyncio.timeout(manner.limit_s):
                        done = await perform(stage, manner.demands, console.print, bar)
                total_ms = int((time.monotonic() - began_s) * MS_PER_S)
                done.figures = replace(done.figures, total_ms=total_ms)
                report.show(console, done.figures, done.played, done.verified, done.checks)
                if manner.as_json:
                    print(report.as_json(done.figures, done.played, done.checks))
                if manner.stays:
                    _where_to_look(console, stage, done)
                    await ending.wait()
                return done.exit_code
    except TimeoutError:
        console.print(f"It is not over after {manner.limit_s} s: something hangs.")
        return 1
    except asyncio.CancelledError:
        console.print("Interrupted.")
        return INTERRUPTED


def _where_to_look(console: Console, stage: Stage, done: Performance) -> None:
    console.print(f"Look at      {stage.url}/")
    if done.verified.example:
        console.print(f"A receipt    {stage.url}/s/{done.verified.example}")
    console.print(f"API          {stage.url}/api/v1   key: {stage.admin_key}")
    console.print(f"Stations     ws://127.0.0.1:{stage.ports.ocpp}/ocpp/STATION_ID")
    console.print(f"Chain        {stage.opened.rpc.url}   a demo chain: its keys are public")
    console.print("It keeps running; Ctrl-C stops.")


def _tell_others(stage: Stage) -> None:
    """Write what `ohmstead status --dir DIR` and its like need to find this network."""
    directory = stage.show.directory
    key_file = directory / "keys" / ADMIN_KEY
    write_whole(key_file, stage.admin_key.encode() + b"\n", 0o600)
    urls = {"pid": os.getpid(), "http": stage.url, "ocpp": f"ws://127.0.0.1:{stage.ports.ocpp}"}
    write_whole(directory / RUN_FILE, json.dumps(urls).encode() + b"\n")


class _Ending:
    """Ctrl-C: ends what runs, or the waiting after it."""

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._waits = False
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """The signal came."""
        self._asked.set()
        if not self._waits and self._task is not None:
            self._task.cancel()

    async def wait(self) -> None:
        """Wait for it; then it cancels nothing."""
        self._waits = True
        await self._asked.wait()


@contextmanager
def _ending() -> Iterator[_Ending]:
    loop, ending = asyncio.get_running_loop(), _Ending()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, ending.ask)
    try:
        yield ending
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[Played], None]]:
    """A progress bar on a terminal; a line now and then elsewhere."""
    if not console.is_terminal:
        yield lambda played: _line(console, played.done, total)
        return
    columns = (TextColumn("Replaying sessions"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("sessions", total=total)
        yield lambda played: progress.update(task, completed=played.done)


def _line(console: Console, done: int, total: int) -> None:
    if done % REPORT_EVERY == 0 or done == total:
        console.print(f"{done} of {total} sessions replayed")


@contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    """The folder asked for, or one that is gone afterwards."""
    if directory is not None:
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="ohmstead-") as name:
        yield Path(name)


def _console(as_json: bool) -> Console:
    """People read standard output, unless a program does."""
    return Console(stderr=as_json, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _quiet_logs() -> None:
    """Only errors, beside the output: a replay loses connections and its chain on purpose."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("ohmstead").setLevel(logging.ERROR)
