"""``ohmstead virtual``: a station and a meter without hardware, to try a network by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from ohmstead.apps.cli.client import running
from ohmstead.apps.cli.common import FAILED, HERE, Dir
from ohmstead.errors import OperatorError

if TYPE_CHECKING:
    from ohmstead.apps.virtual.trial import Trial

virtual = typer.Typer(
    help="A virtual station and its meter: real OCPP and real signatures, and no car.",
    no_args_is_help=True,
)

NO_PASSWORD = "-"
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PROTOCOLS = ("1.6", "2.0.1", "2.1")
DIGEST = re.compile(r"(0x)?[0-9a-fA-F]{64}")


def check_digest(value: str) -> str:
    """A typer callback: 32 bytes in hex."""
    if not DIGEST.fullmatch(value):
        raise typer.BadParameter(f"expected 64 hex digits, not {len(value)} characters")
    return value


def check_protocol(value: str) -> str:
    """A typer callback: a version the virtual station speaks."""
    if value not in PROTOCOLS:
        raise typer.BadParameter(f"expected one of {', '.join(PROTOCOLS)}, not {value!r}")
    return value


def check_url(value: str | None) -> str | None:
    """A typer callback: where a websocket can be opened."""
    try:
        place = urlsplit(value or "ws://house")
        if place.scheme in ("ws", "wss") and place.hostname and place.port != 0:
            return value
    except ValueError:
        pass  # a port that is none
    raise typer.BadParameter(f"expected ws:// or wss:// with a host, not {value!r}")


StationId = Annotated[str, typer.Argument(metavar="STATION")]
Seed = Annotated[
    str, typer.Option(help="Names the meter's key: whoever knows it can sign, so only to try.")
]
Password = Annotated[
    str, typer.Argument(metavar="PASSWORD", help="Of the station; - for none, with --cert.")
]
Protocol = Annotated[str, typer.Option(callback=check_protocol, help="1.6, 2.0.1 or 2.1.")]
Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL", callback=check_url, help="Else that of the house that runs in DIR."
    ),
]
Ca = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Trust this CA certificate (PEM) of the server, no other."),
]
Cert = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Show this certificate (PEM): security profile 3."),
]
CertKey = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="The private key of --cert (PEM).")
]
Tries = Annotated[
    int, typer.Option(min=0, help="How often a server that is away is tried; 0: until Ctrl-C.")
]


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
    password: Password,
    id_token: Annotated[str, typer.Argument(metavar="ID_TOKEN", help="Who charges.")],
    seconds: Annotated[int, typer.Option(min=1, help="How long, at 11 kW.")] = 30,
    protocol: Protocol = "2.0.1",
    url: Url = None,
    ca: Ca = None,
    cert: Cert = None,
    key: CertKey = None,
    tries: Tries = 5,
    seed: Seed = "try",
    directory: Dir = HERE,
) -> None:
    """Connect as the station and charge once at evse 1.

    Ctrl-C stops it earlier, as its driver would (reason Local), and tells the network; a second
    Ctrl-C pulls the plug, and nothing more is told. A connection that is lost is tried again with
    growing waits, and what happened meanwhile is told then.

    What the meter has counted is kept in DIR/virtual, as a meter that began again at zero would
    repeat the numbers of its records, and be disbelieved.
    """
    from ohmstead.apps.virtual.living import charge_once

    trial = _trial(station_id, password, protocol, url, (ca, cert, key), tries, seed, directory)
    _live(charge_once(trial, id_token, seconds, typer.echo))


@virtual.command("run")
def stay(
    station_id: StationId,
    password: Password,
    protocol: Protocol = "2.0.1",
    url: Url = None,
    ca: Ca = None,
    cert: Cert = None,
    key: CertKey = None,
    tries: Tries = 0,
    seed: Seed = "try",
    directory: Dir = HERE,
) -> None:
    """Connect as the station, and do what the network asks until Ctrl-C.

    It answers every command, charges at 11 kW after a remote start, and comes back and boots after
    a reset. Ctrl-C stops what charges, as its driver would (reason Local), and tells the network;
    a second Ctrl-C pulls the plug, and nothing more is told.
    """
    from ohmstead.apps.virtual.living import stay

    trial = _trial(station_id, password, protocol, url, (ca, cert, key), tries, seed, directory)
    _live(stay(trial, typer.echo))


def _trial(
    station_id: str,
    password: str,
    protocol: str,
    url: str | None,
    tls: tuple[Path | None, Path | None, Path | None],
    tries: int,
    seed: str,
    directory: Path,
) -> Trial:
    from ohmstead.apps.virtual.tls import client_context
    from ohmstead.apps.virtual.trial import Trial

    context = client_context(*tls)
    if password == NO_PASSWORD and tls[1] is None:
        raise OperatorError("without a password the station needs a certificate: --cert and --key")
    if url is None:
        url = f"{_listener(directory, any(tls))}/ocpp"
    if any(tls) and not url.startswith("wss:"):
        raise OperatorError(
            f"--ca, --cert and --key are for TLS, and {url} is without: give a wss:// URL"
        )
    return Trial(
        station_id,
        None if password == NO_PASSWORD else password,
        url,
        protocol,
        seed,
        directory / "virtual" / f"{station_id}.json",
        context if url.startswith("wss:") else None,
        tries,
    )


def _listener(directory: Path, with_tls: bool) -> str:
    plain = running(directory, "ocpp")
    if not with_tls:
        return plain
    try:
        return running(directory, "ocpp_tls")
    except OperatorError:
        raise OperatorError(
            f"the house in {directory.absolute()} has no TLS listener: set [ocpp.tls] in its "
            "network.toml, or give another address with --url"
        ) from None


def _live(life: Coroutine[object, object, bool]) -> None:
    try:
        done = asyncio.run(life)
    except asyncio.CancelledError:
        raise typer.Exit(INTERRUPTED) from None
    if not done:
        raise typer.Exit(FAILED)
