"""How a charge attempt goes on: every entry of its table is a sentence here."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmstead.core.attempt import Attempt, Moved, advance, attempt_key, card_of, opened, opens
from ohmstead.core.attempt_day import AttemptDay, counted, day_of, summed
from ohmstead.core.attempt_stages import LIMIT_MS, TRANSITIONS, Cause, Reason, Stage
from ohmstead.errors import LocalProtocolError

C = Cause
IDLE = "nobody"
SENTENCES = """
nobody: a cable is plugged in -> plugged
nobody: the connector prepares -> plugged
nobody: an id_token may charge -> authorised
nobody: an id_token is refused -> rejected
nobody: a transaction begins -> started
nobody: the station refuses a remote start -> given_up remote_start_refused
nobody: a remote start never leaves -> given_up remote_start_unsent
nobody: a remote start is not answered -> asked
rejected: a cable is plugged in -> plugged
rejected: the connector prepares -> plugged
rejected: an id_token may charge -> authorised
rejected: an id_token is refused -> rejected
rejected: a transaction begins -> started
rejected: the station says it charges -> rejected
rejected: the car or the station waits -> rejected
rejected: the connector is free again -> given_up id_rejected
rejected: the station has a fault -> given_up station_fault
rejected: the station refuses a remote start -> given_up remote_start_refused
rejected: a remote start never leaves -> given_up remote_start_unsent
rejected: a remote start is not answered -> asked
rejected: nothing more comes -> given_up id_rejected
rejected: the station is gone -> given_up station_lost
asked: a cable is plugged in -> plugged
asked: the connector prepares -> asked
asked: an id_token may charge -> authorised
asked: an id_token is refused -> rejected
asked: a transaction begins -> started
asked: the station says it charges -> asked
asked: the car or the station waits -> asked
asked: the connector is free again -> given_up remote_start_unanswered
asked: the station has a fault -> given_up station_fault
asked: the station refuses a remote start -> given_up remote_start_refused
asked: a remote start never leaves -> given_up remote_start_unsent
asked: a remote start is not answered -> asked
asked: nothing more comes -> given_up remote_start_unanswered
asked: the station is gone -> given_up station_lost
plugged: a cable is plugged in -> plugged
plugged: the connector prepares -> plugged
plugged: an id_token may charge -> ready
plugged: an id_token is refused -> plugged
plugged: a transaction begins -> started
plugged: the station says it charges -> plugged
plugged: the car or the station waits -> plugged
plugged: the connector is free again -> given_up no_id
plugged: the station has a fault -> given_up station_fault
plugged: the station refuses a remote start -> given_up remote_start_refused
plugged: a remote start never leaves -> given_up remote_start_unsent
plugged: a remote start is not answered -> plugged
plugged: nothing more comes -> given_up no_id
plugged: the station is gone -> given_up station_lost
authorised: a cable is plugged in -> ready
authorised: the connector prepares -> authorised
authorised: an id_token may charge -> authorised
authorised: an id_token is refused -> authorised
authorised: a transaction begins -> started
authorised: the station says it charges -> authorised
authorised: the car or the station waits -> authorised
authorised: the connector is free again -> given_up not_plugged
authorised: the station has a fault -> given_up station_fault
authorised: the station refuses a remote start -> authorised
authorised: a remote start never leaves -> authorised
authorised: a remote start is not answered -> authorised
authorised: nothing more comes -> given_up not_plugged
authorised: the station is gone -> given_up station_lost
ready: a cable is plugged in -> ready
ready: the connector prepares -> ready
ready: an id_token may charge -> ready
ready: an id_token is refused -> ready
ready: a transaction begins -> started
ready: the station says it charges -> ready
ready: the car or the station waits -> ready
ready: the connector is free again -> given_up not_started
ready: the station has a fault -> given_up station_fault
ready: the station refuses a remote start -> ready
ready: a remote start never leaves -> ready
ready: a remote start is not answered -> ready
ready: nothing more comes -> given_up not_started
ready: the station is gone -> given_up station_lost
started: a cable is plugged in -> started
started: the connector prepares -> started
started: an id_token may charge -> started
started: an id_token is refused -> started
started: a transaction begins -> started
started: the station says it charges -> started
started: the car or the station waits -> started
started: the register rises -> flowing
started: the transaction ends without energy -> given_up not_plugged
started: the connector is free again -> started
started: the station has a fault -> given_up station_fault
started: the station refuses a remote start -> started
started: a remote start never leaves -> started
started: a remote start is not answered -> started
started: nothing more comes -> given_up not_plugged
started: the station is gone -> given_up station_lost
"""
WORDS = {
    "a cable is plugged in": C.PLUGGED,
    "the connector prepares": C.OCCUPIED,
    "an id_token may charge": C.AUTHORISED,
    "an id_token is refused": C.REJECTED,
    "a transaction begins": C.BEGUN,
    "the station says it charges": C.CHARGING,
    "the car or the station waits": C.PAUSED,
    "the register rises": C.ENERGY,
    "the transaction ends without energy": C.ENDED,
    "the connector is free again": C.UNPLUGGED,
    "the station has a fault": C.FAULT,
    "the station refuses a remote start": C.REMOTE_REFUSED,
    "a remote start never leaves": C.REMOTE_UNSENT,
    "a remote start is not answered": C.REMOTE_UNANSWERED,
    "nothing more comes": C.SILENCE,
    "the station is gone": C.LOST,
}
LINES = [line for line in SENTENCES.splitlines() if line]


def read(line):
    before, _, rest = line.partition(": ")
    said, _, after = rest.partition(" -> ")
    return (None if before == IDLE else Stage(before)), WORDS[said], after.split()


def after(*steps, at_ms=1_000):
    """The attempt after these causes, a second between each."""
    attempt = None
    for step in steps:
        moved = step if isinstance(step, Moved) else Moved(step, at_ms)
        attempt = opened("S", 7, moved) if attempt is None else advance(attempt, moved)
        at_ms += 1_000
    return attempt


@pytest.mark.parametrize("line", LINES)
def test_each_entry_of_the_table(line):
    stage, cause, (then, *why) = read(line)
    moved = Moved(cause, 2_000)
    blank = Attempt("S", 7, stage, 1_000, 1_000) if stage is not None else None
    attempt = opened("S", 7, moved) if blank is None else advance(blank, moved)
    assert attempt.stage is Stage(then)
    assert [attempt.reason.value] == why if why else attempt.reason is None
    assert attempt.is_open == (then not in ("flowing", "given_up"))


def test_the_sentences_are_the_whole_table():
    said = {read(line)[:2] for line in LINES}
    assert said == {(stage, cause) for stage, row in TRANSITIONS.items() for cause in row}
    assert set(LIMIT_MS) == set(TRANSITIONS) - {None}


def test_operators_are_told_what_each_reason_means():
    page = Path(__file__).parents[2] / "docs" / "operating" / "attempts.md"
    rows = {line.split("`")[1] for line in page.read_text().splitlines() if line.startswith("| `")}
    assert rows == {reason.value for reason in Reason}


def test_what_the_table_does_not_name_is_a_defect_of_ours():
    with pytest.raises(LocalProtocolError, match="no attempt cannot see energy"):
        opened("S", 0, Moved(C.ENERGY, 1))
    with pytest.raises(LocalProtocolError, match="in flowing cannot see ended"):
        advance(after(C.BEGUN, C.ENERGY), Moved(C.ENDED, 9_000))
    assert not opens(C.CHARGING)


def test_time_to_power_is_from_the_first_sign_of_the_driver_to_energy():
    attempt = after(C.PLUGGED, C.AUTHORISED, C.BEGUN, C.ENERGY)
    assert (attempt.stage, attempt.power_ms) == (Stage.FLOWING, 3_000)
    assert (attempt.plugged_ms, attempt.authorised_ms, attempt.started_ms) == (1_000, 2_000, 3_000)


def test_a_station_that_says_it_charges_is_believed_about_the_moment_once_its_register_rises():
    attempt = after(C.PLUGGED, C.BEGUN, C.CHARGING, Moved(C.ENERGY, 61_000))
    assert attempt.power_ms == 2_000
    charges_nothing = after(C.PLUGGED, C.BEGUN, C.CHARGING, C.ENDED)
    assert (charges_nothing.power_ms, charges_nothing.reason) == (None, Reason.NO_ENERGY)


def test_a_card_that_was_refused_is_the_reason_even_after_the_cable():
    refused = Moved(C.REJECTED, 2_000, detail="blocked")
    attempt = after(C.PLUGGED, refused, C.UNPLUGGED)
    assert (attempt.reason, attempt.detail) == (Reason.ID_REJECTED, "blocked")


def test_a_second_card_that_may_charge_makes_up_for_the_first():
    attempt = after(Moved(C.REJECTED, 1_000, detail="expired"), C.AUTHORISED, C.SILENCE)
    assert (attempt.reason, attempt.detail) == (Reason.NOT_PLUGGED, "")


UNANSWERED = Moved(C.REMOTE_UNANSWERED, 2_000, card="app", detail="timeout")


def test_a_cable_whose_remote_start_nobody_answered_is_not_that_nobody_came():
    attempt = after(C.PLUGGED, UNANSWERED, C.UNPLUGGED)
    assert (attempt.reason, attempt.detail) == (Reason.REMOTE_START_UNANSWERED, "timeout")
    later = after(UNANSWERED, C.PLUGGED, C.SILENCE)
    assert (later.reason, later.plugged_ms) == (Reason.REMOTE_START_UNANSWERED, 2_000)


@pytest.mark.parametrize("first", [[], [C.PLUGGED]])
def test_an_accepted_that_comes_late_makes_it_right(first):
    attempt = after(*first, UNANSWERED, C.AUTHORISED, C.BEGUN, C.ENERGY)
    assert (attempt.stage, attempt.reason, attempt.remote) == (Stage.FLOWING, None, None)
    assert attempt.detail == ""
    waits = after(*first, UNANSWERED, C.AUTHORISED, C.SILENCE)
    assert waits.reason in (Reason.NOT_PLUGGED, Reason.NOT_STARTED)


def test_a_station_that_obeys_and_says_nothing_is_judged_by_what_it_did():
    attempt = after(C.PLUGGED, UNANSWERED, Moved(C.BEGUN, 3_000, 1, card="app"), C.ENDED)
    assert (attempt.reason, attempt.detail) == (Reason.NO_ENERGY, "")


def test_a_transaction_by_the_cable_alone_fails_because_of_its_remote_start():
    attempt = after(C.PLUGGED, C.BEGUN, UNANSWERED, C.ENDED)
    assert attempt.reason is Reason.REMOTE_START_UNANSWERED
    told = Moved(C.REMOTE_REFUSED, 5_000, card="app", detail="InternalError")
    refused = after(C.PLUGGED, C.BEGUN, UNANSWERED, told, C.ENDED)
    assert (refused.reason, refused.detail) == (Reason.REMOTE_START_REFUSED, "InternalError")


def test_what_comes_last_of_a_card_and_a_remote_start_is_the_reason():
    blocked = Moved(C.REJECTED, 1_000, card="card", detail="blocked")
    assert after(C.PLUGGED, UNANSWERED, blocked, C.UNPLUGGED).reason is Reason.ID_REJECTED
    attempt = after(C.PLUGGED, blocked, UNANSWERED, C.UNPLUGGED)
    assert attempt.reason is Reason.REMOTE_START_UNANSWERED


def test_a_remote_start_that_fails_takes_nothing_from_a_card_that_may_charge():
    told = Moved(C.REMOTE_UNSENT, 9_000, detail="not_connected")
    attempt = after(C.AUTHORISED, told, C.SILENCE)
    assert (attempt.reason, attempt.detail) == (Reason.NOT_PLUGGED, "")


def test_a_transaction_for_a_card_without_money_fails_because_of_the_card():
    begun = Moved(C.BEGUN, 1_000, 1, refused=True, detail="no_credit")
    assert after(C.PLUGGED, begun, C.ENDED).reason is Reason.ID_REJECTED


def test_what_waited_for_the_car_says_so():
    waits = Moved(C.PAUSED, 3_000, detail="SuspendedEV")
    attempt = after(C.PLUGGED, C.BEGUN, waits, C.SILENCE)
    assert (attempt.reason, attempt.detail) == (Reason.NO_ENERGY, "SuspendedEV")


def test_an_attempt_learns_where_it_is_and_keeps_it():
    attempt = after(C.AUTHORISED, Moved(C.OCCUPIED, 2_000, 2, 1), Moved(C.BEGUN, 3_000, 3))
    assert (attempt.evse_id, attempt.connector_id, attempt.plugged_ms) == (2, 1, 0)


def test_a_clock_that_runs_backwards_takes_no_time():
    assert after(Moved(C.BEGUN, 9_000), Moved(C.ENERGY, 4_000)).power_ms == 0


def test_cards_are_told_apart_and_not_kept():
    assert card_of("Card") == card_of("CARD") != card_of("OTHER")
    assert "card" not in card_of("CARD").casefold()
    assert card_of("") == ""


def test_a_stations_attempts_take_turns_in_a_thousand_places():
    assert attempt_key("S", 3) == attempt_key("S", 1_003) != attempt_key("S", 4)


def test_a_day_adds_up_and_days_add_up():
    day = AttemptDay(20_000)
    for power_ms in (4_000, 25_000, 700_000):
        day = counted(day, after(C.BEGUN, Moved(C.ENERGY, 1_000 + power_ms)))
    day = counted(day, after(C.PLUGGED, C.UNPLUGGED))
    assert (day.successes, day.failures, day.success_bps) == (3, 1, 7_500)
    assert day.reasons == (("no_id", 1),)
    assert day.median_s == 30
    both = summed([day, day])
    assert (both.successes, both.reasons, both.median_s) == (6, (("no_id", 2),), 30)


def test_a_day_without_attempts_has_no_rate():
    assert (AttemptDay(1).success_bps, AttemptDay(1).median_s) == (None, None)
    assert day_of(86_400_000 * 3 - 1) == 2
