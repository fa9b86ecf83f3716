"""StatusNotification: what a connector is doing; kept in memory, for drivers and for status."""

from __future__ import annotations

from ohmstead.apps.stations.peer import CONNECTORS_MAX, ConnectorStatus, StationPeer
from ohmstead.wire.ocpp.v16 import StatusNotificationRequest, StatusNotificationResponse


async def handle(
    request: StatusNotificationRequest, peer: StationPeer
) -> StatusNotificationResponse:
    place = (request.connector_id, 1)  # 1.6 connectorId usually means the evse
    connectors = peer.presence.connectors
    if place in connectors or len(connectors) < CONNECTORS_MAX:
        before = connectors[place].status if place in connectors else ""
        connectors[place] = ConnectorStatus(
            request.status.value, request.error_code.value, peer.services.clock.now_ms()
        )
        await peer.services.attempts.status(peer, place, before, request.status.value)
    return StatusNotificationResponse()
