"""The wire log: what an installer sees, what stays secret, and that it stays small."""

from __future__ import annotations

import asyncio
import json

import pytest

from ohmstead.apps.api.frames import HIDDEN, shown
from ohmstead.apps.gateway import wirelog
from ohmstead.apps.gateway.wirelog import Cut, WireLog, WireLogs
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, V201

FRAMES = "/api/v1/stations/S/frames"
BOOT = {"chargePointModel": "M", "chargePointVendor": "V"}


def test_the_last_frames_of_a_station_are_shown_with_how_its_connections_ended(tmp_path):
    async def scenario(desk):
        assert (await desk.host.get(FRAMES)).json()["frames"] == []
        with pytest.raises(Exception, match="401"):
            async with desk.field.socket(V16, "S", b"wrong password wrong"):
                pass
        async with desk.field.socket(V16) as socket:
            await socket.send(json.dumps([2, "b1", "BootNotification", BOOT]))
            await socket.recv()
            found = (await desk.host.get(FRAMES)).json()
            assert found["is_connected"]
        kinds = [(one["direction"], one["text"].split(":")[0]) for one in found["frames"]]
        assert [kind for kind, _ in kinds] == ["note", "note", "in", "out"]
        assert kinds[0][1] == "refused with 401"
        assert "connected from 127.0.0.1 with ocpp1.6" in found["frames"][1]["text"]
        boot = found["frames"][2]
        assert boot["text"] == json.dumps(
            [2, "b1", "BootNotification", BOOT], separators=(",", ":")
        )
        assert boot["bytes"] == len(json.dumps([2, "b1", "BootNotification", BOOT]))
        assert boot["at"].startswith("20")
        await asyncio.sleep(0.1)
        newer = (await desk.host.get(FRAMES, params={"after": found["next"]})).json()
        assert [one["text"] for one in newer["frames"]] == ["disconnected"]
        assert not newer["is_connected"]
        assert "correct horse" not in json.dumps([found, newer])
        problem(await desk.read.get(FRAMES), 403)
        problem(await desk.host.get("/api/v1/stations/none/frames"), 404)

    walk(tmp_path, scenario)


def test_a_refused_log_in_outlasts_the_frames_of_whoever_got_in(tmp_path):
    async def scenario(desk):
        for _ in range(3):  # the same again and again is told once
            with pytest.raises(Exception, match="401"):
                async with desk.field.socket(V16, "S", b"wrong password wrong"):
                    pass
        async with desk.field.socket(V16) as socket:
            for number in range(wirelog.FRAMES_MAX):
                await socket.send(json.dumps([2, f"b{number}", "BootNotification", BOOT]))
                await socket.recv()
            found = (await desk.host.get(FRAMES)).json()
            assert len(found["frames"]) == wirelog.FRAMES_MAX + 1
            first = found["frames"][0]
            assert (first["number"], first["direction"]) == (0, "note")
            assert first["text"].startswith("refused with 401")
            after = {"after": found["next"]}
            assert (await desk.host.get(FRAMES, params=after)).json()["frames"] == []

    walk(tmp_path, scenario)


def test_of_refused_log_ins_the_last_few_are_kept():
    log = WireLog()
    for number in range(9):
        log.refused(f"refused with 401: {number}")
    for _ in range(wirelog.FRAMES_MAX):
        log.received(b"[]", 1)
    told = [text for _, _, text in log.outlasting()]
    assert told == [f"refused with 401: {number}" for number in range(4, 9)]


def test_a_password_on_its_way_to_a_station_is_not_in_the_log(tmp_path):
    async def scenario(desk):
        async with desk.field.socket(V201) as socket:
            body = {"rotate_password": True, "deliver": True}
            asked = asyncio.create_task(desk.host.patch("/api/v1/stations/S", json=body))
            call = json.loads(await socket.recv())
            secret = call[3]["setVariableData"][0]["attributeValue"]
            result = [dict(call[3]["setVariableData"][0], attributeStatus="Accepted")]
            del result[0]["attributeValue"]
            await socket.send(json.dumps([3, call[1], {"setVariableResult": result}]))
            assert (await asked).json()["password"] == secret
            text = (await desk.host.get(FRAMES)).text
            assert "BasicAuthPassword" in text
            assert secret not in text

    walk(tmp_path, scenario)


SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    "payload",
    [
        {"key": "AuthorizationKey", "value": SECRET},
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]},
        {"value": SECRET, "key": "authorizationkey"},
        {
            "setVariableData": [
                {
                    "attributeValue": SECRET,
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                }
            ]
        },
        {
            "reportData": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "variableAttribute": [{"value": SECRET}],
                }
            ]
        },
        {"connectionData": {"apn": {"apnPassword": SECRET, "simPin": 1234}}},
        {
            "connectionData": {
                "vpn": {"server": "s", "user": "u", "password": SECRET, "key": SECRET}
            }
        },
        {"location": f"ftp://user:{SECRET}@host/file"},
        {"data": json.dumps({"WifiPassword": SECRET})},
        {"csr": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"},
    ],
)
def test_no_secret_is_shown_whole_cut_or_broken(payload):
    frame = json.dumps([2, "id", "Action", payload]).encode()
    assert SECRET not in shown(frame)
    assert "1234" not in shown(frame)
    assert shown(frame).startswith('[2,"id","Action",')
    for end in range(len(frame)):
        assert SECRET not in shown(frame[:end]), end
        assert SECRET not in shown(Cut(frame[:end], 5_000))


def test_what_is_no_secret_stays_readable():
    frame = b'[2,"1","Authorize",{"idTag":"CARD","price":2935.60}]'
    assert shown(frame) == frame.decode()
    assert shown(b'[3,"1",{"a":1}') == '[3,"1",{"a":1}'
    assert shown(b'["key') == HIDDEN
    assert shown(b"\xff\xfe") == "��"
    assert shown(b"[" * 5_000) == "[" * 5_000
    assert shown(Cut(b'[2,"1","NotifyReport",{"x":', 9_000)) == '[2,"1","NotifyReport", ...'


def test_a_log_is_small_until_somebody_looks_and_again_afterwards(monkeypatch):
    log = WireLog()
    for number in range(100):
        log.received(b"x" * (5_000 if number % 2 else 10), number)
    assert len(log.frames) == wirelog.FRAMES_MAX
    held = sum(len(d.head if isinstance(d, Cut) else d) for _, _, d in log.frames)
    assert held <= wirelog.FRAMES_MAX * wirelog.LONG_BYTES
    assert log.count == 100
    log.watch(0)
    for number in range(1_000):
        log.received(b"y" * 10_000, number)
    assert sum(wirelog.size_of(d) for _, _, d in log.frames) <= wirelog.WATCHED_BYTES_MAX
    for number in range(1_000):
        log.received(b"z", number)
    assert len(log.frames) == wirelog.WATCHED_FRAMES_MAX
    log.received(b"w" * 2_000_000, 1)
    assert isinstance(log.frames[-1][2], Cut) if log.frames else True
    log.received(b"late", wirelog.WATCH_MS + 1)
    assert len(log.frames) <= wirelog.FRAMES_MAX


def test_who_only_knocks_pushes_no_frame_out():
    log = WireLog()
    log.received(b"frame", 1)
    for _ in range(100):
        log.note("refused with 401")
    assert [data for _, _, data in log.frames] == [b"frame", "refused with 401"]
    assert log.count == 101


def test_only_so_many_stations_are_looked_at_at_once(monkeypatch):
    monkeypatch.setattr(wirelog, "STATIONS_MAX", 50)
    logs = WireLogs()
    for number in range(60):
        logs.watched(f"S{number}").received(b"x", 0)
    longest, newest = logs.of("S20"), logs.of("S59")
    for _ in range(50):
        longest.received(b"x", 0)
        newest.received(b"x", 0)
    assert (len(longest.frames), len(newest.frames)) == (wirelog.FRAMES_MAX, 51)
    assert logs.of("S0").count == 0  # the oldest log made room
