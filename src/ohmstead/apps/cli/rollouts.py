"""``ohmstead rollout`` and ``ohmstead station update``: firmware, a stage at a time."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer

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
from ohmstead.apps.cli.files import signature_of, text_of
from ohmstead.apps.cli.stations import StationId, read_json, station

rollout = typer.Typer(
    help="Firmware roll-outs: start, list, show, pause, resume, cancel.", no_args_is_help=True
)
Number = Annotated[int, typer.Argument(metavar="ROLLOUT", min=1, help="Its number.")]
Reason = Annotated[str, typer.Option(help="Why, for the log.")]
Firmware = Annotated[
    str,
    typer.Argument(metavar="FIRMWARE", help="One of `firmware list`, or a URL to fetch it from."),
]
Version = Annotated[
    str, typer.Option("--version", help="What the station's BootNotification will say then.")
]
Signature = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The maker's signature, as it is or base64.")
]
Certificate = Annotated[
    Path | None,
    typer.Option(
        "--signing-certificate", metavar="FILE", help="The certificate of the signature, PEM."
    ),
]
Previous = Annotated[
    str, typer.Option("--previous", metavar="FIRMWARE", help="The firmware of before, to go back.")
]
PreviousVersion = Annotated[
    str, typer.Option("--previous-version", help="What a BootNotification says with it.")
]
Busy = Annotated[bool, typer.Option("--busy-too", help="Also while somebody charges.")]
Owner = Annotated[str, typer.Option(help="Those that belong to this 0x address.")]
Cell = Annotated[str, typer.Option(help="What the cell of the place begins with, as in u0m.")]
Stages = Annotated[str, typer.Option(metavar="PERCENT,...")]
Window = Annotated[
    str, typer.Option(metavar="HOUR-HOUR", help="Only in these local hours, as in 1-5.")
]
POLL_S = 1.0
HAS_IT = " already"  # what the reason ends with of a station that has the version


def package(name: str, version: str, signature: Path | None, certificate: Path | None) -> Any:
    """A firmware as the API takes it: what has :// in it is where to fetch it."""
    where = "location" if "://" in name else "file"
    return {
        where: name,
        "version": version,
        "signature": signature_of(signature),
        "certificate": text_of(certificate, "--signing-certificate"),
    }


def _stages(text: str) -> list[int]:
    try:
        return [int(one.strip().removesuffix("%")) for one in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--stages: percent as in 1,10,50,100, not {text!r}") from None


def _window(text: str) -> list[int] | None:
    if not text:
        return None
    hours = re.fullmatch(r"(1?[0-9]|0[0-9]|2[0-3])-(1?[0-9]|0[0-9]|2[0-3])", text)
    if hours is None:
        raise typer.BadParameter(
            f"--window: two hours from 0 to 23, as in 1-5 or 22-4, not {text!r}"
        )
    return [int(hours[1]), int(hours[2])]


def _members(text: str) -> dict[str, Any]:
    found = read_json(text)
    if not isinstance(found, dict):
        raise typer.BadParameter(
            "--plan: a JSON object with members of the API's body, as in '{\"at_once\": 20}'"
        )
    return found


@rollout.command("start")
def start(
    firmware: Firmware,
    version: Version = "",
    signature: Signature = None,
    certificate: Certificate = None,
    previous: Previous = "",
    previous_version: PreviousVersion = "",
    stations: Annotated[
        list[str] | None, typer.Option("--station", help="This one; repeat for more.")
    ] = None,
    vendor: Annotated[str, typer.Option(help="What the vendor begins with.")] = "",
    model: Annotated[str, typer.Option(help="What the model begins with.")] = "",
    from_version: Annotated[
        list[str] | None, typer.Option(help="Only with this firmware now; repeat for more.")
    ] = None,
    owner: Owner = "",
    location_cell: Cell = "",
    everyone: Annotated[bool, typer.Option("--all", help="Every station in service.")] = False,
    stages: Stages = "1,10,50,100",
    soak_s: Annotated[
        int, typer.Option("--soak", metavar="SECONDS", min=0, help="Between two stages.")
    ] = 3_600,
    failures: Annotated[
        int, typer.Option(metavar="PERMILLE", min=0, max=1_000, help="More than this halt it.")
    ] = 50,
    rollback: Annotated[
        str | None, typer.Option(help="none, failed, or all; failed if --previous is given.")
    ] = None,
    window: Window = "",
    busy_too: Busy = False,
    more: Annotated[
        str, typer.Option("--plan", metavar="JSON|FILE", help="Members of the API's body.")
    ] = "{}",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the stations.")] = False,
    reason: Reason = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Give many stations a firmware: a few first, and the rest if those do well."""
    plan = {
        "firmware": package(firmware, version, signature, certificate),
        "previous": package(previous, previous_version, None, None) if previous else None,
        "stations": stations or [],
        "vendor": vendor,
        "model": model,
        "from_version": from_version or [],
        "owner": owner,
        "location_cell": location_cell,
        "all": everyone,
        "stages": _stages(stages),
        "soak_s": soak_s,
        "failures_permille": failures,
        "rollback": rollback,
        "window": _window(window),
        "busy_too": busy_too,
        "dry_run": dry_run,
        "reason": reason,
    }
    made = _begin(directory, key, plan | _members(more))
    if as_json:
        say_json(made)
    elif dry_run:
        _say_meant(made)
    else:
        _say_begun(made, f"rollout show {made['number']}")
    if not dry_run:
        _check_begun(made)


def _say_meant(found: dict[str, Any]) -> None:
    say(f"{many(found['stations'], 'station')} would take turns; nothing was begun.")
    _say_skipped(found, "would be")


def _say_skipped(found: dict[str, Any], are: str = "") -> None:
    for one in found["skipped"]:
        more = one["count"] - len(one["stations"])
        names = ", ".join(one["stations"]) + (f" and {more} more" if more else "")
        verb = are or ("is" if one["count"] == 1 else "are")
        say(f"{many(one['count'], 'station')} {verb} skipped, {one['reason']}: {names}")


def _say_begun(made: dict[str, Any], command: str) -> None:
    meant, number = made["meant"], made["number"]
    if not meant["stations"]:
        say(f"Nobody takes a turn in roll-out {number}, so nothing is sent to anybody.")
    else:
        turns = (
            "1 station takes its turn"
            if meant["stations"] == 1
            else (f"{meant['stations']} stations take turns")
        )
        say(f"Roll-out {number} has begun, {turns}: `ohmstead {command}`")
    _say_skipped(meant)


def _check_begun(made: dict[str, Any]) -> None:
    """Exit badly if nobody gets the firmware who lacks it."""
    meant = made["meant"]
    lacks = any(not one["reason"].endswith(HAS_IT) for one in meant["skipped"])
    if not meant["stations"] and lacks:
        raise typer.Exit(FAILED)


def _begin(directory: Path, key: str, plan: dict[str, Any]) -> Any:
    return CommandApi(directory, key).post("/rollouts", plan)


@station.command("update")
def update_station(
    station_id: StationId,
    firmware: Firmware,
    version: Version = "",
    signature: Signature = None,
    certificate: Certificate = None,
    previous: Previous = "",
    previous_version: PreviousVersion = "",
    busy_too: Busy = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when it has ended; exit code 1 if badly.")
    ] = False,
    reason: Reason = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Give one station a firmware: a roll-out of one. Busy or away, it gets it when it can."""
    plan = {
        "firmware": package(firmware, version, signature, certificate),
        "previous": package(previous, previous_version, None, None) if previous else None,
        "stations": [station_id],
        "stages": [100],
        "sample": 1,
        "soak_s": 0,
        # One station that fails is an answer, not a rate: there is nobody else to stop for.
        "failures_permille": 1_000,
        "busy_too": busy_too,
        "reason": reason,
    }
    made = _begin(directory, key, plan)
    number = made["number"]
    if not wait:
        if as_json:
            say_json(made)
        else:
            _say_begun(made, f"rollout show {number} --stations")
        _check_begun(made)
        return
    found = _ended(CommandApi(directory, key), number)
    if as_json:
        say_json(found)
    else:
        say(f"{station_id}: " + ", ".join(filter(None, (found["state"], found["reason"]))))
    had_it = found["state"] == "skipped" and found["reason"].endswith(HAS_IT)
    if found["state"] != "confirmed" and not had_it:
        raise typer.Exit(FAILED)


def _ended(api: CommandApi, number: int) -> Any:
    """The one station of a roll-out, once that is over."""
    last = ""
    while True:
        over = not api.get(f"/rollouts/{number}")["open"]
        for one in api.get(f"/rollouts/{number}/stations")["items"]:
            if over:
                return one
            if one["state"] != last:
                last = one["state"]
                typer.echo(f"{one['station']}: {last}", err=True)
        time.sleep(POLL_S)


@rollout.command("list")
def list_rollouts(
    everything: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """The roll-outs that go on, or all of them."""
    api = CommandApi(directory, key)
    found = api.all("/rollouts", which="all" if everything else "open")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            str(one["number"]),
            one["state"],
            f"{one['stage']} of {len(one['stages'])}",
            str(one["total"]),
            str(one["stations"]["updated"]),
            str(one["stations"]["failed"]),
            str(one["stations"]["rolled_back"]),
            _name_of(one["firmware"]),
            one["author"]["name"] or one["author"]["key"],
            one["author"]["reason"],
        ]
        for one in found
    ]
    counts = ["STATIONS", "UPDATED", "FAILED", "ROLLED BACK"]
    table(rows, ["ROLLOUT", "STATE", "STAGE", *counts, "TO", "WHO", "WHY"])


def _name_of(firmware: Any) -> str:
    return str(firmware["version"] or firmware["file"] or firmware["location"])


@rollout.command("show")
def show_rollout(
    number: Number,
    stations: Annotated[bool, typer.Option("--stations", help="Its stations, too.")] = False,
    place: Annotated[str, typer.Option(help="Only stations there, as in failed.")] = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """How a roll-out stands, what was done to it and why, and how its stations do."""
    api = CommandApi(directory, key)
    found = api.get(f"/rollouts/{number}")
    if stations or place:
        found["updates"] = api.all(f"/rollouts/{number}/stations", place=place or None)
    if as_json:
        say_json(found)
        return
    say(f"Roll-out {number} to {_name_of(found['firmware'])}: {found['state']}", "bold")
    if found["why"]:
        warn(f"  {found['why']}")
    say(f"  stage {found['stage']} of {found['stages']} %, {found['opened']} of {found['total']}")
    say("  " + ", ".join(f"{n} {place_}" for place_, n in found["stations"].items() if n))
    for note in found["notes"]:
        who = note["author"]["name"]
        say(f"  {note['at']}  {note['what']}  {who}  {note['author']['reason']}".rstrip())
    rows = [
        [
            one["station"],
            one["state"],
            one["booted_with"] or one["from_version"],
            "; ".join(filter(None, (one["reason"], one["waits_for"]))),
        ]
        for one in found.get("updates", [])
    ]
    if rows:
        table(rows, ["STATION", "STATE", "FIRMWARE", "REASON"])


@rollout.command("pause")
def pause(number: Number, reason: Reason = "", directory: Dir = HERE, key: Key = "") -> None:
    """Offer it to nobody more for now; stations under way go on."""
    _control(directory, key, number, "pause", {"reason": reason})


@rollout.command("resume")
def resume(number: Number, reason: Reason = "", directory: Dir = HERE, key: Key = "") -> None:
    """Go on with a roll-out that is paused, or that halted itself."""
    _control(directory, key, number, "resume", {"reason": reason})


@rollout.command("cancel")
def cancel(
    number: Number,
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="Who was updated gets the firmware of before.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Give up who is under way; also of a cancelled one.")
    ] = False,
    reason: Reason = "",
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """End a roll-out: who waits is skipped, who is under way is followed to its end."""
    if roll_back and now:
        raise typer.BadParameter("--now gives up the way back, too: --roll-back or --now")
    body = {"reason": reason, "roll_back": roll_back, "now": now}
    found = _control(directory, key, number, "cancel", body)
    left = found["stations"]["under_way"] + found["stations"]["back_under_way"]
    if left and not now:
        are, it = ("1 station is", "it") if left == 1 else (f"{left} stations are", "them")
        say(f"{are} still under way: `ohmstead rollout cancel {number} --now` gives {it} up.")


def _control(directory: Path, key: str, number: int, verb: str, body: dict[str, Any]) -> Any:
    found = CommandApi(directory, key).post(f"/rollouts/{number}/{verb}", body)
    say(f"Roll-out {number} is {found['state']}.")
    return found
