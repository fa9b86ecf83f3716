"""The connection of a virtual station over time: it opens, is lost, and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from random import Random
from ssl import SSLContext

from ohmstead.apps.virtual.link import Answer, StationLink, UpgradeRefused, open_link
from ohmstead.apps.virtual.tls import Trouble
from ohmstead.errors import OhmsteadError
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp.base import Version

DOUBLINGS_MAX = 16  # of a wait: what comes after is cut to most_s anyhow
HOPELESS = frozenset({400, 401, 403, 404})  # trying again changes nothing


class Patience(Frozen):
    """How a connection is tried again: the wait is doubled after each try, up to ``most_s``.

    ``tries`` is 0 for ever. ``told`` gets a line for each try that failed, for the end of trying
    and for a connection that is there again.
    """

    tries: int = 8
    first_s: float = 0.05
    most_s: float = 5.0
    told: Callable[[str], None] | None = None

    def wait_s(self, failed: int) -> float:
        """The wait after so many tries that failed, before it is jittered."""
        return min(self.first_s * (1 << min(failed, DOUBLINGS_MAX)), self.most_s)


def hopeless(refused: UpgradeRefused) -> bool:
    """Whether another try would meet the same; who only hung up may be about to restart."""
    tls = refused.tls is not None and refused.tls.trouble is not Trouble.REFUSED
    return tls or refused.status in HOPELESS


class Offline(OhmsteadError):
    """There is no connection, and this message is not kept for later."""


class Uplink:
    """One station's way to its CSMS: never more than one websocket.

    ``back`` is called after a connection that the station did not end has been replaced.
    ``given_up`` is why there will be no further try, once there is none.
    ``random`` jitters the waits, so that a fleet does not come back as one.
    """

    def __init__(
        self,
        station_id: str,
        url: str,
        password: bytes | None,
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
        self.patience = Patience()
        self.given_up: UpgradeRefused | None = None
        self.gone = asyncio.Event()  # set with given_up
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
        self._set_out()
        if not self.connected and not await self.recovered():
            await self._open()

    async def arrive(self) -> None:
        """Open the websocket, trying again as after a loss; raises UpgradeRefused at the end."""
        self._set_out()
        if not self.connected and not await self.recovered():
            self._recovery = asyncio.get_running_loop().create_task(self._recover(lost=False))
            if not await self.recovered():
                raise self.given_up or UpgradeRefused(0, "the station hung up meanwhile")

    def give_in(self) -> None:
        """Try no more: what waits for a connection goes on without."""
        self._stays_offline.set()

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

    def _set_out(self) -> None:
        self._stays_offline.clear()
        self.given_up = None
        self.gone.clear()

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
        if not self._stays_offline.is_set():
            self.tell(f"the connection closed with {code}; connecting again")
            self._recovery = asyncio.get_running_loop().create_task(self._recover())

    async def _recover(self, lost: bool = True) -> bool:
        """Connect, with growing, jittered waits between the tries; returns whether it worked.

        After a loss there is a wait before the first try, too.
        """
        tries = 0
        while True:
            if (tries or lost) and await self._pause(self._failed(tries, lost)):
                return False
            try:
                await self._open()
            except UpgradeRefused as refused:
                tries += 1
                if hopeless(refused) or 0 < self.patience.tries <= tries:
                    self.given_up = refused
                    self.gone.set()
                    return False
                wait_s = self.patience.wait_s(self._failed(tries, lost))
                self.tell(f"{refused}; trying again in about {wait_s:.0f} s")
            else:
                if tries or lost:
                    self.tell(f"connected to {self.url} again" if lost else "it answers now")
                self._back()
                return True

    @staticmethod
    def _failed(tries: int, lost: bool) -> int:
        """How often the wait was doubled: a loss is a failure of its own, before the first wait."""
        return tries if lost else tries - 1

    async def _pause(self, failed: int) -> bool:
        """Wait before the next try; returns whether the station hung up meanwhile."""
        wait_s = self.patience.wait_s(failed) * (1 + self._random.random())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._stays_offline.wait()
                return True
        return False

    def tell(self, line: str) -> None:
        """Say a line to who looks on, if anybody does."""
        if self.patience.told is not None:
            self.patience.told(line)
