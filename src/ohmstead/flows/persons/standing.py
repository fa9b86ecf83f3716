"""What stands in the way of forgetting a person now: each in one sentence that says what to do."""

from __future__ import annotations

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


def lock_blocker(lock: Lock | None) -> str:
    """Why a walk-up wallet's lock stands in the way."""
    if lock is not None and lock.state is LockState.OPEN:
        return f"lock {lock.id} is open; it ends with its session, or at its expiry"
    return ""
