"""``ohmstead migrate``: bring the store to this build's schema, or say what that would be."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.common import FAILED, HERE, Dir, Json, say, say_json, warn


def migrate(
    status: Annotated[bool, typer.Option("--status", help="Say what the schema is.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    contract: Annotated[
        bool,
        typer.Option("--contract", help="Drop what no build names any more; back up before."),
    ] = False,
    directory: Dir = HERE,
    as_json: Json = False,
) -> None:
    """Bring the database to this build's schema, beside a running house or without one.

    `ohmstead up` does the same by itself; nothing of it keeps the build before from going on.
    """
    from ohmstead.apps.operations import migrating

    if sum((status, dry_run, contract)) > 1:
        raise typer.BadParameter("choose one of --status, --dry-run and --contract")
    logging.getLogger("ohmstead").setLevel(logging.ERROR)
    if contract:
        dropped = migrating.contract(directory)
        if not as_json:
            say(f"Dropped {', '.join(dropped)}." if dropped else "There is nothing to drop.")
    elif not (status or dry_run):
        beside = migrating.migrate(directory)
        if not as_json:
            say("Expanded beside the running house." if beside else "The store is up to date.")
            if beside:
                say("Records are rewritten by this build's `ohmstead up`, once it has taken over.")
    found = migrating.status(directory)
    if as_json:
        say_json(found)
    elif status:
        _print(found)
    elif dry_run:
        _print_plan(found)
    if found["problem"] and (status or dry_run):
        warn(found["problem"])
        raise typer.Exit(FAILED)


def _print(found: dict[str, Any]) -> None:
    say(f"The store has schema {found['store']}; ohmstead {found['build']} has {found['schema']}.")
    say(f"Builds from schema {found['oldest']} on can open it.")
    for one in found["migrations"]:
        say(f"  {one['number']:>4}  {one['name']}  ({one['build']})  {one['state']}")
        for each in one["rewrites"]:
            done = "done" if each["done_ms"] else f"after {each['after']!r}" * bool(each["after"])
            say(f"        {each['kind']}: {each['seen']} seen, {each['changed']} changed  {done}")


def _print_plan(found: dict[str, Any]) -> None:
    waits = [one for one in found["migrations"] if one["state"] in ("missing", "rewriting")]
    for name in found["missing_tables"]:
        say(f"would add table {name}")
    for one in waits:
        say(f"{one['number']:>4}  {one['name']}")
        for name in one["adds"]:
            if one["state"] == "missing" and name not in found["missing_tables"]:
                say(f"      would add {name}")
        for each in one["rewrites"]:
            if not each["done_ms"]:
                say(f"      would rewrite {each['kind']}, {each['seen']} seen so far")
    if not waits and not found["missing_tables"]:
        say("Nothing is to be done.")
