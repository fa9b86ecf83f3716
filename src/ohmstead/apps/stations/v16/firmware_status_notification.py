"""FirmwareStatusNotification: how an update that UpdateFirmware asked for goes."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities import firmware
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp.v16 import (
    FirmwareStatusNotificationRequest,
    FirmwareStatusNotificationResponse,
)


async def handle(
    request: FirmwareStatusNotificationRequest, peer: StationPeer
) -> FirmwareStatusNotificationResponse:
    await stands(peer, "firmware", request.status.value)
    await firmware.told(peer, request.status.value, request)
    return FirmwareStatusNotificationResponse()
