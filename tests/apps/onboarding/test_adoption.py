"""What another CSMS began is kept as evidence when its station moves, and never billed here."""

from __future__ import annotations

import itertools
import json

import pytest
from websockets.asyncio.client import connect

from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.network import IdToken, Quarantined, TokenStatus
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, iso
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
