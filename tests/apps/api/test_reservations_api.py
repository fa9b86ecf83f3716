"""Reservations over HTTP: kept by the station, used by their driver, ended by the clock."""

from __future__ import annotations

import asyncio

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on

from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.reservation import RETRY_MS
from ohmstead.core.session import PayerKind
from ohmstead.flows import onboarding
from tests.apps.api.desk import problem, walk
from tests.apps.api.test_local_lists_api import eventually
from tests.apps.stations.field import MINUTE, V16, V21, V201, VERSIONS, iso

both = pytest.mark.parametrize("version", VERSIONS)
P = "/api/v1/stations/S/reservations"
RICH = f"0x{8:040x}"


class Reserving:
    """Remembers what it was asked to keep, and says what it was set to say."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.asked, self.cancelled, self.word = [], [], "Accepted"

    @on("ReserveNow")
    def reserve(self, **payload):
        self.asked.append(payload)
        return self.result.ReserveNow(self.word)

    @on("CancelReservation")
    def cancel(self, reservation_id, **_):
        self.cancelled.append(reservation_id)
        return self.result.CancelReservation("Accepted")


class Station16(Reserving, ocpp.v16.ChargePoint):
    result = ocpp.v16.call_result


class Station201(Reserving, ocpp.v201.ChargePoint):
    result = ocpp.v201.call_result


class Station21(Reserving, ocpp.v21.ChargePoint):
    result = ocpp.v21.call_result


KINDS = {V16: Station16, V201: Station201, V21: Station21}


def body(desk, **change):
    expires = iso(desk.field.now + 30 * MINUTE)
    return {"evse": 1, "id_token": "CARD", "expires": expires} | change


async def second_driver(desk, uid="CARD2", payer=RICH, group=""):
    token = IdToken(uid, TokenStatus.ACCEPTED, payer, PayerKind.PREPAID, group=group)
    await desk.field.run(onboarding.put_id_token, token)
    await desk.field.deposit(50_000_000, payer)


async def shown(desk, number):
    items = (await desk.host.get(P)).json()["items"]
    return next(item for item in items if item["number"] == number)


async def until_state(desk, number, state):
    for _ in range(200):
        if (one := await shown(desk, number))["state"] == state:
            return one
        await asyncio.sleep(0.05)
    raise AssertionError(f"{one} never became {state}")


async def started(station, number, token="CARD"):
    """A start that names its reservation."""
    message = station.start_of(token)
    message.reservation_id = number
    return await station.say(message)


@both
def test_a_reservation_is_kept_by_its_station_and_used_by_the_start_that_names_it(
    tmp_path, version
):
    async def scenario(desk):
        problem(await desk.host.post(P, json=body(desk)), 409, "not-connected")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            made = await desk.driver.post(P, json=body(desk))
            assert made.status_code == 201, made.text
            assert made.json()["state"] == "active"
            (asked,) = station.point.asked
            number = made.json()["number"]
            assert number in (asked.get("reservation_id"), asked.get("id"))
            assert asked.get("connector_id", asked.get("evse_id")) == 1
            await started(station, number)
            used = await until_state(desk, number, "used")
            assert used["session"] == desk.field.sessions()[0].id
            # The driver may reserve again, elsewhere.
            assert (await desk.driver.post(P, json=body(desk, evse=2))).status_code == 201

    walk(tmp_path, scenario)


@both
def test_a_start_that_does_not_name_its_reservation_uses_it_all_the_same(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            number = (await desk.host.post(P, json=body(desk))).json()["number"]
            await station.start("CARD")
            await until_state(desk, number, "used")

    walk(tmp_path, scenario)


@both
def test_naming_another_drivers_reservation_uses_nothing(tmp_path, version):
    async def scenario(desk):
        await second_driver(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            number = (await desk.host.post(P, json=body(desk))).json()["number"]
            await started(station, number, "CARD2")
            await asyncio.sleep(1.2)
            assert (await shown(desk, number))["state"] == "active"

    walk(tmp_path, scenario)


@both
def test_one_evse_is_kept_for_one_driver_and_one_driver_keeps_one_evse(tmp_path, version):
    async def scenario(desk):
        await second_driver(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            assert (await desk.host.post(P, json=body(desk))).status_code == 201
            for change, words in (
                ({"evse": 2}, "this driver has reservation 1"),
                ({"id_token": "CARD2"}, "in use, reserved or waited for"),
                ({"id_token": "LOST"}, "could not charge now: blocked"),
                ({"id_token": "POOR"}, "could not charge now: no_credit"),
                ({"evse": 7}, "no evse 7"),
                ({"expires": iso(desk.field.now)}, "ends in the future"),
                ({"expires": iso(desk.field.now + 1_441 * MINUTE)}, "within 24 hours"),
            ):
                answer = problem(await desk.host.post(P, json=body(desk, **change)), 409)
                assert words in answer["detail"], change
            problem(await desk.host.post(P, json=body(desk, id_token="NOBODY")), 404)
            assert len(station.point.asked) == 1

    walk(tmp_path, scenario)


@both
def test_a_station_that_refuses_says_why_and_nothing_is_kept(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.word = "Faulted"
            answer = problem(await desk.host.post(P, json=body(desk)), 409, "reservation-refused")
            assert answer["reason"] == "Faulted"
            assert (await shown(desk, answer["number"]))["state"] == "refused"
            station.point.word = "Accepted"
            assert (await desk.host.post(P, json=body(desk))).status_code == 201

    walk(tmp_path, scenario)


@both
def test_a_reservation_ends_by_the_clock(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]):
            number = (await desk.host.post(P, json=body(desk))).json()["number"]
            desk.field.wait(31)
            await until_state(desk, number, "expired")
            assert (await desk.host.post(P, json=body(desk))).status_code == 201

    walk(tmp_path, scenario)


@both
def test_a_driver_cancels_only_what_is_theirs(tmp_path, version):
    async def scenario(desk):
        await second_driver(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            theirs = body(desk, id_token="CARD2")
            number = (await desk.host.post(P, json=theirs)).json()["number"]
            assert (await desk.driver.get(P)).json()["items"] == []
            problem(await desk.driver.delete(f"{P}/{number}"), 404)
            problem(await desk.driver.post(P, json=theirs), 404)
            problem(await desk.driver.post(P, json=body(desk, priority=9)), 400)
            gone = (await desk.host.delete(f"{P}/{number}")).json()
            assert (gone["state"], station.point.cancelled) == ("cancelled", [number])
            # Once more changes nothing, and asks nobody.
            assert (await desk.host.delete(f"{P}/{number}")).json() == gone
            assert station.point.cancelled == [number]
            problem(await desk.host.delete(f"{P}/99"), 404)
            problem(await desk.host.delete(f"/api/v1/stations/OTHER/reservations/{number}"), 404)

    walk(tmp_path, scenario)


@both
def test_who_waits_gets_the_evse_by_priority_once_it_is_free(tmp_path, version):
    async def scenario(desk):
        await second_driver(desk)
        await second_driver(desk, "CARD3", f"0x{7:040x}")
        async with desk.field.station(version, kind=KINDS[version]) as station:
            first = (await desk.host.post(P, json=body(desk))).json()["number"]
            low = await desk.host.post(P, json=body(desk, id_token="CARD2", wait=True))
            assert (low.status_code, low.json()["state"]) == (202, "waiting")
            high = await desk.host.post(P, json=body(desk, id_token="CARD3", wait=True, priority=5))
            assert len(station.point.asked) == 1
            await desk.host.delete(f"{P}/{first}")
            await until_state(desk, high.json()["number"], "active")
            assert (await shown(desk, low.json()["number"]))["state"] == "waiting"
            # Nobody overtakes those who wait.
            await desk.host.delete(f"{P}/{high.json()['number']}")
            await until_state(desk, low.json()["number"], "active")

    walk(tmp_path, scenario)


@both
def test_who_waits_for_an_occupied_evse_is_asked_for_again_later(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.word = "Occupied"
            made = await desk.host.post(P, json=body(desk, wait=True))
            assert (made.status_code, made.json()["state"]) == (202, "waiting")
            station.point.word = "Accepted"
            await asyncio.sleep(1.2)
            assert len(station.point.asked) == 1
            desk.field.wait(RETRY_MS // MINUTE + 1)
            await until_state(desk, made.json()["number"], "active")

    walk(tmp_path, scenario)


@both
def test_a_station_that_did_not_answer_is_asked_again_and_keeps_one_reservation(tmp_path, version):
    async def scenario(desk):
        kind = KINDS[version]

        class Slow(kind):
            @on("ReserveNow")
            async def reserve(self, **payload):
                self.asked.append(payload)
                if len(self.asked) == 1:
                    await asyncio.sleep(2)
                return self.result.ReserveNow("Accepted")

        async with desk.field.station(version, kind=Slow) as station:
            made = await desk.host.post(P, json=body(desk))
            assert (made.status_code, made.json()["state"]) == (202, "asked")
            desk.field.wait(1)
            await until_state(desk, made.json()["number"], "active")
            assert station.point.asked[0] == station.point.asked[1]

    walk(tmp_path, scenario, ocpp={"call_timeout_s": 1})


@pytest.mark.parametrize("version", [V201, V21])
@pytest.mark.parametrize(("word", "state"), [("Expired", "expired"), ("Removed", "cancelled")])
def test_a_station_that_gives_a_reservation_up_says_so(tmp_path, version, word, state):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            number = (await desk.host.post(P, json=body(desk))).json()["number"]
            await station.say(station.call.ReservationStatusUpdate(number, word))
            assert (await shown(desk, number))["state"] == state
            # Of a reservation nobody made: heard, and nothing follows.
            await station.say(station.call.ReservationStatusUpdate(77, word))

    walk(tmp_path, scenario)


def test_a_1_6_station_gives_a_reservation_up_by_its_status_alone(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16, kind=Station16) as station:
            # Available before it was ever Reserved says nothing.
            await station.status("Available")
            number = (await desk.host.post(P, json=body(desk))).json()["number"]
            await station.status("Available")
            await asyncio.sleep(1.2)
            await station.status("Reserved")
            await asyncio.sleep(1.2)
            assert (await shown(desk, number))["state"] == "active"
            await station.status("Available")
            gone = await until_state(desk, number, "cancelled")
            assert gone["reason"] == "Available"
            # By the end of its time it is over, and a station's clock may be a little ahead.
            number = (await desk.host.post(P, json=body(desk))).json()["number"]
            await station.status("Reserved")
            await asyncio.sleep(1.2)
            desk.field.wait(29)
            await station.status("Available")
            await until_state(desk, number, "expired")

    walk(tmp_path, scenario)


def test_a_card_of_the_same_group_uses_the_reservation(tmp_path):
    async def scenario(desk):
        await second_driver(desk, "FLEET1", RICH, "FLEET")
        await second_driver(desk, "FLEET2", f"0x{7:040x}", "FLEET")
        async with desk.field.station(V16, kind=Station16) as station:
            number = (await desk.host.post(P, json=body(desk, id_token="FLEET1"))).json()["number"]
            assert station.point.asked[0]["parent_id_tag"] == "FLEET"
            await started(station, number, "FLEET2")
            await eventually(lambda: True)
            assert (await shown(desk, number))["state"] == "used"

    walk(tmp_path, scenario)
