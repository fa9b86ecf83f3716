"""Local lists and caches over HTTP, with stations of another make that keep a list of their own."""

from __future__ import annotations

import asyncio

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on

from ohmstead.core.command import CommandState, StationCommand
from ohmstead.core.local_list import ListState, LocalList
from ohmstead.flows.commanding import QUEUED_MAX
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, V21, V201, VERSIONS
from tests.flows.world import DRIVER

both = pytest.mark.parametrize("version", VERSIONS)
P, SYNC = "/api/v1/stations/S/local-list", "/api/v1/stations/S/local-list/sync"


class Listing:
    """Keeps a list as the specification says, and remembers each message."""

    limits = ()  # what it says of its limits: (entries, items, bytes)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.list, self.list_version, self.messages, self.cleared = {}, 0, [], 0
        self.word = None

    @on("ClearCache")
    def clear(self, **_):
        self.cleared += 1
        return self.result.ClearCache("Accepted")

    def take(self, number, update_type, entries):
        self.messages.append((number, update_type, len(entries)))
        if self.word:
            return self.word
        if update_type == "Full":
            self.list = {}
        elif number <= self.list_version:
            return "VersionMismatch"
        for uid, info in entries:
            if info is None:
                self.list.pop(uid, None)
            else:
                self.list[uid] = info
        self.list_version = number
        return "Accepted"


class Station16(Listing, ocpp.v16.ChargePoint):
    result = ocpp.v16.call_result

    @on("GetLocalListVersion")
    def version_of(self, **_):
        return self.result.GetLocalListVersion(self.list_version)

    @on("GetConfiguration")
    def configuration(self, **_):
        names = ("LocalAuthListMaxLength", "SendLocalListMaxLength")
        known = [
            {"key": name, "readonly": True, "value": str(value)}
            for name, value in zip(names, self.limits, strict=False)
        ]
        return self.result.GetConfiguration(known)

    @on("SendLocalList")
    def take_list(self, list_version, update_type, local_authorization_list=()):
        entries = [(one["id_tag"], one.get("id_tag_info")) for one in local_authorization_list]
        return self.result.SendLocalList(self.take(list_version, update_type, entries))


class Station201(Listing, ocpp.v201.ChargePoint):
    result = ocpp.v201.call_result

    @on("GetLocalListVersion")
    def version_of(self, **_):
        return self.result.GetLocalListVersion(self.list_version)

    @on("GetVariables")
    def variables(self, get_variable_data, **_):
        values = dict(zip(("ItemsPerMessage", "BytesPerMessage"), self.limits[1:], strict=False))
        results = []
        for asked in get_variable_data:
            value = values.get(asked["variable"]["name"])
            word = "UnknownVariable" if value is None else "Accepted"
            result = {"attribute_status": word, **asked}
            results.append(result if value is None else result | {"attribute_value": str(value)})
        return self.result.GetVariables(results)

    @on("SendLocalList")
    def take_list(self, version_number, update_type, local_authorization_list=(), **_):
        entries = [
            (one["id_token"]["id_token"], one.get("id_token_info"))
            for one in local_authorization_list
        ]
        return self.result.SendLocalList(self.take(version_number, update_type, entries))


class Station21(Station201, ocpp.v21.ChargePoint):
    result = ocpp.v21.call_result


KINDS = {V16: Station16, V201: Station201, V21: Station21}


async def card(desk, uid, **how):
    body = {"payer": DRIVER, "offline_at": ["*"]} | how
    written = await desk.host.put(f"/api/v1/id-tokens/{uid}", json=body)
    assert written.status_code == 200, written.text
    return written.json()


async def eventually(so):
    for _ in range(200):
        if so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to be")


@both
def test_a_list_is_sent_whole_once_and_then_by_what_changed(tmp_path, version):
    async def scenario(desk):
        problem(await desk.read.get(P), 404)
        await card(desk, "A1", group="FLEET", expires="2030-01-01T00:00:00Z")
        await card(desk, "B2")
        await card(desk, "C3", offline_at=["OTHER"])
        problem(await desk.host.post(SYNC), 409, "not-connected")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point
            first = await desk.host.post(SYNC)
            assert first.status_code == 200, first.text
            assert (first.json()["version"], first.json()["up_to_date"]) == (1, True)
            assert sorted(point.list) == ["A1", "B2"]
            told = point.list["A1"]
            assert told["status"] == "Accepted"
            if version == V16:
                assert told["parent_id_tag"] == "FLEET"
                assert told["expiry_date"] == "2030-01-01T00:00:00.000Z"
            else:
                assert told["group_id_token"] == {"id_token": "FLEET", "type": "Central"}
                assert told["cache_expiry_date_time"] == "2030-01-01T00:00:00.000Z"
            assert not {"expiry_date", "cache_expiry_date_time"} & point.list["B2"].keys()
            # Nothing changed: nothing is sent.
            assert (await desk.host.post(SYNC)).json()["version"] == 1
            assert point.messages == [(1, "Full", 2)]
            # From now on it follows by itself.
            await card(desk, "C3")
            await eventually(lambda: "C3" in point.list)
            assert point.messages[-1] == (2, "Differential", 1)
            await card(desk, "B2", status="blocked")
            await eventually(lambda: point.list["B2"]["status"] == "Blocked")
            await desk.host.delete("/api/v1/id-tokens/C3")
            await eventually(lambda: "C3" not in point.list)
            await eventually(lambda: len(desk.house.store.get(LocalList, "S").entries) == 2)
            assert sorted(point.list) == ["A1", "B2"]
            shown = (await desk.read.get(P)).json()
            assert [(one["uid"], one["status"]) for one in shown["entries"]] == [
                ("A1", "Accepted"),
                ("B2", "Blocked"),
            ]

    walk(tmp_path, scenario)


@both
def test_a_station_with_another_list_than_we_know_gets_the_whole_one(tmp_path, version):
    async def scenario(desk):
        await card(desk, "A1")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point
            assert (await desk.host.post(SYNC)).status_code == 200
            # It was reset by hand.
            point.list, point.list_version = {"STRANGER": {}}, 0
            assert (await desk.host.post(SYNC)).json()["version"] == 2
            assert sorted(point.list) == ["A1"]
            # It says our version and yet takes no difference of it: the whole list is sent.
            await card(desk, "A2", offline_at=["OTHER"])
            refused, point.take = [], point.take
            normal = point.take

            def mismatch(number, update_type, entries):
                if update_type == "Differential":
                    refused.append(number)
                    return "VersionMismatch"
                return normal(number, update_type, entries)

            point.take = mismatch
            await card(desk, "B2")
            await eventually(lambda: sorted(point.list) == ["A1", "B2"])
            assert refused
            assert point.messages[-1][1] == "Full"
            await eventually(lambda: not desk.house.keeper.lists.is_old("S"))
            assert point.list_version == desk.house.store.get(LocalList, "S").version

    walk(tmp_path, scenario)


@both
def test_messages_are_as_small_as_the_station_asks(tmp_path, version):
    async def scenario(desk):
        for number in range(7):
            await card(desk, f"CARD{number}")
        kind = type("Small", (KINDS[version],), {"limits": (100, 3, 100_000)})
        async with desk.field.station(version, kind=kind) as station:
            assert (await desk.host.post(SYNC)).status_code == 200
            said = [message[1:] for message in station.point.messages]
            assert said == [("Full", 3), ("Differential", 3), ("Differential", 1)]
            assert len(station.point.list) == 7

    walk(tmp_path, scenario)


def test_bytes_per_message_count_as_well(tmp_path):
    async def scenario(desk):
        for number in range(5):
            await card(desk, f"CARD{number}", group="G" * 36, expires="2030-01-01T00:00:00Z")
        kind = type("Narrow", (Station201,), {"limits": (0, 100, 700)})
        async with desk.field.station(V201, kind=kind) as station:
            assert (await desk.host.post(SYNC)).status_code == 200
            assert [message[2] for message in station.point.messages] == [2, 2, 1]

    walk(tmp_path, scenario)


def test_a_list_that_is_too_long_for_its_station_is_refused_before_it_is_sent(tmp_path):
    async def scenario(desk):
        for number in range(3):
            await card(desk, f"CARD{number}")
        kind = type("Tiny", (Station16,), {"limits": (2, 10)})
        async with desk.field.station(V16, kind=kind) as station:
            answer = problem(await desk.host.post(SYNC), 409, "list-refused")
            assert "takes 2 entries and its list has 3" in answer["detail"]
            assert station.point.messages == []
            assert (await desk.read.get(P)).json()["problem"] == answer["detail"]

    walk(tmp_path, scenario)


@both
def test_a_station_that_fails_or_has_no_list_is_said_so_and_tried_again(tmp_path, version):
    async def scenario(desk):
        await card(desk, "A1")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.word = "Failed"
            answer = problem(await desk.host.post(SYNC), 409, "list-refused")
            assert answer["detail"].endswith("Failed")
            assert (await desk.read.get(P)).json()["up_to_date"] is False
            if version == V16:
                station.point.word, station.point.list_version = None, -1
                answer = problem(await desk.host.post(SYNC), 409, "list-refused")
                assert "has no local authorisation list" in answer["detail"]
        # It comes back healthy: the list is brought up to date without anybody asking.
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await eventually(lambda: "A1" in station.point.list)
            await eventually(lambda: desk.house.store.get(ListState, "S").revision >= 0)
            assert (await desk.read.get(P)).json()["problem"] is None

    walk(tmp_path, scenario)


@both
def test_a_blocked_id_token_is_struck_from_the_caches_of_the_stations_that_are_here(
    tmp_path, version
):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await card(desk, "A1", offline_at=[])
            await card(desk, "A1", offline_at=[], language="de")
            await card(desk, "A1", offline_at=[], status="blocked")
            await eventually(lambda: station.point.cleared == 1)
            await card(desk, "A1", offline_at=[], status="blocked")  # it was blocked already
            await asyncio.sleep(1.2)
            assert station.point.cleared == 1
            # One whose time is over may not charge either.
            await card(desk, "A1", offline_at=[])
            await card(desk, "A1", offline_at=[], expires="2020-01-01T00:00:00Z")
            await eventually(lambda: station.point.cleared == 2)

    walk(tmp_path, scenario)


def clearings(desk, **fields):
    wanted = {"action": "ClearCache", "payload": "{}"} | fields
    found = desk.house.store.find(StationCommand, 1_000)
    return [one for one in found if all(getattr(one, k) == v for k, v in wanted.items())]


@both
def test_a_station_that_was_away_clears_its_cache_when_it_is_back_once_for_all_cards(
    tmp_path, version
):
    async def scenario(desk):
        for uid in ("A1", "B2", "C3"):
            await card(desk, uid, offline_at=[])
        path = "/api/v1/id-tokens/"
        said = {"status": "blocked", "because": "it was lost"}
        assert (await desk.host.patch(f"{path}A1", json=said)).status_code == 200
        await eventually(lambda: len(clearings(desk)) == 2)  # S and OTHER: who knows where it was
        await card(desk, "B2", offline_at=[], status="expired")
        await desk.host.delete(f"{path}C3")
        await eventually(lambda: not desk.house.store.due_jobs(desk.field.now + 1, 100))
        (waiting,) = clearings(desk, station_id="S")
        assert (waiting.state, waiting.author.name) == (CommandState.QUEUED, "host")
        assert (waiting.author.via, waiting.author.reason) == ("api", "it was lost")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await eventually(lambda: clearings(desk, station_id="S")[0].ended_ms)
            assert station.point.cleared == 1
            assert [one.state for one in clearings(desk, station_id="S")] == [CommandState.ANSWERED]
            # What ends from now on is another reason to clear it.
            await card(desk, "C3", offline_at=[])
            await desk.host.delete(f"{path}C3")
            await eventually(lambda: station.point.cleared == 2)
        (still,) = clearings(desk, station_id="OTHER")
        assert still.state is CommandState.QUEUED
        assert "may not charge" in clearings(desk, station_id="S")[0].author.reason

    walk(tmp_path, scenario)


def test_a_full_queue_and_a_clear_cache_that_ends_soon_are_no_reason_to_forget_it(tmp_path):
    async def scenario(desk):
        await card(desk, "A1", offline_at=[])
        queue = "/api/v1/stations/S/commands/{}?queue=true&ttl_s=60"
        for _ in range(QUEUED_MAX - 1):
            await desk.host.post(queue.format("GetLocalListVersion"), json={})
        await desk.host.post(queue.format("ClearCache"), json={})  # for a minute
        full = await desk.host.post(queue.format("ClearCache"), json={})
        assert full.status_code == 409, full.text
        await desk.host.patch("/api/v1/id-tokens/A1", json={"status": "blocked"})
        await eventually(lambda: clearings(desk, station_id="OTHER"))
        (long,) = clearings(desk, station_id="S")
        assert long.expires_ms - desk.field.now > 300 * 24 * 3_600_000

    walk(tmp_path, scenario)


@both
def test_whoever_blocks_a_card_changes_nothing_else_and_lists_say_blocked(tmp_path, version):
    async def scenario(desk):
        more = {"group": "FLEET", "expires": "2030-01-01T00:00:00Z", "session_limit": "5"}
        before = await card(desk, "A1", **more, language="de", type="ISO15693")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point
            assert (await desk.host.post(SYNC)).status_code == 200
            for status, listed in (
                ("blocked", "Blocked"),
                ("accepted", "Accepted"),
                ("expired", "Expired"),
            ):
                answer = await desk.host.patch("/api/v1/id-tokens/a1", json={"status": status})
                assert answer.json() == before | {"status": status}
                await eventually(lambda listed=listed: point.list["A1"]["status"] == listed)

    walk(tmp_path, scenario)


def test_a_patch_of_an_id_token_says_what_is_wrong_with_it(tmp_path):
    async def scenario(desk):
        path = "/api/v1/id-tokens/A1"
        problem(await desk.host.patch(path, json={"status": "blocked"}), 404)
        await card(desk, "A1")
        problem(await desk.read.patch(path, json={"status": "blocked"}), 403)
        for wrong in ({}, {"status": "gone"}, {"status": "blocked", "payer": DRIVER}):
            problem(await desk.host.patch(path, json=wrong), 400)
        assert (await desk.read.get(path)).json()["status"] == "accepted"

    walk(tmp_path, scenario)


def test_what_is_written_of_an_id_token_is_shown(tmp_path):
    async def scenario(desk):
        written = await card(desk, "A1", type="ISO15693", offline_at=["S"])
        assert (written["type"], written["offline_at"]) == ("ISO15693", ["S"])
        assert (await desk.read.get("/api/v1/id-tokens/a1")).json() == written
        for wrong in ({"type": "Nothing"}, {"offline_at": "S"}, {"offline_at": ["x"] * 65}):
            body = {"payer": DRIVER} | wrong
            problem(await desk.host.put("/api/v1/id-tokens/A1", json=body), 400)

    walk(tmp_path, scenario)


@both
def test_a_station_learns_an_id_tokens_group_and_expiry_when_it_starts(tmp_path, version):
    async def scenario(desk):
        await card(desk, "A1", group="FLEET", expires="2030-01-01T00:00:00Z", language="de")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            answer = await station.say(station.start_of("A1"))
            if version == V16:
                assert answer.id_tag_info == {
                    "status": "Accepted",
                    "expiry_date": "2030-01-01T00:00:00.000Z",
                    "parent_id_tag": "FLEET",
                }
            else:
                assert answer.id_token_info == {
                    "status": "Accepted",
                    "cache_expiry_date_time": "2030-01-01T00:00:00.000Z",
                    "group_id_token": {"id_token": "FLEET", "type": "Central"},
                    "language1": "de",
                }

    walk(tmp_path, scenario)


@both
def test_a_session_holds_no_more_than_its_id_token_may_and_is_stopped_then(tmp_path, version):
    kind = KINDS[version]

    class Stopping(kind):
        @on("RequestStopTransaction" if version != V16 else "RemoteStopTransaction")
        def end(self, **_):
            self.stops = getattr(self, "stops", 0) + 1
            name = "RequestStopTransaction" if version != V16 else "RemoteStopTransaction"
            return getattr(self.result, name)("Accepted")

    async def scenario(desk):
        written = await card(desk, "A1", session_limit="12000000")
        assert written["session_limit"] == "12000000"
        async with desk.field.station(version, kind=Stopping) as station:
            tx, _ = await station.start("A1")
            assert desk.field.session(tx).hold_minor == 10_000_000
            # 0.5 a kWh: 19.7 kWh are 9.85, and the usual hold of 10 is raised, to 12 and not to 20.
            desk.field.wait(60)
            await station.values(tx, 19_700)
            assert desk.field.session(tx).hold_minor == 12_000_000
            desk.field.wait(15)
            await station.values(tx, 23_900)
            assert desk.field.session(tx).hold_minor == 12_000_000
            await eventually(lambda: getattr(station.point, "stops", 0) == 1)

    walk(tmp_path, scenario)
