"""FirmwareStatusNotification: how an update goes, by the id of its UpdateFirmware."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities import firmware
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp.v201 import (
    FirmwareStatusNotificationRequest,
    FirmwareStatusNotificationResponse,
)


async def handle(
    request: FirmwareStatusNotificationRequest, peer: StationPeer
) -> FirmwareStatusNotificationResponse:
    await stands(peer, "firmware", request.status.value, request.request_id)
    await firmware.told(peer, request.status.value, request, request.request_id)
    return FirmwareStatusNotificationResponse()
