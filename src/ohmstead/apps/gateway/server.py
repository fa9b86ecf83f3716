"""The OCPP gateway: accepts stations, and gives each one its handlers.

Who may connect is decided in this order, and the first refusal is the answer:

1. 404, another path or no station id; 400, a query string
2. 426 or 400, not a WebSocket handshake
3. 503, too many are connecting, or nothing can be stored now; both with a Retry-After
4. 400, a trusted proxy's header that cannot be read
5. 404, an unknown station. OCPP-J 3.2 asks for it, and a station id is no secret: it is printed
   on the station and stands in every receipt
6. 401, no Basic credentials, another user than the station, or a wrong password; 403, another's
   certificate, or a security profile below the station's own;
   429 instead after five of them in a minute from one address for one station
7. 503 with a Retry-After, a station that logs in more often than it may (``ocpp.pace``)
8. the upgrade, without a subprotocol and closed again, if none that we speak was offered
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable, Sequence
from http import HTTPStatus

import structlog
from picows import WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener

from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway import deflate
from ohmstead.apps.gateway.closing import (
    GOING_AWAY,
    SERVICE_RESTART,
    TRY_AGAIN_LATER,
    monotonic_ms,
)
from ohmstead.apps.gateway.door import Door
from ohmstead.apps.gateway.doorkeeper import Doorkeeper
from ohmstead.apps.gateway.draining import LOOK_S, duplicate, in_turn, spread_s
from ohmstead.apps.gateway.failures import Guessing
from ohmstead.apps.gateway.forwarded import forwarded
from ohmstead.apps.gateway.interface import Connection, Directory, Link
from ohmstead.apps.gateway.link import StationLink
from ohmstead.apps.gateway.origin import Networks, Origin
from ohmstead.apps.gateway.pace import PaceLimits
from ohmstead.apps.gateway.refusals import Refusals
from ohmstead.apps.gateway.registry import Limits, Registry
from ohmstead.apps.gateway.rivals import Rivalry
from ohmstead.apps.gateway.sockets import StationSocket, refuse, turn
from ohmstead.apps.gateway.tls import Certificates
from ohmstead.apps.gateway.upgrade import (
    UpgradeRefused,
    best_version,
    check_websocket,
    endpoints_of,
    station_id_of,
)
from ohmstead.apps.gateway.waiting import Arriving, Waiting
from ohmstead.apps.gateway.wirelog import WireLogs
from ohmstead.core.network import Station
from ohmstead.ports import Clock
from ohmstead.wire.proxy import Proxied

BACKLOG_MAX = 4_096
RESTARTING = "the server is restarting"

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
        self._endpoints = endpoints_of(config.paths)
        self._registry = Registry(
            self._limits,
            config.call_timeout_s * 1_000,
            config.frame_bytes_max,
            PaceLimits.of(config.pace),
        )
        self._doorkeeper = Doorkeeper(directory, config)
        self._refusals = Refusals(directory, self._registry.wire, self._endpoints)
        self._proxies = Networks(config.trusted_proxies)
        self._connecting = Waiting(config.handshakes_max)
        self._servers: list[asyncio.Server] = []
        self._doors: list[Door] = []
        self.certificates: Certificates | None = None  # of the listener with TLS, while it listens
        self._sweeping: asyncio.TimerHandle | None = None
        self._retry_s = 0  # 0: the configured one

    async def start(self, host: str, port: int, handed: Sequence[socket.socket] = ()) -> int:
        """Listen without TLS, and return the port, which ``port=0`` leaves to the system.

        ``handed`` are sockets that listen already, from the process before.
        """
        if self._config.proxy_protocol:
            return self._open(host, port, None, self._proxies, handed)
        # What the kernel lets in at once is what may connect at once: of a whole fleet that
        # reconnects, the others wait in TCP's own back-off and cost nothing here.
        backlog = min(self._config.handshakes_max, BACKLOG_MAX)
        loop = asyncio.get_running_loop()
        for one in handed:
            self._servers.append(await loop.create_server(self._socket, sock=one, backlog=backlog))
        if not handed:
            server = await loop.create_server(self._socket, host, port, backlog=backlog)
            self._servers.append(server)
        self._begin_sweeping()
        bound: int = self._servers[0].sockets[0].getsockname()[1]
        return bound

    async def start_tls(
        self,
        host: str,
        port: int,
        certificates: Certificates,
        handed: Sequence[socket.socket] = (),
    ) -> int:
        """Listen with TLS too, and return the port; the files are watched from now on."""
        self.certificates = certificates
        proxies = self._proxies if self._config.tls.proxy_protocol else None
        return self._open(host, port, certificates, proxies, handed)

    def _open(
        self,
        host: str,
        port: int,
        certificates: Certificates | None,
        proxies: Networks | None,
        handed: Sequence[socket.socket],
    ) -> int:
        door = Door(
            *(self._arrived, self._connecting, certificates, proxies),
            slow_ms=self._limits.handshake_slow_tls_ms,
        )
        # Longer than for plain ones: a handshake costs more than a SYN that is sent again.
        bound = door.open(host, port, BACKLOG_MAX, handed[0] if handed else None)
        self._doors.append(door)
        self._begin_sweeping()
        return bound

    def listening(self) -> dict[str, list[socket.socket]]:
        """Duplicates of the listening sockets, to be handed on: ``ocpp`` and ``ocpp_tls``."""
        found: dict[str, list[socket.socket]] = {"ocpp": [], "ocpp_tls": []}
        for server in self._servers:
            found["ocpp"] += [duplicate(one.fileno()) for one in server.sockets]
        for door in self._doors:
            found["ocpp_tls" if door.has_tls else "ocpp"].append(duplicate(door.fileno()))
        return found

    def _begin_sweeping(self) -> None:
        if self._sweeping is None:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(self._limits.sweep_ms / 1_000, self._sweep)

    def reconfigure(self, config: OcppConfig, certificates: Certificates | None) -> None:
        """Meet those who come from now on so; who is connected stays.

        ``certificates`` were read anew. What cannot change here while it runs is not looked at:
        binds, paths, sizes of frames and the pace of stations.
        """
        self._config = config
        if certificates is not None and self.certificates is not None:
            self.certificates.adopt(certificates)
        self._proxies = Networks(config.trusted_proxies)
        for door in self._doors:
            door.trust(self._proxies)
        self._doorkeeper.reconfigure(config)
        self._connecting.allow(config.handshakes_max)
        self._registry.call_timeout_ms = config.call_timeout_s * 1_000

    def link(self, station_id: str) -> Link | None:
        """Return the connection that speaks for this station now, if one does."""
        return self._registry.link(station_id)

    @property
    def wire(self) -> WireLogs:
        """The last frames of each station."""
        return self._registry.wire

    def flooding_ms(self, station_id: str) -> int:
        """For how long a station has been sending more than it may; 0: it does not."""
        return self._registry.paces.flooding_ms(station_id, monotonic_ms())

    def guessing(self, station_id: str) -> Guessing | None:
        """Who guesses at a station's password, where one a second can find it."""
        return self._doorkeeper.guesses.of(station_id, monotonic_ms())

    def rivalry(self, station_id: str) -> Rivalry | None:
        """Two connections that ended each other lately, both with this id."""
        return self._registry.rivals.of(station_id, monotonic_ms())

    def connected(self) -> list[Connection]:
        """Return one line per connected station."""
        return [link.summary() for link in self._registry.speaking()]

    async def drain(self, drain_s: float, hurry: asyncio.Event) -> None:
        """Let nobody in any more and close every socket with 1012, spread over ``drain_s``.

        Each is closed after the call that is being worked on; the others are served meanwhile.
        Those who come are told 503 and when to try again. :meth:`stop` has to follow.
        """
        links = list(self._registry)
        random.shuffle(links)
        self._registry.stopping = True
        seconds = spread_s(len(links), drain_s)
        self._retry_s = max(1, round(seconds))
        await in_turn(links, seconds, hurry, lambda one: one.leave(SERVICE_RESTART, RESTARTING))

    async def hand_on(self, finish_s: float = 10) -> None:
        """Accept nobody, let those in that are connecting, and end the calls being worked on.

        Returns when nothing is decided here any more. Sockets stay open; a station that calls on
        one is closed unanswered with 1012, and calls again where the listening sockets are now.
        """
        self._close_listening()
        deadline_ms = monotonic_ms() + int(finish_s * 1_000)
        while len(self._connecting) and monotonic_ms() < deadline_ms:
            await asyncio.sleep(LOOK_S)
        self._registry.stopping = self._registry.handed_on = True
        await self._finish(finish_s)

    async def stop(self, drain_s: float = 10) -> None:
        """Stop listening, let the calls being worked on be answered, then close every socket.

        Takes ``drain_s`` and the time of the closing handshake at most. What is not finished then
        is abandoned unanswered, so the stations send it again.
        """
        if self._sweeping is None:
            return
        self._close_listening()
        self._registry.stopping = True
        for link in self._registry:
            link.leave()
        await self._finish(drain_s)
        for link in self._registry:
            link.close(GOING_AWAY, "the server is stopping")
        self._connecting.abort()
        if not await self._registry.emptied(self._limits.close_ms / 1_000):
            for link in self._registry:
                link.drop()
            await self._registry.emptied(1)
        self._sweeping.cancel()
        self._sweeping = self.certificates = None
        self._servers.clear()
        self._doors.clear()

    def _close_listening(self) -> None:
        for server in self._servers:
            server.close()
        for door in self._doors:
            door.close()

    async def _finish(self, patience_s: float) -> None:
        """Let what is being worked on end; what does not is abandoned."""
        await self._registry.worked(patience_s)
        for work in list(self._registry.work):
            work.cancel()
        await self._registry.worked()

    # Connections that are not upgraded yet.

    def _socket(self) -> StationSocket:
        return self._new_socket(self._made)

    def _arrived(self, arrival: Arriving, proxied: Proxied | None) -> StationSocket:
        """Make the protocol of a connection; once its handshakes are over, its request may take
        its own time."""
        return self._new_socket(lambda one: self._connecting.hand_over(arrival, one), proxied)

    def _new_socket(
        self, made: Callable[[StationSocket], None], proxied: Proxied | None = None
    ) -> StationSocket:
        limits, config = self._limits, self._config
        lost = self._connecting.leave
        return StationSocket(
            self._upgrade, made, lost, config.frame_bytes_max, limits.write_bytes_max, proxied
        )

    def _made(self, socket: StationSocket) -> None:
        self._connecting.make_room(self._limits.handshake_slow_ms)
        self._connecting.enter(socket)

    def _upgrade(
        self, socket: StationSocket, request: WSUpgradeRequest
    ) -> WSUpgradeResponseWithListener:
        """Answer a request."""
        crowded = self._connecting.is_crowded
        self._connecting.leave(socket)
        address = socket.origin.address
        try:
            return self._answer(socket.origin, request, crowded)
        except UpgradeRefused as refused:
            self._refusals.refused(request.path, refused)
            _log.debug("upgrade refused", address=address, status=int(refused.status))
            return refuse(refused)
        except Exception as error:
            # picows would send the error's text to the peer.
            _log.error("an upgrade failed", address=address, exc_info=error)
            return refuse(UpgradeRefused(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error"))

    def _answer(
        self, origin: Origin, request: WSUpgradeRequest, crowded: bool
    ) -> WSUpgradeResponseWithListener:
        """Let the station in that asks; raises UpgradeRefused."""
        station_id = station_id_of(request.path, self._endpoints)
        check_websocket(request.headers)
        if self._registry.stopping:
            raise self._later(RESTARTING)
        if crowded:
            raise self._later("too many stations are connecting")
        if not self._directory.available():
            raise self._later("nothing can be stored now")
        origin = forwarded(origin, request.headers, self._proxies)
        station, profile = self._doorkeeper.admit(station_id, origin, request.headers)
        wait_ms = self._registry.pace_of(station_id).log_in(monotonic_ms())
        if wait_ms:
            why, wait = "this station connects too often", str(wait_ms // 1_000 + 1)
            raise UpgradeRefused(HTTPStatus.SERVICE_UNAVAILABLE, why, [("Retry-After", wait)])
        return self._accept(station, profile, origin.address, request)

    def _accept(
        self, station: Station, profile: int, address: str, request: WSUpgradeRequest
    ) -> WSUpgradeResponseWithListener:
        # The header was checked; picows itself wants the one word.
        request.headers["Connection"] = "upgrade"
        version = best_version(request.headers)
        if version is None:
            self._refusals.turned(station.id, request.headers)
            return turn()
        answer = [("Sec-WebSocket-Protocol", version.subprotocol)]
        packing = self._config.compression and deflate.agreed(
            request.headers.getall("Sec-WebSocket-Extensions", [])
        )
        if packing:
            answer.append(("Sec-WebSocket-Extensions", packing))
        link = StationLink(
            self._registry,
            station.id,
            version,
            self._directory.peer(station, version),
            address,
            self._clock.now_ms(),
            profile,
            deflate.window_bits(packing) if packing else 0,
        )
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(answer), link)

    def _later(self, reason: str) -> UpgradeRefused:
        """503 with a jittered wait, so that a fleet does not come back as one."""
        retry_s = self._retry_s or self._config.retry_s
        wait_s = random.randint(retry_s, 2 * retry_s)
        return UpgradeRefused(
            HTTPStatus.SERVICE_UNAVAILABLE, reason, [("Retry-After", str(wait_s))]
        )

    # Once a second.

    def _sweep(self) -> None:
        """Look at everything that waits for time to pass; one timer instead of one each."""
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(self._limits.sweep_ms / 1_000, self._sweep)
        now_ms = monotonic_ms()
        stored = self._registry.handed_on or self._directory.available()
        for link in self._registry:
            try:
                if not stored:
                    link.close(TRY_AGAIN_LATER, "nothing can be stored now")
                link.sweep(now_ms)
            except Exception as error:
                _log.error("sweeping failed", station=link.station_id, exc_info=error)
        self._connecting.sweep(now_ms, self._limits.handshake_ms)
        if self.certificates is not None:
            self.certificates.refresh()
