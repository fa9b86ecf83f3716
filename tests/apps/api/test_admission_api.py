"""Behaviour 12 from our side: what reaches a station that is not accepted, and how it gets in."""

from __future__ import annotations

import asyncio
import json

import pytest

from ohmstead.apps.stations.commanding.admitted import SETTING_UP, may_leave
from ohmstead.core.command import StationCommand
from ohmstead.core.network import Admission
from tests.apps.api.desk import problem, walk
from tests.apps.gateway.floor import until
from tests.apps.stations.field import V16, V201

S = "/api/v1/stations"
both = pytest.mark.parametrize("version", [V16, V201])
NOT_SETTING_UP = {V16: ("ClearCache", {}), V201: ("ClearCache", {})}
STARTS = {
    V16: ("RemoteStartTransaction", {"idTag": "CARD"}),
    V201: (
        "RequestStartTransaction",
        {"idToken": {"idToken": "CARD", "type": "Central"}, "remoteStartId": 1},
    ),
}
READS = {
    V16: ("GetConfiguration", {}),
    V201: (
        "GetVariables",
        {"getVariableData": [{"component": {"name": "C"}, "variable": {"name": "V"}}]},
    ),
}
BOOTS = {
    V16: {"chargePointModel": "M", "chargePointVendor": "V"},
    V201: {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}},
}
SAID = {
    "ClearCache": {"status": "Accepted"},
    "TriggerMessage": {"status": "Accepted"},
    "GetConfiguration": {},
    "GetVariables": {
        "getVariableResult": [
            {
                "attributeStatus": "Accepted",
                "component": {"name": "C"},
                "variable": {"name": "V"},
            }
        ]
    },
}


class Wire:
    """A station that answers whatever it is asked, and remembers it in order."""

    def __init__(self, socket, version):
        self.socket, self.version, self.asked, self.boots = socket, version, [], []
        self.count = 0
        self.task = asyncio.create_task(self._listen())

    async def boot(self):
        self.count += 1
        frame = [2, f"b{self.count}", "BootNotification", BOOTS[self.version]]
        await self.socket.send(json.dumps(frame))

    async def _listen(self):
        async for text in self.socket:
            frame = json.loads(text)
            if frame[0] == 3:
                self.boots.append(frame[2]["status"])
                continue
            self.asked.append((frame[2], frame[3]))
            await self.socket.send(json.dumps([3, frame[1], SAID[frame[2]]]))

    @property
    def actions(self):
        return [action for action, _ in self.asked]


async def queue(desk, action, payload):
    answer = await desk.host.post(f"{S}/S/commands/{action}?queue=true", json=payload)
    assert answer.status_code == 202, answer.text


def waiting(desk):
    found = desk.house.store.find(StationCommand, 100, station_id="S", state="queued")
    return [one.action for one in found]


@both
def test_behaviour_12_what_is_queued_waits_for_the_acceptance_unless_it_sets_the_station_up(
    version, tmp_path
):
    async def scenario(desk):
        await queue(desk, *NOT_SETTING_UP[version])
        await queue(desk, *STARTS[version])
        await queue(desk, *READS[version])
        async with desk.field.socket(version) as socket:
            station = Wire(socket, version)
            await station.boot()
            await until(lambda: station.actions == [READS[version][0]])
            assert station.boots == ["Pending"]
            # The queue has served what it may, and holds the others back.
            await until(lambda: len(waiting(desk)) == 2)
            await until(lambda: "S" not in desk.house.queue._serving)
            assert station.actions == [READS[version][0]]
            for path in waiting(desk):
                assert path in ("ClearCache", STARTS[version][0])
            cancelled = (await desk.host.get(f"{S}/S/commands", params={"state": "queued"})).json()
            start = next(one for one in cancelled["items"] if "Start" in one["action"])
            await desk.host.delete(f"/api/v1/commands/{start['id']}")
            done = await desk.host.patch(f"{S}/S", json={"admission": "accepted"})
            assert done.status_code == 200
            await until(lambda: "ClearCache" in station.actions)

    walk(tmp_path, scenario, admission="Pending", meter=False)


@both
def test_behaviour_12_a_pending_station_is_not_asked_to_charge(version, tmp_path):
    async def scenario(desk):
        async with desk.field.socket(version) as socket:
            station = Wire(socket, version)
            await station.boot()
            await until(lambda: station.boots)
            action, payload = STARTS[version]
            told = problem(await desk.host.post(f"{S}/S/commands/{action}", json=payload), 409)
            assert "is pending" in told["detail"] and "--admission accepted" in told["detail"]
            action, payload = READS[version]
            read = await desk.host.post(f"{S}/S/commands/{action}", json=payload)
            assert read.status_code == 200, read.text
            assert station.actions == [action]

    walk(tmp_path, scenario, admission="Pending", meter=False)


@both
@pytest.mark.parametrize("admission", ["Pending", "Rejected"])
def test_accepting_a_station_that_is_here_asks_it_to_boot_again(version, admission, tmp_path):
    async def scenario(desk):
        async with desk.field.socket(version) as socket:
            station = Wire(socket, version)
            await station.boot()
            await until(lambda: station.boots == [admission])
            await desk.host.patch(f"{S}/S", json={"admission": "accepted"})
            await until(lambda: station.asked)
            assert station.asked == [("TriggerMessage", {"requestedMessage": "BootNotification"})]
            await station.boot()
            await until(lambda: station.boots == [admission, "Accepted"])
            await desk.host.patch(f"{S}/S", json={"admission": "accepted"})  # as it is already
            await desk.host.post(f"{S}/S/commands/ClearCache", json={})
            assert station.actions == ["TriggerMessage", "ClearCache"]
        log = desk.house.store.find(StationCommand, 9, station_id="S")
        assert "accepted" in log[-1].author.reason and log[-1].author.name == "host"

    walk(tmp_path, scenario, admission=admission, meter=False)


def test_a_station_that_is_away_is_accepted_without_being_asked_anything(tmp_path):
    async def scenario(desk):
        done = await desk.host.patch(f"{S}/S", json={"admission": "accepted"})
        assert done.json()["admission"] == "accepted"
        assert not desk.house.store.find(StationCommand, 9, station_id="S")

    walk(tmp_path, scenario, admission="Pending", meter=False)


def test_the_log_of_commands_is_read_once_for_a_pending_station_that_talks(tmp_path, monkeypatch):
    async def scenario(desk):
        reads = []
        find = desk.house.store.find

        def counted(kind, *args, **where):
            if kind is StationCommand and where.get("station_id") == "S" and "state" not in where:
                reads.append(where)
            return find(kind, *args, **where)

        monkeypatch.setattr(desk.house.store, "find", counted)
        async with desk.field.station(V201, boot=False) as station:
            for _ in range(20):
                assert (await station.send("Heartbeat", {}))[2] == "SecurityError"
            assert len(reads) == 1
            wanted = {"requestedMessage": "Heartbeat"}
            await desk.field.command("TriggerMessage", wanted, timeout_ms=50)
            assert (await station.send("Heartbeat", {}))[0] == 3  # what it was just asked for
            assert len(reads) == 1

    walk(tmp_path, scenario, admission="Pending", meter=False)


def test_every_admission_has_its_commands():
    for action in (*SETTING_UP, "ClearCache", "Reset"):
        assert may_leave(Admission.ACCEPTED, action)
        assert may_leave(Admission.PENDING, action) is (action in SETTING_UP)
        assert may_leave(Admission.REJECTED, action) is ("Trigger" in action)


def test_a_password_of_few_characters_is_refused_and_one_of_few_kinds_is_called_weak(tmp_path):
    async def scenario(desk):
        body = {"id": "W", "owner": "0x" + "ab" * 20, "tariff": "T"}
        body["evses"] = [{"id": 1, "rated_w": 22_000}]
        short = await desk.host.post(S, json=body | {"password": "short"})
        assert "at least 16 characters" in problem(short, 400)["detail"]
        weak = await desk.host.post(S, json=body | {"password": "a" * 16})
        assert weak.json()["password_state"] == "weak"
        good = body | {"id": "G", "password": "correct horse battery"}
        assert (await desk.host.post(S, json=good)).json()["password_state"] == "good"

    walk(tmp_path, scenario)
