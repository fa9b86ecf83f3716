"""A transaction begins: find who pays, hold the most it may cost, and remember what was agreed.

A start that arrives twice answers the same and holds once. A start that cannot be paid for is
recorded all the same, because the station may already be delivering.
"""

from __future__ import annotations

from ohmstead.core.network import (
    Counter,
    NetworkPolicy,
    SeenMessage,
    Station,
    TransactionRef,
)
from ohmstead.core.progress import Progress
from ohmstead.core.session import OPEN_STATES, PayerKind, Session, SessionState
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.funding import (
    Authorisation,
    find_funding,
    policy_of,
)
from ohmstead.flows.charging.holding import Started, claimed_lock, hold
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen
from ohmstead.ports import Decision, Record, State

TRANSACTION_ID_MAX = 2**31 - 1  # OCPP 1.6 transactionId is an integer; stations keep 32 bits
OPEN_PER_STATION_MAX = 64
TRANSACTION_COUNTER = "transaction"


class Start(Frozen):
    """A StartTransaction, or a TransactionEvent that begins a transaction."""

    fresh_session_id: str  # used only when the start is new; random, therefore made outside
    station_id: str
    evse_id: int
    protocol: str
    transaction_id: str  # the station's; empty for OCPP 1.6, where the CSMS gives one
    id_token: str
    at_ms: int  # the event's own time (behaviour 11: an offline event keeps it)
    begin_mwh: int | None
    offline: bool
    seen_id: str  # what makes this message the same message
    digest: str  # of its content
    seq: int = -1


def start(state: State, command: Start, now_ms: int) -> Decision[Started]:
    """Open a session and hold its money, once, whatever the number of arrivals."""
    seen = state.get(SeenMessage, command.seen_id)
    if seen is not None:
        return Decision(_answer_again(state, seen, command))
    if command.transaction_id:
        ref = state.get(TransactionRef, f"{command.station_id}/{command.transaction_id}")
        if ref is not None:  # seqNo restarted, or an event came before this one
            other = SeenMessage("", ref.session_id, "")
            return Decision(_answer_again(state, other, command))
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
        puts.append(Counter(TRANSACTION_COUNTER, number))
        transaction_id = str(number)
    session = _session(state, command, transaction_id, station, policy, now_ms)
    if token is not None and funding.may_owe:
        session, held = hold(till, policy, session, token, amount, now_ms)
        authorisation = authorisation if held or not amount else Authorisation.NO_CREDIT
    puts += claimed_lock(state, session)
    puts += (
        session,
        Progress(session.id, command.begin_mwh, session.started_ms, command.seq),
        TransactionRef(command.station_id, transaction_id, session.id),
        SeenMessage(command.seen_id, session.id, command.digest),
        *till.puts(),
    )
    return Decision(Started(session.id, transaction_id, authorisation), tuple(puts))


def _answer_again(state: State, seen: SeenMessage, command: Start) -> Started:
    session = state.get(Session, seen.session_id)
    assert session is not None  # written in the same commit as the SeenMessage
    # A station that uses a transaction's id again must not charge on the money of the one before.
    over = session.state not in OPEN_STATES and seen.digest != command.digest
    funded = session.holds > 0 and not over
    token = Authorisation.ACCEPTED if funded else Authorisation.INVALID
    return Started(session.id, session.transaction_id, token)


def _session(
    state: State,
    command: Start,
    transaction_id: str,
    station: Station,
    policy: NetworkPolicy,
    now_ms: int,
) -> Session:
    evse = station.evse(command.evse_id)
    findings = [] if evse is not None else ["unknown_evse"]
    late = now_ms - command.at_ms > policy.clock_skew_ms
    ahead = command.at_ms - now_ms > policy.clock_skew_ms
    if ahead:
        findings.append("clock_skew")
    if now_ms - command.at_ms > policy.session_max_ms + policy.offline_window_ms:
        findings.append("start_too_old")  # later than any station may deliver what it recorded
    open_here = state.find(
        Session, OPEN_PER_STATION_MAX, station_id=station.id, state=SessionState.ACTIVE.value
    )
    if any(other.evse_id == command.evse_id for other in open_here):
        findings.append("evse_already_in_session")
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
