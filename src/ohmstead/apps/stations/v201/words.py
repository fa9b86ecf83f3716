"""A TransactionEvent in the words of the flows: a start, readings or a stop."""

from __future__ import annotations

from ohmstead.apps.stations.drivers import is_its_driver
from ohmstead.apps.stations.v201.begin import begin_of, beginning_of, evse_of
from ohmstead.apps.stations.v201.event import UPDATED, Told
from ohmstead.apps.stations.v201.reasons import BY_DRIVER, NO_CAR
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.order import of_end
from ohmstead.flows.charging.progress import Readings
from ohmstead.flows.charging.start import Start
from ohmstead.flows.charging.stop import Stop


def start_of(told: Told) -> Start:
    """What a Started event begins."""
    return Start(
        fresh_session_id=told.peer.services.session_id(),
        station_id=told.peer.station_id,
        evse_id=evse_of(told),
        protocol=told.peer.version.value,
        transaction_id=told.transaction_id,
        id_token=told.presented,
        at_ms=told.at_ms,
        begin_mwh=begin_of(told),
        offline=bool(told.request.offline),
        seen_id=told.seen_id,
        digest=told.digest,
        seq=told.request.seq_no,
        payload=told.payload,
        findings=told.forgiven,
    )


def readings_of(told: Told) -> Readings:
    """What an Updated event adds, or the records a Started one carries."""
    is_update = told.request.event_type is UPDATED
    return Readings(
        station_id=told.peer.station_id,
        transaction_id=told.transaction_id,
        values=told.values.plain if is_update else (),
        evidence=told.evidence,
        digest=told.digest,
        payload=told.payload,
        zone=told.peer.zone,
        seen_id=told.seen_id if is_update else "",
        seq=told.request.seq_no,
        at_ms=told.at_ms,
        unreadable=told.values.refused,
        findings=told.forgiven,
        beginning=beginning_of(told),
    )


def stop_of(told: Told) -> Stop:
    """What an Ended event ends."""
    request, reason = told.request, told.request.transaction_info.stopped_reason
    session = told.peer.session(told.transaction_id)
    findings: tuple[str, ...] = ()
    if session is not None:
        progress = progress_of(told.peer.services.store, session)
        findings = of_end(session, progress, request.seq_no, told.at_ms)
    return Stop(
        station_id=told.peer.station_id,
        transaction_id=told.transaction_id,
        at_ms=told.at_ms,
        end_mwh=told.values.last if told.is_whole else None,
        evidence=told.evidence,
        driver_approved=reason in BY_DRIVER and is_its_driver(told.peer, session, told.presented),
        seen_id=told.seen_id,
        digest=told.digest,
        payload=told.payload,
        zone=told.peer.zone,
        seq=request.seq_no,
        findings=(*findings, *told.forgiven),
        unreadable=told.values.refused,
        beginning=beginning_of(told),
        is_unused=reason == NO_CAR,
    )
