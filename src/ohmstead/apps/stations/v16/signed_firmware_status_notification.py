"""SignedFirmwareStatusNotification: how a signed update goes, by its request id."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities import firmware
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp.v16 import (
    SignedFirmwareStatusNotificationRequest,
    SignedFirmwareStatusNotificationResponse,
)


async def handle(
    request: SignedFirmwareStatusNotificationRequest, peer: StationPeer
) -> SignedFirmwareStatusNotificationResponse:
    await stands(peer, "firmware", request.status.value, request.request_id)
    await firmware.told(peer, request.status.value, request, request.request_id)
    return SignedFirmwareStatusNotificationResponse()
