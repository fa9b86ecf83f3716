"""A TransactionEvent in the words of the flows: a start, readings or a stop."""

from __future__ import annotations

from ohmstead.apps.stations.drivers import is_its_driver
from ohmstead.apps.stations.v201.event import UPDATED, Told
from ohmstead.flows.charging.begin import Beginning
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.order import of_end
from ohmstead.flows.charging.progress import Readings
from ohmstead.flows.charging.start import Start
from ohmstead.flows.charging.stop import Stop
from ohmstead.wire.ocpp.v201 import ReasonEnumType as Reason

# Reasons by which the driver, the car or a limit that was agreed ended it, 2.0.1 ReasonEnumType:
# the station worked as it should, so the last register is one. After a fault, a reset or without
# leave a person looks at it. docs/operating/unproven-sessions.md says so to operators.
BY_DRIVER = frozenset(
    {
        None,  # "MAY only be omitted when Local"
        Reason.LOCAL,
        Reason.REMOTE,
        Reason.EV_DISCONNECTED,
        Reason.STOPPED_BY_EV,
        Reason.SOC_LIMIT_REACHED,
        Reason.ENERGY_LIMIT_REACHED,
        Reason.TIME_LIMIT_REACHED,
        Reason.LOCAL_OUT_OF_CREDIT,
    }
)


def start_of(told: Told) -> Start:
    """What a Started event begins."""
    request, values = told.request, told.values
    evse_id = _evse_of(told)
    # Where the cable is not in yet, a register is one of this transaction only if it says so.
    is_begin = told.is_whole and bool(evse_id or values.begins)
    return Start(
        fresh_session_id=told.peer.services.session_id(),
        station_id=told.peer.station_id,
        evse_id=evse_id,
        protocol=told.peer.version.value,
        transaction_id=told.transaction_id,
        id_token=told.presented,
        at_ms=told.at_ms,
        begin_mwh=values.first if is_begin else None,
        offline=bool(request.offline),
        seen_id=told.seen_id,
        digest=told.digest,
        seq=request.seq_no,
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
        beginning=beginning_of(told) if is_update else Beginning(),
    )


def stop_of(told: Told) -> Stop:
    """What an Ended event ends."""
    request, reason = told.request, told.request.transaction_info.stopped_reason
    session = told.peer.session(told.transaction_id)
    same_driver = is_its_driver(told.peer, session, told.presented)
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
        driver_approved=same_driver and reason in BY_DRIVER,
        seen_id=told.seen_id,
        digest=told.digest,
        payload=told.payload,
        zone=told.peer.zone,
        seq=request.seq_no,
        findings=(*findings, *told.forgiven),
        unreadable=told.values.refused,
        beginning=beginning_of(told),
        is_unused=reason == Reason.TIMEOUT,
    )


def beginning_of(told: Told) -> Beginning:
    """What an event tells of the begin, should the start have left it open."""
    evse = told.request.evse
    registers = told.values.begins if told.is_whole else ()
    return Beginning(evse.id if evse else 0, registers)


def _evse_of(told: Told) -> int:
    """The evse of a start: where it names none the only one, else 0, until an event names it."""
    if told.request.evse and told.request.evse.id:
        return told.request.evse.id
    evses = told.peer.station.evses
    return evses[0].id if len(evses) == 1 else 0
