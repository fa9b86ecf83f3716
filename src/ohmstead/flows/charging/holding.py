"""Holding the money of a session: at its start, or when an id_token is presented later."""

from __future__ import annotations

from ohmstead.core.ledger import Status
from ohmstead.core.network import IdToken, NetworkPolicy, TransactionRef
from ohmstead.core.onchain import Lock
from ohmstead.core.session import Session, SessionEvent, SessionState, next_state
from ohmstead.flows.charging.funding import (
    Authorisation,
    find_funding,
    payer_account,
    policy_of,
)
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State


class Started(Frozen):
    """The answer: which session and transaction this is, and whether it may charge."""

    session_id: str
    transaction_id: str
    authorisation: Authorisation
    earlier: bool = False  # messages of its transaction may have been kept before it began


class Fund(Frozen):
    """An id_token presented after a transaction began (OCPP 2: cable first, card second)."""

    station_id: str
    transaction_id: str
    id_token: str


def fund(state: State, command: Fund, now_ms: int) -> Decision[Started]:
    """Hold money for a session that began without any; harmless for one that has it."""
    ref = state.get(TransactionRef, f"{command.station_id}/{command.transaction_id}")
    if ref is None or not ref.session_id:
        return Decision(Started("", command.transaction_id, Authorisation.INVALID))
    session = state.get(Session, ref.session_id)
    assert session is not None  # written in the same commit as the TransactionRef
    if session.id_token and session.id_token.casefold() != command.id_token.casefold():
        funding = find_funding(
            state, Till(state, session.asset, now_ms), policy_of(state), command.id_token, now_ms
        )
        return Decision(Started(session.id, session.transaction_id, funding.authorisation))
    if session.state is not SessionState.UNFUNDED:
        return Decision(Started(session.id, session.transaction_id, Authorisation.ACCEPTED))
    policy = policy_of(state)
    till = Till(state, session.asset, now_ms)
    funding = find_funding(state, till, policy, command.id_token, now_ms)
    session = replace(session, id_token=command.id_token)
    if funding.token is not None and funding.may_owe:
        session, _ = hold(till, policy, session, funding.token, funding.amount_minor, now_ms)
    answer = Started(session.id, session.transaction_id, funding.authorisation)
    return Decision(answer, (session, *claimed_lock(state, session), *till.puts()))


def hold(
    till: Till,
    policy: NetworkPolicy,
    session: Session,
    token: IdToken,
    amount_minor: int,
    now_ms: int,
) -> tuple[Session, bool]:
    """Hold for ``session``, which then knows its payer even when nothing could be held: whoever
    charges without a hold owes it. A lock is the session's only when it holds it: another session
    may be spending it. Nothing was held for ``session`` before: it is UNFUNDED."""
    session = replace(session, payer=token.payer, payer_kind=token.payer_kind)
    account = payer_account(token.payer_kind, token.payer, token.lock_id)
    expires_ms = now_ms + policy.session_max_ms + policy.offline_window_ms
    hold = till.pend(
        f"{session.id}/hold/1",
        account,
        f"escrow:{session.id}",
        amount_minor,
        expires_ms,
        session.id,
    )
    if not amount_minor:
        return session, False
    state = next_state(session.state, SessionEvent.FUNDED)
    till.absent(f"escrow:{session.id}")
    if till.move([hold], is_new=True) is not Status.CREATED:
        return session, False
    held = replace(
        session,
        state=state,
        hold_minor=amount_minor,
        holds=1,
        hold_expires_ms=expires_ms,
        lock_id=token.lock_id,
    )
    return held, True


def claimed_lock(state: State, session: Session) -> tuple[Record, ...]:
    """A lock remembers its session, so that whatever ends it on chain finds it."""
    lock = state.get(Lock, session.lock_id) if session.lock_id and session.holds else None
    return (replace(lock, session_id=session.id),) if lock is not None else ()
