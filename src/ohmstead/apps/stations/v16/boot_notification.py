"""BootNotification: the station says who it is and learns the time and its heartbeat interval."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities import firmware
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.network import Admission
from ohmstead.flows.onboarding import Booted, booted
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v16 import (
    BootNotificationRequest,
    BootNotificationResponse,
    RegistrationStatus,
)


async def handle(request: BootNotificationRequest, peer: StationPeer) -> BootNotificationResponse:
    services = peer.services
    command = Booted(
        peer.station_id,
        request.charge_point_vendor,
        request.charge_point_model,
        request.firmware_version or "",
        request.charge_point_serial_number or request.charge_box_serial_number or "",
        peer.version.value,
    )
    station = await services.store.run(booted, command)
    services.registry.forget(peer.station_id)
    now_ms = services.clock.now_ms()
    peer.presence.booted_ms = now_ms
    if services.on_booted is not None:
        services.on_booted(peer.station_id)
    await firmware.booted(peer, command.firmware)
    # 1.6 4.2: "If the Central System returns something other than Accepted, the value of the
    # interval field indicates the minimum wait time before sending a next BootNotification".
    accepted = station.admission is Admission.ACCEPTED
    return BootNotificationResponse(
        status=RegistrationStatus(station.admission.value),
        current_time=format_time(now_ms),
        interval=services.config.heartbeat_s if accepted else services.config.retry_s,
    )
