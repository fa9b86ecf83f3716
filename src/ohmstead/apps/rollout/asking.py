"""Asks stations: to take a firmware, and how it goes when they should have said so."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from ohmstead.apps.rollout.packages import location_of
from ohmstead.apps.rollout.wire import meaning, offer_request, trigger_request
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.commanding.queue import CommandQueue
from ohmstead.apps.stations.commands import BadCommand, NotConnected
from ohmstead.core.rollout import Package, RolloutPlan
from ohmstead.core.station_update import StationUpdate, Told, UpdateEvent, UpdateState
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.rollouts_follow import Step, offer, step
from ohmstead.ports import Clock, Store
from ohmstead.wire.ocpp.codec import encode

QUIET_MS = 60_000  # after which a station is asked how an unanswered offer or a restart went
AGAIN_MS = 300_000
ASKING_MAX = 50  # questions at the same time
ASKED_MAX = 10_000  # remembered

log = structlog.get_logger()


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


class Files(Protocol):
    """Where firmware files of this house are fetched from."""

    async def firmware_url(
        self, name_or_id: str, station_id: str, now_ms: int, protocol: str = ""
    ) -> str: ...


class Asking:
    """One per house."""

    def __init__(self, house: House, files: Files) -> None:
        self._house, self._files = house, files
        self._asked_ms: dict[str, int] = {}  # by key of the update
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def where(self, package: Package, station_id: str) -> str:
        """Where a station fetches a firmware; raises OperatorError."""
        if package.location:
            return location_of(package, self._house.queue.seal)
        now_ms = self._house.clock.now_ms()
        return await self._files.firmware_url(package.file, station_id, now_ms)

    async def offer(self, key: str) -> None:
        """Offer one update to its station, if it still has its turn."""
        store, clock, links = self._house.store, self._house.clock, self._house.gateway
        offering = await store.run(offer, key)
        if offering is None:
            return
        update = offering.update
        told = Told(UpdateEvent.UNSENT, "it had gone before it could be asked")
        link = links.link(update.station_id)
        if link is not None:
            try:
                location = await self.where(offering.package, update.station_id)
                action, request = offer_request(
                    link.version, update, offering.package, location, clock.now_ms()
                )
                body = encode(request)
                done = await commands.command(links, update.station_id, action, body)
                meant = meaning(link.version, action, done)
                if meant is None:
                    return
                told = meant
            except NotConnected:
                pass
            except BadCommand as error:
                told = Told(UpdateEvent.REFUSED, str(error))
            except OperatorError as error:
                told = Told(UpdateEvent.FAILED, str(error))
        await store.run(step, Step(key, told, update.offers))

    def consider(self, plan: RolloutPlan, update: StationUpdate, now_ms: int) -> None:
        """Ask a station that is here and quiet, where its answer decides what is done next."""
        what = ""
        if update.state is UpdateState.OFFERED and not update.taken:
            what = "firmware"  # the answer to the offer was lost: did it take it?
        elif update.state in (UpdateState.INSTALLED, UpdateState.REBOOTING):
            what = "boot"  # some restart without a BootNotification
        since_ms = now_ms - update.changed_ms
        asked_ms = self._asked_ms.get(update.key)
        if not what or since_ms < QUIET_MS or len(self._tasks) >= ASKING_MAX:
            return
        if update.key in self._tasks or (asked_ms is not None and now_ms - asked_ms < AGAIN_MS):
            return
        if len(self._asked_ms) >= ASKED_MAX:
            self._asked_ms.clear()
        self._asked_ms[update.key] = now_ms
        package = plan.previous if update.back else plan.package
        question = self._ask(update, what, bool(package.signature))
        self._tasks[update.key] = asyncio.create_task(question)

    async def _ask(self, update: StationUpdate, what: str, signed: bool) -> None:
        links = self._house.gateway
        try:
            link = links.link(update.station_id)
            if link is not None:
                action, payload = trigger_request(link.version, what, signed)
                await commands.command(links, update.station_id, action, payload)
        except OhmsteadError as error:
            log.warning("a station was not asked", station=update.station_id, reason=str(error))
        finally:
            self._tasks.pop(update.key, None)

    async def close(self) -> None:
        """End the questions."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
