"""A session under way: readings kept, evidence weighed, the hold ahead of the cost."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import tzinfo

from ohmstead.core.network import Quarantined, SeenMessage, Station, TransactionRef
from ohmstead.core.onchain import Lock
from ohmstead.core.plausibility import above_rated
from ohmstead.core.progress import Advance, Progress, Value, advance
from ohmstead.core.session import OPEN_STATES, PayerKind, Session, SessionState
from ohmstead.core.tariff import Tariff, worst_case_minor
from ohmstead.flows.charging import judge, payment
from ohmstead.flows.charging.evidence import Evidence, weigh
from ohmstead.flows.charging.funding import (
    LOCK_MARGIN_MS,
    lock_left_ms,
    payer_account,
    policy_of,
)
from ohmstead.flows.charging.kept import progress_of, readings_of
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.hashing import sha256
from ohmstead.ports import Decision, Job, Record, State
from ohmstead.units import mul_div_down

UNREADABLE = "value_unreadable"
DECREASED = "register_decreased"


class ProgressOutcome(enum.Enum):
    """What became of a message of readings; all of them are answered alike."""

    EXISTS = "exists"
    QUARANTINED = "quarantined"
    LATE = "late"  # the session ended before; kept as evidence
    RECORDED = "recorded"


class Readings(Frozen):
    """A MeterValues of a transaction, or a TransactionEvent that updates one.

    ``values`` are (at_ms, register in mWh) in the order sent; ``digest`` names the content, so a
    message that comes twice is kept once; where it is empty the payload does. ``seen_id`` is empty
    where the values themselves are what is kept once.
    """

    station_id: str
    transaction_id: str
    values: tuple[tuple[int, int], ...]
    evidence: tuple[Evidence, ...]
    digest: str
    payload: str
    zone: tzinfo
    seen_id: str = ""
    seq: int = -1
    unreadable: tuple[str, ...] = ()  # values that are no bounded number, each with its reason


class Progressed(Frozen):
    """The answer: what was kept, and what the session costs so far where that was computed."""

    outcome: ProgressOutcome
    session_id: str = ""
    cost_minor: int | None = None


def record_readings(state: State, command: Readings, now_ms: int) -> Decision[Progressed]:
    """Keep readings; hold more or stop the session when its cost comes close to what is held."""
    ref = state.get(TransactionRef, f"{command.station_id}/{command.transaction_id}")
    session = state.get(Session, ref.session_id) if ref is not None else None
    if session is None:
        return Decision(Progressed(ProgressOutcome.QUARANTINED), _kept(command, now_ms))
    progress = progress_of(state, session)
    # Looked for only where it can have come before: its number is not the highest yet.
    may_be_seen = command.seen_id and command.seq <= progress.last_seq
    seen = state.get(SeenMessage, command.seen_id) if may_be_seen else None
    if seen is not None:
        # One seqNo with two contents: the first one stands, the other is kept.
        other = () if seen.digest == command.digest else _kept(command, now_ms)
        return Decision(Progressed(ProgressOutcome.EXISTS, session.id), other)
    if session.state not in OPEN_STATES:
        # Behaviour 10: an event after Ended changes no bill.
        return Decision(Progressed(ProgressOutcome.LATE, session.id), _kept(command, now_ms))
    before = session
    puts: list[Record] = []
    if command.evidence:
        weighed = weigh(state, session, command.evidence, now_ms)
        puts += weighed.puts
        if weighed.findings:
            findings = tuple(dict.fromkeys((*session.findings, *weighed.findings)))
            session = replace(session, findings=findings)
    # What a clock ahead of ours says would hold money for time that has not passed.
    latest_ms = now_ms + policy_of(state).clock_skew_ms
    values = tuple(value for value in command.values if value[0] <= latest_ms)
    if command.unreadable or len(values) < len(command.values):
        findings = tuple(dict.fromkeys((*session.findings, UNREADABLE)))
        session = replace(session, findings=findings)
        puts.append(kept_unreadable(session, command.payload, now_ms))
    advanced = _advanced(state, session, progress, values, command.seq)
    progress = advanced.progress
    if advanced.decreased and DECREASED not in session.findings:
        session = replace(session, findings=(*session.findings, DECREASED))
    cost_minor: int | None = None
    kept_ahead: Decision[None] = Decision(None)
    if session.state is SessionState.ACTIVE and progress.last_ms >= progress.check_ms:
        session, progress, cost_minor, kept_ahead = _kept_ahead(
            state, session, progress, command.zone, now_ms
        )
        puts += kept_ahead.puts
    puts.append(progress)
    if session is not before:
        puts.append(session)
    if command.seen_id:
        puts.append(SeenMessage(command.seen_id, session.id, command.digest))
    answer = Progressed(ProgressOutcome.RECORDED, session.id, cost_minor)
    return Decision(answer, tuple(puts), advanced.blocks, kept_ahead.jobs)


def _advanced(
    state: State, session: Session, before: Progress, values: Sequence[Value], seq: int
) -> Advance:
    if all(at_ms > before.newest_ms for at_ms, _ in values):
        return advance(before, values, seq)
    kept_ms = {at_ms for at_ms, _ in readings_of(state, session)}
    return advance(before, values, seq, kept_ms)


def _kept_ahead(
    state: State, session: Session, progress: Progress, zone: tzinfo, now_ms: int
) -> tuple[Session, Progress, int | None, Decision[None]]:
    """Raise the hold "when cost plus one reporting interval reaches" it, else stop the session."""
    tariff = state.get(Tariff, session.tariff_key)
    if tariff is None or progress.last_mwh is None:
        return session, progress, None, Decision(None)
    policy = policy_of(state)
    at_ms, mwh = progress.last_ms, progress.last_mwh
    cost = judge.running_cost_minor(session, tariff, at_ms, mwh, zone)
    step_ms = policy.report_interval_ms
    station = state.get(Station, session.station_id)
    evse = station.evse(session.evse_id) if station else None
    interval_minor = worst_case_minor(tariff, evse.rated_w if evse else 0, step_ms)
    room_minor = max(0, session.hold_minor - cost)
    intervals_left = mul_div_down(room_minor, 1, max(1, interval_minor))
    lock = state.get(Lock, session.lock_id) if session.lock_id else None
    if lock is not None:
        left_ms = lock_left_ms(state, policy, lock) - LOCK_MARGIN_MS
        intervals_left = min(intervals_left, mul_div_down(max(0, left_ms), 1, step_ms))
    if intervals_left > 1:
        # However hard it charges, nothing can reach the hold before half of these have passed.
        later_ms = at_ms + max(1, intervals_left >> 1) * step_ms
        return session, replace(progress, check_ms=later_ms), cost, Decision(None)
    till = Till(state, session.asset, now_ms)
    raised = None
    charged_ms, rated_w = at_ms - session.started_ms + step_ms, evse.rated_w if evse else 0
    if session.payer_kind is PayerKind.PREPAID and not above_rated(
        mwh - (mwh if session.begin_mwh is None else session.begin_mwh), rated_w, charged_ms
    ):
        account = payer_account(session.payer_kind, session.payer, session.lock_id)
        more = min(policy.hold_minor, till.available(account))
        raised = payment.raise_hold(till, session, account, more)
    if raised is not None:
        return raised, progress, cost, Decision(None, till.puts())
    if "stopped_at_hold" in session.findings:
        return session, progress, cost, Decision(None)
    stopping = replace(session, findings=(*session.findings, "stopped_at_hold"))
    return stopping, progress, cost, Decision(None, jobs=(stop_job(session),))


def stop_job(session: Session) -> Job:
    """Ask the station to end a transaction; kept until it has answered."""
    payload = {
        "station": session.station_id,
        "transaction": session.transaction_id,
        "protocol": session.protocol,
    }
    return Job(f"{session.id}/remote_stop", f"station:{session.station_id}", "stop", payload)


def kept_unreadable(session: Session, payload: str, now_ms: int) -> Quarantined:
    """Keep a message with values nobody can read, whole: somebody may still make sense of it."""
    name = sha256(payload.encode("utf-8", "replace")).hex()
    id_ = f"{session.id}/{UNREADABLE}/{name}"
    return Quarantined(id_, session.station_id, UNREADABLE, payload, now_ms)


def _kept(command: Readings, now_ms: int) -> tuple[Record, ...]:
    digest = command.digest or sha256(command.payload.encode("utf-8", "replace")).hex()
    id_ = f"{command.station_id}/readings/{digest}"
    reason = "readings_without_open_session"
    transaction = command.transaction_id
    return (Quarantined(id_, command.station_id, reason, command.payload, now_ms, transaction),)
