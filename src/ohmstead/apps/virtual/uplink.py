"""The connection of a virtual station over time: it opens, is lost, and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from random import Random
from ssl import SSLContext

from ohmstead.apps.virtual.link import Answer, StationLink, UpgradeRefused, open_link
from ohmstead.errors import OhmsteadError
from ohmstead.wire.ocpp.base import Version

RECONNECTS_MAX = 8
RECONNECT_WAIT_S = 0.05  # before the first try; doubled for each further one
RECONNECT_WAIT_S_MAX = 5.0
HOPELESS = frozenset({401, 403, 404})  # trying again changes nothing


class Offline(OhmsteadError):
    """There is no connection, and this message is not kept for later."""


class Uplink:
    """One station's way to its CSMS: never more than one websocket.

    ``back`` is called after a connection that the station did not end has been replaced.
    ``random`` jitters the waits, so that a fleet does not come back as one.
    """

    def __init__(
        self,
        station_id: str,
        url: str,
        password: bytes,
        version: Version,
        answer: Answer,
        back: Callable[[], None],
        random: Random,
        ssl_context: SSLContext | None,
    ) -> None:
        self.station_id = station_id
        self.url = url
        self.password = password
        self.version = version
        self.connections = 0  # opened so far
        self._answer = answer
        self._back = back
        self._random = random
        self.ssl_context = ssl_context
        self._link: StationLink | None = None
        self._stays_offline = asyncio.Event()
        self._stays_offline.set()
        self._recovery: asyncio.Task[bool] | None = None

    @property
    def connected(self) -> bool:
        """Whether the websocket is open."""
        return self._link is not None and not self._link.closed.is_set()

    @property
    def link(self) -> StationLink:
        """The open connection; raises Offline."""
        if self._link is None or not self.connected:
            raise Offline(f"{self.station_id} is not connected")
        return self._link

    async def connect(self) -> None:
        """Open the websocket, unless it is open; raises UpgradeRefused."""
        self._stays_offline.clear()
        if not self.connected and not await self.recovered():
            await self._open()

    async def close(self) -> None:
        """Close with status 1000 and stay offline."""
        self._stays_offline.set()
        await self.recovered()  # a try under way may still open a connection
        if self._link is not None:
            self._link.close()
            await self._link.closed.wait()

    async def drop(self) -> None:
        """Cut the TCP connection and stay offline."""
        self._stays_offline.set()
        await self.recovered()
        if self._link is not None:
            self._link.drop()
            await self._link.closed.wait()

    async def recovered(self) -> bool:
        """Wait for a reconnection under way; returns whether there is a connection."""
        if self._recovery is not None:
            await asyncio.shield(self._recovery)
        return self.connected

    async def _open(self) -> None:
        self._link = await open_link(
            self.url,
            self.station_id,
            self.password,
            self.version,
            self._answer,
            self._closed,
            self.ssl_context,
        )
        self.connections += 1

    def _closed(self, code: int) -> None:
        """Come back, whatever the status: 1013 "try again later" as much as 1006."""
        del code
        if not self._stays_offline.is_set():
            self._recovery = asyncio.get_running_loop().create_task(self._recover())

    async def _recover(self) -> bool:
        """Reconnect with growing, jittered waits; returns whether it worked."""
        for attempt in range(RECONNECTS_MAX):
            wait_s = min(RECONNECT_WAIT_S * 2**attempt, RECONNECT_WAIT_S_MAX)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s * (1 + self._random.random())):
                    await self._stays_offline.wait()
                    return False
            try:
                await self._open()
            except UpgradeRefused as refused:
                if refused.status in HOPELESS:
                    return False
            else:
                self._back()
                return True
        return False
