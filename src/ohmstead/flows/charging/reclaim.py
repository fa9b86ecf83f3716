"""A wallet took its lock back: what the ledger had promised of that money returns to the lock.

Whatever state the session is in, the chain's event has to be bookable: the mirror stops at the
first one that is not, and with it every payment of the network.
"""

from __future__ import annotations

from ohmstead.core.bill import Bill
from ohmstead.core.session import Session, SessionEvent, SessionState, next_state
from ohmstead.errors import LocalProtocolError
from ohmstead.flows.charging import payment
from ohmstead.flows.money import Till


def take_back(till: Till, session: Session, bill: Bill | None) -> SessionState:
    """A wallet took its lock back before we could release it: the chain has the last word.

    What payees were promised of it returns, and stays visible as a receivable of the wallet.
    Returns the session's state; raises LocalProtocolError where the lock's money is not promised.
    """
    if session.state is SessionState.REFUNDED and bill is not None:
        return _take_back_deposit(till, session, bill.covered_minor)
    escrow, batch = f"escrow:{session.id}", []
    disputed = till.transfer(f"{session.id}/dispute")
    if session.state is SessionState.REVIEW and disputed is not None:
        amount = disputed.amount
        batch.append(till.resolve(f"{session.id}/dispute/closed", disputed.id, None))
    elif bill is not None and session.state in (SessionState.SETTLED, SessionState.CONTESTED):
        amount = bill.covered_minor
        for payee, minor in bill.parts:
            if session.state is SessionState.CONTESTED:
                frozen = payment.freeze_id(till, session, payee)
                batch.append(till.resolve(f"{frozen}/closed", frozen, None))
            id_ = f"{session.id}/unpay/{payee}"
            batch.append(till.post(id_, f"payee:{payee}", escrow, minor, session.id))
    else:
        raise LocalProtocolError(f"lock {session.lock_id} returned, and {session.id} spent it")
    lock, owed = f"payer:lock:{session.lock_id}", f"receivable:{session.payer}"
    batch.append(till.post(f"{session.id}/reclaimed", escrow, lock, amount, session.id))
    batch.append(till.post(f"{session.id}/lost", owed, payment.UNCOLLECTED, amount, session.id))
    till.must_move(batch)
    state: SessionState = session.state
    if state is SessionState.SETTLED:
        state = next_state(state, SessionEvent.STOP_CONTRADICTED)
    return next_state(state, SessionEvent.RESOLVED_REFUNDED)


def _take_back_deposit(till: Till, session: Session, amount: int) -> SessionState:
    """A contested session was refunded as a deposit, and then the lock went back whole as well."""
    lock, deposit = f"payer:lock:{session.lock_id}", f"payer:{session.payer}"
    left = min(amount, till.available(deposit))
    batch = [till.post(f"{session.id}/reclaimed", deposit, lock, left, session.id)]
    if amount > left:
        owed, id_ = f"receivable:{session.payer}", f"{session.id}/lost"
        batch.append(till.post(id_, owed, lock, amount - left, session.id))
    till.must_move(batch)
    return session.state
