"""NotifyCustomerInformation: what a station knows of a person; held in memory only."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.reports import CUSTOMER, merge
from ohmstead.wire.ocpp.v201 import (
    NotifyCustomerInformationRequest,
    NotifyCustomerInformationResponse,
)


async def handle(
    request: NotifyCustomerInformationRequest, peer: StationPeer
) -> NotifyCustomerInformationResponse:
    # 2.0.1 N09: asked for by and about a person, so it is shown to who asked and never stored.
    items: dict[str, object] = {f"{request.seq_no:06d}": request.data}
    reports, now_ms = peer.presence.reports, peer.services.clock.now_ms()
    part, more = request.seq_no, bool(request.tbc)
    merge(reports, CUSTOMER, request.request_id, items, now_ms, part, more)
    return NotifyCustomerInformationResponse()
