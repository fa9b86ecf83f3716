"""``ohmstead virtual``: a station and a meter without hardware, to try a network by hand."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated

import typer

from ohmstead.apps.cli.client import running
from ohmstead.apps.cli.common import FAILED, HERE, Dir

virtual = typer.Typer(
    help="A virtual station and its meter: real OCPP and real signatures, and no car.",
    no_args_is_help=True,
)

StationId = Annotated[str, typer.Argument(metavar="STATION")]
Seed = Annotated[
    str, typer.Option(help="Names the meter's key: whoever knows it can sign, so only to try.")
]
PROTOCOLS = ("1.6", "2.0.1", "2.1")
DIGEST = re.compile(r"(0x)?[0-9a-fA-F]{64}")


def check_digest(value: str) -> str:
    """A typer callback: 32 bytes in hex."""
    if not DIGEST.fullmatch(value):
        raise typer.BadParameter(f"expected 64 hex digits, not {len(value)} characters")
    return value


@virtual.command("key")
def meter_key(station_id: StationId, seed: Seed = "try") -> None:
    """Print the public key of the station's virtual meter, for `ohmstead meter add`."""
    from ohmstead.apps.virtual.trial import meter_of

    typer.echo(meter_of(station_id, seed).key_hex)


@virtual.command("sign")
def sign_digest(
    station_id: StationId,
    digest: Annotated[
        str, typer.Argument(metavar="DIGEST", callback=check_digest, help="64 hex digits.")
    ],
    seed: Seed = "try",
) -> None:
    """Sign a binding digest with the virtual meter's key, for `ohmstead meter passport`."""
    from ohmstead.apps.virtual.trial import sign_binding

    r, s = sign_binding(station_id, seed, bytes.fromhex(digest.removeprefix("0x")))
    typer.echo(f"{r:064x}{s:064x}")


@virtual.command("charge")
def charge(
    station_id: StationId,
    password: Annotated[str, typer.Argument(metavar="PASSWORD", help="Of the station.")],
    id_token: Annotated[str, typer.Argument(metavar="ID_TOKEN", help="Who charges.")],
    seconds: Annotated[int, typer.Option(min=1, help="How long, at 11 kW.")] = 30,
    protocol: Annotated[str, typer.Option(help="1.6, 2.0.1 or 2.1.")] = "2.0.1",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Else that of the house that runs in DIR.")
    ] = None,
    seed: Seed = "try",
    directory: Dir = HERE,
) -> None:
    """Connect as the station and charge once at evse 1; Ctrl-C unplugs earlier.

    What the meter has counted is kept in DIR/virtual, as a meter that began again at zero would
    repeat the numbers of its records, and be disbelieved.
    """
    from ohmstead.apps.virtual.trial import Trial, charge_once

    if protocol not in PROTOCOLS:
        raise typer.BadParameter(f"expected one of {', '.join(PROTOCOLS)}, not {protocol!r}")
    trial = Trial(
        station_id,
        password,
        id_token,
        url or f"{running(directory, 'ocpp')}/ocpp",
        protocol,
        seconds,
        seed,
        directory / "virtual" / f"{station_id}.json",
    )
    if not asyncio.run(charge_once(trial, typer.echo)):
        raise typer.Exit(FAILED)
