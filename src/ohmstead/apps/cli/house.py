"""``ohmstead init``, ``up`` and ``verify`` as they are typed.

What they do stands in modules of their names, which are imported only when they run: a command
that only asks a running house should not have to load one.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.apps.cli.common import (
    CHAIN_WORDS,
    HERE,
    Dir,
    Json,
    Key,
    check_bind,
    say,
    say_json,
)
from ohmstead.apps.config import FILE_NAME


def init(
    directory: Dir = HERE,
    profile: Annotated[
        str, typer.Option("--profile", help="The network to begin with; trial is for trying.")
    ] = "commons",
    as_json: Json = False,
) -> None:
    """Write network.toml, keys and database, and print the admin key once."""
    from ohmstead.apps.cli.init import begin

    text = asyncio.run(begin(directory, profile))
    if as_json:
        say_json({"directory": str(directory.absolute()), "profile": profile, "admin_key": text})
        return
    say(f"Wrote a {profile} network to {directory.absolute()}.")
    say("Admin key, shown this once and kept in keys/admin.key:")
    say(f"  {text}", "bold")
    say(f"Next: look at {directory / FILE_NAME}, then run")
    say("  ohmstead up" + ("" if directory == HERE else f" --dir {directory}"))


def check_chain(value: str | None) -> str | None:
    """A typer callback: anvil, none or the URL of a node."""
    if value is None or value in CHAIN_WORDS or value.startswith(("http://", "https://")):
        return value
    raise typer.BadParameter(
        "expected anvil, none, or the URL of a node as in http://127.0.0.1:8545"
    )


def up(
    directory: Dir = HERE,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", callback=check_bind, help="Else http.bind of the file."),
    ] = None,
    ocpp: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", callback=check_bind, help="Else ocpp.bind of the file."),
    ] = None,
    chain: Annotated[
        str | None,
        typer.Option(
            metavar="anvil|none|URL", callback=check_chain, help="Else chain.kind of the file."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Follow the process that runs now, and refuse nobody."),
    ] = False,
) -> None:
    """Serve stations, people and the chain; Ctrl-C stops. Port 0 lets the system choose."""
    from ohmstead.apps.cli.up import run

    run(directory, http, ocpp, chain, verbose, take_over)


def verify(
    receipt: Annotated[str, typer.Argument(metavar="RECEIPT.json|SESSION_ID")],
    trust: Annotated[
        Path | None, typer.Option("--trust", help="What you trust: a trust.json.")
    ] = None,
    rpc: Annotated[
        str | None, typer.Option("--rpc", metavar="URL", help="A node to look the anchor up at.")
    ] = None,
    final_depth: Annotated[
        int | None,
        typer.Option(min=0, help="Blocks on top of a final one; else the chain's finalized tag."),
    ] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Check a receipt line by line: exit 0 all proven, 3 only consistent, 1 a check failed.

    A session id is asked of the house that runs in DIR; a file needs no house at all.
    """
    from ohmstead.apps.cli.verify import run

    raise typer.Exit(run(receipt, trust, rpc, final_depth, directory, key, as_json))
