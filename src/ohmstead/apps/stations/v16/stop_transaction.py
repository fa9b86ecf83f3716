"""StopTransaction: always recorded, always answered, paid once."""

from __future__ import annotations

from ohmstead.apps.stations.drivers import is_its_driver
from ohmstead.apps.stations.foreign import was_foreign
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import digest_of, wh_to_mwh, with_lost
from ohmstead.apps.stations.v16.authorize import info
from ohmstead.apps.stations.v16.values import read
from ohmstead.core.network import SeenMessage
from ohmstead.core.session import Session
from ohmstead.flows.charging.funding import authorise
from ohmstead.flows.charging.stop import Stop, stop
from ohmstead.units import MWH_PER_WH
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v16 import Reason, StopTransactionRequest, StopTransactionResponse

# Reasons by which the driver ended it: 1.6 7.37 "Local: stopped on request of the user at the
# Charge Point", "EVDisconnected: disconnecting of cable", "Remote: on request of the user".
_BY_DRIVER = frozenset({None, Reason.LOCAL, Reason.EV_DISCONNECTED, Reason.REMOTE})


async def handle(request: StopTransactionRequest, peer: StationPeer) -> StopTransactionResponse:
    at_ms = parse_time(request.timestamp)
    end_mwh = wh_to_mwh(request.meter_stop)
    values = with_lost(read(request.transaction_data or ()), peer.forgiven)
    evidence = await peer.examine(values.signed) if values.signed else ()
    has_id = request.transaction_id > 0
    # Behaviour 5: "StopTransaction on (station, transactionId), offline ones by content".
    about = str(request.transaction_id) if has_id else "offline"
    records = [item.payload_sha256 for item in evidence]
    digest = digest_of(about, at_ms, request.meter_stop, values.plain, *records)
    seen_id = f"{peer.station_id}/stop/{digest}"
    session = peer.session(about) if has_id else _meant(request, peer, at_ms, seen_id)
    same_driver = is_its_driver(peer, session, request.id_tag or "")
    told = Stop(
        station_id=peer.station_id,
        transaction_id=session.transaction_id if session else str(request.transaction_id),
        at_ms=at_ms,
        end_mwh=end_mwh,
        evidence=evidence,
        driver_approved=same_driver and request.reason in _BY_DRIVER,
        seen_id=seen_id,
        digest=digest,
        payload=peer.payload_text,
        zone=peer.zone,
        findings=(*(() if has_id else ("transaction_id_missing",)), *peer.forgiven),
        unreadable=values.refused if end_mwh is not None else ("meterStop", *values.refused),
    )
    if session is not None or not await was_foreign(peer, about, is_stop=True):
        await peer.services.store.run(stop, told)
    if request.id_tag is None:
        return StopTransactionResponse()
    funding = await peer.services.store.run(authorise, request.id_tag)
    return StopTransactionResponse(id_tag_info=info(funding.authorisation, funding.token))


def _meant(
    request: StopTransactionRequest, peer: StationPeer, at_ms: int, seen_id: str
) -> Session | None:
    """Behaviour 7: an offline start whose answer never came. The session this stop ended before,
    or the one open session it can mean, which goes to review by its finding; else None."""
    store = peer.services.store
    seen = store.get(SeenMessage, seen_id)
    if seen is not None:
        return store.get(Session, seen.session_id)
    presented, end_mwh = (request.id_tag or "").casefold(), request.meter_stop * MWH_PER_WH
    meant = [
        session
        for session in peer.open_sessions()
        if session.started_ms <= at_ms
        and (session.begin_mwh or 0) <= end_mwh
        and presented in ("", session.id_token.casefold())
    ]
    return meant[0] if len(meant) == 1 else None
