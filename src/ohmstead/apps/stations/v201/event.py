"""What a TransactionEvent tells, in the words of the flows."""

from __future__ import annotations

from msgspec import structs

from ohmstead.apps.stations.contracts import uid_of
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import Values, digest_of, with_lost
from ohmstead.apps.stations.v201.values import read
from ohmstead.flows.charging.evidence import Evidence
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp import v21
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.forgiving import LOST
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    TransactionEventEnumType,
    TransactionEventRequest,
)

Event = TransactionEventRequest | v21.TransactionEventRequest
STARTED, UPDATED = TransactionEventEnumType.STARTED, TransactionEventEnumType.UPDATED
ENDED = TransactionEventEnumType.ENDED


class Told(Frozen):
    """One event and what stands behind it; ``payload`` as received, for the quarantine."""

    request: Event
    peer: StationPeer
    payload: str
    transaction_id: str
    at_ms: int
    values: Values
    evidence: tuple[Evidence, ...]
    seen_id: str
    digest: str
    forgiven: tuple[str, ...]  # in how it was written

    @property
    def is_whole(self) -> bool:
        """Whether no value was left out that may be where the energy begins or ends."""
        return LOST not in self.forgiven

    @property
    def presented(self) -> str:
        """The id_token, "" without one."""
        return self.request.id_token.id_token if self.request.id_token else ""


async def tell(request: Event, peer: StationPeer, payload: str, forgiven: tuple[str, ...]) -> Told:
    """Read an event; raises CallRefused for one that names no transaction or no time."""
    transaction_id = request.transaction_info.transaction_id
    if not transaction_id:
        reason = "transactionInfo.transactionId is empty"
        raise CallRefused(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, reason)
    request = _with_contract(request, peer)
    values = with_lost(read(request.meter_value or ()), forgiven)
    evidence = await peer.examine(values.signed) if values.signed else ()
    at_ms = parse_time(request.timestamp)
    # Behaviour 5: "TransactionEvent on (station, transaction, seqNo)".
    seen_id = f"{peer.station_id}/{transaction_id}/{request.seq_no}"
    said = [transaction_id, request.event_type, at_ms, values.plain]
    records = [item.payload_sha256 for item in evidence]
    digest = digest_of(*said, *records, *values.refused)
    about = (transaction_id, at_ms, values, evidence)
    return Told(request, peer, payload, *about, seen_id, digest, forgiven)


def _with_contract(request: Event, peer: StationPeer) -> Event:
    """C07: an eMAID is written in several ways, and what is kept names the one that is known."""
    token = request.id_token
    if token is None:
        return request
    uid = uid_of(peer.services.store, token.id_token, token.type)
    if uid == token.id_token:
        return request
    return structs.replace(request, id_token=structs.replace(token, id_token=uid))
