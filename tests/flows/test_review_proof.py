"""Evidence that is genuine and proves something else."""

from __future__ import annotations

from ohmstead.core.bill import MeterHead
from ohmstead.core.meter import SignedReading
from ohmstead.core.network import Evse, Quarantined, Station
from ohmstead.core.session import SessionState
from ohmstead.flows import onboarding
from ohmstead.flows.charging.funding import Authorisation
from ohmstead.frozen import replace
from tests.flows.world import HOST, KWH, MINUTE, World


def test_a_begin_kept_back_for_days_does_not_make_this_driver_pay_for_others():
    world = World()
    old = world.meter.sign((world.now, "B", 0))
    world.wait(3 * 24 * 60)
    started = world.start(100 * KWH)
    world.wait(30)
    end = world.meter.sign((world.now, "E", 104 * KWH))
    world.stop(started.transaction_id, 104 * KWH, world.evidence(old, end))
    session = world.session(started)
    assert session.state is SessionState.REVIEW
    assert "reading_outside_session" in session.findings
    assert world.balance(f"payee:{HOST}") == 0


def test_an_end_signed_long_after_the_stop_is_no_end_of_this_session():
    world = World()
    started = world.start(0)
    world.readings(
        started.transaction_id, evidence=world.evidence(world.meter.sign((world.now, "B", 0)))
    )
    stopped = world.now + 30 * MINUTE
    world.wait(10 * 60)
    end = world.meter.sign((world.now, "E", 100 * KWH))
    world.stop(started.transaction_id, 4 * KWH, world.evidence(end), at_ms=stopped)
    assert world.session(started).state is SessionState.REVIEW
    assert "reading_outside_session" in world.session(started).findings


def test_a_record_that_is_refused_for_its_time_is_still_free_for_its_own_session():
    world = World()
    first = world.start(0)
    begin = world.meter.sign((world.now, "B", 0))
    world.wait(60)
    second = world.start(0, evse=1, at_ms=world.now)
    world.readings(second.transaction_id, evidence=world.evidence(begin))
    assert world.store.get(SignedReading, f"{world.meter.public.key_id}/T/1") is None
    assert any(q.reason == "reading_outside_session" for q in world.store.find(Quarantined, 9))
    world.readings(first.transaction_id, evidence=world.evidence(begin))
    kept = world.store.get(SignedReading, f"{world.meter.public.key_id}/T/1")
    assert kept is not None and kept.session_id == first.session_id


def test_two_charges_in_one_session_are_never_billed_with_the_gap_between_them():
    world = World()
    started = world.start(0)
    records = [world.meter.sign((world.now, "B", 0))]
    for kind, mwh in (("E", 2 * KWH), ("B", 6 * KWH), ("E", 8 * KWH)):
        world.wait(30)
        records.append(world.meter.sign((world.now, kind, mwh)))
    world.stop(started.transaction_id, 8 * KWH, world.evidence(*records))
    assert world.session(started).state is SessionState.REVIEW


def test_an_unsigned_session_between_does_not_hide_a_rolled_back_register():
    world = World()
    world.signed_session(begin_mwh=10 * KWH)
    world.wait(10)
    unsigned = world.start(14 * KWH)
    world.wait(30)
    world.stop(unsigned.transaction_id, 15 * KWH)
    world.wait(10)
    rolled = world.signed_session(begin_mwh=2 * KWH)
    assert "begin_before_previous_end" in world.session(rolled).findings


def test_a_session_delivered_late_does_not_move_the_meters_register_back():
    world = World(signed=False)
    earlier = world.now
    world.wait(60)
    live = world.start(10 * KWH)
    world.wait(30)
    world.stop(live.transaction_id, 14 * KWH)
    late = world.start(5 * KWH, at_ms=earlier)
    world.stop(late.transaction_id, 6 * KWH, at_ms=earlier + 20 * MINUTE)
    [head] = [h for h in world.store.find(MeterHead, 9) if h.register == "gateway"]
    assert head.mwh == 14 * KWH


def test_a_transaction_id_used_again_for_another_charge_is_not_told_to_go_on():
    world = World(signed=False)
    first = world.start(transaction_id="TX", seen_id="ST/TX/0", digest="one")
    world.wait(30)
    world.stop(first.transaction_id, KWH)
    world.wait(30)
    again = world.start(transaction_id="TX", seen_id="ST/TX/0", digest="two")
    assert again.authorisation is not Authorisation.ACCEPTED


def test_a_meter_that_moves_to_another_evse_speaks_for_the_old_one_no_more():
    world = World()
    station = world.store.get(Station, "ST")
    both = replace(station, evses=(*station.evses, Evse(2, 22_000)))
    world.run(lambda _s, it, _n: onboarding.Decision(None, (it,)), both)
    world.run(onboarding.add_meter, onboarding.AddMeter(world.keys[0], 2))
    moved = world.store.get(Station, "ST")
    assert moved.evse(1).meter_key_id == ""
    assert moved.evse(2).meter_key_id == world.keys[0].key_id
