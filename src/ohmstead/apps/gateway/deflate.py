"""Compressed messages: permessage-deflate (RFC 7692), which OCPP 2.x asks every CSMS to speak.

OCPP-J 2.0.1 part 4, 3.3: a CSMS has to support it, a station may. Each message stands alone, in
both directions (``no_context_takeover``): a window kept for every connection would cost more memory
than all the rest of it, and most of what stations say is a few hundred bytes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from picows import WSMsgType, WSTransport

from ohmstead.apps.gateway.closing import INVALID_TEXT, TOO_BIG
from ohmstead.wire.ocpp.faults import MustClose

NAME = "permessage-deflate"
COMPRESSED_FROM = 512  # bytes; below it an answer is sent as it is, which section 6 allows
OFFERS_MAX = 8  # looked at, of one request
WINDOW_BITS_MIN = 9  # 7.1.2.1 allows 8, for which zlib has no raw stream

_TAIL = b"\x00\x00\xff\xff"  # 7.2.1: what the sender took off the end
_LEVEL, _MEMORY = 6, 5  # half of zlib's usual memory, while a message is being compressed
_BITS = re.compile(r"8|9|1[0-5]")


class Packed(bytes):
    """A message as it came, compressed: what has to wait is kept so, or it would be unbounded."""


def agreed(offered: Iterable[str]) -> str | None:
    """Return what to answer to ``Sec-WebSocket-Extensions``; None: nothing offered will do.

    Of several offers the first that can be taken is; a parameter that section 7.1 does not know, or
    names twice, makes an offer one to decline.
    """
    offers = [one for value in offered for one in value.split(",")]
    return next((word for one in offers[:OFFERS_MAX] if (word := _accepted(one))), None)


def window_bits(answer: str) -> int:
    """Return the window that ``answer``, of :func:`agreed`, promises for what we send."""
    _, _, bits = answer.partition("server_max_window_bits=")
    return int(bits or zlib.MAX_WBITS)


def inflated(data: bytes, bytes_max: int) -> bytes:
    """Return the message; raises MustClose for one that is broken or longer than ``bytes_max``.

    Memory stays bounded: no more than one byte over the limit is ever unpacked.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = stream.decompress(data + _TAIL, bytes_max + 1)
    except zlib.error as error:
        raise MustClose(INVALID_TEXT, "a compressed message cannot be unpacked") from error
    if len(message) > bytes_max:
        raise MustClose(TOO_BIG, f"a message is longer than {bytes_max} bytes")
    # 7.2.3.4: a sender may end its stream, and then adds an empty block.
    if stream.eof and stream.unused_data != b"\x00" + _TAIL:
        raise MustClose(INVALID_TEXT, "a compressed message goes on after its end")
    return message


def deflated(message: bytes, bits: int = zlib.MAX_WBITS) -> bytes:
    """Return a message compressed, in a window of ``bits``."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -bits, _MEMORY)
    packed = stream.compress(message) + stream.flush(zlib.Z_SYNC_FLUSH)
    return packed.removesuffix(_TAIL)


def send(transport: WSTransport, message: bytes, bits: int) -> None:
    """Send a message, compressed if that was agreed (``bits`` is not 0) and is worth it."""
    if bits and len(message) >= COMPRESSED_FROM:
        transport.send(WSMsgType.TEXT, deflated(message, bits), True, True)
    else:
        transport.send(WSMsgType.TEXT, message)


def _accepted(offer: str) -> str | None:
    name, *parameters = (part.strip() for part in offer.split(";"))
    if name.lower() != NAME:
        return None
    seen: dict[str, str] = {}
    for parameter in parameters:
        key, equals, value = (part.strip() for part in parameter.partition("="))
        if key in seen or not _is_known(key, bool(equals), value.strip('"')):
            return None
        seen[key] = value.strip('"')
    answer = f"{NAME}; server_no_context_takeover; client_no_context_takeover"
    if bits := seen.get("server_max_window_bits"):
        return f"{answer}; server_max_window_bits={bits}" if int(bits) >= WINDOW_BITS_MIN else None
    return answer


def _is_known(key: str, has_value: bool, value: str) -> bool:
    if key in ("server_no_context_takeover", "client_no_context_takeover"):
        return not has_value
    if key == "client_max_window_bits" and not has_value:
        return True
    return key in ("client_max_window_bits", "server_max_window_bits") and bool(
        _BITS.fullmatch(value)
    )
