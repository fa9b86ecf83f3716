"""A transaction begins: find who pays, hold the most it may cost, and remember what was agreed.

A start that arrives twice answers the same and holds once. A start that cannot be paid for is
recorded all the same, because the station may already be delivering.
"""

from __future__ import annotations

from ohmstead.core.network import (
    Counter,
    NetworkPolicy,
    Quarantined,
    SeenMessage,
    Station,
    TransactionRef,
)
from ohmstead.core.progress import Progress, named
from ohmstead.core.session import OPEN_STATES, PayerKind, Session, SessionState
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.begin import BUSY_EVSE, UNKNOWN_EVSE, evse_head
from ohmstead.flows.charging.forgiven import judged
from ohmstead.flows.charging.funding import Authorisation, find_funding, policy_of
from ohmstead.flows.charging.holding import Started, claimed_lock, hold
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.order import (
    AFTER_END,
    RESTARTED,
    REUSED,
    changed,
    noted,
    restarts,
)
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen
from ohmstead.ports import Decision, Record, State

TRANSACTION_ID_MAX = 2**31 - 1  # OCPP 1.6 transactionId is an integer; stations keep 32 bits
TRANSACTION_COUNTER = "transaction"


class Start(Frozen):
    """A StartTransaction, or a TransactionEvent that begins a transaction."""

    fresh_session_id: str  # used only when the start is new; random, therefore made outside
    station_id: str
    evse_id: int  # 0: not known yet, of a transaction that begins before its cable is in
    protocol: str
    transaction_id: str  # the station's; empty for OCPP 1.6, where the CSMS gives one
    id_token: str
    at_ms: int  # the event's own time (behaviour 11: an offline event keeps it)
    begin_mwh: int | None
    offline: bool
    seen_id: str  # what makes this message the same message
    digest: str  # of its content
    seq: int = -1
    payload: str = ""  # as received, for the quarantine
    findings: tuple[str, ...] = ()  # what was forgiven in it


def start(state: State, command: Start, now_ms: int) -> Decision[Started]:
    """Open a session and hold its money, once, whatever the number of arrivals."""
    name = f"{command.station_id}/{command.transaction_id}"
    ref = state.get(TransactionRef, name) if command.transaction_id else None
    again = _answer_again(state, command, ref, now_ms)
    if again is not None:
        return again
    policy = policy_of(state)
    station = state.get(Station, command.station_id)
    if station is None:
        raise OperatorError(f"station {command.station_id} is not registered; add it first")
    till = Till(state, policy.asset, now_ms)
    funding = find_funding(state, till, policy, command.id_token, now_ms)
    authorisation, token, amount = funding.authorisation, funding.token, funding.amount_minor
    puts: list[Record] = []
    transaction_id = command.transaction_id
    if not transaction_id:
        counter = state.get(Counter, TRANSACTION_COUNTER) or Counter(TRANSACTION_COUNTER, 0)
        number = counter.value % TRANSACTION_ID_MAX + 1
        while state.get(TransactionRef, f"{station.id}/{number}") is not None:
            number = number % TRANSACTION_ID_MAX + 1  # they began again at 1: one is a session's
        puts.append(Counter(TRANSACTION_COUNTER, number))
        transaction_id = str(number)
    is_free = True
    if command.evse_id:
        ours = command.fresh_session_id
        head, is_free = evse_head(state, station.id, command.evse_id, ours)
        puts.append(head)
    session = _session(command, transaction_id, station, policy, is_free, now_ms)
    if token is not None and funding.may_owe:
        session, held = hold(till, policy, session, token, amount, now_ms)
        authorisation = authorisation if held or not amount else Authorisation.NO_CREDIT
    puts += claimed_lock(state, session)
    puts += (session, *_named(session, command), *till.puts())
    answer = Started(session.id, transaction_id, authorisation, earlier=ref is not None)
    return Decision(answer, tuple(puts))


def _named(session: Session, command: Start) -> tuple[Record, ...]:
    """Its first progress, and what finds the session when its start or another message comes."""
    started_ms, seq, digest = session.started_ms, command.seq, command.digest
    if command.transaction_id:
        return (
            Progress(session.id, command.begin_mwh, started_ms, seq, seen=(named(seq, digest),)),
            TransactionRef(session.station_id, session.transaction_id, session.id, seq, digest),
        )
    return (
        Progress(session.id, command.begin_mwh, started_ms, seq),
        TransactionRef(session.station_id, session.transaction_id, session.id),
        SeenMessage(command.seen_id, session.id, digest),
    )


def _answer_again(
    state: State, command: Start, ref: TransactionRef | None, now_ms: int
) -> Decision[Started] | None:
    """The answer to a start that was heard before, None for a new one."""
    if command.transaction_id:
        if ref is None or not ref.session_id:
            return None
        # Where they differ, seqNo restarted or the id is used again.
        session_id, same = ref.session_id, (ref.seq, ref.digest) == (command.seq, command.digest)
    else:
        seen = state.get(SeenMessage, command.seen_id)
        if seen is None:
            return None
        session_id, same = seen.session_id, seen.digest == command.digest
    session = state.get(Session, session_id)
    assert session is not None  # written in the same commit as what named it
    # A station that uses a transaction's id again must not charge on the money of the one before.
    over = session.state not in OPEN_STATES and not same
    funded = session.holds > 0 and not over
    token = Authorisation.ACCEPTED if funded else Authorisation.INVALID
    answer = Started(session.id, session.transaction_id, token, earlier=ref is not None)
    return Decision(answer, () if same else _differing(state, session, command, now_ms))


def _differing(state: State, session: Session, command: Start, now_ms: int) -> tuple[Record, ...]:
    """Behaviour 10: another start of the same transaction is kept, and begins nothing."""
    if session.state not in OPEN_STATES:
        reason = AFTER_END
    elif restarts(session, progress_of(state, session), command.seq, command.at_ms):
        reason = RESTARTED
    else:
        reason = REUSED
    id_ = f"{session.id}/start/{command.digest}"
    kept = Quarantined(id_, session.station_id, reason, command.payload, now_ms)
    return (kept, *changed(session, noted(session, reason)))


def _session(
    command: Start,
    transaction_id: str,
    station: Station,
    policy: NetworkPolicy,
    is_free: bool,
    now_ms: int,
) -> Session:
    evse = station.evse(command.evse_id)
    findings = [UNKNOWN_EVSE] if command.evse_id and evse is None else []
    late = now_ms - command.at_ms > policy.clock_skew_ms
    ahead = command.at_ms - now_ms > policy.clock_skew_ms
    if ahead:
        findings.append("clock_skew")
    if now_ms - command.at_ms > policy.session_max_ms + policy.offline_window_ms:
        findings.append("start_too_old")  # later than any station may deliver what it recorded
    if not is_free:
        findings.append(BUSY_EVSE)
    findings += judged(command.findings, command.at_ms, now_ms, policy.clock_skew_ms)
    return Session(
        id=command.fresh_session_id,
        state=SessionState.UNFUNDED,
        station_id=station.id,
        evse_id=command.evse_id,
        transaction_id=transaction_id,
        protocol=command.protocol,
        id_token=command.id_token,
        payer="",
        payer_kind=PayerKind.NONE,
        tariff_key=station.tariff_key,
        asset=policy.asset,
        shares=station.shares,
        started_ms=now_ms if ahead else command.at_ms,  # nothing has begun that is yet to come
        meter_key_id=evse.meter_key_id if evse is not None else "",
        offline_start=command.offline or late,
        begin_mwh=command.begin_mwh,
        findings=tuple(findings),
    )
