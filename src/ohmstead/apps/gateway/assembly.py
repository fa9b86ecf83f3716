"""Puts a fragmented message together again, in bounded memory (RFC 6455, 5.4)."""

from __future__ import annotations

from picows import WSFrame, WSMsgType

from ohmstead.apps.gateway.closing import PROTOCOL_ERROR, TOO_BIG
from ohmstead.wire.ocpp.faults import MustClose


class Assembly:
    """A message whose first fragment has come, and not yet its last."""

    __slots__ = ("_begun", "_bytes_max", "_so_far")

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._begun = False
        self._so_far = bytearray()

    def add(self, frame: WSFrame) -> bytes | None:
        """Take the next fragment; returns the message once it is whole. Raises MustClose.

        Only the first fragment says what it is, the others continue it; control frames may come
        in between and are not for here.
        """
        if (frame.msg_type is WSMsgType.TEXT) is self._begun:
            raise MustClose(PROTOCOL_ERROR, "fragments of a message are out of order")
        self._begun = True
        if len(self._so_far) + frame.payload_size > self._bytes_max:
            raise MustClose(TOO_BIG, f"a message is longer than {self._bytes_max} bytes")
        self._so_far += frame.get_payload_as_memoryview()
        return bytes(self._so_far) if frame.fin else None
