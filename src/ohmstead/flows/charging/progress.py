"""A session under way: readings kept, evidence weighed, the hold ahead of the cost."""

from __future__ import annotations

import enum
from collections.abc import Container, Sequence
from datetime import tzinfo

from ohmstead.core.exchange import EXCHANGED
from ohmstead.core.network import Quarantined, TransactionRef
from ohmstead.core.progress import Progress, Value, advance, named
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.flows.charging.ahead import keep_ahead
from ohmstead.flows.charging.begin import Beginning, begun
from ohmstead.flows.charging.evidence import Evidence, weigh
from ohmstead.flows.charging.forgiven import judged, with_findings
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.charging.kept import progress_of, seen_as, values_of
from ohmstead.flows.charging.order import (
    AFTER_END,
    RESTARTED,
    REUSED,
    changed,
    noted,
    restarts,
)
from ohmstead.frozen import Frozen, replace
from ohmstead.hashing import sha256
from ohmstead.ports import Decision, Job, Record, State

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
    where the values themselves are what is kept once, else ``seq`` says which message this is.
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
    at_ms: int = -1  # the event's own time, where it has one besides its values'
    unreadable: tuple[str, ...] = ()  # values that are no bounded number, each with its reason
    findings: tuple[str, ...] = ()  # what was forgiven in it
    beginning: Beginning = Beginning()


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
        early = _kept(command, "readings_without_open_session", now_ms)
        kept = (*early, *awaited(ref, command.station_id, command.transaction_id))
        return Decision(Progressed(ProgressOutcome.QUARANTINED), kept)
    before, progress = session, progress_of(state, session)
    name = named(command.seq, command.digest) if command.seen_id else None
    # Looked for only where it can have come before: its number is not the highest yet.
    if name is not None and command.seq <= progress.last_seq:
        known = seen_as(state, progress, command.seq)
        if name in known:
            return Decision(Progressed(ProgressOutcome.EXISTS, session.id))
        if restarts(session, progress, command.seq, command.at_ms):
            session = noted(session, RESTARTED)
        elif known:
            # One seqNo with two contents: the first one stands, the other is kept.
            other = (*_kept(command, REUSED, now_ms), *changed(session, noted(session, REUSED)))
            return Decision(Progressed(ProgressOutcome.EXISTS, session.id), other)
    if session.state is not SessionState.ACTIVE and session.state not in OPEN_STATES:
        late = _late(command, before, now_ms)
        return Decision(Progressed(ProgressOutcome.LATE, session.id), late)
    policy = policy_of(state)
    if command.findings:
        newest_ms = max([at_ms for at_ms, _ in command.values], default=now_ms)
        noticed = judged(command.findings, newest_ms, now_ms, policy.clock_skew_ms)
        session = with_findings(session, noticed)
    latest_ms = now_ms + policy.clock_skew_ms
    session, placed = begun(state, session, command.beginning, command.evidence, latest_ms)
    puts: list[Record] = [*placed]
    pages = progress.pages
    if command.evidence:
        weighed = weigh(state, session, pages, command.evidence, policy.clock_skew_ms, now_ms)
        puts += weighed.puts
        pages = weighed.pages
        if weighed.findings:
            findings = tuple(dict.fromkeys((*session.findings, *weighed.findings)))
            session = replace(session, findings=findings)
    # What a clock ahead of ours says would hold money for time that has not passed.
    values = command.values
    for at_ms, _ in command.values:
        if at_ms > latest_ms:
            values = tuple([value for value in values if value[0] <= latest_ms])
            break
    if command.unreadable or len(values) < len(command.values):
        findings = tuple(dict.fromkeys((*session.findings, UNREADABLE)))
        session = replace(session, findings=findings)
        puts.append(kept_unreadable(session, command.payload, now_ms))
    kept_ms = _kept_ms(state, progress, values)
    advanced = advance(progress, values, command.seq, kept_ms, name, pages)
    progress = advanced.progress
    # A new meter counts from below; what else fell is found at the stop, counted on.
    if advanced.decreased and not {DECREASED, EXCHANGED}.intersection(session.findings):
        session = replace(session, findings=(*session.findings, DECREASED))
    cost_minor: int | None = None
    jobs: tuple[Job, ...] = ()
    if session.state is SessionState.ACTIVE and progress.last_ms >= progress.check_ms:
        session, progress, cost_minor, ahead = keep_ahead(
            state, session, progress, policy, command.zone, now_ms
        )
        jobs = ahead.jobs
        puts += ahead.puts
    puts.append(progress)
    if session is not before:
        puts.append(session)
    answer = Progressed(ProgressOutcome.RECORDED, session.id, cost_minor)
    return Decision(answer, tuple(puts), advanced.blocks, jobs)


def _kept_ms(state: State, before: Progress, values: Sequence[Value]) -> Container[int]:
    """The moments of which a value is kept already; looked for only where one may be among them."""
    newest_ms = before.newest_ms
    for value in values:
        if value[0] <= newest_ms:
            return {at_ms for at_ms, _ in values_of(state, before)}
    return ()


def awaited(ref: TransactionRef | None, station_id: str, transaction_id: str) -> tuple[Record, ...]:
    """What tells the start of a transaction, should it come, that messages of it were kept."""
    if ref is not None or not transaction_id:
        return ()
    return (TransactionRef(station_id, transaction_id, ""),)


def kept_unreadable(session: Session, payload: str, now_ms: int) -> Quarantined:
    """Keep a message with values nobody can read, whole: somebody may still make sense of it."""
    name = sha256(payload.encode("utf-8", "replace")).hex()
    id_ = f"{session.id}/{UNREADABLE}/{name}"
    return Quarantined(id_, session.station_id, UNREADABLE, payload, now_ms)


def _late(command: Readings, session: Session, now_ms: int) -> tuple[Record, ...]:
    """Behaviour 10: an event after Ended changes no bill. One that tells of an earlier time was
    only overtaken on its way."""
    if command.at_ms <= session.ended_ms:
        return _kept(command, "readings_without_open_session", now_ms)
    return (*_kept(command, AFTER_END, now_ms), *changed(session, noted(session, AFTER_END)))


def _kept(command: Readings, reason: str, now_ms: int) -> tuple[Record, ...]:
    digest = command.digest or sha256(command.payload.encode("utf-8", "replace")).hex()
    id_ = f"{command.station_id}/readings/{digest}"
    transaction = command.transaction_id
    return (Quarantined(id_, command.station_id, reason, command.payload, now_ms, transaction),)
