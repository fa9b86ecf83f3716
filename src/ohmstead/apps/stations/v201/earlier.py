"""Behaviour 8: what came before its Started was kept, and is heard once that comes."""

from __future__ import annotations

import structlog

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.v201.event import STARTED, Told, reread, tell
from ohmstead.core.network import Quarantined
from ohmstead.errors import RemoteProtocolError
from ohmstead.flows.turned_away import REFUSED

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
            told = await tell(reread(item.payload, peer.version), peer, item.payload)
        except RemoteProtocolError:
            log.warning("kept, but no event", station=peer.station_id, quarantined=item.id)
            continue
        if told.request.event_type is not STARTED:
            earlier.append(told)
    return sorted(earlier, key=lambda told: told.request.seq_no)
