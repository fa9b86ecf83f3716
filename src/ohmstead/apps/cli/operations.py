"""``ohmstead backup``, ``restore`` and ``resume``: what is lost is only what came after."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import Api, ApiRefused
from ohmstead.apps.cli.common import FAILED, HERE, Dir, Json, Key, say, say_json, warn
from ohmstead.apps.config import FILE_NAME, load
from ohmstead.errors import ConfigError, OperatorError

File = Annotated[Path, typer.Argument(metavar="FILE")]


def backup(
    file: File,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Also the keys: then guard it as you guard them.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE, once the new one is whole.")
    ] = False,
    directory: Dir = HERE,
    as_json: Json = False,
) -> None:
    """Write a backup of the house to FILE, running or not; only its owner can read it."""
    from ohmstead.apps.operations.backup import back_up

    _check_target(file, force)
    made = back_up(directory, file.absolute(), with_keys=with_keys)
    if as_json:
        parts = {part.name: part.sha256 for part in made.manifest.parts}
        said = {"file": str(file.absolute()), "bytes": made.bytes, "made": made.manifest.made}
        say_json({**said, "layout": made.manifest.layout, "parts": parts})
        return
    say(f"Backed up {made.manifest.network} as of {made.manifest.made} to {file}.")
    for part in made.manifest.parts:
        say(f"  {part.name}  {part.bytes} bytes")
    if not with_keys:
        say("Its keys are not in it: keep a copy of the keys folder somewhere else.")


def _check_target(file: Path, force: bool) -> None:
    """Raise OperatorError unless a backup may be written there."""
    if file.is_dir():
        raise OperatorError(f"{file} is a folder: name a file in it, as in {file / 'backup.tar'}")
    if not file.absolute().parent.is_dir():
        raise OperatorError(f"there is no folder {file.parent} for {file.name}: make it first")
    if file.exists() and not force:
        raise OperatorError(
            f"{file} is there already: name another file, or let it be replaced with --force"
        )


def restore(
    file: File,
    directory: Annotated[Path, typer.Option("--dir", metavar="DIR", help="An empty folder.")],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FOLDER", help="The keys, if the backup has none."),
    ] = None,
) -> None:
    """Restore a backup into an empty folder; the house starts frozen, until `ohmstead resume`."""
    from ohmstead.apps.files.missing import missing_files
    from ohmstead.apps.operations.restore import restore as into
    from ohmstead.apps.running.checking import absent

    if keys is not None and not keys.is_dir():
        raise OperatorError(f"--keys {keys}: there is no such folder")
    made = into(file, directory, keys)
    say(f"Restored {made.network} as of {made.made} to {directory.absolute()}.")
    try:
        for named_by, path in absent(directory, load(directory / FILE_NAME)):
            say(f"{path} is not there, and no backup holds it: copy it ({named_by} names it).")
    except ConfigError as error:
        warn(f"The house does not start with this: {error}")
    missing = missing_files(directory)
    for one in missing.firmware:
        say(f"Firmware {one.id} ({one.name}) has no file: copy it to firmware/{one.sha256}.")
    if missing.logs:
        say(f"{missing.logs} logs of stations are not in a backup: copy the uploads folder.")
    say("It is frozen: stations are heard, nothing is sent and no command is obeyed. Next:")
    say(f"  ohmstead up --dir {directory}")
    say(f'  ohmstead resume --dir {directory} --because "the old house is off for good"')


def resume(
    why: Annotated[
        str,
        typer.Option("--why", "--because", help="Kept for good, with whose key it was."),
    ] = "",
    accept_problems: Annotated[
        bool, typer.Option("--accept-problems", help="Resume although the books do not hold.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Reconcile a restored house with its chain, say what was found, and let it work again.

    Without --because it asks first, at a terminal.
    """
    refused, api = None, Api(directory, key)
    if not why:
        _ask_before(api)
    body = {"why": why, "accept_problems": accept_problems}
    try:
        found = api.post("/resume", body)
    except ApiRefused as error:
        if "problems" not in error.problem:
            raise
        refused, found = error, error.problem
    if as_json:
        say_json(found)
    else:
        _print(found)
    if refused is not None:
        warn(str(refused))
        raise typer.Exit(FAILED)


def _ask_before(api: Api) -> None:
    """Let a person think once more; a script has to say why."""
    if not api.get("/resume").get("frozen"):
        return  # the house says that there is nothing to resume
    if not sys.stdin.isatty():
        raise typer.BadParameter("say why with --because: it is kept for good")
    question = "Is the old house off for good, and shall this one send, pay and command stations?"
    if not typer.confirm(question):
        raise typer.Exit(FAILED)


def _print(found: dict[str, Any]) -> None:
    if "block_number" in found:
        say(f"At block {found['block_number']}:")
        say(f"  the ledger says   {found['mirror']}")
        say(f"  the contracts say {found['booked_on_chain']}")
        say(f"  payees may claim  {found['claimable']}")
    for problem in found["problems"]:
        warn(f"✗ {problem}")
    if found["holds"] and "block_number" in found:
        say("✓ the books hold", "green")
    elif found["holds"]:
        say("✓ the books hold in themselves; this network has no chain yet to compare", "green")
    if found.get("frozen") is not False:
        return
    if found["settles"]:
        say("The house works again.")
    else:
        say("The house works again, and its settler does not:")
        warn(f"{found['meanwhile']}.")
