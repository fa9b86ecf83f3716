"""Behaviour 8: what came before its Started was kept, and is heard once that comes."""

from __future__ import annotations

import structlog

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.v201.event import STARTED, Event, Told, tell
from ohmstead.core.network import Quarantined
from ohmstead.errors import RemoteProtocolError
from ohmstead.flows.turned_away import REFUSED
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import Strictness, decode_forgiving
from ohmstead.wire.ocpp.forgiving import NO_ZONE, zone_times
from ohmstead.wire.ocpp.v201 import TransactionEventRequest

EARLIER_MAX = 1_000  # events of one transaction that may come before its Started

log = structlog.get_logger()


async def earlier_of(peer: StationPeer, transaction_id: str) -> list[Told]:
    """The events kept of a transaction, in their order; none of what its station was refused."""
    kept = peer.services.store.find(
        Quarantined, EARLIER_MAX, station_id=peer.station_id, transaction_id=transaction_id
    )
    earlier = []
    for item in kept:
        if item.reason == REFUSED:
            continue  # its station was told so, and a person decides what it is worth
        try:
            event, forgiven = _reread(item.payload, peer.version)
            told = await tell(event, peer, item.payload, forgiven)
        except RemoteProtocolError:
            log.warning("kept, but no event", station=peer.station_id, quarantined=item.id)
            continue
        if told.request.event_type is not STARTED:
            earlier.append(told)
    return sorted(earlier, key=lambda told: told.request.seq_no)


def _reread(payload: str, version: Version) -> tuple[Event, tuple[str, ...]]:
    """Read an event that was kept as leniently as anything is; with what was forgiven."""
    kinds: tuple[type[Event], type[Event]] = (TransactionEventRequest, v21.TransactionEventRequest)
    kind = kinds[version is not Version.V201]
    event, repairs = decode_forgiving(kind, payload.encode(), Strictness.LENIENT)
    forgiven = repairs.codes() if repairs is not None else ()
    return event, (*forgiven, NO_ZONE) if zone_times(event) else forgiven
