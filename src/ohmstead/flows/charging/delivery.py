"""What a session delivered: which begin and end are believed, and what speaks against them."""

from __future__ import annotations

from collections.abc import Mapping

from ohmstead.core.bill import MeterHead
from ohmstead.core.exchange import counted_on
from ohmstead.core.meter import MeterKey, Reading, SignedReading
from ohmstead.core.network import NetworkPolicy, Station
from ohmstead.core.plausibility import Circumstances, Severity, assess
from ohmstead.core.progress import Progress
from ohmstead.core.session import Session
from ohmstead.flows.charging.evidence import UNCHECKABLE
from ohmstead.flows.charging.exchanged import steps_of
from ohmstead.flows.charging.forgiven import FORGIVEN
from ohmstead.flows.charging.kept import signed_of, values_of
from ohmstead.flows.charging.proof import (
    GATEWAY_REGISTER,
    head_of,
    others_ms,
    previous_end,
    proof_of,
)
from ohmstead.frozen import Frozen
from ohmstead.ports import State

IN_FUTURE = "ends_in_future"

# Findings that are kept and printed but do not hold the money back.
NOTES = frozenset(
    {
        *UNCHECKABLE,
        "clock_skew",
        "evse_already_in_session",
        "seq_gap",
        "seq_reordered",
        "seq_restarted",
        "seq_reused",
        "after_end",
        "signature_missing",
        "contradicted_after_anchor",
        "stopped_at_hold",
        "hold_expired",
        "value_unreadable",
        *FORGIVEN,
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
    head: MeterHead | None = None  # of the register it begins on, as it was before
    begin_page: str = ""  # the signed records that prove begin and end
    end_page: str = ""


class Ending(Frozen):
    """What is known when a session ends: how far it came, the records of this very message, and
    what its station says of the end."""

    progress: Progress
    fresh: Mapping[str, SignedReading]
    end_mwh: int | None
    end_ms: int


def delivery(
    state: State, session: Session, ending: Ending, policy: NetworkPolicy, now_ms: int
) -> Delivery:
    """Choose begin and end: the signed ones where both are, else the gateway's own record."""
    key = state.get(MeterKey, session.meter_key_id) if session.meter_key_id else None
    found = list(session.findings)
    records = signed_of(state, session, ending.progress, ending.fresh) if key else ()
    proof = proof_of(records) if records else None
    end_ms, skew_ms = ending.end_ms, policy.clock_skew_ms
    if proof and key:
        found += proof.findings(session.started_ms - skew_ms, end_ms + skew_ms)
        tier, begin, end, samples = key.tier.value, proof.begin, proof.end, proof.between
    else:
        if session.meter_key_id:
            found.append("signature_missing")
        tier = "none"
        begin, end, samples = _unsigned(state, session, ending)
    if max(end.at_ms, end_ms) > now_ms + skew_ms:
        found.append(IN_FUTURE)  # the driver would pay for time that has not passed
    station = state.get(Station, session.station_id)
    head = head_of(state, session, begin.register)
    around = Circumstances(
        rated_w=station.rated_w(session.evse_id) if station else 0,
        arrived_ms=now_ms,
        offline=session.offline_start or now_ms - end_ms > skew_ms,
        previous_end=previous_end(head, begin),
        others_ms=others_ms(head, skew_ms),
        clock_skew_max_ms=skew_ms,
    )
    judged = assess((begin, *samples, end), around)
    found += [finding.code.value for finding in judged]
    noted = {f.code.value for f in judged if f.severity is Severity.NOTES}
    findings = tuple(dict.fromkeys(found))
    doubtful = any(code not in NOTES and code not in noted for code in findings)
    pages = (proof.begin_page, proof.end_page) if proof else ("", "")
    return Delivery(tier, begin, end, samples, findings, doubtful, head, *pages)


def _unsigned(
    state: State, session: Session, ending: Ending
) -> tuple[Reading, Reading, tuple[Reading, ...]]:
    """Begin, end and what lies between as the station says them."""
    end_mwh, end_ms = ending.end_mwh, ending.end_ms
    first = session.begin_mwh if session.begin_mwh is not None else end_mwh or 0
    last, last_ms = end_mwh, end_ms
    if last is None:
        last, last_ms = ending.progress.last_mwh, ending.progress.last_ms
    steps = steps_of(state, session)
    last = counted_on(steps, last_ms, last) if last is not None else None
    samples = tuple(
        Reading(GATEWAY_REGISTER, counted_on(steps, at_ms, mwh) if steps else mwh, at_ms, "C")
        for at_ms, mwh in sorted(values_of(state, ending.progress))
        if session.started_ms < at_ms < end_ms
    )
    begin = Reading(GATEWAY_REGISTER, first, session.started_ms, "B")
    end = Reading(GATEWAY_REGISTER, first if last is None else last, end_ms, "E")
    return begin, end, samples
