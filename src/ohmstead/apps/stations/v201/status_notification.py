"""StatusNotification: what a connector is doing, for drivers and for operators."""

from __future__ import annotations

from ohmstead.apps.stations.connectors import said
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.connectors import ConnectorState
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import StatusNotificationRequest, StatusNotificationResponse


async def handle(
    request: StatusNotificationRequest | v21.StatusNotificationRequest, peer: StationPeer
) -> StatusNotificationResponse:
    status, now_ms = request.connector_status.value, peer.services.clock.now_ms()
    await said(peer, ConnectorState(request.evse_id, request.connector_id, status, "", now_ms))
    return StatusNotificationResponse()
