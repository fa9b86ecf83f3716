"""Charge attempts as drivers make them, over real sockets, and as operators read them."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.core.attempt import Attempt
from ohmstead.core.command import StationCommand
from ohmstead.frozen import replace
from tests.apps.api.desk import fresh, problem, put_record, walk
from tests.apps.stations.field import POINTS, QUICK, V16, V21, V201, VERSIONS, iso
from tests.flows.world import NOON

OCCUPIED = {V16: "Preparing", V201: "Occupied", V21: "Occupied"}


@pytest.fixture
def attempts(tmp_path):
    """Run a story with a desk whose store is watched, as that of `ohmstead up` is."""

    def run(story, **what):
        async def at_ease(desk):
            await story(desk)
            assert desk.field.books_balance()

        clock = ManualClock(NOON)
        store = WatchedStore.open(tmp_path / "ohmstead.db", TABLES, clock, QUICK)
        walk(tmp_path, at_ease, store=store, clock=clock, **what)

    return run


async def of(desk, query="", station="S"):
    answer = await desk.read.get(f"/api/v1/stations/{station}/attempts{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def last(desk):
    return (await of(desk))["attempts"][0]


async def sweep(desk):
    await desk.house.services.attempts.sweep(desk.house._away_since_ms)


async def status(station, word):
    """A StatusNotification of connector 1, in the words of each version."""
    at = iso(station.field.now)
    if station.version == V16:
        said = {"connectorId": 1, "errorCode": "NoError", "status": word}
    else:
        said = {"timestamp": at, "connectorStatus": word, "evseId": 1, "connectorId": 1}
    return await station.send("StatusNotification", said)


async def plug_in(desk, station):
    """The connector says it is free, then that it is not."""
    await status(station, "Available")
    desk.field.clock.advance(1_000)
    await status(station, OCCUPIED[station.version])


@pytest.mark.parametrize("version", VERSIONS)
def test_plug_in_card_and_energy_is_a_success_with_its_time_to_power(version, attempts):
    async def story(desk):
        field = desk.field
        async with field.station(version) as station:
            await plug_in(desk, station)
            assert (await last(desk))["stage"] == "plugged"
            field.clock.advance(7_000)
            await station.authorize("CARD")
            assert (await last(desk))["stage"] == "ready"
            field.clock.advance(3_000)
            tx, _ = await station.start("CARD", 0)
            field.clock.advance(20_000)
            await station.values(tx, 0)
            assert (await last(desk))["stage"] == "started"
            field.clock.advance(20_000)
            await station.values(tx, 120)
            shown = await last(desk)
            assert shown["stage"] == "flowing"
            assert shown["time_to_power_s"] == 50
            assert shown["session"] == field.session(tx).id
            assert (shown["evse"], shown["connector"], shown["reason"]) == (1, 1, None)
            await station.authorize("CARD")  # to end it
            await station.stop(tx, 500)
            await status(station, "Available")
        page = await of(desk)
        assert len(page["attempts"]) == 1
        assert page["rate"] == {
            "successes": 1,
            "failures": 0,
            "success_bps": 10_000,
            "half_within_s": 60,
            "reasons": {},
        }
        assert page["connectors"][0]["evse"] == 1

    attempts(story)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_card_that_is_refused_is_an_attempt_that_failed(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await station.authorize("LOST")
            assert (await last(desk))["stage"] == "rejected"
            desk.field.wait(3)
            await sweep(desk)
            shown = await last(desk)
            assert (shown["reason"], shown["detail"]) == ("id_rejected", "blocked")
            assert (shown["evse"], shown["connector"]) == (None, None)

    attempts(story)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_card_without_a_cable_fails_when_the_connector_is_free_again(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await status(station, "Available")
            await station.authorize("CARD")
            if version == V16:
                await status(station, "Preparing")  # what the card alone did
                desk.field.wait(1)
                await status(station, "Available")  # ConnectionTimeOut
            else:
                desk.field.wait(6)
                await sweep(desk)
            assert (await last(desk))["reason"] == "not_plugged"

    attempts(story)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_connector_that_faults_before_energy_fails_the_attempt(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await plug_in(desk, station)
            await station.start("CARD", 0)
            await status(station, "Faulted")
            assert (await last(desk))["reason"] == "station_fault"

    attempts(story)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_transaction_that_ends_without_energy_fails_and_one_with_it_succeeds(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await plug_in(desk, station)
            tx, _ = await station.start("CARD", 100)
            desk.field.wait(2)
            await station.stop(tx, 100)
            assert (await last(desk))["reason"] == "no_energy"
            tx, _ = await station.start("CARD", 100)
            desk.field.wait(2)
            await station.stop(tx, 900)  # no reading in between
            assert (await last(desk))["stage"] == "flowing"
        page = await of(desk)
        assert (page["rate"]["success_bps"], page["rate"]["reasons"]) == (5_000, {"no_energy": 1})

    attempts(story)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_transaction_that_delivers_nothing_for_long_is_given_up(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await plug_in(desk, station)
            tx, _ = await station.start("CARD", 100)
            desk.field.wait(14)
            await sweep(desk)
            assert (await last(desk))["stage"] == "started"
            desk.field.wait(2)
            await sweep(desk)
            assert (await last(desk))["reason"] == "no_energy"
            await station.values(tx, 5_000)
            assert (await last(desk))["reason"] == "no_energy"  # late is not at first try

    attempts(story)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_station_that_is_away_is_given_an_hour_to_tell_what_came_of_it(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await plug_in(desk, station)
        async with asyncio.timeout(5):
            while desk.field.link() is not None:
                await asyncio.sleep(0.01)
        desk.field.wait(59)
        await sweep(desk)
        assert (await last(desk))["stage"] == "plugged"
        desk.field.wait(2)
        await sweep(desk)
        assert (await last(desk))["reason"] == "station_lost"

    attempts(story)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_station_that_reconnects_in_a_session_begins_no_attempt(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await plug_in(desk, station)
            tx, _ = await station.start("CARD", 0)
            desk.field.wait(1)
            await station.values(tx, 300)
        async with desk.field.station(version) as station:
            await status(station, "Available")
            await status(station, OCCUPIED[version])
            await station.authorize("card")
        assert len((await of(desk))["attempts"]) == 1

    attempts(story)


@pytest.mark.parametrize("version", [V16, V201])
def test_the_first_status_after_a_start_tells_of_no_change(version, attempts):
    async def story(desk):
        async with desk.field.station(version) as station:
            await status(station, OCCUPIED[version])
        assert (await of(desk))["attempts"] == []

    attempts(story)


def test_a_transaction_told_after_hours_offline_keeps_its_own_times(attempts):
    async def story(desk):
        begun = desk.field.now
        desk.field.wait(180)
        async with desk.field.station(V201) as station:
            tx, _ = await station.start("CARD", 0, at_ms=begun, offline=True)
            await station.values(tx, 50, at_ms=begun + 40_000, offline=True)
        shown = await last(desk)
        assert (shown["opened"][:16], shown["time_to_power_s"]) == ("2023-11-14T22:13", 40)

    attempts(story)


class Asked:
    """Mixed into a charge point: what it makes of a remote start."""

    how, ids = "Accepted", ()

    async def _handle_call(self, message):
        if message.action not in STARTS.values():
            return await super()._handle_call(message)
        self.ids = (*self.ids, message.unique_id)
        if self.how == "CALLERROR":
            await self.answer('[4, "{}", "InternalError", "", {{}}]')
        elif self.how == "gone":
            await self._connection.close()
        elif self.how != "silent":
            await self.answer(f'[3, "{{}}", {{{{"status": "{self.how}"}}}}]')

    async def answer(self, frame):
        await self._connection.send(frame.format(self.ids[-1]))


STARTS = {V16: "RemoteStartTransaction", V201: "RequestStartTransaction"}
STARTS[V21] = STARTS[V201]
KINDS = {version: type("Point", (Asked, POINTS[version]), {}) for version in VERSIONS}
SILENT = {"ocpp": {"call_timeout_s": 1}}


def start_of(version, evse=1):
    """The path and the body of a command that starts with CARD."""
    if version == V16:
        body = {"idTag": "CARD"} | ({"connectorId": evse} if evse else {})
    else:
        body = {"idToken": {"idToken": "CARD", "type": "Central"}, "remoteStartId": 1}
        body |= {"evseId": evse} if evse else {}
    return f"/api/v1/stations/S/commands/{STARTS[version]}", body


def door(desk, version, which):
    """Ways to ask for a remote start."""
    if which == "session":
        body = {"station": "S", "evse": 1, "id_token": "CARD"}
        return desk.driver.post("/api/v1/sessions", json=body, headers=fresh())
    path, body = start_of(version)
    return desk.host.post(path, json=body)


async def gone(desk):
    async with asyncio.timeout(10):
        while desk.field.link() is not None:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("version", "way"), [
    (V16, "session"),
    (V16, "command"),
    (V201, "command"),
    (V21, "session"),
])  # fmt: skip
def test_a_remote_start_is_an_attempt_whatever_is_answered(version, way, attempts):
    """Of a driver who has plugged in."""

    async def story(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await plug_in(desk, station)
            assert (await door(desk, version, way)).status_code in (200, 202)
            shown = await last(desk)
            assert (shown["stage"], shown["evse"]) == ("ready", 1)
            await status(station, "Available")
            assert (await last(desk))["reason"] == "not_started"
            for how, reason, detail in (
                ("Rejected", "remote_start_refused", "Rejected"),
                ("CALLERROR", "remote_start_refused", "InternalError"),
                ("gone", "remote_start_unanswered", "connection_lost"),
            ):
                station.point.how = how
                await status(station, OCCUPIED[version])
                before = (await last(desk))["number"]
                answer = await door(desk, version, way)
                assert answer.status_code != 202
                if how == "gone":
                    await gone(desk)
                    break
                await status(station, "Available")  # gave up, and unplugged
                shown = await last(desk)
                assert (shown["reason"], shown["detail"]) == (reason, detail)
                assert shown["number"] == before
        shown = await last(desk)
        assert (shown["stage"], shown["detail"]) == ("plugged", "connection_lost")
        problem(await door(desk, version, way), 409, "not-connected")
        shown = await last(desk)
        assert (shown["stage"], shown["reason"]) == ("given_up", "remote_start_unsent")
        assert (shown["detail"], shown["evse"]) == ("not_connected", 1)
        page = await of(desk)
        assert len(page["attempts"]) == 4
        assert page["rate"]["reasons"] == {
            "not_started": 1,
            "remote_start_refused": 2,
            "remote_start_unsent": 1,
        }

    attempts(story)


@pytest.mark.parametrize(("version", "way"), [(V16, "session"), (V201, "command")])
def test_a_remote_start_that_is_not_answered_is_why_there_was_no_energy(version, way, attempts):
    async def story(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.how = "silent"
            await plug_in(desk, station)
            problem(await door(desk, version, way), 504, "timeout")
            assert (await last(desk))["stage"] == "plugged"
            await status(station, "Available")  # gave up, and unplugged
        (shown,) = (await of(desk))["attempts"]
        assert (shown["reason"], shown["detail"]) == ("remote_start_unanswered", "timeout")
        assert shown["plugged"] is not None

    attempts(story, **SILENT)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_remote_start_of_a_driver_without_a_cable_is_an_attempt_too(version, attempts):
    async def story(desk):
        path, body = start_of(version, evse=0)
        for evse in (1, None):  # told of an evse or not
            if evse is None:
                problem(await desk.host.post(path, json=body), 409, "not-connected")
            else:
                problem(await door(desk, version, "session"), 409, "not-connected")
            shown = await last(desk)
            assert (shown["reason"], shown["evse"]) == ("remote_start_unsent", evse)
        problem(await desk.host.post(path, json=body), 409)
        assert len((await of(desk))["attempts"]) == 2  # an app that tries again is no third driver
        desk.field.wait(3)
        problem(await desk.host.post(path, json=body), 409)
        assert len((await of(desk))["attempts"]) == 3
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.how = "silent"
            problem(await desk.host.post(path, json=body), 504, "timeout")
            shown = await last(desk)
            assert (shown["number"], shown["stage"], shown["reason"]) == (3, "asked", None)
            desk.field.wait(6)
            await sweep(desk)
            assert (await last(desk))["reason"] == "remote_start_unanswered"

    attempts(story, **SILENT)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_station_that_accepts_after_the_time_out_and_delivers_makes_it_right(version, attempts):
    async def story(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await plug_in(desk, station)
            station.point.how = "silent"
            problem(await door(desk, version, "session"), 504, "timeout")
            await station.point.answer('[3, "{}", {{"status": "Accepted"}}]')
            await until(desk, "ready")
            tx, _ = await station.start("CARD", 0)
            desk.field.wait(1)
            await station.values(tx, 100)
            shown = await last(desk)
            assert (shown["stage"], shown["reason"], shown["detail"]) == ("flowing", None, "")
        assert len((await of(desk))["attempts"]) == 1

    attempts(story, **SILENT)


def test_a_station_that_refuses_after_the_time_out_has_refused(attempts):
    async def story(desk):
        async with desk.field.station(V201, kind=KINDS[V201]) as station:
            await plug_in(desk, station)
            station.point.how = "silent"
            problem(await door(desk, V201, "command"), 504, "timeout")
            await station.point.answer('[4, "{}", "InternalError", "", {{}}]')
            await until(desk, "given_up")
        shown = await last(desk)
        assert (shown["reason"], shown["detail"]) == ("remote_start_refused", "InternalError")

    attempts(story, **SILENT)


def test_a_station_that_obeys_without_an_answer_succeeds(attempts):
    async def story(desk):
        async with desk.field.station(V16, kind=KINDS[V16]) as station:
            station.point.how = "silent"
            problem(await door(desk, V16, "session"), 504, "timeout")
            tx, _ = await station.start("CARD", 0)
            desk.field.wait(1)
            await station.values(tx, 100)
        (shown,) = (await of(desk))["attempts"]
        assert (shown["stage"], shown["reason"]) == ("flowing", None)

    attempts(story, **SILENT)


def test_a_queued_start_that_ends_in_its_queue_is_an_attempt_of_its_own(attempts):
    async def story(desk):
        for version, query in ((V201, "&ttl_s=60"), (V16, ""), (V16, "")):
            path, body = start_of(version)
            assert (await desk.host.post(f"{path}?queue=true{query}", json=body)).is_success
        taken_back = (await desk.host.get("/api/v1/commands?limit=1")).json()["items"][0]["id"]
        assert (await desk.host.delete(f"/api/v1/commands/{taken_back}")).is_success
        assert (await of(desk))["attempts"] == []
        desk.field.wait(2)
        async with desk.field.station(V201) as station:  # which has no RemoteStartTransaction
            await plug_in(desk, station)
            async with asyncio.timeout(10):
                while len((await of(desk, "?which=failure"))["attempts"]) < 2:
                    await asyncio.sleep(0.02)
            ended = (await of(desk, "?which=failure"))["attempts"]
            assert {one["reason"] for one in ended} == {"remote_start_unsent"}
            assert {one["detail"] for one in ended} == {"expired", "undeliverable"}
            (here,) = (await of(desk, "?which=open"))["attempts"]
            assert here["stage"] == "plugged"  # who is there now has not failed

    attempts(story)


def test_a_start_that_had_left_when_the_house_stopped_is_an_attempt(tmp_path, attempts):
    async def ask(desk):
        async with desk.field.station(V16, kind=KINDS[V16]) as station:
            station.point.how = "silent"
            path, body = start_of(V16)
            asking = asyncio.create_task(desk.host.post(path, json=body))
            async with asyncio.timeout(10):
                while not station.point.ids:
                    await asyncio.sleep(0.01)
            (left,) = desk.house.store.find(StationCommand, 2)
            asking.cancel()
            await desk.field.run(put_record, replace(left, id=f"0{left.id[1:]}"))

    async def look(desk):
        await until(desk, "asked")
        assert (await last(desk))["detail"] == "connection_lost"

    attempts(ask)
    store = WatchedStore.open(tmp_path / "ohmstead.db", TABLES, clock := ManualClock(NOON), QUICK)
    walk(tmp_path, look, store=store, clock=clock, furnish=False)


async def until(desk, stage):
    async with asyncio.timeout(10):
        while [one["stage"] for one in (await of(desk, "?limit=1"))["attempts"]] != [stage]:
            await asyncio.sleep(0.01)


def test_an_attempt_survives_a_restart_and_the_summary_counts_it_once(tmp_path, attempts):
    async def begin(desk):
        async with desk.field.station(V201) as station:
            await plug_in(desk, station)
            await station.start("CARD", 0, tx="T-1")

    async def go_on(desk):
        desk.field.wait(1)
        async with desk.field.station(V201) as station:
            await station.values("T-1", 800, seq=1)
            await station.values("T-1", 900, seq=2)
        for query, count in (("", 1), ("?days=1", 1)):
            body = (await desk.read.get(f"/api/v1/attempts/summary{query}")).json()
            assert body["rate"]["successes"] == count
            assert [day["successes"] for day in body["by_day"]] == [count]
        page = await desk.read.get("/")
        assert "Charge attempts" in page.text
        assert "100 %" in page.text

    attempts(begin)
    store = WatchedStore.open(tmp_path / "ohmstead.db", TABLES, clock := ManualClock(NOON), QUICK)
    walk(tmp_path, go_on, store=store, clock=clock, furnish=False)


def test_attempts_are_paged_and_filtered_newest_first(attempts):
    async def story(desk):
        async with desk.field.station(V16) as station:
            for wh in (0, 10, 0, 10, 0):
                tx, _ = await station.start("CARD", 0)
                desk.field.wait(1)
                await station.stop(tx, wh)
        page = await of(desk, "?limit=2")
        assert [one["number"] for one in page["attempts"]] == [4, 3]
        page = await of(desk, f"?limit=5&cursor={page['next']}")
        assert [one["number"] for one in page["attempts"]] == [2, 1, 0]
        assert page["next"] is None
        page = await of(desk, "?which=failure&limit=2")
        assert [one["number"] for one in page["attempts"]] == [4, 2]
        assert [one["number"] for one in (await of(desk, "?which=success"))["attempts"]] == [3, 1]
        assert (await of(desk, "?which=open"))["attempts"] == []

    attempts(story)


def test_what_is_asked_wrongly_is_said(attempts):
    async def story(desk):
        problem(await desk.read.get("/api/v1/stations/NONE/attempts"), 404, "not-found")
        problem(await desk.read.get("/api/v1/stations/S/attempts?which=good"), 400)
        problem(await desk.read.get("/api/v1/stations/S/attempts?cursor=eA"), 400, "bad-request")
        problem(await desk.read.get("/api/v1/attempts/summary?days=0"), 400)
        problem(await desk.read.get("/api/v1/attempts/summary?days=4000"), 400)
        problem(await desk.nobody.get("/api/v1/attempts/summary"), 401)
        problem(await desk.driver.get("/api/v1/stations/S/attempts"), 403)

    attempts(story)


def test_a_station_without_an_attempt_costs_a_free_connector_only_its_status(attempts):
    async def story(desk):
        async with desk.field.station(V16) as station:
            await status(station, "Available")
            before = desk.field.store.commits
            for word in ("Unavailable", "Available", "Faulted", "Available"):
                await status(station, word)
            assert desk.field.store.commits == before + 4
        assert desk.field.store.find(Attempt, 1) == []

    attempts(story)
