"""Charge attempts as drivers make them, over real sockets, and as operators read them."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.core.attempt import Attempt
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import QUICK, V16, V21, V201, VERSIONS, iso
from tests.flows.world import NOON

OCCUPIED = {V16: "Preparing", V201: "Occupied", V21: "Occupied"}


@pytest.fixture
def attempts(tmp_path):
    """Run a story with a desk whose store is watched, as that of `ohmstead up` is."""

    def run(story):
        async def at_ease(desk):
            await story(desk)
            assert desk.field.books_balance()

        clock = ManualClock(NOON)
        store = WatchedStore.open(tmp_path / "ohmstead.db", TABLES, clock, QUICK)
        walk(tmp_path, at_ease, store=store, clock=clock)

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


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
def test_a_remote_start_is_an_attempt_whatever_is_answered(answer, attempts):
    async def story(desk):
        from ocpp.routing import on
        from ocpp.v201 import ChargePoint, call_result

        class Obedient(ChargePoint):
            @on("RequestStartTransaction")
            def on_start(self, **_):
                return call_result.RequestStartTransaction(status=answer)

        async with desk.field.station(V201, kind=Obedient) as station:
            await plug_in(desk, station)
            body = {
                "idToken": {"idToken": "CARD", "type": "Central"},
                "remoteStartId": 1,
                "evseId": 1,
            }
            path = "/api/v1/stations/S/commands/RequestStartTransaction"
            assert (await desk.host.post(path, json=body)).status_code == 200
            shown = await last(desk)
            if answer == "Accepted":
                assert (shown["stage"], shown["evse"]) == ("ready", 1)
            else:
                assert shown["reason"] == "remote_start_refused"
                assert shown["detail"] == "Rejected"

    attempts(story)


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
