"""When a roll-out halts, goes on to its next stage, and is done."""

from __future__ import annotations

from ohmstead.core.command import Author
from ohmstead.core.rollout import (
    NO_LIMIT,
    PERMILLE,
    Rollout,
    RolloutPlan,
    RolloutState,
    noted,
    stage_size,
)
from ohmstead.frozen import replace

_HOUSE = Author()


def too_many(plan: RolloutPlan, rollout: Rollout, is_stage_over: bool = False) -> str:
    """Why it has to halt, or an empty text. A stage that is over is a sample, however small."""
    failures, concluded = rollout.failures, rollout.failures + rollout.successes
    if plan.failures_max != NO_LIMIT and failures > plan.failures_max:
        stations = "1 station" if failures == 1 else f"{failures} stations"
        return f"{stations} failed, and at most {plan.failures_max} may"
    is_sample = concluded >= plan.sample or is_stage_over
    if is_sample and failures * PERMILLE > plan.failures_permille * concluded:
        return (
            f"{failures} of {concluded} stations failed, and at most {plan.failures_permille} of "
            f"{PERMILLE} may"
        )
    return ""


def judged(
    plan: RolloutPlan, rollout: Rollout, now_ms: int, is_stage_over: bool = False
) -> Rollout:
    """The roll-out, halted if too many of its stations failed; one that was done, too, when who
    had been given up spoke after all and failed."""
    is_done = rollout.state is RolloutState.DONE
    if rollout.state is not RolloutState.RUNNING and not is_done:
        return rollout
    why = too_many(plan, rollout, is_stage_over or is_done)
    if not why:
        return rollout
    halted = replace(rollout, state=RolloutState.HALTED, why=why)
    return noted(halted, f"halted: {why}", _HOUSE, now_ms)


def advanced(plan: RolloutPlan, rollout: Rollout, now_ms: int) -> Rollout:
    """The roll-out at its next stage, or done; unchanged while its stage is not over.

    A stage is over when nobody of it is under way and nobody waits, or those who wait could not be
    updated for as long as the roll-out is patient. They keep their turn until the last stage is
    over. A stage that has shown nothing opens no other. The last one is judged as every other:
    a fleet smaller than the sample must not fail to the last station in silence.
    """
    if rollout.state is not RolloutState.RUNNING or rollout.opened < stage_size(plan, rollout):
        return rollout
    tally = rollout.tally
    if tally.under_way or tally.back_waiting or tally.back_under_way:
        return rollout
    waiting = tally.waiting - (rollout.total - rollout.opened)  # of the stages that were opened
    is_last = rollout.stage + 1 == len(plan.stages) or rollout.opened == rollout.total
    if waiting > 0 and now_ms - rollout.stage_ms < plan.patience_ms:
        return rollout
    if is_last:
        halted = judged(plan, rollout, now_ms, is_stage_over=True)
        if halted.state is not RolloutState.RUNNING:
            return halted
        nobody = "every station was left out" if tally.skipped else "no station was meant"
        done = replace(rollout, state=RolloutState.DONE, why="" if rollout.total else nobody)
        return noted(done, "done", _HOUSE, now_ms)
    shown = tally.updated + tally.failed + tally.rolled_back
    if waiting > 0 and shown < min(plan.sample, rollout.opened):
        return rollout
    halted = judged(plan, rollout, now_ms, is_stage_over=True)
    if halted.state is not RolloutState.RUNNING:
        return halted
    if now_ms - max(rollout.last_ms, rollout.stage_ms) < plan.soak_ms:
        return rollout
    opened = replace(rollout, stage=rollout.stage + 1, stage_ms=now_ms)
    return noted(opened, f"stage {opened.stage + 1} of {len(plan.stages)} began", _HOUSE, now_ms)


def resumed(rollout: Rollout) -> Rollout:
    """The roll-out going on: what failed before a halt is forgiven, not forgotten."""
    if rollout.state is RolloutState.HALTED:
        rollout = replace(rollout, failures=0, successes=0)
    state = RolloutState.RUNNING
    return replace(rollout, state=state, why="")
