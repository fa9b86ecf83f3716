"""NotifyReport: a page of the station's device model, collected until its last part."""

from __future__ import annotations

from ohmstead.apps.stations.peer import REPORT_VARIABLES_MAX, StationPeer
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import NotifyReportRequest, NotifyReportResponse


async def handle(
    request: NotifyReportRequest | v21.NotifyReportRequest, peer: StationPeer
) -> NotifyReportResponse:
    report = peer.presence.variables
    if request.seq_no == 0:
        report.clear()
    for item in request.report_data or ():
        component = item.component
        evse = f"@{component.evse.id}" if component.evse else ""
        instance = f"[{component.instance}]" if component.instance else ""
        name = f"{component.name}{instance}{evse}.{item.variable.name}"
        value = next((a.value for a in item.variable_attribute if a.value is not None), "")
        if name in report or len(report) < REPORT_VARIABLES_MAX:
            report[name] = value
    return NotifyReportResponse()
