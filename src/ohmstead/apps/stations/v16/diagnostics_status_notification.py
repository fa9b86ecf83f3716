"""DiagnosticsStatusNotification: how an upload that GetDiagnostics asked for goes."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.flows.uploads import Said, said
from ohmstead.wire.ocpp.v16 import (
    DiagnosticsStatusNotificationRequest,
    DiagnosticsStatusNotificationResponse,
)


async def handle(
    request: DiagnosticsStatusNotificationRequest, peer: StationPeer
) -> DiagnosticsStatusNotificationResponse:
    await stands(peer, "diagnostics", request.status.value)
    heard = Said(peer.station_id, request.status.value, action="GetDiagnostics")
    await peer.services.store.run(said, heard)
    return DiagnosticsStatusNotificationResponse()
