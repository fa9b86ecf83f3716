"""``ohmstead station command`` and ``ohmstead command``: what stations are asked, and the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import Api, ApiRefused, part
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table, warn
from ohmstead.apps.cli.stations import StationId, reason_of, station
from ohmstead.errors import OperatorError

command = typer.Typer(
    help="Commands to stations: the log, the queue, and many stations at once.",
    no_args_is_help=True,
)

Reason = Annotated[str, typer.Option(help="Why, for the log.")]
Payload = Annotated[str, typer.Argument(metavar="JSON|@FILE", help="The OCPP request's payload.")]
Action = Annotated[str, typer.Argument(metavar="ACTION", help="As in Reset.")]
CommandId = Annotated[str, typer.Argument(metavar="COMMAND", help="Its id in the log.")]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="As `command bulk` printed it.")]
TtlS = Annotated[int, typer.Option("--ttl", metavar="SECONDS", min=1, help="How long it waits.")]
DAY_S = 86_400
CELL_CHARACTERS = 60  # of an answer or a reason in the table


class CommandApi(Api):
    """An API whose commands are logged as typed by a person."""

    def __init__(self, directory: Path, key: str = "") -> None:
        super().__init__(directory, key)
        self._http.headers["Ohmstead-Client"] = "cli"

    def send(self, path: str, body: str, query: Mapping[str, str], method: str = "POST") -> Any:
        """POST or PUT a JSON text as it is, so that its numbers keep their digits."""
        wanted = {name: value for name, value in query.items() if value}
        headers = {"Content-Type": "application/json"}
        return self._ask(method, path, content=body.encode(), params=wanted, headers=headers)

    def take_back(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """DELETE what answers with a document."""
        return self._ask("DELETE", path, params=query or {})


def read_payload(text: str) -> str:
    """JSON as it was typed, or from @FILE (a FILE without @ is found too); checked to be JSON."""
    name = text.removeprefix("@")
    try:
        if text.startswith("@") or not text.lstrip().startswith(("{", "[")):
            text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{name} cannot be read: {reason_of(error)}") from None
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{name[:60]} is not JSON: {error}") from None
    return text


@station.command("command")
def command_station(
    station_id: StationId,
    action: Action,
    payload: Payload = "{}",
    reason: Reason = "",
    queue: Annotated[
        bool, typer.Option("--queue", help="If it is away, let it wait for the station.")
    ] = False,
    ttl_s: Annotated[
        int | None,
        typer.Option(
            "--ttl", metavar="SECONDS", min=1, help="With --queue: how long it waits, else a day."
        ),
    ] = None,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Send an OCPP request to a station and print its answer, also one that breaks its schema.

    With --queue it waits in the store until the station is back, and its log entry is printed.
    """
    if ttl_s is not None and not queue:
        raise typer.BadParameter("--ttl is for a command that waits: add --queue, or leave it out")
    path = f"/stations/{part(station_id)}/commands/{part(action)}"
    query = {"reason": reason}
    if queue:
        query |= {"queue": "true", "ttl_s": str(ttl_s or DAY_S)}
    try:
        say_json(CommandApi(directory, key).send(path, read_payload(payload), query))
    except ApiRefused as refused:
        if refused.problem.get("payload"):  # it breaks its schema, and says most of what is wrong
            said = "".join(one if one.isprintable() else " " for one in refused.problem["payload"])
            warn(f"The station answered {said}")
        if refused.problem.get("command"):
            warn(f"Its log entry: ohmstead command show {refused.problem['command']}")
        raise


@command.command("list")
def list_commands(
    station_id: Annotated[str, typer.Option("--station", help="Only of this one.")] = "",
    state: Annotated[str, typer.Option(help="Only in this state, as in queued.")] = "",
    batch: Annotated[str, typer.Option(help="Only of this batch.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="The newest so many.")] = 50,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """What stations were asked, by whom and why, and what became of it; the newest first.

    Long answers are shortened: `command show COMMAND` and --json have them whole.
    """
    if station_id and batch:
        raise typer.BadParameter("give either --station or --batch")
    path = f"/stations/{part(station_id)}/commands" if station_id else "/commands"
    query = {"limit": limit, "state": state or None, "batch": batch or None}
    found = Api(directory, key).get(path, **query)["items"]
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["created"],
            one["station"],
            one["action"],
            one["state"],
            one["author"]["name"] or one["author"]["key"],
            _cut(one["author"]["reason"]),
            _cut(one["problem"] or one["error"] or _short(one["answer"])),
            one["id"],
        ]
        for one in found
    ]
    titles = ["ASKED", "STATION", "ACTION", "STATE", "WHO", "WHY", "ANSWER", "COMMAND"]
    is_all = not (station_id or state or batch)
    table(rows, titles, "No station was asked anything." if is_all else "No command is as you ask.")


def _short(answer: Any) -> str:
    """What fits on a line of an answer."""
    if answer is None:
        return ""
    if isinstance(answer, dict) and isinstance(answer.get("status"), str):
        return str(answer["status"])
    return json.dumps(answer, ensure_ascii=False)


def _cut(text: str) -> str:
    """What is shown of a long text; `command show` and --json have it whole."""
    text = " ".join(text.split())
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 3] + "..."


@command.command("show")
def show_command(command_id: CommandId, directory: Dir = HERE, key: Key = "") -> None:
    """One command of the log, as JSON."""
    say_json(Api(directory, key).get(f"/commands/{part(command_id)}"))


@command.command("cancel")
def cancel_command(command_id: CommandId, directory: Dir = HERE, key: Key = "") -> None:
    """Take back a command that still waits for its station."""
    CommandApi(directory, key).take_back(f"/commands/{part(command_id)}")
    say(f"Command {command_id} is cancelled.")


@command.command("bulk")
def bulk(
    action: Action,
    payload: Payload = "{}",
    stations: Annotated[
        list[str] | None, typer.Option("--station", help="This one; repeat for more.")
    ] = None,
    vendor: Annotated[str, typer.Option(help="What the vendor begins with.")] = "",
    model: Annotated[str, typer.Option(help="What the model begins with.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Every station in service.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the stations.")] = False,
    reason: Reason = "",
    ttl_s: TtlS = DAY_S,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Queue one request for many stations; each is asked once it is there."""
    body = {
        "action": action,
        "payload": json.loads(read_payload(payload)),
        "stations": stations or [],
        "vendor": vendor,
        "model": model,
        "all": everyone,
        "dry_run": dry_run,
        "reason": reason,
        "ttl_s": ttl_s,
    }
    made = CommandApi(directory, key).send("/commands", json.dumps(body), {})
    if as_json:
        say_json(made)
    elif dry_run:
        whom = "1 station" if made["total"] == 1 else f"{made['total']} stations"
        say(f"{whom} would be asked; nothing was queued.")
    else:
        say(f"Queued {action} for {made['queued']} of {made['total']} stations.")
        say(f"Batch  {made['id']}")
        say(f"See    ohmstead command batch {made['id']}")


@command.command("batch")
def show_batch(
    batch_id: BatchId,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take back what has not left.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """How far a bulk request has come."""
    api, path = CommandApi(directory, key), f"/command-batches/{part(batch_id)}"
    found = api.take_back(path) if cancel else api.get(path)
    if as_json:
        say_json(found)
        return
    say(f"{found['action']}, put into the queues of {found['queued']} of {found['total']} stations")
    table([[state, str(n)] for state, n in found["states"].items()], ["STATE", "STATIONS"])
    say("It is over." if found["complete"] else "It goes on; ask again.")
