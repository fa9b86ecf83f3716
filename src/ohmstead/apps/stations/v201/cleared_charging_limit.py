"""ClearedChargingLimit: a limit that somebody else had set is gone."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import stands
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import ClearedChargingLimitRequest, ClearedChargingLimitResponse


async def handle(
    request: ClearedChargingLimitRequest | v21.ClearedChargingLimitRequest, peer: StationPeer
) -> ClearedChargingLimitResponse:
    about = f"charging_limit/{request.charging_limit_source}@{request.evse_id or 0}"
    await stands(peer, about, "Cleared")
    return ClearedChargingLimitResponse()
