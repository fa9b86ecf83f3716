"""BootNotification: the station says who it is and learns the time and its heartbeat interval."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities import firmware
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.network import Admission
from ohmstead.flows.onboarding import Booted, booted
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v201 import (
    BootNotificationRequest,
    BootNotificationResponse,
    RegistrationStatusEnumType,
)


async def handle(request: BootNotificationRequest, peer: StationPeer) -> BootNotificationResponse:
    services, told = peer.services, request.charging_station
    command = Booted(
        peer.station_id,
        told.vendor_name,
        told.model,
        told.firmware_version or "",
        told.serial_number or "",
        peer.version.value,
    )
    station = await services.store.run(booted, command)
    services.registry.forget(peer.station_id)
    now_ms = services.clock.now_ms()
    peer.presence.booted_ms = now_ms
    if services.on_booted is not None:
        services.on_booted(peer.station_id)
    await firmware.booted(peer, command.firmware)
    # 2.0.1 B01.FR.04 and B02.FR.04: the interval is the heartbeat's when accepted, else the wait
    # before the next BootNotification.
    accepted = station.admission is Admission.ACCEPTED
    return BootNotificationResponse(
        status=RegistrationStatusEnumType(station.admission.value),
        current_time=format_time(now_ms),
        interval=services.config.heartbeat_s if accepted else services.config.retry_s,
    )
