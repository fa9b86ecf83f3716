"""PublishFirmwareStatusNotification: how a local controller goes about publishing firmware."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp.v201 import (
    PublishFirmwareStatusNotificationRequest,
    PublishFirmwareStatusNotificationResponse,
)


async def handle(
    request: PublishFirmwareStatusNotificationRequest, peer: StationPeer
) -> PublishFirmwareStatusNotificationResponse:
    # 2.0.1 L03: once it is published the station says where.
    where = " ".join(request.location or ())
    await stands(peer, "publish_firmware", request.status.value, request.request_id, where)
    return PublishFirmwareStatusNotificationResponse()
