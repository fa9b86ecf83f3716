"""MeterValues: readings under way, plain or signed; those of no transaction settle nothing."""

from __future__ import annotations

from ohmstead.apps.stations.foreign import was_foreign
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import with_lost
from ohmstead.apps.stations.v16.values import read
from ohmstead.flows.charging.progress import Readings, record_readings
from ohmstead.wire.ocpp.v16 import MeterValuesRequest, MeterValuesResponse


async def handle(request: MeterValuesRequest, peer: StationPeer) -> MeterValuesResponse:
    transaction_id = str(request.transaction_id or "")
    if not transaction_id or transaction_id == "-1":
        # Behaviour 8: a station that still waits for its StartTransaction answer has no id to send.
        here = [s for s in peer.open_sessions() if s.evse_id == request.connector_id]
        if len(here) != 1:
            return MeterValuesResponse()  # clock-aligned values of an idle connector
        transaction_id = here[0].transaction_id
    if await was_foreign(peer, transaction_id, is_stop=False):
        return MeterValuesResponse()
    values = with_lost(read(request.meter_value), peer.forgiven)
    evidence = await peer.examine(values.signed) if values.signed else ()
    await peer.services.store.run(
        record_readings,
        Readings(
            station_id=peer.station_id,
            transaction_id=transaction_id,
            values=values.plain,
            evidence=evidence,
            digest="",
            payload=peer.payload_text,
            zone=peer.zone,
            unreadable=values.refused,
            findings=peer.forgiven,
        ),
    )
    return MeterValuesResponse()
