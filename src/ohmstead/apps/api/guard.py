"""The door: who asks, and may this caller ask that? A route that names no scope is admin's.

"Nothing but health, public locations and receipts is anonymous, from the first route on"
(5-interfaces): a route is public only if it says so.
"""

from __future__ import annotations

import base64
import binascii
import time
from http import HTTPStatus
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from ohmstead.apps.api.keys import Caller, find_caller
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.boot import House
from ohmstead.apps.gateway.failures import FAILURES_MAX, Failures
from ohmstead.core.access import Scope

SCOPES = "scopes"
PUBLIC = "public"
BEARER = "bearer "
BASIC = "basic "
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="ohmstead"'}
# A browser asks its person for a name and a password: the password is the key, the name is free.
SIGN_IN = {"WWW-Authenticate": 'Basic realm="ohmstead: any name, and an API key as password"'}
API = "/api/"
AUTHORIZATION_MAX = 512  # characters of the header
NS_PER_MS = 1_000_000

Connection = ASGIConnection[Any, Any, Any, Any]


def public() -> dict[str, Any]:
    """Options of a route that anybody may ask."""
    return {PUBLIC: True}


def scopes(*allowed: Scope) -> dict[str, Any]:
    """Options of a route that these scopes may ask, beside admin."""
    return {SCOPES: frozenset(allowed)}


class Guard:
    """Litestar's guard of every route; ``connection.state.caller`` is what it found."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._failures = Failures()

    def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Raise 401, 403 or 429, or let the request in."""
        text = key_text(connection.headers.get("authorization", ""))
        is_public = bool(handler.opt.get(PUBLIC))
        caller = Caller() if text is None else self._caller(connection, text)
        connection.state.caller = caller
        if is_public:
            return
        if caller.key is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "an API key is needed: send it as `Authorization: Bearer <key>`",
                "unauthorised",
                CHALLENGE,
            )
        allowed: frozenset[Scope] = handler.opt.get(SCOPES, frozenset())
        if not caller.may(*allowed):
            names = ", ".join(sorted(scope.value for scope in {Scope.ADMIN, *allowed}))
            raise Problem(
                HTTPStatus.FORBIDDEN, f"this needs a key with one of the scopes {names}", "scope"
            )

    def _caller(self, connection: Connection, text: str) -> Caller:
        address = connection.client.host if connection.client else ""
        caller = find_caller(self._house.store, self._house.pepper, text)
        if caller is not None:
            return caller
        # As with stations, a right key is let in whatever came before it: nobody is locked out
        # by others behind the same address, and the secret's 256 bits bear any guessing.
        now_ms = time.monotonic_ns() // NS_PER_MS
        count, end_ms = self._failures.count((address, ""), now_ms)
        if count > FAILURES_MAX:
            wait_s = (end_ms - now_ms) // 1_000 + 1
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"too many wrong keys from this address; wait {wait_s} s",
                "too-many-failures",
                {"Retry-After": str(wait_s)},
            )
        challenge = CHALLENGE if connection.url.path.startswith(API) else SIGN_IN
        detail = "this API key is not known here, or was revoked"
        raise Problem(HTTPStatus.UNAUTHORIZED, detail, "unauthorised", challenge)


def key_text(header: str) -> str | None:
    """Read a key from an Authorization header: Bearer, or the password of Basic for browsers."""
    header = header[:AUTHORIZATION_MAX]
    if header.lower().startswith(BEARER):
        return header[len(BEARER) :].strip()
    if header.lower().startswith(BASIC):
        try:
            text = base64.b64decode(header[len(BASIC) :], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return text.partition(":")[2]
    return None if not header else ""
