"""StatusNotification: what a connector is doing; kept in memory, for drivers and for status."""

from __future__ import annotations

from ohmstead.apps.stations.peer import CONNECTORS_MAX, ConnectorStatus, StationPeer
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import StatusNotificationRequest, StatusNotificationResponse


async def handle(
    request: StatusNotificationRequest | v21.StatusNotificationRequest, peer: StationPeer
) -> StatusNotificationResponse:
    place = (request.evse_id, request.connector_id)
    connectors = peer.presence.connectors
    if place in connectors or len(connectors) < CONNECTORS_MAX:
        now_ms = peer.services.clock.now_ms()
        before = connectors[place].status if place in connectors else ""
        word = request.connector_status.value
        connectors[place] = ConnectorStatus(word, "", now_ms)
        await peer.services.attempts.status(peer, place, before, word)
    return StatusNotificationResponse()
