"""DataTransfer: vendor extensions, answered by the operator's hooks."""

from __future__ import annotations

import msgspec

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.transfers.hooks import Transfer
from ohmstead.wire.ocpp.v201 import (
    DataTransferRequest,
    DataTransferResponse,
    DataTransferStatusEnumType,
)


async def handle(request: DataTransferRequest, peer: StationPeer) -> DataTransferResponse:
    transfers = peer.services.transfers
    if transfers is None:
        # 2.0.1 P01.FR.02: a recipient without an implementation for the vendorId says so.
        return DataTransferResponse(status=DataTransferStatusEnumType.UNKNOWN_VENDOR_ID)
    data = b"null" if request.data is None else bytes(request.data)
    told = Transfer(
        peer.station_id, peer.version.value, request.vendor_id, request.message_id or "", data
    )
    found = await transfers.answer(told)
    status = DataTransferStatusEnumType(found.status)
    said = msgspec.Raw(found.data) if found.data else None
    return DataTransferResponse(status=status, data=said)
