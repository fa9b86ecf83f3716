"""Authorize: may this idToken charge now? Nothing is held yet."""

from __future__ import annotations

from ohmstead.apps.stations.contracts import Contract, uid_of
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.v201 import contract
from ohmstead.core.network import IdToken
from ohmstead.flows.charging.funding import Authorisation, authorise
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v201 import (
    AuthorizationStatusEnumType,
    AuthorizeCertificateStatusEnumType,
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


# Errata 2023-12, C07.FR.15 to C07.FR.17: what a certificate that is not good makes of its idToken.
OF_CERTIFICATE = {
    Contract.EXPIRED: AuthorizationStatusEnumType.EXPIRED,
    Contract.REVOKED: AuthorizationStatusEnumType.INVALID,
    Contract.CHAIN: AuthorizationStatusEnumType.INVALID,
}
# C07.FR.13: a good certificate of a contract that is not accepted.
CANCELLED = frozenset({Authorisation.BLOCKED, Authorisation.EXPIRED, Authorisation.INVALID})


async def handle(request: contract.Request, peer: StationPeer) -> AuthorizeResponse:
    presented = request.id_token
    uid = uid_of(peer.services.store, presented.id_token, presented.type)
    checked = await contract.check(request, peer)
    if checked is not None and checked.contract is not Contract.ACCEPTED:
        await contract.refused(peer, checked)
        await peer.services.attempts.presented(peer, uid, Authorisation.INVALID.value)
        return AuthorizeResponse(
            id_token_info=IdTokenInfoType(status=OF_CERTIFICATE[checked.contract]),
            certificate_status=AuthorizeCertificateStatusEnumType(checked.contract.value),
        )
    funding = await peer.services.store.run(authorise, uid)
    await peer.services.attempts.presented(peer, uid, funding.authorisation.value)
    answer = AuthorizeResponse(id_token_info=info(funding.authorisation, funding.token))
    if checked is not None:
        word = AuthorizeCertificateStatusEnumType
        cancelled = funding.authorisation in CANCELLED
        answer.certificate_status = word.CONTRACT_CANCELLED if cancelled else word.ACCEPTED
    return answer


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
