"""Which sessions of a plan misbehave, and what the drivers of some of them have to spend.

A misbehaviour has one price, plain energy, so that what it must cost is one multiplication that
anybody can do; see :func:`cost_minor`.
"""

from __future__ import annotations

from collections.abc import Callable

from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.accounts import Purse
from ohmstead.apps.replay.plan import Plan, PlannedSession
from ohmstead.core.session import PayerKind
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.units import BPS, MWH_PER_KWH, MWH_PER_WH, mul_div_down, mul_div_up

SHORT, LATE, REPLAYED = "cost_above_hold", "late_offline_stop", "replayed_page"
SHORT_DRIVER, LATE_DRIVER = "SHORT-OF-MONEY", "LATE-AND-OFFLINE"
FLOOR_MINOR = scenery.HOLD_MINOR // 20  # below this nothing is held at all
LATE_COST_MINOR_MIN = 2 * FLOOR_MINOR
MISBEHAVING_MS_MIN = 20 * 60_000


class Cast(Frozen):
    """A plan whose misbehaving sessions have the drivers they need, and those drivers' purses."""

    plan: Plan
    purses: tuple[Purse, ...]


def cost_minor(energy_mwh: int) -> int:
    """Return what a misbehaving session must cost: plain energy, by the Wh begun (step_size 1)."""
    wh = mul_div_up(energy_mwh, 1, MWH_PER_WH)
    return mul_div_down(wh * MWH_PER_WH, scenery.PLAIN_MINOR_PER_KWH, MWH_PER_KWH)


def parts_minor(total_minor: int, host: str) -> dict[str, int]:
    """Return who must get what of a price, by address; the host has the rest."""
    parts = {
        scenery.address_of(payee): mul_div_down(total_minor, bps, BPS)
        for payee, bps in scenery.SHARES_BPS.items()
    }
    parts[scenery.address_of(host)] = total_minor - sum(parts.values())
    return {payee: minor for payee, minor in parts.items() if minor}


def cast(plan: Plan) -> Cast:
    """Give the drivers of two misbehaviours names and purses of their own.

    A delivery that comes too late must cost more than its driver has left, so that label moves to a
    session that is dear enough, where the plan gave it to one that is not.
    """
    plan = _moved(plan, LATE, lambda session: _can_be_late(plan, session))
    plan = _moved(plan, REPLAYED, lambda session: _has_earlier(plan, session))
    sessions, purses = [], []
    for session in plan.sessions:
        if session.misbehaviour == SHORT:
            deposit = max(FLOOR_MINOR, cost_minor(session.energy_mwh) >> 1)
            session = replace(session, driver=SHORT_DRIVER)
            purses.append(Purse(SHORT_DRIVER, deposit))
        elif session.misbehaviour == LATE:
            session = replace(session, driver=LATE_DRIVER)
            purses.append(Purse(LATE_DRIVER, FLOOR_MINOR))
        sessions.append(session)
    return Cast(replace(plan, sessions=tuple(sessions)), tuple(purses))


def _moved(plan: Plan, name: str, suits: Callable[[PlannedSession], bool]) -> Plan:
    """Move a label to a session that suits it; raises OperatorError where there is none."""
    labelled = next((s for s in plan.sessions if s.misbehaviour == name), None)
    if labelled is None or suits(labelled):
        return plan
    others = [s for s in plan.sessions if s.misbehaviour is None and suits(s)]
    if not others:
        raise OperatorError(f"no session of these suits the misbehaviour {name}; take more")
    chosen = others[-1]
    moved = {labelled.number: replace(labelled, misbehaviour=None)}
    moved[chosen.number] = replace(chosen, misbehaviour=name)
    return replace(plan, sessions=tuple(moved.get(s.number, s) for s in plan.sessions))


def _can_be_late(plan: Plan, session: PlannedSession) -> bool:
    """Its whole station goes offline, and its price is more than its driver has left."""
    last = max(s.number for s in plan.sessions if s.station_id == session.station_id)
    return (
        session.payer is PayerKind.PREPAID
        and session.number == last
        and len(plan.station(session.station_id).evses) == 1
        and session.end_ms - session.start_ms >= MISBEHAVING_MS_MIN
        and cost_minor(session.energy_mwh) >= LATE_COST_MINOR_MIN
    )


def _has_earlier(plan: Plan, session: PlannedSession) -> bool:
    """There is a record to replay, and no session afterwards that its doubt would touch."""
    here = [
        s.number
        for s in plan.sessions
        if (s.station_id, s.evse) == (session.station_id, session.evse)
    ]
    return session.payer is PayerKind.PREPAID and here[0] < session.number == here[-1]
