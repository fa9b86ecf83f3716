"""A listening socket that does its own accepting: PROXY header, then TLS, then the gateway.

A server of the event loop shows a connection only when its TLS handshake is over. Here a
connection counts among those that are connecting from the moment it is accepted, and while they
are too many nothing is accepted: the others wait in the kernel's queue, and beyond it in TCP's own
back-off, where they cost nothing.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

import structlog

from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.failures import FAILURES_MAX, Failures
from ohmstead.apps.gateway.origin import Networks
from ohmstead.apps.gateway.sockets import StationSocket
from ohmstead.apps.gateway.tls import Certificates
from ohmstead.apps.gateway.waiting import Arriving, Waiting
from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.proxy import Proxied, ProxyParser

ACCEPTED_AT_ONCE_MAX = 32  # in one turn of the loop; the stations inside have theirs in between

_log = structlog.get_logger("ohmstead.gateway")

# Makes the protocol of a connection that has come through: what replaces what, and its header.
Made = Callable[[Arriving, Proxied | None], StationSocket]


class Arrival:
    """One accepted connection, until its handshakes are over."""

    __slots__ = ("address", "connection", "is_handed_over", "task")

    def __init__(self, connection: socket.socket, address: str) -> None:
        self.connection = connection
        self.address = address
        self.is_handed_over = False  # the event loop closes the socket from then on
        self.task: asyncio.Task[None] | None = None

    def abort(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Door:
    """One listener.

    Args:
        made: makes the protocol of a connection that is through.
        waiting: counts those that are connecting, of all doors of a gateway.
        certificates: None for a door without TLS.
        proxies: if given, every connection has to come from there and begin with a PROXY header.
        slow_ms: one that has been connecting for so long gives way to another.
    """

    def __init__(
        self,
        made: Made,
        waiting: Waiting,
        certificates: Certificates | None,
        proxies: Networks | None,
        slow_ms: int,
    ) -> None:
        self._made = made
        self._waiting = waiting
        self._certificates = certificates
        self._proxies = proxies
        self._listening: socket.socket | None = None
        self._failures = Failures()
        self._slow_ms = slow_ms

    @property
    def has_tls(self) -> bool:
        return self._certificates is not None

    def fileno(self) -> int:
        """The listening socket's; -1 once it is closed."""
        return -1 if self._listening is None else self._listening.fileno()

    def open(self, host: str, port: int, backlog: int, handed: socket.socket | None = None) -> int:
        """Listen, or go on where ``handed`` listens; returns the port. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = handed or socket.create_server((host, port), family=family, backlog=backlog)
        listening.setblocking(False)
        self._listening = listening
        self._resume()
        bound: int = listening.getsockname()[1]
        return bound

    def trust(self, proxies: Networks) -> None:
        """Take headers from these from now on, if it takes any."""
        if self._proxies is not None:
            self._proxies = proxies

    def close(self) -> None:
        """Accept nothing more."""
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None

    def _resume(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _pause(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._waiting.when_there_is_room(self._resume)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE_MAX):
            if self._listening is None:
                return
            if not self._waiting.make_room(self._slow_ms):
                self._pause()
                return
            try:
                connection, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no file descriptor left: the sweep tries again
                _log.error("nothing can be accepted", reason=error.strerror)
                self._pause()
                return
            connection.setblocking(False)
            arrival = Arrival(connection, str(peer[0]))
            self._waiting.enter(arrival)
            arrival.task = asyncio.create_task(self._bring_in(arrival))

    async def _bring_in(self, arrival: Arrival) -> None:
        loop = asyncio.get_running_loop()
        try:
            proxied = await self._header_of(arrival)
            context = self._certificates.context if self._certificates is not None else None
            arrival.is_handed_over = True
            await loop.connect_accepted_socket(
                lambda: self._made(arrival, proxied), arrival.connection, ssl=context
            )
        except (OSError, RemoteProtocolError) as error:
            self._note(arrival.address, error)
        except Exception as error:
            _log.error("a connection failed to come in", exc_info=error)
        finally:
            self._waiting.leave(arrival)
            if not arrival.is_handed_over:
                arrival.connection.close()

    async def _header_of(self, arrival: Arrival) -> Proxied | None:
        """Read the PROXY header; raises RemoteProtocolError."""
        if self._proxies is None:
            return None
        if arrival.address not in self._proxies:
            raise RemoteProtocolError(
                "only ocpp.trusted_proxies may connect to a listener with proxy_protocol"
            )
        loop, parser = asyncio.get_running_loop(), ProxyParser()
        while True:
            data = await loop.sock_recv(arrival.connection, parser.wanted)
            if not data:
                raise RemoteProtocolError("the connection ended inside its PROXY header")
            proxied = parser.receive(data)
            if proxied is not None:
                return proxied

    def _note(self, address: str, error: Exception) -> None:
        """Say why somebody did not come in, and not more than five times a minute each."""
        if isinstance(error, ConnectionError | TimeoutError):
            return  # gone again: nothing that anybody here could mend
        count, _ = self._failures.count((address, ""), monotonic_ms())
        if count <= FAILURES_MAX:
            _log.warning("a connection did not come in", address=address, reason=_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the station's certificate is refused: {error.verify_message}"
    return str(getattr(error, "reason", None) or error)
