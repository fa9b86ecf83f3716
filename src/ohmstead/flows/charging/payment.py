"""The money of a stop: taken and split, given back, or kept in dispute; each one linked batch.

    take       holds -> escrow:{session} -> payees, what exceeds the holds as a receivable
    give_back  every hold voided
    dispute    holds -> escrow:{session}, pending towards the dispute account
    freeze     what payees got, pending towards the dispute account

The escrow of a session closes at zero (invariant 3): in dispute it is pending whole, and
:mod:`ohmstead.flows.charging.review` closes it. While a session is open the ledger knows its holds
and nothing else of it, because it leaves that state in the commit that writes the rest: so the
first three are new by their nature, and a hold that they find resolved is still an error.
"""

from __future__ import annotations

from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Status, Transfer
from ohmstead.core.session import (
    PayerKind,
    Session,
    SessionEvent,
    SessionState,
    next_state,
)
from ohmstead.flows.money import Till
from ohmstead.frozen import replace
from ohmstead.ports import Job

UNCOLLECTED = "uncollected"
DISPUTE = "dispute"


def take(till: Till, session: Session, bill: Bill) -> tuple[Job, ...]:
    """Take the price from the holds and pay the parties; what no hold covers is owed."""
    batch = holds_posted(till, session, bill.covered_minor)
    batch += [*owes(till, session, bill), *pays(till, session, bill)]
    till.must_move(batch, is_new=True)
    return release_job(session, bill.covered_minor)


def owes(till: Till, session: Session, bill: Bill) -> list[Transfer]:
    """What no hold covers becomes a receivable: the host never silently loses."""
    excess = bill.total_minor - bill.covered_minor
    if not excess or till.transfer(f"{session.id}/owed") is not None:
        return []
    escrow, owed = f"escrow:{session.id}", f"receivable:{session.payer or 'nobody'}"
    return [
        till.post(f"{session.id}/owed", owed, escrow, excess, session.id),
        till.post(f"{session.id}/uncollected", escrow, UNCOLLECTED, excess, session.id),
    ]


def forgives(till: Till, session: Session) -> list[Transfer]:
    """A session that is refunded is owed by nobody any more."""
    owed = till.transfer(f"{session.id}/owed")
    if owed is None or till.transfer(f"{session.id}/collected") is not None:
        return []
    debtor, id_ = owed.debit.partition("@")[0], f"{session.id}/forgiven"
    return [till.post(id_, UNCOLLECTED, debtor, owed.amount, session.id)]


def give_back(till: Till, session: Session) -> tuple[Job, ...]:
    """Void every hold: nothing was delivered."""
    if session.holds:
        till.must_move(
            [
                till.resolve(f"{session.id}/release/{n}", f"{session.id}/hold/{n}", None)
                for n in range(1, session.holds + 1)
            ],
            is_new=True,
        )
    return release_job(session, 0)


def dispute(till: Till, session: Session, bill: Bill | None) -> None:
    """Set the price aside; the whole hold where there is no price. Locks stay locked."""
    amount = session.hold_minor if bill is None else bill.covered_minor
    if not session.holds:
        return
    batch = holds_posted(till, session, amount)
    if amount:
        batch.append(
            till.pend(
                f"{session.id}/dispute",
                f"escrow:{session.id}",
                DISPUTE,
                amount,
                session=session.id,
            )
        )
    till.must_move(batch, is_new=True)


def freeze(till: Till, session: Session, bill: Bill | None, after: SessionState) -> None:
    """Reserve what payees got from a session that was contradicted before it was anchored."""
    if bill is None or session.state is not SessionState.SETTLED:
        return
    if after is not SessionState.CONTESTED:
        return
    for payee, minor in bill.parts:
        id_ = freeze_id(till, session, payee)
        till.must_move([till.pend(id_, f"payee:{payee}", DISPUTE, minor, session=session.id)])


def freeze_id(till: Till, session: Session, payee: str) -> str:
    """The open freeze of a payee's part, or the next: a resolved one can be contradicted again."""
    id_, number = f"{session.id}/freeze/{payee}", 1
    while till.resolution(id_) is not None:
        number += 1
        id_ = f"{session.id}/freeze/{payee}/{number}"
    return id_


def expire_if_due(till: Till, session: Session, now_ms: int) -> Session:
    """Void holds whose time is over; the delivery is then owed, not given away."""
    if session.state is not SessionState.ACTIVE or now_ms < session.hold_expires_ms:
        return session
    till.must_move(
        [
            till.resolve(f"{session.id}/expired/{n}", f"{session.id}/hold/{n}", None)
            for n in range(1, session.holds + 1)
        ]
    )
    state = next_state(session.state, SessionEvent.HOLD_EXPIRED)
    return replace(
        session,
        state=state,
        hold_minor=0,
        holds=0,
        findings=(*session.findings, "hold_expired"),
    )


def raise_hold(till: Till, session: Session, account: str, amount_minor: int) -> Session | None:
    """Hold ``amount_minor`` more for a running session, or None when the payer has not got it."""
    number = session.holds + 1
    hold = till.pend(
        f"{session.id}/hold/{number}",
        account,
        f"escrow:{session.id}",
        amount_minor,
        session.hold_expires_ms,
        session.id,
    )
    if amount_minor <= 0 or till.move([hold]) is not Status.CREATED:
        return None
    return replace(session, holds=number, hold_minor=session.hold_minor + amount_minor)


def holds_posted(till: Till, session: Session, amount_minor: int) -> list[Transfer]:
    """Post ``amount_minor`` out of a session's holds, oldest first; the rest returns by itself."""
    batch: list[Transfer] = []
    left = amount_minor
    for number in range(1, session.holds + 1):
        hold_id = f"{session.id}/hold/{number}"
        hold = till.transfer(hold_id)
        assert hold is not None
        part = min(left, hold.amount)
        left -= part
        batch.append(till.resolve(f"{session.id}/take/{number}", hold_id, part or None))
    assert left == 0  # nobody asks for more than is held
    return batch


def pays(till: Till, session: Session, bill: Bill) -> list[Transfer]:
    """One transfer from the session's escrow to each payee."""
    escrow = f"escrow:{session.id}"
    return [
        till.post(f"{session.id}/pay/{payee}", escrow, f"payee:{payee}", minor, session.id)
        for payee, minor in bill.parts
    ]


def release_job(session: Session, cost_minor: int) -> tuple[Job, ...]:
    """Tell the chain how a walk-up wallet's lock ends; an account holder's money is netted."""
    if session.payer_kind is not PayerKind.WALLET_LOCK or not session.lock_id:
        return ()
    kind = "release_lock" if cost_minor else "refund_lock"
    payload = {"lock": session.lock_id, "cost": str(cost_minor)}
    return (Job(f"{session.id}/{kind}", f"lock:{session.lock_id}", kind, payload),)
