"""ReportChargingProfiles: those that 2.0.1 has words for; what 2.1 adds is not planned with yet."""

from __future__ import annotations

import structlog

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.v201 import report_charging_profiles
from ohmstead.wire.ocpp import v21, v201
from ohmstead.wire.ocpp.codec import Strictness, decode_as, encode
from ohmstead.wire.ocpp.faults import CallRefused

log = structlog.get_logger()
SOURCES = frozenset(v201.ChargingLimitSourceEnumType)


async def handle(
    request: v21.ReportChargingProfilesRequest, peer: StationPeer
) -> v201.ReportChargingProfilesResponse:
    source, other = request.charging_limit_source, v201.ChargingLimitSourceEnumType.OTHER
    profiles: list[v201.ChargingProfileType] = []
    for told in request.charging_profile:
        try:
            # A dynamic or priority profile, or one without a limit, is refused here.
            plain = decode_as(v201.ChargingProfileType, encode(told), Strictness.LENIENT)
            profiles.append(plain)
        except CallRefused as refused:
            reason = refused.description
            log.info("profile not kept", station=peer.station_id, id=told.id, reason=reason)
    known = v201.ReportChargingProfilesRequest(
        request_id=request.request_id,
        charging_limit_source=v201.ChargingLimitSourceEnumType(source)
        if source in SOURCES
        else other,
        charging_profile=profiles,
        evse_id=request.evse_id,
        tbc=request.tbc,
    )
    return await report_charging_profiles.handle(known, peer)
