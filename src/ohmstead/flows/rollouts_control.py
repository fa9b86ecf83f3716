"""A person pauses, resumes or cancels a roll-out, and says why."""

from __future__ import annotations

import enum

from ohmstead.core.command import Author
from ohmstead.core.rollout import OVER, Rollout, RolloutState, counted, noted
from ohmstead.core.rollout_gate import judged, resumed
from ohmstead.core.station_update import Rollback, StationUpdate, Told, UpdateEvent, lane_of
from ohmstead.core.update_moves import moved
from ohmstead.errors import OperatorError
from ohmstead.flows.rollouts import head_of, plan_of
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

FAILED_MAX = 1_000  # stations that a cancellation turns back in its own commit
_S = RolloutState


class Verb(enum.Enum):
    """What a person does to a roll-out."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class Control(Frozen):
    """Who does it stands in ``author``, and why; ``roll_back``: CANCEL takes the update back;
    ``now``: CANCEL follows nobody who is under way, neither forth nor back."""

    number: int
    verb: Verb
    author: Author
    roll_back: bool = False
    now: bool = False


def control(state: State, command: Control, now_ms: int) -> Decision[Rollout]:
    """Pause, resume or cancel; raises OperatorError where that means nothing. Twice is once."""
    head = head_of(state, command.number)
    before, verb = head.state, command.verb
    if head.state in OVER:
        if verb is Verb.CANCEL and before is _S.CANCELLED and not command.roll_back:
            return _given_up(head, command, now_ms)
        raise OperatorError(f"roll-out {head.number} is {before.value}; begin another one")
    if verb is Verb.PAUSE:
        if before is _S.PAUSED:
            return Decision(head)
        if before is not _S.RUNNING:
            raise OperatorError(
                f"roll-out {head.number} is {before.value}; only one that runs can be paused"
            )
        head = replace(head, state=_S.PAUSED)
    elif verb is Verb.RESUME:
        if before not in (_S.PAUSED, _S.HALTED):
            raise OperatorError(f"roll-out {head.number} is {before.value}; nothing is to resume")
        head = resumed(head)
    else:
        return _cancelled(state, head, command, now_ms)
    after = noted(head, f"{verb.value}d", command.author, now_ms)
    # Those under way may have failed while it was paused: then it halts at once.
    after = judged(plan_of(state, head.number), after, now_ms)
    return Decision(after, (after,))


def _cancelled(state: State, head: Rollout, command: Control, now_ms: int) -> Decision[Rollout]:
    plan = plan_of(state, head.number)
    puts: list[Record] = []
    what = "cancelled"
    if command.roll_back and command.now:
        raise OperatorError("cancel with roll_back or with now: who is given up is not rolled back")
    if command.now:
        head, what = replace(head, given_up=True), "cancelled, and given up who was under way"
    if command.roll_back:
        if not plan.previous.is_there:
            raise OperatorError("this roll-out names no firmware of before to roll back to")
        head = replace(head, rollback=Rollback.ALL)
        what = "cancelled, and rolled back"
        back = Told(UpdateEvent.ROLL_BACK, "rolled back by an operator")
        for update in state.find(StationUpdate, FAILED_MAX, lane=lane_of(head.number, "failed")):
            if update.installing and not update.back:
                after = moved(update, back, plan.terms, now_ms)
                head = counted(head, update, after, now_ms)
                puts.append(after)
    over = noted(replace(head, state=_S.CANCELLED), what, command.author, now_ms)
    return Decision(over, (*puts, over))


def _given_up(head: Rollout, command: Control, now_ms: int) -> Decision[Rollout]:
    """One that was cancelled before, and now waits for nobody any longer."""
    if not command.now or head.given_up or not head.is_open:
        return Decision(head)
    what = "given up who was under way"
    after = noted(replace(head, given_up=True), what, command.author, now_ms)
    return Decision(after, (after,))
