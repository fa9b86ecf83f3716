"""Authorize: may this idTag charge now? Nothing is held yet."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.network import IdToken
from ohmstead.flows.charging.funding import Authorisation, authorise
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v16 import (
    AuthorizationStatus,
    AuthorizeRequest,
    AuthorizeResponse,
    IdTagInfo,
)

# 1.6 has no word for an empty account: "Blocked: Identifier has been blocked. Not allowed for
# charging" is what makes every station tell the driver no.
STATUS = {
    Authorisation.ACCEPTED: AuthorizationStatus.ACCEPTED,
    Authorisation.BLOCKED: AuthorizationStatus.BLOCKED,
    Authorisation.EXPIRED: AuthorizationStatus.EXPIRED,
    Authorisation.INVALID: AuthorizationStatus.INVALID,
    Authorisation.NO_CREDIT: AuthorizationStatus.BLOCKED,
    Authorisation.CONCURRENT: AuthorizationStatus.CONCURRENT_TX,
}


async def handle(request: AuthorizeRequest, peer: StationPeer) -> AuthorizeResponse:
    funding = await peer.services.store.run(authorise, request.id_tag)
    await peer.services.attempts.presented(peer, request.id_tag, funding.authorisation.value)
    return AuthorizeResponse(id_tag_info=info(funding.authorisation, funding.token))


def info(authorisation: Authorisation, token: IdToken | None) -> IdTagInfo:
    """Word an authorisation as 1.6 does."""
    return IdTagInfo(
        status=STATUS[authorisation],
        expiry_date=format_time(token.expires_ms) if token and token.expires_ms else None,
        parent_id_tag=token.group[:20] if token and token.group else None,
    )
