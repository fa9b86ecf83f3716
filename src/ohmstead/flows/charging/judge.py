"""From what was delivered to a bill: what it costs, and who gets which part of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from ohmstead.core.bill import Bill
from ohmstead.core.session import PayerKind, Session, Share
from ohmstead.core.split import split
from ohmstead.core.tariff import Tariff, Usage, price
from ohmstead.core.tariff_records import EVERYWHERE
from ohmstead.flows.charging.delivery import Delivery
from ohmstead.frozen import replace


def bill(
    session: Session, tariff: Tariff, delivered: Delivery, covered_minor: int, zone: tzinfo
) -> Bill:
    """Price what was delivered and split what is covered of it.

    ``covered_minor`` bounds the part that is split. Raises ValueError where the readings make no
    usage; such a session is never billed, only reviewed.
    """
    usage = usage_of(tariff, delivered)
    priced = price(tariff, usage, zone)
    covered = min(priced.total_minor, covered_minor)
    return Bill(
        session_id=session.id,
        tier=delivered.tier,
        begin_mwh=delivered.begin.mwh,
        end_mwh=delivered.end.mwh,
        begin_ms=delivered.begin.at_ms,
        end_ms=delivered.end.at_ms,
        usage=usage,
        time_zone=str(zone),
        lines=priced.lines,
        adjustment_minor=priced.adjustment_minor,
        rounding=priced.rounding,
        total_minor=priced.total_minor,
        covered_minor=covered,
        parts=parts_of(session.shares, covered),
    )


def covers(tariff: Tariff, billed: Bill, zone: tzinfo) -> bool:
    """Whether the tariff has a price for what was delivered, were it nothing: a total of 0 by a
    hole in it is somebody's mistake and no gift."""
    if billed.lines or not (billed.energy_mwh or billed.total_minor):
        return True
    return price(tariff, billed.usage, zone).covered


def running_cost_minor(session: Session, tariff: Tariff, at_ms: int, mwh: int, zone: tzinfo) -> int:
    """What the session costs up to a reading; 0 where the readings make no usage."""
    begin_mwh = session.begin_mwh if session.begin_mwh is not None else mwh
    if at_ms < session.started_ms or mwh < begin_mwh:
        return 0
    try:
        points = ((session.started_ms, begin_mwh), (at_ms, mwh))
        return price(tariff, Usage(session.started_ms, at_ms, points), zone).total_minor
    except ValueError:
        return 0


def parts_of(shares: Sequence[Share], amount_minor: int) -> tuple[tuple[str, int], ...]:
    """Split an amount over a session's shares; payees whose part is nothing are left out."""
    rest = next(share.payee for share in shares if share.rest)
    bps = {share.payee: share.bps for share in shares if not share.rest}
    parts = split(amount_minor, bps, rest)
    return tuple((payee, minor) for payee, minor in parts.items() if minor)


def may_settle_unproven(session: Session, driver_approved: bool) -> bool:
    """Tier none settles "only against a driver-approved stop or a per-session lock"."""
    has_lock = session.payer_kind is PayerKind.WALLET_LOCK and bool(session.lock_id)
    return driver_approved or has_lock


def usage_of(tariff: Tariff, delivered: Delivery) -> Usage:
    """What is priced. Readings between begin and end are part of it only where a restriction can
    ask for them; raises ValueError where the readings run backwards."""
    begin, end = delivered.begin, delivered.end
    points = [(r.at_ms, r.mwh) for r in (begin, *delivered.samples, end)]
    charging_end_ms = next((at_ms for at_ms, mwh in points if mwh >= end.mwh), end.at_ms)
    if end.mwh == begin.mwh:
        charging_end_ms = begin.at_ms
    elif not delivered.samples:
        charging_end_ms = end.at_ms  # nothing is known between: it charged until the end
    whole = Usage(begin.at_ms, end.at_ms, tuple(points), charging_end_ms)
    for element in tariff.elements:
        if element.restrictions != EVERYWHERE:
            return whole
    return replace(whole, points=(points[0], points[-1]))
