"""``ohmstead replay`` and ``ohmstead demo``: real sessions through real sockets, all of it here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ohmstead.apps.cli.common import Json, check_bind
from ohmstead.apps.replay.options import DemoOptions, ReplayOptions

FORMATS = ("epfl", "acn", "norway", "generic")
PROTOCOLS = ("1.6", "2.0.1", "2.1", "mixed")
ANY_PORT = "127.0.0.1:0"

Folder = Annotated[
    Path | None, typer.Option("--dir", metavar="DIR", help="Keep the network in this folder.")
]
Bind = Annotated[str, typer.Option(metavar="HOST:PORT", callback=check_bind)]


def one_of(names: tuple[str, ...], value: str, option: str) -> None:
    """Refuse anything else as a usage error."""
    if value not in names:
        raise typer.BadParameter(f"{option} is one of {', '.join(names)}, not {value!r}")


def replay(
    source: Annotated[str, typer.Argument(metavar="FILE|generated")],
    format_: Annotated[
        str, typer.Option("--format", help="epfl, acn, norway or generic; else by its name.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="Sessions; 0 for all.")] = 0,
    speed: Annotated[int, typer.Option(min=0, help="Times real time; 0: as fast as can be.")] = 0,
    protocol: Annotated[str, typer.Option(help="1.6, 2.0.1, 2.1 or mixed.")] = "mixed",
    seed: Annotated[str, typer.Option(help="Of everything that is drawn.")] = "ohmstead",
    directory: Folder = None,
    http: Bind = ANY_PORT,
    ocpp: Bind = ANY_PORT,
    as_json: Json = False,
) -> None:
    """Replay charging sessions through real OCPP connections and settle them on the chain."""
    if format_:
        one_of(FORMATS, format_, "--format")
    one_of(PROTOCOLS, protocol, "--protocol")
    options = ReplayOptions(
        source, format_, limit, speed, protocol, seed, directory, http, ocpp, as_json
    )
    import uvloop

    from ohmstead.apps.replay.runner import run_replay

    raise typer.Exit(uvloop.run(run_replay(options)))


def demo(
    once: Annotated[bool, typer.Option("--once", help="Check everything and end.")] = False,
    http: Bind = "127.0.0.1:8080",
    ocpp: Bind = "127.0.0.1:9000",
    seed: Annotated[str, typer.Option(help="Of everything that is drawn.")] = "ohmstead",
    directory: Folder = None,
    as_json: Json = False,
) -> None:
    """Start the embedded network, replay sessions, settle them, and say where to look."""
    if once:
        http = ocpp = ANY_PORT
    options = DemoOptions(once, http, ocpp, seed, directory, as_json)
    import uvloop

    from ohmstead.apps.replay.runner import run_demo

    raise typer.Exit(uvloop.run(run_demo(options)))
