"""``ohmstead station import`` and ``frames``: a fleet comes in, and its wire is looked at."""

from __future__ import annotations

import csv
import io
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import Api, ApiRefused, part
from ohmstead.apps.cli.common import FAILED, HERE, Dir, Json, Key, say, say_json, table, warn
from ohmstead.apps.trust import write_whole
from ohmstead.errors import OperatorError

PRIVATE = 0o600
PASSWORD_BYTES = 20  # OCPP 1.6 AuthorizationKey: at most 20; 2.0.1 takes 40 characters
FILE_BYTES_MAX = 3 << 20
FOLLOW_S = 1.0
ARROWS = {"in": "<-", "out": "->", "note": "--"}  # as seen from the network

SecretsFile = Annotated[
    Path | None,
    typer.Option(
        "--secrets",
        metavar="FILE",
        help="Where passwords made here are written (id,password; for its owner only).",
    ),
]


def import_stations(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
    owner: Annotated[str | None, typer.Option(help="For lines that name no owner.")] = None,
    tariff_id: Annotated[str, typer.Option("--tariff", help="For lines that name none.")] = "",
    secrets_file: SecretsFile = None,
    keep: Annotated[
        bool, typer.Option(help="Leave stations that are registered otherwise as they are.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Check everything, change nothing.")] = False,
    accept_weak: Annotated[
        bool,
        typer.Option("--accept-weak", help="Let passwords shorter than OCPP's 16 in; rotate them."),
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Register every station of a CSV file, or none; a repeat changes nothing.

    The first line names the columns: id, evses, tariff, owner, name, time_zone, location_cell,
    admission, strictness, password, password_hash (bcrypt), security_profile, weak. Only id must
    be there. evses are ID:RATED_W[:CONNECTORS], with blanks between.
    """
    text = read_text(file)
    body = {"csv": text, "tariff": tariff_id, "keep": keep, "accept_weak": accept_weak}
    if owner:
        body["owner"] = owner
    done = bring_in(Api(directory, key), str(file), body, secrets_file, dry_run)
    if as_json:
        say_json(done)
        return
    rows = [[str(one["line"]), one["id"], one["outcome"]] for one in done["stations"]]
    table(rows, ["LINE", "STATION", "OUTCOME"])
    verb = "would be" if dry_run else "are"
    say(f"{done['new']} {verb} new, {done['same']} were there, {done['kept']} kept as they are.")
    weak = [one["id"] for one in done["stations"] if one["weak_password"]]
    if weak:
        warn(
            f"{len(weak)} passwords are weak, as that of {weak[0]}: "
            f"`ohmstead station set {weak[0]} --rotate-password --deliver`"
        )
    if secrets_file is not None and secrets_file.exists() and not dry_run:
        say(f"Passwords made here are in {secrets_file}.")


def bring_in(
    api: Api,
    name: str,
    body: dict[str, Any],
    secrets_file: Path | None,
    dry_run: bool,
    rows: Sequence[str] = (),
) -> Any:
    """Check a file, write the passwords that are needed down, and only then bring it in.

    So an answer that gets lost loses no password, and the same command may be given again.
    ``rows`` name what the lines are where nobody sees the lines, because they were made from
    something else.
    """
    planned = post(api, name, {**body, "dry_run": True}, rows)
    if dry_run:
        return planned
    needed = [one["id"] for one in planned["stations"] if one["needs_password"]]
    passwords: dict[str, str] = {}
    if needed:
        if secrets_file is None:
            raise OperatorError(
                f"{len(needed)} stations have no password in {name}, as {needed[0]}: say where to "
                "write those made for them with --secrets FILE, or add a column password"
            )
        known = read_secrets(secrets_file)
        made = {one: secrets.token_hex(PASSWORD_BYTES) for one in needed if one not in known}
        if made:
            write_secrets(secrets_file, {**known, **made})
        passwords = {one: {**known, **made}[one] for one in needed}
    return post(api, name, {**body, "passwords": passwords}, rows)


def post(api: Api, name: str, body: dict[str, Any], rows: Sequence[str] = ()) -> Any:
    """Ask for the import; each mistake is a line of its own, as compilers write them."""
    try:
        return api.post("/stations/import", body)
    except ApiRefused as error:
        for one in error.problem.get("errors", []):
            if "line" in one:
                warn(mistake(name, one, rows))
        if any("line" in one for one in error.problem.get("errors", [])):
            warn("Nothing was imported.")
            raise typer.Exit(FAILED) from None
        raise


def mistake(name: str, one: Mapping[str, Any], rows: Sequence[str] = ()) -> str:
    """FILE:LINE:COLUMN: what; without what there is none of, or the option that is wrong."""
    if not one["line"]:
        return f"--{one['name']}: {one['detail']}"
    if 0 <= one["line"] - 2 < len(rows):  # the first line names the columns
        place = f"{name}: {rows[one['line'] - 2]}"
        return ": ".join(part for part in (place, one["name"], one["detail"]) if part)
    place = f"{name}:{one['line']}" + (f":{one['column']}" if one["column"] else "")
    return ": ".join(part for part in (place, one["name"], one["detail"]) if part)


def read_text(file: Path) -> str:
    """Read a file of text; raises OperatorError."""
    try:
        raw = file.read_bytes()
        if len(raw) > FILE_BYTES_MAX:
            raise OperatorError(f"{file} has more than {FILE_BYTES_MAX} bytes; split it")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise OperatorError(f"{file}:{line}: not UTF-8 text; save the file as UTF-8") from None


def read_secrets(file: Path, must_exist: bool = False, option: str = "--secrets") -> dict[str, str]:
    """The passwords an earlier import wrote; none when there is no such file."""
    if not must_exist and not file.exists():
        return {}
    found = {}
    for number, row in enumerate(csv.reader(io.StringIO(read_text(file), newline="")), 1):
        if len(row) != 2:
            raise OperatorError(f"{file}:{number}: expected id,password; name another {option}")
        found[row[0]] = row[1]
    found.pop("id", None)
    return found


def write_secrets(file: Path, passwords: Mapping[str, str]) -> None:
    """Write them whole, for the owner's eyes only."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([("id", "password"), *passwords.items()])
    try:
        write_whole(file, out.getvalue().encode(), PRIVATE)
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from None


def show_frames(
    station_id: Annotated[str, typer.Argument(metavar="STATION")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """The last frames on a station's wire, secrets masked: <- came from it, -> went to it.

    Of every station the last 6 are kept; asking keeps the last 200 of this one for ten minutes.
    """
    api, after = Api(directory, key), 0
    while True:
        found = api.get(f"/stations/{part(station_id)}/frames", after=after)
        if as_json and not follow:
            say_json(found)
            return
        for one in found["frames"]:
            if as_json:
                typer.echo(json.dumps(one, ensure_ascii=True))
            else:
                cut = f"  ({one['bytes']} bytes)" if one["is_cut"] else ""
                say(f"{one['at']} {ARROWS[one['direction']]} {printable(one['text'])}{cut}")
        if not follow:
            if not found["frames"]:
                warn("Nothing came yet; see whether the station's URL and id are right.")
            return
        after = found["next"]
        time.sleep(FOLLOW_S)


def printable(text: str) -> str:
    """What a station says, without what would steer the terminal."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
