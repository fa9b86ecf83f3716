"""The ways out: a review is resolved, a hold expires, an owed session is collected."""

from __future__ import annotations

from ohmstead.core.bill import Bill
from ohmstead.core.command import HOUSE, Author
from ohmstead.core.session import PayerKind, Session, SessionEvent, SessionState, next_state
from ohmstead.core.verdict import VERDICTS_MAX, Verdict, Verdicts
from ohmstead.errors import OperatorError
from ohmstead.flows.charging import judge, payment
from ohmstead.flows.charging.funding import payer_account
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, State


class Resolve(Frozen):
    """A person's decision on a session in review or contested: pay the parties, or the payer."""

    session_id: str
    pay: bool
    author: Author = Author()


def resolve(state: State, command: Resolve, now_ms: int) -> Decision[Session]:
    """Close a dispute. Raises OperatorError when there is none to close, or no reason is given."""
    if command.author.via != HOUSE and not command.author.reason.strip():
        raise OperatorError("say why it is decided so: it is kept with the session for good")
    session = state.get(Session, command.session_id)
    if session is None:
        raise OperatorError(f"there is no session {command.session_id}")
    if session.state not in (SessionState.REVIEW, SessionState.CONTESTED):
        raise OperatorError(
            f"session {session.id} is {session.state.value}: only one in review or contested "
            "can be resolved"
        )
    bill = state.get(Bill, session.id)
    till = Till(state, session.asset, now_ms)
    if session.state is SessionState.CONTESTED:
        assert bill is not None  # it was settled once
        jobs = _contested(till, session, bill, command.pay)
    else:
        jobs = _reviewed(till, session, bill, command.pay)
    event = SessionEvent.RESOLVED_PAID if command.pay else SessionEvent.RESOLVED_REFUNDED
    if command.pay and bill is not None and bill.covered_minor == 0:
        event = SessionEvent.RESOLVED_OWED
    changed = replace(session, state=next_state(session.state, event))
    given = _given(state, session, command, now_ms)
    return Decision(changed, (changed, given, *till.puts()), jobs=jobs)


def _given(state: State, session: Session, command: Resolve, now_ms: int) -> Verdicts:
    """The decisions of a session with this one: it may be contradicted and decided again."""
    outcome = "pay" if command.pay else "refund"
    verdict = Verdict(outcome, session.state.value, now_ms, command.author)
    known = state.get(Verdicts, session.id) or Verdicts(session.id)
    return replace(known, given=(*known.given, verdict)[-VERDICTS_MAX:])


def _reviewed(till: Till, session: Session, bill: Bill | None, pay: bool) -> tuple[Job, ...]:
    pending = till.transfer(f"{session.id}/dispute")
    if pay and (bill is None or bill.total_minor == 0):
        raise OperatorError(f"session {session.id} has no price: resolve it as refunded")
    if pending is None:
        asks = payment.owes(till, session, bill) if pay and bill else None
        till.must_move(payment.forgives(till, session) if asks is None else asks)
        return payment.release_job(session, 0)
    batch = [till.resolve(f"{session.id}/dispute/closed", pending.id, None)]
    if pay:
        assert bill is not None
        batch += payment.owes(till, session, bill)
        till.must_move([*batch, *payment.pays(till, session, bill)])
        return payment.release_job(session, bill.covered_minor)
    account = payer_account(session.payer_kind, session.payer, session.lock_id)
    escrow = f"escrow:{session.id}"
    back = till.post(f"{session.id}/refund", escrow, account, pending.amount, session.id)
    till.must_move([*batch, back])
    return payment.release_job(session, 0)


def _contested(till: Till, session: Session, bill: Bill, pay: bool) -> tuple[Job, ...]:
    frozen = [payment.freeze_id(till, session, payee) for payee, _ in bill.parts]
    batch = [till.resolve(f"{id_}/closed", id_, None) for id_ in frozen]
    if pay:
        till.must_move(batch)
        return ()
    # The lock of a walk-up wallet was released at the first stop; its money comes back as a
    # deposit of that wallet, because a lock ends exactly once.
    back_to = f"payer:{session.payer}"
    escrow = f"escrow:{session.id}"
    for payee, minor in bill.parts:
        id_ = f"{session.id}/unpay/{payee}"
        batch.append(till.post(id_, f"payee:{payee}", escrow, minor, session.id))
    batch.append(till.post(f"{session.id}/refund", escrow, back_to, bill.covered_minor, session.id))
    till.must_move([*batch, *payment.forgives(till, session)])
    return ()


class Expire(Frozen):
    """The hold of a session that is still open may be over."""

    session_id: str


def expire(state: State, command: Expire, now_ms: int) -> Decision[bool]:
    """Void a hold whose time is over; answers whether it was."""
    session = state.get(Session, command.session_id)
    if session is None:
        return Decision(False)
    till = Till(state, session.asset, now_ms)
    changed = payment.expire_if_due(till, session, now_ms)
    if changed == session:
        return Decision(False)
    return Decision(True, (changed, *till.puts()))


class Collect(Frozen):
    """A payer that owes a session may have money again."""

    session_id: str


def collect(state: State, command: Collect, now_ms: int) -> Decision[bool]:
    """Pay an owed session from its payer's deposit when all of it is there."""
    session = state.get(Session, command.session_id)
    bill = state.get(Bill, command.session_id)
    if session is None or bill is None or session.state is not SessionState.OWED:
        return Decision(False)
    till = Till(state, session.asset, now_ms)
    payer = payer_account(PayerKind.PREPAID, session.payer, "")
    amount = bill.total_minor
    if not session.payer or till.available(payer) < amount:
        return Decision(False)
    paid = replace(bill, covered_minor=amount, parts=judge.parts_of(session.shares, amount))
    receivable, escrow = f"receivable:{session.payer}", f"escrow:{session.id}"
    till.must_move(
        [
            till.post(f"{session.id}/collect", payer, receivable, amount, session.id),
            till.post(f"{session.id}/collected", payment.UNCOLLECTED, escrow, amount, session.id),
            *payment.pays(till, session, paid),
        ]
    )
    changed = replace(session, state=next_state(session.state, SessionEvent.COLLECTED))
    return Decision(True, (changed, paid, *till.puts()))
