"""A roll-out over a fleet: whatever its stations do, it is counted right and stops in time."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ohmstead.core.command import Author
from ohmstead.core.network import Evse, EvseHead, Station
from ohmstead.core.rollout import (
    NO_LIMIT,
    Claim,
    Package,
    Rollout,
    RolloutPlan,
    RolloutState,
    Tally,
    Targets,
    stage_size,
)
from ohmstead.core.rollout_gate import too_many
from ohmstead.core.session import Share
from ohmstead.core.station_update import (
    Rollback,
    StationUpdate,
    Told,
    UpdateEvent,
    UpdateState,
    lane_of,
    rank_of,
)
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding
from ohmstead.flows.rollouts import (
    Enrol,
    Open,
    advance,
    begin,
    enrol,
    head_of,
    open_more,
    plan_of,
    update_of,
)
from ohmstead.flows.rollouts_control import Control, Verb, control
from ohmstead.flows.rollouts_follow import Heard, Step, heard, offer, step
from ohmstead.frozen import asdict, fields, replace
from ohmstead.ports import Decision
from tests.flows.world import HOST, World

S, E = RolloutState, UpdateEvent
NAMES = [f"CP{n:02d}" for n in range(12)]
HOUR = 3_600_000
WHO = Author("k1", "night shift", "cli", "ticket 4711")
PLAN = RolloutPlan(
    number=0,
    package=Package(version="2.0", location="https://x.example/2"),
    previous=Package(version="1.0", location="https://x.example/1"),
    targets=Targets(everyone=True),
    stages=(10, 50, 100),
    soak_ms=HOUR,
    patience_ms=24 * HOUR,
    timeout_ms=2 * HOUR,
    sample=2,
    failures_permille=250,
    failures_max=NO_LIMIT,
    at_once=4,
    retries=0,
    rollback=Rollback.FAILED,
    author=WHO,
)
WORDS = (E.DOWNLOADING, E.INSTALLING, E.FAILED, E.BROKEN, E.REFUSED, E.UNSENT, E.INSTALLED)


class Fleet:
    """Twelve stations and their roll-outs."""

    def __init__(self):
        self.world = World(signed=False)
        for name in ("ST", "OTHER"):
            self.put(replace(self.world.store.get(Station, name), retired_ms=1))
        for name in NAMES:
            station = Station(name, "", (Evse(1, 22_000),), "T", (Share(HOST, 10_000, True),))
            station = replace(station, vendor="Acme", model="M1", firmware="1.0")
            self.run(onboarding.add_station, station)

    def run(self, flow, command):
        return self.world.run(flow, command)

    def put(self, *records):
        self.run(lambda _state, _command, _now_ms: Decision(None, records), None)

    def begin(self, plan=PLAN, enrolled=True):
        number = self.run(begin, plan).number
        if enrolled:
            self.enrol(number)
        return number

    def enrol(self, number):
        plan = plan_of(self.world.store, number)
        self.run(enrol, Enrol(number, plan.targets.stations or tuple(NAMES), True))

    def head(self, number):
        return head_of(self.world.store, number)

    def plan(self, number):
        return plan_of(self.world.store, number)

    def all(self, number):
        return self.world.store.find(StationUpdate, 100, number=number)

    def at(self, number, place):
        return self.world.store.find(StationUpdate, 100, lane=lane_of(number, place))

    def update(self, name):
        return update_of(self.world.store, name)

    def open(self, number):
        head, plan = self.head(number), self.plan(number)
        missing = stage_size(plan, head) - head.opened
        found = self.world.store.find(StationUpdate, missing, head.edge, turns=number)
        if missing > 0 and found:
            wider = Open(number, head.opened, len(found), found[-1].key)
            self.run(open_more, wider)

    def offer(self, number, place="waiting"):
        return [one for u in self.at(number, place) if (one := self.run(offer, u.key))]

    def tell(self, name, event, version=""):
        self.run(heard, Heard(name, Told(event, event.value, version)))

    def succeed(self, name):
        self.tell(name, E.BOOTED, "2.0")


class Machine(RuleBasedStateMachine):
    """Stations, the clock and people, in any order."""

    @initialize(
        rollback=st.sampled_from(Rollback),
        permille=st.sampled_from((0, 100, 250, 1_000)),
        most=st.sampled_from((NO_LIMIT, 0, 2)),
        sample=st.integers(1, 6),
        at_once=st.integers(1, 6),
    )
    def begins(self, rollback, permille, most, sample, at_once):
        self.fleet = Fleet()
        self.plan = replace(
            PLAN,
            rollback=rollback,
            failures_permille=permille,
            failures_max=most,
            sample=sample,
            at_once=at_once,
        )
        self.number = self.fleet.begin(self.plan)
        self.offered = set()

    @rule()
    def goes_on(self):
        before = self.fleet.head(self.number)
        self.fleet.open(self.number)
        after = self.fleet.run(advance, self.number)
        if after.stage > before.stage:
            assert after.state is S.RUNNING
            assert not before.tally.under_way

    @rule(place=st.sampled_from(("waiting", "back_waiting")))
    def is_offered(self, place):
        head = self.fleet.head(self.number)
        for one in self.fleet.offer(self.number, place):
            assert head.state is not S.PAUSED
            if place == "waiting":
                assert head.state is S.RUNNING
                assert one.update.key <= head.edge
                assert one.package == self.plan.package
                self.offered.add(one.update.station_id)
            else:
                assert one.package == self.plan.previous

    @rule(name=st.sampled_from(NAMES), event=st.sampled_from(WORDS))
    def speaks(self, name, event):
        self.fleet.tell(name, event)

    @rule(name=st.sampled_from(NAMES), version=st.sampled_from(("1.0", "2.0")))
    def boots(self, name, version):
        self.fleet.tell(name, E.BOOTED, version)

    @rule(hours=st.sampled_from((1, 3, 25)))
    def time_goes_by(self, hours):
        self.fleet.world.clock.advance(hours * HOUR)
        for update in self.fleet.all(self.number):
            if update.place.endswith("under_way"):
                self.fleet.run(step, Step(update.key, Told(E.SILENT, "no word")))

    @rule(verb=st.sampled_from((Verb.PAUSE, Verb.RESUME, Verb.RESUME)))
    def somebody_decides(self, verb):
        before = self.fleet.head(self.number)
        try:
            after = self.fleet.run(control, Control(self.number, verb, WHO))
        except OperatorError:
            assert self.fleet.head(self.number) == before
        else:
            who = after.notes[-2 if after.state is S.HALTED else -1].author
            assert after == before or who == WHO

    @invariant()
    def every_station_is_counted_once_at_its_place(self):
        counted = dict.fromkeys((one.name for one in fields(Tally)), 0)
        for update in self.fleet.all(self.number):
            counted[update.place] += 1
        assert asdict(self.fleet.head(self.number).tally) == counted
        assert sum(counted.values()) == len(NAMES)

    @invariant()
    def it_does_not_run_with_too_many_failures(self):
        head = self.fleet.head(self.number)
        if head.state is S.RUNNING:
            assert not too_many(self.plan, head)

    @invariant()
    def it_is_not_done_with_too_many_failures(self):
        head = self.fleet.head(self.number)
        if head.state is S.DONE:
            assert not too_many(self.plan, head, is_stage_over=True)

    @invariant()
    def nobody_was_offered_before_its_turn(self):
        turns = sorted(NAMES, key=lambda name: rank_of(self.number, name))
        head = self.fleet.head(self.number)
        assert self.offered <= set(turns[: head.opened])
        assert head.opened <= stage_size(self.plan, head)

    @invariant()
    def a_roll_out_that_is_done_leaves_nobody_on_the_way(self):
        head = self.fleet.head(self.number)
        if head.state is S.DONE:
            late = {u.state for u in self.fleet.all(self.number)} - {
                UpdateState.CONFIRMED,
                UpdateState.FAILED,
                UpdateState.ROLLED_BACK,
                UpdateState.SKIPPED,
                UpdateState.PENDING,  # away for longer than it was patient
            }
            # A station that had been given up may speak after all.
            assert not late or self.fleet.head(self.number).is_open


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def stages_of(fleet, number):
    """Let every station succeed; how many had their turn at each stage."""
    sizes = []
    for _ in range(20):
        fleet.open(number)
        head = fleet.head(number)
        if head.state is not S.RUNNING:
            return sizes
        sizes = sizes if head.opened in sizes else [*sizes, head.opened]
        for one in fleet.offer(number):
            fleet.succeed(one.update.station_id)
        fleet.world.clock.advance(HOUR)
        fleet.run(advance, number)
    raise AssertionError("it never ended")


def test_stages_are_percent_of_all_and_at_least_the_sample():
    fleet = Fleet()
    assert stages_of(fleet, fleet.begin()) == [2, 6, 12]
    big = Fleet()
    assert stages_of(big, big.begin(replace(PLAN, sample=5))) == [5, 6, 12]


def test_the_next_stage_waits_for_the_soak_and_for_every_station_of_this_one():
    fleet = Fleet()
    number = fleet.begin()
    fleet.open(number)
    first, second = fleet.offer(number)
    fleet.succeed(first.update.station_id)
    fleet.world.clock.advance(HOUR)
    assert fleet.run(advance, number).stage == 0
    fleet.succeed(second.update.station_id)
    assert fleet.run(advance, number).stage == 0
    fleet.world.clock.advance(HOUR)
    assert fleet.run(advance, number).stage == 1


def test_a_stage_waits_for_who_is_away_as_long_as_it_is_patient_and_keeps_their_turn():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, sample=1, at_once=1, stages=(50, 100)))
    fleet.open(number)
    (only,) = fleet.offer(number)
    fleet.succeed(only.update.station_id)
    fleet.world.clock.advance(23 * HOUR)
    assert fleet.run(advance, number).stage == 0
    fleet.world.clock.advance(HOUR)
    assert fleet.run(advance, number).stage == 1
    assert len(fleet.at(number, "waiting")) == 11
    assert fleet.offer(number)[0].update.key <= fleet.head(number).edge


def test_a_stage_that_has_shown_nothing_opens_no_other():
    fleet = Fleet()
    number = fleet.begin()
    fleet.open(number)
    fleet.world.clock.advance(100 * HOUR)
    assert fleet.run(advance, number).stage == 0


def test_a_failure_too_many_halts_in_its_own_commit_and_is_forgiven_when_a_person_resumes():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, rollback=Rollback.NONE))
    fleet.open(number)
    first, second = fleet.offer(number)
    fleet.tell(first.update.station_id, E.REFUSED)
    assert fleet.head(number).state is S.RUNNING  # one is no sample of two
    fleet.tell(second.update.station_id, E.REFUSED)
    head = fleet.head(number)
    assert (head.state, head.tally.failed) == (S.HALTED, 2)
    assert head.why == "2 of 2 stations failed, and at most 250 of 1000 may"
    assert not fleet.offer(number)
    fleet.run(control, Control(number, Verb.RESUME, WHO))
    fleet.world.clock.advance(HOUR)
    head = fleet.run(advance, number)
    assert (head.state, head.stage, head.tally.failed) == (S.RUNNING, 1, 2)


def test_a_stage_that_is_over_is_a_sample_however_small():
    fleet = Fleet()
    plan = replace(PLAN, sample=5, stages=(10, 100), rollback=Rollback.NONE)
    number = fleet.begin(replace(plan, at_once=12))
    fleet.put(replace(fleet.head(number), failures=1, successes=1))
    fleet.open(number)
    for one in fleet.offer(number)[:1]:
        fleet.tell(one.update.station_id, E.REFUSED)
    assert fleet.head(number).state is S.RUNNING
    assert too_many(fleet.plan(number), fleet.head(number), is_stage_over=True)


def test_a_fleet_smaller_than_the_sample_that_fails_to_the_last_station_is_halted():
    fleet = Fleet()
    targets = Targets(stations=tuple(NAMES[:3]))
    plan = replace(PLAN, sample=5, failures_permille=50, targets=targets, rollback=Rollback.NONE)
    number = fleet.begin(plan)
    fleet.open(number)
    for one in fleet.offer(number):
        fleet.tell(one.update.station_id, E.FAILED)
    head = fleet.run(advance, number)
    assert (head.state, head.why) == (
        S.HALTED,
        "3 of 3 stations failed, and at most 50 of 1000 may",
    )
    # A person who says that it is all right ends it.
    fleet.run(control, Control(number, Verb.RESUME, WHO))
    assert fleet.run(advance, number).state is S.DONE


def test_an_absolute_limit_halts_whatever_the_rate():
    fleet = Fleet()
    plan = replace(PLAN, failures_max=0, failures_permille=1_000, rollback=Rollback.NONE)
    number = fleet.begin(plan)
    fleet.open(number)
    fleet.tell(fleet.offer(number)[0].update.station_id, E.REFUSED)
    assert fleet.head(number).why == "1 station failed, and at most 0 may"


def test_a_station_is_never_in_two_roll_outs_at_once():
    fleet = Fleet()
    one = fleet.begin(replace(PLAN, targets=Targets(stations=tuple(NAMES[:2]))))
    two = fleet.begin(replace(PLAN, package=Package(version="3.0", location="https://x/3")))
    assert fleet.head(two).total == 10
    assert {u.reason for u in fleet.at(two, "skipped")} == {f"it is in roll-out {one}"}
    assert fleet.world.store.get(Claim, NAMES[0]).number == one
    fleet.run(control, Control(one, Verb.CANCEL, WHO))
    for update in fleet.at(one, "waiting"):
        fleet.run(step, Step(update.key, Told(E.LEFT_OUT, "cancelled")))
    assert not fleet.head(one).is_open
    assert fleet.head(fleet.begin(PLAN)).total == 2


ANOTHER = replace(PLAN, package=Package(version="3.0", location="https://x/3"))


def in_all_places(fleet, **change):
    """A roll-out over all, and the names of a station that is updated, failed and under way."""
    number = fleet.begin(replace(PLAN, stages=(100,), failures_permille=1_000, **change))
    fleet.open(number)
    names = [one.update.station_id for one in fleet.offer(number)]
    fleet.succeed(names[0])
    fleet.tell(names[1], E.REFUSED)
    fleet.tell(names[2], E.DOWNLOADING)
    return number, names[:3]


@pytest.mark.parametrize("has_previous", [True, False])
def test_a_station_is_held_by_a_roll_out_as_long_as_that_may_want_something_of_it(has_previous):
    fleet = Fleet()
    previous = PLAN.previous if has_previous else Package()
    rollback = Rollback.FAILED if has_previous else Rollback.NONE
    one, (updated, failed, _) = in_all_places(fleet, previous=previous, rollback=rollback)
    two = fleet.begin(ANOTHER)
    taken = {u.station_id for u in fleet.at(two, "waiting")}
    assert taken == ({failed} if has_previous else {failed, updated})
    assert {u.reason for u in fleet.at(two, "skipped")} == {f"it is in roll-out {one}"}


def test_one_silent_station_of_a_cancelled_roll_out_keeps_no_other_from_the_next():
    fleet = Fleet()
    one, (updated, failed, silent) = in_all_places(fleet)
    fleet.tell(fleet.at(one, "under_way")[-1].station_id, E.BROKEN)
    (turned,) = fleet.at(one, "back_waiting")
    assert fleet.run(control, Control(one, Verb.CANCEL, WHO)).is_open
    under_way = {u.station_id for u in fleet.at(one, "under_way")} | {turned.station_id}
    two = fleet.begin(ANOTHER)
    assert {u.station_id for u in fleet.at(two, "skipped")} == under_way
    assert {updated, failed} < {u.station_id for u in fleet.at(two, "waiting")}
    # Who still waited is skipped there, and keeps its turn here.
    for update in fleet.at(one, "waiting"):
        fleet.run(step, Step(update.key, Told(E.LEFT_OUT, "cancelled")))
    assert fleet.head(two).tally.waiting == len(NAMES) - len(under_way)
    # A restart with any version ends its turn.
    fleet.tell(silent, E.BOOTED, "1.0")
    assert silent not in {u.station_id for u in fleet.at(one, "under_way")}


def test_who_is_to_be_rolled_back_is_held_until_it_is():
    fleet = Fleet()
    one, (updated, failed, _) = in_all_places(fleet)
    fleet.run(control, Control(one, Verb.CANCEL, WHO, roll_back=True))
    two = fleet.begin(ANOTHER)
    assert updated in {u.station_id for u in fleet.at(two, "skipped")}
    assert failed in {u.station_id for u in fleet.at(two, "waiting")}


def test_a_station_that_another_roll_out_began_with_is_not_turned_back_by_the_one_before():
    fleet = Fleet()
    one, _ = in_all_places(fleet, rollback=Rollback.NONE)
    broken = fleet.at(one, "under_way")[-1].station_id
    fleet.tell(broken, E.BROKEN)
    two = fleet.begin(replace(ANOTHER, targets=Targets(stations=(broken,))))
    fleet.run(control, Control(one, Verb.CANCEL, WHO, roll_back=True))
    assert not fleet.offer(one, "back_waiting")
    (ended,) = [u for u in fleet.at(one, "failed") if u.station_id == broken]
    assert ended.reason == f"broken; it is in roll-out {two}"
    fleet.open(two)
    assert fleet.offer(two)[0].update.station_id == broken


def test_who_is_under_way_can_be_given_up_at_once_or_after_the_cancellation():
    fleet = Fleet()
    one, (_, _, silent) = in_all_places(fleet, rollback=Rollback.ALL)
    cancel = Control(one, Verb.CANCEL, WHO)
    with pytest.raises(OperatorError, match="roll_back or with now"):
        fleet.run(control, replace(cancel, roll_back=True, now=True))
    first = fleet.run(control, replace(cancel, roll_back=True))
    assert fleet.run(control, cancel) == first
    head = fleet.run(control, replace(cancel, now=True))
    assert head.notes[-1].what == "given up who was under way"
    assert not head.has_turned
    assert fleet.run(control, replace(cancel, now=True)) == head
    # The next roll-out begins with all of them at once, before the driver has come by.
    two = fleet.begin(ANOTHER)
    assert fleet.head(two).total == len(NAMES)
    for place in ("waiting", "under_way", "back_waiting", "back_under_way"):
        for update in fleet.at(one, place):
            assert not fleet.run(offer, update.key)
            fleet.run(step, Step(update.key, Told(E.GIVEN_UP, "given up")))
    assert not fleet.head(one).is_open
    # What the silent one says from here on concerns the roll-out that it is in now.
    fleet.tell(silent, E.BOOTED, "2.0")
    assert silent in {u.station_id for u in fleet.at(one, "failed")}


def test_who_has_it_already_or_is_of_another_make_is_left_out_with_the_reason():
    fleet = Fleet()
    station = fleet.world.store.get(Station, NAMES[0])
    fleet.put(replace(station, firmware="2.0"))
    fleet.put(replace(fleet.world.store.get(Station, NAMES[1]), vendor="Other"))
    package = replace(PLAN.package, vendor="Acme", model="M")
    number = fleet.begin(replace(PLAN, package=package))
    reasons = {one.station_id: one.reason for one in fleet.at(number, "skipped")}
    assert reasons == {NAMES[0]: "it has 2.0 already", NAMES[1]: "the firmware is for Acme M"}


@pytest.mark.parametrize(
    ("targets", "count"),
    [
        (Targets(vendor="ac", model="m1"), 12),
        (Targets(vendor="Bcme"), 0),
        (Targets(firmware=("1.0",)), 12),
        (Targets(firmware=("0.9",)), 0),
        (Targets(stations=("CP03", "CP04")), 2),
        (Targets(owner="nobody"), 0),
        (Targets(cell="u0"), 0),
    ],
)
def test_targets_are_who_fits_all_that_is_asked(targets, count):
    fleet = Fleet()
    assert fleet.head(fleet.begin(replace(PLAN, targets=targets))).total == count


def test_a_station_that_came_by_the_version_by_another_way_is_skipped_at_its_turn():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, stages=(100,), at_once=12))
    fleet.open(number)
    fleet.put(replace(fleet.world.store.get(Station, NAMES[3]), firmware="2.0"))
    assert len(fleet.offer(number)) == 11
    assert fleet.update(NAMES[3]).reason == "it has 2.0 already"
    assert fleet.head(number).tally.skipped == 1


def test_the_version_of_before_is_that_of_the_offer_and_not_that_of_the_beginning():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, stages=(100,), at_once=12))
    fleet.open(number)
    fleet.put(replace(fleet.world.store.get(Station, NAMES[3]), firmware="1.5"))
    fleet.offer(number)
    assert {u.from_version for u in fleet.all(number)} == {"1.0", "1.5"}


def test_a_roll_out_that_means_nobody_is_done_and_says_so():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, targets=Targets(vendor="nobody")))
    head = fleet.run(advance, number)
    assert (head.state, head.why, head.is_open) == (S.DONE, "no station was meant", 0)
    for name in NAMES:
        fleet.put(replace(fleet.world.store.get(Station, name), firmware="2.0"))
    number = fleet.begin()
    assert fleet.run(advance, number).why == "every station was left out"


def test_writing_stations_down_twice_is_once_and_goes_on_where_it_stopped():
    fleet = Fleet()
    number = fleet.begin(enrolled=False)
    for _ in range(2):
        fleet.run(enrol, Enrol(number, tuple(NAMES[:5]), False))
    assert fleet.head(number).tally.waiting == 5
    fleet.enrol(number)
    head = fleet.head(number)
    assert (head.total, head.tally.waiting, head.state) == (12, 12, S.RUNNING)
    fleet.enrol(number)
    assert fleet.head(number) == head


def test_no_offer_while_a_session_is_under_way_unless_told():
    fleet = Fleet()
    number = fleet.begin()
    fleet.open(number)
    names = [u.station_id for u in fleet.at(number, "waiting") if u.key <= fleet.head(number).edge]
    busy = names[0]
    fleet.world.start(station_id=busy)
    assert [one.update.station_id for one in fleet.offer(number)] == names[1:]
    assert fleet.update(busy).state is UpdateState.PENDING


def test_an_offer_is_made_once_and_only_as_many_at_once_as_allowed():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, stages=(100,), at_once=3))
    fleet.open(number)
    assert len(fleet.offer(number)) == 3
    assert not fleet.offer(number)
    (first, *_) = fleet.at(number, "under_way")
    assert fleet.run(offer, first.key) is None
    fleet.succeed(first.station_id)
    assert len(fleet.offer(number)) == 1


def test_what_a_station_says_of_another_request_moves_nothing():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, stages=(100,)))
    fleet.open(number)
    update = fleet.offer(number)[0].update
    name = update.station_id
    fleet.run(heard, Heard(name, Told(E.BROKEN, "x"), update.request_id ^ 1))
    assert fleet.update(name).state is UpdateState.OFFERED
    fleet.run(heard, Heard(name, Told(E.DOWNLOADING, "x"), update.request_id))
    assert fleet.update(name).state is UpdateState.DOWNLOADING
    assert fleet.run(heard, Heard("ST", Told(E.DOWNLOADING, "x"))) is None
    # An answer to an offer of before is not one to this.
    fleet.run(step, Step(update.key, Told(E.REFUSED, "late"), offers=7))
    assert fleet.update(name).state is UpdateState.DOWNLOADING


@pytest.mark.parametrize("policy", list(Rollback))
def test_a_halted_roll_out_turns_back_who_its_policy_says(policy):
    fleet = Fleet()
    plan = replace(PLAN, rollback=policy, stages=(100,), at_once=4, failures_permille=0)
    number = fleet.begin(replace(plan, sample=4))
    fleet.open(number)
    names = [one.update.station_id for one in fleet.offer(number)]
    fleet.succeed(names[0])
    fleet.succeed(names[1])
    fleet.tell(names[2], E.REFUSED)  # before it installed: nothing is to be turned back
    fleet.tell(names[3], E.BROKEN)
    head = fleet.head(number)
    assert head.state is S.HALTED
    assert [u.station_id for u in fleet.at(number, "back_waiting")] == (
        [] if policy is Rollback.NONE else [names[3]]
    )
    assert head.has_turned == (policy is Rollback.ALL)
    if policy is Rollback.ALL:
        for update in fleet.at(number, "updated"):
            fleet.run(step, Step(update.key, Told(E.ROLL_BACK, "halted")))
        assert len(fleet.at(number, "back_waiting")) == 3
    for one in fleet.offer(number, "back_waiting"):
        assert one.package == PLAN.previous
        fleet.tell(one.update.station_id, E.BOOTED, "1.0")
    assert fleet.head(number).tally.rolled_back == {"none": 0, "failed": 1, "all": 3}[policy.value]


def test_a_cancelled_roll_out_is_followed_to_its_end_and_may_be_turned_back():
    fleet = Fleet()
    number = fleet.begin(replace(PLAN, rollback=Rollback.NONE, stages=(100,)))
    fleet.open(number)
    names = [one.update.station_id for one in fleet.offer(number)]
    fleet.succeed(names[0])
    fleet.tell(names[1], E.BROKEN)
    command = Control(number, Verb.CANCEL, WHO, roll_back=True)
    head = fleet.run(control, command)
    assert head.notes[-1].what == "cancelled, and rolled back"
    assert head.notes[-1].author == WHO
    assert head.is_open
    assert fleet.update(names[1]).back
    fleet.tell(names[2], E.INSTALLING)
    fleet.tell(names[2], E.FAILED)
    assert fleet.update(names[2]).back


def test_what_a_person_asks_of_a_roll_out_that_cannot_is_refused_by_name():
    fleet = Fleet()
    number = fleet.begin(enrolled=False)
    with pytest.raises(OperatorError, match="is enrolling; only one that runs can be paused"):
        fleet.run(control, Control(number, Verb.PAUSE, WHO))
    fleet.enrol(number)
    with pytest.raises(OperatorError, match="is running; nothing is to resume"):
        fleet.run(control, Control(number, Verb.RESUME, WHO))
    paused = fleet.run(control, Control(number, Verb.PAUSE, WHO))
    assert fleet.run(control, Control(number, Verb.PAUSE, WHO)) == paused
    cancelled = fleet.run(control, Control(number, Verb.CANCEL, WHO))
    assert fleet.run(control, Control(number, Verb.CANCEL, WHO)) == cancelled
    with pytest.raises(OperatorError, match="is cancelled; begin another one"):
        fleet.run(control, Control(number, Verb.RESUME, WHO))
    with pytest.raises(OperatorError, match="there is no roll-out 99"):
        fleet.run(control, Control(99, Verb.CANCEL, WHO))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stages": ()}, "stages: whole percent"),
        ({"stages": (10, 10, 100)}, "stages: whole percent"),
        ({"stages": (10, 50)}, "stages: whole percent"),
        ({"stages": (0, 100)}, "stages: whole percent"),
        ({"from_hour": 24}, "window: two hours"),
        ({"package": Package(version="2")}, "firmware: name a file of this house"),
        ({"previous": Package()}, "rollback: needs the firmware of before"),
        (
            {"previous": Package(version="2.0", location="https://x.example/1")},
            "rollback: the firmware of before has the same version",
        ),
        (
            {"package": Package(location="https://x.example/2", signature="abc")},
            "firmware: a signature needs its signing certificate",
        ),
        ({"targets": Targets(stations=("CP00", "NOBODY"))}, "there is no station NOBODY"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_before_anything_begins(change, words):
    fleet = Fleet()
    with pytest.raises(OperatorError, match=words):
        fleet.begin(replace(PLAN, **change))
    assert fleet.world.store.find(Rollout, 10) == []


def test_evse_heads_without_sessions_are_idle():
    fleet = Fleet()
    fleet.put(EvseHead("CP00", 1, ("S-gone",)))
    number = fleet.begin(replace(PLAN, stages=(100,), at_once=12))
    fleet.open(number)
    assert len(fleet.offer(number)) == 12
