"""A meter is exchanged: nobody is called a fraud for it, and nobody can hide one behind it."""

from __future__ import annotations

import pytest

from ohmstead.core.command import Author
from ohmstead.core.exchange import BELOW_LAST, EXCHANGED, MeterExchange, counted_on
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Station
from ohmstead.core.session import SessionState
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding
from ohmstead.flows.charging.review import Resolve, resolve
from ohmstead.flows.meters import Exchange, exchange_meter
from ohmstead.frozen import replace
from tests.flows.world import KWH, Meter, World

WHO = Author("k1", "ann", "cli", "calibration ended")
ROLLBACK = "begin_before_previous_end"


def exchange(world, old_kwh, new_kwh, **changes):
    command = Exchange("ST", 1, world.now, old_kwh * KWH, new_kwh * KWH, WHO)
    return world.run(exchange_meter, replace(command, **changes))


def charge(world, begin_kwh, end_kwh):
    started = world.start(begin_kwh * KWH)
    world.wait(30)
    world.stop(started.transaction_id, end_kwh * KWH)
    world.wait(5)
    return world.session(started)


def key_of(meter, station="ST"):
    public = meter.public
    serial, tier = meter.serial, Tier.SOFT
    return MeterKey(public.key_id, "secp256r1", public.der_hex, tier, serial, station, 0)


def test_a_register_that_goes_back_is_found_before_and_after_an_exchange_and_not_across_it():
    world = World(signed=False)
    assert charge(world, 1_000, 1_004).state is SessionState.SETTLED
    assert ROLLBACK in charge(world, 990, 993).findings
    done = exchange(world, 1_010, 0)
    assert (done.author, done.session_ids, done.doubts) == (WHO, (), ())
    world.wait(5)
    first = charge(world, 0, 4)
    assert (first.state, first.findings) == (SessionState.SETTLED, ())
    assert ROLLBACK in charge(world, 3, 6).findings


def test_a_new_meter_that_begins_below_what_was_written_down_is_found():
    world = World(signed=False)
    charge(world, 1_000, 1_004)
    exchange(world, 1_004, 7)
    world.wait(1)
    assert ROLLBACK in charge(world, 5, 9).findings


def test_a_session_from_before_that_is_delivered_later_is_not_compared_with_the_new_meter():
    world = World(signed=False)
    charge(world, 1_000, 1_004)
    begun = world.now
    world.wait(60)
    exchange(world, 1_010, 0)
    world.wait(5)
    started = world.start(1_004 * KWH, at_ms=begun, offline=True)
    world.stop(started.transaction_id, 1_009 * KWH, at_ms=begun + 1_800_000)
    assert ROLLBACK not in world.session(started).findings
    assert world.session(started).state is SessionState.SETTLED
    assert charge(world, 0, 2).state is SessionState.SETTLED


def test_a_session_under_way_is_counted_on_and_waits_for_a_person_with_its_right_price():
    world = World(signed=False)
    started = world.start(1_000 * KWH)
    world.wait(10)
    world.readings(started.transaction_id, (world.now, 1_002 * KWH))
    world.wait(1)
    done = exchange(world, 1_003, 50)
    assert done.session_ids == (started.session_id,)
    world.wait(10)
    world.readings(started.transaction_id, (world.now, 51 * KWH))
    world.wait(10)
    world.stop(started.transaction_id, 52 * KWH)
    session, bill = world.session(started), world.bill(started)
    assert session.state is SessionState.REVIEW
    assert session.findings == (EXCHANGED,)
    assert bill.energy_mwh == 5 * KWH  # 3 of the old one, 2 of the new one
    world.run(resolve, Resolve(session.id, True))
    assert world.session(started).state is SessionState.SETTLED
    world.wait(1)
    assert charge(world, 52, 54).state is SessionState.SETTLED


def test_the_old_key_ends_and_the_new_one_begins_at_the_exchange():
    world = World()
    world.signed_session()
    world.wait(5)
    new = Meter(serial="NEW-1", seed=9)
    key = key_of(new)
    done = exchange(world, 4, 0, new_key=key)
    assert (done.old_key_id, done.new_key_id) == (world.meter.public.key_id, key.key_id)
    assert world.store.get(MeterKey, done.old_key_id).valid_until_ms == done.at_ms
    assert world.store.get(MeterKey, done.new_key_id).valid_from_ms == done.at_ms
    assert world.store.get(Station, "ST").evse(1).meter_key_id == key.key_id


def test_a_record_of_the_old_meter_counts_for_no_session_after_the_exchange():
    world = World()
    world.signed_session()
    world.wait(5)
    old = world.meter.sign((world.now, "B", 4 * KWH))
    exchange(world, 4, 0, new_key=key_of(Meter("NEW-1", 9)))
    world.keys = (world.store.get(MeterKey, world.meter.public.key_id),)
    started = world.start(0)
    world.readings(started.transaction_id, evidence=world.evidence(old))
    world.wait(30)
    last = world.meter.sign((world.now, "E", 8 * KWH))
    world.stop(started.transaction_id, 4 * KWH, world.evidence(last))
    session = world.session(started)
    assert "signature_missing" in session.findings
    assert world.bill(started).tier == "none"


def test_a_meter_without_a_key_leaves_its_evse_unproven():
    world = World()
    exchange(world, 0, 0)
    assert world.store.get(Station, "ST").evse(1).meter_key_id == ""


def test_an_exchange_that_is_told_late_does_not_forget_the_session_since():
    world = World(signed=False)
    charge(world, 1_000, 1_004)
    at_ms = world.now
    world.wait(5)
    assert charge(world, 2_000, 2_004).state is SessionState.SETTLED  # the new meter counts above
    exchange(world, 1_010, 2_000, at_ms=at_ms)
    assert ROLLBACK in charge(world, 2_001, 2_003).findings
    assert charge(world, 2_004, 2_006).findings == ()


def test_a_new_key_that_was_registered_before_the_exchange_was_told_stays():
    world = World()
    at_ms = world.now
    world.wait(5)
    key = replace(key_of(Meter("NEW-1", 9)), valid_from_ms=world.now)
    world.run(onboarding.add_meter, onboarding.AddMeter(key, 1))
    done = exchange(world, 4, 0, at_ms=at_ms)
    assert done.old_key_id == ""
    assert world.store.get(Station, "ST").evse(1).meter_key_id == key.key_id
    assert world.store.get(MeterKey, key.key_id).valid_until_ms is None


def test_an_exchange_that_is_told_twice_happens_once():
    world = World(signed=False)
    first = exchange(world, 10, 0)
    world.wait(1)
    assert exchange(world, 10, 0) == first
    assert len(world.store.find(MeterExchange, 10)) == 1
    world.wait(1)
    second = exchange(world, 3, 0)
    assert second.at_ms > first.at_ms


def test_a_final_number_below_what_the_meter_said_is_refused_unless_it_is_so():
    world = World(signed=False)
    charge(world, 1_000, 1_004)
    with pytest.raises(OperatorError, match="read it again"):
        exchange(world, 1_003, 0)
    assert exchange(world, 1_003, 0, anyway=True).doubts == (BELOW_LAST,)
    world.wait(5)
    started = world.start(0)
    world.wait(5)
    world.readings(started.transaction_id, (world.now, 3 * KWH))
    world.wait(1)
    with pytest.raises(OperatorError, match="below the last value"):
        exchange(world, 2, 0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"station_id": "NOWHERE"}, "no evse 1"),
        ({"evse_id": 7}, "no evse 7"),
        ({"author": Author("k", "ann", "api", " ")}, "say why"),
        ({"at_ms": 1 << 50}, "ahead of now"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(changes, why):
    world = World(signed=False)
    with pytest.raises(OperatorError, match=why):
        exchange(world, 1, 0, **changes)


def test_a_key_that_was_registered_before_does_not_come_back():
    world = World()
    world.wait(5)
    with pytest.raises(OperatorError, match="registered before"):
        exchange(world, 1, 0, new_key=key_of(world.meter))


def test_values_are_counted_on_from_each_meter_to_the_next():
    steps = ((100, 30), (200, -7))
    said = [counted_on(steps, at_ms, 1) for at_ms in (99, 100, 199, 200)]
    assert said == [1, 31, 31, 24]
