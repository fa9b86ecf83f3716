"""A registered station changes: how it is met, its password, and the day it leaves."""

from __future__ import annotations

from ohmstead.core.connectors import Connectors
from ohmstead.core.device_model import EarlierInventory, Inventory
from ohmstead.core.network import Admission, Station
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
    if command.secret_mac is not None:  # set by hand, and at once the only one
        changed = replace(changed, next_macs=(), secret_is_weak=False, secret_hash="")
    return Decision(changed, (changed,) if changed != station else ())


def retire_station(state: State, station_id: str, now_ms: int) -> Decision[Station]:
    """Take a station out of service for good; its receipts keep its id."""
    station = in_service(state, station_id)
    for open_state in OPEN_STATES:
        found = state.find(Session, 1, station_id=station_id, state=open_state.value)
        if found:
            raise OperatorError(
                f"station {station_id} has the open session {found[0].id}; stop it first"
            )
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
