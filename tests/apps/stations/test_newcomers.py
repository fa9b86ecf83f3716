"""Stations that nobody registered: they wait, and a person says yes or no over the API."""

from __future__ import annotations

import asyncio
import json
import secrets

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ohmstead.core.network import Quarantined, Station
from ohmstead.core.newcomer import Newcomer
from tests.apps.api.desk import HOST, problem, walk
from tests.apps.gateway.floor import until
from tests.apps.gateway.pki import Pki
from tests.apps.gateway.test_proxies import client_cert
from tests.apps.stations.field import V16, V201

N = "/api/v1/newcomers"
APPROVE = {"onboarding": "approve"}
APPROVAL = {"owner": HOST, "tariff": "T", "evses": [{"id": 1, "rated_w": 22000}]}
SECRET = b"what the maker set"
BOOTS = {
    V16: {
        "chargePointVendor": "Maker",
        "chargePointModel": "Box",
        "chargePointSerialNumber": "SN1",
        "firmwareVersion": "1.0",
    },
    V201: {
        "reason": "PowerUp",
        "chargingStation": {
            "vendorName": "Maker",
            "model": "Box",
            "serialNumber": "SN1",
            "firmwareVersion": "1.0",
        },
    },
}
STOP = {
    V16: (
        "StopTransaction",
        {"transactionId": 7, "meterStop": 1, "timestamp": "2026-01-01T00:00:00Z"},
    ),
    V201: (
        "TransactionEvent",
        {
            "eventType": "Ended",
            "timestamp": "2026-01-01T00:00:00Z",
            "triggerReason": "EVDeparted",
            "seqNo": 3,
            "transactionInfo": {"transactionId": "T7"},
        },
    ),
}


async def ask(socket, action, payload, message_id=None):
    # A boot that comes again in its own words within a minute is a repeat, with its old answer.
    message_id = message_id or secrets.token_hex(8)
    await socket.send(json.dumps([2, message_id, action, payload]))
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def refused(connecting):
    with pytest.raises(InvalidStatus) as error:
        await connecting
    return error.value.response.status_code


def new(desk, version=V16, name="NEW", password=SECRET):
    return desk.field.socket(version, name, password)


@pytest.mark.parametrize("version", [V16, V201])
def test_an_unknown_station_waits_and_charges_once_it_is_approved(tmp_path, version):
    async def scenario(desk):
        async with new(desk, version) as socket:
            answer = await ask(socket, "BootNotification", BOOTS[version])
            assert answer[2]["status"] == "Pending" and answer[2]["interval"] == 60
            (waiting,) = (await desk.read.get(N)).json()["items"]
            assert waiting["state"] == "waiting" and waiting["connected"]
            said = [waiting[name] for name in ("vendor", "model", "serial", "firmware")]
            assert said == ["Maker", "Box", "SN1", "1.0"]
            # Behaviour 12: what it tells of a transaction is kept, and refused all the same.
            answer = await ask(socket, *STOP[version], "2")
            assert answer[2] == "SecurityError"
            answer = await ask(socket, "Heartbeat", {}, "3")
            assert answer[2] == "SecurityError"
            kept = desk.house.store.find(Quarantined, 10, station_id="NEW")
            assert [one.reason for one in kept] == ["station_pending"]
            made = await desk.host.post(f"{N}/NEW/approve", json=APPROVAL | {"name": "Yard"})
            assert made.status_code == 201, made.text
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
            assert socket.close_code == 1012
        assert (await desk.read.get(N)).json()["items"] == []
        async with new(desk, version) as socket:
            answer = await ask(socket, "BootNotification", BOOTS[version])
            assert answer[2]["status"] == "Accepted"
        assert desk.house.store.get(Station, "NEW").vendor == "Maker"
        problem(await desk.host.post(f"{N}/NEW/approve", json=APPROVAL), 409)
        problem(await desk.host.post(f"{N}/NEW/reject"), 400)

    walk(tmp_path, scenario, ocpp=APPROVE)


@pytest.mark.parametrize(
    ("password", "state"),
    [(b"1234", "weak"), (SECRET, "good"), (bytes(range(0x80, 0x94)), "good"), (b"\0" * 20, "weak")],
)
def test_whether_the_password_it_came_with_is_weak_is_known_after_the_approval(
    password, state, tmp_path
):
    async def scenario(desk):
        for _ in range(2):  # what is known of the first time is not forgotten at the second
            async with new(desk, password=password) as socket:
                await ask(socket, "BootNotification", BOOTS[V16])
        made = await desk.host.post(f"{N}/NEW/approve", json=APPROVAL)
        assert made.status_code == 201
        shown = (await desk.host.get("/api/v1/stations/NEW")).json()
        assert shown["password_state"] == state

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_nobody_else_is_let_in_under_its_name(tmp_path):
    async def scenario(desk):
        async with new(desk) as socket:
            await ask(socket, "BootNotification", BOOTS[V16])
            assert await refused(new(desk, password=b"a guess")) == 401
        assert await refused(new(desk, password=b"a guess")) == 401
        wrong = APPROVAL | {"password": "a guess"}
        problem(await desk.host.post(f"{N}/NEW/approve", json=wrong), 409)
        right = APPROVAL | {"password": SECRET.decode()}
        assert (await desk.host.post(f"{N}/NEW/approve", json=right)).status_code == 201
        assert await refused(new(desk, password=b"a guess")) == 401

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_who_proves_nothing_does_not_wait(tmp_path):
    async def scenario(desk):
        assert await refused(new(desk, password=None)) == 401
        assert await refused(desk.field.socket(V16, "NEW", SECRET, user="OTHER")) == 401
        async with new(desk):
            pass  # no boot: nothing is left of it
        assert (await desk.read.get(N)).json()["items"] == []
        problem(await desk.host.post(f"{N}/NEW/approve", json=APPROVAL), 404)
        problem(await desk.read.post(f"{N}/NEW/approve", json=APPROVAL), 403)

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_a_rejected_station_is_not_let_in_again_until_it_is_approved(tmp_path):
    async def scenario(desk):
        async with new(desk) as socket:
            await ask(socket, "BootNotification", BOOTS[V16])
            shown = (await desk.host.post(f"{N}/NEW/reject")).json()
            assert shown["state"] == "rejected"
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
        assert await refused(new(desk)) == 403
        assert (await desk.host.post(f"{N}/NEW/approve", json=APPROVAL)).status_code == 201
        async with new(desk) as socket:
            assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Accepted"

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_only_so_many_wait(tmp_path):
    async def scenario(desk):
        for name in ("N1", "N2"):
            async with new(desk, name=name) as socket:
                assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Pending"
        assert await refused(new(desk, name="N3")) == 503
        async with new(desk, name="N1") as socket:  # who waits already may come again
            assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Pending"
        await desk.host.post(f"{N}/N2/reject")
        async with new(desk, name="N3") as socket:
            await ask(socket, "BootNotification", BOOTS[V16])
        await desk.host.post(f"{N}/N3/reject")
        assert await refused(new(desk, name="N4")) == 503  # three new ones within this hour

    limits = {"newcomers_max": 2, "newcomers_per_hour": 3}
    walk(tmp_path, scenario, ocpp=APPROVE | limits)


def test_those_that_are_connected_and_silent_count_as_well(tmp_path):
    async def scenario(desk):
        async with new(desk, name="N1"), new(desk, name="N2"):
            await until(lambda: len(desk.house.gateway.connected()) == 2)
            assert await refused(new(desk, name="N3")) == 503
        await until(lambda: not desk.house.gateway.connected())
        async with new(desk, name="N3") as socket:
            assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Pending"

    walk(tmp_path, scenario, ocpp=APPROVE | {"newcomers_max": 2})


def test_what_is_kept_of_a_stranger_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("ohmstead.apps.stations.newcomers.EVIDENCE_MAX", 2)

    async def scenario(desk):
        async with new(desk) as socket:
            action, stop = STOP[V16]
            assert (await ask(socket, action, stop, "0"))[2] == "SecurityError"
            await ask(socket, "BootNotification", BOOTS[V16], "b")
            for number in range(4):
                payload = stop | {"transactionId": number}
                assert (await ask(socket, action, payload, str(number)))[2] == "SecurityError"
        assert len(desk.house.store.find(Quarantined, 10, station_id="NEW")) == 2

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_a_boot_that_is_none_leaves_nothing(tmp_path):
    async def scenario(desk):
        async with new(desk) as socket:
            answer = await ask(socket, "BootNotification", {"chargePointVendor": 5})
            assert answer[0] == 4
            long = BOOTS[V16] | {"chargePointVendor": "x" * 5_000}
            await ask(socket, "BootNotification", long, "2")
        found = desk.house.store.get(Newcomer, "NEW")
        assert found is None or len(found.vendor) <= 64

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_a_retired_station_is_no_newcomer(tmp_path):
    async def scenario(desk):
        assert (await desk.host.delete("/api/v1/stations/OTHER")).status_code == 204
        assert await refused(new(desk, name="OTHER")) == 404

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_unknown_stations_are_refused_where_nobody_asked_for_them(tmp_path):
    async def scenario(desk):
        assert await refused(new(desk)) == 404

    walk(tmp_path, scenario)


def test_a_stations_security_profile_is_set_over_the_api(tmp_path):
    async def scenario(desk):
        path = "/api/v1/stations/S"
        assert (await desk.read.get(path)).json()["security_profile"] == 1
        changed = await desk.host.patch(path, json={"security_profile": 2})
        assert changed.json()["security_profile"] == 2
        assert await refused(desk.field.socket(V16, "S")) == 403
        problem(await desk.host.patch(path, json={"security_profile": 4}), 400)

    walk(tmp_path, scenario)


def test_a_waiting_station_that_is_registered_by_hand_waits_no_more(tmp_path):
    async def scenario(desk):
        async with new(desk) as socket:
            await ask(socket, "BootNotification", BOOTS[V16])
        made = await desk.host.post("/api/v1/stations", json={"id": "NEW", **APPROVAL})
        password = made.json()["password"].encode()
        assert (await desk.read.get(N)).json()["items"] == []
        problem(await desk.host.post(f"{N}/NEW/approve", json=APPROVAL), 409)
        async with new(desk, password=password) as socket:
            assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Accepted"
            await desk.host.post(f"{N}/NEW/reject")
            assert (await ask(socket, "Heartbeat", {}))[0] == 3  # that was about somebody else
        assert await refused(new(desk)) == 401

    walk(tmp_path, scenario, ocpp=APPROVE)


def test_a_certificate_that_names_an_unknown_station_lets_it_wait(tmp_path):
    pki = Pki(tmp_path)
    _, _, certificate = pki.issue("NEW")
    shown = {"Client-Cert": client_cert(certificate)}
    proxy = {"trusted_proxies": ("127.0.0.0/8",)}

    async def scenario(desk):
        def certified(name="NEW", **more):
            url = f"ws://127.0.0.1:{desk.field.port}/ocpp/{name}"
            more = {"additional_headers": shown, "proxy": None} | more
            return connect(url, subprotocols=["ocpp1.6"], **more)

        assert await refused(certified("OTHER-NEW")) == 403
        async with certified() as socket:
            assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Pending"
        (waiting,) = (await desk.read.get(N)).json()["items"]
        assert (waiting["secret"], waiting["security_profile"]) == ("certificate", 3)
        assert await refused(new(desk)) == 401  # a password is not what it first came with
        below = APPROVAL | {"security_profile": 2}
        problem(await desk.host.post(f"{N}/NEW/approve", json=below), 400)
        assert (await desk.host.post(f"{N}/NEW/approve", json=APPROVAL)).status_code == 201
        async with certified() as socket:
            assert (await ask(socket, "BootNotification", BOOTS[V16]))[2]["status"] == "Accepted"

    walk(tmp_path, scenario, ocpp=APPROVE | proxy)
