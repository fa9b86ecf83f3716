"""``GET /stations/{id}/quarantine``: what a station said that no session's record holds."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, cursor_after, key_before
from ohmstead.apps.api.problems import not_found
from ohmstead.core.access import Scope
from ohmstead.core.network import Quarantined, Station, TransactionRef
from ohmstead.core.session import Session
from ohmstead.ports import Store

SEES = scopes(Scope.HOST)
PAGE_CHARACTERS_MAX = 1 << 20  # of payloads; a page ends with the last that fits
CHUNK = 20  # records read at once: each may be as long as a frame
# By which member a message is known that was kept without the name of its action.
_KNOWN_BY = {
    "eventType": "TransactionEvent",
    "meterStop": "StopTransaction",
    "meterStart": "StartTransaction",
    "meterValue": "MeterValues",
}


class QuarantinedView(shapes.View, frozen=True):
    """A message as it came (``payload``), or the base64 of a signed record, whose ``action`` is
    None. ``reason`` is why it was kept, ``refusal`` what its CALLERROR said, if it had one;
    ``session`` is the one that it is about, as far as that is known."""

    id: str
    received: str | None
    action: str | None
    reason: str
    refusal: str | None
    transaction: str | None
    session: str | None
    payload: str


@get("/stations/{station_id:str}/quarantine", opt=SEES)
async def list_quarantine(
    house: TheHouse, station_id: FromPath[str], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """What was kept of a station besides its sessions: stops of transactions nobody knows, what
    could not be read, what contradicts what was settled, records that prove nothing. A page whose
    payloads are long has fewer items than ``limit``."""
    store, after = house.store, key_before(cursor)
    shown, more = _read(store, station_id, limit, after)
    if not shown and not after and store.get(Station, station_id) is None:
        raise not_found(f"station {station_id}")
    return shapes.Page(
        items=[_view(store, one) for one in shown],
        next=cursor_after(shown[-1].key) if more else None,
    )


def _read(store: Store, station_id: str, limit: int, after: str) -> tuple[list[Quarantined], bool]:
    """Records after a key, as many as fit a page, and whether there are more."""
    shown: list[Quarantined] = []
    characters = 0
    while True:
        found = store.find(Quarantined, CHUNK, after, station_id=station_id)
        for one in found:
            characters += len(one.payload)
            if len(shown) == limit or (shown and characters > PAGE_CHARACTERS_MAX):
                return shown, True
            shown.append(one)
        if len(found) < CHUNK:
            return shown, False
        after = found[-1].key


def _view(store: Store, one: Quarantined) -> QuarantinedView:
    return QuarantinedView(
        id=one.id,
        received=views.moment(one.received_ms),
        action=one.action or _action_of(one.payload),
        reason=one.reason,
        refusal=one.refusal or None,
        transaction=one.transaction_id or None,
        session=_session_of(store, one),
        payload=one.payload,
    )


def _action_of(payload: str) -> str | None:
    try:
        members: Any = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict):
        return None
    return next((action for name, action in _KNOWN_BY.items() if name in members), None)


def _session_of(store: Store, one: Quarantined) -> str | None:
    """The session whose id its own begins with, or that of the transaction it names."""
    own = store.get(Session, one.id.partition("/")[0])
    if own is not None:
        return own.id
    if not one.transaction_id:
        return None
    ref = store.get(TransactionRef, f"{one.station_id}/{one.transaction_id}")
    return ref.session_id or None if ref is not None else None


HANDLERS = (list_quarantine,)
