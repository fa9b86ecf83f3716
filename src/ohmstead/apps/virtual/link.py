"""One websocket of a virtual station: frames in and out, and nothing decided.

The conversation itself is the sans-I/O :class:`ohmstead.wire.ocpp.rpc.Rpc`, used from the
station's side. Its timeouts run in real time, whatever clock the station lives by.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from ssl import SSLContext
from urllib.parse import quote

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from ohmstead.apps.virtual.tls import Finding, look
from ohmstead.errors import OhmsteadError, RemoteProtocolError
from ohmstead.units import MS_PER_S
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode, MustClose
from ohmstead.wire.ocpp.frames import (
    CallExpired,
    CallFailed,
    CallReceived,
    ErrorReceived,
    Event,
    ResultReceived,
)
from ohmstead.wire.ocpp.rpc import FRAME_BYTES_MAX, Rpc

TICK_S = 0.5
HANDSHAKE_TIMEOUT_S = 20
WORDS_MAX = 200  # characters of a refusal that are shown
CLOSED_ABNORMALLY = 1006  # RFC 6455 7.4.1: no close frame was received

Answer = Callable[[CallReceived], bytes]
"""The station's answer to a CALL of the CSMS; raises CallRefused for a CALLERROR."""


class UpgradeRefused(RemoteProtocolError):
    """The CSMS did not open the websocket. ``status`` is its HTTP status, 0 without an answer.

    ``said`` is what it answered in words. ``tls`` is what is wrong with TLS, where that is why.
    """

    def __init__(
        self, status: int, reason: str, said: str = "", tls: Finding | None = None
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.said = said
        self.tls = tls


class LinkLost(OhmsteadError):
    """The connection ended before the answer came. ``code`` is the websocket status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the connection closed with {code}")
        self.code = code


class NoAnswer(OhmsteadError):
    """The CSMS did not answer a CALL in time."""


class CsmsRefused(OhmsteadError):
    """The CSMS answered a CALL with a CALLERROR; ``code_text`` as it spelled it."""

    def __init__(self, code_text: str, description: str) -> None:
        super().__init__(f"{code_text}: {description}")
        self.code_text = code_text
        self.description = description


class StationLink(WSListener):
    """An open connection. Made by :func:`open_link` only."""

    def __init__(self, rpc: Rpc, answer: Answer, on_closed: Callable[[int], None]) -> None:
        self._rpc = rpc
        self._answer = answer
        self._on_closed = on_closed
        self._transport: WSTransport | None = None
        self._asked: dict[str, asyncio.Future[bytes]] = {}
        self._parts: list[bytes] = []
        self._close_code = CLOSED_ABNORMALLY
        self._loop = asyncio.get_running_loop()
        self._ticking: asyncio.TimerHandle | None = None
        self.closed = asyncio.Event()
        self.accepted = False  # the server's subprotocol is ours
        self.received = 0

    async def call(self, message_id: str, action: str, payload: bytes, timeout_ms: int) -> bytes:
        """Send a CALL, after those before it are answered, and return the answer's payload.

        Raises CsmsRefused, NoAnswer, LinkLost.
        """
        if self.closed.is_set():
            raise LinkLost(self._close_code)
        answered: asyncio.Future[bytes] = self._loop.create_future()
        self._rpc.call(message_id, action, payload, self._now_ms(), timeout_ms)
        self._asked[message_id] = answered
        self._write()
        return await answered

    def send_text(self, text: bytes) -> None:
        """Write any text frame past the protocol: for misbehaviour only."""
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, text)

    def close(self, code: int = 1000) -> None:
        """Say goodbye and close."""
        self._end(WSCloseCode(code))

    def drop(self) -> None:
        """Cut the TCP connection without a word, as a lost mobile network does."""
        if self._transport is not None:
            self._transport.underlying_transport.abort()

    # What picows calls.

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        match frame.msg_type:
            case WSMsgType.CLOSE:
                # RFC 6455 5.5.1: the answer to a close frame is a close frame.
                self._close_code = int(getattr(frame.get_close_code(), "value", 0))
                self._end(WSCloseCode.OK)
            case WSMsgType.TEXT | WSMsgType.BINARY | WSMsgType.CONTINUATION:
                self._parts.append(frame.get_payload_as_bytes())
                if sum(map(len, self._parts)) > FRAME_BYTES_MAX:
                    self._end(WSCloseCode.MESSAGE_TOO_BIG)
                elif frame.fin:
                    message = b"".join(self._parts)
                    self._parts.clear()
                    self._message(message, frame.msg_type is WSMsgType.BINARY)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        self._handle(self._rpc.close())
        self.closed.set()
        if self.accepted:
            self._on_closed(self._close_code)

    # What came of it.

    def _message(self, message: bytes, binary: bool) -> None:
        self.received += 1
        try:
            events = self._rpc.receive(message, self._now_ms(), binary=binary)
        except MustClose as error:
            self._end(WSCloseCode(error.close_code))
            return
        self._handle(events)
        self._write()

    def _handle(self, events: list[Event]) -> None:
        pending = list(events)
        while pending:
            match pending.pop(0):
                case CallReceived() as call:
                    pending += self._reply(call)
                case ResultReceived(message_id, _, payload):
                    self._settle(message_id, bytes(payload))
                case ErrorReceived(message_id, _, _, code_text, description):
                    self._settle(message_id, CsmsRefused(code_text, description))
                case CallExpired(message_id):
                    self._settle(message_id, NoAnswer("no answer in time"))
                case CallFailed(message_id):
                    self._settle(message_id, LinkLost(self._close_code))
                case _:
                    pass  # repeats were answered; late answers and broken frames change nothing

    def _reply(self, call: CallReceived) -> list[Event]:
        try:
            payload = self._answer(call)
        except CallRefused as refused:
            return self._rpc.refuse(call.message_id, refused.code, refused.description)
        except Exception:
            self._rpc.refuse(call.message_id, ErrorCode.INTERNAL_ERROR, "a defect of the station")
            raise
        return self._rpc.answer(call.message_id, payload)

    def _settle(self, message_id: str, outcome: bytes | OhmsteadError) -> None:
        answered = self._asked.pop(message_id, None)
        if answered is None or answered.done():
            return
        if isinstance(outcome, bytes):
            answered.set_result(outcome)
        else:
            answered.set_exception(outcome)

    def _tick(self) -> None:
        self._handle(self._rpc.tick(self._now_ms()))
        self._write()
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def _write(self) -> None:
        for frame in self._rpc.data_to_send():
            if self._transport is not None and not self._transport.is_disconnected:
                self._transport.send(WSMsgType.TEXT, frame)

    def _end(self, code: WSCloseCode) -> None:
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send_close(code)
            self._transport.disconnect()

    def _now_ms(self) -> int:
        return int(self._loop.time() * MS_PER_S)


async def open_link(
    url: str,
    station_id: str,
    password: bytes | None,
    version: Version,
    answer: Answer,
    on_closed: Callable[[int], None],
    ssl_context: SSLContext | None = None,
) -> StationLink:
    """Connect to ``{url}/{station_id}`` with Basic authentication, if there is a password.

    OCPP-J 1.6 3.1.1: the identity is appended to the endpoint's URL, percent-encoded. Raises
    UpgradeRefused, also where the server chose no or another subprotocol.
    """
    headers = {"Sec-WebSocket-Protocol": version.subprotocol}
    if password is not None:
        credentials = base64.b64encode(station_id.encode() + b":" + password).decode()
        headers["Authorization"] = f"Basic {credentials}"
    try:
        transport, link = await ws_connect(
            lambda: StationLink(Rpc(version), answer, on_closed),
            f"{url.rstrip('/')}/{quote(station_id, safe='')}",
            ssl_context=ssl_context,
            extra_headers=headers,
            websocket_handshake_timeout=HANDSHAKE_TIMEOUT_S,
            max_frame_size=FRAME_BYTES_MAX,
            max_redirects=0,
        )
    except WSHandshakeError as error:
        if error.response is None:
            raise await _no_answer(url, ssl_context, "what answers there is no websocket") from None
        status, said = int(error.response.status), _words(error.raw_body)
        why = f"the upgrade was refused with {status}{said and f' ({said})'}"
        raise UpgradeRefused(status, why, said) from None
    except (OSError, WSError, TimeoutError, ValueError) as error:
        why = str(error) or type(error).__name__
        raise await _no_answer(url, ssl_context, why) from None
    if link is None or transport.response is None:  # it ended before any answer
        raise await _no_answer(url, ssl_context, "it closed the connection without an answer")
    assert isinstance(link, StationLink)
    chosen = transport.response.headers.get("Sec-WebSocket-Protocol")
    if chosen != version.subprotocol:
        link.close()
        raise UpgradeRefused(0, f"the server chose the subprotocol {chosen!r}")
    if link.closed.is_set():
        raise UpgradeRefused(0, "the server closed the connection at once")
    link.accepted = True
    return link


async def _no_answer(url: str, ssl_context: SSLContext | None, why: str) -> UpgradeRefused:
    finding = await look(url, ssl_context)
    if why == "ConnectionResetError" and url.startswith("wss:"):
        why = "it closed the connection during the TLS handshake"
    return UpgradeRefused(0, f"no connection to {url}: {finding or why}", tls=finding)


def _words(body: bytes | None) -> str:
    """One line of what a server says beside its status."""
    text = (body or b"").decode(errors="replace").strip()
    return text if text.isprintable() and len(text) <= WORDS_MAX else ""
