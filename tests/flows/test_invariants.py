"""Invariants 3 and 9 over whatever may happen to sessions, in any order."""

from __future__ import annotations

import contextlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account
from ohmstead.core.meter import SignedReading
from ohmstead.core.network import Evse, Station
from ohmstead.core.reservation import Reservation, ReservationEvent
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding, reservations
from ohmstead.flows.charging import review
from ohmstead.flows.reservations import Happened, Reserve
from tests.flows.test_reservation_fee import SHARES, tariff
from tests.flows.world import DRIVER, KWH, MINUTE, World

ENERGY = st.integers(0, 12 * KWH)
MANY = 10_000
ENDINGS = [ReservationEvent.TIME_OVER, ReservationEvent.CANCELLED, ReservationEvent.STARTED]


class ChargingMachine(RuleBasedStateMachine):
    """Sessions that start, report, stop, contradict themselves, expire and are resolved."""

    @initialize(signed=st.booleans())
    def open(self, signed):
        self.world = World(signed=signed)
        self.signed = signed
        self.register = 0
        self.started = []
        self.world.run(onboarding.add_tariff, tariff())
        station = Station("FEE", "", (Evse(1, 22_000),), "FEE", SHARES)
        self.world.run(onboarding.add_station, station)

    @rule(minutes=st.integers(0, 90), event=st.sampled_from(ENDINGS), is_free=st.booleans())
    def reservation(self, minutes, event, is_free):
        world, now = self.world, self.world.now
        id_ = f"S-fee-{len(world.store.find(Reservation, MANY))}"
        command = Reserve("FEE", 1, "card", now + 60 * MINUTE, fresh_session_id=id_)
        try:
            number = world.run(reservations.reserve, command).number
        except OperatorError:  # without the money for it
            return
        for told in (Happened(number, "FEE", ReservationEvent.ACCEPTED), None):
            world.wait(minutes if told is None else 0)
            told = told or Happened(number, "FEE", event, is_free=is_free)
            for _ in "twice":
                world.run(reservations.happened, told)

    @rule(energy=ENERGY, minutes=st.integers(1, 120), proven=st.booleans(), walk_up=st.booleans())
    def session(self, energy, minutes, proven, walk_up):
        world = self.world
        token = "card"
        if walk_up:
            token = world.lock(5_000_000, f"0x{len(self.started):x}")
        world.wait(1)
        started = world.start(self.register, token)
        self.started.append(started)
        if self.signed and proven:
            first = world.meter.sign((world.now, "B", self.register))
            world.readings(started.transaction_id, evidence=world.evidence(first))
        world.wait(minutes)
        world.readings(started.transaction_id, (world.now, self.register + energy // 2))
        world.wait(minutes)
        self.register += energy
        records = ()
        if self.signed and proven:
            records = world.evidence(world.meter.sign((world.now, "E", self.register)))
        world.stop(started.transaction_id, self.register, records)

    @rule()
    def start_and_forget(self):
        self.world.wait(1)
        self.started.append(self.world.start(self.register))

    @rule(data=st.data(), energy=ENERGY, approved=st.booleans())
    def stop_again(self, data, energy, approved):
        if self.started:
            started = data.draw(st.sampled_from(self.started))
            self.world.wait(1)
            self.world.stop(started.transaction_id, self.register + energy, approved=approved)

    @rule(data=st.data(), pay=st.booleans())
    def decide(self, data, pay):
        if self.started:
            session_id = data.draw(st.sampled_from(self.started)).session_id
            with contextlib.suppress(OperatorError):  # not in doubt: said so
                self.world.run(review.resolve, review.Resolve(session_id, pay))

    @rule(days=st.integers(1, 4))
    def time_passes(self, days):
        self.world.wait(days * 24 * 60)
        for session in self.world.store.find(Session, MANY):
            if session.state in OPEN_STATES:
                self.world.run(review.expire, review.Expire(session.id))

    @rule(amount=st.integers(1, 20_000_000))
    def top_up(self, amount):
        self.world.deposit(amount)
        for session in self.world.store.find(Session, MANY, state=SessionState.OWED.value):
            self.world.run(review.collect, review.Collect(session.id))

    @invariant()
    def test_3_escrows(self):
        if not hasattr(self, "world"):
            return
        store = self.world.store
        for session in store.find(Session, MANY):
            escrow = store.get(Account, f"escrow:{session.id}@tUSD")
            if escrow is None:
                continue
            if session.state in OPEN_STATES:
                assert escrow.available == 0  # only pending towards it
            elif session.state is SessionState.REVIEW:
                assert escrow.available == 0 and escrow.credits_pending == 0
            else:
                assert escrow.is_closed, session

    @invariant()
    def test_9_energy(self):
        if not hasattr(self, "world"):
            return
        store = self.world.store
        for session in store.find(Session, MANY, state=SessionState.SETTLED.value):
            bill = store.get(Bill, session.id)
            if bill.is_proven:
                records = [
                    store.get(SignedReading, p) for p in (session.begin_page, session.end_page)
                ]
                begin = records[0].reading(session.begin_entry)
                end = records[1].reading(session.end_entry)
                assert bill.energy_mwh <= end.mwh - begin.mwh
                assert records[0].session_id == records[1].session_id == session.id
            else:
                assert bill.energy_mwh <= self.register + 12 * KWH - session.begin_mwh
                assert bill.tier == "none"

    @invariant()
    def debits_equal_credits(self):
        if not hasattr(self, "world"):
            return
        accounts = self.world.accounts()
        assert sum(a.debits_posted - a.credits_posted for a in accounts) == 0
        assert sum(a.debits_pending - a.credits_pending for a in accounts) == 0
        assert all(a.available >= 0 for a in accounts if a.must_stay_funded)
        assert self.world.balance(f"payer:{DRIVER}") >= 0


def test_invariant_3_every_escrow_closes_at_zero():
    run_state_machine_as_test(
        ChargingMachine, settings=settings(stateful_step_count=30, deadline=None)
    )


def test_invariant_9_energy_billed_is_at_most_energy_recorded():
    world = World()
    proven = world.signed_session(energy_mwh=3 * KWH)
    world.wait(5)
    started = world.start(3 * KWH)
    world.wait(30)
    world.stop(started.transaction_id, 5 * KWH)
    bills = [world.bill(proven), world.bill(started)]
    assert [(b.energy_mwh, b.is_proven) for b in bills] == [(3 * KWH, True), (2 * KWH, False)]
