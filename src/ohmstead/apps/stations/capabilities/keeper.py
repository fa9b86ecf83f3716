"""Follows what changes: lists are brought up to date, caches are cleared, as stations are there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

import structlog

from ohmstead.apps.stations import commands
from ohmstead.apps.stations.capabilities.local_lists import ListSync
from ohmstead.apps.stations.capabilities.reservations import Reservations
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commanding.bulk import Commanding, batch_of, spread
from ohmstead.apps.stations.directory import Directory
from ohmstead.core.local_list import ListState
from ohmstead.errors import OhmsteadError
from ohmstead.flows.local_lists import JOB_KINDS, REFRESH_LISTS
from ohmstead.ports import Clock, Job, Store

TICK_S = 0.5
JOBS_MAX = 1_000
PAGE = 1_000
PARALLEL_MAX = 21  # stations whose lists are sent at the same time
RETRY_MS = 30_000
WATCH = "reservations/"  # among the busy; no station and no job is called so
KEEP_MS = 30 * 24 * 3_600_000  # how long a ClearCache waits for a station that has just left


class House(Commanding, Protocol):
    """What is needed of a house."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def gateway(self) -> commands.Links: ...
    @property
    def is_frozen(self) -> bool: ...
    @property
    def stations(self) -> Directory: ...


log = structlog.get_logger()


class Keeper:
    """One per house; ``arrived`` tells it of a connection, ``run`` does the work."""

    def __init__(self, house: House) -> None:
        self.lists = ListSync(house)
        self.reservations = Reservations(house, house.stations.presence)
        self._house = house
        self._old: set[str] = set()  # stations whose list may be old
        self._busy: dict[str, asyncio.Task[None]] = {}  # by station, or by job

    def arrived(self, station_id: str) -> None:
        """A station has connected: perhaps its list grew old meanwhile."""
        if self.lists.is_old(station_id):
            self._old.add(station_id)

    async def run(self) -> None:
        """Look for work until cancelled."""
        try:
            while True:
                await asyncio.sleep(TICK_S)
                if self._house.is_frozen:
                    continue
                try:
                    self._take_up()
                except OhmsteadError as error:
                    log.warning("lists and caches wait", reason=str(error))
        finally:
            busy = [*self._busy.values(), *self.reservations.asking.values()]
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    def _take_up(self) -> None:
        if WATCH not in self._busy:
            self._busy[WATCH] = asyncio.create_task(self._watch())
        for job in self._house.store.due_jobs(self._house.clock.now_ms(), JOBS_MAX):
            if job.kind in JOB_KINDS and job.id not in self._busy:
                self._busy[job.id] = asyncio.create_task(self._job(job))
        for station_id in list(self._old):
            if self._house.gateway.link(station_id) is None:
                self._old.discard(station_id)  # it is looked at again when it connects
            elif (
                len(self._busy) < PARALLEL_MAX
                and station_id not in self._busy
                and self._house.queue.is_ready(station_id)
            ):
                self._old.discard(station_id)
                self._busy[station_id] = asyncio.create_task(self._sync(station_id))

    async def _watch(self) -> None:
        """Reservations, by the clock."""
        try:
            with speaking(because("its reservations are due")):
                await self.reservations.tick()
            await asyncio.sleep(TICK_S)
        except OhmsteadError as error:
            log.warning("reservations wait", reason=str(error))
        finally:
            self._busy.pop(WATCH, None)

    async def _sync(self, station_id: str) -> None:
        try:
            with speaking(because("its id_tokens changed")):
                await self.lists.sync(station_id)
        except OhmsteadError as error:
            log.warning("a local list is not up to date", station=station_id, reason=str(error))
        finally:
            self._busy.pop(station_id, None)

    async def _job(self, job: Job) -> None:
        store = self._house.store
        try:
            if job.kind == REFRESH_LISTS:
                await self._look_through()
            else:
                await self._clear(job.payload["stations"])
            await store.finish_job(job.id)
        except OhmsteadError as error:
            log.warning("a job waits", job=job.id, reason=str(error))
            with contextlib.suppress(OhmsteadError):
                due_ms = self._house.clock.now_ms() + RETRY_MS
                await store.postpone_job(job.id, due_ms, str(error))
        finally:
            self._busy.pop(job.id, None)

    async def _look_through(self) -> None:
        """Mark the old lists of the stations that are here; the others are seen as they come."""
        after = ""
        while page := self._house.store.find(ListState, PAGE, after):
            for known in page:
                if self._house.gateway.link(known.station_id) is not None:
                    self.arrived(known.station_id)
            after = page[-1].key
            await asyncio.sleep(0)

    async def _clear(self, station_ids: list[str]) -> None:
        """Queue a ClearCache for each: sent one after the other, also to who has just left."""
        house = self._house
        with speaking(because("an id_token may not charge any more")):
            expires_ms = house.clock.now_ms() + KEEP_MS
            batch = batch_of(house, "ClearCache", b"{}", expires_ms, len(station_ids))
            await spread(house, batch, b"{}", station_ids)
