"""Idempotency-Key: a request that moves money is carried out once, however often it arrives."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response

from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.problems import Problem
from ohmstead.core.access import REFUSED, KeptAnswer
from ohmstead.flows.access import Once, begin, keep, once
from ohmstead.ports import Flow, Store

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,128}")

C = TypeVar("C")
A = TypeVar("A")
AnyRequest = Request[Any, Any, Any]


def is_asked(request: AnyRequest) -> bool:
    """Whether the caller wants a request carried out once that may be repeated otherwise."""
    return HEADER.lower() in request.headers


async def _asked(request: AnyRequest, caller: Caller) -> tuple[str, str]:
    """The id of the answer to keep, and the digest of what was asked."""
    text = request.headers.get(HEADER.lower(), "")
    if not KEY.fullmatch(text):
        detail = f"send {HEADER} with a fresh id of 1 to 128 characters for each new request"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, "idempotency-key-missing")
    assert caller.key is not None  # no route that moves money is public
    path = request.url.path
    digest = hashlib.sha256(path.encode() + b"\0" + await request.body()).hexdigest()
    return f"{caller.key.id} {text}", digest


async def run_once(
    store: Store,
    request: AnyRequest,
    caller: Caller,
    flow: Flow[C, A],
    command: C,
    view: Callable[[A], Any],
) -> Response[bytes]:
    """Run a flow whose answer is kept in the commit that changes what it changes."""
    id_, digest = await _asked(request, caller)

    def render(done: A) -> str:
        return msgspec.json.encode(view(done)).decode()

    wanted = Once(id_, digest, flow, command, render, HTTPStatus.OK)
    return _response(await store.run(once, wanted))


class Effect:
    """A request whose effect is elsewhere: noted before it, answered after it."""

    def __init__(self, store: Store, id_: str, digest: str) -> None:
        self._store, self.id, self._digest = store, id_, digest

    @classmethod
    async def begin(
        cls, store: Store, request: AnyRequest, caller: Caller
    ) -> tuple[Effect, Response[bytes] | None]:
        """Note it; the second part is the answer of a request that is over already."""
        id_, digest = await _asked(request, caller)
        kept = await store.run(begin, KeptAnswer(id_, digest, 0, ""))
        return cls(store, id_, digest), None if kept is None else _response(kept)

    async def end(self, status: int, body: object) -> Response[bytes]:
        """Keep the answer and give it."""
        text = msgspec.json.encode(body).decode()
        answer = KeptAnswer(self.id, self._digest, int(status), text)
        return _response(await self._store.run(keep, answer))

    async def release(self) -> None:
        """It was refused and nothing happened: the same request may come again under its key."""
        await self._store.run(keep, KeptAnswer(self.id, self._digest, REFUSED, ""))


def _response(kept: KeptAnswer) -> Response[bytes]:
    return Response(kept.body.encode(), status_code=kept.status, media_type="application/json")
