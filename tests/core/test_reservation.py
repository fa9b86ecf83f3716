"""Reservations as a table: what is over stays over, and turns go by priority."""

from __future__ import annotations

import itertools

import pytest

from ohmstead.core.reservation import (
    OPEN,
    RETRY_MS,
    TRANSITIONS,
    Reservation,
    ReservationEvent,
    ReservationState,
    in_turn,
    may_use,
    moved,
)
from ohmstead.frozen import replace

S, E = ReservationState, ReservationEvent
ONE = Reservation(1, "S", 1, "Card", "0x1", S.WAITING, 0, 1_000, group="Fleet", may_wait=True)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(S, E)))
def test_only_what_the_table_says_moves_and_what_is_over_stays_over(state, event):
    before = replace(ONE, state=state)
    after = moved(before, event, 500)
    if (state, event) not in TRANSITIONS:
        assert after == before
    else:
        assert after.state is TRANSITIONS[state, event]
        assert (after.ended_ms > 0) == (after.state not in OPEN)
    assert state in OPEN or after == before


def test_an_occupied_evse_puts_a_driver_back_in_the_queue_who_was_willing_to_wait():
    asked = replace(ONE, state=S.ASKED)
    again = moved(asked, E.OCCUPIED, 500)
    assert (again.state, again.not_before_ms) == (S.WAITING, 500 + RETRY_MS)
    refused = moved(replace(asked, may_wait=False), E.OCCUPIED, 500, reason="Occupied")
    assert (refused.state, refused.reason) == (S.REFUSED, "Occupied")


def test_turns_go_by_priority_and_then_by_who_came_first():
    many = [replace(ONE, number=n, priority=p) for n, p in ((1, 0), (2, 5), (3, 0), (4, 5))]
    assert [one.number for one in in_turn(many)] == [2, 4, 1, 3]


def test_a_reservation_is_for_its_id_token_and_for_its_group():
    assert may_use(ONE, "CARD", "")
    assert may_use(ONE, "OTHER", "fleet")
    assert not may_use(ONE, "OTHER", "")
    assert not may_use(replace(ONE, group=""), "OTHER", "")
