"""Drives every open roll-out, a bounded piece of it at a time; all it knows stands in the store.

A process that dies in the middle loses nothing but its turn: an offer is in the store before it
leaves, and one whose answer never came is asked about when the station is there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import structlog

from ohmstead.apps.rollout.asking import Asking, Files
from ohmstead.apps.rollout.ready import Ready
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.commanding.author import speaking
from ohmstead.apps.stations.commanding.queue import CommandQueue
from ohmstead.apps.stations.directory import Directory
from ohmstead.core.alerts import span
from ohmstead.core.network import Station
from ohmstead.core.rollout import (
    AT_ONCE_MAX,
    OVER,
    Rollout,
    RolloutPlan,
    RolloutState,
    stage_size,
)
from ohmstead.core.rollout_gate import advanced
from ohmstead.core.station_update import StationUpdate, Told, UpdateEvent, UpdateState, lane_of
from ohmstead.errors import OhmsteadError
from ohmstead.flows.rollouts import OPEN_MAX, Enrol, Open, advance, enrol, open_more, plan_of
from ohmstead.flows.rollouts_follow import OFFERS_BACK, Step, step
from ohmstead.frozen import replace
from ohmstead.ports import Clock, Store

TICK_S = 0.5
PAUSE_S = 0.02  # between two ticks at the least
# What stations said while this house was down is lost: they are given time to be back and asked.
HEARING_MS = 900_000
PAGE = 500  # stations of one roll-out that are looked at in one tick
CHUNK = 100  # stations of one commit
SENDING_MAX = 100  # offers on their way at the same time, of all roll-outs
SPACE = "/"  # of keys

log = structlog.get_logger()
_S = RolloutState


class House(Protocol):
    """What is needed of a house."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def gateway(self) -> commands.Links: ...
    @property
    def queue(self) -> CommandQueue: ...
    @property
    def stations(self) -> Directory: ...
    @property
    def is_frozen(self) -> bool: ...
    @property
    def is_draining(self) -> bool: ...


class Driver:
    """One per house; :meth:`run` does the work, ``on_head`` sees each open roll-out each tick."""

    def __init__(self, house: House, files: Files) -> None:
        self.asking = Asking(house, files)
        self.on_head: Callable[[Rollout], Awaitable[None]] | None = None
        self._house = house
        self._ready = Ready(house.store, house.clock, house.queue, house.stations.presence)
        self._cursors: dict[str, str] = {}  # by lane: where the last look ended
        self._sending: dict[str, asyncio.Task[None]] = {}  # by key of the update
        self._event = asyncio.Event()
        self._hears_ms = 0  # since when stations could have told us anything

    def wake(self) -> None:
        """There is something to do now."""
        self._event.set()

    async def run(self) -> None:
        """Look after the open roll-outs until cancelled."""
        self._hears_ms = self._house.clock.now_ms()
        try:
            while True:
                await asyncio.sleep(PAUSE_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._event.wait()
                self._event.clear()
                if self._house.is_frozen:
                    self._hears_ms = self._house.clock.now_ms()
                    continue
                if self._house.is_draining:
                    continue  # the next process asks
                try:
                    await self.tick()
                except OhmsteadError as error:
                    log.warning("roll-outs wait", reason=str(error))
                except Exception as error:  # one that nobody can carry out must not stop the others
                    log.error("a roll-out failed", exc_info=error)
        finally:
            sending = list(self._sending.values())
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
            await self.asking.close()

    async def tick(self) -> None:
        """One bounded step of every open roll-out."""
        for head in self._house.store.find(Rollout, OPEN_MAX, is_open=1):
            plan, before = plan_of(self._house.store, head.number), _place(head)
            if head.state is _S.ENROLLING:
                head = await self._enrol(plan, head)
            else:
                head = await self._look_after(plan, head)
            if _place(head) != before:
                self.wake()
            if self.on_head is not None:
                await self.on_head(head)

    async def _look_after(self, plan: RolloutPlan, head: Rollout) -> Rollout:
        store = self._house.store
        head = await self._open(plan, head)
        with speaking(replace(plan.author, reason=_why(plan))):
            await self._watch(plan, head)
        if advanced(plan, head, self._house.clock.now_ms()) != head:
            head = await store.run(advance, head.number)
        if head.given_up:
            await self._give_up(head)
        if head.state in OVER and head.tally.waiting:
            await self._leave(plan, head)
            self.wake()
        if head.has_turned and head.tally.updated:
            told = Told(UpdateEvent.ROLL_BACK, "the roll-out is rolled back")
            await self._tell(self._some(head, "updated"), told)
            self.wake()
        with speaking(replace(plan.author, reason=_why(plan))):
            if head.state is _S.RUNNING and head.tally.waiting:
                self._offer(plan, head, "waiting")
            if head.state in OFFERS_BACK and head.tally.back_waiting and not head.given_up:
                self._offer(plan, head, "back_waiting")
        return head

    async def _enrol(self, plan: RolloutPlan, head: Rollout) -> Rollout:
        """Write down the next stations that are meant, in order of their ids."""
        store, named = self._house.store, plan.targets.stations
        if named:
            found = [one for one in sorted(set(named)) if one > head.enrolled_to][:PAGE]
        else:
            found = [one.id for one in store.find(Station, PAGE, head.enrolled_to)]
        is_last = len(found) < PAGE
        for at in range(0, max(1, len(found)), CHUNK):
            some = tuple(found[at : at + CHUNK])
            last = is_last and at + CHUNK >= len(found)
            head = await store.run(enrol, Enrol(plan.number, some, last))
        return head

    async def _open(self, plan: RolloutPlan, head: Rollout) -> Rollout:
        """Give their turn to more stations of the stage that began."""
        missing = min(PAGE, stage_size(plan, head) - head.opened)
        if head.state is not _S.RUNNING or missing <= 0:
            return head
        store = self._house.store
        found = store.find(StationUpdate, missing, head.edge, turns=head.number)
        if not found:
            return head
        wider = Open(head.number, head.opened, len(found), found[-1].key)
        return await store.run(open_more, wider)

    async def _watch(self, plan: RolloutPlan, head: Rollout) -> None:
        """Give up who is silent, and ask who should have said something."""
        now_ms = self._house.clock.now_ms()
        for place in ("under_way", "back_under_way"):
            if not getattr(head.tally, place):
                continue
            lane = lane_of(head.number, place)
            for update in self._house.store.find(StationUpdate, 2 * AT_ONCE_MAX, lane=lane):
                if max(update.due_ms, self._hears_ms + HEARING_MS) <= now_ms:
                    words = f"no word for {span(plan.timeout_ms)} while {update.state.value}"
                    await self._tell([update], Told(UpdateEvent.SILENT, words))
                elif update.key not in self._sending and self._ready.is_here(update.station_id):
                    self.asking.consider(plan, update, now_ms)
        if head.tally.back_waiting:
            lane = lane_of(head.number, "back_waiting")
            found = self._house.store.find(StationUpdate, PAGE, lane=lane)
            old = [one for one in found if now_ms - one.changed_ms >= plan.patience_ms]
            words = "it was not there to be given the firmware of before"
            await self._tell(old, Told(UpdateEvent.LEFT_OUT, words))

    async def _give_up(self, head: Rollout) -> None:
        """End who is under way, because a person waits for them no longer."""
        steps = []
        for place in ("under_way", "back_under_way", "back_waiting"):
            for update in self._some(head, place):
                words = f"given up by an operator while {update.state.value}"
                steps.append(Step(update.key, Told(UpdateEvent.GIVEN_UP, words)))
        if steps:
            await asyncio.gather(*[self._house.store.run(step, one) for one in steps])
            self.wake()

    async def _leave(self, plan: RolloutPlan, head: Rollout) -> None:
        """Skip who still waits, and say for what."""
        over = f"the roll-out is {head.state.value}"
        steps = []
        for update in self._some(head, "waiting"):
            words = "; ".join(filter(None, (over, self.waits_for(plan, head, update))))
            steps.append(Step(update.key, Told(UpdateEvent.LEFT_OUT, words)))
        await asyncio.gather(*[self._house.store.run(step, one) for one in steps])

    def waits_for(self, plan: RolloutPlan, head: Rollout, update: StationUpdate) -> str:
        """Why a station was not offered its firmware yet, for people; empty where it is asked."""
        if update.state is not UpdateState.PENDING:
            return ""
        if not update.back and update.key > head.edge:
            return "its stage has not come"
        if head.state is _S.PAUSED:
            return "the roll-out is paused"
        if head.state is _S.HALTED and not update.back:
            return "the roll-out is halted"
        return self._ready.waits_for(plan, update)

    async def _tell(self, updates: list[StationUpdate], told: Told) -> None:
        run = self._house.store.run
        await asyncio.gather(*[run(step, Step(one.key, told)) for one in updates])

    def _some(self, head: Rollout, place: str) -> list[StationUpdate]:
        return self._house.store.find(StationUpdate, CHUNK, lane=lane_of(head.number, place))

    def _offer(self, plan: RolloutPlan, head: Rollout, place: str) -> None:
        """Begin to offer it to those of the next page who are ready."""
        mine = sum(key.startswith(head.key + SPACE) for key in self._sending)
        under_way = head.tally.under_way + head.tally.back_under_way
        room = min(plan.at_once - under_way - mine, SENDING_MAX - len(self._sending))
        for update in self._page(head, place):
            if room <= 0:
                return
            if update.key not in self._sending and not self._ready.waits_for(plan, update):
                task = asyncio.create_task(self._send(update.key))
                self._sending[update.key] = task
                room -= 1

    def _page(self, head: Rollout, place: str) -> Iterator[StationUpdate]:
        """The stations after those looked at last, in the order of their turns."""
        lane = lane_of(head.number, place)
        found = self._house.store.find(StationUpdate, PAGE, self._cursors.get(lane, ""), lane=lane)
        for update in found:
            if place == "waiting" and update.key > head.edge:
                break
            yield update
            self._cursors[lane] = update.key
        else:
            if len(found) == PAGE:
                return
        self._cursors.pop(lane, None)

    async def _send(self, key: str) -> None:
        try:
            await self.asking.offer(key)
        except OhmsteadError as error:
            log.warning("a firmware update waits", update=key, reason=str(error))
        except Exception as error:  # the others go on
            log.error("an offer of firmware failed", update=key, exc_info=error)
        finally:
            self._sending.pop(key, None)


def _place(head: Rollout) -> tuple[object, ...]:
    """What a tick moves on, beside the stations themselves."""
    return head.state, head.stage, head.opened, head.enrolled_to


def _why(plan: RolloutPlan) -> str:
    reason = plan.author.reason
    return f"roll-out {plan.number}: {reason}" if reason else f"roll-out {plan.number}"
