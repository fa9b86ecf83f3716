"""NotifyChargingLimit: somebody else (grid, energy manager) limits the station."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import NotifyChargingLimitRequest, NotifyChargingLimitResponse


async def handle(
    request: NotifyChargingLimitRequest | v21.NotifyChargingLimitRequest, peer: StationPeer
) -> NotifyChargingLimitResponse:
    limit = request.charging_limit
    status = "GridCritical" if limit.is_grid_critical else "Limited"
    about = f"charging_limit/{limit.charging_limit_source}@{request.evse_id or 0}"
    periods = [
        f"{period.start_period}s: {period.limit} {schedule.charging_rate_unit.value}"
        for schedule in request.charging_schedule or ()
        for period in schedule.charging_schedule_period
    ]
    await stands(peer, about, status, text=", ".join(periods))
    return NotifyChargingLimitResponse()
