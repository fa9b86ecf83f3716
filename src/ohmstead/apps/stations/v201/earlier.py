"""Behaviour 8: what came before its Started was kept, and is heard once that comes."""

from __future__ import annotations

import asyncio

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
PAGE = 20  # read at once: of the longest it is a megabyte

log = structlog.get_logger()


async def earlier_of(peer: StationPeer, transaction_id: str) -> list[Told]:
    """The events kept of a transaction, in their order; none of what its station was refused."""
    find, station_id = peer.services.store.find, peer.station_id
    earlier: list[Told] = []
    count, after = 0, ""
    while count < EARLIER_MAX and (
        page := find(Quarantined, PAGE, after, station_id=station_id, transaction_id=transaction_id)
    ):
        for item in page:
            told = await _heard(item, peer)
            if told is not None and told.request.event_type is not STARTED:
                earlier.append(told)
            # A long one takes some ms, and a station may have made all of them so.
            await asyncio.sleep(0)
        count, after = count + len(page), page[-1].key
    return sorted(earlier, key=lambda told: told.request.seq_no)


async def _heard(item: Quarantined, peer: StationPeer) -> Told | None:
    if item.reason == REFUSED:
        return None  # its station was told so, and a person decides what it is worth
    try:
        event, forgiven = _reread(item.payload, peer.version)
        return await tell(event, peer, item.payload, forgiven)
    except RemoteProtocolError:
        log.warning("kept, but no event", station=peer.station_id, quarantined=item.id)
        return None


def _reread(payload: str, version: Version) -> tuple[Event, tuple[str, ...]]:
    """Read an event that was kept as leniently as anything is; with what was forgiven."""
    kinds: tuple[type[Event], type[Event]] = (TransactionEventRequest, v21.TransactionEventRequest)
    kind = kinds[version is not Version.V201]
    event, repairs = decode_forgiving(kind, payload.encode(), Strictness.LENIENT)
    forgiven = repairs.codes() if repairs is not None else ()
    return event, (*forgiven, NO_ZONE) if zone_times(event) else forgiven
