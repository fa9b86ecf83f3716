"""Whatever happens in whatever order, one evse is kept for one driver and one driver keeps one."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ohmstead.core.network import Evse, IdToken, Station, TokenStatus
from ohmstead.core.reservation import HOLDING, OPEN, Reservation, ReservationEvent, ReservationState
from ohmstead.core.session import PayerKind, Share
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding, reservations
from ohmstead.flows.reservations import Happened, Reserve, Use
from ohmstead.frozen import replace
from tests.flows.world import HOST, MINUTE, World

DRIVERS = [f"0x{n:040x}" for n in range(10, 14)]
CARDS = [f"CARD{n}" for n in range(4)]
card_of = st.sampled_from(CARDS)
evses = st.integers(1, 2)
EVENTS = [event for event in ReservationEvent if event is not ReservationEvent.ITS_TURN]


def town():
    """A world with a station of two evses and four drivers with money."""
    world = World(signed=False)
    station = Station(
        "TWO", "", (Evse(1, 22_000), Evse(2, 22_000)), "T", (Share(HOST, 10_000, True),)
    )
    world.run(onboarding.add_station, station)
    for uid, payer in zip(CARDS, DRIVERS, strict=True):
        token = IdToken(uid, TokenStatus.ACCEPTED, payer, PayerKind.PREPAID)
        world.run(onboarding.put_id_token, token)
        world.deposit(50_000_000, payer)
    return world


class Town(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.world = town()
        self.over = {}

    def all(self):
        return self.world.store.find(Reservation, 10_000)

    @rule(card=card_of, evse=evses, minutes=st.integers(1, 60), priority=st.integers(0, 3))
    def reserves(self, card, evse, minutes, priority):
        command = Reserve("TWO", evse, card, self.world.now + minutes * MINUTE, priority, True)
        payer = DRIVERS[CARDS.index(card)]
        has = any(one.payer == payer and one.state in OPEN for one in self.all())
        if has:
            with pytest.raises(OperatorError, match="this driver has reservation"):
                self.world.run(reservations.reserve, command)
        else:
            self.world.run(reservations.reserve, command)

    @rule(number=st.integers(1, 12), event=st.sampled_from(EVENTS))
    def happens(self, number, event):
        self.world.run(reservations.happened, Happened(number, "TWO", event, "word"))
        assert self.world.run(reservations.happened, Happened(number, "OTHER", event)) is None

    @rule(card=card_of, evse=evses, number=st.none() | st.integers(1, 12))
    def starts(self, card, evse, number):
        used = self.world.run(reservations.use, Use("TWO", evse, card, "S-1", number))
        assert used is None or (used.evse_id, used.id_token) == (evse, card)

    @rule(minutes=st.integers(0, 5))
    def turns(self, minutes):
        self.world.wait(minutes)
        waiting = [one for one in self.all() if one.state is ReservationState.WAITING]
        for turn in self.world.run(reservations.next_turn, "TWO"):
            others = [
                one
                for one in waiting
                if one.evse_id == turn.evse_id and one.expires_ms > self.world.now
            ]
            assert turn.priority == max(one.priority for one in others)

    @invariant()
    def one_evse_one_driver(self):
        held = [one.evse_id for one in self.all() if one.state in HOLDING]
        assert len(held) == len(set(held))
        drivers = [one.payer for one in self.all() if one.state in OPEN]
        assert len(drivers) == len(set(drivers))

    @invariant()
    def what_is_over_stays_as_it_ended(self):
        for one in self.all():
            if one.number in self.over:
                assert one == self.over[one.number]
            elif one.state not in OPEN:
                self.over[one.number] = one


Town.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestTown = Town.TestCase


def test_a_start_before_the_cable_is_in_uses_the_reservation_it_names():
    """2.x: its evse is told later; another's reservation it names it still does not use."""
    world = town()
    mine = world.run(reservations.reserve, Reserve("TWO", 2, CARDS[0], world.now + MINUTE, 0, True))
    begun = Use("TWO", 0, CARDS[1], "S-1", mine.number)
    assert world.run(reservations.use, begun) is None
    used = world.run(reservations.use, replace(begun, id_token=CARDS[0]))
    assert used.number == mine.number


def test_a_reservation_waits_while_somebody_charges_and_holds_no_money():
    world = town()
    before = world.accounts()
    started = world.start()  # at evse 1 of ST
    command = Reserve("ST", 1, "CARD0", world.now + 30 * MINUTE)
    with pytest.raises(OperatorError, match="in use, reserved or waited for"):
        world.run(reservations.reserve, command)
    world.wait(1)
    world.stop(started.transaction_id, 0)
    assert world.run(reservations.reserve, command).state is ReservationState.ASKED
    names = {account.id for account in world.accounts()} - {account.id for account in before}
    assert all("reserv" not in name for name in names)
