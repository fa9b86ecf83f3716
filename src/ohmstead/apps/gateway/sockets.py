"""Our settings of a picows server socket, and the places where its own habits do not do.

* The factory of picows sees the request but not who sends it; here each socket has a factory of
  its own, which knows the address.
* After a protocol error picows goes on buffering what arrives for some milliseconds, which on a
  fast line is megabytes. RFC 6455, 7.1.7: an endpoint "MUST NOT continue to attempt to process
  data"; here it falls into one shared scratch buffer.
* Its log has whole requests in it, passwords included, and a logger object per connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from picows import (
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # missing in its stub

from ohmstead.apps.gateway.closing import INVALID_TEXT, PROTOCOL_ERROR, TOO_BIG, close
from ohmstead.apps.gateway.origin import Origin, origin_of
from ohmstead.apps.gateway.upgrade import UpgradeRefused
from ohmstead.wire.proxy import Proxied

READ_BUFFER_BYTES = 1024  # grows to twice the longest frame a station ever sent
FAILED = frozenset({PROTOCOL_ERROR, INVALID_TEXT, TOO_BIG})

_scratch = bytearray(64 << 10)
_log = structlog.get_logger("ohmstead.gateway")


class _Log:
    """What picows says, without what may be secret: only that it caught a defect of ours."""

    def isEnabledFor(self, level: int) -> bool:
        return False

    def exception(self, message: str, *values: object) -> None:
        _log.error("picows: " + message, values=values, exc_info=True)

    def debug(self, message: str, *values: object) -> None:
        """Nothing: warnings and errors are the peer's violations, told by their close codes."""

    log = info = warning = error = debug


_LOG = _Log()


class Turned(WSListener):
    """A station that offers no version of ours: OCPP-J 3.2, see :func:`turn`."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        close(transport, PROTOCOL_ERROR, "offer subprotocol ocpp2.1, ocpp2.0.1 or ocpp1.6")
        transport.disconnect()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()


def turn() -> WSUpgradeResponseWithListener:
    """OCPP-J 3.2, in 1.6 and 2.0.1 alike: when no subprotocol is agreed on, the server "MUST
    complete the WebSocket handshake with a response without a Sec-WebSocket-Protocol header and
    then immediately close the WebSocket connection".
    """
    return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(), Turned())


def refuse(refused: UpgradeRefused) -> WSUpgradeResponseWithListener:
    """Answer with an HTTP error; its body is one sentence."""
    response = WSUpgradeResponse.create_error_response(
        refused.status,
        f"{refused}\n".encode(),
        [("Content-Type", "text/plain; charset=utf-8"), *refused.headers],
    )
    return WSUpgradeResponseWithListener(response, None)


Upgrade = Callable[["StationSocket", WSUpgradeRequest], WSUpgradeResponseWithListener]


class _Discarding(asyncio.BufferedProtocol):
    """Stands in for a socket that has failed, until it is gone."""

    def __init__(self, socket: StationSocket) -> None:
        self._socket = socket

    def get_buffer(self, size_hint: int) -> bytearray:
        return _scratch

    def buffer_updated(self, count: int) -> None:
        """Nothing: what arrives now is not looked at."""

    def pause_writing(self) -> None:
        self._socket.pause_writing()

    def resume_writing(self) -> None:
        self._socket.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._socket.connection_lost(error)


class StationSocket(WSProtocol):  # type: ignore[misc]  # Any, without a stub
    """One accepted TCP connection, before and after its upgrade.

    Args:
        upgrade: answers the request.
        made: told once the connection stands.
        lost: told once it is gone.
        frame_bytes_max: longer frames end the connection with 1009, at their header.
        write_bytes_max: more than this unsent, and the listener's ``pause_writing`` is called.
        proxied: what a PROXY header said of it.
    """

    def __init__(
        self,
        upgrade: Upgrade,
        made: Callable[[StationSocket], None],
        lost: Callable[[StationSocket], None],
        frame_bytes_max: int,
        write_bytes_max: int,
        proxied: Proxied | None = None,
    ) -> None:
        self.origin = Origin("")
        self._proxied = proxied
        self._made: Callable[[StationSocket], None] | None = made
        self._lost = lost
        self._write_bytes_max = write_bytes_max
        super().__init__(
            None,  # host and port: a client's
            None,  # path: a client's
            False,  # is_client_side
            partial(upgrade, self),
            _LOG,
            True,  # disconnect_on_exception
            None,  # websocket_handshake_timeout: the sweep's, see server
            False,  # enable_auto_ping: a task for each connection; the sweep's instead
            10,
            10,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # enable_auto_pong: would not count as something heard
            frame_bytes_max,
            None,  # extra_headers
            READ_BUFFER_BYTES,
        )

    def connection_made(self, transport: asyncio.Transport) -> None:
        name = transport.get_extra_info("peername")
        address = str(name[0]) if isinstance(name, tuple) else ""
        self.origin = origin_of(address, transport.get_extra_info("ssl_object"), self._proxied)
        transport.set_write_buffer_limits(high=self._write_bytes_max)
        super().connection_made(transport)
        if self._made is not None:
            self._made(self)
            self._made = None

    def connection_lost(self, error: Exception | None) -> None:
        self._lost(self)
        super().connection_lost(error)

    def buffer_updated(self, count: int) -> None:
        WSProtocol.buffer_updated(self, count)
        closing = self.transport.close_handshake
        if closing is not None and closing.sent is not None and int(closing.sent.code) in FAILED:
            # The transport keeps its protocol's methods, so only another protocol can change them.
            self.transport.underlying_transport.set_protocol(_Discarding(self))

    def abort(self) -> None:
        """Give the connection up at once."""
        self.transport.disconnect(graceful=False)
