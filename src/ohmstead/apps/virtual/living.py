"""A virtual station as a program: it charges once, or stays until somebody leaves.

The first Ctrl-C leaves well: what charges is stopped as by its driver, and told. A second one
pulls the plug: nothing more is told, as in a power loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.virtual.charging import ACCEPTED, Hooks, RemoteStart, Transaction
from ohmstead.apps.virtual.link import UpgradeRefused
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.resetting import announce, enlist
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.apps.virtual.trial import Trial, remember, remembered, why_refused
from ohmstead.apps.virtual.uplink import Patience
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.frozen import replace
from ohmstead.units import MS_PER_S, S_PER_HOUR

POWER_W = 11_000
REPORT_S = 5
BEAT_S = 300  # where the interval is 0
FIRST_WAIT_S, MOST_WAIT_S = 1.0, 30.0  # before a server that is away is tried again
EVSE = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_POOR = "its payer has no final deposit as large as the hold, see `ohmstead faucet`"
_UNKNOWN = "it is not known, see `ohmstead id-token put`"
_WHY = {
    "NoCredit": _POOR,
    "Blocked": f"it is blocked, or {_POOR}",  # 1.6 has one word for both
    "Invalid": _UNKNOWN,
    "Unknown": _UNKNOWN,
}

Say = Callable[[str], None]


class Life:
    """One station from its first connection to its end; made by :func:`living` only."""

    def __init__(self, trial: Trial, say: Say) -> None:
        self.say, self.trial = say, trial
        self.meter: VirtualMeter = remembered(trial)
        self.left = asyncio.Event()  # somebody wants to go
        self.hooks = Hooks()
        self.station = VirtualStation(
            trial.station_id,
            trial.url,
            trial.password,
            trial.protocol,
            {EVSE: self.meter},
            SystemClock(),
            seed=secrets.token_hex(8),  # another run is another transaction
            hooks=self.hooks,
            ssl_context=trial.tls,
        )
        self._patience = Patience(trial.tries, FIRST_WAIT_S, MOST_WAIT_S, say)
        self.station.uplink.patience = self._patience

    def leave(self) -> None:
        """Stop what charges and go; a server that is away is not waited for."""
        self.left.set()
        self.station.uplink.patience = replace(self._patience, tries=1)
        if not self.station.connected:
            self.station.uplink.give_in()

    async def unless_left(self, work: Coroutine[Any, Any, object]) -> bool:
        """Run until it is done; False if somebody left before, or the server turned it away.

        Raises what the work raises, and OperatorError where there will be no connection.
        """
        task = asyncio.ensure_future(work)
        ends = [asyncio.ensure_future(one.wait()) for one in (self.left, self.station.uplink.gone)]
        try:
            await asyncio.wait({task, *ends}, return_when=asyncio.FIRST_COMPLETED)
            self._check()
            if task.done():
                task.result()
                return True
            return False
        finally:
            for one in (task, *ends):
                one.cancel()
                one.add_done_callback(_forget)

    async def connect(self) -> bool:
        """Connect, however often that takes; False if somebody left before."""
        try:
            if not await self.unless_left(self.station.uplink.arrive()):
                return False
        except UpgradeRefused as refused:
            raise why_refused(self.trial, refused) from None
        self.say(f"{self.trial.station_id} is connected to {self.trial.url}")
        return True

    async def deliver(self, tx: Transaction, until_s: int | None = None) -> None:
        """Count and report energy until the transaction ends, somebody leaves, or its time is over.

        Who leaves, or whose time is over, stops the transaction here.
        """
        loop, begin_mwh = asyncio.get_running_loop(), tx.begin.mwh
        began_s = loop.time()

        def elapsed_s() -> int:
            passed_s = int(loop.time() - began_s)
            return passed_s if until_s is None else min(passed_s, until_s)

        while tx.active and not self.left.is_set() and elapsed_s() != until_s:
            pause_s = REPORT_S if until_s is None else min(REPORT_S, until_s - elapsed_s())
            await self._pause(pause_s)
            if tx.active and not self.left.is_set() and elapsed_s() != until_s:
                await self.station.meter_values(tx, begin_mwh + _mwh(elapsed_s()))
        if tx.active:
            await self.station.stop(tx, begin_mwh + _mwh(elapsed_s()))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.left.wait()
        self._check()

    def _check(self) -> None:
        if self.station.uplink.given_up is not None:
            raise why_refused(self.trial, self.station.uplink.given_up)


@contextlib.asynccontextmanager
async def living(trial: Trial, say: Say) -> AsyncIterator[Life]:
    """A station that hears Ctrl-C; what its meter has counted is kept at the end."""
    life, loop, main = Life(trial, say), asyncio.get_running_loop(), asyncio.current_task()
    assert main is not None

    def leave() -> None:
        if life.left.is_set():
            main.cancel()
        life.leave()

    for number in SIGNALS:
        loop.add_signal_handler(number, leave)
    loop.set_exception_handler(_without_lost_connections)
    try:
        yield life
    except asyncio.CancelledError:
        await life.station.drop()
        say(f"gone as in a power loss; {life.station.queued} messages are lost")
        raise
    except OperatorError:
        if life.station.queued:
            say(f"{life.station.queued} messages about its transactions were not told")
        raise
    finally:
        remember(trial, life.meter)
        await life.station.close()
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def _forget(task: asyncio.Future[Any]) -> None:
    """Look at how an abandoned task ended, so that nobody else asks."""
    if not task.cancelled():
        task.exception()


def _without_lost_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A handshake that failed is told in a sentence; picows reports it to the loop besides."""
    error = context.get("exception")
    kind = error if isinstance(error, type) else type(error)
    if not issubclass(kind, OSError):
        loop.default_exception_handler(context)


async def charge_once(trial: Trial, id_token: str, seconds: int, say: Say) -> bool:
    """Connect, charge, stop; whether the network accepted all of it.

    Raises OhmsteadError when the connection is refused or lost.
    """
    async with living(trial, say) as life:
        station = life.station
        if not await life.connect():
            return False
        boot = await station.boot()
        if boot.status != ACCEPTED:
            say(f"the network answers its boot with {boot.status}")
            return False
        await announce(station)
        begin_mwh = life.meter.register_mwh
        tx = await station.start(EVSE, id_token)
        accepted = tx.status == ACCEPTED
        if accepted:
            say(f"{id_token} charges for {seconds} s at {POWER_W // 1_000} kW ...")
            await life.deliver(tx, seconds)
        else:
            why = _WHY.get(tx.status, "see `ohmstead id-token show`")
            say(f"{id_token} may not charge ({tx.status or 'no answer'}): {why}")
            await station.stop(tx, reason="DeAuthorized")
        if tx.reason not in ("Local", "DeAuthorized"):
            say(f"the network ended it ({tx.reason})")
        if station.queued:  # the server is away: it is told when it is back
            await life.unless_left(station.uplink.recovered())
        await life.unless_left(station.settled())
        return _told(life, begin_mwh) and accepted


async def stay(trial: Trial, say: Say) -> bool:
    """Connect, and do what the network asks until somebody leaves; whether all was told.

    Raises OhmsteadError when the connection is refused.
    """
    async with living(trial, say) as life:
        station, begin_mwh = life.station, life.meter.register_mwh
        life.hooks.asked = lambda action: say(f"asked: {action}")
        life.hooks.remote_start = lambda asked: _remote_start(life, asked)
        if not await life.connect() or not await life.unless_left(enlist(station)):
            return False
        say("it has booted and does what the network asks; Ctrl-C ends it")
        await life.unless_left(_beat(station))
        await station.settled()
        return _told(life, begin_mwh)


async def _beat(station: VirtualStation) -> None:
    """Send a Heartbeat each interval, as long as anybody listens."""
    while True:
        setting = station.settings.get(station.settings.beat_name)
        await asyncio.sleep((int(setting.value) if setting else 0) or BEAT_S)
        with contextlib.suppress(OhmsteadError):
            await station.heartbeat()


async def _remote_start(life: Life, asked: RemoteStart) -> None:
    say, station = life.say, life.station
    assert asked.evse is not None
    number = asked.remote_start_id
    tx = await station.start(asked.evse, asked.id_token, remote_start_id=number)
    if tx.status != ACCEPTED:
        say(f"{asked.id_token} may not charge ({tx.status or 'no answer'})")
        await station.stop(tx, reason="DeAuthorized")
        return
    say(f"{asked.id_token} charges at {POWER_W // 1_000} kW ...")
    await life.deliver(tx)
    say(f"stopped ({tx.reason})")


def _told(life: Life, begin_mwh: int) -> bool:
    """Say what was delivered and what was not told; whether nothing is left to tell."""
    for refused in life.station.refused:
        life.say(f"refused: {refused.action}: {refused.reason}")
    delivered_mwh = life.meter.register_mwh - begin_mwh
    queued = life.station.queued
    life.say(f"stopped after {delivered_mwh // 1_000} Wh; {queued} messages unanswered")
    return not life.station.refused and not queued


def _mwh(elapsed_s: int) -> int:
    return POWER_W * elapsed_s * MS_PER_S // S_PER_HOUR
