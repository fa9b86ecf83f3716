"""ReservationStatusUpdate: a reservation expired, or the station had to give it up."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp.v201 import (
    ReservationStatusUpdateRequest,
    ReservationStatusUpdateResponse,
)


async def handle(
    request: ReservationStatusUpdateRequest, peer: StationPeer
) -> ReservationStatusUpdateResponse:
    status = request.reservation_update_status.value
    await stands(peer, "reservation", status, request.reservation_id)
    return ReservationStatusUpdateResponse()
