"""NotifyEvent: what the station's monitors saw, each event by itself."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.reports import MONITORS
from ohmstead.apps.stations.telling import happened
from ohmstead.apps.stations.v201.names import component_name, variable_name
from ohmstead.core.station_log import NO_SEVERITY
from ohmstead.flows.station_log import Happening
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import EventDataType, NotifyEventRequest, NotifyEventResponse


async def handle(request: NotifyEventRequest, peer: StationPeer) -> NotifyEventResponse:
    # A part says all there is to say of its events, so none waits for the next part.
    await happened(peer, *(_event(data, peer) for data in request.event_data))
    return NotifyEventResponse()


def _event(data: EventDataType, peer: StationPeer) -> Happening:
    cleared = "cleared" if data.cleared else ""
    said = (cleared, data.trigger.value, data.actual_value, data.tech_info or "")
    return Happening(
        "NotifyEvent",
        parse_time(data.timestamp),
        _severity(data.variable_monitoring_id, peer),
        component_name(data.component),
        variable_name(data.variable),
        data.tech_code or "",
        " ".join(word for word in said if word),
        data.transaction_id or "",
        str(data.event_id),
    )


def _severity(monitor_id: int | None, peer: StationPeer) -> int:
    """What the monitor was set to, where the last monitoring report tells."""
    report = peer.presence.reports.get(MONITORS)
    monitor = report.items.get(str(monitor_id)) if report is not None else None
    severity = monitor.get("severity") if isinstance(monitor, dict) else None
    return severity if isinstance(severity, int) else NO_SEVERITY
