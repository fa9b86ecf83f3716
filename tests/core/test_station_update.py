"""One station's update: whatever it says in whatever order, it ends once and in one way."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ohmstead.core.rollout import Tally
from ohmstead.core.station_update import (
    PROGRESS,
    UNDER_WAY,
    Rollback,
    StationUpdate,
    Terms,
    Told,
    UpdateEvent,
    UpdateState,
    rank_of,
    request_id_of,
    same_version,
)
from ohmstead.core.update_moves import LATE_MS, RETRY_MS, moved, needs_rollback
from ohmstead.frozen import fields, replace

S, E = UpdateState, UpdateEvent
TERMS = Terms("2.0", "1.0", True, Rollback.NONE, 0, 7_200_000)
BACK = replace(TERMS, rollback=Rollback.FAILED)
NEW = StationUpdate(1, "CP1", "aa", from_version="1.0")
PLACES = {one.name for one in fields(Tally)}
ENDS = {S.CONFIRMED, S.ROLLED_BACK, S.SKIPPED}
VERSIONS = ("1.0", "2.0", " 2.0 ", "0.9", "")
DECIDED = (E.ROLL_BACK, E.LEFT_OUT, E.GIVEN_UP)
WORDS = [event for event in E if event not in (E.OFFERED, E.BOOTED, *DECIDED)]


def after(update, *events, terms=TERMS, now_ms=1_000):
    for event in events:
        told = event if isinstance(event, Told) else Told(event, event.value)
        update = moved(update, told, terms, now_ms)
    return update


def boots(version):
    return Told(E.BOOTED, version=version)


class OneStation(RuleBasedStateMachine):
    """Anything that a station, an operator or the clock may do, in any order."""

    @initialize(
        rollback=st.sampled_from(Rollback),
        previous=st.sampled_from(("", "1.0", "0.9")),
        has_previous=st.booleans(),
        version=st.sampled_from(("2.0", "")),
        retries=st.integers(0, 2),
        is_cancelled=st.booleans(),
    )
    def begins(self, rollback, previous, has_previous, version, retries, is_cancelled):
        rollback = rollback if has_previous else Rollback.NONE
        terms = Terms(version, previous, has_previous, rollback, retries, 7_200_000)
        self.terms = replace(terms, is_cancelled=is_cancelled)
        self.update, self.now_ms, self.turned = NEW, 1_000, 0
        self.offers = {False: 0, True: 0}

    def _tell(self, told):
        before, self.update = self.update, moved(self.update, told, self.terms, self.now_ms)
        if self.update.back and not before.back:
            self.turned += 1
        if before.state in ENDS and self.update != before:
            assert told.event is E.ROLL_BACK
            assert before.state is S.CONFIRMED
        if before.state is S.FAILED and self.update.state is not S.FAILED:
            # Only what it runs, or who decides, changes the end of a failed one.
            assert told.event in (E.BOOTED, E.ROLL_BACK, E.INSTALLED)
        if before.state in UNDER_WAY and self.update.state in UNDER_WAY:
            assert PROGRESS.index(self.update.state) >= PROGRESS.index(before.state)
        return before

    @rule(event=st.sampled_from(WORDS))
    def hears(self, event):
        self._tell(Told(event, event.value))

    @rule(version=st.sampled_from(VERSIONS))
    def boots(self, version):
        before = self._tell(Told(E.BOOTED, version=version))
        wanted = self.terms.previous_version if before.back else self.terms.version
        if before.offers and before.state in UNDER_WAY and same_version(version, wanted):
            assert self.update.state is (S.ROLLED_BACK if before.back else S.CONFIRMED)
        if self.terms.is_cancelled and before.state in UNDER_WAY and not before.back:
            assert self.update.state not in UNDER_WAY

    @rule()
    def is_given_up(self):
        before = self._tell(Told(E.GIVEN_UP, "somebody said so"))
        if before.state in UNDER_WAY:
            assert self.update.state is S.FAILED

    @rule()
    def is_offered(self):
        if self.update.due_ms > self.now_ms and self.update.state is S.PENDING:
            return
        before = self._tell(Told(E.OFFERED))
        if before.state is S.PENDING:
            assert self.update.state is S.OFFERED
            assert self.update.request_id == request_id_of(before, before.offers + 1)
            self.offers[before.back] = max(self.offers[before.back], self.update.offers)

    @rule(decision=st.sampled_from((E.ROLL_BACK, E.LEFT_OUT)))
    def is_decided(self, decision):
        self._tell(Told(decision, "somebody said so"))

    @rule(ms=st.sampled_from((1, 60_000, RETRY_MS, 7_200_000)))
    def time_goes_by(self, ms):
        self.now_ms += ms
        if self.update.state in UNDER_WAY and self.update.due_ms <= self.now_ms:
            self._tell(Told(E.SILENT, "no word"))
            assert self.update.state not in UNDER_WAY

    @invariant()
    def it_is_counted_at_one_place_of_the_tally(self):
        assert self.update.place in PLACES

    @invariant()
    def it_is_not_offered_for_ever(self):
        # One more than the retries: an offer of which the station knows nothing was lost.
        assert all(count <= self.terms.retries + 2 for count in self.offers.values())

    @invariant()
    def it_turns_back_once_and_only_with_something_to_turn_to(self):
        assert self.turned <= 1
        assert self.terms.has_previous or not self.update.back

    @invariant()
    def its_end_says_how_the_way_forth_ended(self):
        assert not (self.update.failed and self.update.confirmed)
        if self.update.state is S.CONFIRMED:
            assert self.update.confirmed
        if self.update.state is S.FAILED and not self.update.back:
            assert self.update.failed
        if self.update.state is S.ROLLED_BACK:
            assert self.update.back


TestOneStation = OneStation.TestCase
TestOneStation.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("version", ["2.0", ""])
def test_an_update_goes_its_way_and_its_boot_confirms_it(version):
    terms = replace(TERMS, version=version)
    way = (E.OFFERED, E.TAKEN, E.DOWNLOADING, E.DOWNLOADED, E.VERIFIED, E.INSTALLING, E.REBOOTING)
    here = after(NEW, *way, terms=terms)
    assert (here.state, here.due_ms) == (S.REBOOTING, 1_000 + TERMS.timeout_ms)
    done = after(here, E.INSTALLED if not version else boots("2.0"), terms=terms)
    assert (done.state, done.place) == (S.CONFIRMED, "updated")


def test_a_station_may_leave_out_and_repeat_what_it_says_but_never_goes_backwards():
    here = after(NEW, E.OFFERED, E.INSTALLING, E.DOWNLOADING, E.DOWNLOADED)
    assert here.state is S.INSTALLING
    assert after(here, E.DOWNLOADING, now_ms=9_000).due_ms == 9_000 + TERMS.timeout_ms


def test_a_station_that_comes_back_with_its_old_firmware_has_failed():
    for state in (E.INSTALLED, E.REBOOTING):
        failed = after(NEW, E.OFFERED, state, boots("1.0"), terms=BACK)
        assert failed.state is S.FAILED
        assert failed.reason == "it came back with version 1.0, not 2.0"
    # In the middle of installing a station may restart: what it says next decides.
    assert after(NEW, E.OFFERED, E.INSTALLING, boots("1.0")).state is S.INSTALLING


def test_a_boot_with_the_new_firmware_mends_a_failure_that_was_none():
    silent = after(NEW, E.OFFERED, E.INSTALLING)
    silent = after(silent, E.SILENT, now_ms=silent.due_ms)
    assert silent.failed
    late = after(silent, boots("2.0"), now_ms=silent.changed_ms + LATE_MS)
    assert (late.state, late.failed, late.confirmed) == (S.CONFIRMED, False, True)
    too_late = after(silent, boots("2.0"), now_ms=silent.changed_ms + LATE_MS + 1)
    assert too_late == silent


def test_what_may_go_better_is_tried_again_and_what_will_not_is_not():
    terms = replace(TERMS, retries=1)
    again = after(NEW, E.OFFERED, E.FAILED, terms=terms)
    assert (again.state, again.due_ms, again.offers) == (S.PENDING, 1_000 + RETRY_MS, 1)
    assert after(again, E.OFFERED, E.FAILED, terms=terms).state is S.FAILED
    assert after(NEW, E.OFFERED, E.REFUSED, terms=terms).state is S.FAILED


def test_an_offer_that_never_left_is_no_try():
    again = after(NEW, E.OFFERED, E.UNSENT)
    assert (again.state, again.offers, again.due_ms) == (S.PENDING, 0, 0)


def test_an_offer_that_was_lost_is_made_once_more_and_then_it_is_a_failure():
    again = after(NEW, E.OFFERED, E.UNKNOWN)
    assert again.state is S.PENDING
    assert after(again, E.OFFERED, E.UNKNOWN).state is S.FAILED
    # One that has answered may say Idle between two steps.
    assert after(NEW, E.OFFERED, E.TAKEN, E.UNKNOWN).state is S.OFFERED


@pytest.mark.parametrize(
    ("way", "turns"),
    [
        ((E.FAILED,), False),  # it never began to install
        ((E.REFUSED,), False),
        ((E.INSTALLING, E.FAILED), True),
        ((E.BROKEN,), True),
        ((E.INSTALLED, boots("0.9")), True),
        ((E.INSTALLED, boots("1.0")), False),  # it is back by itself
    ],
)
def test_only_a_station_whose_firmware_may_be_damaged_is_rolled_back(way, turns):
    failed = after(NEW, E.OFFERED, *way, terms=BACK)
    assert failed.failed
    assert failed.back == turns
    assert failed.place == ("back_waiting" if turns else "failed")
    assert not after(NEW, E.OFFERED, *way).back


def test_a_second_try_forgets_what_was_booted_after_the_first():
    terms = replace(BACK, retries=1)
    again = after(NEW, E.OFFERED, E.INSTALLING, boots("1.0"), E.FAILED, terms=terms)
    assert (again.state, again.seen) == (S.PENDING, "1.0")
    assert after(again, E.OFFERED, E.BROKEN, terms=terms).back


def test_a_rollback_that_is_tried_again_keeps_the_reason_why_it_was_needed():
    terms = replace(BACK, retries=1)
    turned = after(NEW, E.OFFERED, Told(E.BROKEN, "no space"), E.OFFERED, E.BROKEN, terms=terms)
    assert (turned.back, turned.reason) == (True, "broken")
    for event in (E.UNSENT, E.FAILED):
        assert after(turned, E.OFFERED, event, terms=terms).reason == "broken"


def test_a_rollback_ends_with_the_boot_of_before_or_with_a_failure_that_says_both_reasons():
    turned = after(NEW, E.OFFERED, E.BROKEN, terms=BACK)
    good = after(turned, E.OFFERED, E.DOWNLOADING, E.INSTALLING, boots("1.0"), terms=BACK)
    assert (good.state, good.failed, good.reason) == (S.ROLLED_BACK, True, "broken")
    bad = after(turned, E.OFFERED, E.BROKEN, terms=BACK)
    assert (bad.state, bad.reason) == (S.FAILED, "broken; rolling back failed: broken")
    assert not needs_rollback(bad, BACK)
    gone = after(turned, Told(E.LEFT_OUT, "it was away"), terms=BACK)
    assert (gone.state, gone.reason) == (S.FAILED, "broken; it was away")


@pytest.mark.parametrize("version", ["1.0", "0.9", ""])
def test_in_a_cancelled_roll_out_a_station_that_boots_with_any_version_has_ended(version):
    terms = replace(BACK, is_cancelled=True, retries=3)
    ended = after(NEW, E.OFFERED, E.DOWNLOADING, boots(version), terms=terms)
    assert (ended.state, ended.seen) == (S.FAILED, version)
    words = f"it booted with version {version or '(none)'} after the roll-out was cancelled"
    assert ended.reason == words
    assert after(NEW, E.OFFERED, E.DOWNLOADING, boots("2.0"), terms=terms).state is S.CONFIRMED
    # What it installed may be damaged, so it is given the firmware of before; on that way, a boot
    # in the middle says nothing.
    turned = after(NEW, E.OFFERED, E.INSTALLING, boots("0.9"), terms=terms)
    assert turned.back
    assert after(turned, E.OFFERED, E.DOWNLOADING, boots("0.9"), terms=terms).state is S.DOWNLOADING


def test_who_is_given_up_is_not_tried_again_and_not_turned_back():
    terms = replace(BACK, retries=3)
    given_up = after(NEW, E.OFFERED, E.INSTALLING, E.GIVEN_UP, terms=terms)
    assert (given_up.state, given_up.back, given_up.reason) == (S.FAILED, False, "given_up")
    assert after(NEW, E.GIVEN_UP).state is S.SKIPPED
    back = after(NEW, E.OFFERED, E.BROKEN, E.OFFERED, E.GIVEN_UP, terms=replace(BACK, retries=0))
    assert (back.state, back.reason) == (S.FAILED, "broken; rolling back failed: given_up")
    assert after(given_up, boots("2.0")).state is S.CONFIRMED


def test_a_boot_before_the_first_offer_says_nothing_of_it():
    assert after(NEW, boots("2.0")) == NEW
    assert after(NEW, boots("1.0")) == NEW


def test_the_turn_of_a_station_is_the_same_whoever_computes_it():
    assert rank_of(7, "CP1") == "b4a6a40ebbd35987"
    assert len({rank_of(7, "CP1"), rank_of(8, "CP1"), rank_of(8, "CP2")}) == 3
