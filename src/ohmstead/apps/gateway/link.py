"""One station's WebSocket: frames to the sans-I/O Rpc, its events to the Peer, answers back.

The way of a message is kept short on purpose: frame, ``rpc.receive``, first step of the handler,
answer, all in one callback; a handler that has to wait goes on in a later one, without a Task.
"""

from __future__ import annotations

from uuid import uuid4

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from ohmstead.apps.gateway import closing
from ohmstead.apps.gateway.assembly import Assembly, reserved
from ohmstead.apps.gateway.closing import close, monotonic_ms
from ohmstead.apps.gateway.deflate import Packed, inflated, send
from ohmstead.apps.gateway.handling import Handling
from ohmstead.apps.gateway.intake import Intake
from ohmstead.apps.gateway.interface import (
    CallOutcome,
    Connection,
    Disconnected,
    Peer,
    QueueFull,
)
from ohmstead.apps.gateway.noting import noted, tell
from ohmstead.apps.gateway.outcomes import Outcomes
from ohmstead.apps.gateway.registry import Registry
from ohmstead.errors import LocalProtocolError, StoreUnavailable
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode, MustClose
from ohmstead.wire.ocpp.frames import CallReceived, Event
from ohmstead.wire.ocpp.rpc import CALLS_QUEUED_MAX, Rpc

CALL_PAYLOAD_BYTES_MAX = 128 << 10  # ours; must fit the write queue beside an answer

TEXT, BINARY, CONTINUATION = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION
PING, CLOSE = WSMsgType.PING, WSMsgType.CLOSE

_log = structlog.get_logger("ohmstead.gateway")


class StationLink(WSListener):
    """A connected station, as picows' listener and as the handlers' Link.

    Args:
        registry: where this connection is entered once it is open.
        station_id: who it is; already authenticated.
        version: what the subprotocol settled.
        peer: its handlers.
        address: the peer's IP address.
        since_ms: when it connected, by the network's clock.
        profile: the security profile it proved, 0 to 3.
        window_bits: of what is sent compressed; 0: compression was not agreed.
    """

    __slots__ = (
        "_close_by_ms",
        "_ended",
        "_heard_ms",
        "_intake",
        "_leaving",
        "_message",
        "_outcomes",
        "_peer",
        "_pinged_ms",
        "_received",
        "_registry",
        "_rpc",
        "_sent",
        "_transport",
        "_window_bits",
        "_wire",
        "_working",
        "address",
        "profile",
        "since_ms",
        "station_id",
        "taken_over_by",
        "version",
    )

    def __init__(
        self,
        registry: Registry,
        station_id: str,
        version: Version,
        peer: Peer,
        address: str,
        since_ms: int,
        profile: int = 1,
        window_bits: int = 0,
    ) -> None:
        self.station_id = station_id
        self.version = version
        self.address = address
        self.since_ms = since_ms
        self.profile = profile
        self._window_bits = window_bits
        self._registry = registry
        self._peer = peer
        memory = registry.answers.of(station_id)
        self._rpc = Rpc(version, memory, frame_bytes_max=registry.frame_bytes_max)
        self._transport: WSTransport | None = None
        self._message: Assembly | None = None  # a message that arrives in fragments
        self._wire = registry.wire.of(station_id)
        pace, told = registry.pace_of(station_id), self._wire.note
        self._intake = Intake(pace, self._rpc, self._take_in, told)
        self.taken_over_by = ""  # the address of the connection that this one gave way to
        self._outcomes = Outcomes()
        self._heard_ms = monotonic_ms()
        self._pinged_ms = 0
        self._close_by_ms = 0  # 0: not closing
        self._working = False
        self._leaving: tuple[int, str] | None = None  # once the call is answered
        self._ended = False
        self._received = self._sent = 0

    # For the handlers and the API: the Link.

    async def call(
        self,
        action: str,
        payload: bytes,
        timeout_ms: int | None = None,
        *,
        message_id: str | None = None,
    ) -> CallOutcome:
        """Send a CALL and return what became of it; see :class:`interface.Link`.

        Raises LocalProtocolError for a payload over CALL_PAYLOAD_BYTES_MAX or a message id that
        cannot be used.
        """
        if self._ended:
            return Disconnected(sent=False)
        if len(payload) > CALL_PAYLOAD_BYTES_MAX:
            raise LocalProtocolError(f"a payload is longer than {CALL_PAYLOAD_BYTES_MAX} bytes")
        if len(self._outcomes) > CALLS_QUEUED_MAX:
            return QueueFull()
        if message_id is None:
            message_id = str(uuid4())
        if timeout_ms is None:
            timeout_ms = self._registry.call_timeout_ms
        self._rpc.call(message_id, action, payload, monotonic_ms(), timeout_ms)
        future = self._outcomes.expect(message_id)
        self._flush()
        return await future

    def dispute(self, message_id: str, why: CallRefused) -> None:
        """Tell the station that its answer could not be read; see :class:`interface.Link`."""
        self._rpc.dispute(message_id, why.code, why.description)
        self._flush()

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; nothing more is read or answered."""
        transport = self._transport
        if transport is None or self._close_by_ms:
            return
        self._close_by_ms = monotonic_ms() + self._registry.limits.close_ms
        self._flush()
        self._wire.note(f"closing with {code}: {reason}")
        self._end()
        close(transport, code, reason)

    def leave(self, code: int = closing.GOING_AWAY, reason: str = "the server is stopping") -> None:
        """Close for a shutdown: now, or when the call being worked on is answered."""
        self._leaving = (code, reason)
        if not self._working:
            self.close(code, reason)

    def drop(self) -> None:
        """Give the socket up at once, with whatever it has not sent."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def summary(self) -> Connection:
        """Return what ``status`` shows of this connection."""
        return Connection(
            self.station_id,
            self.version,
            self.since_ms,
            self.address,
            self._received,
            self._sent,
            len(self._outcomes),
            self.profile,
        )

    def sweep(self, now_ms: int) -> None:
        """Look at everything that waits for time to pass; called about once a second."""
        if self._close_by_ms:
            if now_ms >= self._close_by_ms:
                self.drop()
            return
        self._act(self._rpc.tick(now_ms))
        if self._intake.sweep(now_ms):
            self._heard_ms = now_ms  # it is we who do not listen
        limits, silent_ms = self._registry.limits, now_ms - self._heard_ms
        if silent_ms < limits.ping_after_ms or self._transport is None:
            return
        if self._pinged_ms <= self._heard_ms:
            self._pinged_ms = now_ms
            self._transport.send_ping()
        elif now_ms - self._pinged_ms >= limits.pong_ms:
            _log.info("station silent", station=self.station_id, silent_ms=silent_ms)
            self.drop()

    # For picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The upgrade has been sent."""
        self._transport = self._intake.transport = transport
        for head in (transport.request, transport.response):  # one has the password in it
            head.headers.clear()
        self._registry.enter(self)
        how = f"{self.version.subprotocol}, profile {self.profile}"
        _log.info("station connected", station=self.station_id, address=self.address, how=how)
        tell(self.station_id, self._peer.connected, self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame; nearly always a whole text message."""
        if (
            frame.msg_type is TEXT
            and frame.fin
            and self._message is None
            and not (frame.rsv1 or frame.rsv2 or frame.rsv3)
        ):
            self._receive(frame.get_payload_as_bytes())
        else:
            self._receive_unusual(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        self._end()
        self._transport = None
        self._registry.forget(self)
        who, counts = self.station_id, (self._received, self._sent)
        _log.info("station disconnected", station=who, received=counts[0], sent=counts[1])

    def pause_writing(self) -> None:
        """The write queue is full: this station does not read. The others are not to wait."""
        _log.warning("station does not read", station=self.station_id)
        self.drop()

    # Frames.

    def _receive(self, data: bytes) -> None:
        if self._intake.lets_in(data):
            self._take_in(data)

    def _take_in(self, data: bytes, binary: bool = False) -> None:
        self._heard_ms = now_ms = monotonic_ms()
        self._received += 1
        try:
            if type(data) is Packed:
                data = inflated(data, self._registry.frame_bytes_max)
            self._wire.received(data, now_ms)
            self._intake.spend(len(data), now_ms)
            events = self._rpc.receive(data, now_ms, binary=binary)
        except MustClose as error:
            self._violated(error.close_code, str(error))
        else:
            self._act(events)

    def _receive_unusual(self, transport: WSTransport, frame: WSFrame) -> None:
        """Control frames, fragments, and what RFC 6455 does not allow."""
        self._heard_ms = now_ms = monotonic_ms()
        self._intake.spend(frame.payload_size, now_ms)
        kind = frame.msg_type
        if kind is CLOSE:
            self._closed_by_peer(transport, frame)
        elif self._close_by_ms:
            pass  # the rest of what was under way when we sent our Close
        elif reserved(frame, self._message is not None, self._window_bits):
            self._violated(closing.PROTOCOL_ERROR, "a reserved bit is set")
        elif kind is PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind is BINARY:
            self._take_in(b"", binary=True)
        elif kind is TEXT or kind is CONTINUATION:
            self._receive_fragment(frame)

    def _receive_fragment(self, frame: WSFrame) -> None:
        if self._message is None:
            self._message = Assembly(self._registry.frame_bytes_max)
        try:
            whole = self._message.add(frame)
        except MustClose as error:
            self._violated(error.close_code, str(error))
            return
        if whole is not None:
            self._message = None
            self._receive(whole)

    def _closed_by_peer(self, transport: WSTransport, frame: WSFrame) -> None:
        """Section 5.5.1: answer a Close with a Close, then the server ends the connection."""
        code = frame.get_close_code()
        if self.taken_over_by:
            self._registry.threw_out(self)
        if not self._close_by_ms:
            self._close_by_ms = monotonic_ms() + self._registry.limits.close_ms
            self._end()
            close(transport, closing.OK if code == WSCloseCode.NO_INFO else int(code.value), "")
        transport.disconnect()

    def _violated(self, code: int, reason: str) -> None:
        _log.warning("closing on a violation", station=self.station_id, code=code, reason=reason)
        self.close(code, reason)

    # Events.

    def _act(self, events: list[Event]) -> None:
        """Do what the events ask for, and what follows from that, then write."""
        for event in events:  # which grow meanwhile
            if type(event) is CallReceived:
                events += self._work_on(event)
            else:
                self._note(event)
        self._flush()

    def _work_on(self, call: CallReceived) -> list[Event]:
        """Let the handler take its first step here: some need no second."""
        if self._registry.handed_on:  # the station asks again, there
            self.close(closing.SERVICE_RESTART, "the server is restarting")
            return []
        handling = self._peer.handle(call)
        try:
            waited = handling.send(None)
        except StopIteration as done:
            return self._rpc.answer(call.message_id, done.value)
        except Exception as error:
            return self._refuse(call, error)
        self._working = True
        self._registry.work.add(Handling(call, handling, waited, self._finish))
        return []

    def _finish(self, handling: Handling, outcome: bytes | BaseException) -> None:
        """Answer once the handler is done, also when the connection has ended meanwhile."""
        self._working = False
        self._registry.finish(handling)
        call = handling.call
        if isinstance(outcome, bytes):
            events = self._rpc.answer(call.message_id, outcome)
        elif isinstance(outcome, Exception):
            events = self._refuse(call, outcome)
        else:  # cancelled
            self._rpc.abandon(call.message_id)
            return
        if self._leaving is not None:
            self.close(*self._leaving)
        if not self._ended:
            self._act(events)
            self._intake.release()
            return
        newer = self._registry.link(self.station_id)
        if newer is not None:
            # The station may have repeated the call there, and wait for this answer.
            newer.sweep(monotonic_ms())

    def _refuse(self, call: CallReceived, error: Exception) -> list[Event]:
        if isinstance(error, CallRefused):
            return self._rpc.refuse(call.message_id, error.code, error.description)
        if isinstance(error, StoreUnavailable):
            # What cannot be made durable is not answered: the station keeps its message.
            self._rpc.abandon(call.message_id)
            self.close(closing.TRY_AGAIN_LATER, "nothing can be stored now")
            return []
        _log.error(
            "a handler failed", station=self.station_id, action=call.action[:60], exc_info=error
        )
        return self._rpc.refuse(call.message_id, ErrorCode.INTERNAL_ERROR)

    def _note(self, event: Event) -> None:
        """Everything but their calls."""
        if not noted(self.station_id, event):
            late = self._outcomes.take(event)
            if late is not None:
                tell(self.station_id, self._peer.late, late)

    def _flush(self) -> None:
        transport = self._transport
        for message in self._rpc.data_to_send():
            if transport is not None:
                self._sent += 1
                self._wire.sent(message)
                send(transport, message, self._window_bits)

    def _end(self) -> None:
        """The conversation is over, whether or not the socket is gone already; once."""
        if self._ended:
            return
        self._ended = True
        self._message = None
        self._intake.end()
        for event in self._rpc.close():
            self._note(event)
        self._registry.leave(self)
        tell(self.station_id, self._peer.disconnected, self)
