"""GetCertificateStatus: is a certificate of a car's chain revoked? Asked of an OCSP responder."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.v201 import (
    GetCertificateStatusEnumType,
    GetCertificateStatusRequest,
    GetCertificateStatusResponse,
    StatusInfoType,
)


async def handle(
    request: GetCertificateStatusRequest, peer: StationPeer
) -> GetCertificateStatusResponse:
    ocsp, asked = peer.services.ocsp, request.ocsp_request_data
    # 2.0.1 M06: without an answer of the responder the status is Failed.
    if ocsp is None:
        return _failed("NoOcspResponder")
    result = await ocsp.ask(
        asked.hash_algorithm.value,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
        asked.serial_number,
        asked.responder_url,
    )
    if result is None:
        return _failed("NoOcspAnswer")
    status = GetCertificateStatusEnumType.ACCEPTED
    return GetCertificateStatusResponse(status=status, ocsp_result=result)


def _failed(why: str) -> GetCertificateStatusResponse:
    info = StatusInfoType(reason_code=why)
    status = GetCertificateStatusEnumType.FAILED
    return GetCertificateStatusResponse(status=status, status_info=info)
