"""NotifyEvent: what the station's monitors saw, each event by itself; connectors' states too."""

from __future__ import annotations

from ohmstead.apps.stations.connectors import said
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.reports import MONITORS
from ohmstead.apps.stations.telling import happened
from ohmstead.apps.stations.v201.names import component_name, variable_name
from ohmstead.core.connectors import ConnectorState
from ohmstead.core.station_log import NO_SEVERITY
from ohmstead.flows.station_log import Happening
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    ConnectorStatusEnumType,
    EventDataType,
    NotifyEventRequest,
    NotifyEventResponse,
)

AVAILABILITY = frozenset(word.value for word in ConnectorStatusEnumType)


async def handle(request: NotifyEventRequest, peer: StationPeer) -> NotifyEventResponse:
    # A part says all there is to say of its events, so none waits for the next part.
    await happened(peer, *(_event(data, peer) for data in request.event_data))
    for data in request.event_data:
        await _availability(data, peer)
    return NotifyEventResponse()


async def _availability(data: EventDataType, peer: StationPeer) -> None:
    """2.1 part 0: availability is rather told so than by a StatusNotification."""
    place = data.component.evse
    named = (data.component.name, data.variable.name)
    if named != ("Connector", "AvailabilityState") or place is None or data.cleared:
        return
    if data.actual_value in AVAILABILITY:
        now_ms = peer.services.clock.now_ms()
        connector_id = place.connector_id or 1
        await said(peer, ConnectorState(place.id, connector_id, data.actual_value, "", now_ms))


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
