"""OCPP-J remote procedure calls for one connection, without I/O and without a clock.

Feed it what arrives with :meth:`Rpc.receive`, tell it the time with :meth:`Rpc.tick`, and after
each of its methods write out what :meth:`Rpc.data_to_send` returns. The two directions are
independent; in each, one CALL is in flight at a time (OCPP-J 4.1.1) and the others wait here,
bounded.

Whatever a peer sends, :meth:`Rpc.receive` returns events or raises RemoteProtocolError.
"""

from __future__ import annotations

from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen, replace
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import ErrorCode, MustClose
from ohmstead.wire.ocpp.frames import (
    CALL,
    CALLRESULTERROR,
    MESSAGE_ID_LENGTH_MAX,
    NEVER_ANSWERED,
    UNREADABLE_ID,
    Call,
    CallError,
    CallExpired,
    CallFailed,
    CallReceived,
    CallResult,
    CallResultError,
    ErrorReceived,
    Event,
    FrameRefused,
    LateError,
    LateResult,
    RepeatReceived,
    ResultDisputed,
    ResultReceived,
    SendReceived,
    call_frame,
    error_frame,
    glimpse,
    parse_frame,
    result_frame,
)
from ohmstead.wire.ocpp.memory import Key, StationMemory, Work

FRAME_BYTES_MAX = 1 << 18  # a NotifyReport of some hundred variables is about 60 kB
CALLS_WAITING_MAX = 16  # the peer's, beyond the one being worked on; their bytes <= one frame's max
CALLS_HELD_MAX = 8  # of those; a caller that can stop reading does so before there are too many
CALLS_QUEUED_MAX = 64  # ours, beyond the one in flight
ANSWER_WAIT_MS_MAX = 60_000  # a repeat waits this long for the work an older connection began

CLOSE_UNSUPPORTED_DATA = 1003
CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009


class _Incoming(Frozen):
    """A call of the peer's that has to wait, with the key it is remembered by."""

    call: CallReceived
    key: Key | None


class _Outgoing(Frozen):
    """A call of ours."""

    message_id: str
    action: str
    frame: bytes
    timeout_ms: int


class Rpc:
    """One connection's conversation.

    Args:
        version: the protocol version the WebSocket subprotocol settled.
        memory: what is remembered of this station; a blank one if the peer is not a station.
        frame_bytes_max: frames longer than this end the connection with 1009.
    """

    __slots__ = (
        "_awaited",
        "_closed",
        "_deadline_ms",
        "_frame_bytes_max",
        "_in_flight",
        "_memory",
        "_now_ms",
        "_queue",
        "_repeats",
        "_waiting",
        "_work",
        "_writes",
        "version",
    )

    def __init__(
        self,
        version: Version,
        memory: StationMemory | None = None,
        *,
        frame_bytes_max: int = FRAME_BYTES_MAX,
    ) -> None:
        self.version = version
        self._memory = StationMemory() if memory is None else memory
        self._frame_bytes_max = frame_bytes_max
        self._now_ms = 0
        self._closed = False
        self._writes: list[bytes] = []
        # Their calls: one is worked on (or awaited, when an older connection works on it).
        self._work: Work | None = None
        self._repeats = 0
        self._awaited: tuple[Work, _Incoming, int] | None = None
        self._waiting: list[_Incoming] = []  # short lists: an idle deque costs 600 bytes
        # Ours.
        self._in_flight: _Outgoing | None = None
        self._deadline_ms = 0
        self._queue: list[_Outgoing] = []

    def receive(self, data: bytes | str, now_ms: int, *, binary: bool = False) -> list[Event]:
        """Return the events one incoming message causes.

        ``data`` is a whole message, not a fragment. Raises MustClose for a binary message, one
        that is too big, and a peer that sends call after call without waiting for answers.
        """
        self._now_ms = now_ms
        if self._closed:
            return []
        if binary:
            raise MustClose(CLOSE_UNSUPPORTED_DATA, "OCPP messages are text, not binary")
        raw = data.encode(errors="replace") if isinstance(data, str) else data
        if len(raw) > self._frame_bytes_max:
            raise MustClose(CLOSE_TOO_BIG, f"a message is longer than {self._frame_bytes_max}")
        try:
            frame = parse_frame(raw)
        except (ValueError, RecursionError) as error:
            return self._refuse_frame(raw, str(error))
        if isinstance(frame, Call):
            return self._call_received(frame)
        if isinstance(frame, CallResult):
            return self._result_received(frame)
        if isinstance(frame, CallError):
            return self._error_received(frame)
        if self.version is not Version.V21:
            return self._refuse_frame(raw, f"OCPP {self.version} has no such message type")
        if isinstance(frame, CallResultError):
            return [ResultDisputed(frame.message_id, frame.code, frame.description)]
        # 2.1, 4.2.4: "The receiver SHALL NOT respond to a SEND message".
        return [SendReceived(frame.message_id, frame.action, bytes(frame.payload))]

    def has_room(self, size: int) -> bool:
        """Whether a message of ``size`` bytes may come now; else it is better not read yet."""
        waiting = self._waiting
        if not waiting:
            return self._repeats < CALLS_HELD_MAX
        held = sum(len(other.call.payload) for other in waiting) + size
        many = len(waiting) + self._repeats
        return many < CALLS_HELD_MAX and held <= self._frame_bytes_max

    def answer(self, message_id: str, payload: bytes) -> list[Event]:
        """Answer the call being worked on; returns the events of calls that waited for this.

        Raises LocalProtocolError if this call is not being worked on: one reply per CALL.
        """
        return self._reply(message_id, result_frame(message_id, payload), payload)

    def refuse(
        self, message_id: str, code: ErrorCode, description: str = "", details: bytes = b"{}"
    ) -> list[Event]:
        """Refuse the call being worked on, in this version's spelling; else like :meth:`answer`."""
        text = code.spelled(self.version)
        return self._reply(message_id, error_frame(message_id, text, description, details), None)

    def dispute(self, message_id: str, code: ErrorCode, description: str) -> None:
        """Tell the peer that its answer could not be processed, where its version has words for it.

        2.1, 4.2.3; the versions before never answer an answer.
        """
        if self.version is Version.V21 and not self._closed:
            text = code.spelled(self.version)
            self._writes.append(error_frame(message_id, text, description, kind=CALLRESULTERROR))

    def abandon(self, message_id: str) -> None:
        """Never answer the call being worked on: nothing could be made durable.

        The connection is about to close with 1013; on the next one the repeat is a new call.
        """
        self._memory.abandon(self._take(message_id))
        self._repeats = 0

    def call(
        self, message_id: str, action: str, payload: bytes, now_ms: int, timeout_ms: int
    ) -> None:
        """Send a call of ours, or queue it behind the one in flight.

        ``timeout_ms`` runs from the moment it is sent. Raises LocalProtocolError when the
        connection is closed, the queue is full, or the id cannot be used.
        """
        self._now_ms = now_ms
        if self._closed:
            raise LocalProtocolError("the connection is closed")
        if not 0 < len(message_id) <= MESSAGE_ID_LENGTH_MAX:
            raise LocalProtocolError(f"a message id has 1 to {MESSAGE_ID_LENGTH_MAX} characters")
        if len(self._queue) >= CALLS_QUEUED_MAX:
            raise LocalProtocolError(f"{CALLS_QUEUED_MAX} calls wait for this station already")
        if any(message_id == known.message_id for known in self._calls()):
            raise LocalProtocolError(f"a call with id {message_id!r} is under way")
        frame = call_frame(message_id, action, payload)
        self._queue.append(_Outgoing(message_id, action, frame, timeout_ms))
        self._send_next()

    def tick(self, now_ms: int) -> list[Event]:
        """Expire the call in flight, send the next, and look whether an awaited answer is there.

        To be called about once a second.
        """
        self._now_ms = now_ms
        if self._closed:
            return []
        events: list[Event] = []
        flying = self._in_flight
        if flying is not None and now_ms >= self._deadline_ms:
            self._memory.give_up(flying.message_id, flying.action)
            events.append(CallExpired(flying.message_id, flying.action))
            self._in_flight = None
            self._send_next()
        events += self._look_for_awaited()
        return events

    def data_to_send(self) -> list[bytes]:
        """Return the messages to write, each once, in order."""
        if not self._writes:
            return []
        writes, self._writes = self._writes, []
        return writes

    def close(self) -> list[Event]:
        """End the conversation: our calls fail, theirs that wait are dropped.

        The call being worked on may still be answered; the answer is then only remembered.
        """
        if self._closed:
            return []
        self._closed = True
        events: list[Event] = []
        for ours in self._calls():
            sent = ours is self._in_flight
            if sent:
                self._memory.give_up(ours.message_id, ours.action)
            events.append(CallFailed(ours.message_id, ours.action, sent))
        self._in_flight = None
        self._queue.clear()
        self._waiting.clear()
        self._awaited = None
        self._writes.clear()
        return events

    # Their calls.

    def _call_received(self, frame: Call) -> list[Event]:
        call = CallReceived(frame.message_id, frame.action, bytes(frame.payload))
        key = self._memory.key(call.message_id, call.action, call.payload)
        if self._work is None and self._awaited is None:
            return self._start(call, key)
        waiting = self._repeats + len(self._waiting)
        held = sum(len(other.call.payload) for other in self._waiting) + len(call.payload)
        if waiting >= CALLS_WAITING_MAX or held > self._frame_bytes_max:
            # OCPP-J 4.1.1: a station waits for the answer before it sends the next CALL.
            raise MustClose(CLOSE_POLICY, "too many calls at once")
        if key is not None and self._work is not None and self._work.key == key:
            self._repeats += 1
            return [RepeatReceived(call.message_id, call.action)]
        self._waiting.append(_Incoming(call, key))
        return []

    def _start(self, call: CallReceived, key: Key | None) -> list[Event]:
        """Begin the work a call asks for, unless it was done before or is being done."""
        memory = self._memory
        found = memory.recall(key, self._now_ms)
        if found is None:
            self._work = memory.begin(key, call.message_id)
            reused = memory.is_id_known(call.message_id)
            return [replace(call, id_reused=True) if reused else call]
        if isinstance(found, Work):
            give_up_ms = self._now_ms + ANSWER_WAIT_MS_MAX
            self._awaited = (found, _Incoming(call, key), give_up_ms)
        else:
            self._writes.append(result_frame(call.message_id, found))
        return [RepeatReceived(call.message_id, call.action)]

    def _next_waiting(self) -> list[Event]:
        events: list[Event] = []
        while self._waiting and self._work is None and self._awaited is None:
            incoming = self._waiting.pop(0)
            events += self._start(incoming.call, incoming.key)
        return events

    def _look_for_awaited(self) -> list[Event]:
        """Pass on the answer that was worked out for an older connection, or begin anew."""
        if self._awaited is None:
            return []
        work, incoming, give_up_ms = self._awaited
        if work.frame is not None:
            self._awaited = None
            self._writes.append(work.frame)
            return self._next_waiting()
        if not work.abandoned and self._now_ms < give_up_ms:
            return []
        self._awaited = None
        self._memory.abandon(work)
        return self._start(incoming.call, incoming.key) + self._next_waiting()

    def _take(self, message_id: str) -> Work:
        """Return the work of this id and end it here."""
        work = self._work
        if work is None or work.message_id != message_id:
            raise LocalProtocolError(f"no call {message_id!r} is to be answered")
        self._work = None
        return work

    def _reply(self, message_id: str, frame: bytes, answer: bytes | None) -> list[Event]:
        work = self._take(message_id)
        self._memory.settle(work, frame, answer, self._now_ms)
        repeats, self._repeats = self._repeats, 0
        if self._closed:
            return []
        self._writes.append(frame)
        if repeats:
            self._writes += [frame] * repeats
        return self._next_waiting() if self._waiting else []

    def _refuse_frame(self, raw: bytes, reason: str) -> list[Event]:
        """Answer what is no message, where the version says so; an answer is never answered."""
        kind, message_id = glimpse(raw)
        if kind in NEVER_ANSWERED and (kind < CALLRESULTERROR or self.version is Version.V21):
            return [FrameRefused(reason)]
        if self.version is Version.V16:
            # OCPP-J 1.6 has no error for a message whose id cannot be read: it is dropped.
            if kind == CALL and message_id is not None:
                self._write_error(message_id, ErrorCode.FORMAT_VIOLATION, reason)
            return [FrameRefused(reason)]
        known = kind is None or kind == CALL
        code = ErrorCode.RPC_FRAMEWORK_ERROR if known else ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED
        self._write_error(message_id or UNREADABLE_ID, code, reason)
        return [FrameRefused(reason)]

    def _write_error(self, message_id: str, code: ErrorCode, reason: str) -> None:
        self._writes.append(error_frame(message_id, code.spelled(self.version), reason))

    # Our calls.

    def _result_received(self, frame: CallResult) -> list[Event]:
        ours = self._settled(frame.message_id)
        if ours is not None:
            return [ResultReceived(frame.message_id, ours, frame.payload)]
        late = self._memory.late(frame.message_id)
        return [] if late is None else [LateResult(frame.message_id, late, frame.payload)]

    def _error_received(self, frame: CallError) -> list[Event]:
        message_id, code = frame.message_id, ErrorCode.parse(frame.code)
        ours = self._settled(message_id)
        if ours is not None:
            return [
                ErrorReceived(message_id, ours, code, frame.code, frame.description, frame.details)
            ]
        late = self._memory.late(message_id)
        if late is None:
            return []
        return [LateError(message_id, late, code, frame.code, frame.description)]

    def _settled(self, message_id: str) -> str | None:
        """End the call in flight if this is its id and return its action; send the next."""
        flying = self._in_flight
        if flying is None or flying.message_id != message_id:
            return None
        self._in_flight = None
        self._send_next()
        return flying.action

    def _send_next(self) -> None:
        if self._in_flight is None and self._queue:
            self._in_flight = self._queue.pop(0)
            self._deadline_ms = self._now_ms + self._in_flight.timeout_ms
            self._writes.append(self._in_flight.frame)

    def _calls(self) -> list[_Outgoing]:
        """Return our calls under way, the one in flight first."""
        flying = [] if self._in_flight is None else [self._in_flight]
        return [*flying, *self._queue]
