"""DataTransfer: vendor extensions; none is known yet, and saying so is the answer."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp.v201 import (
    DataTransferRequest,
    DataTransferResponse,
    DataTransferStatusEnumType,
)


async def handle(_request: DataTransferRequest, _peer: StationPeer) -> DataTransferResponse:
    # 2.0.1 P01.FR.02: "If the recipient of the request has no implementation for the specific
    # vendorId, the recipient SHALL return a status UnknownVendorId".
    return DataTransferResponse(status=DataTransferStatusEnumType.UNKNOWN_VENDOR_ID)
