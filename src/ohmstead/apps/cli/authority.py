"""``ohmstead ca``: the authority that signs the stations' own certificates."""

from __future__ import annotations

from typing import Annotated

import typer

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.common import HERE, Dir, Key, say
from ohmstead.apps.config import FILE_NAME, load
from ohmstead.core.revocation import REASONS
from ohmstead.errors import OperatorError

CRL_FILE = "ca.crl"
ca = typer.Typer(no_args_is_help=True, help="The authority that signs stations' certificates.")


@ca.command("init")
def init(directory: Dir = HERE) -> None:
    """Make the authority of this network: a P-256 key, good for 20 years."""
    from ohmstead.adapters.clock import SystemClock
    from ohmstead.apps.stations.authority import CERTIFICATE_FILE, KEY_FILE, FileAuthority
    from ohmstead.apps.stations.unfit import why_untrusted

    config = load(directory / FILE_NAME)
    tls = config.ocpp.tls
    operator = tls.organization or config.network.name
    made = FileAuthority.make(directory, operator, SystemClock().now_ms())
    say(f"Made {directory / CERTIFICATE_FILE}, valid until {made.certificate.not_valid_after_utc}.")
    say(f"Its key is {directory / 'keys' / KEY_FILE}: keep a copy where nobody finds it.")
    where = "ocpp.tls.organization" if tls.organization else "network.name"
    say(f"Its certificates have the organization (O) {operator!r}, from {where}.")
    if problem := why_untrusted(made, tls, directory):
        say(f"{problem}.")
    say("Restart `ohmstead up`; stations that ask with SignCertificate are then answered.")


@ca.command("show")
def show(directory: Dir = HERE) -> None:
    """Print the authority's certificate, for InstallCertificate and for load balancers."""
    from ohmstead.apps.stations.authority import CERTIFICATE_FILE

    try:
        say((directory / CERTIFICATE_FILE).read_text().rstrip())
    except OSError:
        problem = f"there is no authority in {directory.absolute()}; `ohmstead ca init` makes one"
        raise OperatorError(problem) from None


@ca.command("revoke")
def revoke(
    station_id: Annotated[str, typer.Argument(metavar="STATION")],
    serial: Annotated[
        str, typer.Argument(help="Of the certificate, as `ohmstead station certificates` shows it.")
    ],
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(REASONS)}.")] = REASONS[0],
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Take a station's certificate back; ca.crl is written at once, and OCSP says so."""
    path = f"/stations/{part(station_id)}/certificates/{part(serial)}/revoke"
    told = Api(directory, key).post(path, {"reason": reason})
    say(f"Certificate {told['serial']} of station {station_id} is revoked since {told['revoked']}.")
    say(f"It is refused from the next connection on; {CRL_FILE} says so to others.")
