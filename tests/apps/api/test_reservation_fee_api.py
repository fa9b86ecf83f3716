"""The fee of a reservation, from a real station's answers to what its driver reads of it."""

from __future__ import annotations

import json

import pytest
from ocpp.routing import on

from ohmstead.core.attempt import Attempt, AttemptHead
from ohmstead.core.bill import Bill
from ohmstead.flows import onboarding
from ohmstead.flows.stations import ChangeStation, change_station
from tests.apps.api.desk import problem, walk
from tests.apps.api.test_reservations_api import (
    KINDS,
    P,
    body,
    second_driver,
    started,
    until_state,
)
from tests.apps.operations.stage import Ear
from tests.apps.operations.stage import walk as tell
from tests.apps.operations.test_alerts import DAY, opened, run
from tests.apps.operations.test_webhooks import subscribe
from tests.apps.stations.field import POOR, V16, V201
from tests.flows.test_reservation_fee import EURO, tariff
from tests.flows.world import DRIVER

versions = pytest.mark.parametrize("version", [V16, V201])


async def with_fee(desk):
    """Station S asks for a fee: 4.00 if nobody comes, else 1.00, and 2.00 an hour in any case."""
    await desk.field.run(onboarding.add_tariff, tariff())
    await desk.field.run(change_station, ChangeStation("S", tariff_key="FEE"))


def balance(desk, account=DRIVER):
    return desk.field.balance(f"payer:{account}")


def bill_of(desk, one):
    return desk.field.store.get(Bill, one["fee_session"])


async def reserved(desk):
    before = balance(desk)
    made = (await desk.driver.post(P, json=body(desk))).json()
    assert (made["state"], made["fee_held"], made["fee_session"]) == ("active", "5000000", "")
    assert balance(desk) == before - 5 * EURO
    return made["number"]


@versions
def test_a_reservation_that_is_used_costs_its_time_and_shows_it(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            number = await reserved(desk)
            desk.field.wait(15)
            await started(station, number)
            used = await until_state(desk, number, "used")
            assert used["fee_held"] == "0"
            bill = bill_of(desk, used)
            assert (bill.total_minor, bill.energy_mwh) == (1_666_666, 0)  # 15 min, billed as 20
            sessions = {one.id for one in desk.field.sessions()}
            assert sessions == {used["session"], used["fee_session"]}
            page = (await desk.nobody.get(f"/s/{used['fee_session']}")).text
            assert "Fee for a reservation" in page
            assert "no meter proves for how long" in page
            shown = (await desk.driver.get(f"/api/v1/sessions/{used['fee_session']}")).json()
            assert shown["state"] == "settled"

    walk(tmp_path, scenario)


@versions
def test_nobody_came_costs_what_the_tariff_says(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(version, kind=KINDS[version]):
            number, before = await reserved(desk), balance(desk)
            desk.field.wait(30)
            over = await until_state(desk, number, "expired")
            assert bill_of(desk, over).total_minor == 5 * EURO
            assert balance(desk) == before  # all that was held
            page = (await desk.nobody.get(f"/s/{over['fee_session']}")).text
            assert "Fee for a reservation not used" in page

    walk(tmp_path, scenario)


@versions
def test_nobody_could_come_costs_nothing(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(version, kind=KINDS[version]):
            number = await reserved(desk)
        desk.field.wait(30)
        over = await until_state(desk, number, "expired")
        assert (over["fee_session"], balance(desk)) == ("", 100 * EURO)

    walk(tmp_path, scenario)


@versions
@pytest.mark.parametrize(("who", "paid"), [("driver", 1_333_333), ("host", 0)])
def test_a_driver_pays_for_what_they_cancel_and_not_for_what_the_host_does(
    tmp_path, version, who, paid
):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(version, kind=KINDS[version]):
            number = await reserved(desk)
            desk.field.wait(7)
            gone = (await getattr(desk, who).delete(f"{P}/{number}")).json()
            assert (gone["state"], bool(gone["fee_session"])) == ("cancelled", bool(paid))
            assert balance(desk) == 100 * EURO - paid

    walk(tmp_path, scenario)


@versions
def test_what_the_station_has_lost_costs_nothing(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)

        class Forgetful(KINDS[version]):
            @on("CancelReservation")
            def cancel(self, **_):
                return self.result.CancelReservation("Rejected")

        async with desk.field.station(version, kind=Forgetful):
            number = await reserved(desk)
            desk.field.wait(7)
            gone = (await desk.driver.delete(f"{P}/{number}")).json()
            assert (gone["state"], balance(desk)) == ("cancelled", 100 * EURO)

    walk(tmp_path, scenario)


@versions
def test_what_the_station_refuses_costs_nothing(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            station.point.word = "Faulted"
            problem(await desk.driver.post(P, json=body(desk)), 409, "reservation-refused")
            assert balance(desk) == 100 * EURO
            assert desk.field.sessions() == []

    walk(tmp_path, scenario)


@versions
def test_who_has_not_the_money_is_told_what_it_may_cost(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        await desk.field.deposit(3_500_000, POOR)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            asked = body(desk, id_token="POOR", accept_fee=True)
            answer = problem(await desk.host.post(P, json=asked), 409)
            assert "this reservation may cost up to 5 tUSD" in answer["detail"]
            assert "deposit more, or reserve for a shorter time" in answer["detail"]
            assert station.point.asked == []
            assert balance(desk, POOR) == 3_500_000

    walk(tmp_path, scenario)


def test_what_a_station_gives_up_costs_nothing(tmp_path):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(V201, kind=KINDS[V201]) as station:
            number = await reserved(desk)
            desk.field.wait(7)
            await station.say(station.call.ReservationStatusUpdate(number, "Removed"))
            gone = await until_state(desk, number, "cancelled")
            assert (gone["fee_session"], balance(desk)) == ("", 100 * EURO)

    walk(tmp_path, scenario)


def test_a_host_reserves_for_nothing_unless_the_driver_agreed_to_the_fee(tmp_path):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(V16, kind=KINDS[V16]):
            free = (await desk.host.post(P, json=body(desk))).json()
            assert (free["fee_held"], balance(desk)) == ("0", 100 * EURO)
            desk.field.wait(30)
            assert (await until_state(desk, free["number"], "expired"))["fee_session"] == ""
            agreed = (await desk.host.post(P, json=body(desk, accept_fee=True))).json()
            assert (agreed["fee_held"], balance(desk)) == ("5000000", 95 * EURO)

    walk(tmp_path, scenario)


@versions
def test_a_driver_who_charges_has_come_whatever_the_clock_says(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            number = await reserved(desk)
            desk.field.wait(29)
            await station.start("CARD")  # names no reservation
            desk.field.wait(2)
            used = await until_state(desk, number, "used")
            assert bill_of(desk, used).total_minor == 2 * EURO

    walk(tmp_path, scenario)


@versions
def test_an_evse_that_others_use_cannot_be_come_to(tmp_path, version):
    async def scenario(desk):
        await with_fee(desk)
        await second_driver(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            number = await reserved(desk)
            await station.start("CARD2")
            desk.field.wait(30)
            over = await until_state(desk, number, "expired")
            assert (over["fee_session"], balance(desk)) == ("", 100 * EURO)

    walk(tmp_path, scenario)


def test_a_fee_is_no_attempt_and_says_nothing_of_a_stations_clock_or_custom(tmp_path):
    async def scenario(desk, _sink):
        await with_fee(desk)
        assert await opened(desk) == []
        async with desk.field.station(V16, kind=KINDS[V16]):
            number = await reserved(desk)
            desk.field.wait(30)
            over = await until_state(desk, number, "expired")
            assert over["fee_session"]
            assert await opened(desk) == []
            for kind in (Attempt, AttemptHead):
                assert desk.field.store.find(kind, 10) == []
            desk.field.wait(7 * DAY - 15)
            told = sorted(await opened(desk))
            idle = [f"station {name} has had no session since " for name in ("OTHER", "S")]
            assert [text.partition("20")[0] for text in told] == idle

    run(tmp_path, scenario, mail=False, idle_days=7, clock_off_s=120)


def test_of_a_fee_webhooks_are_told_that_it_was_settled_and_nothing_else(tmp_path):
    async def scenario(desk):
        ear = await Ear().open()
        await subscribe(desk, ear.url, "session.started", "session.ended", "session.settled")
        await with_fee(desk)
        async with desk.field.station(V201, kind=KINDS[V201]) as station:
            number = await reserved(desk)
            desk.field.wait(30)
            over = await until_state(desk, number, "expired")
            await ear.hears(1)
            await station.start("CARD")
            await ear.hears(2)
        assert ear.types == ["session.settled", "session.started"]
        data = json.loads(ear.heard[0][2])["data"]
        assert (data["session"], data["energy_mwh"]) == (over["fee_session"], 0)
        assert (data["total"]["amount"], data["proven"]) == ("5000000", False)

    tell(tmp_path, scenario)
