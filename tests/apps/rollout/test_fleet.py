"""Firmware for a fleet, over real sockets: a stage at a time, stopped in time, through restarts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from ohmstead.apps.rollout.driver import PAGE
from ohmstead.core.network import Evse, Station
from ohmstead.core.rollout import Claim
from ohmstead.core.session import Share
from ohmstead.core.station_update import StationUpdate, UpdateState, rank_of
from ohmstead.flows import onboarding
from ohmstead.ports import Decision
from tests.apps.api.desk import desk as running_desk
from tests.apps.api.desk import problem, walk
from tests.apps.rollout.shed import (
    BEFORE,
    NEW,
    OLD,
    before,
    begun,
    certificate,
    eventually,
    shown,
    station_of,
    unit,
    until,
    until_rollout,
)
from tests.apps.stations.field import PASSWORD, V16, V21, V201, secret_mac
from tests.flows.world import HOST

P = "/api/v1/rollouts"
NAMES = [f"CP{n}" for n in range(6)]
STORIES = dict(zip(NAMES, [V16, V201, V21, V16, V201, V21], strict=True))


async def registered(field, names=NAMES):
    """More stations, with one evse each."""
    for name in names:
        mac = secret_mac(field.house.pepper, name, PASSWORD)
        shares = (Share(HOST, 10_000, rest=True),)
        station = Station(name, mac, (Evse(1, 22_000),), "T", shares, vendor="Acme", model="M1")
        await field.run(onboarding.add_station, station)


async def fleet(field, stack, names=NAMES, version=OLD):
    """Every station of the fleet, connected; in the words of three versions."""
    return {
        name: await stack.enter_async_context(unit(field, STORIES[name], name, version))
        for name in names
    }


def in_turn(number, names=NAMES):
    return sorted(names, key=lambda name: rank_of(number, name))


def plain(**change):
    """A plan for the fleet, unsigned because its 1.6 stations know no signatures."""
    return {"firmware": {"version": NEW, "location": "https://files.example/2"}} | change


def signed(pem):
    return {"location": "https://files.example/2", "signature": "AAAA", "certificate": pem}


def offered(units):
    return {name for name, it in units.items() if it.point.offers}


async def until_offered(units, count):
    async def who():
        return offered(units)

    return await eventually(who, lambda names: len(names) >= count, "the offered")


async def until_alerts(desk, count):
    async def alerts():
        return (await desk.host.get("/api/v1/alerts")).json()["items"]

    return await eventually(alerts, lambda found: len(found) == count, "the alerts")


def test_a_fleet_is_updated_a_stage_at_a_time_in_the_order_of_its_turns(tmp_path):
    async def scenario(desk):
        await registered(desk.field)
        async with AsyncExitStack() as stack:
            units = await fleet(desk.field, stack)
            plan = plain(stations=NAMES, stages=[20, 60, 100], sample=1, soak_s=600)
            number = await begun(desk, **plan)
            for stage, count in enumerate((2, 4, 6), 1):
                names = set(in_turn(number)[:count])
                await until_offered(units, count)
                assert offered(units) == names
                for name in names:
                    if (await station_of(desk, number, name))["state"] != "confirmed":
                        await units[name].update()
                        await until(desk, number, "confirmed", name)
                head = await shown(desk, number)
                assert (head["stage"], head["stations"]["updated"]) == (stage, count)
                desk.field.wait(10)
            assert not (await until_rollout(desk, number, "done"))["open"]

    walk(tmp_path, scenario)


def test_too_many_failures_stop_the_rest_raise_an_alert_and_roll_back_who_failed(tmp_path):
    async def scenario(desk):
        await registered(desk.field)
        async with AsyncExitStack() as stack:
            units = await fleet(desk.field, stack)
            plan = plain(stations=NAMES, stages=[50, 100], sample=2, previous=before(V16))
            number = await begun(desk, failures_permille=300, **plan)
            first, second, third = in_turn(number)[:3]
            await until_offered(units, 3)
            await units[first].tell("Downloading", "Installing", "InstallationFailed")
            await units[second].tell("DownloadFailed")
            head = await until_rollout(desk, number, "halted")
            assert head["why"] == "2 of 2 stations failed, and at most 300 of 1000 may"
            (alert,) = await until_alerts(desk, 1)
            assert alert["rule"] == "rollout"
            assert alert["text"] == f"firmware roll-out {number} is halted: {head['why']}"
            await desk.house.office.minute()
            await until_alerts(desk, 1)
            # Whose installation failed goes back, while nobody else is begun with.
            assert (await units[first].offered(2))[1] == BEFORE
            await units[first].update(OLD, count=2)
            await until(desk, number, "rolled_back", first)
            assert (await station_of(desk, number, second))["state"] == "failed"
            # Who was under way goes on to its end.
            await units[third].update()
            await until(desk, number, "confirmed", third)
            assert offered(units) == {first, second, third}
            status = (await desk.host.get("/api/v1/status")).json()
            (line,) = status["rollouts"]
            assert line.startswith(f"roll-out {number} to 2.0: halted (2 of 2 stations failed")
            # A person says that it may go on.
            body = {"reason": "a bad cable, ticket 12"}
            assert (await desk.host.post(f"{P}/{number}/resume", json=body)).status_code == 200
            await until_alerts(desk, 0)
            await until_offered(units, 6)

    walk(tmp_path, scenario)


@pytest.mark.parametrize("sample", [3, 5])  # with five it is judged when it is over
def test_a_halted_roll_out_may_give_everybody_the_firmware_of_before(tmp_path, sample):
    async def scenario(desk):
        await registered(desk.field, NAMES[:3])
        async with AsyncExitStack() as stack:
            units = await fleet(desk.field, stack, NAMES[:3])
            plan = plain(stations=NAMES[:3], previous=before(V16), rollback="all")
            number = await begun(desk, failures_permille=400, sample=sample, **plan)
            good, *bad = in_turn(number, NAMES[:3])
            await until_offered(units, 3)
            await units[good].update()
            await until(desk, number, "confirmed", good)
            for name in bad:
                await units[name].tell("DownloadFailed" if sample == 5 else "InstallationFailed")
            await until_rollout(desk, number, "halted")
            await until_alerts(desk, 1)
            if sample == 5:
                bad = []  # they never began to install, and have the firmware of before
            for name in (good, *bad):
                await units[name].update(OLD, count=2)
                await until(desk, number, "rolled_back", name)
            assert (await shown(desk, number))["stations"]["rolled_back"] == 1 + len(bad)
            assert (await desk.host.post(f"{P}/{number}/cancel", json={})).json()["open"] is False

    walk(tmp_path, scenario)


def test_a_house_that_restarts_in_the_middle_goes_on_where_it_was(tmp_path):
    async def whole():
        async with running_desk(tmp_path) as desk:
            await registered(desk.field)
            async with AsyncExitStack() as stack:
                units = await fleet(desk.field, stack)
                plan = plain(stations=NAMES, stages=[50, 100], sample=1)
                number = await begun(desk, **plan)
                first, second, third = in_turn(number)[:3]
                await until_offered(units, 3)
                await units[first].update()
                await units[second].tell("Downloading")
                await until(desk, number, "downloading", second)
                await until(desk, number, "confirmed", first)
            clock = desk.field.clock
        again = running_desk(tmp_path, furnish=False, clock=clock)
        async with again as desk, AsyncExitStack() as stack:
            units = await fleet(desk.field, stack)
            assert (await station_of(desk, number, first))["state"] == "confirmed"
            # The second had been installing meanwhile; its boot says so.
            await units[second].boot(NEW)
            await until(desk, number, "confirmed", second)
            # Of the third nobody knows whether it heard the offer: it is asked after a minute.
            desk.field.wait(2)
            if (await station_of(desk, number, third))["state"] == "offered":
                await units[third].boot(NEW)
            await until(desk, number, "confirmed", third)
            for name in in_turn(number)[3:]:
                await units[name].update()
                await until(desk, number, "confirmed", name)
            await until_rollout(desk, number, "done")
            assert not units[first].point.offers

    asyncio.run(whole())


def test_what_was_said_while_the_house_was_down_is_not_held_against_a_station(tmp_path):
    async def whole():
        async with running_desk(tmp_path) as desk, unit(desk.field, V201) as it:
            number = await begun(desk)
            await it.offered()
            await it.tell("Downloading")
            await until(desk, number, "downloading")
            clock = desk.field.clock
        clock.advance(24 * 3_600_000)
        again = running_desk(tmp_path, furnish=False, clock=clock)
        async with again as desk:
            for _ in range(3):
                await desk.house.rollouts.driver.tick()
            assert (await station_of(desk, number))["state"] == "downloading"
            desk.field.wait(15)
            failed = await until(desk, number, "failed")
            assert failed["reason"] == "no word for 2 hours while downloading"

    asyncio.run(whole())


def test_pausing_offers_nobody_more_and_says_who_and_why(tmp_path):
    async def scenario(desk):
        await registered(desk.field, NAMES[:2])
        async with AsyncExitStack() as stack:
            units = await fleet(desk.field, stack, NAMES[:2])
            number = await begun(desk, **plain(stations=NAMES[:2], at_once=1))
            first, second = in_turn(number, NAMES[:2])
            await until_offered(units, 1)
            body = {"reason": "the maker calls back"}
            paused = (await desk.host.post(f"{P}/{number}/pause", json=body)).json()
            assert paused["state"] == "paused"
            assert paused["notes"][-1]["what"] == "paused"
            assert paused["notes"][-1]["author"]["reason"] == "the maker calls back"
            assert paused["notes"][-1]["author"]["name"] == "host"
            await units[first].update()
            await until(desk, number, "confirmed", first)
            for _ in range(3):
                await desk.house.rollouts.driver.tick()
            assert offered(units) == {first}
            waits_for = (await station_of(desk, number, second))["waits_for"]
            assert waits_for == "the roll-out is paused"
            await desk.host.post(f"{P}/{number}/resume", json={})
            await units[second].update()
            await until_rollout(desk, number, "done")

    walk(tmp_path, scenario)


def test_cancelling_skips_who_waits_and_follows_who_is_under_way(tmp_path):
    async def scenario(desk):
        await registered(desk.field, NAMES[:2])
        async with AsyncExitStack() as stack:
            units = await fleet(desk.field, stack, NAMES[:2])
            plan = plain(stations=NAMES[:2], at_once=1, previous=before(V16), rollback="none")
            number = await begun(desk, **plan)
            first, second = in_turn(number, NAMES[:2])
            await until_offered(units, 1)
            body = {"reason": "wrong file", "roll_back": True}
            cancelled = (await desk.host.post(f"{P}/{number}/cancel", json=body)).json()
            assert (cancelled["state"], cancelled["open"]) == ("cancelled", True)
            skipped = await until(desk, number, "skipped", second)
            assert skipped["reason"] == "the roll-out is cancelled"
            await units[first].update()
            # It was asked to roll back, so who still was updated goes back as well.
            assert (await units[first].offered(2))[1] == BEFORE
            await units[first].update(OLD, count=2)
            await until(desk, number, "rolled_back", first)
            assert not (await shown(desk, number))["open"]
            problem(await desk.host.post(f"{P}/{number}/resume", json={}), 409)

    walk(tmp_path, scenario)


def test_a_silent_station_of_a_cancelled_roll_out_is_given_up_when_a_person_says_so(tmp_path):
    async def scenario(desk):
        names = NAMES[:3]
        await registered(desk.field, names)
        async with AsyncExitStack() as stack:
            units = await fleet(desk.field, stack, names)
            plan = plain(stations=names, sample=3, failures_permille=1_000)
            number = await begun(desk, previous=before(V16), **plan)
            good, bad, silent = in_turn(number, names)
            await until_offered(units, 3)
            await units[good].update()
            await units[bad].tell("DownloadFailed")
            await units[silent].tell("Downloading")
            await until(desk, number, "downloading", silent)
            await until(desk, number, "confirmed", good)
            await until(desk, number, "failed", bad)
            assert (await desk.host.post(f"{P}/{number}/cancel", json={})).json()["open"]
            third = {"firmware": {"version": "3.0", "location": "https://files.example/3"}}
            dry = plain(stations=names, dry_run=True) | third
            held = [{"reason": f"it is in roll-out {number}", "count": 1, "stations": [silent]}]
            answer = (await desk.host.post(P, json=dry)).json()
            assert answer == {"stations": 2, "skipped": held}
            now = await desk.host.post(f"{P}/{number}/cancel", json={"now": True})
            assert now.json()["notes"][-1]["what"] == "given up who was under way"
            answer = (await desk.host.post(P, json=dry)).json()
            assert answer == {"stations": 3, "skipped": []}
            given_up = await until(desk, number, "failed", silent)
            assert given_up["reason"] == "given up by an operator while downloading"
            assert not (await shown(desk, number))["open"]

    walk(tmp_path, scenario)


def test_a_station_in_one_roll_out_is_skipped_by_another(tmp_path):
    async def scenario(desk):
        first = await begun(desk)
        await until(desk, first, "pending")
        plan = plain(stations=["S", "OTHER"])
        made = (await desk.host.post(P, json=plan)).json()
        second = made["number"]
        held = {"reason": f"it is in roll-out {first}", "count": 1, "stations": ["S"]}
        assert made["meant"] == {"stations": 1, "skipped": [held]}
        skipped = await until(desk, second, "skipped")
        assert skipped["reason"] == f"it is in roll-out {first}"
        items = (await desk.host.get(f"{P}/{second}/stations?place=waiting")).json()["items"]
        assert [one["station"] for one in items] == ["OTHER"]
        listed = (await desk.host.get(P + "?which=open")).json()["items"]
        assert [one["number"] for one in listed] == [first, second]

    walk(tmp_path, scenario)


def test_a_roll_out_right_after_another_says_that_the_first_has_its_stations(tmp_path):
    async def scenario(desk):
        house = desk.house
        kept = house.rollouts.driver.tick

        async def nothing_yet():
            pass

        house.rollouts.driver.tick = nothing_yet
        first = await begun(desk, **plain(stations=["S"]))
        made = (await desk.host.post(P, json=plain(all=True, stations=[]))).json()
        held = {"reason": f"it is in roll-out {first}", "count": 1, "stations": ["S"]}
        assert made["meant"] == {"stations": 1, "skipped": [held]}
        house.rollouts.driver.tick = kept
        house.rollouts.driver.wake()
        assert (await until(desk, made["number"], "skipped"))["reason"] == held["reason"]

    walk(tmp_path, scenario)


def test_many_stations_are_written_down_in_pieces_and_nobody_is_asked_who_is_not_there(tmp_path):
    names = [f"BIG{n:05d}" for n in range(2 * PAGE + 7)]

    async def scenario(desk):
        shares = (Share(HOST, 10_000, rest=True),)
        evses = (Evse(1, 22_000),)
        many = tuple(Station(name, "", evses, "T", shares, vendor="Big") for name in names)

        def put_many(_state, _command, _now_ms):
            return Decision(None, many)

        await desk.house.store.run(put_many, None)
        dry = await desk.host.post(P, json=plain(vendor="big", dry_run=True))
        assert (dry.status_code, dry.json()) == (200, {"stations": len(names), "skipped": []})
        plan = plain(vendor="big", stages=[1, 100], stations=[])
        number = await begun(desk, **plan)
        head = await until_rollout(desk, number, "running")
        assert head["total"] == len(names)
        head = await eventually(lambda: shown(desk, number), lambda one: one["opened"] > 0)
        assert head["opened"] == 11
        assert desk.house.store.count(Claim) == len(names)
        cancelled = await desk.host.post(f"{P}/{number}/cancel", json={})
        assert cancelled.status_code == 200
        await eventually(lambda: shown(desk, number), lambda one: not one["open"])
        left = desk.house.store.find(StationUpdate, len(names) + 1, number=number)
        assert {one.state for one in left} == {UpdateState.SKIPPED}

    walk(tmp_path, scenario)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stations": []}, "choose stations by"),
        ({"all": True}, "choose stations by"),
        ({"stages": [50, 10]}, "stages: whole percent"),
        ({"stages": [0, 100]}, "stages: whole percent"),
        ({"stages": [10, 50]}, "stages: whole percent"),
        ({"stations": [], "vendor": "Nobody"}, "no station is meant, so nothing was begun"),
        ({"stations": [], "from_version": ["0.1"]}, "no station is meant, so nothing was begun"),
        ({"stations": ["NOBODY"]}, "there is no station NOBODY"),
        ({"firmware": {"version": "2"}}, "name a file of this house"),
        ({"firmware": {"location": "file:///etc/passwd"}}, "location"),
        ({"firmware": {"location": "https://a b"}}, "location"),
        ({"firmware": {"file": "acme-2"}}, "serves no files"),
        ({"firmware": signed("{}")}, "firmware: signing_certificate: is no PEM certificate"),
        ({"previous": signed("{}")}, "rollback firmware: signing_certificate: is no PEM"),
        ({"firmware": signed(certificate()) | {"signature": "?"}}, "base64 of the signature"),
        ({"previous": {"version": "2.0", "location": "https://x.example/1"}}, "same version"),
        ({"rollback": "failed"}, "needs the firmware of before"),
        ({"rollback": "all"}, "needs the firmware of before"),
        ({"firmware": signed("")}, "a signature needs its signing certificate"),
        ({"window": [1, 24]}, "window"),
        ({"failures": 5}, "failures"),
    ],
)
def test_a_roll_out_that_makes_no_sense_is_refused_with_what_to_change(tmp_path, change, words):
    async def scenario(desk):
        plan = plain(stations=["S"]) | change
        for dry_run in (False, True):
            body = plan | {"dry_run": dry_run}
            answer = problem(await desk.host.post(P, json=body), 400)
            assert words in answer["detail"]
        assert (await desk.host.get(P)).json()["items"] == []

    walk(tmp_path, scenario)


def test_only_who_runs_stations_may_begin_and_a_password_in_a_location_is_shown_to_nobody(tmp_path):
    async def scenario(desk):
        secret = {"version": NEW, "location": "ftp://me:hunter2@files.example/2"}
        plan = plain(stations=["S"]) | {"firmware": secret}
        problem(await desk.read.post(P, json=plan), 403)
        problem(await desk.driver.get(P), 403)
        problem(await desk.host.get(f"{P}/1"), 404)
        problem(await desk.host.post(f"{P}/1/pause", json={}), 404)
        made = await desk.host.post(P, json=plan)
        assert "hunter2" not in made.text
        assert made.json()["firmware"]["location"] == "ftp://me@files.example/2"
        assert "hunter2" not in (await desk.host.get("/api/v1/status")).text
        problem(await desk.host.get(f"{P}/1/stations?place=moon"), 400)

    walk(tmp_path, scenario)
