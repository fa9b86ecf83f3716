"""``ohmstead pki``: roots, what stations have installed, and a test PKI for Plug & Charge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ohmstead.apps.cli.client import Api, ApiRefused, part
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table
from ohmstead.apps.cli.stations import StationId, reason_of
from ohmstead.errors import OperatorError

pki = typer.Typer(no_args_is_help=True, help="Plug & Charge: roots, certificates on stations.")

FILE_LENGTH_MAX = 10_000  # of InstallCertificate in OCPP 2.1
Use = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
    "CentralSystemRootCertificate",
]
USES_16 = ("CentralSystemRootCertificate", "ManufacturerRootCertificate")


@pki.command("test-init")
def test_init(
    directory: Dir = HERE,
    emaid: Annotated[str, typer.Option(help="Of the test contract.")] = "DE-ABC-C12345678",
    generation: Annotated[
        int, typer.Option(help="2 or 20, of ISO 15118: which curve its keys are on.")
    ] = 2,
    ocsp_url: Annotated[str, typer.Option(help="What its certificates name as responder.")] = "",
) -> None:
    """Make a PKI to try Plug & Charge with; every name in it says TEST, and nobody should trust
    it."""
    from ohmstead.adapters.clock import SystemClock
    from ohmstead.apps.testpki import write_test_pki

    if generation not in (2, 20):
        raise typer.BadParameter("2 or 20, of ISO 15118", param_hint="--generation")
    folder = write_test_pki(directory, SystemClock().now_ms(), emaid, generation, ocsp_url)
    say(f"Made a TEST PKI in {folder}; a car's certificate chain is contract-chain.pem.")
    say("To trust it, for tests only, set these keys in the section [pki] of network.toml:")
    say("")
    say(f'roots = "{folder.name}/roots.pem"')
    say(f'authorities = "{folder.name}/authorities.pem"')
    say('revocation = "off"' if not ocsp_url else "# ocsp_hosts = [...]  the host of --ocsp-url")


@pki.command("roots")
def list_roots(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """The roots by which contracts are checked: of the file pki.roots, and of the pool."""
    found = Api(directory, key).get("/pki/roots")
    if as_json:
        say_json(found)
        return
    rows = [
        [one["name"], one["key"], one["expires"] + (" EXPIRED" if one["expired"] else "")]
        for one in found["items"]
    ]
    table(rows, ["ROOT", "KEY", "EXPIRES"])
    if found["problem"]:
        say(f"Of the pool: {found['problem']}.")


@pki.command("install")
def install(
    station_id: StationId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One root certificate in PEM.")],
    use: Annotated[Use, typer.Option(help="What the station is to trust it for.")],
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Have a station trust a root (InstallCertificate)."""
    from ohmstead.wire.pki.certificate import read_pem

    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {reason_of(error)}") from None
    chain = read_pem(text, str(file))
    if len(chain) != 1 or not chain[0].is_ca or len(text) > FILE_LENGTH_MAX:
        problem = f"{file}: one root certificate in PEM is wanted, of at most {FILE_LENGTH_MAX}"
        raise OperatorError(f"{problem} characters")
    path = f"/stations/{part(station_id)}/commands/InstallCertificate"
    told = Api(directory, key).post(path, {"certificateType": use, "certificate": text})
    _accepted(station_id, told, f"trusts {chain[0].common_name} as {use}")


@pki.command("delete")
def delete(
    station_id: StationId,
    serial: Annotated[str, typer.Argument(help="As `ohmstead station certificates` shows it.")],
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Have a station forget a certificate (DeleteCertificate)."""
    api = Api(directory, key)
    wanted = _number(serial)
    for one in installed(api, station_id):
        data = one["certificateHashData"]
        if _number(data["serialNumber"]) == wanted:
            # Errata 2023-12, M04.FR.07: with the hash algorithm that the station itself reported.
            path = f"/stations/{part(station_id)}/commands/DeleteCertificate"
            told = api.post(path, {"certificateHashData": data})
            _accepted(station_id, told, f"forgot certificate {serial}")
            return
    raise OperatorError(f"station {station_id} has no certificate {serial!r} installed")


def station_certificates(
    station_id: StationId, directory: Dir = HERE, key: Key = "", as_json: Json = False
) -> None:
    """A station's certificates: those it was given, and, while it is connected, those it trusts."""
    api = Api(directory, key)
    issued = api.get(f"/stations/{part(station_id)}/certificates")["items"]
    problem = ""
    try:
        there = list(installed(api, station_id))
    except (ApiRefused, OperatorError) as error:
        there, problem = [], str(error)
    if as_json:
        say_json({"issued": issued, "installed": there, "problem": problem})
        return
    rows = [
        [
            one["serial"],
            one["kind"] or "ChargingStationCertificate",
            f"revoked {one['revoked']}" if one["revoked"] else one["state"],
            one["expires"] or "",
        ]
        for one in issued
    ]
    table(rows, ["GIVEN", "KIND", "STATE", "EXPIRES"])
    if problem:
        say(f"What it trusts is not known now: {problem}")
        return
    known = _names(api)
    rows = [
        [
            data["serialNumber"],
            one.get("certificateType", ""),
            known.get((data["issuerKeyHash"].lower(), _number(data["serialNumber"])), "?"),
        ]
        for one in there
        for data in (one["certificateHashData"], *one.get("childCertificateHashData", ()))
    ]
    table(rows, ["TRUSTED", "KIND", "NAME"])


def installed(api: Api, station_id: str) -> Iterator[dict[str, Any]]:
    """What GetInstalledCertificateIds tells, in the shape of 2.0.1 for 1.6 too."""
    path = f"/stations/{part(station_id)}"
    action = f"{path}/commands/GetInstalledCertificateIds"
    connection = api.get(path)["connection"]
    if connection is None:
        raise OperatorError(f"station {station_id} is not connected; try again when it is back")
    if connection["version"] != "ocpp1.6":
        yield from api.post(action, {}).get("certificateHashDataChain", ())
        return
    for use in USES_16:
        for data in api.post(action, {"certificateType": use}).get("certificateHashData", ()):
            yield {"certificateType": use, "certificateHashData": data}


def _names(api: Api) -> dict[tuple[str, int], str]:
    """Names of roots we know, by how stations name them; SHA-256 only."""
    try:
        found = api.get("/pki/roots")
    except ApiRefused:
        return {}
    every = [*found["items"], *([found["own"]] if found["own"] else [])]
    return {(one["issuer_key_hash"], _number(one["serial"])): one["name"] for one in every}


def _number(serial: str) -> int:
    try:
        return int(serial.removeprefix("0x"), 16)
    except ValueError:
        raise OperatorError(f"{serial[:50]!r} is no serial number, which is hexadecimal") from None


def _accepted(station_id: str, told: dict[str, Any], what: str) -> None:
    if told.get("status") != "Accepted":
        reason = (told.get("statusInfo") or {}).get("reasonCode", "")
        why = f" ({reason})" if reason else ""
        raise OperatorError(f"station {station_id} answered {told.get('status')}{why}")
    say(f"Station {station_id} {what}.")
