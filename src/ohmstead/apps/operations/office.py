"""What runs a house from day to day, beside its sockets and its settler."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from ohmstead.apps.operations.alarms import Alarms
from ohmstead.apps.operations.courier import Courier
from ohmstead.apps.operations.expiries import of_house
from ohmstead.apps.operations.mail import Mailer
from ohmstead.apps.operations.presence import PresenceWatch
from ohmstead.apps.operations.webhooks import Webhooks
from ohmstead.core.alerts import Alert
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.restoration import Restoration
from ohmstead.core.standing import Stand, Standing
from ohmstead.core.told import BUCKETS, Told
from ohmstead.core.webhooks import Topic
from ohmstead.errors import OhmsteadError
from ohmstead.flows.operations.alerting import MAIL, Changed
from ohmstead.flows.operations.telling import WEBHOOK
from ohmstead.ports import Decision, State

if TYPE_CHECKING:
    from ohmstead.apps.boot import House

LOOK_S = 1.0
COMMIT_S = 0.03
COME_BACK_S = 120.0  # and the draining before it: stations wait longer from try to try
MINUTE_S = 60.0
LETTERS_SHOWN = 10
OF_STATIONS = frozenset(topic for topic in Topic if topic.value.startswith("station."))
ALERTS_SHOWN = 20
DIFFERING = (Stand.DRIFTED, Stand.REBOOT, Stand.GIVEN_UP)

log = structlog.get_logger()


class Office:
    """Tells others what happens and operators what is wrong; its tasks begin with :meth:`start`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._looked = False
        self._looking = asyncio.Lock()
        self._patient_until_s = 0.0
        self.webhooks = Webhooks(house.store, house.clock, house.pepper, house.config.webhooks)
        self.mailer = Mailer(house.directory, house.config.network.name, house.config.mail)
        self.courier = Courier(
            house.store,
            house.clock,
            {WEBHOOK: self.webhooks.carry, MAIL: self.mailer.carry},
            lambda: not house.is_frozen,
        )

        def is_connected(station_id: str) -> bool:
            return house.gateway.link(station_id) is not None

        seen = house.stations.presence
        self.presence = PresenceWatch(seen, is_connected)
        self.alarms = Alarms(
            house.store, house.clock, house.config.alerts, seen, is_connected, self.mailer
        )

        self.alarms.flooding_ms = lambda station_id: house.gateway.flooding_ms(station_id)
        self.alarms.rivals = self._rivals
        self.alarms.guessed_from = self._guessed_from

    def _rivals(self, station_id: str) -> tuple[str, int] | None:
        found = self._house.gateway.rivalry(station_id)
        return None if found is None else (found.text, found.count)

    def _guessed_from(self, station_id: str) -> str:
        found = self._house.gateway.guessing(station_id)
        return "" if found is None else found.address

    def start(self) -> list[Coroutine[None, None, None]]:
        """Begin to watch; returns what has to run as long as the house does."""
        self.webhooks.load()
        self._looked = True  # nobody is connected yet
        self.presence.load(self._house.store.find(Told, BUCKETS))
        self._patient_until_s = time.monotonic() + self._house.config.ocpp.drain_s + COME_BACK_S
        self.webhooks.on_told = self._soon
        self.alarms.load()
        self.alarms.of_house = lambda: of_house(self._house.directory, self._house.config)
        self._house.services.attempts.load()
        self._house.retention.fresh = set()
        self._house.store.watch = self._watch
        return [self.courier.run(), self._every_second(), self._every_minute()]

    def _watch(self, state: State, decision: Decision[Any], now_ms: int) -> Decision[Any]:
        """Every decision of the house passes here before it is applied."""
        decision = self._house.services.attempts.watch(state, decision, now_ms)
        self._house.retention.see(decision)
        try:
            self.alarms.see(state, decision, now_ms)
        except Exception as error:  # a defect here must cost nobody a session
            log.error("a decision was not looked at", exc_info=error)
        return self.webhooks.watch(state, decision, now_ms)

    def _soon(self) -> None:
        """What is told is not committed yet; it will be in some milliseconds."""
        asyncio.get_running_loop().call_later(COMMIT_S, self.courier.wake)

    async def _every_second(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except OhmsteadError as error:
                log.warning("nobody is told of stations now", reason=str(error))
            except Exception as error:  # what one station says must not end the looking
                log.error("looking at stations failed", exc_info=error)

    async def look(self) -> None:
        """Tell what stations did since the last look, if anybody wants to know."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        if not self.webhooks.wants(OF_STATIONS):
            await self.webhooks.tell_of_stations((), self.presence.forgotten())
            self.presence.forget()
            self._looked = False
            return
        told = 0
        for changes in self.presence.look(is_patient=time.monotonic() < self._patient_until_s):
            events = [event for change in changes for event in change.events if self._looked]
            rows = self.presence.rows(changes)
            await self.webhooks.tell_of_stations(events, rows)
            self.presence.keep(changes, rows)
            told += len(events)
        if told:
            self.courier.wake()
        self._looked = True  # who subscribes now is not told of what was before

    async def _every_minute(self) -> None:
        while True:
            await asyncio.sleep(MINUTE_S)
            try:
                await self.minute()
            except OhmsteadError as error:
                log.warning("the office waits", reason=str(error))
            except Exception as error:  # what nobody thought of must not end the looking
                log.error("looking at everything failed", exc_info=error)

    async def minute(self) -> Changed:
        """What is done each minute."""
        changed = await self.alarms.look()
        if self._house.store.available:
            await self.webhooks.look()
        if changed.opened or changed.closed:
            self.courier.wake()
        return changed

    def troubles(self) -> list[str]:
        """Sentences for an operator, as long as they are true."""
        found = []
        for restored in self._house.store.find(Restoration, 1, resumed_ms=0):
            found.append(
                f"frozen: restored from a backup of {utc_text(restored.made_ms)}; nothing is sent "
                "and no command obeyed until `ohmstead resume`"
            )
        found += self._house.persons.overdue()
        for one in self.webhooks.all():
            if one.disabled:
                found.append(f"webhook {one.id} to {one.url} is off: {one.disabled}")
        count = sum(self._house.store.count(Standing, state=one.value) for one in DIFFERING)
        if count:
            differ = (
                "1 station is not as its template says"
                if count == 1
                else f"{count} stations are not as their templates say"
            )
            found.append(f"{differ}: see `ohmstead template drift`")
        alerts = self._house.store.find(Alert, ALERTS_SHOWN + 1, closed_ms=0)
        found += [f"since {utc_text(one.opened_ms)}: {one.text}" for one in alerts[:ALERTS_SHOWN]]
        if len(alerts) > ALERTS_SHOWN:
            count = self._house.store.count(Alert, closed_ms=0)
            found.append(f"{count} alerts are open in all: see `ohmstead alert list`")
        letters = self.webhooks.letters()
        for letter in letters[-LETTERS_SHOWN:]:
            found.append(
                f"{letter.kind} {letter.job} was given up after {letter.attempts} "
                f"attempt{'' if letter.attempts == 1 else 's'}: "
                f"{letter.error}"
            )
        if len(letters) > LETTERS_SHOWN:
            found.append(f"{len(letters)} deliveries were given up in all")
        return found
