"""What a start needs beyond its money: whose id_token it is, and which reservation it uses."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.network import IdToken
from ohmstead.flows.reservations import Use, use


async def use_reservation(
    peer: StationPeer, transaction_id: str, id_token: str, number: int | None
) -> None:
    """2.0.1 H03: the transaction that uses a reservation names it, with the event that authorises
    it; in 1.6 the StartTransaction does (4.8)."""
    if number is None:
        return
    session = peer.session(transaction_id)
    if session is not None:
        evse_id, at_ms = session.evse_id, session.started_ms
        used = Use(peer.station_id, evse_id, id_token, session.id, number, at_ms, peer.zone)
        await peer.services.store.run(use, used)


def token_of(peer: StationPeer, id_token: str) -> IdToken | None:
    """What is known of an id_token, for the station to keep: its group, expiry and language."""
    return peer.services.store.get(IdToken, id_token.casefold())
