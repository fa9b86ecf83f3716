"""Stations, meters, tariffs and id_tokens over HTTP, to a house that stations are connected to."""

from __future__ import annotations

import asyncio
import json

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result

from ohmstead.core.network import Station
from tests.apps.api.desk import HOST, STATION, TARIFF, problem, walk
from tests.apps.stations.field import V16, V201
from tests.flows.world import DRIVER, Meter

S = "/api/v1/stations"


def test_a_station_is_registered_met_changed_and_retired(tmp_path):
    async def scenario(desk):
        host = desk.host
        made = await host.post(S, json=STATION | {"name": "Market square"})
        assert made.status_code == 201
        password = made.json()["password"]
        assert len(password) == 40
        assert made.json()["shares"] == [{"payee": HOST, "bps": 10_000, "rest": True}]
        shown = (await desk.read.get(f"{S}/CP1")).json()
        assert shown["password"] is None
        assert shown["connection"] is None
        problem(await host.post(S, json=STATION), 409, "conflict")

        async with desk.field.socket(V16, "CP1", password.encode()):
            pass
        # OCPP 1.6 hands the key out as hexadecimal and presents the bytes themselves.
        async with desk.field.socket(V201, "CP1", bytes.fromhex(password)) as socket:
            shown = (await desk.read.get(f"{S}/CP1")).json()
            assert shown["connection"]["version"] == "ocpp2.0.1"
            assert (await host.delete(f"{S}/CP1")).status_code == 204
            await asyncio.wait_for(socket.wait_closed(), 10)
        problem(await host.get(f"{S}/CP1"), 404, "not-found")
        assert "CP1" not in (await desk.nobody.get("/api/v1/locations")).text
        problem(await host.post(S, json=STATION), 409)  # an id is never used again
        assert desk.house.store.get(Station, "CP1").name == "Market square"

    walk(tmp_path, scenario)


def test_what_is_wrong_with_a_station_is_said_by_its_member(tmp_path):
    async def scenario(desk):
        for change, word in (
            ({"id": "a/b"}, "1 to 48"),
            ({"tariff": "NO"}, "publish it first"),
            ({"owner": "me"}, "owner"),
            ({"evses": []}, "evses"),
            ({"evses": [{"id": 1, "rated_w": 1}, {"id": 1, "rated_w": 1}]}, "twice"),
            ({"evses": [{"id": 1, "rated_w": 1.5}]}, "evses[0].rated_w"),
            ({"time_zone": "Moon/Sea"}, "time_zone"),
            ({"nmae": "x"}, "nmae"),
            ({"password": "short"}, "password"),
        ):
            answer = await desk.host.post(S, json=STATION | change)
            assert word in problem(answer, 400, "bad-request")["detail"], change
        problem(await desk.host.post(S, content=b"{"), 400, "bad-request")
        problem(await desk.host.post(S, content=b"[" * 100_000), 400)
        problem(await desk.host.post(S, content=b" " * (2 << 20)), 413)
        problem(await desk.host.patch(f"{S}/S", json={"admission": "maybe"}), 400)
        problem(await desk.host.patch(f"{S}/S", json={"tariff": "NO"}), 400)
        problem(await desk.host.patch(f"{S}/none", json={}), 404, "not-found")
        problem(await desk.host.delete(f"{S}/none"), 404, "not-found")
        problem(await desk.nobody.get("/nowhere"), 404)
        answer = await desk.host.delete(S)
        problem(answer, 405)
        assert "GET" in answer.headers["allow"]

    walk(tmp_path, scenario)


def test_admission_strictness_and_password_change_without_a_restart(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16) as station:
            body = {"admission": "pending", "strictness": "strict", "name": "Corner"}
            changed = await desk.host.patch(f"{S}/S", json=body)
            assert (changed.json()["admission"], changed.json()["strictness"]) == (
                "pending",
                "strict",
            )
            assert (await station.boot()).status == "Pending"
        fresh = (await desk.host.patch(f"{S}/S", json={"rotate_password": True})).json()
        async with desk.field.socket(V16, "S", fresh["password"].encode()):
            pass
        problem(
            await desk.host.patch(f"{S}/S", json={"rotate_password": True, "deliver": True}), 409
        )

    walk(tmp_path, scenario)


class Obliging(ChargePoint):
    """Takes what it is told."""

    told = None

    @on("ChangeConfiguration")
    def configure(self, key, value, **_):
        self.told = (key, value)
        return call_result.ChangeConfiguration("Accepted")

    @on("Reset")
    def reset(self, type, **_):
        return call_result.Reset("Accepted" if type == "Soft" else "Rejected")


def test_a_password_is_delivered_to_the_station_before_it_holds(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16, kind=Obliging) as station:
            body = {"rotate_password": True, "deliver": True}
            password = (await desk.host.patch(f"{S}/S", json=body)).json()["password"]
            assert station.point.told == ("AuthorizationKey", password)
        async with desk.field.socket(V16, "S", bytes.fromhex(password)):
            pass
        async with desk.field.station(V16, "OTHER"):  # this one does not know the action
            problem(await desk.host.patch(f"{S}/OTHER", json=body), 409)

    walk(tmp_path, scenario)


def test_a_command_is_answered_by_the_station_itself(tmp_path):
    async def scenario(desk):
        reset = f"{S}/S/commands/Reset"
        problem(await desk.host.post(reset, json={"type": "Soft"}), 409, "not-connected")
        problem(await desk.host.post(f"{S}/none/commands/Reset", json={}), 404, "not-found")
        async with desk.field.station(V16, kind=Obliging):
            answer = await desk.host.post(reset, json={"type": "Soft"})
            assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
            problem(await desk.host.post(reset, json={"type": "Later"}), 422, "bad-payload")
            problem(await desk.host.post(reset, content=b"{"), 422, "bad-payload")
            problem(await desk.host.post(f"{S}/S/commands/Dance", json={}), 400, "bad-command")
        async with desk.field.station(V16):
            answer = await desk.host.post(reset, json={"type": "Soft"})
            assert problem(answer, 502, "call-error")["code"] == "NotImplemented"

    walk(tmp_path, scenario)


def test_a_station_that_does_not_answer_is_a_timeout(tmp_path):
    async def scenario(desk):
        async with desk.field.socket(V16) as socket:
            answer = await desk.host.post(f"{S}/S/commands/Reset", json={"type": "Soft"})
            problem(answer, 504, "timeout")
            asked = desk.host.post(f"{S}/S/commands/Reset", json={"type": "Soft"})
            asking = asyncio.create_task(asked)
            while json.loads(await socket.recv())[2] != "Reset":
                pass
            await socket.close()
            assert (await asking).status_code in (409, 504)

    walk(tmp_path, scenario, ocpp={"call_timeout_s": 1})


def test_only_a_registered_meter_key_is_taken_and_in_any_spelling(tmp_path):
    async def scenario(desk):
        meters, meter = f"{S}/OTHER/meters", Meter("M9", seed=99)
        body = {"evse": 2, "public_key": meter.public.der_hex.upper(), "serial": "M9"}
        made = (await desk.host.post(meters, json=body)).json()
        assert made["key_id"] == meter.public.key_id
        shown = (await desk.read.get(f"{S}/OTHER")).json()
        assert shown["evses"][1]["meter_key_id"] == made["key_id"]
        for change in (
            {"public_key": "zz"},
            {"evse": 9},
            {"tier": "none"},
            {"valid_from": "yesterday"},
        ):
            problem(await desk.host.post(meters, json=body | change), 400, "bad-request")
        problem(await desk.host.post(f"{S}/S/meters", json=body | {"evse": 1}), 400)

    walk(tmp_path, scenario)


def test_a_tariff_is_published_once_and_keeps_its_digits(tmp_path):
    async def scenario(desk):
        made = await desk.host.post("/api/v1/tariffs", json=TARIFF)
        assert made.status_code == 201
        price = made.json()["elements"][0]["components"][0]["price"]
        assert price == {"value": 35, "scale": 2}
        text = json.dumps(TARIFF | {"id": "T3"}).replace("0.35", "0.29350000000000001")
        long = (await desk.host.post("/api/v1/tariffs", content=text)).json()
        assert long["elements"][0]["components"][0]["price"]["scale"] == 17
        other = json.dumps(TARIFF).replace("0.35", "0.36")
        problem(await desk.host.post("/api/v1/tariffs", content=other), 409, "conflict")
        for bad in (b"{", b"[]", b"1e400000", json.dumps(TARIFF).replace("0.35", "1e400000")):
            problem(await desk.host.post("/api/v1/tariffs", content=bad), 400, "bad-request")
        assert (await desk.driver.get("/api/v1/tariffs/T2")).json()["id"] == "T2"
        problem(await desk.driver.get("/api/v1/tariffs/T9"), 404, "not-found")
        ids = []
        cursor = ""
        while cursor is not None:
            answer = await desk.read.get("/api/v1/tariffs", params={"limit": 1, "cursor": cursor})
            ids += [one["id"] for one in answer.json()["items"]]
            cursor = answer.json()["next"]
        assert ids == ["T", "T2", "T3"]
        problem(await desk.read.get("/api/v1/tariffs", params={"cursor": "%%"}), 400)

    walk(tmp_path, scenario)


def test_an_id_token_is_written_blocked_and_invalidated(tmp_path):
    async def scenario(desk):
        path = "/api/v1/id-tokens/Card-7"
        made = (await desk.host.put(path, json={"payer": DRIVER.upper().replace("X", "x")})).json()
        assert (made["payer"], made["status"], made["payer_kind"]) == (
            DRIVER,
            "accepted",
            "prepaid",
        )
        async with desk.field.station(V16) as station:
            assert await station.authorize("CARD-7") == "Accepted"
            await desk.host.put(path, json={"payer": DRIVER, "status": "blocked"})
            assert await station.authorize("card-7") == "Blocked"
            assert (await desk.host.delete(path)).status_code == 204
            assert await station.authorize("card-7") == "Invalid"
        assert (await desk.driver.get(path)).json()["status"] == "invalid"
        await desk.host.put("/api/v1/id-tokens/HIS", json={"payer": HOST})
        problem(await desk.driver.get("/api/v1/id-tokens/HIS"), 404)  # not this driver's
        problem(await desk.host.get("/api/v1/id-tokens/none"), 404, "not-found")
        for body in ({}, {"payer": "x"}, {"payer": DRIVER, "expires": "soon"}):
            problem(await desk.host.put(path, json=body), 400, "bad-request")

    walk(tmp_path, scenario)


def test_locations_tell_nothing_but_where_one_can_charge(tmp_path):
    async def scenario(desk):
        answer = await desk.nobody.get("/api/v1/locations", params={"limit": 1})
        assert [one["id"] for one in answer.json()["items"]] == ["OTHER"]
        rest = await desk.nobody.get("/api/v1/locations", params={"cursor": answer.json()["next"]})
        [place] = rest.json()["items"]
        assert place["id"] == "S"
        assert place.keys() == {
            "id", "name", "time_zone", "location_cell", "tariff", "connected", "evses"
        }  # fmt: skip

    walk(tmp_path, scenario)


def test_a_station_gets_other_evses_while_no_session_of_it_is_open(tmp_path):
    async def scenario(desk):
        path = f"{S}/S"
        before = (await desk.host.get(path)).json()["evses"]
        evses = [{"id": 1, "rated_w": 50_000, "connectors": 2}, {"id": 3, "rated_w": 11_000}]
        async with desk.field.station(V16) as station:
            begin = {"connectorId": 1, "idTag": "CARD", "meterStart": 0}
            at = {"timestamp": "2026-11-20T12:00:00Z"}
            begun = (await station.send("StartTransaction", {**begin, **at}))[2]
            answer = await desk.host.patch(path, json={"evses": evses})
            assert answer.status_code == 400 and "open session" in answer.json()["detail"]
            assert (await desk.host.get(path)).json()["evses"] == before
            same = [{"id": one["id"], "rated_w": one["rated_w"]} for one in before]
            assert (await desk.host.patch(path, json={"evses": same})).status_code == 200
            end = {"transactionId": begun["transactionId"], "meterStop": 1, **at}
            await station.send("StopTransaction", end)
        answer = await desk.host.patch(path, json={"evses": evses[1:]})
        assert "has a meter" in answer.json()["detail"]
        answer = await desk.host.patch(path, json={"evses": evses})
        assert answer.status_code == 200, answer.text
        kept = desk.house.store.get(Station, "S").evses
        assert [(one.id, one.rated_w, one.connectors) for one in kept] == [
            (1, 50_000, 2),
            (3, 11_000, 1),
        ]
        assert kept[0].meter_key_id and not kept[1].meter_key_id
        twice = await desk.host.patch(path, json={"evses": [evses[1], evses[1]]})
        assert twice.json()["detail"] == "evses: one id stands twice"

    walk(tmp_path, scenario)


def test_a_contract_is_written_by_an_emaid_and_by_nothing_else(tmp_path):
    async def scenario(desk):
        async def put(uid):
            body = {"payer": DRIVER, "type": "eMAID"}
            return await desk.host.put(f"/api/v1/id-tokens/{uid}", json=body)

        for uid in ("nonsense", "D1-ABC-C12345678", "DE-AB-C12345678", "DE-ABC-C1234567", "DEABC"):
            said = problem(await put(uid), 400)["detail"]
            assert f"{uid} is no eMAID, as in DE-ABC-C12345678" in said
        for uid in ("DE-ABC-C12345678", "fr8aac12345678", "NL*8AB*123456789"):
            assert (await put(uid)).status_code == 200, uid

    walk(tmp_path, scenario)
