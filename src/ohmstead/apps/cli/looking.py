"""``ohmstead station attempts|events|...``: what a station did and told, and what it is to keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.commands import CommandApi, Payload, read_payload
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table
from ohmstead.apps.cli.stations import StationId, station

TEXT_CHARACTERS = 60
Newest = Annotated[int, typer.Option("--limit", min=1, max=500, help="The newest so many.")]
EvseId = Annotated[int, typer.Option("--evse", min=1, help="Which evse.")]


def _rate(rate: dict[str, Any]) -> str:
    bps, within_s = rate["success_bps"], rate["half_within_s"]
    if bps is None:
        return "no attempt has ended"
    whole, part_ = divmod(bps, 100)
    ended = rate["successes"] + rate["failures"]
    text = f"{rate['successes']} of {ended} had energy ({whole}.{part_:02d} %)"
    return text + (f", half of them within {within_s} s" if within_s else "")


def summarise_attempts(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many, today included.")] = 30,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """How many charge attempts of the network had energy, in all and by day."""
    found = Api(directory, key).get("/attempts/summary", days=days)
    if as_json:
        say_json(found)
        return
    say(f"Last {days} days: {_rate(found['rate'])}.")
    for reason, count in sorted(found["rate"]["reasons"].items()):
        say(f"  {count} {reason}")
    if found["by_day"]:
        table([[one["day"], _rate(one)] for one in found["by_day"]], ["DAY", "ATTEMPTS"])


@station.command("attempts")
def list_attempts(
    station_id: StationId,
    which: Annotated[str, typer.Option(help="all, open, success or failure.")] = "all",
    limit: Newest = 50,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Each charge attempt at a station, from plug-in or card to energy or why there was none."""
    path = f"/stations/{part(station_id)}/attempts"
    found = Api(directory, key).get(path, which=which, limit=limit)
    if as_json:
        say_json(found)
        return
    say(f"{station_id}: {_rate(found['rate'])}.")
    rows = [
        [
            one["opened"],
            "-" if one["evse"] is None else str(one["evse"]),
            one["reason"] or one["stage"],
            "" if one["time_to_power_s"] is None else f"{one['time_to_power_s']} s",
            one["detail"][:TEXT_CHARACTERS],
            one["session"] or "",
        ]
        for one in found["attempts"]
    ]
    if rows:
        table(rows, ["BEGAN", "EVSE", "OUTCOME", "TO POWER", "DETAIL", "SESSION"])


@station.command("events")
def list_events(
    station_id: StationId,
    log: Annotated[str, typer.Option(help="all, events or security.")] = "all",
    limit: Newest = 50,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """What a station told besides charging, the newest first."""
    path = f"/stations/{part(station_id)}/events"
    found = Api(directory, key).get(path, log=log, limit=limit)["items"]
    if as_json:
        say_json(found)
        return
    if not found:
        say(f"{station_id} has told nothing yet.")
        return
    rows = [
        [
            one["at"] or one["received"],
            one["log"],
            one["kind"],
            "" if one["severity"] is None else str(one["severity"]),
            ".".join(name for name in (one["component"], one["variable"]) if name),
            f"{one['code']} {one['text']}".strip()[:TEXT_CHARACTERS],
        ]
        for one in found
    ]
    table(rows, ["WHEN", "LOG", "KIND", "SEVERITY", "ABOUT", "WHAT"])


@station.command("payments")
def list_payments(station_id: StationId, directory: Dir = HERE, key: Key = "") -> None:
    """Payments at a station's own terminal (OCPP 2.1), as JSON."""
    say_json(Api(directory, key).all(f"/stations/{part(station_id)}/payments"))


@station.command("report")
def show_report(
    station_id: StationId,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="monitors, display_messages, customer_information")
    ],
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """What a station last answered to GetMonitoringReport, GetDisplayMessages and their like."""
    say_json(Api(directory, key).get(f"/stations/{part(station_id)}/reports/{part(kind)}"))


@station.command("local-list")
def local_list(
    station_id: StationId,
    sync: Annotated[
        bool, typer.Option("--sync", help="Bring it up to date now, and from now on.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """The local authorisation list a station has, as far as it answered; as JSON."""
    api, path = CommandApi(directory, key), f"/stations/{part(station_id)}/local-list"
    say_json(api.post(f"{path}/sync") if sync else api.get(path))


@station.command("reservations")
def list_reservations(
    station_id: StationId, directory: Dir = HERE, key: Key = "", as_json: Json = False
) -> None:
    """The reservations of a station, in the order in which they were made."""
    found = Api(directory, key).all(f"/stations/{part(station_id)}/reservations")
    if as_json:
        say_json(found)
        return
    names = ("evse", "id_token", "state", "expires", "reason")
    rows = [[str(one["number"]), *(str(one[name]) for name in names)] for one in found]
    table(rows, ["NUMBER", "EVSE", "ID_TOKEN", "STATE", "EXPIRES", "REASON"])


@station.command("reserve")
def reserve(
    station_id: StationId,
    id_token: Annotated[str, typer.Argument(metavar="ID_TOKEN", help="Whom it is kept for.")],
    evse: EvseId = 1,
    minutes: Annotated[int, typer.Option(min=1, max=1_440, help="How long it is kept.")] = 30,
    priority: Annotated[int, typer.Option(help="Among those who wait, 0 to 100.")] = 0,
    wait: Annotated[bool, typer.Option("--wait", help="Until the evse is free.")] = False,
    accept_fee: Annotated[
        bool, typer.Option("--accept-fee", help="The driver agreed to the tariff's fee for it.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Reserve an evse; answers with JSON, whose number `unreserve` takes."""
    expires = datetime.now(UTC) + timedelta(minutes=minutes)
    body = {
        "evse": evse,
        "id_token": id_token,
        "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "priority": priority,
        "wait": wait,
        "accept_fee": accept_fee,
    }
    say_json(CommandApi(directory, key).post(f"/stations/{part(station_id)}/reservations", body))


@station.command("unreserve")
def unreserve(
    station_id: StationId,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the reservation.")],
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Cancel a reservation; answers with JSON."""
    path = f"/stations/{part(station_id)}/reservations/{number}"
    say_json(CommandApi(directory, key).take_back(path))


@station.command("profiles")
def list_profiles(
    station_id: StationId,
    report: Annotated[
        bool, typer.Option("--report", help="Ask the station first (2.x); it answers later.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """The charging profiles a station should have, and its last report, as JSON."""
    api, path = CommandApi(directory, key), f"/stations/{part(station_id)}/charging-profiles"
    say_json(api.post(f"{path}/report") if report else api.get(path))


@station.command("profile-put")
def put_profile(
    station_id: StationId, profile: Payload, directory: Dir = HERE, key: Key = ""
) -> None:
    """Install a charging profile, written as docs/operating/smart-charging.md shows."""
    path = f"/stations/{part(station_id)}/charging-profiles"
    say_json(CommandApi(directory, key).send(path, read_payload(profile), {}, "PUT"))


@station.command("profile-clear")
def clear_profile(
    station_id: StationId,
    profile_id: Annotated[int | None, typer.Option("--id", help="This one.")] = None,
    evse: Annotated[int | None, typer.Option(min=0, help="Those of this evse.")] = None,
    purpose: Annotated[str | None, typer.Option(help="Those for this, as in TxProfile.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every one.")] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Clear charging profiles of a station; answers with JSON."""
    wanted = {"id": profile_id, "evse": evse, "purpose": purpose}
    query = {name: value for name, value in wanted.items() if value is not None}
    if bool(query) is everything:
        raise typer.BadParameter("say which with --id, --evse or --purpose, or --all for every one")
    path = f"/stations/{part(station_id)}/charging-profiles"
    say_json(CommandApi(directory, key).take_back(path, query))


@station.command("schedule")
def show_schedule(
    station_id: StationId,
    evse: EvseId = 1,
    hours: Annotated[int, typer.Option(min=1, max=24, help="From now on.")] = 2,
    unit: Annotated[str, typer.Option(help="A or W.")] = "A",
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """What an evse may draw from now on, ours and the station's own, as JSON."""
    path = f"/stations/{part(station_id)}/composite-schedule"
    query = {"evse": evse, "duration_s": hours * 3_600, "unit": unit}
    say_json(Api(directory, key).get(path, **query))
