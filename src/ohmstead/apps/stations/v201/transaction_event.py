"""TransactionEvent: Started, Updated and Ended are a start, readings and a stop."""

from __future__ import annotations

from decimal import Decimal

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import Values, digest_of
from ohmstead.apps.stations.v201.authorize import info
from ohmstead.apps.stations.v201.values import read
from ohmstead.core.network import Quarantined
from ohmstead.core.session import Session
from ohmstead.flows.charging.evidence import Evidence
from ohmstead.flows.charging.funding import Authorisation
from ohmstead.flows.charging.holding import Fund, fund
from ohmstead.flows.charging.progress import Readings, record_readings
from ohmstead.flows.charging.start import Start, start
from ohmstead.flows.charging.stop import Stop, stop
from ohmstead.wire.ocpp.codec import decode_as
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v201 import (
    ReasonEnumType,
    TransactionEventEnumType,
    TransactionEventRequest,
    TransactionEventResponse,
)

EARLIER_MAX = 1_000  # events of one transaction that may come before its Started

_STARTED, _UPDATED = TransactionEventEnumType.STARTED, TransactionEventEnumType.UPDATED
_BY_DRIVER = frozenset(
    {None, ReasonEnumType.LOCAL, ReasonEnumType.EV_DISCONNECTED, ReasonEnumType.REMOTE}
)


async def handle(request: TransactionEventRequest, peer: StationPeer) -> TransactionEventResponse:
    values = read(request.meter_value or ())
    evidence = await peer.examine(values.signed)
    answer = TransactionEventResponse()
    if request.event_type is _STARTED:
        authorisation = await _start(request, peer, values, evidence)
        await _take_up_earlier(request, peer)
        if request.id_token is not None:
            # E05.FR.10 / C01: the station learns with the answer whether it may charge.
            answer.id_token_info = info(authorisation, None)
    elif request.id_token is not None:
        funded = await peer.services.store.run(
            fund,
            Fund(
                peer.station_id, request.transaction_info.transaction_id, request.id_token.id_token
            ),
        )
        answer.id_token_info = info(funded.authorisation, None)
    if request.event_type is _UPDATED or (request.event_type is _STARTED and evidence):
        progressed = await peer.services.store.run(
            record_readings, _readings(request, peer, values, evidence)
        )
        if progressed.cost_minor is not None and request.event_type is _UPDATED:
            # I02: the running cost, in the currency of the station.
            answer.total_cost = Decimal(progressed.cost_minor).scaleb(-peer.services.asset_scale)
    elif request.event_type is not _STARTED:
        await peer.services.store.run(stop, _stop(request, peer, values, evidence))
    return answer


async def _take_up_earlier(request: TransactionEventRequest, peer: StationPeer) -> None:
    """Behaviour 8: what came before its Started was kept, and is heard now in its order."""
    transaction_id = request.transaction_info.transaction_id
    kept = peer.services.store.find(
        Quarantined, EARLIER_MAX, station_id=peer.station_id, transaction_id=transaction_id
    )
    earlier = [decode_as(TransactionEventRequest, item.payload.encode()) for item in kept]
    for event in sorted(earlier, key=lambda event: event.seq_no):
        if event.event_type is not _STARTED:
            await handle(event, peer)


async def _start(
    request: TransactionEventRequest,
    peer: StationPeer,
    values: Values,
    evidence: tuple[Evidence, ...],
) -> Authorisation:
    transaction_id = request.transaction_info.transaction_id
    token = request.id_token.id_token if request.id_token else ""
    started = await peer.services.store.run(
        start,
        Start(
            fresh_session_id=peer.services.session_id(),
            station_id=peer.station_id,
            evse_id=request.evse.id if request.evse else 1,
            protocol="2.0.1",
            transaction_id=transaction_id,
            id_token=token,
            at_ms=parse_time(request.timestamp),
            begin_mwh=values.plain[0][1] if values.plain else None,
            offline=bool(request.offline),
            seen_id=_seen_id(request, peer),
            digest=_digest(request, values, evidence),
            seq=request.seq_no,
        ),
    )
    return started.authorisation


def _readings(
    request: TransactionEventRequest,
    peer: StationPeer,
    values: Values,
    evidence: tuple[Evidence, ...],
) -> Readings:
    is_update = request.event_type is _UPDATED
    return Readings(
        station_id=peer.station_id,
        transaction_id=request.transaction_info.transaction_id,
        values=values.plain if is_update else (),
        evidence=evidence,
        digest=_digest(request, values, evidence),
        payload=peer.payload_text,
        zone=peer.zone,
        seen_id=_seen_id(request, peer) if is_update else "",
        seq=request.seq_no,
    )


def _stop(
    request: TransactionEventRequest,
    peer: StationPeer,
    values: Values,
    evidence: tuple[Evidence, ...],
) -> Stop:
    transaction_id = request.transaction_info.transaction_id
    session = peer.session(transaction_id)
    reason = request.transaction_info.stopped_reason
    presented = request.id_token.id_token.casefold() if request.id_token else ""
    same_driver = session is not None and presented in ("", session.id_token.casefold())
    return Stop(
        station_id=peer.station_id,
        transaction_id=transaction_id,
        at_ms=parse_time(request.timestamp),
        end_mwh=values.plain[-1][1] if values.plain else None,
        evidence=evidence,
        driver_approved=same_driver and reason in _BY_DRIVER,
        seen_id=_seen_id(request, peer),
        digest=_digest(request, values, evidence),
        payload=peer.payload_text,
        zone=peer.zone,
        seq=request.seq_no,
        findings=_gap(session, request.seq_no),
    )


def _gap(session: Session | None, seq_no: int) -> tuple[str, ...]:
    # Behaviour 9: "missing Updated events are a finding (stations may drop them when full)".
    return ("seq_gap",) if session is not None and seq_no > session.last_seq + 1 else ()


def _seen_id(request: TransactionEventRequest, peer: StationPeer) -> str:
    # Behaviour 5: "TransactionEvent on (station, transaction, seqNo)".
    return f"{peer.station_id}/{request.transaction_info.transaction_id}/{request.seq_no}"


def _digest(
    request: TransactionEventRequest, values: Values, evidence: tuple[Evidence, ...]
) -> str:
    return digest_of(
        request.transaction_info.transaction_id,
        request.event_type.value,
        parse_time(request.timestamp),
        values.plain,
        *(item.payload_sha256 for item in evidence),
    )
