"""What another CSMS began is kept as evidence when its station moves, and never billed here."""

from __future__ import annotations

import itertools
import json

import pytest
from websockets.asyncio.client import connect

from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.network import IdToken, Quarantined, TokenStatus
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, V21, V201, iso
from tests.flows.world import DRIVER

BOOT = {"chargePointModel": "M", "chargePointVendor": "V"}
ADOPT = "/api/v1/adoption"
LEFT = {
    "source": "steve",
    "above": 5_000,
    "transactions": [
        {
            "station": "S",
            "transaction_id": 4711,
            "evse": 1,
            "id_token": "CARD",
            "started": "2026-11-20T09:30:00Z",
            "begin_wh": "1200",
        }
    ],
}


def stop(number, at, wh=5_000, **more):
    return {"transactionId": number, "timestamp": iso(at), "meterStop": wh, **more}


NUMBERS = itertools.count(1)


async def say(socket, action, payload):
    await socket.send(json.dumps([2, f"m{next(NUMBERS)}", action, payload]))
    answer = json.loads(await socket.recv())
    assert answer[0] == 3, answer
    return answer[2]


def test_the_end_of_anothers_transaction_is_evidence_and_not_quarantined(tmp_path):
    async def scenario(desk):
        store, now = desk.house.store, desk.field.now
        async with desk.field.socket(V16) as socket:
            await say(socket, "BootNotification", BOOT)
            await say(socket, "StopTransaction", stop(4_000, now))  # before anybody adopted
            assert len(store.find(Quarantined, 10)) == 1
            done = (await desk.host.post(ADOPT, json=LEFT)).json()
            assert (done["transactions"], done["next_transaction_id"]) == (["new"], 5_001)

            value = {"timestamp": iso(now), "sampledValue": [{"value": "3000", "unit": "Wh"}]}
            readings = {"connectorId": 1, "transactionId": 4711, "meterValue": [value]}
            await say(socket, "MeterValues", readings)
            body = stop(4711, now, idTag="CARD")
            answer = await say(socket, "StopTransaction", body)
            assert answer["idTagInfo"]["status"] == "Accepted"
            await say(socket, "StopTransaction", body)  # again, under a new id
            kept = store.get(ForeignTransaction, "S/4711")
            assert (kept.source, kept.readings, len(kept.stops)) == ("steve", 1, 1)
            assert json.loads(kept.stops[0]) == body
            # One that began there after its database was read.
            await say(socket, "StopTransaction", stop(4_999, now))
            assert store.get(ForeignTransaction, "S/4999").source == ""
            assert len(store.find(Quarantined, 10)) == 1
            assert desk.field.sessions() == []

            begun = {"connectorId": 1, "idTag": "CARD", "meterStart": 5_000, "timestamp": iso(now)}
            ours = (await say(socket, "StartTransaction", begun))["transactionId"]
            assert ours == 5_001
            await say(socket, "StopTransaction", stop(ours, now, 6_000))
            assert len(desk.field.sessions()) == 1
            await say(socket, "StopTransaction", stop(9_999, now))  # nobody's
            assert len(store.find(Quarantined, 10)) == 2
        again = (await desk.host.post(ADOPT, json=LEFT)).json()
        assert (again["transactions"], again["next_transaction_id"]) == (["same"], 5_002)
        assert store.get(ForeignTransaction, "S/4711").stops  # a repeat forgets nothing
        listed = (await desk.read.get(f"{ADOPT}/transactions")).json()["items"]
        assert [one["transaction_id"] for one in listed] == ["4711", "4999"]
        assert listed[0]["started"] == "2026-11-20T09:30:00.000Z"

    walk(tmp_path, scenario)


def test_a_transaction_of_ours_stays_ours_below_the_others_ids(tmp_path):
    async def scenario(desk):
        now = desk.field.now
        async with desk.field.socket(V16) as socket:
            begun = {"connectorId": 1, "idTag": "CARD", "meterStart": 5_000, "timestamp": iso(now)}
            await say(socket, "BootNotification", BOOT)
            ours = (await say(socket, "StartTransaction", begun))["transactionId"]
            await desk.host.post(ADOPT, json=LEFT)
            value = {"timestamp": iso(now), "sampledValue": [{"value": "5500", "unit": "Wh"}]}
            readings = {"connectorId": 1, "transactionId": ours, "meterValue": [value]}
            await say(socket, "MeterValues", readings)
            await say(socket, "StopTransaction", stop(ours, now, 6_000))
        assert desk.field.bill(ours).energy_mwh == 1_000_000
        assert desk.house.store.find(ForeignTransaction, 10, station_id="S")[0].stops == ()

    walk(tmp_path, scenario)


def test_id_tokens_come_whole_or_not_at_all_and_ours_are_never_overwritten(tmp_path):
    async def scenario(desk):
        store = desk.house.store
        fresh = {"uid": "NEW-1", "payer": DRIVER, "group": "FLEET", "status": "blocked"}
        mine = {"uid": "CARD", "payer": "0x" + "77" * 20}
        body = {"source": "steve", "tokens": [fresh, mine]}
        dry = (await desk.host.post(ADOPT, json=body | {"dry_run": True})).json()
        assert dry["tokens"] == ["new", "kept"]
        assert store.get(IdToken, "new-1") is None
        bad = body | {"tokens": [fresh, {"uid": "ü", "payer": DRIVER}]}
        refused = problem(await desk.host.post(ADOPT, json=bad), 400, "adoption-refused")
        assert refused["errors"][0]["position"] == 1
        assert store.get(IdToken, "new-1") is None
        for outcome in ("new", "same"):
            done = (await desk.host.post(ADOPT, json=body)).json()
            assert done["tokens"] == [outcome, "kept"]
        token = store.get(IdToken, "new-1")
        assert (token.status, token.group) == (TokenStatus.BLOCKED, "FLEET")
        assert store.get(IdToken, "card").payer == DRIVER

    walk(tmp_path, scenario)


@pytest.mark.parametrize("change", [{"above": 2**31}, {"above": -1}, {"transactions": [{}]}])
def test_what_cannot_be_adopted_is_said(tmp_path, change):
    async def scenario(desk):
        problem(await desk.host.post(ADOPT, json=LEFT | change), 400, "bad-request")
        problem(await desk.read.post(ADOPT, json=LEFT), 403)

    walk(tmp_path, scenario)


def test_a_station_is_met_under_the_url_it_always_had(tmp_path):
    alias = "/steve/websocket/CentralSystemService/{station_id}"

    async def scenario(desk):
        where = f"ws://127.0.0.1:{desk.field.port}" + alias.format(station_id="S")
        async with desk.field.socket(V16) as usual:
            headers = usual.request.headers
            old = {"Authorization": headers["Authorization"]}
            async with connect(
                where, subprotocols=["ocpp1.6"], additional_headers=old, proxy=None
            ) as socket:
                assert "currentTime" in await say(socket, "Heartbeat", {})

    walk(tmp_path, scenario, ocpp={"paths": (alias,)})


newer = pytest.mark.parametrize("version", [V201, V21])


def left(*ids, **more):
    rows = [
        {"station": "S", "transaction_id": id_, "started": "2026-11-20T09:30:00Z"} for id_ in ids
    ]
    return {"source": "maeve", "transactions": rows} | more


@newer
def test_a_station_that_moves_in_mid_session_ends_what_the_other_csms_began(tmp_path, version):
    async def scenario(desk):
        field, store = desk.field, desk.house.store
        before = field.accounts()
        async with field.station(version) as station:
            early = station.event("Updated", "tx-Ab:1", 2_500, field.now, seq=3)
            await station.say(early)  # it moved before anybody told us of it
            assert field.quarantine() == ["readings_without_open_session"]
            done = (await desk.host.post(ADOPT, json=left("tx-Ab:1", "77"))).json()
            assert (done["transactions"], done["next_transaction_id"]) == (["new", "new"], 1)

            await station.say(station.event("Updated", "tx-Ab:1", 3_000, field.now, seq=4))
            field.wait(5)
            end = station.stop_of("tx-Ab:1", 5_000, seq=5, reason="EVDisconnected")
            for _ in range(2):  # its answer may be lost
                answer = await station.say(end)
                assert answer.id_token_info["status"] == "Accepted"
                assert answer.total_cost is None
            stranger = await station.say(station.stop_of("77", 1, token="STRANGER", seq=2))
            assert stranger.id_token_info["status"] == "Unknown"
            assert field.sessions() == []
            assert field.quarantine() == ["readings_without_open_session"]
            assert field.accounts() == before

            kept = store.get(ForeignTransaction, "S/tx-Ab:1")
            assert (kept.source, kept.readings, len(kept.stops)) == ("maeve", 1, 1)
            assert kept.stopped_ms == field.now
            # What it begins from now on is ours, whatever it is called.
            tx, status = await station.start(tx="78")
            assert status == "Accepted"
            field.wait(5)
            await station.stop(tx, 1_000)
            assert field.bill("78").energy_mwh == 1_000_000
        listed = (await desk.read.get(f"{ADOPT}/transactions")).json()["items"]
        told = {one["transaction_id"]: (one["reason"], one["readings"]) for one in listed}
        assert told == {"tx-Ab:1": ("EVDisconnected", 1), "77": ("Local", 0)}
        again = (await desk.host.post(ADOPT, json=left("tx-Ab:1", "78"))).json()
        assert again["transactions"] == ["same", "kept"]

    walk(tmp_path, scenario)


@newer
def test_a_start_that_the_other_csms_heard_too_is_not_billed_here(tmp_path, version):
    async def scenario(desk):
        field = desk.field
        await desk.host.post(ADOPT, json=left("T1"))
        async with field.station(version) as station:
            tx, status = await station.start(tx="T1", offline=True)
            assert status == "Accepted"
            field.wait(5)
            await station.stop(tx, 4_000)
        assert (field.sessions(), field.quarantine()) == ([], [])
        assert desk.house.store.get(ForeignTransaction, "S/T1").stops

    walk(tmp_path, scenario)


@newer
def test_an_id_that_its_station_uses_again_after_the_others_end_is_ours(tmp_path, version):
    async def scenario(desk):
        field = desk.field
        await desk.host.post(ADOPT, json=left("5"))
        async with field.station(version) as station:
            end = station.stop_of("5", 5_000, seq=5)
            await station.say(end)
            field.wait(3 * 24 * 60)
            tx, status = await station.start(tx="5", wh=5_000)
            assert status == "Accepted"
            field.wait(30)
            await station.stop(tx, 15_000)
            assert field.bill("5").energy_mwh == 10_000_000
        assert len(desk.house.store.get(ForeignTransaction, "S/5").stops) == 1

    walk(tmp_path, scenario)


@pytest.mark.parametrize("id_", ["", "x" * 37, "a/b", "ü", 0, 2**31, 1.5, None])
def test_a_transaction_id_that_no_station_says_is_refused(tmp_path, id_):
    async def scenario(desk):
        problem(await desk.host.post(ADOPT, json=left(id_)), 400, "bad-request")
        assert desk.house.store.find(ForeignTransaction, 10) == []

    walk(tmp_path, scenario)


def test_an_id_token_that_stands_twice_is_refused(tmp_path):
    async def scenario(desk):
        twice = [{"uid": "NEW", "payer": DRIVER}, {"uid": "new", "payer": "0x" + "77" * 20}]
        body = {"source": "maeve", "tokens": twice}
        refused = problem(await desk.host.post(ADOPT, json=body), 400, "adoption-refused")
        assert "stands twice" in refused["detail"]
        assert desk.house.store.get(IdToken, "new") is None

    walk(tmp_path, scenario)
