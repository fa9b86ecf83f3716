"""``ohmstead person``: what is held of a person, and that it be forgotten (GDPR)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import Api, ApiRefused, part
from ohmstead.apps.cli.common import (
    HERE,
    POLL_S,
    Dir,
    Json,
    Key,
    Wait,
    many,
    say,
    say_json,
    table,
    warn,
)
from ohmstead.errors import OperatorError

person = typer.Typer(
    help="Persons who ask: report, forget, again, requests, show.", no_args_is_help=True
)
Subjects = Annotated[
    list[str],
    typer.Argument(
        metavar="ID_TOKEN|EMAIL|ADDRESS...",
        help="What the person is called here; a payer's 0x address means all its id_tokens.",
    ),
]
Leave = Annotated[
    bool, typer.Option("--leave-balance", help="Money that is left stays with the address.")
]
PRIVATE = 0o600
STATES = {
    "waiting": "waiting for what stands in the way",
    "erasing": "erasing what is held here",
    "stations": "done here, and stations are still to be told",
    "done": "done",
}


@person.command("report")
def report_person(
    subjects: Subjects,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write; else it is printed.")
    ] = None,
    stations: Annotated[
        bool, typer.Option("--stations", help="Ask the stations that are connected, too.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """All that is held of a person, as JSON for that person (Art. 15 and 20)."""
    body = {"subjects": subjects, "stations": stations}
    found = Api(directory, key).post("/persons/report", body)
    unknown = _unknown(found.get("unknown", []))
    if out is None:
        say_json(found)
        if unknown:
            warn(unknown)
        return
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except OSError as error:
        raise OperatorError(
            f"--out {out}: {error.strerror}; name a file that does not exist yet"
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    count = sum(len(records) for records in found["records"].values())
    are = "is" if count == 1 else "are"
    say(f"{many(count, 'record')} {are} in {out}. Nothing of this report is kept here.")
    if unknown:
        warn(unknown)


@person.command("forget")
def forget_person(
    subjects: Subjects,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    when_settled: Annotated[
        bool, typer.Option("--when-settled", help="Wait for what stands in the way.")
    ] = False,
    leave_balance: Leave = False,
    wait: Wait = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Erase what is held of a person and put a pseudonym where it must stay (Art. 17)."""
    api = Api(directory, key)
    body = {
        "subjects": subjects,
        "dry_run": dry_run,
        "when_settled": when_settled,
        "leave_balance": leave_balance,
    }
    try:
        found = api.post("/persons/forget", body)
    except ApiRefused as error:
        blockers = error.problem.get("blocked_by")
        if not blockers:
            raise
        raise OperatorError(_in_the_way(blockers)) from None
    if dry_run:
        say_json(found) if as_json else _say_plan(found)
        return
    path = f"/persons/requests/{part(found['id'])}"
    if wait:
        found = _wait(lambda: api.get(path), found, progress=not as_json)
    say_json(found) if as_json else _say(found)


@person.command("requests")
def list_person_requests(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """The requests to be forgotten: when, by whom and how far; never whose."""
    found = Api(directory, key).all("/persons/requests")
    if as_json:
        say_json(found)
        return
    rows = [
        [one["id"], STATES[one["state"]], one["created"], one["done"] or "", one["by"]]
        for one in found
    ]
    table(rows, ["REQUEST", "STATE", "CREATED", "DONE", "BY"])


@person.command("show")
def show_person_request(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="As in P-0123456789abcdef.")],
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """How far one request is, and which stations are still to be told."""
    found = Api(directory, key).get(f"/persons/requests/{part(request)}")
    say_json(found) if as_json else _say(found)


@person.command("again")
def forget_again(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `ohmstead person requests --json` printed.")
    ],
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """After a restore: forget anew whoever had been forgotten since that backup."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    try:
        requests = json.loads(text)
        digests = sorted({digest for one in requests for digest in one["digests"]})
    except (ValueError, TypeError, KeyError):
        raise OperatorError(
            f"{file} is not what `ohmstead person requests --json` prints"
        ) from None
    found = Api(directory, key).post("/persons/again", {"digests": digests}) if digests else {}
    if as_json:
        say_json(found)
    elif found.get("request"):
        _say(found["request"])
    else:
        say("Nobody who was forgotten is here.")


def _unknown(subjects: list[str]) -> str:
    """That somebody is not known here; empty if there is nobody to say it of."""
    names = " or ".join(subjects)
    return names and f"Nobody is known here as {names}: no record has that name, so none is held."


def _in_the_way(blockers: list[str]) -> str:
    """What keeps a person from being forgotten now, in the words of options."""
    more = f", and {len(blockers) - 1} more (--dry-run lists them)" if len(blockers) > 1 else ""
    return f"not now: {_in_options(blockers[0])}{more}; --when-settled waits for it"


def _wait(
    ask: Callable[[], dict[str, Any]], found: dict[str, Any], *, progress: bool
) -> dict[str, Any]:
    """Ask until it is done, and say what is waited for whenever that is something else."""
    said = ""
    try:
        while True:
            if found["state"] == "done":
                return found
            now = _waits_for(found)
            if progress and now != said:
                said = now
                say(now)
            time.sleep(POLL_S)
            found = ask()
    except KeyboardInterrupt:
        warn(f"{found['id']} goes on; `ohmstead person show {found['id']}` tells how far it is.")
        raise


def _waits_for(found: dict[str, Any]) -> str:
    away = [task["station"] for task in found["stations"] if task["state"] == "waiting"]
    what = [_in_options(text) for text in found["blocked_by"]]
    if away and found["state"] == "stations":
        what.append(f"{', '.join(away)} to be there")
    return _head(found) + (f" It waits: {'; '.join(what)}." if what else "")


def _head(found: dict[str, Any]) -> str:
    return f"{found['id']} is {STATES[found['state']]}."


def _in_options(text: str) -> str:
    return text.replace("(leave_balance)", "(--leave-balance)")


def _say(found: dict[str, Any]) -> None:
    say(_head(found))
    for name, count in found["records"].items():
        say(f"  {count} of {name} erased or pseudonymised")
    for text in found["blocked_by"]:
        say(f"  waits: {_in_options(text)}")
    for task in found["stations"]:
        answer = f" ({task['answer']})" if task["answer"] else ""
        say(f"  station {task['station']}: {task['state']}{answer}")


def _say_plan(found: dict[str, Any]) -> None:
    for title, name in (("erased", "erased"), ("pseudonymised", "pseudonymised")):
        for what, count in found[name].items():
            say(f"{title}: {count} of {what}")
    for one in found["kept"]:
        say(f"kept: {one['count']} {one['what']} ({one['why']})")
    say(f"told: {', '.join(found['stations']) or 'no station'}")
    for text in found["blocked_by"]:
        say(f"in the way: {_in_options(text)}")
    if unknown := _unknown(found["unknown"]):
        say(unknown)
    say("Nothing was changed.")
