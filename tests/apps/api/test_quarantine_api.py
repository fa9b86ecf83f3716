"""What no session's record holds can be read: as it came, when, and why it was kept."""

from __future__ import annotations

import json

import pytest

from ohmstead.apps.api import quarantine
from ohmstead.core.network import Quarantined, Station
from ohmstead.frozen import replace
from ohmstead.ports import Decision
from tests.apps.api.desk import problem, walk
from tests.apps.api.test_persons_api import forget
from tests.apps.stations.field import V16, VERSIONS, payload_of
from tests.flows.world import NOON

PATH = "/api/v1/stations/S/quarantine"
both = pytest.mark.parametrize("version", VERSIONS)


def put(_state, record, _now_ms):
    return Decision(None, (record,))


async def listed(desk, path=PATH, **query):
    answer = await desk.host.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@both
def test_a_refused_stop_is_told_with_its_words_and_its_session(version, tmp_path):
    async def scenario(desk):
        assert await listed(desk) == {"items": [], "next": None}
        async with desk.field.station(version) as station:
            tx, _ = await station.start()
            desk.field.wait(30)
            message = station.stop_of(tx, 4_000)
            payload = payload_of(message) | {"timestamp": "yesterday"}
            reply = await station.send(type(message).__name__, payload)
            assert reply[0] == 4
        (one,) = (await listed(desk))["items"]
        assert one["received"] == "2023-11-14T22:43:20.000Z"
        assert one["action"] == type(message).__name__ and one["reason"] == "message_refused"
        assert one["refusal"].startswith("PropertyConstraintViolation: not an RFC 3339 time")
        assert json.loads(one["payload"]) == payload
        assert one["session"] == desk.field.session(tx).id
        assert one["transaction"] == tx

    walk(tmp_path, scenario, meter=False)


@both
def test_a_stop_of_nobodys_transaction_is_told_by_its_action(version, tmp_path):
    async def scenario(desk):
        async with desk.field.station(version) as station:
            stop = station.stop_of("4711", 4_000)
            await station.say(stop)
        (one,) = (await listed(desk))["items"]
        action = "StopTransaction" if version == V16 else "TransactionEvent"
        assert (one["action"], one["reason"]) == (action, "unknown_transaction")
        assert (one["transaction"], one["session"], one["refusal"]) == ("4711", None, None)
        assert json.loads(one["payload"]) == payload_of(stop)

    walk(tmp_path, scenario, meter=False)


def test_pages_follow_each_other_and_end_before_they_are_too_long(tmp_path, monkeypatch):
    async def scenario(desk):
        for number in range(50):
            kept = Quarantined(f"S/stop/{number:02}", "S", "r", '{"a":1}', NOON, f"{number}")
            await desk.field.run(put, kept)
        await desk.field.run(put, Quarantined("S/x", "OTHER", "page_conflict", "T0NNRg==", 0))
        for limit, size in ((7, 10**6), (20, 10**6), (50, 10**6), (500, 70), (500, 1)):
            monkeypatch.setattr(quarantine, "PAGE_CHARACTERS_MAX", size)
            seen, cursor = [], ""
            while True:
                page = await listed(desk, limit=limit, cursor=cursor)
                assert 0 < len(page["items"]) <= min(limit, max(size // 7, 1))
                seen += [one["transaction"] for one in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    break
            assert seen == [f"{number}" for number in range(50)]
        (signed,) = (await listed(desk, "/api/v1/stations/OTHER/quarantine"))["items"]
        assert (signed["action"], signed["payload"], signed["received"]) == (None, "T0NNRg==", None)

    walk(tmp_path, scenario)


def test_it_is_for_the_host_and_of_stations_there_are_or_were(tmp_path):
    async def scenario(desk):
        for name, status in (("nobody", 401), ("driver", 403), ("read", 403), ("validator", 403)):
            problem(await getattr(desk, name).get(PATH), status)
        assert (await desk.admin.get(PATH)).status_code == 200
        missing = await desk.host.get("/api/v1/stations/NOBODY/quarantine")
        assert "station NOBODY" in problem(missing, 404)["detail"]
        problem(await desk.host.get(PATH, params={"limit": 501}), 400)
        problem(await desk.host.get(PATH, params={"cursor": "%"}), 400)
        await desk.field.run(put, Quarantined("S/q", "S", "r", "{}", NOON))
        station = desk.house.store.get(Station, "S")
        await desk.field.run(put, replace(station, retired_ms=NOON))
        assert len((await listed(desk))["items"]) == 1
        # One that waits for its approval, and may never get it.
        await desk.field.run(put, Quarantined("NEW/q", "NEW", "r", "[1]", NOON))
        (one,) = (await listed(desk, "/api/v1/stations/NEW/quarantine"))["items"]
        assert (one["action"], one["payload"]) == (None, "[1]")

    walk(tmp_path, scenario)


def test_a_person_is_told_of_it_and_forgotten_in_it(tmp_path):
    """Also where the payload is no object, and in what the refusal quoted of it."""

    async def scenario(desk):
        uid = "DEADBEEF99"
        body = {"payer": "0x" + "cd" * 20}
        assert (await desk.admin.put(f"/api/v1/id-tokens/{uid}", json=body)).status_code < 300
        async with desk.field.station(V16) as station:
            for payload in ({"idTag": uid, "connectorId": {}}, [uid], uid):
                assert (await station.send("StartTransaction", json.dumps(payload)))[0] == 4
        kept = Quarantined("S/q", "S", "message_refused", " [1]", NOON, "", "X", f"odd {uid}")
        await desk.field.run(put, kept)
        report = await desk.admin.post("/api/v1/persons/report", json={"subjects": [uid]})
        assert report.status_code == 200, report.text
        assert len(report.json()["records"]["quarantined"]) >= 3, report.text
        await forget(desk, uid, state="stations")  # S is not there to be told
        items = (await listed(desk))["items"]
        assert len(items) == 4 and uid not in json.dumps(items)

    walk(tmp_path, scenario, meter=False)
