"""Reads what the house's books say of a session: for checks, which hold it against expectations."""

from __future__ import annotations

from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account, Resolution, Transfer
from ohmstead.core.session import Session
from ohmstead.errors import OperatorError
from ohmstead.ports import Store

TRANSFERS_MAX = 1_000  # of one session
ALL_MAX = 1_000_000


class Books:
    """Committed records of one store; all amounts are minor units of one asset."""

    def __init__(self, store: Store, asset_code: str) -> None:
        self._store = store
        self._asset = asset_code

    def session(self, session_id: str) -> Session:
        """Return a session; raises OperatorError."""
        session = self._store.get(Session, session_id)
        if session is None:
            raise OperatorError(f"there is no session {session_id}")
        return session

    def sessions(self) -> list[Session]:
        """Return all sessions."""
        return self._store.find(Session, ALL_MAX)

    def bill(self, session_id: str) -> Bill | None:
        """Return the bill of a session, None where its readings made none."""
        return self._store.get(Bill, session_id)

    def balance(self, name: str) -> int:
        """Return what an account may still spend, 0 where there is none."""
        account = self._account(name)
        return account.available if account else 0

    def receivable(self, payer: str) -> int:
        """Return what a payer owes."""
        return -self.balance(f"receivable:{payer}")

    def escrow_is_closed(self, session_id: str) -> bool:
        """Whether nothing is left in a session's escrow, or there never was one."""
        account = self._account(f"escrow:{session_id}")
        return account is None or account.is_closed

    def paid(self, session_id: str) -> dict[str, int]:
        """Return what each payee got from a session; a payee paid twice shows twice as much."""
        found: dict[str, int] = {}
        for transfer in self._transfers(session_id):
            if transfer.code == "pay":
                payee = transfer.credit.removeprefix("payee:").partition("@")[0]
                found[payee] = found.get(payee, 0) + transfer.amount
        return found

    def takes(self, session_id: str) -> int:
        """Return what was taken from a session's holds."""
        return sum(t.amount for t in self._transfers(session_id) if t.code == "take")

    def disputed(self, session_id: str) -> int:
        """Return what of a session waits on the dispute account."""
        return self._pending(f"{session_id}/dispute")

    def frozen(self, session_id: str) -> dict[str, int]:
        """Return what payees got from a session and may not spend until a person has decided."""
        waiting = {
            transfer.debit.removeprefix("payee:").partition("@")[0]: self._pending(transfer.id)
            for transfer in self._transfers(session_id)
            if transfer.code == "freeze" and transfer.pending_id is None
        }
        return {payee: minor for payee, minor in waiting.items() if minor}

    def _account(self, name: str) -> Account | None:
        return self._store.get(Account, f"{name}@{self._asset}")

    def _transfers(self, session_id: str) -> list[Transfer]:
        own = f"{session_id}/"  # ids follow from what they are about
        found = self._store.find(Transfer, TRANSFERS_MAX, after=own)
        return [transfer for transfer in found if transfer.id.startswith(own)]

    def _pending(self, transfer_id: str) -> int:
        transfer = self._store.get(Transfer, transfer_id)
        if transfer is None or self._store.get(Resolution, transfer_id) is not None:
            return 0
        return transfer.amount
