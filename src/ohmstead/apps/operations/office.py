"""What runs a house from day to day, beside its sockets and its settler."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING

import structlog

from ohmstead.apps.operations.courier import Courier
from ohmstead.apps.operations.presence import PresenceWatch
from ohmstead.apps.operations.webhooks import Webhooks
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.restoration import Restoration
from ohmstead.errors import OhmsteadError
from ohmstead.flows.operations.telling import WEBHOOK

if TYPE_CHECKING:
    from ohmstead.apps.boot import House

LOOK_S = 1.0
COMMIT_S = 0.03
MINUTE_S = 60.0
LETTERS_SHOWN = 10

log = structlog.get_logger()


class Office:
    """Tells others what happens and operators what is wrong; its tasks begin with :meth:`start`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.webhooks = Webhooks(house.store, house.clock, house.pepper, house.config.webhooks)
        self.courier = Courier(
            house.store,
            house.clock,
            {WEBHOOK: self.webhooks.carry},
            lambda: not house.is_frozen,
        )
        self.presence = PresenceWatch(
            house.stations.presence, lambda id_: house.gateway.link(id_) is not None
        )

    def start(self) -> list[Coroutine[None, None, None]]:
        """Begin to watch; returns what has to run as long as the house does."""
        self.webhooks.load()
        self.webhooks.on_told = self._soon
        self._house.store.watch = self.webhooks.watch
        return [self.courier.run(), self._every_second(), self._every_minute()]

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
        """Tell what stations did since the last look."""
        events = self.presence.look()
        if events and self.webhooks.subscriptions:
            await self.webhooks.tell(events)
            self.courier.wake()

    async def _every_minute(self) -> None:
        while True:
            await asyncio.sleep(MINUTE_S)
            try:
                await self.webhooks.look()
            except OhmsteadError as error:
                log.warning("the office waits", reason=str(error))

    def troubles(self) -> list[str]:
        """Sentences for an operator, as long as they are true."""
        found = []
        for restored in self._house.store.find(Restoration, 1, resumed_ms=0):
            found.append(
                f"frozen: restored from a backup of {utc_text(restored.made_ms)}; nothing is sent "
                "and no command obeyed until `ohmstead resume`"
            )
        for one in self.webhooks.all():
            if one.disabled:
                found.append(f"webhook {one.id} to {one.url} is off: {one.disabled}")
        letters = self.webhooks.letters()
        for letter in letters[-LETTERS_SHOWN:]:
            found.append(
                f"{letter.kind} {letter.job} was given up after {letter.attempts} attempts: "
                f"{letter.error}"
            )
        if len(letters) > LETTERS_SHOWN:
            found.append(f"{len(letters)} deliveries were given up in all")
        return found
