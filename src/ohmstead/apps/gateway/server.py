"""The OCPP gateway: accepts stations, and gives each one its handlers.

Who may connect is decided in this order, and the first refusal is the answer:

1. 404, another path or no station id; 400, a query string
2. 426 or 400, not a WebSocket handshake
3. 503, too many are connecting, or nothing can be stored now; both with a Retry-After
4. 404, an unknown station. OCPP-J 3.2 asks for it, and a station id is no secret: it is printed
   on the station and stands in every receipt
5. 401, no Basic credentials, another user than the station, or a wrong password;
   429 instead after five of them in a minute from one address for one station
6. the upgrade, without a subprotocol and closed again, if none that we speak was offered
"""

from __future__ import annotations

import asyncio
import random
import ssl
from http import HTTPStatus

import structlog
from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener

from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway.closing import GOING_AWAY, TRY_AGAIN_LATER, monotonic_ms
from ohmstead.apps.gateway.failures import FAILURES_MAX, Failures
from ohmstead.apps.gateway.interface import Connection, Directory, Link
from ohmstead.apps.gateway.link import StationLink
from ohmstead.apps.gateway.registry import Limits, Registry
from ohmstead.apps.gateway.sockets import StationSocket, refuse, turn
from ohmstead.apps.gateway.upgrade import (
    UpgradeRefused,
    basic_credentials,
    best_version,
    check_websocket,
    station_id_of,
)
from ohmstead.core.network import Station
from ohmstead.ports import Clock

BACKLOG_MAX = 4_096
CHALLENGE = ("WWW-Authenticate", 'Basic realm="ohmstead", charset="UTF-8"')

_log = structlog.get_logger("ohmstead.gateway")


class Gateway:
    """An OCPP-J server. All of it lives on the event loop that called :meth:`start`.

    Args:
        directory: who may connect, and with which handlers.
        clock: dates the connections; timeouts follow the machine's monotonic clock.
        config: sizes and times from ``network.toml``.
        limits: the gateway's own patience.
    """

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        config: OcppConfig,
        limits: Limits | None = None,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._config = config
        self._limits = limits or Limits()
        self._registry = Registry(
            self._limits, config.call_timeout_s * 1_000, config.frame_bytes_max
        )
        self._failures = Failures()
        self._connecting: dict[StationSocket, int] = {}  # since when, the oldest first
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port, which ``port=0`` leaves to the system."""
        loop = asyncio.get_running_loop()
        # What the kernel lets in at once is what may connect at once: of a whole fleet that
        # reconnects, the others wait in TCP's own back-off and cost nothing here.
        backlog = min(self._config.handshakes_max, BACKLOG_MAX)
        self._server = await loop.create_server(
            self._socket, host, port, ssl=ssl_context, backlog=backlog
        )
        self._sweeping = loop.call_later(self._limits.sweep_ms / 1_000, self._sweep)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def link(self, station_id: str) -> Link | None:
        """Return the connection that speaks for this station now, if one does."""
        return self._registry.link(station_id)

    def connected(self) -> list[Connection]:
        """Return one line per connected station."""
        return [link.summary() for link in self._registry.speaking()]

    async def stop(self, drain_s: float = 10) -> None:
        """Stop listening, let the calls being worked on be answered, then close every socket.

        Takes ``drain_s`` and the time of the closing handshake at most. What is not finished then
        is abandoned unanswered, so the stations send it again.
        """
        if self._server is None:
            return
        self._server.close()
        self._registry.stopping = True
        for link in self._registry:
            link.leave()
        await self._registry.worked(drain_s)
        for work in list(self._registry.work):
            work.cancel()
        await self._registry.worked()
        for link in self._registry:
            link.close(GOING_AWAY, "the server is stopping")
        for socket in list(self._connecting):
            socket.abort()
        if not await self._registry.emptied(self._limits.close_ms / 1_000):
            for link in self._registry:
                link.drop()
            await self._registry.emptied(1)
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._server = None

    # Connections that are not upgraded yet.

    def _socket(self) -> StationSocket:
        return StationSocket(
            self._upgrade,
            self._made,
            self._lost,
            self._config.frame_bytes_max,
            self._limits.write_bytes_max,
        )

    def _made(self, socket: StationSocket) -> None:
        now_ms = monotonic_ms()
        if len(self._connecting) >= self._config.handshakes_max:
            oldest, since_ms = next(iter(self._connecting.items()))
            if now_ms - since_ms >= self._limits.handshake_slow_ms:
                # Who holds connections open without asking for anything shuts nobody out.
                del self._connecting[oldest]
                oldest.abort()
        self._connecting[socket] = now_ms

    def _lost(self, socket: StationSocket) -> None:
        self._connecting.pop(socket, None)

    def _upgrade(
        self, socket: StationSocket, request: WSUpgradeRequest
    ) -> WSUpgradeResponseWithListener:
        """Answer a request."""
        crowded = len(self._connecting) > self._config.handshakes_max
        self._connecting.pop(socket, None)
        try:
            station = self._admit(socket.address, request, crowded)
            return self._accept(station, socket.address, request)
        except UpgradeRefused as refused:
            _log.debug("upgrade refused", address=socket.address, status=int(refused.status))
            return refuse(refused)
        except Exception as error:
            # picows would send the error's text to the peer.
            _log.error("an upgrade failed", address=socket.address, exc_info=error)
            return refuse(UpgradeRefused(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error"))

    def _admit(self, address: str, request: WSUpgradeRequest, crowded: bool) -> Station:
        """Return the station that asks, authenticated; raises UpgradeRefused."""
        station_id = station_id_of(request.path)
        check_websocket(request.headers)
        if crowded or self._registry.stopping:
            raise self._later("too many stations are connecting")
        if not self._directory.available():
            raise self._later("nothing can be stored now")
        station = self._directory.find(station_id)
        if station is None:
            raise UpgradeRefused(HTTPStatus.NOT_FOUND, "this station is not registered here")
        self._authenticate(station, address, request)
        return station

    def _accept(
        self, station: Station, address: str, request: WSUpgradeRequest
    ) -> WSUpgradeResponseWithListener:
        # The header was checked; picows itself wants the one word.
        request.headers["Connection"] = "upgrade"
        version = best_version(request.headers)
        if version is None:
            _log.warning(
                "no common version",
                station=station.id,
                offered=request.headers.getall("Sec-WebSocket-Protocol", [])[:4],
            )
            return turn()
        link = StationLink(
            self._registry,
            station.id,
            version,
            self._directory.peer(station, version),
            address,
            self._clock.now_ms(),
        )
        response = WSUpgradeResponse.create_101_response(
            [("Sec-WebSocket-Protocol", version.subprotocol)]
        )
        return WSUpgradeResponseWithListener(response, link)

    def _authenticate(self, station: Station, address: str, request: WSUpgradeRequest) -> None:
        """Security profiles 1 and 2: Basic, the user is the station id. Raises UpgradeRefused."""
        pair = (address, station.id)
        credentials = basic_credentials(request.headers)
        if credentials is not None:
            user, password = credentials
            if user == station.id.encode() and self._directory.password_ok(station, password):
                self._failures.forget(pair)
                return
        now_ms = monotonic_ms()
        count, end_ms = self._failures.count(pair, now_ms)
        if count <= FAILURES_MAX:
            _log.warning("log-in failed", station=station.id, address=address, count=count)
            raise UpgradeRefused(
                HTTPStatus.UNAUTHORIZED,
                "Basic credentials are needed: the station id and its password",
                [CHALLENGE],
            )
        raise UpgradeRefused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many failed log-ins for this station from this address",
            [("Retry-After", str((end_ms - now_ms) // 1_000 + 1))],
        )

    def _later(self, reason: str) -> UpgradeRefused:
        """503 with a jittered wait, so that a fleet does not come back as one."""
        wait_s = random.randint(self._config.retry_s, 2 * self._config.retry_s)
        return UpgradeRefused(
            HTTPStatus.SERVICE_UNAVAILABLE, reason, [("Retry-After", str(wait_s))]
        )

    # Once a second.

    def _sweep(self) -> None:
        """Look at everything that waits for time to pass; one timer instead of one each."""
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(self._limits.sweep_ms / 1_000, self._sweep)
        now_ms = monotonic_ms()
        stored = self._directory.available()
        for link in self._registry:
            try:
                if not stored:
                    link.close(TRY_AGAIN_LATER, "nothing can be stored now")
                link.sweep(now_ms)
            except Exception as error:
                _log.error("sweeping failed", station=link.station_id, exc_info=error)
        for socket, since_ms in list(self._connecting.items()):
            if now_ms - since_ms < self._limits.handshake_ms:
                break
            del self._connecting[socket]
            socket.abort()
