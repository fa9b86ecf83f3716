"""MeterValues: in 2.x those of a transaction come in TransactionEvent; these bill nobody."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.v201 import MeterValuesRequest, MeterValuesResponse


async def handle(
    _request: MeterValuesRequest | v21.MeterValuesRequest, _peer: StationPeer
) -> MeterValuesResponse:
    # 2.0.1 J01.FR.14: values outside a transaction.
    return MeterValuesResponse()
