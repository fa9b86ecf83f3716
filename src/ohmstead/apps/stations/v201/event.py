"""What a TransactionEvent tells, in the words of the flows."""

from __future__ import annotations

from dataclasses import dataclass

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import Values, digest_of
from ohmstead.apps.stations.v201.values import read
from ohmstead.core.session import Session
from ohmstead.flows.charging.evidence import Evidence
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.progress import Readings
from ohmstead.flows.charging.start import Start
from ohmstead.flows.charging.stop import Stop
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    ReasonEnumType,
    TransactionEventEnumType,
    TransactionEventRequest,
)

STARTED, UPDATED = TransactionEventEnumType.STARTED, TransactionEventEnumType.UPDATED
_BY_DRIVER = frozenset(
    {None, ReasonEnumType.LOCAL, ReasonEnumType.EV_DISCONNECTED, ReasonEnumType.REMOTE}
)


async def tell(request: TransactionEventRequest, peer: StationPeer, payload: str) -> Told:
    """Read an event; raises CallRefused for one that names no transaction or no time."""
    if not request.transaction_info.transaction_id:
        reason = "transactionInfo.transactionId is empty"
        raise CallRefused(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, reason)
    values = read(request.meter_value or ())
    evidence = await peer.examine(values.signed)
    return Told(request, peer, payload, parse_time(request.timestamp), values, evidence)


@dataclass(frozen=True, slots=True)
class Told:
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
        return digest_of(self.transaction_id, kind, self.at_ms, self.values.plain, *records)

    def start(self) -> Start:
        """What a Started event begins."""
        request, plain = self.request, self.values.plain
        return Start(
            fresh_session_id=self.peer.services.session_id(),
            station_id=self.peer.station_id,
            evse_id=request.evse.id if request.evse else 1,
            protocol="2.0.1",
            transaction_id=self.transaction_id,
            id_token=request.id_token.id_token if request.id_token else "",
            at_ms=self.at_ms,
            begin_mwh=plain[0][1] if plain else None,
            offline=bool(request.offline),
            seen_id=self.seen_id,
            digest=self.digest,
            seq=request.seq_no,
        )

    def readings(self) -> Readings:
        """What an Updated event adds, or the records a Started one carries."""
        is_update = self.request.event_type is UPDATED
        return Readings(
            station_id=self.peer.station_id,
            transaction_id=self.transaction_id,
            values=self.values.plain if is_update else (),
            evidence=self.evidence,
            digest=self.digest,
            payload=self.payload,
            zone=self.peer.zone,
            seen_id=self.seen_id if is_update else "",
            seq=self.request.seq_no,
            unreadable=self.values.refused,
        )

    def stop(self) -> Stop:
        """What an Ended event ends."""
        request, plain = self.request, self.values.plain
        session = self.peer.session(self.transaction_id)
        presented = request.id_token.id_token.casefold() if request.id_token else ""
        same_driver = session is not None and presented in ("", session.id_token.casefold())
        by_driver = request.transaction_info.stopped_reason in _BY_DRIVER
        return Stop(
            station_id=self.peer.station_id,
            transaction_id=self.transaction_id,
            at_ms=self.at_ms,
            end_mwh=plain[-1][1] if plain else None,
            evidence=self.evidence,
            driver_approved=same_driver and by_driver,
            seen_id=self.seen_id,
            digest=self.digest,
            payload=self.payload,
            zone=self.peer.zone,
            seq=request.seq_no,
            findings=self._gap(session),
            unreadable=self.values.refused,
        )

    def _gap(self, session: Session | None) -> tuple[str, ...]:
        # Behaviour 9: "missing Updated events are a finding (stations may drop them when full)".
        if session is None:
            return ()
        last_seq = progress_of(self.peer.services.store, session).last_seq
        return ("seq_gap",) if self.request.seq_no > last_seq + 1 else ()
