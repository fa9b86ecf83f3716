"""From readings to a bill: what a stop proves, what it costs, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from ohmstead.core.bill import Bill, MeterHead
from ohmstead.core.meter import MeterKey, Reading, SignedReading
from ohmstead.core.network import NetworkPolicy, Station
from ohmstead.core.plausibility import Circumstances, Severity, assess
from ohmstead.core.registers import billed_register
from ohmstead.core.session import PayerKind, Session, Share
from ohmstead.core.split import split
from ohmstead.core.tariff import Restrictions, Tariff, Usage, price
from ohmstead.flows.charging.evidence import UNCHECKABLE
from ohmstead.flows.charging.kept import progress_of, readings_of
from ohmstead.ports import State

SAMPLES_MAX = 10_000  # of one session: a reading each ten seconds for a day
GATEWAY_REGISTER = "gateway"  # the name of a value nobody signed

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


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a session delivered, between two readings, and how well that is known."""

    tier: str
    begin: Reading
    end: Reading
    samples: tuple[Reading, ...]
    findings: tuple[str, ...]
    doubtful: bool
    begin_page: str = ""  # the signed records that prove begin and end
    end_page: str = ""


@dataclass(frozen=True, slots=True)
class _Proof:
    """Begin and end of the billed register in a session's signed records, and what lies between."""

    begin: Reading
    begin_page: str
    end: Reading
    end_page: str
    between: tuple[Reading, ...]


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
    proof = _proof(state, session) if key else None
    if proof and key:
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
    station = state.get(Station, session.station_id)
    evse = station.evse(session.evse_id) if station else None
    around = Circumstances(
        rated_w=evse.rated_w if evse else 0,
        arrived_ms=now_ms,
        offline=session.offline_start or now_ms - end_ms > policy.clock_skew_ms,
        previous_end=_previous_end(state, session, begin),
        clock_skew_max_ms=policy.clock_skew_ms,
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
    return driver_approved or session.payer_kind is PayerKind.WALLET_LOCK


def meter_of(session: Session) -> str:
    """The name under which the meter's last register value is remembered."""
    return session.meter_key_id or f"{session.station_id}/{session.evse_id}"


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


def _proof(state: State, session: Session) -> _Proof | None:
    rows = state.find(SignedReading, SAMPLES_MAX, session_id=session.id)
    readings = [(r, row.key) for row in rows for r in row.readings]
    register = billed_register([r for r, _ in readings])
    billed = sorted(
        (pair for pair in readings if pair[0].register == register),
        key=lambda pair: (pair[0].at_ms, pair[0].mwh),
    )
    begins = [pair for pair in billed if pair[0].begins]
    ends = [pair for pair in billed if pair[0].ends]
    if not begins or not ends:
        return None
    (begin, begin_page), (end, end_page) = begins[0], ends[-1]
    between = {r.at_ms: r for r, _ in billed if begin.at_ms < r.at_ms < end.at_ms}
    return _Proof(begin, begin_page, end, end_page, tuple(between.values()))


def _previous_end(state: State, session: Session, begin: Reading) -> Reading | None:
    head = state.get(MeterHead, meter_of(session))
    if head is None or head.at_ms > begin.at_ms or head.register != begin.register:
        return None  # a session delivered late comes before the one already settled
    return Reading(head.register, head.mwh, head.at_ms, "E")
