"""What a TransactionEvent tells, in the words of the flows."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import Values, digest_of
from ohmstead.apps.stations.v201.values import read
from ohmstead.flows.charging.evidence import Evidence
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    TransactionEventEnumType,
    TransactionEventRequest,
)

STARTED, UPDATED = TransactionEventEnumType.STARTED, TransactionEventEnumType.UPDATED


async def tell(request: TransactionEventRequest, peer: StationPeer, payload: str) -> Told:
    """Read an event; raises CallRefused for one that names no transaction or no time."""
    if not request.transaction_info.transaction_id:
        reason = "transactionInfo.transactionId is empty"
        raise CallRefused(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, reason)
    values = read(request.meter_value or ())
    evidence = await peer.examine(values.signed)
    return Told(request, peer, payload, parse_time(request.timestamp), values, evidence)


class Told(Frozen):
    """One event and what stands behind it; ``payload`` as received, for the quarantine."""

    request: TransactionEventRequest
    peer: StationPeer
    payload: str
    at_ms: int
    values: Values
    evidence: tuple[Evidence, ...]

    @property
    def transaction_id(self) -> str:
        return self.request.transaction_info.transaction_id

    @property
    def seen_id(self) -> str:
        # Behaviour 5: "TransactionEvent on (station, transaction, seqNo)".
        return f"{self.peer.station_id}/{self.transaction_id}/{self.request.seq_no}"

    @property
    def digest(self) -> str:
        kind, records = self.request.event_type.value, [e.payload_sha256 for e in self.evidence]
        values = self.values
        return digest_of(
            self.transaction_id, kind, self.at_ms, values.plain, *records, *values.refused
        )
