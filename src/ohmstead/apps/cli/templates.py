"""``ohmstead template`` and ``ohmstead station configuration``: what stations are set to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import ApiRefused, part
from ohmstead.apps.cli.commands import CommandApi
from ohmstead.apps.cli.common import (
    FAILED,
    HERE,
    Dir,
    Json,
    Key,
    many,
    say,
    say_json,
    table,
    warn,
)
from ohmstead.apps.cli.stations import StationId, read_json
from ohmstead.errors import OperatorError

template = typer.Typer(
    help="Templates of configuration: add, list, show, remove, drift, repair.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Its name.")]
Reason = Annotated[str, typer.Option(help="Why, for the log.")]
CELL_CHARACTERS = 60
TAKEN = 409


def setting_of(text: str) -> tuple[str, str]:
    """Read NAME=VALUE; names of OCPP 2.x may not hold an equals sign either."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(
            f"expected NAME=VALUE, as in HeartbeatInterval=300, not {text!r}",
            param_hint="--setting",
        )
    return name.strip(), value


def settings_of(given: list[str], file: Path | None) -> dict[str, str]:
    """The desired values of a file and of the command line, which goes before the file."""
    found: dict[str, str] = {}
    if file is not None:
        told = read_json(str(file))
        if not isinstance(told, dict):
            raise OperatorError(f"{file} is no JSON object of names and values")
        found = {name: value if isinstance(value, str) else _text(value) for name, value in
                 told.items()}  # fmt: skip
    return found | dict(setting_of(text) for text in given)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise OperatorError(f'{str(value)[:60]} is no value: write it as text, as in "300"')


@template.command("add")
def add_template(
    name: Name,
    ocpp: Annotated[str, typer.Option(help="Whose words: 1.6, 2.0.1, 2.1, or 2.x for both.")],
    setting: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A desired value; repeat for more."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A JSON object of names and values.")
    ] = None,
    stations: Annotated[
        list[str] | None, typer.Option("--station", help="This one; repeat for more.")
    ] = None,
    vendor: Annotated[str, typer.Option(help="Those of this vendor; * is anything.")] = "",
    model: Annotated[str, typer.Option(help="Those of this model; * is anything.")] = "",
    firmware: Annotated[str, typer.Option(help="Those with this firmware, as in 1.4*.")] = "",
    priority: Annotated[int, typer.Option(help="0 to 100; of two the highest applies.")] = 0,
    repair: Annotated[str, typer.Option(help="never, or always: by itself.")] = "never",
    reboot: Annotated[
        str, typer.Option(help="never, or idle: restart it for this when nobody charges.")
    ] = "never",
    allow_risky: Annotated[
        bool, typer.Option("--allow-risky", help="Also what decides how it reaches this house.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="If there is one already.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Say what the configuration of some stations should be; drift is shown from then on."""
    body = {
        "ocpp": ocpp,
        "settings": settings_of(setting or [], file),
        "stations": stations or [],
        "vendor": vendor,
        "model": model,
        "firmware": firmware,
        "priority": priority,
        "repair": repair,
        "reboot": reboot,
        "allow_risky": allow_risky,
    }
    api = CommandApi(directory, key)
    try:
        if replace:
            made = api.put(f"/templates/{part(name)}", body)
        else:
            made = api.post("/templates", {"name": name, **body})
    except ApiRefused as refused:
        if refused.status != TAKEN:
            raise
        raise OperatorError(
            f"there is a template {name} already; --replace puts this one in its place"
        ) from None
    if as_json:
        say_json(made)
        return
    say(f"Template {made['name']} has {many(len(made['settings']), 'setting')}.")
    say(f"See  ohmstead template drift {made['name']}")


@template.command("list")
def list_templates(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """The templates, and how many of their stations stand how."""
    found = CommandApi(directory, key).all("/templates")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["name"],
            one["ocpp"],
            str(len(one["settings"])),
            one["repair"],
            _stations_of(one),
        ]
        for one in found
    ]
    table(rows, ["TEMPLATE", "OCPP", "SETTINGS", "REPAIR", "STATIONS"])


def _stations_of(one: dict[str, Any]) -> str:
    told = [f"{count} {state}" for state, count in one["counts"].items() if state != "conflict"]
    if one["conflicts"]:
        told.append(
            f"{one['counts']['conflict']} in conflict with {' and '.join(one['conflicts'])}"
        )
    return ", ".join(told) or "none yet"


def _conflict(name: str, others: dict[str, int], count: int) -> str:
    """Why a template is not in force, and what ends that."""
    return (
        f"Template {name} is in conflict with {' and '.join(others)} at {many(count, 'station')}, "
        "where none of them applies: give one a higher --priority (`template add --replace`), or "
        "remove one."
    )


@template.command("show")
def show_template(name: Name, directory: Dir = HERE, key: Key = "") -> None:
    """One template, as JSON."""
    say_json(CommandApi(directory, key).get(f"/templates/{part(name)}"))


@template.command("remove")
def remove_template(name: Name, directory: Dir = HERE, key: Key = "") -> None:
    """Forget a template; stations keep the values they have."""
    CommandApi(directory, key).delete(f"/templates/{part(name)}")
    say(f"Template {name} is gone; stations keep the values they have.")


@template.command("drift")
def show_drift(
    name: Annotated[str, typer.Argument(metavar="[TEMPLATE]", help="Else of all.")] = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """The stations that are not as their templates say, setting by setting."""
    api = CommandApi(directory, key)
    known = [api.get(f"/templates/{part(name)}")] if name else api.all("/templates")
    paths = [f"/templates/{part(one['name'])}/drift" for one in known]
    found = [standing for path in paths for standing in api.all(path)]
    if as_json:
        say_json(found)
        return
    clashes = [one for one in known if one["conflicts"]]
    for one in clashes:
        warn(_conflict(one["name"], one["conflicts"], one["counts"]["conflict"]))
    found = [one for one in found if one["state"] != "conflict"]
    if not found:
        if clashes:
            return
        say("Every station that was read is as its template says.")
        return
    rows = [
        [one["station"], one["template"], one["state"], *_cells(drift), drift["text"]]
        for one in found
        for drift in one["drift"]
    ]
    table(rows, ["STATION", "TEMPLATE", "STATE", "SETTING", "IS", "SHOULD BE", "WHY"])
    for one in found:
        if one["reason"]:
            warn(f"{one['station']}: {one['reason']}")


def _cells(drift: dict[str, Any]) -> list[str]:
    found = "-" if drift["found"] is None else drift["found"]
    return [drift["name"], found[:CELL_CHARACTERS], drift["wanted"][:CELL_CHARACTERS]]


@template.command("repair")
def repair_stations(
    name: Annotated[
        str, typer.Argument(metavar="[TEMPLATE]", help="Every station it is for.")
    ] = "",
    station_id: Annotated[str, typer.Option("--station", help="Only this one.")] = "",
    reason: Reason = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Set stations to what their template says, now or as they return; try again what was given
    up."""
    if bool(name) == bool(station_id):
        raise typer.BadParameter("give either TEMPLATE or --station")
    api, query = CommandApi(directory, key), {"reason": reason}
    if name:
        done = api.send(f"/templates/{part(name)}/repair", "", query)
    else:
        done = api.send(f"/stations/{part(station_id)}/configuration/repair", "", query)
    if as_json:
        say_json(done)
    elif name:
        are = "is" if done["asked"] == 1 else "are"
        say(f"{many(done['asked'], 'station')} {are} put right now or as they return.")
        if done["cannot"]:
            warn(f"{done['cannot']} cannot be: see `ohmstead template drift {name}`")
        if done["conflict"]:
            warn(_conflict(name, done["conflicts"], done["conflict"]))
    else:
        say(f"Station {station_id} is {done['state']}. {done['reason']}".rstrip())
    if name and (done["cannot"] or done["conflict"]):
        raise typer.Exit(FAILED)


def show_configuration(
    station_id: StationId,
    read: Annotated[bool, typer.Option("--read", help="Ask the station first.")] = False,
    contains: Annotated[str, typer.Option(help="Only names with this in them.")] = "",
    beside: Annotated[
        str, typer.Option("--diff-station", help="Only where it differs from this station.")
    ] = "",
    template_name: Annotated[
        str, typer.Option("--diff-template", help="Only where it differs from this template.")
    ] = "",
    earlier: Annotated[
        bool, typer.Option("--diff-earlier", help="Only what it said otherwise before.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """What a station is set to, as it last said; passwords and keys are never kept."""
    if sum((bool(beside), bool(template_name), earlier)) > 1:
        raise typer.BadParameter("give one of --diff-station, --diff-template, --diff-earlier")
    api, path = CommandApi(directory, key), f"/stations/{part(station_id)}/configuration"
    if read:
        api.post(f"{path}/read")
    if beside or template_name or earlier:
        _show_diff(api, path, {"station": beside, "template": template_name}, as_json)
        return
    found = api.get(path, contains=contains or None)
    if as_json:
        say_json(found)
        return
    standing = found["standing"]
    rows = [
        [
            one["name"],
            "***" if one["hidden"] else one["value"] or "",
            one["mutability"],
            " ".join(filter(None, (one["type"], one["unit"]))),
        ]
        for one in found["variables"]
    ]
    table(rows, ["NAME", "VALUE", "MAY BE", "TYPE"])
    where = f", template {standing['template']}" if standing["template"] else ""
    say(f"Read {standing['read']} over OCPP {standing['protocol']}: {standing['state']}{where}.")
    if standing["dropped"]:
        warn(f"{standing['dropped']} variables more were not kept.")
    for word in (standing["reason"], standing["problem"]):
        if word:
            warn(word)


def _show_diff(api: CommandApi, path: str, query: dict[str, str], as_json: bool) -> None:
    found = api.get(f"{path}/diff", **{name: text or None for name, text in query.items()})
    if as_json:
        say_json(found)
        return
    if not found["differences"]:
        say("They do not differ.")
        return
    rows = [[one["name"], _side(one["left"]), _side(one["right"])] for one in found["differences"]]
    table(rows, ["NAME", found["left"].upper(), found["right"].upper()])


def _side(variable: dict[str, Any] | None) -> str:
    if variable is None:
        return "-"
    return "***" if variable["hidden"] else str(variable["value"] or "")[:CELL_CHARACTERS]
