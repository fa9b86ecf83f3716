"""NotifyReport: a part of the station's device model, kept once its last part has come."""

from __future__ import annotations

from ohmstead.apps.stations.configuration.wire import reported
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.flows.inventory import Reading, take_reading
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import NotifyReportRequest, NotifyReportResponse


async def handle(
    request: NotifyReportRequest | v21.NotifyReportRequest, peer: StationPeer
) -> NotifyReportResponse:
    services = peer.services
    # B07.FR.08: "tbc" is false or absent in the last part.
    report = peer.presence.model.part(
        request.request_id,
        request.seq_no,
        not request.tbc,
        reported(request),
        services.clock.now_ms(),
    )
    if report is not None:
        reading = Reading(
            peer.station_id,
            peer.version.value,
            tuple(report.variables.values()),
            report.is_base,
            report.dropped,
        )
        await services.store.run(take_reading, reading)
        report.kept.set()
        if services.on_read is not None:
            services.on_read(peer.station_id)
    return NotifyReportResponse()
