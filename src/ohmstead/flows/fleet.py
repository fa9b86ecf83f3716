"""A fleet comes in whole: every station of an import is registered in one commit, or none is."""

from __future__ import annotations

import enum

from ohmstead.core.network import Station
from ohmstead.errors import OperatorError
from ohmstead.flows.onboarding import add_station
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State


class Brought(enum.Enum):
    """What becomes of one station of an import, in the order it is checked."""

    RETIRED = "retired"  # the id was in service once; refuses the import
    SAME = "same"  # registered so already: a repeat changes nothing
    KEPT = "kept"  # registered otherwise, and stays as it is because that was asked for
    DIFFERS = "differs"  # registered otherwise; refuses the import
    INVALID = "invalid"  # refuses the import
    NEW = "new"


REFUSING = frozenset({Brought.RETIRED, Brought.DIFFERS, Brought.INVALID})
# The cell of an import that says a field of the record.
COMPARED = {
    "evses": "evses",
    "tariff_key": "tariff",
    "owner": "owner",
    "name": "name",
    "time_zone": "time_zone",
    "location_cell": "location_cell",
    "admission": "admission",
    "lenient": "strictness",
    "security_profile": "security_profile",
}

# By which option of `ohmstead station set` a cell can be changed; what is not here stays.
OPTIONS = {
    "evses": "--evse",
    "tariff": "--tariff",
    "name": "--name",
    "admission": "--admission",
    "strictness": "--strictness",
    "security_profile": "--security-profile",
    "password": "--rotate-password",
}


class Outcome(Frozen):
    """One station's; ``cell`` names what is wrong with it, where one cell does."""

    station_id: str
    brought: Brought
    cell: str = ""
    detail: str = ""


class BringFleet(Frozen):
    """Stations to register; an empty ``secret_mac`` of one that is there leaves its own."""

    stations: tuple[Station, ...]
    keep: bool  # those that are registered otherwise stay as they are
    dry_run: bool


def bring_fleet(state: State, command: BringFleet, now_ms: int) -> Decision[tuple[Outcome, ...]]:
    """Register every station, or, when one is refused or it is a dry run, none."""
    outcomes: list[Outcome] = []
    puts: list[Record] = []
    for station in command.stations:
        known = state.get(Station, station.id)
        if known is not None:
            outcomes.append(_known(known, station, command.keep))
            continue
        try:
            puts += add_station(state, station, now_ms).puts
        except OperatorError as error:
            cell = "tariff" if "tariff" in str(error) else ""
            outcomes.append(Outcome(station.id, Brought.INVALID, cell, str(error)))
        else:
            outcomes.append(Outcome(station.id, Brought.NEW))
    is_refused = any(outcome.brought in REFUSING for outcome in outcomes)
    done = () if is_refused or command.dry_run else tuple(puts)
    return Decision(tuple(outcomes), done)


def _known(known: Station, wanted: Station, keep: bool) -> Outcome:
    if known.retired_ms:
        detail = f"station {known.id} was taken out of service; its id is never used again"
        return Outcome(known.id, Brought.RETIRED, "id", detail)
    cell = _difference(known, wanted)
    if not cell:
        return Outcome(known.id, Brought.SAME)
    if keep:
        return Outcome(known.id, Brought.KEPT)
    option = OPTIONS.get(cell)
    change = f" change it with `ohmstead station set {known.id} {option}`," if option else ""
    detail = (
        f"station {known.id} is registered with another {cell}: correct the line,{change} or leave "
        "such stations as they are with --keep"
    )
    return Outcome(known.id, Brought.DIFFERS, cell, detail)


def _difference(known: Station, wanted: Station) -> str:
    """The first cell in which the two differ, empty if none."""
    ours = replace(known, evses=tuple(replace(evse, meter_key_id="") for evse in known.evses))
    for field, cell in COMPARED.items():
        if getattr(ours, field) != getattr(wanted, field):
            return cell
    macs = {known.secret_mac, *known.next_macs}
    return "password" if wanted.secret_mac and wanted.secret_mac not in macs else ""
