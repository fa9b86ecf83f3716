"""ReservationStatusUpdate: a reservation expired, or the station had to give it up."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.core.reservation import ReservationEvent
from ohmstead.flows.reservations import Happened, happened
from ohmstead.wire.ocpp.v201 import (
    ReservationStatusUpdateRequest,
    ReservationStatusUpdateResponse,
)

EXPIRED = "Expired"  # else Removed; 2.1 has NoTransaction too


async def handle(
    request: ReservationStatusUpdateRequest, peer: StationPeer
) -> ReservationStatusUpdateResponse:
    status = request.reservation_update_status.value
    event = ReservationEvent.TIME_OVER if status == EXPIRED else ReservationEvent.CANCELLED
    # Removed: it had to give it up, and its driver pays nothing for that.
    is_free = status != EXPIRED
    ended = Happened(request.reservation_id, peer.station_id, event, status, peer.zone, is_free)
    await peer.services.store.run(happened, ended)
    await stands(peer, "reservation", status, request.reservation_id)
    return ReservationStatusUpdateResponse()
