"""Who may end a session as its driver: who began it, or another card of the same group."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import Session


def is_its_driver(peer: StationPeer, session: Session | None, presented: str) -> bool:
    """Whether a stop was presented by the session's driver; by nobody counts as the driver.

    2.0.1 C09.FR.03, and 1.6 by its parentIdTag: another valid card of the group may end it.
    """
    if session is None:
        return False
    uid, own = presented.casefold(), session.id_token.casefold()
    if uid in ("", own):
        return True
    store = peer.services.store
    one, other = store.get(IdToken, uid), store.get(IdToken, own)
    if one is None or other is None or one.status is not TokenStatus.ACCEPTED:
        return False
    is_valid = not one.expires_ms or one.expires_ms > peer.services.clock.now_ms()
    return is_valid and one.group == other.group != ""
