"""What an HTTP request to the gateway asks for: pure readings of its target and headers.

OCPP-J 3.1 (the same in 1.6 and in 2.0.1 part 4): a station asks for a WebSocket at an endpoint URL
followed by its percent-encoded identity, and names the versions it speaks as subprotocols.
Nothing here knows a socket or a station.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote_to_bytes

from ohmstead.core.station_id import STATION_ID_WORDS, is_station_id
from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocpp.base import Version

ENDPOINT = b"/ocpp/"
CREDENTIALS_LENGTH_MAX = 512  # 48 + 1 + 40 characters need 120 in base64
WEBSOCKET_VERSION = "13"

# The newest first: of several offered, that one is taken.
_BEST_FIRST = (Version.V21, Version.V201, Version.V16)


class Headers(Protocol):
    """The headers of a request; names are compared without case."""

    def getall(self, key: str, default: list[str]) -> list[str]: ...


class UpgradeRefused(RemoteProtocolError):
    """The request is answered with an HTTP error and the connection ends.

    Attributes:
        status: the HTTP status.
        headers: headers of the answer, beside the usual ones. The message is its body.
        note: what the operator is told instead, where whoever asks is not to know it.
    """

    def __init__(
        self,
        status: HTTPStatus,
        text: str,
        headers: Iterable[tuple[str, str]] = (),
        note: str = "",
    ):
        super().__init__(text)
        self.status = status
        self.headers = tuple(headers)
        self.note = note or text


def endpoints_of(paths: Iterable[str]) -> tuple[bytes, ...]:
    """What a target may begin with: ours, and the aliases of a fleet that keeps its URLs.

    ``paths`` end in ``{station_id}``, as in ``/steve/websocket/CentralSystemService/{station_id}``.
    """
    aliases = (path.removesuffix("{station_id}").encode() for path in paths)
    return tuple(sorted({ENDPOINT, *aliases}, key=len, reverse=True))


def station_id_of(target: bytes, endpoints: Iterable[bytes] = (ENDPOINT,)) -> str:
    """Return the station id a request target names, percent-decoded; raises UpgradeRefused.

    A query string is refused rather than ignored: whoever put a secret or a version there should
    hear that it has no effect.
    """
    path, question_mark, _ = target.partition(b"?")
    endpoint = next((one for one in endpoints if path.startswith(one)), None)
    if endpoint is None:
        raise UpgradeRefused(HTTPStatus.NOT_FOUND, "stations connect to /ocpp/{station id}")
    if question_mark:
        raise UpgradeRefused(
            HTTPStatus.BAD_REQUEST, "no query string is expected after /ocpp/{station id}"
        )
    station_id = unquote_to_bytes(path[len(endpoint) :]).decode("latin-1")
    if not is_station_id(station_id):
        raise UpgradeRefused(HTTPStatus.NOT_FOUND, f"a station id has {STATION_ID_WORDS}")
    return station_id


def check_websocket(headers: Headers) -> None:
    """Raise UpgradeRefused unless this is the opening handshake of RFC 6455, section 4.2.1."""
    if "websocket" not in _tokens(headers, "Upgrade") or "upgrade" not in _tokens(
        headers, "Connection"
    ):
        raise UpgradeRefused(
            HTTPStatus.UPGRADE_REQUIRED,
            "this is an OCPP-J endpoint: connect with a WebSocket client",
            [("Upgrade", "websocket")],
        )
    if _values(headers, "Sec-WebSocket-Version") != [WEBSOCKET_VERSION]:
        # Section 4.4: the answer names the version that would be understood.
        raise UpgradeRefused(
            HTTPStatus.UPGRADE_REQUIRED,
            "only WebSocket version 13 (RFC 6455) is spoken here",
            [("Upgrade", "websocket"), ("Sec-WebSocket-Version", WEBSOCKET_VERSION)],
        )
    keys = _values(headers, "Sec-WebSocket-Key")
    if len(keys) != 1 or len(_base64(keys[0]) or b"") != 16:
        raise UpgradeRefused(
            HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64, once"
        )


def best_version(headers: Headers) -> Version | None:
    """Return the newest version among the subprotocols offered, or None if we speak none."""
    offered = {
        token.strip()
        for value in headers.getall("Sec-WebSocket-Protocol", [])
        for token in value.split(",")
    }
    return next((version for version in _BEST_FIRST if version.subprotocol in offered), None)


def basic_credentials(headers: Headers) -> bytes | None:
    """Return user and password of HTTP Basic (RFC 7617) with the colon between them, or None if
    there are none to read.

    They are bytes: OCPP 1.6 stations send a password of 20 raw bytes, which is no text.
    """
    values = headers.getall("Authorization", [])
    if len(values) != 1 or len(values[0]) > CREDENTIALS_LENGTH_MAX:
        return None
    scheme, _, encoded = values[0].partition(" ")
    if scheme.lower() != "basic":
        return None
    credentials = _base64(encoded.strip()) or b""
    return credentials if b":" in credentials else None


def password_of(station_id: str, credentials: bytes | None) -> bytes | None:
    """Return the password, or None unless the user is exactly this station.

    RFC 7617 ends the user at the first colon; where the id itself has one (``CP:5``), only who
    knows the id can tell where it ends.
    """
    user = f"{station_id}:".encode()
    if credentials is None or not credentials.startswith(user):
        return None
    return credentials[len(user) :]


def _values(headers: Headers, name: str) -> list[str]:
    return [value.strip() for value in headers.getall(name, [])]


def _tokens(headers: Headers, name: str) -> set[str]:
    """A list header as lower-case tokens: proxies send ``Connection: keep-alive, Upgrade``."""
    return {
        token.strip().lower() for value in headers.getall(name, []) for token in value.split(",")
    }


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
