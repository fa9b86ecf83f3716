"""GetCertificateChainStatus: which certificates of a chain were revoked? New in 2.1.

Responders are asked over OCSP; revocation lists are not fetched, so CRL is answered ``Failed``.
"""

from __future__ import annotations

import asyncio

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocpp.times import format_time
from ohmstead.wire.ocpp.v21 import (
    CertificateStatusEnumType,
    CertificateStatusRequestInfoType,
    CertificateStatusSourceEnumType,
    CertificateStatusType,
    GetCertificateChainStatusRequest,
    GetCertificateChainStatusResponse,
)
from ohmstead.wire.pki.status import GOOD, REVOKED, UNKNOWN, read_id

AGAIN_MS = 300_000  # after which it may be worth asking again
Word = CertificateStatusEnumType
WORDS = {GOOD: Word.GOOD, REVOKED: Word.REVOKED, UNKNOWN: Word.UNKNOWN}


async def handle(
    request: GetCertificateChainStatusRequest, peer: StationPeer
) -> GetCertificateChainStatusResponse:
    asked = [_status(one, peer) for one in request.certificate_status_requests]
    return GetCertificateChainStatusResponse(certificate_status=await asyncio.gather(*asked))


async def _status(
    one: CertificateStatusRequestInfoType, peer: StationPeer
) -> CertificateStatusType:
    data, contracts = one.certificate_hash_data, peer.services.contracts
    word, until_ms = Word.FAILED, peer.services.clock.now_ms() + AGAIN_MS
    if contracts is not None and one.source is CertificateStatusSourceEnumType.OCSP:
        names = (data.issuer_name_hash, data.issuer_key_hash)
        try:
            named = read_id(data.hash_algorithm.value, *names, data.serial_number)
        except RemoteProtocolError:
            named = None
        answer = await contracts.look(named, one.urls) if named is not None else None
        if answer is not None:
            word, until_ms = WORDS[answer.word], answer.until_ms
    until = format_time(until_ms)
    return CertificateStatusType(
        certificate_hash_data=data, source=one.source, status=word, next_update=until
    )
