"""SignCertificate: a CSR is checked and signed; the certificate follows in CertificateSigned."""

from __future__ import annotations

from ohmstead.apps.stations.certificates import sign
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.v201 import (
    CertificateSigningUseEnumType,
    GenericStatusEnumType,
    SignCertificateRequest,
    SignCertificateResponse,
    StatusInfoType,
)


async def handle(request: SignCertificateRequest, peer: StationPeer) -> SignCertificateResponse:
    is_v2g = request.certificate_type is CertificateSigningUseEnumType.V2_G_CERTIFICATE
    refused = await sign(peer, request.csr, is_v2g)
    if refused is None:
        return SignCertificateResponse(status=GenericStatusEnumType.ACCEPTED)
    status, info = GenericStatusEnumType.REJECTED, StatusInfoType(reason_code=refused.code)
    return SignCertificateResponse(status=status, status_info=info)
