"""One station of a roll-out: offered its firmware, heard of, timed out; and the roll-out judged.

Every step writes the station and the roll-out's tally in one commit, so that a roll-out halts with
the failure that is one too many, and not some seconds later.
"""

from __future__ import annotations

from ohmstead.core.network import Station
from ohmstead.core.rollout import Claim, Package, Rollout, RolloutPlan, RolloutState, counted
from ohmstead.core.rollout_gate import judged
from ohmstead.core.station_update import (
    StationUpdate,
    Told,
    UpdateEvent,
    UpdateState,
    same_version,
)
from ohmstead.core.update_moves import moved
from ohmstead.flows.charging_profiles import Reads, running
from ohmstead.flows.rollouts import head_of, plan_of, update_of
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

_S = RolloutState
OFFERS_BACK = frozenset({_S.RUNNING, _S.HALTED, _S.CANCELLED})
NO_REQUEST = -1


class Offering(Frozen):
    """What to send to a station: its update as it stands now, and the firmware."""

    update: StationUpdate
    package: Package


def offer(state: State, key: str, now_ms: int) -> Decision[Offering | None]:
    """Offer a station its firmware, if it has its turn, is idle, and there is room; else None."""
    update = state.get(StationUpdate, key)
    if update is None or update.state is not UpdateState.PENDING or update.due_ms > now_ms:
        return Decision(None)
    plan, head = plan_of(state, update.number), head_of(state, update.number)
    claim = state.get(Claim, update.station_id)
    if claim is not None and claim.number != update.number:
        # It had ended here, another roll-out began with it, and then it was to go back.
        told = Told(UpdateEvent.GIVEN_UP, f"it is in roll-out {claim.number}")
        return Decision(None, _step(plan, head, update, told, now_ms))
    if head.tally.under_way + head.tally.back_under_way >= plan.at_once:
        return Decision(None)
    if update.back:
        may = head.state in OFFERS_BACK and not head.given_up
    else:
        may = head.state is _S.RUNNING and key <= head.edge
    if not may or (not plan.busy_too and is_charging(state, update.station_id)):
        return Decision(None)
    package = plan.previous if update.back else plan.package
    station = state.get(Station, update.station_id)
    if station is not None and same_version(station.firmware, package.version) and not update.back:
        # It came by it meanwhile, by another way.
        told = Told(UpdateEvent.LEFT_OUT, f"it has {package.version} already")
        return Decision(None, _step(plan, head, update, told, now_ms))
    if station is not None and not update.back and not update.offers:
        update = replace(update, from_version=station.firmware)  # it may be long since it began
    after, head = _step(plan, head, update, Told(UpdateEvent.OFFERED), now_ms)
    return Decision(Offering(after, package), (after, head))


def is_charging(state: Reads, station_id: str) -> bool:
    """Whether a session is under way at any evse of a station."""
    station = state.get(Station, station_id)
    evses = station.evses if station is not None else ()
    return any(running(state, station_id, evse.id) is not None for evse in evses)


class Step(Frozen):
    """An event of the update with this key; ``offers``: only if it is about that offer."""

    key: str
    told: Told
    offers: int = 0


def step(state: State, command: Step, now_ms: int) -> Decision[StationUpdate | None]:
    """Move one update, and judge its roll-out; None for one that is not there."""
    update = state.get(StationUpdate, command.key)
    if update is None or (command.offers and command.offers != update.offers):
        return Decision(update)
    plan, head = plan_of(state, update.number), head_of(state, update.number)
    after, judged_head = _step(plan, head, update, command.told, now_ms)
    return Decision(after, () if after == update else (after, judged_head))


def _step(
    plan: RolloutPlan, head: Rollout, update: StationUpdate, told: Told, now_ms: int
) -> tuple[StationUpdate, Rollout]:
    # Who cancels may ask for a rollback that the plan did not.
    is_cancelled = head.state is _S.CANCELLED
    terms = replace(plan.terms, rollback=head.rollback, is_cancelled=is_cancelled)
    after = moved(update, told, terms, now_ms)
    then = counted(head, update, after, now_ms)
    if head.state is _S.DONE and then.failures <= head.failures:
        return after, then  # nothing that a roll-out that is over would have to stop for
    return after, judged(plan, then, now_ms)


class Heard(Frozen):
    """What a station says of its firmware; NO_REQUEST where it names no request."""

    station_id: str
    told: Told
    request_id: int = NO_REQUEST


def heard(state: State, command: Heard, now_ms: int) -> Decision[StationUpdate | None]:
    """Move the update of a station by what it says; of another request it says nothing here."""
    update = update_of(state, command.station_id)
    if update is None or command.request_id not in (NO_REQUEST, update.request_id):
        return Decision(None)
    return step(state, Step(update.key, command.told), now_ms)
