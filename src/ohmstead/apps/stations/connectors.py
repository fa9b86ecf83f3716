"""What stations say of their connectors: durable before the answer, and told to who waits for it.

StatusNotification says it, and in 2.x a NotifyEvent about a connector's AvailabilityState, which is
what 2.1 prefers (its part 0). A station that comes back mostly says what is known already; then
nothing is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohmstead.core.connectors import Connectors, ConnectorState
from ohmstead.flows.connectors import say

if TYPE_CHECKING:
    from ohmstead.apps.stations.peer import StationPeer

CONNECTORS_MAX = 256  # of one station


async def said(peer: StationPeer, state: ConnectorState) -> None:
    """A station said what a connector does; one beyond ``CONNECTORS_MAX`` is not kept."""
    known = peer.presence.connectors
    before = known.get(state.place)
    if before is None and len(known) >= CONNECTORS_MAX:
        return
    if not state.says_as(before):
        await peer.services.store.run(say, Connectors(peer.station_id, (state,)))
        known[state.place] = state
    word = before.status if before is not None else ""
    await peer.services.attempts.status(peer, state.place, word, state.status)
