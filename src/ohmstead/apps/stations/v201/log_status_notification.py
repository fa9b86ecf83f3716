"""LogStatusNotification: how an upload that GetLog asked for goes."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.flows.uploads import Said, said
from ohmstead.wire.ocpp.v201 import LogStatusNotificationRequest, LogStatusNotificationResponse


async def handle(
    request: LogStatusNotificationRequest, peer: StationPeer
) -> LogStatusNotificationResponse:
    await stands(peer, "log", request.status.value, request.request_id)
    if request.request_id is not None:
        heard = Said(peer.station_id, request.status.value, request.request_id)
        await peer.services.store.run(said, heard)
    return LogStatusNotificationResponse()
