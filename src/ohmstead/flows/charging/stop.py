"""A transaction ends: it is always recorded, and paid once.

"A station's stop is always recorded and always answered: it reports something that has already
happened; doubt moves the money to a dispute account, it never loses the record."
"""

from __future__ import annotations

import enum
from datetime import tzinfo

from ohmstead.core.bill import Bill
from ohmstead.core.network import NetworkPolicy, Quarantined, SeenMessage, TransactionRef
from ohmstead.core.session import OPEN_STATES, Session, SessionEvent, next_state
from ohmstead.core.tariff import Tariff
from ohmstead.errors import LocalProtocolError
from ohmstead.flows.charging import judge, payment
from ohmstead.flows.charging.begin import Beginning, begun
from ohmstead.flows.charging.delivery import Ending, delivery
from ohmstead.flows.charging.doubts import BEGIN_MISSING, lacking, unapproved
from ohmstead.flows.charging.evidence import Evidence, weigh
from ohmstead.flows.charging.forgiven import judged, with_findings
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.progress import UNREADABLE, awaited, kept_unreadable
from ohmstead.flows.charging.proof import head_after
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, Record, State


class StopOutcome(enum.Enum):
    """What became of a stop, in the order it is decided; the station is answered either way."""

    QUARANTINED = "quarantined"  # no such transaction of this station
    EXISTS = "exists"  # the same stop again
    CONTRADICTED = "contradicted"  # another stop of an ended session
    RECORDED = "recorded"


class Stop(Frozen):
    """A StopTransaction, or a TransactionEvent that ends one. ``zone`` is the station's."""

    station_id: str
    transaction_id: str
    at_ms: int
    end_mwh: int | None
    evidence: tuple[Evidence, ...]
    driver_approved: bool  # its driver, or the car, ended it
    seen_id: str  # kept where the station does not number its messages; may be empty
    digest: str  # over registers, times and records: what the stop says, whoever repeats it
    payload: str  # as received, for the quarantine
    zone: tzinfo
    seq: int = -1
    findings: tuple[str, ...] = ()  # what the handler noticed: seq_gap, what was forgiven in it
    unreadable: tuple[str, ...] = ()  # values that are no bounded number, each with its reason
    beginning: Beginning = Beginning()
    is_unused: bool = False  # ended because no car came


class Stopped(Frozen):
    """The answer; ``session_id`` is empty when the stop belongs to no session."""

    outcome: StopOutcome
    session_id: str = ""


def stop(state: State, command: Stop, now_ms: int) -> Decision[Stopped]:
    """End a session and move its money in the same commit."""
    ref = state.get(TransactionRef, f"{command.station_id}/{command.transaction_id}")
    if ref is None or not ref.session_id:
        return _quarantine(command, ref, now_ms)
    session = state.get(Session, ref.session_id)
    assert session is not None  # written in the same commit as the TransactionRef
    if session.state not in OPEN_STATES:
        return _again(state, session, command, now_ms)
    policy = policy_of(state)
    progress = progress_of(state, session)
    latest_ms = now_ms + policy.clock_skew_ms
    session, placed = begun(state, session, command.beginning, command.evidence, latest_ms)
    weighed = weigh(
        *(state, session, progress.pages, command.evidence),
        *(policy.clock_skew_ms, now_ms, command.at_ms),
    )
    unreadable = (UNREADABLE,) if command.unreadable else ()
    noticed = judged(command.findings, command.at_ms, now_ms, policy.clock_skew_ms)
    session = with_findings(session, (*weighed.findings, *noticed, *unreadable))
    puts = (*placed, *weighed.puts)
    if weighed.fresh:
        progress = replace(progress, pages=weighed.pages)
        puts = (*puts, progress)
    ending = Ending(progress, weighed.fresh, command.end_mwh, command.at_ms)
    settled = _settle(state, session, command, ending, policy, now_ms)
    return Decision(settled.answer, (*puts, *settled.puts), jobs=settled.jobs)


def _settle(
    state: State,
    session: Session,
    command: Stop,
    ending: Ending,
    policy: NetworkPolicy,
    now_ms: int,
) -> Decision[Stopped]:
    till = Till(state, session.asset, now_ms)
    session = payment.expire_if_due(till, session, now_ms)
    delivered = delivery(state, session, ending, policy, now_ms)
    is_unproven = delivered.tier == "none"
    doubts: tuple[str, ...] = ()
    if is_unproven:
        doubts = lacking(session, ending.progress, command.end_mwh, command.is_unused)
    tariff = state.get(Tariff, session.tariff_key)
    bill: Bill | None = None
    if tariff is None:
        doubts = (*doubts, "no_tariff")
    if tariff is not None and BEGIN_MISSING not in doubts:
        try:
            bill = judge.bill(session, tariff, delivered, session.hold_minor, command.zone)
            if not judge.covers(tariff, bill, command.zone):
                doubts = (*doubts, "tariff_not_covering")
        except ValueError:
            doubts = (*doubts, "not_priceable")
    if is_unproven:
        doubts = (*doubts, *unapproved(session, bill, command.driver_approved))
    doubtful = delivered.doubtful or bool(doubts)
    jobs: tuple[Job, ...] = ()
    if doubtful:
        event = SessionEvent.STOP_DOUBTFUL
        payment.dispute(till, session, bill)
    elif bill is None or bill.total_minor == 0:
        event = SessionEvent.STOP_EMPTY
        jobs = payment.give_back(till, session)
    else:
        event = SessionEvent.STOP_CLEAR
        jobs = payment.take(till, session, bill)
    session = replace(
        session,
        state=next_state(session.state, event),
        ended_ms=command.at_ms,
        evidence=command.digest,
        findings=(*delivered.findings, *doubts),
        begin_page=delivered.begin_page,
        begin_entry=delivered.begin.entry,
        end_page=delivered.end_page,
        end_entry=delivered.end.entry,
    )
    puts: list[Record] = [session, *till.puts()]
    if bill is not None:
        puts.append(bill)
    if event is not SessionEvent.STOP_DOUBTFUL:
        puts += head_after(delivered.head, session, delivered.begin, delivered.end)
    if command.unreadable:
        puts.append(kept_unreadable(session, command.payload, now_ms))
    if command.seen_id and command.seq < 0:
        puts.append(SeenMessage(command.seen_id, session.id, command.digest))
    return Decision(Stopped(StopOutcome.RECORDED, session.id), tuple(puts), jobs=jobs)


def _again(state: State, session: Session, command: Stop, now_ms: int) -> Decision[Stopped]:
    if session.evidence == command.digest:
        return Decision(Stopped(StopOutcome.EXISTS, session.id))
    kept = Quarantined(
        f"{session.id}/stop/{command.digest}",
        session.station_id,
        "contradicting_stop" if session.evidence else "late_stop",
        command.payload,
        now_ms,
    )
    if state.get(Quarantined, kept.key) is not None:
        return Decision(Stopped(StopOutcome.CONTRADICTED, session.id))
    till = Till(state, session.asset, now_ms)
    if session.epoch:
        # Its money is under a root already; what is left is to say so and to recover it later.
        finding = "contradicted_after_anchor"
        after = session.state
    else:
        finding = kept.reason
        try:
            after = next_state(session.state, SessionEvent.STOP_CONTRADICTED)
        except LocalProtocolError:
            after = session.state
        payment.freeze(till, session, state.get(Bill, session.id), after)
    findings = tuple(dict.fromkeys((*session.findings, finding)))
    changed = replace(session, state=after, findings=findings)
    return Decision(Stopped(StopOutcome.CONTRADICTED, session.id), (changed, kept, *till.puts()))


def _quarantine(command: Stop, ref: TransactionRef | None, now_ms: int) -> Decision[Stopped]:
    # Behaviour 6: accepted, kept, and never the stop of another's transaction.
    kept = Quarantined(
        f"{command.station_id}/stop/{command.digest}",
        command.station_id,
        "unknown_transaction",
        command.payload,
        now_ms,
        command.transaction_id,
    )
    puts = (kept, *awaited(ref, command.station_id, command.transaction_id))
    return Decision(Stopped(StopOutcome.QUARANTINED), puts)
