"""OCPP-J frames: the JSON arrays around the payloads, and the events they become.

Section numbers are those of chapter 4, which OCPP-J 1.6 and part 4 of OCPP 2.0.1 and 2.1 share.
Payloads stay undecoded bytes: ``codec`` reads them once the action is known.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from ohmstead.wire.ocpp.faults import DESCRIPTION_LENGTH_MAX, ErrorCode

CALL, CALLRESULT, CALLERROR = 2, 3, 4  # 4.1.3
CALLRESULTERROR, SEND = 5, 6  # 2.1, 4.1.3; the versions before know no such types
NEVER_ANSWERED = frozenset({CALLRESULT, CALLERROR, CALLRESULTERROR, SEND})
MESSAGE_ID_LENGTH_MAX = 36  # 4.1.4: long enough for a GUID
UNREADABLE_ID = "-1"  # 2.0.1, 4.2.3: the id of an error about a message whose id cannot be read
EMPTY = msgspec.Raw(b"{}")

MessageId = Annotated[str, msgspec.Meta(min_length=1, max_length=MESSAGE_ID_LENGTH_MAX)]


class Call(msgspec.Struct, array_like=True, tag=CALL, forbid_unknown_fields=True, frozen=True):
    """``[2, id, action, payload]``."""

    message_id: MessageId
    action: str
    payload: msgspec.Raw


class CallResult(
    msgspec.Struct, array_like=True, tag=CALLRESULT, forbid_unknown_fields=True, frozen=True
):
    """``[3, id, payload]``."""

    message_id: MessageId
    payload: msgspec.Raw


class CallError(
    msgspec.Struct, array_like=True, tag=CALLERROR, forbid_unknown_fields=True, frozen=True
):
    """``[4, id, code, description, details]``; some stations leave the last two out."""

    message_id: MessageId
    code: str
    description: str = ""
    details: msgspec.Raw = EMPTY


class CallResultError(
    msgspec.Struct, array_like=True, tag=CALLRESULTERROR, forbid_unknown_fields=True, frozen=True
):
    """``[5, id, code, description, details]``: an answer could not be processed (2.1, 4.2.3)."""

    message_id: MessageId
    code: str
    description: str = ""
    details: msgspec.Raw = EMPTY


class Send(msgspec.Struct, array_like=True, tag=SEND, forbid_unknown_fields=True, frozen=True):
    """``[6, id, action, payload]``: a message that nobody answers (2.1, 4.2.4)."""

    message_id: MessageId
    action: str
    payload: msgspec.Raw


Frame = Call | CallResult | CallError | CallResultError | Send
_FRAMES: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(
    Call | CallResult | CallError | CallResultError | Send
)
_LOOSE = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


class CallReceived(msgspec.Struct, frozen=True, gc=False):
    """The peer asks; exactly one answer, refusal or abandonment of this id is owed.

    ``id_reused``: the same id came lately with another payload (some firmware has constant ids).
    """

    message_id: str
    action: str
    payload: bytes
    id_reused: bool = False


class RepeatReceived(msgspec.Struct, frozen=True, gc=False):
    """The peer repeated a call; it gets the answer of the first, and nothing is to be done."""

    message_id: str
    action: str


class ResultReceived(msgspec.Struct, frozen=True, gc=False):
    """The peer answered our call; the payload is not validated yet."""

    message_id: str
    action: str
    payload: msgspec.Raw


class ErrorReceived(msgspec.Struct, frozen=True, gc=False):
    """The peer refused our call. ``code`` is None when ``code_text`` is its own invention."""

    message_id: str
    action: str
    code: ErrorCode | None
    code_text: str
    description: str
    details: msgspec.Raw


class LateResult(msgspec.Struct, frozen=True, gc=False):
    """An answer to a call of ours that was given up: to be stored on its command."""

    message_id: str
    action: str
    payload: msgspec.Raw


class LateError(msgspec.Struct, frozen=True, gc=False):
    """A refusal of a call of ours that was given up: to be stored on its command."""

    message_id: str
    action: str
    code: ErrorCode | None
    code_text: str
    description: str


class CallExpired(msgspec.Struct, frozen=True, gc=False):
    """Our call was not answered in time."""

    message_id: str
    action: str


class CallFailed(msgspec.Struct, frozen=True, gc=False):
    """The connection closed before our call was answered; ``sent`` says whether it left at all."""

    message_id: str
    action: str
    sent: bool


class FrameRefused(msgspec.Struct, frozen=True, gc=False):
    """A frame was no OCPP message. It has been answered where the protocol asks for it."""

    reason: str


class ResultDisputed(msgspec.Struct, frozen=True, gc=False):
    """The peer could not process an answer of ours (2.1). It is over; somebody should look."""

    message_id: str
    code_text: str
    description: str


class SendReceived(msgspec.Struct, frozen=True, gc=False):
    """The peer tells something and wants no answer (2.1); there is none, broken or not."""

    message_id: str
    action: str
    payload: bytes


Event = (
    CallReceived
    | RepeatReceived
    | ResultReceived
    | ErrorReceived
    | LateResult
    | LateError
    | CallExpired
    | CallFailed
    | FrameRefused
    | ResultDisputed
    | SendReceived
)


def parse_frame(data: bytes) -> Frame:
    """Return the frame; raises ValueError or RecursionError for what is none.

    RFC 6455 section 8.1: a text message is UTF-8. It is checked for the whole frame here, because
    payloads are kept as bytes and some are stored unread.
    """
    if not data.isascii():
        data.decode("utf-8")
    return _FRAMES.decode(data)


def glimpse(data: bytes) -> tuple[int | None, str | None]:
    """Return the message type and id of a broken frame, as far as they can be read."""
    try:
        parts = _LOOSE.decode(data)
        kind = msgspec.json.decode(parts[0], type=int) if parts else None
    except (ValueError, RecursionError):
        return None, None
    try:
        return kind, msgspec.json.decode(parts[1], type=MessageId)
    except (ValueError, IndexError, RecursionError):
        return kind, None


def call_frame(message_id: str, action: str, payload: bytes) -> bytes:
    """Return the bytes of a CALL."""
    head = _ENCODER.encode([2, message_id, action])
    return b"%b,%b]" % (head[:-1], payload)


def result_frame(message_id: str, payload: bytes) -> bytes:
    """Return the bytes of a CALLRESULT."""
    return b"[3,%b,%b]" % (_ENCODER.encode(message_id), payload)


def error_frame(
    message_id: str, code: str, description: str, details: bytes = b"{}", kind: int = CALLERROR
) -> bytes:
    """Return the bytes of a CALLERROR, or in 2.1 a CALLRESULTERROR.

    The description is cut to the 255 characters allowed.
    """
    head = _ENCODER.encode([kind, message_id, code, description[:DESCRIPTION_LENGTH_MAX]])
    return b"%b,%b]" % (head[:-1], details)
