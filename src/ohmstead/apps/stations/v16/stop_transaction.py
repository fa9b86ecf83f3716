"""StopTransaction: always recorded, always answered, paid once."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.readings import digest_of
from ohmstead.apps.stations.v16.authorize import info
from ohmstead.apps.stations.v16.values import read
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
    end_mwh = request.meter_stop * MWH_PER_WH
    values = read(request.transaction_data or ())
    evidence = await peer.examine(values.signed)
    session = _session(request, peer, at_ms, end_mwh)
    transaction_id = session.transaction_id if session else str(request.transaction_id)
    digest = digest_of(
        transaction_id, at_ms, end_mwh, values.plain, *(e.payload_sha256 for e in evidence)
    )
    presented = (request.id_tag or "").casefold()
    same_driver = session is not None and presented in ("", session.id_token.casefold())
    await peer.services.store.run(
        stop,
        Stop(
            station_id=peer.station_id,
            transaction_id=transaction_id,
            at_ms=at_ms,
            end_mwh=end_mwh,
            evidence=evidence,
            driver_approved=same_driver and request.reason in _BY_DRIVER,
            seen_id=f"{peer.station_id}/stop/{digest}",
            digest=digest,
            payload=peer.payload_text,
            zone=peer.zone,
            findings=("transaction_id_missing",) if request.transaction_id <= 0 else (),
        ),
    )
    if request.id_tag is None:
        return StopTransactionResponse()
    funding = await peer.services.store.run(authorise, request.id_tag)
    return StopTransactionResponse(id_tag_info=info(funding.authorisation, funding.token))


def _session(
    request: StopTransactionRequest, peer: StationPeer, at_ms: int, end_mwh: int
) -> Session | None:
    """Find the session a stop may mean, so that its driver can be compared."""
    if request.transaction_id > 0:
        return peer.session(str(request.transaction_id))
    # Behaviour 7: an offline start whose answer never came. The one open session it can mean, if
    # there is one, goes to review by its finding; otherwise the stop is quarantined.
    meant = [
        session
        for session in peer.open_sessions()
        if session.started_ms <= at_ms and (session.begin_mwh or 0) <= end_mwh
    ]
    return meant[0] if len(meant) == 1 else None
