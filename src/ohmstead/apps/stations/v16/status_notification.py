"""StatusNotification: what a connector is doing, for drivers and for operators."""

from __future__ import annotations

from ohmstead.apps.stations.connectors import said
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.connectors import ConnectorState
from ohmstead.wire.ocpp.v16 import StatusNotificationRequest, StatusNotificationResponse


async def handle(
    request: StatusNotificationRequest, peer: StationPeer
) -> StatusNotificationResponse:
    status, error = request.status.value, request.error_code.value
    now_ms = peer.services.clock.now_ms()
    # 1.6 connectorId usually means the evse
    await said(peer, ConnectorState(request.connector_id, 1, status, error, now_ms))
    return StatusNotificationResponse()
