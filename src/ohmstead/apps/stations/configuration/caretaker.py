"""Looks after configurations: reads stations that booted, and puts right what has drifted.

What is to be done stands in an agenda, one entry for each station that is here; the store is read
for a station when its moment comes, and as a whole only when a template has changed. Of a hundred
thousand stations that return at once ten are begun in a second, the others follow.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from ohmstead.apps.config import OcppConfig
from ohmstead.apps.stations.capabilities.smart_charging import Desk
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commanding.queue import CommandQueue
from ohmstead.apps.stations.configuration.reading import Listener, NotRead, read
from ohmstead.apps.stations.configuration.repairing import is_idle, repair, restart
from ohmstead.apps.stations.directory import Directory
from ohmstead.apps.stations.peer import Presence
from ohmstead.apps.stations.services import Services
from ohmstead.core.drift import mendable
from ohmstead.core.network import Station
from ohmstead.core.standing import Stand, Standing
from ohmstead.core.template import ALWAYS, IDLE, Template, means
from ohmstead.errors import OhmsteadError
from ohmstead.flows.repairs import RESTART_WAIT_MS, AskRepair, ask_repair, note_restart
from ohmstead.flows.templates import JOB, Reassess, facts_of, reassess
from ohmstead.ports import Job
from ohmstead.wire.ocpp.base import Version

TICK_S = 0.5
STARTS_MAX = 5  # of one tick
PARALLEL_MAX = 20
RESTARTING_MAX = 20  # stations at the same time
SETTLE_MS = 30_000  # after a boot or a new connection: it has more urgent things to say
IDLE_LOOK_MS = 60_000
READ_AGAIN_MS = 600_000  # a station that did not say its configuration
READS_MAX = 3  # of those, until it boots again
JOBS_MAX = 1_000
PAGE = 200
CHUNK = 20  # stations of one commit

log = structlog.get_logger()


class House(Desk, Protocol):
    """What is needed of a house."""

    @property
    def queue(self) -> CommandQueue: ...
    @property
    def stations(self) -> Directory: ...
    @property
    def services(self) -> Services: ...
    @property
    def is_frozen(self) -> bool: ...


class Caretaker:
    """One per house; ``arrived``, ``booted`` and ``was_read`` tell it of stations."""

    def __init__(self, house: House, config: OcppConfig) -> None:
        self.listener = Listener(house.services)
        self._house = house
        self._reads_by_itself = config.read_configuration == "boot"
        self._agenda: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}  # what counts; older entries of the agenda do not
        self._booted: set[str] = set()
        self._failed: dict[str, int] = {}  # readings since the last boot
        self._restarting: dict[str, int] = {}  # until when they may take
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}  # and how many want it
        self._walk: asyncio.Task[None] | None = None
        self._templates_changed = True

    # What it is told.

    def arrived(self, station_id: str) -> None:
        """A station has connected."""
        self._note(station_id, self._now() + SETTLE_MS)

    def booted(self, station_id: str) -> None:
        """A station has booted: what it said before may not hold any more."""
        self._booted.add(station_id)
        self._failed.pop(station_id, None)
        self._restarting.pop(station_id, None)
        self._note(station_id, self._now() + SETTLE_MS)

    def was_read(self, station_id: str) -> None:
        """A station has told something of its configuration."""
        if station_id not in self._busy and station_id not in self._locks:
            self._note(station_id, self._now(), sooner=True)

    def templates_changed(self) -> None:
        """A template was put or removed: a job in the outbox says which."""
        self._templates_changed = True

    def _note(self, station_id: str, due_ms: int, sooner: bool = False) -> None:
        if sooner and self._due.get(station_id, due_ms) < due_ms:
            return
        self._due[station_id] = due_ms
        heapq.heappush(self._agenda, (due_ms, station_id))

    def _now(self) -> int:
        return self._house.clock.now_ms()

    # What it is asked for.

    async def read_now(self, station_id: str) -> None:
        """Read a station's configuration; raises NotConnected and NotRead."""
        async with self._alone(station_id):
            await read(self._house, self._presence(station_id), station_id)
        self._note(station_id, self._now(), sooner=True)

    async def repair_now(self, station_id: str, by: str) -> Standing:
        """Have a station put right as soon as it is here, and try at once if it is."""
        store = self._house.store
        standing = await store.run(ask_repair, AskRepair(station_id, by))
        if standing.state is Stand.DRIFTED and self._house.queue.is_ready(station_id):
            async with self._alone(station_id):
                standing = await repair(self._house, station_id) or standing
        self._note(station_id, self._now(), sooner=True)
        return standing

    def ask_later(self, station_id: str) -> None:
        """A repair was asked for in the store; it is begun if the station is here."""
        self._note(station_id, self._now(), sooner=True)

    @asynccontextmanager
    async def _alone(self, station_id: str) -> AsyncIterator[None]:
        """One at a time asks a station; the lock goes with the last that wants it."""
        lock, others = self._locks.get(station_id) or (asyncio.Lock(), 0)
        self._locks[station_id] = (lock, others + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[station_id]
            if users > 1:
                self._locks[station_id] = (lock, users - 1)
            else:
                del self._locks[station_id]

    # What it does by itself.

    async def run(self) -> None:
        """Look for work until cancelled."""
        try:
            while True:
                await asyncio.sleep(TICK_S)
                if not self._house.is_frozen:
                    try:
                        self._take_up()
                    except OhmsteadError as error:
                        log.warning("configurations wait", reason=str(error))
        finally:
            tasks = [*self._busy.values(), *([self._walk] if self._walk is not None else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _take_up(self) -> None:
        now_ms = self._now()
        started, later = 0, list[tuple[int, str]]()
        while self._agenda and started < STARTS_MAX and len(self._busy) < PARALLEL_MAX:
            due_ms, station_id = self._agenda[0]
            if due_ms > now_ms:
                break
            heapq.heappop(self._agenda)
            if self._due.get(station_id) != due_ms:
                continue
            if station_id in self._busy:
                later.append((due_ms, station_id))  # something new, while it is looked after
                continue
            del self._due[station_id]
            if not self._house.queue.is_ready(station_id):
                if self._house.gateway.link(station_id) is not None:
                    self._note(station_id, now_ms + SETTLE_MS)
                continue
            started += 1
            self._busy[station_id] = asyncio.create_task(self._care(station_id))
        for one in later:
            heapq.heappush(self._agenda, one)
        idle = self._walk is None or self._walk.done()
        if self._templates_changed and idle:
            self._templates_changed = False
            self._walk = asyncio.create_task(self._follow_templates())

    async def _care(self, station_id: str) -> None:
        try:
            async with self._alone(station_id):
                await self._look_after(station_id)
            self._plan(station_id)
        except OhmsteadError as error:
            log.warning("a configuration waits", station=station_id, reason=str(error))
            self._note(station_id, self._now() + READ_AGAIN_MS)
        finally:
            self._busy.pop(station_id, None)

    async def _look_after(self, station_id: str) -> None:
        store = self._house.store
        has_booted = station_id in self._booted
        self._booted.discard(station_id)  # one that boots meanwhile is read again
        if self._is_to_be_read(station_id, has_booted):
            try:
                with speaking(because("its configuration is read")):
                    await read(self._house, self._presence(station_id), station_id)
            except NotRead as error:
                log.info("a configuration is not known", station=station_id, reason=str(error))
                self._failed[station_id] = self._failed.get(station_id, 0) + 1
                self._booted |= {station_id} if has_booted else set()
                if self._failed[station_id] < READS_MAX:
                    self._note(station_id, self._now() + READ_AGAIN_MS)
                return
            self._failed.pop(station_id, None)
            if has_booted:
                await store.run(note_restart, station_id)
        standing = store.get(Standing, station_id)
        if standing is not None and standing.state is Stand.DRIFTED:
            standing = await repair(self._house, station_id)
        if standing is not None and standing.state is Stand.REBOOT:
            await self._restart(station_id)

    def _is_to_be_read(self, station_id: str, has_booted: bool) -> bool:
        standing = self._house.store.get(Standing, station_id)
        if not self._reads_by_itself:
            return has_booted and standing is not None and standing.state is Stand.REBOOT
        link = self._house.gateway.link(station_id)
        version: Version | None = link.version if link is not None else None
        known = standing is not None and standing.read_ms and standing.protocol == version
        return (has_booted or not known) and self._failed.get(station_id, 0) < READS_MAX

    async def _restart(self, station_id: str) -> None:
        now_ms = self._now()
        self._restarting = {id_: at for id_, at in self._restarting.items() if at > now_ms}
        station = self._house.services.registry.find(station_id)
        if station is None or len(self._restarting) >= RESTARTING_MAX:
            return
        if is_idle(self._house, self._presence(station_id), station):
            self._restarting[station_id] = now_ms + RESTART_WAIT_MS
            if not await restart(self._house, station_id):
                self._restarting.pop(station_id, None)

    def _plan(self, station_id: str) -> None:
        """Note when this station is to be looked at again, if at all."""
        standing = self._house.store.get(Standing, station_id)
        if standing is None or not standing.template:
            return
        template = self._house.store.get(Template, standing.template)
        if template is None or template.revision != standing.revision:
            return  # it is judged again, and noted then
        wanted = template.repair == ALWAYS or standing.is_asked
        if standing.state is Stand.DRIFTED and wanted and mendable(standing):
            self._note(station_id, max(standing.not_before_ms, self._now()), sooner=True)
        elif standing.state is Stand.REBOOT and template.reboot == IDLE:
            self._note(station_id, self._now() + IDLE_LOOK_MS, sooner=True)

    def _presence(self, station_id: str) -> Presence:
        return self._house.stations.presence_of(station_id)

    # When a template has changed.

    async def _follow_templates(self) -> None:
        store = self._house.store
        try:
            while jobs := [job for job in store.due_jobs(self._now(), JOBS_MAX) if job.kind == JOB]:
                for job in jobs:
                    await self._follow(job)
                    await store.finish_job(job.id)
        except OhmsteadError as error:
            log.warning("templates wait", reason=str(error))
            self._templates_changed = True

    async def _follow(self, job: Job) -> None:
        """Judge the stations again that a template is or was for; those that are here are put
        right in turn, the others when they return."""
        store, name, after = self._house.store, job.payload["template"], ""
        while page := store.find(Station, PAGE, after):
            after = page[-1].key
            template = store.get(Template, name)
            for at in range(0, len(page), CHUNK):
                some = page[at : at + CHUNK]
                ids = tuple(one.id for one in some if not one.retired_ms)
                seen = await store.run(reassess, Reassess(name, ids))
                known = {standing.station_id for standing in seen}
                for station in some:
                    link = self._house.gateway.link(station.id)
                    if link is not None and (
                        station.id in known
                        or (template and means(template, facts_of(station, link.version.value)))
                    ):
                        self._note(station.id, self._now(), sooner=True)
                await asyncio.sleep(0)
