"""NotifyMonitoringReport: which monitors are set, collected until the last part."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.reports import MONITORS, merge
from ohmstead.apps.stations.v201.names import component_name, variable_name
from ohmstead.wire.ocpp.v201 import (
    NotifyMonitoringReportRequest,
    NotifyMonitoringReportResponse,
)


async def handle(
    request: NotifyMonitoringReportRequest, peer: StationPeer
) -> NotifyMonitoringReportResponse:
    items: dict[str, object] = {
        str(monitor.id): {
            "component": component_name(data.component),
            "variable": variable_name(data.variable),
            "type": monitor.type.value,
            "value": str(monitor.value),
            "severity": monitor.severity,
            "transaction": monitor.transaction,
        }
        for data in request.monitor or ()
        for monitor in data.variable_monitoring
    }
    reports, now_ms = peer.presence.reports, peer.services.clock.now_ms()
    part, more = request.seq_no, bool(request.tbc)
    merge(reports, MONITORS, request.request_id, items, now_ms, part, more)
    return NotifyMonitoringReportResponse()
