"""Charging profiles over HTTP, with stations of another make that take, refuse and report them."""

from __future__ import annotations

import asyncio

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on

from ohmstead.flows.charging_profiles import StationProfiles
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, V21, V201, VERSIONS, iso
from tests.flows.world import NOON

both = pytest.mark.parametrize("version", VERSIONS)
P, COMPOSITE = "/api/v1/stations/S/charging-profiles", "/api/v1/stations/S/composite-schedule"
BODY = {
    "evse": 1,
    "id": 7,
    "purpose": "TxDefaultProfile",
    "schedule": {
        "unit": "A",
        "start": "2023-11-14T22:00:00Z",
        "periods": [{"start_s": 0, "limit": "16"}, {"start_s": 3600, "limit": "6.5", "phases": 1}],
    },
}


class Obedient:
    """Keeps what it was sent, and answers as it was told to."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.sent, self.word, self.composite = [], "Accepted", {}

    @on("SetChargingProfile")
    def set_profile(self, **payload):
        self.sent.append(payload)
        return self.result.SetChargingProfile(self.word)

    @on("ClearChargingProfile")
    def clear_profile(self, **payload):
        self.sent.append(payload)
        return self.result.ClearChargingProfile(self.word)

    @on("GetCompositeSchedule")
    def compose(self, **payload):
        self.sent.append(payload)
        return self.result.GetCompositeSchedule(self.word, **self.composite)


class Station16(Obedient, ocpp.v16.ChargePoint):
    result = ocpp.v16.call_result


class Station201(Obedient, ocpp.v201.ChargePoint):
    result = ocpp.v201.call_result

    @on("GetChargingProfiles")
    def get_profiles(self, request_id, **_):
        self.request_id = request_id
        return self.result.GetChargingProfiles(self.word)


class Station21(Station201, ocpp.v21.ChargePoint):
    result = ocpp.v21.call_result


KINDS = {V16: Station16, V201: Station201, V21: Station21}


def at(version):
    return {"version": version, "kind": KINDS[version]}


@both
def test_a_profile_is_written_down_once_its_station_accepted_it(tmp_path, version):
    async def scenario(desk):
        problem(await desk.host.put(P, json=BODY), 409, "not-connected")
        async with desk.field.station(**at(version)) as station:
            station.point.word = "Rejected"
            answer = problem(await desk.host.put(P, json=BODY), 409, "station-refused")
            assert answer["answer"] == {"status": "Rejected"}
            assert (await desk.read.get(P)).json()["installed"] == []
            station.point.word = "Accepted"
            stored = await desk.host.put(P, json=BODY)
            assert stored.status_code == 200, stored.text
            listed = (await desk.read.get(P)).json()
            assert listed["installed"] == [stored.json()]
            assert listed["report"] == {"state": "none"}
            sent = station.point.sent[-1]
            told = sent["cs_charging_profiles" if version == V16 else "charging_profile"]
            schedule = told["charging_schedule"]
            schedule = schedule if version == V16 else schedule[0]
            assert [one["limit"] for one in schedule["charging_schedule_period"]] == [16, 6.5]
            # The same id takes the place of the one before.
            body = BODY | {"stack_level": 3}
            assert (await desk.host.put(P, json=body)).status_code == 200
            (only,) = (await desk.read.get(P)).json()["installed"]
            assert only["stack_level"] == 3

    walk(tmp_path, scenario)


@both
def test_a_profile_that_breaks_a_rule_never_leaves(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(**at(version)) as station:
            for change, status, words in (
                ({"evse": 9}, 400, "no evse 9"),
                ({"evse": 1, "purpose": "ChargingStationMaxProfile"}, 400, "is for evse 0"),
                ({"purpose": "TxProfile"}, 400, "names its transactionId"),
                ({"purpose": "TxProfile", "transaction_id": "77"}, 400, "does not run at evse 1"),
                ({"purpose": "ChargingStationExternalConstraints"}, 400, "purpose"),
                ({"valid_from": "soon"}, 400, "valid_from"),
                ({"schedule": BODY["schedule"] | {"periods": []}}, 400, "periods"),
                (
                    {
                        "schedule": {
                            "unit": "A",
                            "start": "2023-11-14T22:00:00Z",
                            "periods": [{"start_s": 5, "limit": "1"}],
                        }
                    },
                    400,
                    "first startPeriod",
                ),
            ):
                answer = await desk.host.put(P, json=BODY | change)
                assert words in problem(answer, status)["detail"], change
            assert station.point.sent == []

    walk(tmp_path, scenario)


@both
def test_a_tx_profile_is_for_a_running_transaction_and_ends_with_it(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(**at(version)) as station:
            tx, _ = await station.start()
            body = BODY | {"purpose": "TxProfile", "transaction_id": tx}
            assert (await desk.host.put(P, json=body)).status_code == 200
            assert len((await desk.read.get(P)).json()["installed"]) == 1
            desk.field.wait(10)
            await station.stop(tx, 4_000)
            assert (await desk.read.get(P)).json()["installed"] == []

    walk(tmp_path, scenario)


@both
def test_what_a_station_cleared_or_does_not_have_is_forgotten(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(**at(version)) as station:
            for number, level in ((1, 0), (2, 1), (3, 2)):
                body = BODY | {"id": number, "stack_level": level}
                assert (await desk.host.put(P, json=body)).status_code == 200
            gone = (await desk.host.delete(P, params={"id": 1})).json()
            assert [one["id"] for one in gone["installed"]] == [2, 3]
            station.point.word = "Unknown"
            where = {"evse": 1, "purpose": "TxDefaultProfile", "stack_level": 1}
            gone = (await desk.host.delete(P, params=where)).json()
            assert gone["status"] == "Unknown"
            assert [one["id"] for one in gone["installed"]] == [3]
            station.point.word = "Accepted"
            assert (await desk.host.delete(P)).json()["installed"] == []
            assert desk.house.store.get(StationProfiles, "S").installed == ()

    walk(tmp_path, scenario)


def composite_said(version, *limits):
    """What a station answers, from NOON on."""
    periods = [{"startPeriod": at, "limit": limit} for at, limit in limits]
    if version == V16:
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
        return {"connector_id": 1, "schedule_start": iso(NOON), "charging_schedule": schedule}
    return {
        "schedule": {
            "evseId": 1,
            "duration": 7_200,
            "scheduleStart": iso(NOON),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": periods,
        }
    }


@both
def test_the_composite_stands_beside_the_stations_own_with_what_differs(tmp_path, version):
    # The clock stands at 22:13:20, so of the first hour 2800 s are left.
    async def scenario(desk):
        asked = {"evse": 1, "duration_s": 7_200}
        async with desk.field.station(**at(version)) as station:
            assert (await desk.host.put(P, json=BODY)).status_code == 200
            station.point.composite = composite_said(version, (0, 16.0), (2_800, 6.5))
            found = (await desk.host.get(COMPOSITE, params=asked)).json()
            assert found["ours"] == [
                {"start_s": 0, "limit": "16", "phases": 3},
                {"start_s": 2_800, "limit": "6.5", "phases": 1},
            ]
            assert (found["start"], found["agrees"]) == ("2023-11-14T22:13:20.000Z", True)
            station.point.composite = composite_said(version, (0, 32.0))
            found = (await desk.host.get(COMPOSITE, params=asked)).json()
            assert found["agrees"] is False
            assert found["differences"][0] == {
                "start_s": 0,
                "end_s": 2_800,
                "unit": "A",
                "ours": "16",
                "station": "32",
                "station_is": "above",
            }
            station.point.word, station.point.composite = "Rejected", {}
            found = (await desk.host.get(COMPOSITE, params=asked)).json()
            assert found["station"] is found["agrees"] is None
            assert found["problem"].endswith("Rejected")
        found = (await desk.host.get(COMPOSITE, params=asked | {"unit": "W"})).json()
        assert "not connected" in found["problem"]
        assert found["ours"][0]["limit"] == "11040"
        problem(await desk.host.get(COMPOSITE, params={"evse": 5, "duration_s": 5}), 400)
        problem(await desk.host.get(COMPOSITE, params={"evse": 1}), 400)

    walk(tmp_path, scenario)


def reported(number, limit, level=0, source="CSO"):
    schedule = {
        "id": number,
        "chargingRateUnit": "A",
        "startSchedule": "2023-11-14T22:00:00Z",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }


def test_a_report_shows_what_is_missing_unknown_or_changed_at_the_station(tmp_path):
    periods = BODY["schedule"] | {"periods": [{"start_s": 0, "limit": "16"}]}

    async def scenario(desk):
        async with desk.field.station(**at(V201)) as station:
            for number in (1, 2, 3):
                body = BODY | {"id": number, "stack_level": number, "schedule": periods}
                assert (await desk.host.put(P, json=body)).status_code == 200
            begun = await desk.host.post(f"{P}/report")
            assert begun.status_code == 202, begun.text
            assert begun.json()["report"] == {"state": "awaited"}

            async def report(tbc, *profiles, request_id=station.point.request_id):
                return await station.say(
                    station.call.ReportChargingProfiles(
                        request_id, "CSO", list(profiles), 1, tbc=tbc
                    )
                )

            await report(True, reported(1, 16, 1))
            await report(False, reported(9, 6), request_id=1)  # of no request of ours
            await report(False, reported(2, 10, 2), reported(8, 6, 8))
            said = (await desk.read.get(P)).json()["report"]
            assert said["state"] == "complete"
            assert (said["missing"], said["unknown"]) == ([[1, 3]], [[1, 8]])
            assert said["changed"] == [[1, 2]]
            station.point.word = "NoProfiles"
            said = (await desk.host.post(f"{P}/report")).json()["report"]
            assert said["missing"] == [[1, 1], [1, 2], [1, 3]]

    walk(tmp_path, scenario)


def test_constraints_from_outside_that_a_station_reported_count_in_the_composite(tmp_path):
    async def scenario(desk):
        async with desk.field.station(**at(V201)) as station:
            assert (await desk.host.put(P, json=BODY)).status_code == 200
            await desk.host.post(f"{P}/report")
            grid = reported(50, 10) | {
                "chargingProfilePurpose": "ChargingStationExternalConstraints"
            }
            told = station.call.ReportChargingProfiles(station.point.request_id, "SO", [grid], 0)
            await station.say(told)
            asked = {"evse": 1, "duration_s": 60}
            found = (await desk.host.get(COMPOSITE, params=asked)).json()
            assert [one["limit"] for one in found["ours"]] == ["10"]

    walk(tmp_path, scenario)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"chargingSchedulePeriod": [{"startPeriod": 60, "limit": 1}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": -5}]},
        {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1, "numberPhases": -1}]},
        {
            "chargingSchedulePeriod": [
                {"startPeriod": 9, "limit": 1},
                {"startPeriod": 0, "limit": 1},
            ]
        },
        {"startSchedule": "0001-01-01T00:00:00Z"},
        {"startSchedule": "9999-12-31T23:59:59Z", "duration": -1},
    ],
)
def test_a_station_that_reports_nonsense_is_heard_and_harms_nobody(tmp_path, nonsense):
    async def scenario(desk):
        async with desk.field.station(**at(V201)) as station:
            assert (await desk.host.put(P, json=BODY)).status_code == 200
            await desk.host.post(f"{P}/report")
            wrong = reported(50, 1) | {
                "chargingProfilePurpose": "ChargingStationExternalConstraints"
            }
            wrong["chargingSchedule"][0] |= nonsense
            payload = {
                "requestId": station.point.request_id,
                "chargingLimitSource": "SO",
                "evseId": 0,
                "chargingProfile": [wrong],
            }
            await station.send("ReportChargingProfiles", payload)
            assert (await desk.read.get(P)).status_code == 200
            asked = {"evse": 1, "duration_s": 60}
            found = await desk.host.get(COMPOSITE, params=asked)
            assert found.status_code == 200, found.text

    walk(tmp_path, scenario)


@both
@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "never"])
def test_a_composite_of_another_day_is_not_compared_with_ours(tmp_path, version, when):
    async def scenario(desk):
        async with desk.field.station(**at(version)) as station:
            said = composite_said(version, (0, 16.0))
            if version == V16:
                said["schedule_start"] = when
            else:
                said["schedule"]["scheduleStart"] = when
            station.point.composite = said
            asked = {"evse": 1, "duration_s": 60}
            found = (await desk.host.get(COMPOSITE, params=asked)).json()
            assert found["station"] is None
            assert found["start"] == "2023-11-14T22:13:20.000Z"
            assert found["problem"]

    walk(tmp_path, scenario)


def test_a_1_6_station_cannot_list_its_profiles_and_that_is_said(tmp_path):
    async def scenario(desk):
        async with desk.field.station(**at(V16)):
            answer = problem(await desk.host.post(f"{P}/report"), 400, "bad-command")
            assert "composite schedule" in answer["detail"]

    walk(tmp_path, scenario)


def test_a_station_that_stays_silent_leaves_nothing_written_down(tmp_path):
    class Silent(Station201):
        @on("SetChargingProfile")
        async def set_profile(self, **_):
            await asyncio.sleep(30)

    async def scenario(desk):
        async with desk.field.station(V201, kind=Silent):
            problem(await desk.host.put(P, json=BODY), 504, "timeout")
            assert (await desk.read.get(P)).json()["installed"] == []

    walk(tmp_path, scenario, ocpp={"call_timeout_s": 1})
