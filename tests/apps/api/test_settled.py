"""From the chain to the person: a real epoch, served over HTTP, verified by the command."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import httpx

from ohmstead.apps.api.app import build
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.api.server import ApiServer
from ohmstead.apps.api.settlement import OpenSettlement
from ohmstead.apps.boot import House
from ohmstead.apps.config import Config
from ohmstead.apps.trust import load_trust, write_trust
from ohmstead.apps.verification import look_up, verify
from ohmstead.core.access import Scope
from ohmstead.core.onchain import EpochState
from ohmstead.core.receipt_checks import Outcome, exit_code
from ohmstead.flows.access import add_key
from tests.apps.api.desk import problem
from tests.apps.settler.town import HOST, town


async def judge(anvil, document, trust):
    checks = verify(document, trust, await look_up(anvil.url, document, trust))
    return exit_code(checks), {check.name: check.outcome for check in checks}


def test_a_receipt_goes_from_the_chain_to_a_driver_who_proves_every_line(anvil, tmp_path):
    async def scenario():
        async with town(anvil, tmp_path) as t:
            house = House(tmp_path, Config(), t.store, t.clock)
            opened = SimpleNamespace(
                deployment=t.deployment, rpc=t.rpc, anvil=anvil, chain=t.settler._chain
            )
            settlement = OpenSettlement(t.store, t.settler, opened)
            server = ApiServer(build(house, lambda: settlement))
            record, key = fresh_key(house.pepper, (Scope.ADMIN,), "", 1)
            await t.store.run(add_key, record)
            url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
            admin = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
                await t.driver()
                await t.bind_meter()
                await t.final()
                await t.settler.step()
                signed, plain = await t.session(signed=True), await t.session(kwh=2)
                path = f"/api/v1/sessions/{signed}/receipt"
                problem(await http.get(path), 409, "conflict")
                closed = await http.post("/api/v1/epochs", headers=admin)
                assert closed.json()["receipts"] == 2
                problem(await http.post("/api/v1/epochs", headers=admin), 409, "nothing-to-close")
                problem(await http.get(path), 409)
                await t.epoch_until(1, EpochState.FINAL)

                trust = load_trust(write_trust(tmp_path, "commons", t.issuer.ledger))
                full = await http.get(path, params={"copy": "full"}, headers=admin)
                assert (await judge(anvil, full.content, trust))[0] == 0
                public = (await http.get(path)).content
                assert b"records" not in json.loads(public)
                code, outcomes = await judge(anvil, public, trust)
                assert (code, outcomes["anchor"]) == (3, Outcome.PROVEN)
                changed = full.content.replace(b'"evse":1', b'"evse":2')
                assert (await judge(anvil, changed, trust))[0] == 1
                other = (await http.get(f"/api/v1/sessions/{plain}/receipt")).content
                assert (await judge(anvil, other, trust))[0] == 3

                page = (await http.get(f"/s/{signed}")).text
                assert "nobody can change it" in page
                claim = (await http.get(f"/api/v1/accounts/{HOST}/claim", headers=admin)).json()
                assert claim["epoch"] == 1
                assert claim["claimable"] == claim["entry"]["cumulative"] != "0"
                bundle = await http.get("/api/v1/epochs/1/bundle", headers=admin)
                assert len(bundle.text.splitlines()) == 3
                books = (await http.get("/api/v1/reconciliation", headers=admin)).json()
                assert (books["holds"], books["problems"]) == (True, [])
                status = (await http.get("/api/v1/status", headers=admin)).json()
                assert status["chain"]["settlement"] == t.deployment.settlement
                assert status["money"]["in"] != "0"
            await server.stop()
            house.services.verifier.close()

    asyncio.run(scenario())
