"""Bad days: clocks that jump, two machines with one id, answers that are nonsense.

From the station's socket to the store, for every version. What floods, and what an operator hears
of it, is in tests/apps/operations; what stands on the wire, in tests/apps/gateway.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from ohmstead.core.alerts import Rule
from ohmstead.core.session import SessionState
from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import HOUR, V16, VERSIONS, WH, running
from tests.flows.world import DRIVER, HOST

both = pytest.mark.parametrize("version", VERSIONS)
signed_or_not = pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
SETTLED, REVIEW = SessionState.SETTLED, SessionState.REVIEW


async def charge_across(field, station, jump_ms, signed, is_corrected):
    """A session of 3 kWh; from its tenth minute on the station's clock is off by ``jump_ms``."""
    meter = field.meter
    first = meter.sign((field.now, "B", 0)) if signed else None
    tx, _ = await station.start(record=first)
    field.wait(10)
    await station.values(tx, 1_000)
    field.wait(10)
    await station.values(tx, 2_000, at_ms=field.now + jump_ms)
    field.wait(10)
    ends_ms = field.now if is_corrected else field.now + jump_ms
    last = meter.sign((ends_ms, "E", 3_000 * WH)) if signed else None
    await station.stop(tx, 3_000, at_ms=ends_ms, record=last)
    assert field.books_balance()
    return field.session(tx), field.bill(tx)


@both
@signed_or_not
@pytest.mark.parametrize("jump_ms", [2 * HOUR, -2 * HOUR], ids=["ahead", "back"])
async def test_a_clock_that_jumped_and_was_set_right_again_costs_nobody_anything(
    version, signed, jump_ms, tmp_path
):
    async with running(tmp_path, meter=signed) as field, field.station(version) as station:
        session, bill = await charge_across(field, station, jump_ms, signed, True)
    assert session.state is SETTLED
    assert set(session.findings) <= {"value_unreadable"}  # the one dated two hours ahead
    assert (bill.energy_mwh, bill.end_ms - bill.begin_ms) == (3_000 * WH, HOUR // 2)


@both
@signed_or_not
async def test_a_clock_that_jumped_ahead_bills_no_time_that_has_not_passed(
    version, signed, tmp_path
):
    async with running(tmp_path, meter=signed) as field, field.station(version) as station:
        session, bill = await charge_across(field, station, 2 * HOUR, signed, False)
        assert session.state is REVIEW
        assert {"ends_in_future", "value_unreadable"} <= set(session.findings)
        assert bill.energy_mwh == 3_000 * WH  # a person sees what it would have been
        assert field.balance(f"payee:{HOST}") == 0
        again, _ = await station.start()  # and the station goes on
        assert field.session(again).started_ms == field.now


@both
@signed_or_not
async def test_a_clock_that_jumped_back_waits_for_a_person_and_nothing_is_lost(
    version, signed, tmp_path
):
    async with running(tmp_path, meter=signed) as field, field.station(version) as station:
        before = field.balance(f"payer:{DRIVER}")
        session, bill = await charge_across(field, station, -2 * HOUR, signed, False)
        assert session.state is REVIEW
        assert "time_not_monotone" in session.findings
        assert bill is None  # nobody guesses a price for a time that ran backwards
        assert session.ended_ms < session.started_ms  # as the station said it
        assert field.balance(f"payer:{DRIVER}") < before  # what was held waits in dispute
        field.wait(200)  # its clock is set: the next session is like any other
        tx, _ = await station.start(wh=3_000)
        field.wait(30)
        await station.stop(tx, 4_000)
        assert "begin_before_previous_end" not in field.session(tx).findings
        assert field.books_balance()


@both
@pytest.mark.parametrize("jump_ms", [HOUR, -HOUR], ids=["ahead", "back"])
def test_a_clock_that_jumps_is_an_alert_until_it_is_right(version, jump_ms, tmp_path):
    async def scenario(desk):
        field, office = desk.field, desk.house.office
        async with field.station(version) as station:
            tx, _ = await station.start()
            field.wait(10 if jump_ms > 0 else 90)
            await station.stop(tx, 1_000, at_ms=field.now + jump_ms)
            await office.minute()
            found = {alert.rule: alert.text for alert in office.alarms.open()}
            if jump_ms > 0:
                assert found[Rule.CLOCK] == "the clock of station S is 1 hour ahead"
            # Behind may be late: a stop that waited for a connection says the same.
            tx, _ = await station.start(wh=1_000)
            field.wait(5)
            await station.stop(tx, 2_000)
            await office.minute()
            assert Rule.CLOCK not in {alert.rule for alert in office.alarms.open()}

    walk(tmp_path, scenario)


@both
async def test_behaviour_20_what_two_machines_with_one_id_charge_is_paid_once_each(
    version, tmp_path
):
    async with running(tmp_path, meter=False) as field:
        async with field.station(version) as first:
            one, _ = await first.start(wh=0, evse=1)
        async with field.station(version) as second:
            two, _ = await second.start(wh=500, evse=2)
            field.wait(30)
        async with field.station(version) as first:
            await first.stop(one, 2_000, seq=1)
        async with field.station(version) as second:
            await second.stop(two, 3_500, seq=1)
        assert one != two
        for tx, energy_wh in ((one, 2_000), (two, 3_000)):
            assert field.session(tx).state is SETTLED
            assert field.bill(tx).energy_mwh == energy_wh * WH
        assert field.books_balance()


NONSENSE = [
    '{"status":"Banana"}',
    '{"status":7}',
    "{}",
    "[]",
    "null",
    '"Accepted"',
    "1e400000",
    '{"status":"Accepted","status":' + "[" * 900 + "]" * 900 + "}",
]


async def asked_of(socket):
    """The id of the next Reset; what 2.1 says of the answer before is passed over."""
    while True:
        kind, message_id, *rest = json.loads(await socket.recv())
        if kind == 2:
            assert rest[0] == "Reset"
            return message_id
        assert kind == 5  # CALLRESULTERROR


@both
def test_an_answer_that_is_nonsense_is_survived_kept_and_shown(version, tmp_path):
    async def scenario(desk):
        path = "/api/v1/stations/S/commands"
        body = {"type": "Soft"} if version == V16 else {"type": "Immediate"}
        async with desk.field.socket(version) as socket:
            for nonsense in NONSENSE:
                asked = asyncio.create_task(desk.host.post(f"{path}/Reset", json=body))
                message_id = await asked_of(socket)
                await socket.send(f'[3,"{message_id}",{nonsense}]')
                told = problem(await asked, 502, "invalid-answer")
                assert told["payload"] == nonsense[:1_000]
                entry = (await desk.read.get(f"/api/v1/commands/{told['command']}")).json()
                assert entry["state"] == "invalid"
                assert entry["problem"] == told["detail"]
            asked = asyncio.create_task(desk.host.post(f"{path}/Reset", json=body))
            message_id = await asked_of(socket)
            await socket.send(f'[3,"{message_id}",{{"status":"Accepted"}}]')
            assert (await asked).json() == {"status": "Accepted"}  # the same socket

    walk(tmp_path, scenario)


@both
def test_an_answer_that_is_no_message_at_all_leaves_the_command_to_its_time(version, tmp_path):
    async def scenario(desk):
        path = "/api/v1/stations/S/commands/ClearCache"
        async with desk.field.socket(version) as socket:
            asked = asyncio.create_task(desk.host.post(path, json={}))
            _, message_id, *_ = json.loads(await socket.recv())
            for broken in (
                f'[3,"{message_id}"]',
                f'[3,"{message_id}",{{"status":"Accepted"}},1]',
                '[3,7,{"status":"Accepted"}]',
                '[3,"nobody-asked",{"status":"Accepted"}]',
                f'[3,"{message_id}",{{"status"',
            ):
                await socket.send(broken)
            await socket.send(f'[3,"{message_id}",{{"status":"Accepted"}}]')
            while not asked.done():  # nothing but what a version owes for a broken frame
                reading = asyncio.create_task(socket.recv())
                done, _ = await asyncio.wait({asked, reading}, return_when="FIRST_COMPLETED")
                if reading in done:
                    assert json.loads(reading.result())[0] == 4
                else:
                    reading.cancel()
            assert (await asked).json() == {"status": "Accepted"}

    walk(tmp_path, scenario)
