"""Follows what changes: lists are brought up to date, caches are cleared, as stations are there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from ohmstead.apps.stations import commands
from ohmstead.apps.stations.capabilities.caches import clear_caches
from ohmstead.apps.stations.capabilities.local_lists import ListSync
from ohmstead.apps.stations.capabilities.reservations import Reservations
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commanding.bulk import Commanding
from ohmstead.apps.stations.directory import Directory
from ohmstead.core.command import Author
from ohmstead.core.local_list import ListState
from ohmstead.errors import OhmsteadError
from ohmstead.flows.local_lists import CLEAR_CACHE, REFRESH_LISTS
from ohmstead.frozen import replace
from ohmstead.ports import Clock, Job, Store

TICK_S = 0.5
JOBS_MAX = 1_000
PAGE = 1_000
PARALLEL_MAX = 21  # stations whose lists are sent at the same time
RETRY_MS = 30_000
WATCH = "reservations/"  # among the busy, as kinds of jobs are; no station is called so
ENDED = "an id_token may not charge any more"


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
        self._busy: dict[str, asyncio.Task[None]] = {}  # by station, or by what is done

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
        due = self._house.store.due_jobs(self._house.clock.now_ms(), JOBS_MAX)
        for kind, work in ((REFRESH_LISTS, self._look_through), (CLEAR_CACHE, self._clear)):
            jobs = [job for job in due if job.kind == kind]
            if jobs and f"{kind}/" not in self._busy:
                self._busy[f"{kind}/"] = asyncio.create_task(self._do(f"{kind}/", jobs, work))
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

    async def _do(
        self, name: str, jobs: list[Job], work: Callable[[list[Job]], Awaitable[None]]
    ) -> None:
        """Once for all jobs of a kind: each would do the same for every station."""
        store = self._house.store
        try:
            await work(jobs)
            for job in jobs:
                await store.finish_job(job.id)
        except OhmsteadError as error:
            log.warning("jobs wait", jobs=[job.id for job in jobs[:10]], reason=str(error))
            due_ms = self._house.clock.now_ms() + RETRY_MS
            with contextlib.suppress(OhmsteadError):
                for job in jobs:
                    await store.postpone_job(job.id, due_ms, str(error))
        finally:
            self._busy.pop(name, None)

    async def _look_through(self, _jobs: list[Job]) -> None:
        """Mark the old lists of the stations that are here; the others are seen as they come."""
        after = ""
        while page := self._house.store.find(ListState, PAGE, after):
            for known in page:
                if self._house.gateway.link(known.station_id) is not None:
                    self.arrived(known.station_id)
            after = page[-1].key
            await asyncio.sleep(0)

    async def _clear(self, jobs: list[Job]) -> None:
        """In the name of who ended an id_token; where several did at once, in the house's."""
        authors = {_author(job) for job in jobs}
        with speaking(authors.pop() if len(authors) == 1 else Author(reason=ENDED)):
            await clear_caches(self._house)


def _author(job: Job) -> Author:
    said = {name: str(job.payload.get(name, "")) for name in ("by", "name", "via", "reason")}
    author = Author(**said) if said["by"] else Author()
    return author if author.reason.strip() else replace(author, reason=ENDED)
