"""A roll-out begins, writes its stations down, and opens one stage after the other."""

from __future__ import annotations

from ohmstead.core.command import Author
from ohmstead.core.network import Counter, Station
from ohmstead.core.rollout import (
    Claim,
    Rollout,
    RolloutPlan,
    RolloutState,
    counted,
    noted,
    rollout_key,
)
from ohmstead.core.rollout_gate import advanced
from ohmstead.core.rollout_rules import check_plan, is_for, is_held, is_meant
from ohmstead.core.station_update import (
    StationUpdate,
    UpdateState,
    rank_of,
    same_version,
    update_key,
)
from ohmstead.errors import OperatorError
from ohmstead.flows.charging_profiles import Reads
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

COUNTER = "rollout"
OPEN_MAX = 100  # roll-outs at the same time
_S = RolloutState


def begin(state: State, plan: RolloutPlan, now_ms: int) -> Decision[Rollout]:
    """Begin a roll-out; raises OperatorError for a plan that cannot be carried out."""
    check_begin(state, plan)
    check_room(len(state.find(Rollout, OPEN_MAX, is_open=1)))
    counter = state.get(Counter, COUNTER) or Counter(COUNTER, 0)
    number = counter.value + 1
    kept = replace(plan, number=number, created_ms=now_ms)
    head = Rollout(number, _S.ENROLLING, rollback=plan.rollback, stage_ms=now_ms)
    head = noted(head, "begun", plan.author, now_ms)
    return Decision(head, (kept, head, Counter(COUNTER, number)))


def check_room(open_: int) -> None:
    """Raise OperatorError if there is no room for one more roll-out beside those open."""
    if open_ >= OPEN_MAX:
        raise OperatorError(f"{OPEN_MAX} roll-outs are open; cancel or finish some first")


def check_begin(state: Reads, plan: RolloutPlan) -> None:
    """Raise OperatorError for a plan that cannot be carried out, or names who is not there."""
    check_plan(plan)
    missing = [one for one in plan.targets.stations if not _serves(state, one)]
    if missing:
        raise OperatorError(f"stations: there is no station {', '.join(missing[:5])}")


def _serves(state: Reads, station_id: str) -> bool:
    station = state.get(Station, station_id)
    return station is not None and not station.retired_ms


class Enrol(Frozen):
    """The next stations to look at, in order of their ids; ``last``: there are no more."""

    number: int
    station_ids: tuple[str, ...]
    last: bool


def enrol(state: State, command: Enrol, now_ms: int) -> Decision[Rollout]:
    """Write down those of them that are meant, and claim them; twice is once."""
    plan, head = plan_of(state, command.number), head_of(state, command.number)
    if head.state is not _S.ENROLLING:
        return Decision(head)
    puts: list[Record] = []
    named = frozenset(plan.targets.stations)
    for station_id in command.station_ids:
        station = state.get(Station, station_id)
        if station is None or station_id <= head.enrolled_to:
            continue
        if station_id not in named if named else not is_meant(plan.targets, station):
            continue
        update = StationUpdate(
            number=plan.number,
            station_id=station_id,
            rank=rank_of(plan.number, station_id),
            from_version=station.firmware,
            changed_ms=now_ms,
        )
        why = why_not(state, plan, station)
        if why:
            update = replace(update, state=UpdateState.SKIPPED, reason=why, has_turn=False)
        else:
            puts.append(Claim(station_id, plan.number))
            head = replace(head, total=head.total + 1)
        head = counted(head, None, update, now_ms)
        puts.append(update)
    if command.station_ids:
        head = replace(head, enrolled_to=max(head.enrolled_to, command.station_ids[-1]))
    if command.last:
        head = replace(head, state=_S.RUNNING, stage_ms=now_ms)
        are = "1 station takes its turn" if head.total == 1 else f"{head.total} stations take turns"
        head = noted(head, are, Author(), now_ms)
    return Decision(head, (*puts, head))


def why_not(state: Reads, plan: RolloutPlan, station: Station) -> str:
    """Why a station that is meant takes no turn; empty: it takes one."""
    if same_version(station.firmware, plan.package.version):
        return f"it has {plan.package.version} already"
    if not is_for(plan.package, station):
        return f"the firmware is for {plan.package.vendor} {plan.package.model}".rstrip()
    claim = state.get(Claim, station.id)
    other = state.get(Rollout, rollout_key(claim.number)) if claim is not None else None
    if other is None or other.number == plan.number or not other.is_open:
        return ""
    update = update_of(state, station.id)
    if update is None or not is_held(plan_of(state, other.number), other, update):
        return ""
    return f"it is in roll-out {other.number}"


class Open(Frozen):
    """The stage reaches ``count`` stations further, up to the one with the key ``edge``."""

    number: int
    opened: int  # so many had their turn before
    count: int
    edge: str


def open_more(state: State, command: Open, _now_ms: int) -> Decision[Rollout]:
    """Give more stations their turn; what another has done meanwhile is left alone."""
    head = head_of(state, command.number)
    if head.state is not _S.RUNNING or head.opened != command.opened:
        return Decision(head)
    opened = replace(head, opened=head.opened + command.count, edge=command.edge)
    return Decision(opened, (opened,))


def advance(state: State, number: int, now_ms: int) -> Decision[Rollout]:
    """Go on to the next stage, halt, or be done, if it is time."""
    head = head_of(state, number)
    after = advanced(plan_of(state, number), head, now_ms)
    return Decision(after, (after,) if after != head else ())


def seal(state: State, kept: RolloutPlan, _now_ms: int) -> Decision[None]:
    """Keep a plan as it is from now on, with its locations sealed; nothing else of it changes."""
    before = plan_of(state, kept.number)
    return Decision(None, (replace(before, package=kept.package, previous=kept.previous),))


def head_of(state: Reads, number: int) -> Rollout:
    """The roll-out; raises OperatorError."""
    head = state.get(Rollout, rollout_key(number))
    if head is None:
        raise OperatorError(f"there is no roll-out {number}; `ohmstead rollout list` shows all")
    return head


def plan_of(state: Reads, number: int) -> RolloutPlan:
    """Its plan; raises OperatorError."""
    plan = state.get(RolloutPlan, rollout_key(number))
    if plan is None:
        raise OperatorError(f"there is no roll-out {number}; `ohmstead rollout list` shows all")
    return plan


def update_of(state: Reads, station_id: str) -> StationUpdate | None:
    """The update that a station is in, or was in last."""
    claim = state.get(Claim, station_id)
    if claim is None:
        return None
    rank = rank_of(claim.number, station_id)
    return state.get(StationUpdate, update_key(claim.number, rank, station_id))
