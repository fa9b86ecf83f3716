"""Puts a message of several frames together again, compressed or not, in bounded memory.

RFC 6455, 5.4, and RFC 7692, 6: the first fragment says what the message is, and if it is packed.
"""

from __future__ import annotations

from picows import WSFrame, WSMsgType

from ohmstead.apps.gateway.closing import PROTOCOL_ERROR, TOO_BIG
from ohmstead.apps.gateway.deflate import Packed
from ohmstead.wire.ocpp.faults import MustClose


class Assembly:
    """A message whose first fragment has come, and not yet its last."""

    __slots__ = ("_begun", "_bytes_max", "_packed", "_so_far")

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._begun = self._packed = False
        self._so_far = bytearray()

    def add(self, frame: WSFrame) -> bytes | None:
        """Take the next fragment; returns the message once it is whole. Raises MustClose.

        Only the first fragment says what it is, the others continue it; control frames may come
        in between and are not for here.
        """
        if (frame.msg_type is WSMsgType.TEXT) is self._begun:
            raise MustClose(PROTOCOL_ERROR, "fragments of a message are out of order")
        if not self._begun:
            self._begun, self._packed = True, frame.rsv1
        if len(self._so_far) + frame.payload_size > self._bytes_max:
            raise MustClose(TOO_BIG, f"a message is longer than {self._bytes_max} bytes")
        self._so_far += frame.get_payload_as_memoryview()
        if not frame.fin:
            return None
        data = bytes(self._so_far)
        return Packed(data) if self._packed else data


def reserved(frame: WSFrame, begun: bool, window_bits: int) -> bool:
    """Is a reserved bit set that may not be?

    RFC 6455, 5.2: "MUST be 0 unless an extension is negotiated". RFC 7692, 6: the first one marks
    the first fragment of a compressed message, and never a control frame. ``begun``: a first
    fragment has come; ``window_bits``: 0 where no compression was agreed.
    """
    if frame.rsv2 or frame.rsv3:
        return True
    first = frame.msg_type is WSMsgType.TEXT and not begun
    return bool(frame.rsv1) and not (first and window_bits)
