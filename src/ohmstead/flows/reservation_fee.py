"""The fee of a reservation: held when it is made, paid or given back in the commit that ends it.

    secure     payer -> escrow:{session}, pending: the most it can cost until it expires
    conclude   the hold taken and split by a session of 0 mWh, or voided whole

A reservation leaves its open states once (:data:`ohmstead.core.reservation.TRANSITIONS`), and the
money moves in that commit: so nothing is paid twice, and no hold outlives its reservation.
"""

from __future__ import annotations

from datetime import tzinfo

from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Status
from ohmstead.core.network import NetworkPolicy, Station
from ohmstead.core.reservation import Reservation, ReservationFee, ReservationState
from ohmstead.core.reservation_fee import (
    KEPT,
    NOBODY_CAME,
    has_fee,
    price_reservation,
    worst_fee_minor,
)
from ohmstead.core.session import PayerKind, Session, SessionEvent, SessionState, next_state
from ohmstead.core.tariff import Tariff, Usage
from ohmstead.errors import LocalProtocolError, OperatorError
from ohmstead.flows.charging import judge, payment
from ohmstead.flows.charging.funding import payer_account, policy_of
from ohmstead.flows.money import Till
from ohmstead.frozen import replace
from ohmstead.ports import Record, State

EARLY_MS = 120_000  # how far a station's clock may be ahead when it ends a reservation by it
LATE_MS = 60_000  # whoever notices an expiry later than this was away when it came
_PROTOCOL = {
    ReservationState.USED: KEPT,
    ReservationState.CANCELLED: KEPT,
    ReservationState.EXPIRED: NOBODY_CAME,
}


def secure(
    state: State, station: Station, one: Reservation, session_id: str, now_ms: int
) -> tuple[Reservation, tuple[Record, ...]]:
    """Hold the most that a reservation can cost; raises OperatorError if its payer has not got it.

    What is left has to be enough to charge with, else the reservation would be of no use.
    """
    tariff = state.get(Tariff, station.tariff_key)
    if tariff is None or not has_fee(tariff):
        return one, ()
    if not session_id:
        raise LocalProtocolError(f"reservation {one.number} has a fee, and its session no id")
    policy = policy_of(state)
    till = Till(state, policy.asset, now_ms)
    amount = worst_fee_minor(tariff, one.expires_ms - now_ms)
    account = payer_account(PayerKind.PREPAID, one.payer, "")
    left = till.available(account) - policy.hold_floor_minor
    if left < amount:
        raise OperatorError(
            f"this reservation may cost up to {_money(policy, amount)}, and of id_token "
            f"{one.id_token}'s money {_money(policy, max(left, 0))} may be held beside what "
            "charging needs; deposit more, or reserve for a shorter time"
        )
    over_ms = one.expires_ms + policy.session_max_ms + policy.offline_window_ms
    fee = ReservationFee(
        session_id, station.tariff_key, policy.asset, station.shares, amount, over_ms
    )
    escrow = f"escrow:{session_id}"
    hold = till.pend(f"{session_id}/hold/1", account, escrow, amount, over_ms, session_id)
    if till.move([hold]) is not Status.CREATED:
        raise OperatorError(
            f"{_money(policy, amount)} could not be held for reservation {one.number}; try again"
        )
    return replace(one, fee=fee), till.puts()


def conclude(
    state: State, one: Reservation, until_ms: int, zone: tzinfo, is_free: bool, now_ms: int
) -> tuple[Record, ...]:
    """Settle the fee of a reservation that has just ended; ``until_ms`` is when, 0 for now.

    It costs nothing if the station never kept the evse, if it ``is_free`` (ended by nobody's wish
    but ours or the station's), or if it expired long before its time, or without our being there.
    """
    fee = one.fee
    if fee is None:
        return ()
    session = _session(one, fee)
    till = Till(state, fee.asset, now_ms)
    tariff = state.get(Tariff, fee.tariff_key)
    is_off = not one.expires_ms - EARLY_MS <= now_ms <= one.expires_ms + LATE_MS
    is_odd = one.state is ReservationState.EXPIRED and is_off
    costs = one.held_ms and not (is_free or is_odd) and now_ms < fee.hold_expires_ms
    bill: Bill | None = None
    if costs and tariff is not None and one.state in _PROTOCOL:
        end_ms = min(max(until_ms or now_ms, one.held_ms), max(one.expires_ms, one.held_ms))
        bill = _bill(session, tariff, end_ms, zone)
    if bill is None or bill.total_minor == 0:
        payment.give_back(till, session)
        return till.puts()
    payment.take(till, session, bill)
    settled = replace(
        session,
        state=next_state(session.state, SessionEvent.STOP_CLEAR),
        ended_ms=bill.end_ms,
    )
    return (settled, bill, *till.puts())


def _session(one: Reservation, fee: ReservationFee) -> Session:
    """The session of a reservation. It is stored only once it has ended, so no station has it open
    and no evse is in use by it."""
    return Session(
        id=fee.session_id,
        state=SessionState.ACTIVE,
        station_id=one.station_id,
        evse_id=one.evse_id,
        transaction_id=f"reservation-{one.number}",
        protocol=_PROTOCOL.get(one.state, KEPT),
        id_token=one.id_token,
        payer=one.payer,
        payer_kind=PayerKind.PREPAID,
        tariff_key=fee.tariff_key,
        asset=fee.asset,
        shares=fee.shares,
        started_ms=one.held_ms,
        hold_minor=fee.hold_minor,
        holds=1,
        hold_expires_ms=fee.hold_expires_ms,
        begin_mwh=0,
    )


def _bill(session: Session, tariff: Tariff, end_ms: int, zone: tzinfo) -> Bill | None:
    """Its bill, None where its moments make no time span: whoever kept them so pays for it."""
    begin_ms = session.started_ms
    try:
        usage = Usage(begin_ms, end_ms, ((begin_ms, 0), (end_ms, 0)), end_ms)
    except ValueError:
        return None
    priced = price_reservation(tariff, usage, zone, session.protocol)
    covered = min(priced.total_minor, session.hold_minor)
    return Bill(
        session_id=session.id,
        tier="none",
        begin_mwh=0,
        end_mwh=0,
        begin_ms=begin_ms,
        end_ms=end_ms,
        usage=usage,
        time_zone=str(zone),
        lines=priced.lines,
        adjustment_minor=priced.adjustment_minor,
        rounding=priced.rounding,
        total_minor=priced.total_minor,
        covered_minor=covered,
        parts=judge.parts_of(session.shares, covered),
    )


def _money(policy: NetworkPolicy, minor: int) -> str:
    scale = policy.asset.scale
    whole, rest = divmod(minor, 10**scale)
    decimals = f".{rest:0{scale}d}".rstrip("0").rstrip(".") if scale else ""
    return f"{whole}{decimals} {policy.asset.code}"
