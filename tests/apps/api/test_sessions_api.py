"""Sessions, money and pages over HTTP: seen by those who may, started once, and explained."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result

from ohmstead.core.access import PENDING, KeptAnswer
from ohmstead.core.network import Station
from ohmstead.core.onchain import EpochState, Locked
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.session import SessionState
from ohmstead.errors import StoreUnavailable
from ohmstead.frozen import replace
from tests.apps.api.desk import (
    ImitatedSettlement,
    epoch_record,
    fresh,
    problem,
    put_record,
    walk,
)
from tests.apps.stations.field import V16, V201
from tests.flows.world import DRIVER, HOST, WALLET

P = "/api/v1/sessions"


class Starting(ChargePoint):
    """Counts how often it is told to start, and says what it was set to say."""

    word, starts, stops = "Accepted", 0, 0

    @on("RemoteStartTransaction")
    def begin(self, **_):
        self.starts += 1
        return call_result.RemoteStartTransaction(self.word)

    @on("RemoteStopTransaction")
    def end(self, **_):
        self.stops += 1
        return call_result.RemoteStopTransaction("Accepted")


def test_a_remote_start_is_sent_once_however_often_it_is_asked(tmp_path):
    async def scenario(desk):
        body = {"station": "S", "evse": 1, "id_token": "CARD"}
        once = fresh()
        problem(await desk.driver.post(P, json=body), 400, "idempotency-key-missing")
        # Refused before anything was sent: the same key may try again.
        problem(await desk.driver.post(P, json=body, headers=once), 409, "not-connected")
        async with desk.field.station(V16, kind=Starting) as station:
            first = await desk.driver.post(P, json=body, headers=once)
            assert first.status_code == 202, first.text
            again = await desk.driver.post(P, json=body, headers=once)
            assert (again.status_code, again.content) == (202, first.content)
            assert station.point.starts == 1
            other = await desk.driver.post(P, json=body | {"evse": 2}, headers=once)
            problem(other, 422, "idempotency-key-reused")
            # Another caller's key of the same spelling is another request.
            assert (await desk.host.post(P, json=body, headers=once)).status_code == 202
            assert station.point.starts == 2
            station.point.word = "Rejected"
            refused = await desk.host.post(P, json=body, headers=fresh())
            assert problem(refused, 409, "start-refused")["answer"] == {"status": "Rejected"}
            for change, status in (
                ({"station": "none"}, 404),
                ({"evse": 9}, 400),
                ({"id_token": "nobody's"}, 404),
                ({"id_token": None}, 400),
                ({"lock": "0x" + "11" * 32}, 400),
                ({"more": 1}, 400),
            ):
                answer = await desk.host.post(P, json=body | change, headers=fresh())
                problem(answer, status)

    walk(tmp_path, scenario)


def test_a_start_whose_end_nobody_knows_is_not_begun_again(tmp_path):
    async def scenario(desk):
        record, once = desk.keys["host"][0], fresh()
        body = {"station": "S", "evse": 1, "id_token": "CARD"}
        async with desk.field.socket(V16):  # connected, and silent
            problem(await desk.host.post(P, json=body, headers=once), 504, "timeout")
        kept = desk.house.store.get(KeptAnswer, f"{record.id} {once['Idempotency-Key']}")
        assert kept.status == PENDING
        problem(await desk.host.post(P, json=body, headers=once), 409, "idempotency-key-pending")

    walk(tmp_path, scenario, ocpp={"call_timeout_s": 1})


def test_a_walk_up_wallet_starts_with_its_lock_and_no_driver_with_anothers(tmp_path):
    async def scenario(desk):
        lock = "0x" + "ab" * 32
        event = Locked(desk.field.event(), lock, WALLET, 0, 5_000_000, 2_000_000_000)
        await desk.field.book(event)
        body = {"station": "S", "evse": 1, "lock": lock}
        async with desk.field.station(V16, kind=Starting):
            started = await desk.host.post(P, json=body, headers=fresh())
            token = started.json()["id_token"]
            shown = (await desk.host.get(f"/api/v1/id-tokens/{token}")).json()
            assert (shown["payer"], shown["lock"]) == (WALLET, lock)
            problem(await desk.driver.post(P, json=body, headers=fresh()), 404)
            changed = {"payer": DRIVER}
            problem(await desk.host.put(f"/api/v1/id-tokens/{token}", json=changed), 409)
            unknown = body | {"lock": "0x" + "cd" * 32}
            problem(await desk.host.post(P, json=unknown, headers=fresh()), 409)

    walk(tmp_path, scenario)


def test_sessions_are_seen_by_their_driver_and_by_those_who_run_the_network(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201) as station:
            tx = await station.charge()
            await station.charge(token="POOR", signed=False)
            live, _ = await station.start()
            session = desk.field.session(tx)
            seen = (await desk.driver.get(f"{P}/{session.id}")).json()
            assert seen["state"] == "settled"
            assert seen["bill"]["total"] == {"amount": "2000000", "asset": "tUSD/6"}
            assert seen["bill"]["proven"] is True
            poor = next(s.id for s in desk.field.sessions() if s.id_token == "POOR")
            problem(await desk.driver.get(f"{P}/{poor}"), 404, "not-found")
            own = (await desk.driver.get(P)).json()["items"]
            assert {one["payer"] for one in own} == {DRIVER}
            every = (await desk.read.get(P)).json()["items"]
            assert len(every) == 3
            asked = {"state": "settled", "station": "S", "epoch": 0}
            found = (await desk.read.get(P, params=asked)).json()["items"]
            assert [one["id"] for one in found] == [session.id]
            problem(await desk.read.get(P, params={"state": "lost"}), 400)
            problem(await desk.read.get(P, params={"limit": 0}), 400)
            problem(await desk.host.post(f"{P}/{session.id}/stop"), 409, "conflict")
            running = desk.field.session(live).id
            problem(await desk.driver.post(f"{P}/{running}/stop"), 502, "call-error")
            problem(await desk.driver.post(f"{P}/{poor}/stop"), 404)

    walk(tmp_path, scenario)


def test_a_session_is_stopped_from_afar(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16, kind=Starting) as station:
            tx, _ = await station.start()
            answer = await desk.driver.post(f"{P}/{desk.field.session(tx).id}/stop")
            assert answer.json() == {"status": "Accepted"}
            assert station.point.stops == 1

    walk(tmp_path, scenario)


def test_a_review_is_resolved_once_and_its_answer_is_given_again(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16) as station:
            tx, _ = await station.start(wh=5_000)
            desk.field.wait(30)
            await station.stop(tx, 1_000)  # the register ran backwards
        session = desk.field.session(tx)
        assert session.state is SessionState.REVIEW
        path, once = f"{P}/{session.id}/resolve", fresh()
        refund = {"outcome": "refund", "because": "the meter was broken, ticket 7"}
        pay = refund | {"outcome": "pay"}
        problem(await desk.host.post(path, json=refund | {"outcome": "keep"}, headers=once), 400)
        problem(await desk.host.post(path, json=refund), 400)
        for nothing in ({"outcome": "refund"}, refund | {"because": "  "}):
            told = problem(await desk.host.post(path, json=nothing, headers=once), 400)
            assert "because" in told["detail"]
        assert (await desk.host.get(f"{P}/{session.id}")).json()["verdicts"] == []
        done = await desk.host.post(path, json=refund, headers=once)
        assert done.json()["state"] == "refunded"
        again = await desk.host.post(path, json=refund, headers=once)
        assert again.content == done.content
        problem(await desk.host.post(path, json=pay, headers=once), 422, "idempotency-key-reused")
        problem(await desk.host.post(path, json=pay, headers=fresh()), 409)
        problem(await desk.host.post(f"{P}/S-0/resolve", json=pay), 404)
        verdict = {
            "outcome": "refund",
            "found": "review",
            "at": utc_text(desk.field.now),
            "by": "host",
            "via": "api",
            "because": refund["because"],
        }
        for reader in (desk.host, desk.read, desk.admin):
            assert (await reader.get(f"{P}/{session.id}")).json()["verdicts"] == [verdict]
        assert (await desk.driver.get(f"{P}/{session.id}")).json()["verdicts"] is None
        assert desk.field.books_balance()

    walk(tmp_path, scenario)


def test_accounts_and_transfers_are_amounts_beside_their_asset(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16) as station:
            await station.charge()
        account = f"/api/v1/accounts/payer:{DRIVER}"
        shown = (await desk.driver.get(account)).json()
        assert (shown["available"], shown["asset"]) == ("98000000", "tUSD/6")
        ids, cursor = [], ""
        while cursor is not None:
            params = {"limit": 1, "cursor": cursor}
            page = (await desk.driver.get(f"{account}/transfers", params=params)).json()
            ids += [one["id"] for one in page["items"]]
            cursor = page["next"]
        assert len(ids) == len(set(ids)) == 3  # deposit, hold, take
        amount = page["items"][0]["amount"]
        assert amount.keys() == {"amount", "asset"} and isinstance(amount["amount"], str)
        problem(await desk.driver.get(f"/api/v1/accounts/payee:{HOST}"), 404, "not-found")
        assert (await desk.read.get(f"/api/v1/accounts/payee:{HOST}")).status_code == 200
        problem(await desk.read.get("/api/v1/accounts/payer:nobody"), 404, "not-found")

    walk(tmp_path, scenario)


def test_epochs_claims_and_reconciliation_are_the_settlers(tmp_path):
    async def scenario(desk):
        for number in (1, 2, 3):
            await desk.field.run(put_record, epoch_record(number))
        first = (await desk.read.get("/api/v1/epochs", params={"limit": 2})).json()
        assert [one["number"] for one in first["items"]] == [1, 2]
        rest = await desk.read.get("/api/v1/epochs", params={"cursor": first["next"]})
        assert [one["number"] for one in rest.json()["items"]] == [3]
        shown = (await desk.validator.get("/api/v1/epochs/2")).json()
        assert shown["total"] == {"amount": "4200000", "asset": "tUSD/6"}
        problem(await desk.read.get("/api/v1/epochs/9"), 404, "not-found")
        problem(await desk.read.get("/api/v1/epochs/x"), 404)
        assert b"imitated" in (await desk.read.get("/api/v1/epochs/2/bundle")).content
        problem(await desk.read.get("/api/v1/epochs/9/bundle"), 404)
        assert (await desk.admin.post("/api/v1/epochs")).json()["number"] == 1
        claim = await desk.read.get(f"/api/v1/accounts/{HOST.upper().replace('X', 'x')}/claim")
        assert claim.json() == {"account": HOST, "claimable": "7"}
        problem(await desk.read.get("/api/v1/accounts/me/claim"), 400)
        assert (await desk.read.get("/api/v1/reconciliation")).json()["holds"] is True
        status = (await desk.read.get("/api/v1/status")).json()
        assert status["epochs"] == {"closed": 3, "receipts": 9}
        assert status["energy"] == {"proven_mwh": 15_000_000, "unproven_mwh": 3_000_000}
        text = (await desk.read.get("/metrics")).text
        assert "ohmstead_receipts_total 9.0" in text
        assert 'ohmstead_sessions{state="active"} 0.0' in text

    walk(tmp_path, scenario, settlement=ImitatedSettlement())


def test_without_a_chain_its_routes_say_so(tmp_path):
    async def scenario(desk):
        problem(await desk.admin.post("/api/v1/epochs"), 409, "no-chain")
        problem(await desk.read.get("/api/v1/reconciliation"), 409, "no-chain")
        problem(await desk.read.get(f"/api/v1/accounts/{HOST}/claim"), 409, "no-chain")

    walk(tmp_path, scenario)


def test_the_public_receipt_is_anybodys_and_the_full_one_is_not(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16) as station:
            session = desk.field.session(await station.charge())
        path = f"{P}/{session.id}/receipt"
        answer = await desk.nobody.get(path)
        assert answer.content == b"{}"
        problem(await desk.nobody.get(path, params={"copy": "full"}), 401, "unauthorised")
        problem(await desk.read.get(path, params={"copy": "full"}), 403, "scope")
        full = await desk.driver.get(path, params={"copy": "full"})
        assert full.content == b'{"records":[]}'
        assert "no-store" in full.headers["cache-control"]
        problem(await desk.nobody.get(f"{P}/S-1/receipt"), 404, "not-found")
        problem(await desk.nobody.get(path, params={"copy": "both"}), 400)

    walk(tmp_path, scenario, settlement=ImitatedSettlement())


def test_a_store_that_is_gone_is_503_and_says_when_to_come_back(tmp_path, monkeypatch):
    async def scenario(desk):
        def gone(*_, **__):
            raise StoreUnavailable("the disk is full")

        assert (await desk.nobody.get("/readyz")).status_code == 200
        monkeypatch.setattr(type(desk.house.store), "available", False)
        problem(await desk.nobody.get("/readyz"), 503, "store-unavailable")
        assert (await desk.nobody.get("/healthz")).status_code == 200
        monkeypatch.setattr(desk.house.store, "run", gone)
        answer = await desk.host.put("/api/v1/id-tokens/X", json={"payer": DRIVER})
        problem(answer, 503, "store-unavailable")
        assert answer.headers["retry-after"]
        monkeypatch.setattr(desk.house.store, "find", gone)
        problem(await desk.host.get(P), 503, "store-unavailable")

    walk(tmp_path, scenario)


# --- pages ----------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>\" onload='x'"


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def checked(page):
    """A page has no script, asks nothing of anybody, and its policy allows nothing."""
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "unsafe" not in policy
    for tag, attributes in Tags(page.text).found:
        assert tag not in {"script", "img", "link", "iframe", "object", "form", "base"}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("href", "/").startswith("/")
    assert not re.search(r"0x[0-9a-f]{40}", page.text)  # no address and no hash in whole
    return page.text


def test_a_receipt_page_explains_a_session_to_its_driver(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201) as station:
            tx = await station.charge(minutes=42, wh=12_345)
            session = desk.field.session(tx)
            text = checked(await desk.nobody.get(f"/s/{session.id}"))
            for words in (
                "12.34<", "kWh", "6.1725 tUSD", "paid", "12.345 kWh × 0.50 tUSD per kWh",
                "(42 min)", "CET", "Proven", "The meter signed this energy", "80 %",
                "The station&#39;s host", "Next, within",
            ):  # fmt: skip
                assert words in text, words
            assert "CARD" not in text
            record = desk.house.store.get(Station, "S")
            await desk.field.run(put_record, replace(record, name=HOSTILE))
            text = checked(await desk.nobody.get(f"/s/{session.id}"))
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
            checked(await desk.nobody.get("/"))
            checked(await desk.nobody.get("/", auth=("x", desk.keys["admin"][1])))

            tx = await station.charge(minutes=60, wh=1_000, signed=False, begin_wh=20_000)
            plain = checked(await desk.nobody.get(f"/s/{desk.field.session(tx).id}"))
            assert "Unproven" in plain and "No meter signed this energy" in plain

            tx, _ = await station.start(wh=30_000)
            live = checked(await desk.nobody.get(f"/s/{desk.field.session(tx).id}"))
            assert "Charging now" in live and "The receipt comes when charging ends" in live
        gone = await desk.nobody.get("/s/S-000000000000000000000000")
        assert gone.status_code == 404
        assert "There is no such receipt" in checked(gone)

    walk(tmp_path, scenario)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (EpochState.CLOSED, "being written on the public ledger now"),
        (EpochState.ANCHORED, "it is final soon"),
        (EpochState.FINAL, "nobody can change it"),
    ],
)
def test_a_receipt_page_says_where_its_proof_stands(tmp_path, state, words):
    async def scenario(desk):
        async with desk.field.station(V16) as station:
            session = desk.field.session(await station.charge())
        await desk.field.run(put_record, epoch_record(1, state))
        await desk.field.run(put_record, replace(session, epoch=1))
        text = checked(await desk.nobody.get(f"/s/{session.id}"))
        assert words in text
        assert ("ohmstead verify" in text) is (state is not EpochState.CLOSED)

    walk(tmp_path, scenario, settlement=ImitatedSettlement())


def test_a_page_names_the_charging_point_once_the_cable_is_in(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201) as station:
            await station.say(station.start_of("CARD", None, tx="T", evse=None))
            path = f"/s/{desk.field.session('T').id}"
            assert "charging point" not in checked(await desk.nobody.get(path))
            await station.say(station.values_of("T", 0, context="Begin", evse=2))
            assert "charging point 2" in checked(await desk.nobody.get(path))

    walk(tmp_path, scenario)


def test_every_state_of_a_session_has_a_page(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16) as station:
            session = desk.field.session(await station.charge())
        for state in SessionState:
            await desk.field.run(put_record, replace(session, state=state))
            assert checked(await desk.nobody.get(f"/s/{session.id}"))

    walk(tmp_path, scenario)
