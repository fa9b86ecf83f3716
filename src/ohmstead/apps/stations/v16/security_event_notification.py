"""SecurityEventNotification: kept apart from other events, and longer."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import happened
from ohmstead.flows.station_log import Happening
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v16 import (
    SecurityEventNotificationRequest,
    SecurityEventNotificationResponse,
)


async def handle(
    request: SecurityEventNotificationRequest, peer: StationPeer
) -> SecurityEventNotificationResponse:
    event = Happening(
        "SecurityEventNotification",
        parse_time(request.timestamp),
        code=request.type,
        text=request.tech_info or "",
        security=True,
    )
    await happened(peer, event)
    return SecurityEventNotificationResponse()
