"""``/stations/{id}/local-list``: which id_tokens a station may use while it cannot ask."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath

from ohmstead.apps.api import views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.stations import RUNS, SEES, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.stations.capabilities.local_lists import ListRefused
from ohmstead.apps.stations.capabilities.smart_charging import link_of
from ohmstead.core.local_list import ListState, LocalList
from ohmstead.flows.local_lists import use_list


def view(house: House, state: ListState) -> dict[str, Any]:
    """A list as its station has it."""
    known = house.store.get(LocalList, state.station_id) or LocalList(state.station_id)
    return {
        "version": known.version,
        "up_to_date": not house.keeper.lists.is_old(known.station_id),
        "synced": views.moment(state.synced_ms),
        "problem": state.problem or None,
        "entries": [
            {
                "uid": entry.uid,
                "status": entry.status.value,
                "expires": views.moment(entry.expires_ms),
                "group": entry.group,
            }
            for entry in known.entries
        ],
    }


@get("/stations/{station_id:str}/local-list", opt=SEES)
async def show_local_list(house: TheHouse, station_id: FromPath[str]) -> dict[str, Any]:
    """The local authorisation list that a station has, as far as it answered."""
    station_of(house, station_id)
    known = house.store.get(ListState, station_id)
    if known is None:
        raise not_found(f"local list of station {station_id}; POST .../local-list/sync begins one")
    return view(house, known)


@post("/stations/{station_id:str}/local-list/sync", opt=RUNS, status_code=200)
async def sync_local_list(house: TheHouse, station_id: FromPath[str]) -> dict[str, Any]:
    """Bring a station's local list up to date now, and keep it so from now on: all that changed
    in one or more messages, or the whole list where the station has another than we know."""
    station_of(house, station_id)
    link_of(house, station_id)
    await house.store.run(use_list, station_id)
    try:
        known = await house.keeper.lists.sync(station_id)
    except ListRefused as error:
        raise Problem(409, str(error), "list-refused") from None
    return view(house, known)


HANDLERS = (show_local_list, sync_local_list)
