"""What stands in the way of forgetting a person now: each in one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.core.ledger import Account
from ohmstead.core.onchain import Lock, LockState
from ohmstead.core.person import Names
from ohmstead.core.reservation import OPEN, Reservation
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.ports import Record

_OWED = SessionState.OWED
_DOUBT = frozenset({SessionState.REVIEW, SessionState.CONTESTED})


def blocker_of(record: Record, names: Names) -> str:
    """Why this record keeps its person from being forgotten, "" where it does not."""
    if isinstance(record, Session):
        if not is_of(record.id_token, record.payer, names):
            return ""
        if record.state in OPEN_STATES:
            return f"session {record.id} is under way at station {record.station_id}"
        if record.state is _OWED and record.payer:  # what nobody owes is never collected
            return f"session {record.id} is owed; collect it first"
        if record.state in _DOUBT:
            return f"session {record.id} is in {record.state.value}; decide it first"
    if isinstance(record, Reservation) and is_of(record.id_token, record.payer, names):
        return f"reservation {record.number} is open; cancel it" if record.state in OPEN else ""
    return ""


def is_of(id_token: str, payer: str, names: Names) -> bool:
    """Whether a record of an id_token and its payer is the person's."""
    return id_token.casefold() in names.uids or payer in names.addresses


def money_of(accounts: Iterable[Account]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What payers have here, and what they owe, as sentences."""
    balances, debts = [], []
    for account in accounts:
        if account.id.startswith("receivable:"):
            if account.available < 0:
                debts.append(f"{account.id} owes {-account.available} minor units; collect it")
        elif account.debits_pending:
            balances.append(f"{account.debits_pending} minor units of {account.id} are held")
        elif account.available > 0:
            balances.append(
                f"{account.available} minor units of {account.id} are left; pay them back, or "
                "say that they stay (leave_balance)"
            )
    return tuple(balances), tuple(debts)


def lock_blocker(lock: Lock | None) -> str:
    """Why a walk-up wallet's lock stands in the way."""
    if lock is not None and lock.state is LockState.OPEN:
        return f"lock {lock.id} is open; it ends with its session, or at its expiry"
    return ""
