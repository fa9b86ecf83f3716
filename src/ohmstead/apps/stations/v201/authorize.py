"""Authorize: may this idToken charge now? Nothing is held yet."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.network import IdToken
from ohmstead.flows.charging.funding import Authorisation, authorise
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v201 import (
    AuthorizationStatusEnumType,
    AuthorizeRequest,
    AuthorizeResponse,
    IdTokenEnumType,
    IdTokenInfoType,
    IdTokenType,
)

STATUS = {
    Authorisation.ACCEPTED: AuthorizationStatusEnumType.ACCEPTED,
    Authorisation.BLOCKED: AuthorizationStatusEnumType.BLOCKED,
    Authorisation.EXPIRED: AuthorizationStatusEnumType.EXPIRED,
    Authorisation.INVALID: AuthorizationStatusEnumType.UNKNOWN,
    Authorisation.NO_CREDIT: AuthorizationStatusEnumType.NO_CREDIT,
    Authorisation.CONCURRENT: AuthorizationStatusEnumType.CONCURRENT_TX,
}


async def handle(
    request: AuthorizeRequest | v21.AuthorizeRequest, peer: StationPeer
) -> AuthorizeResponse:
    uid = request.id_token.id_token
    funding = await peer.services.store.run(authorise, uid)
    await peer.services.attempts.presented(peer, uid, funding.authorisation.value)
    return AuthorizeResponse(id_token_info=info(funding.authorisation, funding.token))


def info(authorisation: Authorisation, token: IdToken | None) -> IdTokenInfoType:
    """Word an authorisation as 2.0.1 does."""
    expires_ms = token.expires_ms if token else 0
    return IdTokenInfoType(
        status=STATUS[authorisation],
        cache_expiry_date_time=format_time(expires_ms) if expires_ms else None,
        group_id_token=group_of(token),
        language1=(token.language[:8] or None) if token else None,
    )


def group_of(token: IdToken | None) -> IdTokenType | None:
    """C09: who is of the same group may end what the other began."""
    if token is None or not token.group:
        return None
    return IdTokenType(id_token=token.group, type=IdTokenEnumType.CENTRAL)
