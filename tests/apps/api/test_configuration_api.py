"""What stations say of their configuration: read, kept without secrets, compared."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.core.device_model import Inventory
from tests.apps.api.configured import (
    KINDS,
    ONE,
    TWO,
    Station16,
    Station201,
    a_while,
    eventually,
    hurried,
)
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import PASSWORD, V16, V21, V201, VERSIONS

both = pytest.mark.parametrize("version", VERSIONS)
C = "/api/v1/stations/S/configuration"
READS = {"read_configuration": "boot"}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    hurried(monkeypatch)


async def read(desk, station="S"):
    answer = await desk.host.post(f"/api/v1/stations/{station}/configuration/read")
    assert answer.status_code == 200, answer.text
    return answer.json()


def value_of(view, name):
    return next(one for one in view["variables"] if one["name"] == name)


@both
def test_a_station_is_asked_for_its_configuration_and_what_it_says_is_kept(tmp_path, version):
    async def scenario(desk):
        problem(await desk.host.get(C), 404, "not-found")
        problem(await desk.host.post(f"{C}/read"), 409, "not-connected")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            said = await read(desk)
            assert said["standing"]["state"] == "no_template"
            assert said["standing"]["protocol"] == version
            assert said["standing"]["variables"] == len(station.point.values)
            one = value_of(said, ONE[version])
            assert one["value"] == station.point.values[ONE[version]]
            assert one["mutability"] == "ReadWrite"
        # It stays when the station goes, and in the store.
        kept = (await desk.read.get(C, params={"contains": ONE[version].lower()})).json()
        assert [v["name"] for v in kept["variables"]] == [ONE[version]]
        assert desk.house.store.get(Inventory, "S").protocol == version
        problem(await desk.driver.get(C), 403, "scope")

    walk(tmp_path, scenario)


@both
def test_passwords_and_keys_are_neither_kept_nor_shown(tmp_path, version):
    secret = {V16: "AuthorizationKey"}.get(version, "SecurityCtrlr.BasicAuthPassword")

    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            if version == V16:
                said = await read(desk)
                url = value_of(said, "VendorUploadUrl")["value"]
                assert url == "ftp://user:***@files.example/x"
            else:
                # One that says its password although it may not (2.0.1 part 2: write-only).
                station.point.row = lambda name: row(name, station.point.values[name])
                said = await read(desk)
            one = value_of(said, secret)
            assert (one["value"], one["hidden"]) == (None, True)
            kept = desk.house.store.get(Inventory, "S")
            for text in (station.point.values[secret], "s3cr3t", PASSWORD.decode()):
                assert text not in str(kept) and text not in str(said)
            assert version in (V16, V201, V21)

    def row(name, value):
        component, variable = name.split("@")[0].split(".")[0], name.split(".")[1].split("[")[0]
        told = {"value": value, "mutability": "ReadWrite"}
        return {
            "component": {"name": component},
            "variable": {"name": variable.split("#")[0]},
            "variableAttribute": [told],
        }

    walk(tmp_path, scenario)


@both
def test_what_would_play_with_a_terminal_is_taken_out(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.values[ONE[version]] = "\x1b[31m60\x07\u202e"
            said = await read(desk)
            assert value_of(said, ONE[version])["value"] == "\ufffd[31m60\ufffd\ufffd"

    walk(tmp_path, scenario)


def test_a_report_whose_parts_come_in_any_order_is_whole(tmp_path):
    class Backwards(Station201):
        def order(self, messages):
            return messages[::-1]

    async def scenario(desk):
        async with desk.field.station(V201, kind=Backwards) as station:
            said = await read(desk)
            assert {one["name"] for one in said["variables"]} == set(station.point.values)
            limits = value_of(said, "AlignedDataCtrlr.Interval")
            assert (limits["type"], limits["min"], limits["max"]) == ("integer", "0", "3600")

    walk(tmp_path, scenario)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_station_that_tells_nothing_is_said_to_with_its_word(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version):  # answers NotImplemented
            refused = problem(await desk.host.post(f"{C}/read"), 502, "not-read")
            assert "refused Get" in refused["detail"] and "NotImplemented" in refused["detail"]
            assert "NotImplemented" in problem(await desk.host.get(C), 404)["detail"]

    walk(tmp_path, scenario)


def test_a_base_report_that_is_refused_or_empty_is_told_as_such(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201, kind=Station201) as station:
            station.point.base_word = "Rejected"
            refused = problem(await desk.host.post(f"{C}/read"), 502, "not-read")
            assert "GetBaseReport with Rejected" in refused["detail"]
            station.point.base_word = "NotSupported"  # neither of the two inventories
            problem(await desk.host.post(f"{C}/read"), 502, "not-read")
            assert station.point.reads == 3
            station.point.base_word = "EmptyResultSet"
            assert (await read(desk))["variables"] == []

    walk(tmp_path, scenario)


def test_a_station_that_goes_away_in_the_middle_of_its_report_is_not_waited_for(tmp_path):
    class Leaving(Station201):
        def order(self, messages):
            return messages[:1]

    async def scenario(desk):
        async with desk.field.station(V201, kind=Leaving) as station:
            asked = asyncio.create_task(desk.host.post(f"{C}/read"))

            async def some_came():
                return station.point.reads

            await eventually(some_came)
            await station.socket.close()
            refused = problem(await asked, 502, "not-read")
            assert "went away" in refused["detail"]
        problem(await desk.host.get(C), 404, "not-found")

    walk(tmp_path, scenario)


@both
def test_what_a_station_answers_to_anybodys_command_is_kept_once_it_was_read(tmp_path, version):
    commands = "/api/v1/stations/S/commands"
    part = {"component": {"name": "AlignedDataCtrlr"}, "variable": {"name": "Interval"}}

    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await read(desk)
            if version == V16:
                body = {"key": "HeartbeatInterval", "value": "77"}
                answer = await desk.host.post(f"{commands}/ChangeConfiguration", json=body)
            else:
                body = {"setVariableData": [part | {"attributeValue": "77"}]}
                answer = await desk.host.post(f"{commands}/SetVariables", json=body)
            assert answer.status_code == 200, answer.text
            assert value_of((await desk.host.get(C)).json(), ONE[version])["value"] == "77"
            # Changed at the station itself, and seen by who asks for it.
            station.point.values[ONE[version]] = "78"
            if version == V16:
                body = {"key": ["HeartbeatInterval", "None"]}
                await desk.host.post(f"{commands}/GetConfiguration", json=body)
            else:
                body = {"getVariableData": [part]}
                await desk.host.post(f"{commands}/GetVariables", json=body)
            assert value_of((await desk.host.get(C)).json(), ONE[version])["value"] == "78"

    walk(tmp_path, scenario)


def test_a_report_that_was_asked_for_by_a_plain_command_adds_to_what_is_known(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201, kind=Station201) as station:
            point = station.point
            await station.say(point.messages(99, ["AuthCtrlr.Enabled"])[0])
            problem(await desk.host.get(C), 404)  # a part of nothing is nothing
            await read(desk)
            point.values["AuthCtrlr.Enabled"] = "false"
            await station.say(point.messages(100, ["AuthCtrlr.Enabled"])[0])
            said = (await desk.host.get(C)).json()
            assert value_of(said, "AuthCtrlr.Enabled")["value"] == "false"
            assert len(said["variables"]) == len(point.values)
            # A station that goes on and on is heard, and not written down each time.
            for number in range(40):
                point.values["AuthCtrlr.Enabled"] = str(number)
                await station.say(point.messages(200 + number, ["AuthCtrlr.Enabled"])[0])
            said = (await desk.host.get(C)).json()
            assert value_of(said, "AuthCtrlr.Enabled")["value"] != "39"

    walk(tmp_path, scenario)


@both
def test_configurations_are_compared_with_others_and_with_what_they_were(tmp_path, version):
    async def scenario(desk):
        diff = f"{C}/diff"
        problem(await desk.host.get(diff), 404)
        async with (
            desk.field.station(version, kind=KINDS[version]) as station,
            desk.field.station(version, "OTHER", kind=KINDS[version]) as other,
        ):
            await read(desk)
            never = problem(await desk.host.get(diff), 404)
            assert "never changed" in never["detail"]
            problem(await desk.host.get(diff, params={"station": "OTHER"}), 404)
            other.point.values[TWO[version]] = "maybe"
            other.point.values["Vendor.Extra"] = "x"
            await read(desk, "OTHER")
            found = (await desk.host.get(diff, params={"station": "OTHER"})).json()
            told = {
                one["name"]: [one[side] and one[side]["value"] for side in ("left", "right")]
                for one in found["differences"]
            }
            before = station.point.values[TWO[version]]
            assert told == {TWO[version]: [before, "maybe"], "Vendor.Extra": [None, "x"]}
            station.point.values[ONE[version]] = "5"
            await read(desk)
            await read(desk)  # the same again is no change
            (change,) = (await desk.host.get(diff)).json()["differences"]
            assert change["name"] == ONE[version]
            assert (change["left"]["value"], change["right"]["value"]) == (
                "5", KINDS[version].factory[ONE[version]]
            )  # fmt: skip
            problem(await desk.host.get(diff, params={"template": "none"}), 404)

    walk(tmp_path, scenario)


def test_stations_of_different_versions_have_no_names_in_common(tmp_path):
    async def scenario(desk):
        async with (
            desk.field.station(V16, kind=Station16),
            desk.field.station(V201, "OTHER", kind=Station201),
        ):
            await read(desk)
            await read(desk, "OTHER")
            refused = await desk.host.get(f"{C}/diff", params={"station": "OTHER"})
            assert "OCPP 1.6" in problem(refused, 409)["detail"]

    walk(tmp_path, scenario)


@both
def test_a_configuration_is_read_anew_after_each_boot_by_itself(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point

            async def is_read():
                standing = await desk.host.get(C)
                return standing.status_code == 200 and standing.json()

            await a_while()
            assert not point.reads  # it has more urgent things to say first
            desk.field.wait(1)
            await eventually(is_read)
            assert point.reads == 1
            point.values[ONE[version]] = "61"
            await station.boot()
            desk.field.wait(1)

            async def is_new():
                return value_of(await is_read(), ONE[version])["value"] == "61"

            await eventually(is_new)
            assert point.reads == 2
        # It comes back without a boot: what it said still holds.
        async with desk.field.station(version, boot=False, kind=KINDS[version]) as station:
            desk.field.wait(1)
            await a_while()
            assert not station.point.reads

    walk(tmp_path, scenario, ocpp=READS)
