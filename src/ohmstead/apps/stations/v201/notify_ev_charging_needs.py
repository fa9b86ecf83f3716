"""NotifyEVChargingNeeds: what a car asks for over ISO 15118; we plan nothing for it yet."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import happened
from ohmstead.flows.station_log import Happening
from ohmstead.wire.ocpp.v201 import (
    NotifyEVChargingNeedsRequest,
    NotifyEVChargingNeedsResponse,
    NotifyEVChargingNeedsStatusEnumType,
    StatusInfoType,
)


async def handle(
    request: NotifyEVChargingNeedsRequest, peer: StationPeer
) -> NotifyEVChargingNeedsResponse:
    needs = request.charging_needs
    departure = f" until {needs.departure_time}" if needs.departure_time else ""
    event = Happening(
        "NotifyEVChargingNeeds",
        component=f"EVSE@{request.evse_id}",
        code=needs.requested_energy_transfer.value,
        text=f"asked for a schedule{departure}; none was planned",
    )
    await happened(peer, event)
    # 2.0.1 K15, NotifyEVChargingNeedsStatusEnumType: Rejected is "service not available", upon
    # which the station charges within the profiles it has.
    return NotifyEVChargingNeedsResponse(
        status=NotifyEVChargingNeedsStatusEnumType.REJECTED,
        status_info=StatusInfoType(reason_code="NoScheduling"),
    )
