"""WebSocket close codes (RFC 6455, 7.4.1), the Close frame, and the time sockets are counted in."""

from __future__ import annotations

import time

from picows import WSTransport

OK = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
INVALID_TEXT = 1007
POLICY = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012  # IANA: "reconnect after a randomised delay"
TRY_AGAIN_LATER = 1013

REASON_BYTES_MAX = 123  # 5.5: a control frame carries 125 bytes, 2 of them are the code


def close(transport: WSTransport, code: int, reason: str) -> None:
    """Send the Close frame; the reason is cut to what a control frame can carry."""
    text = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
    transport.send_close(code, text)  # type: ignore[arg-type]  # any number will do


def monotonic_ms() -> int:
    """Real milliseconds that never step: what timeouts on a socket are counted in."""
    return time.monotonic_ns() // 1_000_000
