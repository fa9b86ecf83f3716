"""DataTransfer: vendor extensions; none is known yet, and saying so is the answer."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.v16 import DataTransferRequest, DataTransferResponse, DataTransferStatus


async def handle(_request: DataTransferRequest, _peer: StationPeer) -> DataTransferResponse:
    # 1.6 4.3: "If the recipient of the request has no implementation for the specific vendorId it
    # SHALL return a status 'UnknownVendor'".
    return DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
