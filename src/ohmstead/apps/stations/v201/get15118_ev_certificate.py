"""Get15118EVCertificate: a car asks for its contract certificate; the PKI behind us answers."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.v201 import (
    Get15118EVCertificateRequest,
    Get15118EVCertificateResponse,
    Iso15118EVCertificateStatusEnumType,
    StatusInfoType,
)


async def handle(
    request: Get15118EVCertificateRequest, peer: StationPeer
) -> Get15118EVCertificateResponse:
    pki = peer.services.ev_pki
    if pki is None:
        return _failed("NoPkiConfigured")
    schema, action = request.iso15118_schema_version, request.action.value
    answer = await pki.exchange(schema, action, request.exi_request)
    if answer is None:
        return _failed("NoPkiAnswer")
    status = Iso15118EVCertificateStatusEnumType.ACCEPTED
    return Get15118EVCertificateResponse(status=status, exi_response=answer)


def _failed(why: str) -> Get15118EVCertificateResponse:
    status = Iso15118EVCertificateStatusEnumType.FAILED
    info = StatusInfoType(reason_code=why)
    return Get15118EVCertificateResponse(status=status, exi_response="", status_info=info)
