"""What a session's start left open is told later: its evse, and the register it begins with."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohmstead.core.bill import MeterHead
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Evse, EvseHead, Station
from ohmstead.core.session import SessionState
from ohmstead.flows import onboarding
from ohmstead.flows.charging.begin import Beginning
from tests.flows.world import DRIVER, KWH, MINUTE, Meter, World

SETTLED, REVIEW, VOID = SessionState.SETTLED, SessionState.REVIEW, SessionState.VOID
FULL = 100_000_000


class Two(World):
    """A house whose station TWO has two evses; where signed, with a meter at each."""

    def __init__(self, signed=False):
        super().__init__(signed=signed)
        shares = self.store.get(Station, "ST").shares
        evses = (Evse(1, 11_000), Evse(2, 22_000))
        self.run(onboarding.add_station, Station("TWO", "", evses, "T", shares))
        self.meters = (Meter("A", 11), Meter("B", 12))
        for evse_id, meter in enumerate(self.meters if signed else (), 1):
            public = meter.public
            key = MeterKey(
                public.key_id, "secp256r1", public.der_hex, Tier.SOFT, meter.serial, "TWO", 0
            )
            self.run(onboarding.add_meter, onboarding.AddMeter(key, evse_id))
            self.keys = (*self.keys, key)

    def at_card(self, token="card", transaction="TX"):
        return self.start(
            None, token, evse=0, station_id="TWO", transaction_id=transaction, protocol="2.0.1"
        )

    def tell(self, *values, transaction="TX", evse=0, begins=(), **changes):
        beginning = Beginning(evse, begins)
        return self.readings(transaction, *values, station_id="TWO", beginning=beginning, **changes)

    def end(self, mwh, transaction="TX", evse=0, begins=(), **changes):
        beginning = Beginning(evse, begins)
        return self.stop(transaction, mwh, station_id="TWO", beginning=beginning, **changes)


def plugged(world, mwh=10 * KWH, evse=2, **changes):
    """The cable is in: the evse and the first register."""
    now = world.now
    return world.tell((now, mwh), evse=evse, begins=((now, mwh),), **changes)


def test_what_is_told_once_the_cable_is_in_is_the_begin():
    world = Two()
    started = world.at_card()
    assert world.session(started).evse_id == 0 and world.session(started).begin_mwh is None
    world.wait(1)
    plugged(world)
    world.wait(30)
    world.end(14 * KWH)
    session, bill = world.session(started), world.bill(started)
    assert (session.state, session.findings, session.evse_id) == (SETTLED, (), 2)
    assert (bill.begin_mwh, bill.energy_mwh, bill.total_minor) == (10 * KWH, 4 * KWH, 2_000_000)
    assert world.store.get(EvseHead, "TWO/2").session_ids == (session.id,)
    assert world.store.get(EvseHead, "TWO/0") is None


def test_an_end_may_be_the_first_to_tell_it():
    world = Two()
    started = world.at_card()
    at = world.now
    world.wait(30)
    world.end(14 * KWH, evse=1, begins=((at, 10 * KWH),))
    assert world.session(started).state is SETTLED and world.session(started).evse_id == 1
    assert world.bill(started).energy_mwh == 4 * KWH


@pytest.mark.parametrize("off_ms", [-MINUTE, 6 * MINUTE])
def test_a_register_of_another_time_is_no_begin(off_ms):
    """Of before the start it is another's energy; of after our clock's now it is no time."""
    world = Two()
    started = world.at_card()
    world.tell(evse=2, begins=((world.now + off_ms, KWH),))
    world.wait(30)
    world.end(4 * KWH)
    assert world.session(started).begin_mwh is None
    assert world.session(started).state is REVIEW
    assert "begin_missing" in world.session(started).findings


def test_a_second_begin_that_says_otherwise_is_found_and_changes_nothing():
    world = Two()
    started = world.at_card()
    plugged(world, 10 * KWH)
    world.wait(5)
    plugged(world, 10 * KWH)
    assert world.session(started).findings == ()
    plugged(world, 11 * KWH)
    assert world.session(started).begin_mwh == 10 * KWH
    world.wait(30)
    world.end(14 * KWH)
    assert world.session(started).state is REVIEW
    assert world.session(started).findings == ("begin_contradicted",)


def test_energy_below_the_begin_is_a_register_that_ran_backwards():
    world = Two()
    started = world.at_card()
    world.wait(1)
    world.tell((world.now, 9 * KWH), evse=2)
    world.wait(1)
    plugged(world, 10 * KWH)
    world.wait(30)
    world.end(9 * KWH + KWH // 2)
    assert world.session(started).state is REVIEW
    assert "register_decreased" in world.session(started).findings


def test_a_begin_far_too_low_for_the_evse_goes_to_review():
    world = Two()
    started = world.at_card()
    plugged(world, 0)
    world.wait(10)
    world.end(900 * KWH)
    assert "energy_above_rated" in world.session(started).findings
    assert world.session(started).state is REVIEW


def test_an_evse_that_nobody_ever_named_is_left_to_a_person():
    world = Two()
    started = world.at_card()
    plugged(world, evse=0)
    world.wait(30)
    world.end(14 * KWH)
    assert world.session(started).state is REVIEW
    assert world.session(started).findings == ("unknown_evse",)


def test_two_events_that_name_two_evses_are_found():
    world = Two()
    started = world.at_card()
    plugged(world, evse=2)
    world.wait(30)
    world.end(14 * KWH, evse=1)
    assert world.session(started).evse_id == 2
    assert world.session(started).findings == ("evse_contradicted",)
    assert world.session(started).state is REVIEW


def test_an_evse_that_the_station_does_not_have_is_found():
    world = Two()
    started = world.at_card()
    plugged(world, evse=9)
    world.wait(30)
    world.end(14 * KWH)
    assert world.session(started).findings[0] == "unknown_evse"
    assert world.session(started).state is REVIEW


def test_two_at_the_card_at_one_time_are_told_apart_by_their_evses():
    world = Two()
    one = world.at_card(transaction="T1")
    other = world.at_card(transaction="T2")
    plugged(world, 10 * KWH, evse=2, transaction="T2")
    plugged(world, 90 * KWH, evse=1, transaction="T1")
    world.wait(30)
    world.end(14 * KWH, transaction="T2")
    world.end(92 * KWH, transaction="T1")
    assert [world.session(started).findings for started in (one, other)] == [(), ()]
    assert [world.bill(started).energy_mwh for started in (one, other)] == [2 * KWH, 4 * KWH]


def test_the_evse_of_another_that_charges_is_noted():
    world = Two()
    world.start(0, evse=2, station_id="TWO", transaction_id="T1")
    started = world.at_card()
    plugged(world, evse=2)
    assert world.session(started).findings == ("evse_already_in_session",)


def test_a_proof_is_judged_by_the_meter_of_the_evse_that_was_told():
    world = Two(signed=True)
    started = world.at_card()
    assert world.session(started).meter_key_id == ""
    first = world.meters[1].sign((world.now, "B", KWH))
    world.tell(evse=2, evidence=world.evidence(first))
    world.wait(30)
    last = world.meters[1].sign((world.now, "E", 5 * KWH))
    world.end(5 * KWH, evidence=world.evidence(last), approved=False)
    assert world.session(started).state is SETTLED and world.session(started).findings == ()
    assert world.bill(started).tier == "soft" and world.bill(started).energy_mwh == 4 * KWH


def test_the_meter_of_another_evse_proves_nothing():
    world = Two(signed=True)
    started = world.at_card()
    first = world.meters[0].sign((world.now, "B", KWH))
    world.tell(evse=2, evidence=world.evidence(first))
    assert "unknown_meter" in world.session(started).findings


def test_a_meter_that_signs_says_where_it_stands():
    world = Two(signed=True)
    started = world.at_card()
    first = world.meters[1].sign((world.now, "B", KWH))
    world.tell(evidence=world.evidence(first))
    session = world.session(started)
    assert (session.evse_id, session.meter_key_id) == (2, world.keys[-1].key_id)
    assert session.findings == ()


def test_who_never_plugged_in_pays_nothing_and_needs_no_person():
    world = Two()
    started = world.at_card()
    world.wait(2)
    world.end(None, is_unused=True, approved=False)
    assert world.session(started).state is VOID and world.session(started).findings == ()
    assert world.balance(f"payer:{DRIVER}") == FULL
    assert world.store.find(MeterHead, 10) == []  # nobody said where any register stands


def test_an_end_without_registers_after_a_car_came_is_left_to_a_person():
    world = Two()
    started = world.at_card()
    world.tell((world.now, 10 * KWH), evse=2)
    world.wait(2)
    world.end(None, is_unused=True, approved=False)
    assert world.session(started).state is REVIEW


def test_an_end_that_costs_nothing_needs_nobodys_approval():
    world = World(signed=False)
    started = world.start(3 * KWH)
    world.wait(2)
    world.stop(started.transaction_id, 3 * KWH, approved=False)
    assert world.session(started).state is VOID
    assert world.balance(f"payer:{DRIVER}") == FULL


def test_a_fee_for_a_start_that_its_driver_did_not_end_is_left_to_a_person():
    world = World(signed=False, flat_minor=1_000_000)
    started = world.start(3 * KWH)
    world.wait(2)
    world.stop(started.transaction_id, 3 * KWH, approved=False, is_unused=True)
    assert world.session(started).state is REVIEW
    assert world.session(started).findings == ("stop_not_approved",)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    told=st.lists(st.tuples(st.integers(-3, 12), st.integers(0, 3), st.integers(0, 3)), max_size=8),
    end=st.integers(0, 8),
)
def test_the_first_begin_within_the_session_stands_whatever_is_said_after_it(told, end):
    world = Two()
    started = world.at_card()
    since, first, evse = world.now, None, 0
    for off, kwh, where in told:
        world.wait(1)
        at = since + off * MINUTE
        world.tell(evse=where, begins=((at, kwh * KWH),), digest=f"{world.now}")
        if first is None and since <= at <= world.now + 5 * MINUTE:
            first = kwh * KWH
        evse = evse or where
        assert (world.session(started).begin_mwh, world.session(started).evse_id) == (first, evse)
    world.wait(5)
    world.end(end * KWH)
    session, bill = world.session(started), world.bill(started)
    if session.state is SETTLED:
        assert first is not None and evse in (1, 2) and bill.begin_mwh == first < end * KWH
        assert world.balance(f"payer:{DRIVER}") == FULL - bill.total_minor
    elif session.state is VOID:
        assert first == end * KWH and world.balance(f"payer:{DRIVER}") == FULL
    else:
        assert session.findings
