"""Where a transaction of 2.x begins, and with which register: told at its start, or later."""

from __future__ import annotations

from ohmstead.apps.stations.v201.event import STARTED, Told
from ohmstead.flows.charging.begin import Beginning


def evse_of(told: Told) -> int:
    """The evse of a start: where it names none the only one, else 0, until an event names it."""
    if told.request.evse and told.request.evse.id:
        return told.request.evse.id
    evses = told.peer.station.evses
    return evses[0].id if len(evses) == 1 else 0


def begin_of(told: Told) -> int | None:
    """The register a start begins with, in mWh. Where the cable is not in yet, a register is one
    of this transaction only if it says so."""
    is_told = told.is_whole and bool(told.values.begins or evse_of(told))
    return told.values.first if is_told else None


def beginning_of(told: Told) -> Beginning:
    """What a later event tells of the begin, should the start have left it open."""
    if told.request.event_type is STARTED:
        return Beginning()
    evse = told.request.evse
    return Beginning(evse.id if evse else 0, told.values.begins if told.is_whole else ())
