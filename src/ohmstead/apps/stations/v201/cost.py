"""What a session costs, as a station shows it: in its currency, with its decimals."""

from __future__ import annotations

from decimal import Decimal

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.bill import Bill
from ohmstead.core.session import Session, SessionState

_FINAL = frozenset({SessionState.SETTLED, SessionState.OWED, SessionState.VOID})


def in_currency(peer: StationPeer, amount_minor: int) -> Decimal:
    """An amount as OCPP's totalCost."""
    return Decimal(amount_minor).scaleb(-peer.services.asset_scale)


def final_cost(peer: StationPeer, session_id: str) -> Decimal | None:
    """2.0.1 I03: what an ended session cost; None while a person has to decide it."""
    store = peer.services.store
    session = store.get(Session, session_id) if session_id else None
    if session is None or session.state not in _FINAL:
        return None
    bill = store.get(Bill, session_id)
    return in_currency(peer, bill.total_minor if bill is not None else 0)
