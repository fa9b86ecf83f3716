"""Heartbeat: the time, in UTC."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v16 import HeartbeatRequest, HeartbeatResponse


async def handle(_request: HeartbeatRequest, peer: StationPeer) -> HeartbeatResponse:
    return HeartbeatResponse(current_time=format_time(peer.services.clock.now_ms()))
