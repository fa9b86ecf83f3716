"""DataTransfer: vendor extensions, answered by the operator's hooks."""

from __future__ import annotations

import msgspec

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.transfers.hooks import Transfer
from ohmstead.wire.ocpp.v16 import DataTransferRequest, DataTransferResponse, DataTransferStatus


async def handle(request: DataTransferRequest, peer: StationPeer) -> DataTransferResponse:
    transfers = peer.services.transfers
    if transfers is None:
        # 1.6 4.3: a recipient without an implementation for the vendorId says so.
        return DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
    data = msgspec.json.encode(request.data)
    told = Transfer(
        peer.station_id, peer.version.value, request.vendor_id, request.message_id or "", data
    )
    found = await transfers.answer(told)
    status = DataTransferStatus(found.status)
    if not found.data:
        return DataTransferResponse(status=status)
    # 1.6 has text there: a hook's text is sent as it is, anything else as its JSON.
    said = msgspec.json.decode(found.data)
    text = said if isinstance(said, str) else found.data.decode()
    return DataTransferResponse(status=status, data=text)
