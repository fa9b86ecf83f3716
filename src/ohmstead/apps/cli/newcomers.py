"""``ohmstead station pending``, ``approve``, ``reject``: stations that nobody registered."""

from __future__ import annotations

from typing import Annotated

import typer

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table
from ohmstead.apps.cli.stations import (
    Evses,
    Owner,
    StationId,
    StationName,
    TariffId,
    TimeZone,
    registration,
)


def list_pending(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """Unknown stations that wait for approval, and those that were rejected."""
    found = Api(directory, key).all("/newcomers")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["id"],
            one["state"],
            "connected" if one["connected"] else f"since {one['last_boot'] or '?'}",
            one["address"],
            f"{one['vendor']} {one['model']} {one['serial']}".strip(),
            str(one["security_profile"]),
            one["secret"],
        ]
        for one in found
    ]
    titles = ["STATION", "STATE", "SEEN", "ADDRESS", "SAYS IT IS", "PROFILE", "SECRET"]
    table(rows, titles, "No unknown station waits or was rejected.")


def approve_station(
    station_id: StationId,
    owner: Owner,
    tariff_id: TariffId,
    evse: Evses = None,
    name: StationName = "",
    time_zone: TimeZone = "",
    security_profile: Annotated[
        int | None, typer.Option(min=1, max=3, help="Else the one it came with.")
    ] = None,
    password: Annotated[
        str | None, typer.Option(help="Approve it only if this is the one it came with.")
    ] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Register an unknown station that waits; it keeps the password it came with."""
    body = {
        **registration(owner, tariff_id, evse, name, time_zone),
        "security_profile": security_profile,
        "password": password,
    }
    made = Api(directory, key).post(f"/newcomers/{part(station_id)}/approve", body)
    if as_json:
        say_json(made)
        return
    say(f"Approved station {station_id}; it was asked to connect again.")


def reject_station(station_id: StationId, directory: Dir = HERE, key: Key = "") -> None:
    """Turn an unknown station away; it is not let in again."""
    Api(directory, key).post(f"/newcomers/{part(station_id)}/reject", {})
    say(f"Station {station_id} is rejected and not let in again.")
