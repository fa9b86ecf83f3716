"""A password is replaced: no moment at which the station is locked out, none longer than needed."""

from __future__ import annotations

import asyncio
import json

import bcrypt
import pytest

from ohmstead.apps.stations.hashed import matching
from ohmstead.core.network import Station
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import PASSWORD, V16, V201

S = "/api/v1/stations/S"
ROTATE = {"rotate_password": True, "deliver": True}


def kept(desk):
    return desk.house.store.get(Station, "S")


async def fits(desk, password, version=V16):
    try:
        async with desk.field.socket(version, "S", password):
            await asyncio.sleep(0.05)
            return True
    except Exception as error:
        assert "401" in str(error), error
        return False


def answer_16(call, status):
    assert call[2] == "ChangeConfiguration"
    assert call[3]["key"] == "AuthorizationKey"
    return {"status": status}, bytes.fromhex(call[3]["value"])


def answer_201(call, status):
    assert call[2] == "SetVariables"
    (one,) = call[3]["setVariableData"]
    password = one.pop("attributeValue")
    assert one["variable"]["name"] == "BasicAuthPassword"
    return {"setVariableResult": [one | {"attributeStatus": status}]}, password.encode()


ANSWERS = {V16: answer_16, V201: answer_201}


async def rotate(desk, socket, version, status):
    """Ask for a rotation and answer as the station does; returns the response and the password."""
    asked = asyncio.create_task(desk.host.patch(S, json=ROTATE))
    call = json.loads(await asyncio.wait_for(socket.recv(), 10))
    result, password = ANSWERS[version](call, status)
    await socket.send(json.dumps([3, call[1], result]))
    return await asked, password


@pytest.mark.parametrize("version", [V16, V201])
def test_old_and_new_are_let_in_until_the_station_has_used_the_new_one(tmp_path, version):
    async def scenario(desk):
        async with desk.field.socket(version) as socket:
            done, new = await rotate(desk, socket, version, "Accepted")
            assert done.json()["password_state"] == "waiting"
        assert await fits(desk, PASSWORD, version)  # it has not restarted yet
        assert kept(desk).next_macs
        assert await fits(desk, new, version)
        assert not kept(desk).next_macs
        assert not await fits(desk, PASSWORD, version)
        assert await fits(desk, new, version)
        assert (await desk.host.get(S)).json()["password_state"] == "good"

    walk(tmp_path, scenario)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_password_that_the_station_refuses_never_holds(tmp_path, version):
    async def scenario(desk):
        async with desk.field.socket(version) as socket:
            refused, new = await rotate(desk, socket, version, "Rejected")
            assert "the old one holds" in problem(refused, 409)["detail"]
        assert not kept(desk).next_macs
        assert not await fits(desk, new, version)
        assert await fits(desk, PASSWORD, version)
        problem(await desk.host.patch(S, json=ROTATE), 409, "not-connected")
        assert not kept(desk).next_macs

    walk(tmp_path, scenario)


def test_a_station_that_left_without_a_word_may_come_back_with_either(tmp_path):
    async def scenario(desk):
        async with desk.field.socket(V16) as socket:
            asked = asyncio.create_task(desk.host.patch(S, json=ROTATE))
            first = bytes.fromhex(json.loads(await asyncio.wait_for(socket.recv(), 10))[3]["value"])
        assert "both let in" in problem(await asked, 409)["detail"]
        async with desk.field.socket(V16) as socket:  # with the old one, and is asked again
            _, second = await rotate(desk, socket, V16, "Rejected")
        assert not await fits(desk, second)
        assert await fits(desk, first)  # it had taken it
        assert not await fits(desk, PASSWORD)

    walk(tmp_path, scenario)


def test_a_weak_key_is_good_once_the_station_uses_one_of_ours(tmp_path):
    async def scenario(desk):
        fleet = {
            "csv": "id,password,weak\nOLD,1234,yes\n",
            "owner": "0x" + "ab" * 20,
            "tariff": "T",
        }
        await desk.host.post("/api/v1/stations/import", json=fleet)
        old = "/api/v1/stations/OLD"
        assert (await desk.host.get(old)).json()["password_state"] == "weak"
        by_hand = {"rotate_password": True, "keep_old": True}
        made = (await desk.host.patch(old, json=by_hand)).json()
        assert made["password_state"] == "waiting"
        async with desk.field.socket(V16, "OLD", b"1234"):
            pass
        async with desk.field.socket(V16, "OLD", made["password"].encode()):
            await asyncio.sleep(0.05)
        assert (await desk.host.get(old)).json()["password_state"] == "good"
        for _ in range(4):
            assert (await desk.host.patch(old, json=by_hand)).status_code == 200
        crowded = problem(await desk.host.patch(old, json=by_hand), 409)
        assert "has used none" in crowded["detail"]
        at_once = (await desk.host.patch(old, json={"rotate_password": True})).json()
        assert at_once["password_state"] == "good"
        problem(await desk.host.patch(old, json={"deliver": True}), 400, "bad-request")

    walk(tmp_path, scenario)


def test_a_key_given_in_capitals_is_the_key_a_station_presents_as_bytes(tmp_path):
    async def scenario(desk):
        key = "00AABBCCDDEEFF112233445566778899AABBCCDD"
        body = {"id": "CAP", "owner": "0x" + "ab" * 20, "tariff": "T", "password": key}
        body["evses"] = [{"id": 1, "rated_w": 22_000}]
        assert (await desk.host.post("/api/v1/stations", json=body)).status_code == 201
        for spelling in (bytes.fromhex(key), key.encode()):
            async with desk.field.socket(V16, "CAP", spelling):
                pass

    walk(tmp_path, scenario)


@pytest.mark.parametrize("said", [b"a word", bytes.fromhex("00aabb" * 5)])
def test_a_password_of_which_only_a_hash_came_is_learnt_when_the_station_says_it(tmp_path, said):
    text = said if said.isascii() else said.hex().upper().encode()

    async def scenario(desk):
        hashed = bcrypt.hashpw(text, bcrypt.gensalt(4)).decode()
        fleet = {"csv": f"id,password_hash\nOLD,{hashed}\n", "owner": "0x" + "ab" * 20}
        body = fleet | {"tariff": "T"}
        for outcome in ("new", "same"):
            (one,) = (await desk.host.post("/api/v1/stations/import", json=body)).json()["stations"]
            assert (one["outcome"], one["password"]) == (outcome, None)
        old = "/api/v1/stations/OLD"
        assert (await desk.host.get(old)).json()["password_state"] == "hashed"
        for password in (b"wrong", said):  # at first nobody can tell, and it tries again
            with pytest.raises(Exception, match="401"):
                async with desk.field.socket(V16, "OLD", password):
                    pass
            await asyncio.sleep(0.3)
        async with desk.field.socket(V16, "OLD", said):
            pass
        assert (await desk.host.get(old)).json()["password_state"] == "weak"
        with pytest.raises(Exception, match="401"):
            async with desk.field.socket(V16, "OLD", b"wrong"):
                pass
        assert desk.house.store.get(Station, "OLD").secret_hash == ""
        assert (await desk.host.post("/api/v1/stations/import", json=body)).json()["same"] == 1

    walk(tmp_path, scenario)


@pytest.mark.parametrize("hashed", ["", "$2a$10$", "x" * 60, "$2a$04$" + "." * 53])
def test_what_is_no_hash_lets_nobody_in(hashed):
    for password in (b"", b"x", b"\0", b"x" * 100):
        assert matching(hashed, password) is None
