"""The gate of a roll-out: no failure rate above the limit passes it in silence."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.core.rollout import (
    NO_LIMIT,
    PERMILLE,
    Package,
    Rollout,
    RolloutPlan,
    RolloutState,
    Tally,
    Targets,
    counted,
    stage_size,
)
from ohmstead.core.rollout_gate import advanced, judged, resumed
from ohmstead.core.station_update import Rollback, StationUpdate, UpdateState
from ohmstead.frozen import replace

S = RolloutState
DAY = 24 * 3_600_000
ENDS = ("updated", "failed", "away")


@st.composite
def plans(draw):
    steps = draw(st.sets(st.integers(1, 99), max_size=4))
    return RolloutPlan(
        number=1,
        package=Package(location="https://x.example/2"),
        previous=Package(),
        targets=Targets(everyone=True),
        stages=(*sorted(steps), 100),
        soak_ms=draw(st.sampled_from((0, DAY))),
        patience_ms=DAY,
        timeout_ms=DAY,
        sample=draw(st.integers(1, 30)),
        failures_permille=draw(st.integers(0, PERMILLE)),
        failures_max=draw(st.sampled_from((NO_LIMIT, 0, 1, 5))),
        at_once=1,
        retries=0,
        rollback=Rollback.NONE,
    )


def ended(plan, head, end, now_ms):
    """The head after one more station has ended, or stayed away."""
    if end == "away":
        return head
    failed = end == "failed"
    state = UpdateState.FAILED if failed else UpdateState.CONFIRMED
    before = StationUpdate(1, "CP", "aa")
    after = replace(before, state=state, failed=failed, confirmed=not failed)
    return judged(plan, counted(head, before, after, now_ms), now_ms)


def played(plan, ends):
    """The head of a roll-out whose stations end so in their turns: done, halted, or stuck."""
    head = Rollout(1, S.RUNNING, Tally(waiting=len(ends)), total=len(ends))
    now_ms = 0
    for _ in range(100):
        size = stage_size(plan, head)
        for end in ends[head.opened : size]:
            if head.state is S.RUNNING:
                head = ended(plan, replace(head, opened=head.opened + 1), end, now_ms)
        now_ms += 2 * DAY
        after = advanced(plan, head, now_ms)
        if after == head or after.state is not S.RUNNING:
            return after
        head = after
    raise AssertionError("it never ended")


@settings(deadline=None)
@given(plan=plans(), ends=st.lists(st.sampled_from(ENDS), max_size=40))
def test_a_roll_out_that_failed_more_than_it_may_is_never_done_in_silence(plan, ends):
    head = played(plan, ends)
    failed, concluded = head.tally.failed, head.tally.failed + head.tally.updated
    is_too_many = failed * PERMILLE > plan.failures_permille * concluded
    is_over_all = plan.failures_max != NO_LIMIT and failed > plan.failures_max
    if head.state is S.DONE:
        assert head.opened == len(ends)
        assert not is_too_many
        assert not is_over_all
    if head.state is S.HALTED:
        assert is_too_many or is_over_all
        assert head.why
        assert head.notes[-1].what == f"halted: {head.why}"
        # A person may let it go on, and then it ends.
        assert resumed(head).state is S.RUNNING


def test_a_fleet_below_the_sample_is_a_sample_at_its_end():
    plan = RolloutPlan(
        number=1,
        package=Package(location="https://x.example/5"),
        previous=Package(),
        targets=Targets(everyone=True),
        stages=(1, 10, 50, 100),
        soak_ms=0,
        patience_ms=DAY,
        timeout_ms=DAY,
        sample=5,
        failures_permille=50,
        failures_max=NO_LIMIT,
        at_once=100,
        retries=0,
        rollback=Rollback.ALL,
    )
    head = played(plan, ["failed"] * 3)
    assert (head.state, head.why) == (
        S.HALTED,
        "3 of 3 stations failed, and at most 50 of 1000 may",
    )
    turning = played(plan, ["updated", "failed", "updated"])
    assert turning.state is S.HALTED
    assert replace(turning, rollback=Rollback.ALL).has_turned
    assert played(plan, ["updated"] * 3).state is S.DONE
    assert played(plan, []).state is S.DONE
