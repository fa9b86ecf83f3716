"""The certificate that comes with an eMAID, from the words of 2.0.1 and 2.1 to ours."""

from __future__ import annotations

import structlog

from ohmstead.apps.stations.contracts import Checked, Contract, Named
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.telling import happened
from ohmstead.errors import RemoteProtocolError
from ohmstead.flows.station_log import Happening
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import AuthorizeRequest, OCSPRequestDataType
from ohmstead.wire.pki.status import read_id

TEXT_MAX = 400
log = structlog.get_logger()

Request = AuthorizeRequest | v21.AuthorizeRequest


async def check(request: Request, peer: StationPeer) -> Checked | None:
    """Look at the certificate that came with an idToken; None where none came.

    Where a chain came its hashes are "not needed" (errata 2023-12, 2.14.1).
    """
    contracts, hashes = peer.services.contracts, request.iso15118_certificate_hash_data
    if contracts is None or not (request.certificate or hashes):
        return None
    if request.certificate:
        return await contracts.by_chain(request.certificate, request.id_token.id_token)
    try:
        return await contracts.by_hashes([named(one) for one in hashes or ()])
    except RemoteProtocolError as error:
        return Checked(Contract.CHAIN, str(error))


async def refused(peer: StationPeer, checked: Checked) -> None:
    """Tell the operator why; the driver is told by a status alone."""
    word = checked.contract.value
    log.warning("a contract is refused", station=peer.station_id, reason=checked.reason)
    await happened(peer, Happening("Authorize", code=word, text=checked.reason[:TEXT_MAX]))


def named(data: OCSPRequestDataType | v21.OCSPRequestDataType) -> Named:
    """Read how OCPP names a certificate; raises RemoteProtocolError."""
    return Named(
        read_id(
            data.hash_algorithm.value,
            data.issuer_name_hash,
            data.issuer_key_hash,
            data.serial_number,
        ),
        data.responder_url,
    )
