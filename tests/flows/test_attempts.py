"""Which attempt is meant, where OCPP does not say it; and what is no attempt at all."""

from __future__ import annotations

import pytest

from ohmstead.apps.stations.attempts import Attempts
from ohmstead.core.attempt import OPEN_MAX, Attempt, AttemptHead, Moved, card_of
from ohmstead.core.attempt_stages import Cause, Reason, Stage
from ohmstead.core.network import Evse, Station
from ohmstead.flows.attempts import Note, note
from ohmstead.flows.attempts_follow import followed
from ohmstead.frozen import replace
from ohmstead.ports import Decision
from tests.flows.world import KWH, World

C = Cause


class Watched:
    """A world whose decisions are followed, as those of a house are."""

    def __init__(self, evses=2):
        self.world = World(signed=False)
        self.store = self.world.store
        self.attempts = Attempts(self.store, self.world.clock)
        plain = self.store.run
        self.store.run = lambda flow, command: plain(
            lambda state, told, now: self.attempts.watch(state, flow(state, told, now), now),
            command,
        )
        station = self.store.get(Station, "ST")
        spots = tuple(Evse(n, 22_000) for n in range(1, evses + 1))
        self.put(replace(station, evses=spots))

    def put(self, record):
        self.world.run(lambda _state, one, _now: Decision(None, (one,)), record)

    def note(self, cause, evse=0, card="", detail="", **how):
        moved = Moved(cause, self.world.now, evse, card=card_of(card), detail=detail)
        self.world.run(note, Note("ST", moved, **how))
        self.world.wait(1)

    def all(self):
        return sorted(self.store.find(Attempt, 1_000), key=lambda one: one.number)

    def stages(self):
        return [(one.evse_id, one.stage.value) for one in self.all()]


@pytest.fixture
def town():
    return Watched()


def test_a_card_belongs_to_the_cable_that_waits(town):
    town.note(C.PLUGGED, 2)
    town.note(C.AUTHORISED, card="card")
    assert town.stages() == [(2, "ready")]


def test_a_card_of_nobody_at_the_cable_waits_for_its_evse(town):
    town.note(C.AUTHORISED, card="card")
    town.note(C.OCCUPIED, 2)
    assert town.stages() == [(2, "authorised")]
    town.world.start(evse=2)
    assert town.stages() == [(2, "started")]


def test_a_card_after_a_remote_start_that_nobody_answered_is_the_same_driver(town):
    town.note(C.REMOTE_UNANSWERED, 1, card="app")
    town.note(C.AUTHORISED, card="card")
    assert town.stages() == [(1, "authorised")]


def test_a_remote_start_without_a_connector_is_about_the_cable_that_waits(town):
    town.note(C.PLUGGED, 2)
    town.note(C.REMOTE_UNSENT, card="app")
    assert [(one.evse_id, one.reason) for one in town.all()] == [(2, Reason.REMOTE_START_UNSENT)]


def test_a_remote_start_where_somebody_charges_is_no_attempt(town):
    started = town.world.start(evse=1)
    town.world.readings(started.transaction_id, (town.world.now + 60_000, KWH))
    town.note(C.REMOTE_UNSENT, 1, card="app")
    town.note(C.REMOTE_UNANSWERED, card="card")
    assert town.stages() == [(1, "flowing")]


def test_another_app_or_another_evse_is_another_attempt(town):
    for evse, card in ((1, "app"), (1, "app"), (2, "app"), (2, "other"), (2, "other")):
        town.note(C.REMOTE_UNSENT, evse, card)
    assert [one.evse_id for one in town.all()] == [1, 2, 2]


@pytest.mark.parametrize("answer", [C.AUTHORISED, C.REMOTE_REFUSED])
def test_a_late_answer_is_about_the_driver_who_asked_and_no_other(town, answer):
    town.note(C.PLUGGED, 1)
    town.note(C.REMOTE_UNANSWERED, 1, card="app")
    town.note(C.UNPLUGGED, 1)
    town.note(answer, 1, card="app", late=True)
    town.note(C.PLUGGED, 1)
    town.note(answer, 1, card="app", late=True)
    assert town.stages() == [(1, "given_up"), (1, "plugged")]


def test_two_drivers_at_two_evses_are_two_attempts(town):
    town.note(C.PLUGGED, 1)
    town.note(C.AUTHORISED, card="card")
    town.note(C.PLUGGED, 2)
    town.note(C.REJECTED, card="other")
    assert town.stages() == [(1, "ready"), (2, "plugged")]


def test_the_transaction_of_another_card_leaves_the_one_that_waits(town):
    town.note(C.AUTHORISED, card="waits")
    town.world.start(evse=1)
    assert town.stages() == [(0, "authorised"), (1, "started")]


def test_a_remote_start_that_is_authorised_again_by_its_station_is_one_attempt(town):
    town.note(C.AUTHORISED, 1, card="card")
    town.note(C.AUTHORISED, card="CARD")
    assert town.stages() == [(1, "authorised")]


def test_the_card_that_ends_a_session_begins_no_attempt(town):
    started = town.world.start(evse=1)
    town.world.readings(started.transaction_id, (town.world.now + 60_000, KWH))
    town.note(C.AUTHORISED, card="CARD")
    town.note(C.PLUGGED, 1)
    assert [stage for _, stage in town.stages()] == ["flowing"]


def test_a_card_at_a_station_that_is_full_is_no_attempt(town):
    for evse in (1, 2):
        started = town.world.start(evse=evse, seen_id=f"s{evse}", digest=f"d{evse}")
        town.world.readings(started.transaction_id, (town.world.now + 60_000, KWH))
    town.note(C.REJECTED, card="another")
    assert [stage for _, stage in town.stages()] == ["flowing", "flowing"]


def test_an_evse_that_nobody_registered_has_no_attempts(town):
    town.note(C.PLUGGED, 9)
    assert town.all() == []


def test_a_cable_that_comes_and_goes_is_one_attempt_each_time(town):
    for _ in range(3):
        town.note(C.PLUGGED, 1)
        town.note(C.UNPLUGGED, 1)
        town.note(C.UNPLUGGED, 1)
    assert [one.reason for one in town.all()] == [Reason.NO_ID] * 3
    assert town.store.get(AttemptHead, "ST").open == ()


def test_a_station_has_so_many_open_attempts_and_no_more():
    town = Watched(evses=OPEN_MAX + 5)
    for evse in range(1, OPEN_MAX + 6):
        town.note(C.PLUGGED, evse)
    assert len(town.all()) == OPEN_MAX


def test_a_start_that_comes_twice_is_one_attempt(town):
    town.note(C.PLUGGED, 1)
    for _ in range(2):
        town.world.start(evse=1)
    assert town.stages() == [(1, "started")]


def test_a_transaction_for_a_card_that_may_not_charge_fails_because_of_the_card(town):
    started = town.world.start(token="nobody", evse=1)
    town.world.wait(1)
    town.world.stop(started.transaction_id, 0)
    (attempt,) = town.all()
    assert (attempt.stage, attempt.reason) == (Stage.GIVEN_UP, Reason.ID_REJECTED)
    assert attempt.detail == "invalid"


def test_a_defect_in_following_costs_nobody_a_session(town, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("ohmstead.apps.stations.attempts.followed", broken)
    started = town.world.start(evse=1)
    assert town.world.session(started) is not None
    assert town.all() == []


def test_a_reading_of_a_session_that_has_energy_is_not_looked_at(town):
    started = town.world.start(evse=1)
    session = town.world.session(started)
    decision = Decision(None, (session,))
    assert followed(town.store, decision, set(), 0) == ()
