"""Commands that wait for their station: in the store, in order, each sent once.

A command is delivered when its station is connected and its BootNotification was accepted on this
connection (to a pending one, what sets it up: ``admitted``); one that reconnects without booting
(both versions boot only after a restart) is given ``BOOT_WAIT_MS`` and then served. Commands of one
station go one at a time, the oldest first.

The records themselves are the queue, not jobs of the outbox: what waits for stations that are
switched off for weeks may not stand in front of what is due now (decisions/0008).
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

import structlog

from ohmstead.apps.gateway.interface import Answered, Disconnected, Link
from ohmstead.apps.stations.commanding.actions import REPEATABLE
from ohmstead.apps.stations.commanding.admitted import may_leave
from ohmstead.apps.stations.commanding.checks import BadCommand, check_for
from ohmstead.apps.stations.commanding.journal import Answers, conclusion, judge
from ohmstead.apps.stations.commanding.sealing import Seal, Unreadable
from ohmstead.apps.stations.peer import Presence
from ohmstead.apps.stations.services import Services
from ohmstead.core.command import CommandBatch, CommandBody, CommandState, StationCommand
from ohmstead.core.network import Admission
from ohmstead.errors import OhmsteadError
from ohmstead.flows.commanding import (
    QUEUED_MAX,
    Conclude,
    Dispatch,
    Enqueue,
    conclude,
    dispatch,
    enqueue,
    expire,
)
from ohmstead.ports import Store

BOOT_WAIT_MS = 15_000
RETRY_MS = 30_000  # after a command that may be repeated was not answered
TICK_S = 0.25
SWEEP_S = 60.0
SOON_MS = 120_000  # before a command's end: longer than until the next sweep
PAGE = 500
PARALLEL_MAX = 200  # stations served at the same time; the others follow

_NEVER_LEFT = frozenset({CommandState.EXPIRED, CommandState.UNDELIVERABLE})

log = structlog.get_logger()
FindLink = Callable[[str], Link | None]


class CommandQueue:
    """Delivers what is queued; one per house."""

    def __init__(
        self,
        services: Services,
        find_link: FindLink,
        presence: Mapping[str, Presence],
        pepper: bytes,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self.seal = Seal(pepper)
        self.on_answered: Answers | None = None
        self._services = services
        self._link = find_link
        self._may_send = may_send
        self._presence = presence
        self._waiting: dict[str, int] = {}  # stations with something queued: not before (ms)
        self._here: set[str] = set()  # of those, the ones that are connected
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._event = asyncio.Event()
        self._left: list[StationCommand] = []
        self._ending: list[tuple[int, str]] = []  # a heap: what ends before the next sweep, when

    async def put(
        self,
        commands: tuple[tuple[StationCommand, bytes], ...],
        batch: CommandBatch | None = None,
        once: bool = False,
    ) -> tuple[str, ...]:
        """Queue commands; answers the ids of those whose station's queue had room.

        ``once``: room there is, and where the same waits already that one has to do.
        """
        sealed = tuple((one, self.seal.close(one.id, body)) for one, body in commands)
        taken = await self._services.store.run(enqueue, Enqueue(sealed, batch, once))
        for command, _ in commands:
            if command.id in taken:
                self._waiting.setdefault(command.station_id, 0)
                self.arrived(command.station_id)
                self._note_end(command)
        return taken

    def arrived(self, station_id: str) -> None:
        """A station has connected, or something was queued for it."""
        if station_id in self._waiting and self._link(station_id) is not None:
            self._waiting[station_id] = 0
            self._here.add(station_id)
            self._event.set()

    async def run(self) -> None:
        """Take up what an earlier process left, then deliver, until cancelled."""
        try:
            await self._retrying(self._recover)
            while True:
                await self._retrying(self._sweep)
                await self._deliver_until_sweep()
        finally:
            serving = list(self._serving.values())
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _retrying(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            try:
                return await work()
            except OhmsteadError as error:
                log.warning("queued commands wait", reason=str(error))
                await asyncio.sleep(1)

    async def _deliver_until_sweep(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + SWEEP_S
        while (left := end - loop.time()) > 0:
            self._event.clear()
            await self._retrying(self._expire_due)
            self._serve()
            wait_s = min(left, self._until_next_end_s(), TICK_S if self._here else SWEEP_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._event.wait()

    def _note_end(self, command: StationCommand) -> None:
        """Look at it when its time is over, not at the next sweep: people may be looking."""
        if command.expires_ms - self._services.clock.now_ms() <= SOON_MS:
            heapq.heappush(self._ending, (command.expires_ms, command.id))
            self._event.set()

    def _until_next_end_s(self) -> float:
        if not self._ending:
            return SWEEP_S
        return max(self._ending[0][0] - self._services.clock.now_ms(), 10) / 1_000

    async def _expire_due(self) -> None:
        while self._ending and self._ending[0][0] <= self._services.clock.now_ms():
            due = heapq.heappop(self._ending)
            try:
                command = self._services.store.get(StationCommand, due[1])
                if command is not None:
                    await self._expire(command)
            except OhmsteadError:
                heapq.heappush(self._ending, due)
                raise

    async def _expire(self, command: StationCommand) -> None:
        if await self._services.store.run(expire, command.id):
            await self._never_left(command)

    def _serve(self) -> None:
        """Begin to serve every station that is ready."""
        now_ms = self._services.clock.now_ms()
        for station_id in list(self._here):
            if self._link(station_id) is None:
                self._here.discard(station_id)
            elif (
                len(self._serving) < PARALLEL_MAX
                and station_id not in self._serving
                and self._waiting.get(station_id, 0) <= now_ms
                and self.is_here(station_id)
            ):
                task = asyncio.create_task(self._serve_one(station_id))
                self._serving[station_id] = task

    def is_ready(self, station_id: str) -> bool:
        """Whether commands of every kind may be sent to this station now."""
        station = self._services.registry.find(station_id)
        is_accepted = station is not None and station.admission is Admission.ACCEPTED
        return is_accepted and self.is_here(station_id)

    def is_here(self, station_id: str) -> bool:
        """Whether it is connected and has booted, whatever it was answered."""
        if not self._may_send():
            return False
        station = self._services.registry.find(station_id)
        presence = self._presence.get(station_id)
        if station is None or presence is None or self._link(station_id) is None:
            return False
        here_ms = self._services.clock.now_ms() - presence.connected_ms
        booted = 0 < presence.connected_ms <= presence.booted_ms
        return booted or here_ms >= BOOT_WAIT_MS

    async def _serve_one(self, station_id: str) -> None:
        try:
            while self.is_here(station_id):
                queued = self._services.store.find(
                    StationCommand,
                    2 * QUEUED_MAX,
                    station_id=station_id,
                    state=CommandState.QUEUED.value,
                )
                if not queued:
                    self._waiting.pop(station_id, None)
                    self._here.discard(station_id)
                    return
                command = self._next(station_id, queued)
                if command is None:  # it is not accepted; `arrived` says when it is
                    self._waiting[station_id] = self._services.clock.now_ms() + RETRY_MS
                    return
                before = self._link(station_id)
                if not await self._deliver(command):
                    # One that is back on another socket did not fail to answer: it is served.
                    again = self._link(station_id)
                    wait_ms = RETRY_MS if again is None or again is before else 0
                    self._waiting[station_id] = self._services.clock.now_ms() + wait_ms
                    return
        except OhmsteadError as error:
            log.warning("queued commands wait", station=station_id, reason=str(error))
            self._waiting[station_id] = self._services.clock.now_ms() + RETRY_MS
        finally:
            self._serving.pop(station_id, None)
            self._event.set()

    def _next(self, station_id: str, queued: list[StationCommand]) -> StationCommand | None:
        """The oldest that a station of this admission may be sent; None if it has to wait."""
        station = self._services.registry.find(station_id)
        if station is None:
            return None
        may = (one for one in reversed(queued) if may_leave(station.admission, one.action))
        return next(may, None)

    async def _deliver(self, command: StationCommand) -> bool:
        """Send one; False if it is to be sent again later."""
        store, link = self._services.store, self._link(command.station_id)
        if link is None:
            return False
        try:
            kept = store.get(CommandBody, command.id)
            body = self.seal.open(command.id, kept.body if kept else "")
            payload = check_for(link.version, command.action, body)
        except (BadCommand, Unreadable) as error:
            text = str(error) or "its secret was sealed by another house; send it anew"
            await store.run(
                conclude, Conclude(command.id, CommandState.UNDELIVERABLE, problem=text)
            )
            await self._never_left(command)
            return True
        leaving = await store.run(dispatch, Dispatch(command.id, link.version.value))
        if leaving is None:
            await self._never_left(command)
            return True  # taken back, or expired
        self._services.asked.note(leaving)
        outcome = await link.call(command.action, payload, message_id=command.id)
        problem, attempts = "", self._services.attempts
        if isinstance(outcome, Answered):
            problem = judge(link, command.action, command.id, outcome.payload)
        told = conclusion(command.id, outcome, problem, command.action in REPEATABLE)
        ended = await store.run(conclude, told)
        if ended.state is not CommandState.QUEUED:
            what = (command.station_id, command.action, payload)
            await attempts.commanded(*what, outcome, command.id)
        else:
            self._note_end(ended)
        if isinstance(outcome, Answered) and self.on_answered is not None and not problem:
            told_by = (command.station_id, link.version, command.action)
            await self.on_answered(*told_by, payload, outcome.payload)
        return ended.state is not CommandState.QUEUED

    async def _never_left(self, command: StationCommand) -> None:
        """A driver may have waited for what ended in the queue."""
        ended = self._services.store.get(StationCommand, command.id)
        if ended is not None and ended.state in _NEVER_LEFT:
            await self._services.attempts.unsent(
                ended.station_id, ended.action, ended.payload.encode(), ended.state.value
            )

    def note_left(self) -> None:
        """Learn what had left when the last process ended; before this one sends anything."""
        sent = CommandState.SENT.value
        store, after = self._services.store, ""
        while page := store.find(StationCommand, PAGE, after, state=sent):
            self._left += page
            after = page[-1].key

    async def _recover(self) -> None:
        """What had left when the last process ended: its outcome is not known."""
        text = "this house stopped before the answer; the station may have obeyed"
        while self._left:
            command = self._left[-1]
            told = Conclude(
                command.id,
                CommandState.UNKNOWN,
                problem=text,
                repeatable=command.action in REPEATABLE,
            )
            await self._services.store.run(conclude, told)
            self._left.pop()
            what = (command.station_id, command.action, command.payload.encode())
            await self._services.attempts.commanded(*what, Disconnected(sent=True), command.id)

    async def _sweep(self) -> None:
        """End what is too old, and learn who has something waiting."""
        store, now_ms = self._services.store, self._services.clock.now_ms()
        self._ending = []
        async for command in every(store, CommandState.QUEUED):
            if command.expires_ms <= now_ms:
                await self._expire(command)
            else:
                self._note_end(command)
                self._waiting.setdefault(command.station_id, 0)
                if self._link(command.station_id) is not None:
                    self._here.add(command.station_id)


async def every(store: Store, state: CommandState) -> AsyncIterator[StationCommand]:
    """Every command in a state, a page at a time so that others get their turn."""
    after = ""
    while page := store.find(StationCommand, PAGE, after, state=state.value):
        for command in page:
            yield command
        after = page[-1].key
        await asyncio.sleep(0)
