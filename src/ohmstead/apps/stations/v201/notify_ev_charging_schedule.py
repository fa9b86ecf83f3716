"""NotifyEVChargingSchedule: the schedule that a car chose."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import happened
from ohmstead.flows.station_log import Happening
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    GenericStatusEnumType,
    NotifyEVChargingScheduleRequest,
    NotifyEVChargingScheduleResponse,
)


async def handle(
    request: NotifyEVChargingScheduleRequest, peer: StationPeer
) -> NotifyEVChargingScheduleResponse:
    schedule = request.charging_schedule
    periods = [f"{p.start_period}s: {p.limit}" for p in schedule.charging_schedule_period]
    event = Happening(
        "NotifyEVChargingSchedule",
        parse_time(request.time_base),
        component=f"EVSE@{request.evse_id}",
        code=schedule.charging_rate_unit.value,
        text=", ".join(periods),
    )
    await happened(peer, event)
    # 2.0.1 K15: whether it stays within our profiles is the station's to enforce.
    return NotifyEVChargingScheduleResponse(status=GenericStatusEnumType.ACCEPTED)
