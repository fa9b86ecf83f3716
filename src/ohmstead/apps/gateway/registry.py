"""Which sockets are open, which of them speaks for a station, and what still has to finish."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ohmstead.apps.gateway.closing import POLICY, monotonic_ms
from ohmstead.apps.gateway.pace import Pace, PaceLimits, Paces
from ohmstead.apps.gateway.rivals import Rivals
from ohmstead.apps.gateway.wirelog import WireLogs
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp.memory import AnswerCache

if TYPE_CHECKING:
    from ohmstead.apps.gateway.handling import Handling
    from ohmstead.apps.gateway.link import StationLink


class Limits(Frozen):
    """The gateway's own patience, in real milliseconds; a simulated clock does not hurry it."""

    sweep_ms: int = 1_000  # how often timeouts, keep-alives and the store are looked at
    handshake_ms: int = 10_000  # from the accepted connection to the whole HTTP request
    handshake_slow_ms: int = 1_000  # an opening this old makes room when there are too many
    # The same where the others wait outside: what TLS has cost so far is not thrown away for
    # nothing, and over a mobile network it takes four round trips of up to a second.
    handshake_slow_tls_ms: int = 5_000
    ping_after_ms: int = 60_000  # of silence; mobile carriers forget idle connections early
    pong_ms: int = 30_000
    close_ms: int = 5_000  # for the peer's half of the closing handshake
    write_bytes_max: int = 256 << 10  # unsent, per connection, beyond the kernel's own buffer


class Registry:
    """Shared by all connections of one gateway; lives on its event loop.

    ``answers`` outlives every connection: a station repeats on the next socket what was not
    answered on the last one.
    """

    def __init__(
        self,
        limits: Limits,
        call_timeout_ms: int,
        frame_bytes_max: int,
        pace: PaceLimits | None = None,
    ) -> None:
        self.limits = limits
        self.call_timeout_ms = call_timeout_ms
        self.frame_bytes_max = frame_bytes_max
        self.answers = AnswerCache()
        self.wire = WireLogs()
        self.paces = Paces(pace or PaceLimits())
        self.rivals = Rivals()
        self.stopping = False  # nobody is let in any more
        self.handed_on = False  # another process decides now: nothing is answered here
        self.work: set[Handling] = set()
        self._open: dict[StationLink, None] = {}
        self._speaking: dict[str, StationLink] = {}
        self._emptied: asyncio.Future[None] | None = None
        self._worked: asyncio.Future[None] | None = None

    def link(self, station_id: str) -> StationLink | None:
        """Return the connection that speaks for this station."""
        return self._speaking.get(station_id)

    def __iter__(self) -> Iterator[StationLink]:
        """The sockets open now, also those that are closing; may change while iterated over."""
        return iter(list(self._open))

    def __len__(self) -> int:
        return len(self._speaking)

    def speaking(self) -> list[StationLink]:
        """Return one connection per connected station."""
        return list(self._speaking.values())

    def enter(self, link: StationLink) -> None:
        """The new socket wins: whoever spoke for this station before is closed."""
        older = self._speaking.get(link.station_id)
        text = f"connected from {link.address} with {link.version.subprotocol}"
        self.wire.of(link.station_id).note(text)
        self._open[link] = None
        self._speaking[link.station_id] = link
        if older is not None:
            older.taken_over_by = link.address
            older.close(POLICY, "a newer connection of this station took over")

    def pace_of(self, station_id: str) -> Pace:
        """How fast a station may talk, whichever connection it talks on."""
        return self.paces.of(station_id, monotonic_ms())

    def threw_out(self, older: StationLink) -> None:
        """It answered our Close, so it was alive: a rival, and no socket that was left behind."""
        newer, older.taken_over_by = older.taken_over_by, ""  # a second Close counts no more
        found = self.rivals.note(older.station_id, older.address, newer, monotonic_ms())
        self.wire.of(older.station_id).note(f"two connections with this id, {found.text}")

    def leave(self, link: StationLink) -> None:
        """This connection has ended; one that took over meanwhile is not touched."""
        if self._speaking.get(link.station_id) is link:
            del self._speaking[link.station_id]

    def forget(self, link: StationLink) -> None:
        """Its socket is gone."""
        self.wire.of(link.station_id).note("disconnected")
        self._open.pop(link, None)
        if not self._open and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def finish(self, handling: Handling) -> None:
        """A call has been worked on."""
        self.work.discard(handling)
        if not self.work and self._worked is not None and not self._worked.done():
            self._worked.set_result(None)

    async def worked(self, timeout_s: float | None = None) -> None:
        """Wait until no call is being worked on, or until the time is over."""
        if self.work:
            self._worked = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._worked], timeout=timeout_s)

    async def emptied(self, timeout_s: float) -> bool:
        """Wait until no socket is open; False if some still are after the time."""
        if self._open:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._emptied], timeout=timeout_s)
        return not self._open
