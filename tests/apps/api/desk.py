"""A real house with real sockets, its API served over HTTP, and a key for each scope."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from ohmstead.apps.api.app import build
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.api.server import ApiServer
from ohmstead.apps.api.settlement import NoSettlement
from ohmstead.apps.settler import Standing
from ohmstead.core.access import Scope
from ohmstead.core.onchain import EpochRecord, EpochState
from ohmstead.flows.access import add_key
from ohmstead.ports import Decision
from tests.apps.stations.field import running
from tests.flows.world import DRIVER

TARIFF = {
    "id": "T2",
    "currency": "tUSD",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.35, "step_size": 1}]}],
}
HOST = "0x" + "ab" * 20
STATION = {"id": "CP1", "owner": HOST, "tariff": "T", "evses": [{"id": 1, "rated_w": 22000}]}


class ImitatedSettlement:
    """Answers as a settler would, with nothing behind it."""

    def __init__(self):
        self.poured, self.trouble = [], None

    async def close_epoch(self):
        return 1

    async def reconcile(self):
        return {"holds": True, "problems": []}

    async def receipt(self, session_id, with_records):
        return b'{"records":[]}' if with_records else b"{}"

    async def bundle(self, number):
        return b'{"format":"imitated"}\n'

    async def claim(self, account):
        return {"account": account, "claimable": "7"}

    async def pour(self, name, account, amount_minor):
        self.poured.append((name, account, amount_minor))
        if self.trouble is not None:
            raise self.trouble
        return "0x" + "aa" * 32

    async def binding(self, owner, public_key):
        return bytes(32)

    async def passport(self, passport, r, s):
        return Standing("submitted", 0, "0x" + "bb" * 32)

    async def standing(self, key_id):
        return Standing("none", 0, "")

    def status(self):
        return {"kind": "imitated", "state": "open", "rpc": "http://127.0.0.1:8545"}


class Desk:
    """The house's field, and one HTTP client for each scope beside ``nobody``."""

    def __init__(self, field, app, url):
        self.field, self.app, self.url = field, app, url
        self.house = field.house
        self.clients, self.keys = {}, {}

    def __getattr__(self, name):
        try:
            return self.clients[name]
        except KeyError:
            raise AttributeError(name) from None

    async def admit(self, stack):
        """Make a key and a client for each scope."""
        for scope in Scope:
            subject = DRIVER if scope is Scope.DRIVER else ""
            now = self.field.now
            record, text = fresh_key(self.house.pepper, (scope,), scope.value, now, subject)
            await self.house.store.run(add_key, record)
            self.keys[scope.value] = (record, text)
            headers = {"Authorization": f"Bearer {text}"}
            self.clients[scope.value] = await self.client(stack, headers)
        self.clients["nobody"] = await self.client(stack, {})

    async def client(self, stack, headers):
        client = httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=30)
        return await stack.enter_async_context(client)


@asynccontextmanager
async def desk(folder, settlement=None, **what):
    """Serve a furnished house on a port of the system's choice."""
    async with running(folder, **what) as field, AsyncExitStack() as stack:
        found = settlement or NoSettlement()
        app = build(field.house, lambda: found)
        server = ApiServer(app)
        port = await server.start("127.0.0.1", 0)
        it = Desk(field, app, f"http://127.0.0.1:{port}")
        try:
            await it.admit(stack)
            yield it
        finally:
            await server.stop()


def walk(folder, scenario, **what):
    """Run ``scenario(desk)`` from start to end."""

    async def whole():
        async with desk(folder, **what) as it:
            await scenario(it)

    asyncio.run(whole())


def fresh():
    """Headers of a request that moves money."""
    return {"Idempotency-Key": secrets.token_hex(8)}


def problem(response, status, name=None):
    """Assert that an answer is a problem document of this status, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()
    assert body["status"] == status
    assert body["instance"] == response.url.path
    assert body["detail"]
    if name is not None:
        assert body["type"] == f"urn:ohmstead:problem:{name}"
    return body


def put_record(_state, record, _now_ms):
    """Write a record as it is: what a longer story would have led to."""
    return Decision(None, (record,))


def epoch_record(number=1, state=EpochState.FINAL):
    """An epoch that was never closed: for what only shows it."""
    return EpochRecord(
        number=number,
        state=state,
        header="0x",
        header_hash="0x" + "11" * 32,
        receipt_count=3,
        total_minor=4_200_000,
        proven_mwh=5_000_000,
        unproven_mwh=1_000_000,
        closed_ms=1_790_000_000_000,
        registry_version=1,
        settled_before_minor=0,
        bundle="0x" + "22" * 32,
        tx="0x" + "33" * 32,
        block_number=9,
    )
