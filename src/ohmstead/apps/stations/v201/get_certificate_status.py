"""GetCertificateStatus: is a certificate of a car's chain revoked? Asked of an OCSP responder."""

from __future__ import annotations

from base64 import b64encode

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.v201.contract import named
from ohmstead.errors import PkiUnavailable, RemoteProtocolError
from ohmstead.wire.ocpp.v201 import (
    GetCertificateStatusEnumType,
    GetCertificateStatusRequest,
    GetCertificateStatusResponse,
    StatusInfoType,
)

RESULT_LENGTH_MAX = 5_500
TEXT_MAX = 512


async def handle(
    request: GetCertificateStatusRequest, peer: StationPeer
) -> GetCertificateStatusResponse:
    contracts = peer.services.contracts
    # 2.0.1 M06: without an answer of the responder the status is Failed.
    if contracts is None:
        return _failed("NoOcspResponder", "")
    try:
        asked = named(request.ocsp_request_data)
    except RemoteProtocolError as error:
        return _failed("BadHashData", str(error))
    one = asked.id
    try:
        der = await contracts.pki.certificate_status(
            one.algorithm, one.name_hash, one.key_hash, one.serial, asked.url
        )
    except PkiUnavailable as error:
        return _failed(error.code, str(error))
    result = b64encode(der).decode()
    if len(result) > RESULT_LENGTH_MAX:
        return _failed("AnswerTooLong", "the responder's answer is longer than OCPP allows")
    status = GetCertificateStatusEnumType.ACCEPTED
    return GetCertificateStatusResponse(status=status, ocsp_result=result)


def _failed(code: str, why: str) -> GetCertificateStatusResponse:
    info = StatusInfoType(reason_code=code, additional_info=why[:TEXT_MAX] or None)
    status = GetCertificateStatusEnumType.FAILED
    return GetCertificateStatusResponse(status=status, status_info=info)
