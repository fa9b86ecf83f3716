"""From readings to a bill: what a stop proves, what it costs, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from ohmstead.core.bill import Bill
from ohmstead.core.meter import MeterKey, Reading
from ohmstead.core.network import NetworkPolicy, Station
from ohmstead.core.plausibility import Circumstances, Severity, assess
from ohmstead.core.session import PayerKind, Session, Share
from ohmstead.core.split import split
from ohmstead.core.tariff import Restrictions, Tariff, Usage, price
from ohmstead.flows.charging.evidence import UNCHECKABLE
from ohmstead.flows.charging.kept import progress_of, readings_of
from ohmstead.flows.charging.proof import (
    GATEWAY_REGISTER,
    others_ms,
    previous_end,
    proof_of,
)
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import State

IN_FUTURE = "ends_in_future"

# Findings that are kept and printed but do not hold the money back.
NOTES = frozenset(
    {
        *UNCHECKABLE,
        "clock_skew",
        "evse_already_in_session",
        "seq_gap",
        "seq_reused",
        "after_end",
        "signature_missing",
        "contradicted_after_anchor",
        "stopped_at_hold",
        "hold_expired",
        "value_unreadable",
    }
)


class Delivery(Frozen):
    """What a session delivered, between two readings, and how well that is known."""

    tier: str
    begin: Reading
    end: Reading
    samples: tuple[Reading, ...]
    findings: tuple[str, ...]
    doubtful: bool
    begin_page: str = ""  # the signed records that prove begin and end
    end_page: str = ""


def delivery(
    state: State,
    session: Session,
    end_mwh: int | None,
    end_ms: int,
    findings: Sequence[str],
    policy: NetworkPolicy,
    now_ms: int,
) -> Delivery:
    """Choose begin and end: the signed ones where both are, else the gateway's own record."""
    key = state.get(MeterKey, session.meter_key_id) if session.meter_key_id else None
    found = list(findings)
    proof = proof_of(state, session) if key else None
    skew_ms = policy.clock_skew_ms
    if proof and key:
        found += proof.findings(session.started_ms - skew_ms, end_ms + skew_ms)
        tier, begin, end, samples = key.tier.value, proof.begin, proof.end, proof.between
    else:
        if session.meter_key_id:
            found.append("signature_missing")
        first = session.begin_mwh if session.begin_mwh is not None else end_mwh or 0
        last = end_mwh if end_mwh is not None else progress_of(state, session).last_mwh
        tier = "none"
        begin = Reading(GATEWAY_REGISTER, first, session.started_ms, "B")
        end = Reading(GATEWAY_REGISTER, first if last is None else last, end_ms, "E")
        samples = tuple(
            Reading(GATEWAY_REGISTER, mwh, at_ms, "C")
            for at_ms, mwh in sorted(readings_of(state, session))
            if session.started_ms < at_ms < end_ms
        )
    if max(end.at_ms, end_ms) > now_ms + skew_ms:
        found.append(IN_FUTURE)  # the driver would pay for time that has not passed
    station = state.get(Station, session.station_id)
    evse = station.evse(session.evse_id) if station else None
    around = Circumstances(
        rated_w=evse.rated_w if evse else 0,
        arrived_ms=now_ms,
        offline=session.offline_start or now_ms - end_ms > skew_ms,
        previous_end=previous_end(state, session, begin),
        others_ms=others_ms(state, session, begin, skew_ms),
        clock_skew_max_ms=skew_ms,
    )
    judged = assess([begin, *samples, end], around)
    found += [finding.code.value for finding in judged]
    noted = {f.code.value for f in judged if f.severity is Severity.NOTES}
    findings = tuple(dict.fromkeys(found))
    doubtful = any(code not in NOTES and code not in noted for code in findings)
    pages = (proof.begin_page, proof.end_page) if proof else ("", "")
    return Delivery(tier, begin, end, samples, findings, doubtful, *pages)


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
    if all(element.restrictions == Restrictions() for element in tariff.elements):
        return replace(whole, points=(points[0], points[-1]))
    return whole
