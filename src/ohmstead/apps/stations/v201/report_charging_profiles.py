"""ReportChargingProfiles: which profiles the station has, a part at a time."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities.profiles import profile_of
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.station_profiles import Reported
from ohmstead.flows.charging_profiles import ReportPart, reported
from ohmstead.wire.ocpp.v201 import (
    ReportChargingProfilesRequest,
    ReportChargingProfilesResponse,
)


async def handle(
    request: ReportChargingProfilesRequest, peer: StationPeer
) -> ReportChargingProfilesResponse:
    source = request.charging_limit_source.value
    profiles = tuple(
        Reported(request.evse_id, source, profile_of(told)) for told in request.charging_profile
    )
    part = ReportPart(peer.station_id, request.request_id, profiles, bool(request.tbc))
    await peer.services.store.run(reported, part)
    return ReportChargingProfilesResponse()
