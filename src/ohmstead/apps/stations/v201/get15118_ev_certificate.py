"""Get15118EVCertificate: a car asks for its contract certificate; the PKI behind us answers."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.errors import PkiUnavailable
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.v201 import (
    Get15118EVCertificateRequest,
    Get15118EVCertificateResponse,
    Iso15118EVCertificateStatusEnumType,
    StatusInfoType,
)

EXI_LENGTH_MAX = {Version.V201: 7_500, Version.V21: 17_000}
TEXT_MAX = 512


async def handle(
    request: Get15118EVCertificateRequest | v21.Get15118EVCertificateRequest, peer: StationPeer
) -> Get15118EVCertificateResponse:
    contracts = peer.services.contracts
    if contracts is None:
        return _failed("NoPkiConfigured", "")
    schema, action = request.iso15118_schema_version, request.action.value
    try:
        # M01 and M02: whatever the PKI says of it goes to the car as it is.
        answer = await contracts.pki.get_ev_certificate(request.exi_request, action, schema)
    except PkiUnavailable as error:
        return _failed(error.code, str(error))
    if len(answer) > EXI_LENGTH_MAX[peer.version]:
        return _failed("AnswerTooLong", "the car's answer is longer than this OCPP version allows")
    status = Iso15118EVCertificateStatusEnumType.ACCEPTED
    return Get15118EVCertificateResponse(status=status, exi_response=answer)


def _failed(code: str, why: str) -> Get15118EVCertificateResponse:
    status = Iso15118EVCertificateStatusEnumType.FAILED
    info = StatusInfoType(reason_code=code, additional_info=why[:TEXT_MAX] or None)
    return Get15118EVCertificateResponse(status=status, exi_response="", status_info=info)
