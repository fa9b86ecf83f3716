"""From a handler to its station's logs."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.station_log import LastState
from ohmstead.flows.station_log import Happening, Tell, tell


async def happened(peer: StationPeer, *happenings: Happening) -> None:
    """Write events down; returns when they are durable."""
    await peer.services.store.run(tell, Tell(peer.station_id, happenings))


async def stands(
    peer: StationPeer, about: str, status: str, request_id: int | None = None, text: str = ""
) -> None:
    """Write down how something stands; a change is an event too."""
    at_ms = peer.services.clock.now_ms()
    last = LastState(about, status, at_ms, -1 if request_id is None else request_id, text)
    await peer.services.store.run(tell, Tell(peer.station_id, states=(last,)))
