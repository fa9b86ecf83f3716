"""SignCertificate: a CSR is checked and signed; the certificate follows in CertificateSigned."""

from __future__ import annotations

from ohmstead.apps.stations.certificates import Asked, sign
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.v16 import (
    GenericStatusEnumType,
    SignCertificateRequest,
    SignCertificateResponse,
)


async def handle(request: SignCertificateRequest, peer: StationPeer) -> SignCertificateResponse:
    refused = await sign(peer, Asked(request.csr))
    word = GenericStatusEnumType
    return SignCertificateResponse(status=word.ACCEPTED if refused is None else word.REJECTED)
