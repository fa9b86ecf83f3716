"""StartTransaction: a session begins and its money is held, once however often it is told."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities.using import token_of, use_reservation
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import digest_of, wh_to_mwh
from ohmstead.apps.stations.v16.authorize import info
from ohmstead.flows.charging.start import Start, start
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v16 import StartTransactionRequest, StartTransactionResponse


async def handle(request: StartTransactionRequest, peer: StationPeer) -> StartTransactionResponse:
    # Behaviour 5: "StartTransaction on (station, connector, timestamp, meterStart, idTag)".
    digest = digest_of(
        request.connector_id, request.timestamp, request.meter_start, request.id_tag.casefold()
    )
    started = await peer.services.store.run(
        start,
        Start(
            fresh_session_id=peer.services.session_id(),
            station_id=peer.station_id,
            evse_id=request.connector_id,
            protocol="1.6",
            transaction_id="",
            id_token=request.id_tag,
            at_ms=parse_time(request.timestamp),
            begin_mwh=wh_to_mwh(request.meter_start),
            offline=False,
            seen_id=f"{peer.station_id}/start/{digest}",
            digest=digest,
            findings=peer.forgiven,
        ),
    )
    number, transaction_id = request.reservation_id, started.transaction_id
    await use_reservation(peer, transaction_id, request.id_tag, number)
    return StartTransactionResponse(
        id_tag_info=info(started.authorisation, token_of(peer, request.id_tag)),
        transaction_id=int(started.transaction_id),
    )
