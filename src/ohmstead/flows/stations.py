"""A registered station changes: how it is met, its password, and the day it leaves."""

from __future__ import annotations

from ohmstead.core.connectors import Connectors
from ohmstead.core.device_model import EarlierInventory, Inventory
from ohmstead.core.network import Admission, Evse, Station
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.core.standing import Standing
from ohmstead.core.tariff import Tariff
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State


class ChangeStation(Frozen):
    """What is to change of a station; None leaves it as it is."""

    station_id: str
    name: str | None = None
    admission: Admission | None = None
    lenient: bool | None = None
    tariff_key: str | None = None
    location_cell: str | None = None
    secret_mac: str | None = None
    security_profile: int | None = None
    evses: tuple[Evse, ...] | None = None  # all of them; each keeps the meter it has


CHANGEABLE = (
    "name",
    "admission",
    "lenient",
    "tariff_key",
    "location_cell",
    "secret_mac",
    "security_profile",
)


def change_station(state: State, command: ChangeStation, _now_ms: int) -> Decision[Station]:
    """Change a station; sessions that have begun keep the tariff they began with."""
    station = in_service(state, command.station_id)
    if command.tariff_key is not None and state.get(Tariff, command.tariff_key) is None:
        raise OperatorError(f"there is no tariff {command.tariff_key}; publish it first")
    wanted = {name: getattr(command, name) for name in CHANGEABLE}
    changed = replace(station, **{k: v for k, v in wanted.items() if v is not None})
    if command.evses is not None:
        changed = replace(changed, evses=_evses(state, station, command.evses))
    if command.secret_mac is not None:  # set by hand, and at once the only one
        changed = replace(changed, next_macs=(), secret_is_weak=False, secret_hash="")
    return Decision(changed, (changed,) if changed != station else ())


def _evses(state: State, station: Station, wanted: tuple[Evse, ...]) -> tuple[Evse, ...]:
    """The evses a station shall have, with the meters it has. Raises OperatorError.

    A session is judged by the power of its evse, so nothing changes under one that is open.
    """
    meters = {evse.id: evse.meter_key_id for evse in station.evses}
    found = tuple(replace(evse, meter_key_id=meters.get(evse.id, "")) for evse in wanted)
    if found == station.evses:
        return found
    _refuse_open(state, station.id)
    kept = {evse.id for evse in found}
    for evse in station.evses:
        if evse.meter_key_id and evse.id not in kept:
            raise OperatorError(
                f"evse {evse.id} of station {station.id} has a meter; take that away first: "
                "`ohmstead meter exchange`"
            )
    return found


def _refuse_open(state: State, station_id: str) -> None:
    for open_state in OPEN_STATES:
        found = state.find(Session, 1, station_id=station_id, state=open_state.value)
        if found:
            raise OperatorError(
                f"station {station_id} has the open session {found[0].id}; stop it first"
            )


def retire_station(state: State, station_id: str, now_ms: int) -> Decision[Station]:
    """Take a station out of service for good; its receipts keep its id."""
    station = in_service(state, station_id)
    _refuse_open(state, station_id)
    gone = replace(station, retired_ms=max(1, now_ms), secret_mac="", admission=Admission.REJECTED)
    # What it was set to is of no use any more; it drifts from no template, and has no status.
    over = (Standing, Inventory, EarlierInventory, Connectors)
    return Decision(gone, (gone,), drops=tuple((kind, station_id) for kind in over))


def in_service(state: State, station_id: str) -> Station:
    """Return a station that may be changed; raises OperatorError."""
    station = state.get(Station, station_id)
    if station is None or station.retired_ms:
        raise OperatorError(f"there is no station {station_id}; `ohmstead station list` shows all")
    return station
