"""``ohmstead firmware`` and ``ohmstead station logs``: files for stations, and files from them."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ohmstead.apps.cli.client import BLOCK, Api, part
from ohmstead.apps.cli.common import (
    FAILED,
    HERE,
    POLL_S,
    Dir,
    Json,
    Key,
    say,
    say_json,
    table,
    warn,
)
from ohmstead.apps.files.shelf import FILE_NAME
from ohmstead.errors import OperatorError

firmware = typer.Typer(help="Firmware for stations: add, list, show, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="FIRMWARE", help="Its id or its name.")]
StationId = Annotated[str, typer.Argument(metavar="STATION")]
OPEN = ("asked", "uploading")


@firmware.command("add")
def add_firmware(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The image, as its maker gave it.")],
    version: Annotated[str, typer.Option(help="As the maker calls it.")],
    vendor: Annotated[str, typer.Option(help="As its stations say it in BootNotification.")] = "",
    model: Annotated[str, typer.Option(help="As its stations say it in BootNotification.")] = "",
    name: Annotated[str, typer.Option(help="How people call it; else file and version.")] = "",
    signature: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The maker's signature, as it is or base64.")
    ] = None,
    signing_certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate of the signature, PEM.")
    ] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Put a firmware image on the shelf, from where stations fetch it."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as image:
            while block := image.read(BLOCK):
                digest.update(block)
            image.seek(0)
            file_name = file.name if FILE_NAME.fullmatch(file.name) else ""
            made = Api(directory, key).send_file(
                "/firmware",
                image,
                version=version,
                vendor=vendor,
                model=model,
                name=name,
                file_name=file_name,
                signature=signature_of(signature),
                signing_certificate=text_of(signing_certificate, "--signing-certificate"),
                sha256=digest.hexdigest(),
            )
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    if as_json:
        say_json(made)
        return
    say(f"Firmware {made['id']} ({made['name']}) is on the shelf.")
    say(f"  {made['bytes']} bytes, SHA-256 {made['sha256']}")
    say("  signed" if made["is_signed"] else "  not signed")


def signature_of(file: Path | None) -> str:
    """A signature as base64; raises OperatorError for a file that cannot be read."""
    if file is None:
        return ""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise OperatorError(f"--signature: {file} cannot be read: {error.strerror}") from None
    try:
        text = "".join(raw.decode("ascii").split())
        base64.b64decode(text, validate=True)
    except ValueError:
        return base64.b64encode(raw).decode()
    return text


def text_of(file: Path | None, option: str) -> str:
    """The text of a file; raises OperatorError naming the option."""
    if file is None:
        return ""
    try:
        return file.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise OperatorError(f"{option}: {file} is no PEM file that can be read") from None


@firmware.command("list")
def list_firmware(
    every: Annotated[bool, typer.Option("--all", help="Those that were removed, too.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """The firmware on the shelf."""
    found = [one for one in Api(directory, key).all("/firmware") if every or not one["removed"]]
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["id"],
            one["name"],
            one["version"],
            one["vendor"],
            one["model"],
            str(one["bytes"]),
            "removed" if one["removed"] else "here" if one["has_file"] else "MISSING",
        ]
        for one in found
    ]
    table(rows, ["FIRMWARE", "NAME", "VERSION", "VENDOR", "MODEL", "BYTES", "FILE"])


@firmware.command("show")
def show_firmware(name: Name, directory: Dir = HERE, key: Key = "") -> None:
    """One firmware, as JSON."""
    say_json(Api(directory, key).get(f"/firmware/{part(name)}"))


@firmware.command("remove")
def remove_firmware(name: Name, directory: Dir = HERE, key: Key = "") -> None:
    """Take a firmware off the shelf; links to it fetch nothing more."""
    Api(directory, key).delete(f"/firmware/{part(name)}")
    say(f"Firmware {name} is off the shelf.")


def station_logs(
    station_id: StationId,
    kind: Annotated[
        Literal["diagnostics", "security"], typer.Option(help="Which log.")
    ] = "diagnostics",
    since: Annotated[str | None, typer.Option(help="From when, as 2026-11-20T09:30:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when.")] = None,
    protocol: Annotated[
        Literal["https", "http", "ftps", "ftp"] | None,
        typer.Option(help="How it travels; else what the station says it knows decides."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when it is here, or failed.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List what was asked for.")] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to FILE; without --wait the newest that came."),
    ] = None,
    number: Annotated[int | None, typer.Option(help="With --save or --remove: this one.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the file of --number.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Ask a station for its log; or, with --list, --save or --remove, see to what has come."""
    if remove and number is None:
        raise typer.BadParameter("--remove needs --number: --list shows the numbers")
    api, path = Api(directory, key), f"/stations/{part(station_id)}/logs"
    if listing:
        _show_list(api.all(path), as_json)
        return
    if remove:
        api.delete(f"{path}/{number}/file")
        say(f"The file of log {number} is gone.")
        return
    if save is not None and not wait:
        _save(api, path, _newest(api.all(path), station_id, number), save)
        return
    body = {"kind": kind, "since": since, "until": until, "protocol": protocol}
    one = api.post(path, body)
    while wait and one["state"] in OPEN:
        time.sleep(POLL_S)
        one = api.get(f"{path}/{one['number']}")
    if as_json:
        say_json(one)
    elif not wait:
        say(f"Station {station_id} was asked for its {kind} log, number {one['number']}.")
        say(f"It has until {one['deadline']}; see `ohmstead station logs {station_id} --list`.")
    elif one["state"] == "received":
        name = one["file_name"] or "without a name"
        say(f"Log {one['number']} is here: {name}, {one['bytes']} bytes.")
    if wait and one["state"] != "received":
        warn(f"Log {one['number']}: {one['state']}{': ' if one['reason'] else ''}{one['reason']}")
        raise typer.Exit(FAILED)
    if save is not None:
        _save(api, path, one, save)


def _newest(found: list[dict[str, Any]], station_id: str, number: int | None) -> dict[str, Any]:
    for one in found:
        if one["has_file"] and number in (None, one["number"]):
            return one
    what = f"log {number}" if number is not None else "log"
    raise OperatorError(f"no {what} of station {station_id} is here; ask for one with --wait")


def _save(api: Api, path: str, one: dict[str, Any], to: Path) -> None:
    try:
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            count = api.fetch_file(f"{path}/{one['number']}/file", file)
    except OSError as error:
        raise OperatorError(f"--save: {to} cannot be written: {error.strerror}") from None
    say(f"Log {one['number']} of {one['asked']} is in {to}: {count} bytes.")


def _show_list(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    rows = [
        [
            str(one["number"]),
            one["kind"],
            one["state"],
            one["asked"] or "",
            str(one["bytes"]) if one["has_file"] else "-",
            one["reason"] or one["file_name"],
        ]
        for one in found
    ]
    table(rows, ["LOG", "KIND", "STATE", "ASKED", "BYTES", "NAME OR REASON"])
