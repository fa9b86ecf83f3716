"""SignCertificate: a CSR is checked and signed; the certificate follows in CertificateSigned."""

from __future__ import annotations

from ohmstead.apps.stations.certificates import Asked, sign
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import (
    GenericStatusEnumType,
    SignCertificateRequest,
    SignCertificateResponse,
    StatusInfoType,
)
from ohmstead.wire.pki.status import CertificateId, read_id

TEXT_MAX = 512


async def handle(
    request: SignCertificateRequest | v21.SignCertificateRequest, peer: StationPeer
) -> SignCertificateResponse:
    kind = request.certificate_type.value if request.certificate_type else ""
    number, root = -1, None
    if isinstance(request, v21.SignCertificateRequest):
        number = -1 if request.request_id is None else request.request_id
        root = _root_of(request)
    refused = await sign(peer, Asked(request.csr, kind, number, root))
    if refused is None:
        return SignCertificateResponse(status=GenericStatusEnumType.ACCEPTED)
    info = StatusInfoType(reason_code=refused.code, additional_info=str(refused)[:TEXT_MAX])
    return SignCertificateResponse(status=GenericStatusEnumType.REJECTED, status_info=info)


def _root_of(request: v21.SignCertificateRequest) -> CertificateId | None:
    """2.1: the root under which a station wants its certificate."""
    data = request.hash_root_certificate
    if data is None:
        return None
    names = (data.issuer_name_hash, data.issuer_key_hash)
    return read_id(data.hash_algorithm.value, *names, data.serial_number)
