"""``ohmstead station``, ``tariff``, ``id-token``: who serves, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ohmstead.apps.cli.client import Api, part, running
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table
from ohmstead.apps.cli.qr import access_url, can_show, qr_lines
from ohmstead.errors import OperatorError

station = typer.Typer(help="Stations: add, list, show, change, command.", no_args_is_help=True)
tariff = typer.Typer(help="Tariffs: publish and list.", no_args_is_help=True)
id_token = typer.Typer(help="Cards and apps that may charge.", no_args_is_help=True)

URL_SAFE = "*-_=+@."  # of the characters of a station id, those a path may have as they are
StationId = Annotated[str, typer.Argument(metavar="STATION")]
# What a station needs to be registered, whether it is added or came by itself.
Owner = Annotated[str, typer.Option(help="The host's 0x address, who takes the rest.")]
TariffId = Annotated[str, typer.Option("--tariff", help="Id of a published tariff.")]
Evses = Annotated[
    list[str] | None,
    typer.Option("--evse", metavar="ID:RATED_W[:CONNECTORS]", help="Repeat for more than one."),
]
StationName = Annotated[str, typer.Option(help="A name for people.")]
TimeZone = Annotated[str, typer.Option(help="Else the network's.")]


def evse_of(text: str) -> dict[str, int]:
    """Read ID:RATED_W or ID:RATED_W:CONNECTORS, as in 1:22000."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(one.isascii() and one.isdecimal() for one in parts):
        raise typer.BadParameter(f"expected ID:RATED_W[:CONNECTORS], as in 1:22000, not {text!r}")
    return dict(zip(("id", "rated_w", "connectors"), map(int, parts), strict=False))


def registration(
    owner: str, tariff_id: str, evse: list[str] | None, name: str, time_zone: str
) -> dict[str, Any]:
    """The part of a body that adding and approving a station have in common."""
    return {
        "owner": owner,
        "tariff": tariff_id,
        "evses": [evse_of(text) for text in evse or ["1:22000"]],
        "name": name,
        "time_zone": time_zone,
    }


def reason_of(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, without numbers of errors."""
    return (error.strerror or "") if isinstance(error, OSError) else "it is not UTF-8 text"


def read_json(name: str) -> Any:
    """A JSON document from a file, or from the command line itself; numbers stay text."""
    text = name
    if not name.lstrip().startswith(("{", "[")):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"{name} cannot be read: {reason_of(error)}") from None
    try:
        return json.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{name} is not JSON: {error}") from None


@station.command("add")
def add_station(
    station_id: StationId,
    owner: Owner,
    tariff_id: TariffId,
    evse: Evses = None,
    name: StationName = "",
    time_zone: TimeZone = "",
    url: Annotated[
        str, typer.Option(help="Where stations reach this network, as in wss://HOST/ocpp.")
    ] = "",
    qr: Annotated[
        bool | None,
        typer.Option("--qr/--no-qr", help="A QR code of URL and log-in; else on a tty."),
    ] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Register a station; its password is shown this once, also as a QR code to scan."""
    body = {"id": station_id, **registration(owner, tariff_id, evse, name, time_zone)}
    base = station_base(directory, url)
    made = Api(directory, key).post("/stations", body)
    where = f"{base}/{quote(station_id, safe=URL_SAFE)}"
    if as_json:
        say_json({**made, "url": where})
        return
    say(f"Registered station {station_id}.")
    say(f"It connects to  {where}")
    say(f"Basic user      {station_id}")
    say(f"Basic password  {made['password']}   (shown this once)")
    if can_show() if qr is None else qr:
        say("To scan; the code holds the password:")
        say(qr_lines(access_url(where, station_id, made["password"])))


def station_base(directory: Path, url: str) -> str:
    """The URL to which a station adds its id; raises BadParameter for one that is none."""
    base = (url or f"{running(directory, 'ocpp')}/ocpp").rstrip("/")
    if not base.startswith(("ws://", "wss://")) or len(base) <= len("wss://"):
        raise typer.BadParameter(f"--url is a WebSocket URL as in wss://HOST/ocpp, not {url!r}")
    return base


@station.command("list")
def list_stations(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """Every station in service."""
    found = Api(directory, key).all("/stations")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["id"],
            one["connection"]["version"] if one["connection"] else "offline",
            one["admission"],
            one["tariff"],
            " ".join(f"{evse['id']}:{evse['status']}" for evse in one["evses"]),
        ]
        for one in found
    ]
    table(rows, ["STATION", "CONNECTION", "ADMISSION", "TARIFF", "EVSES"])


@station.command("show")
def show_station(station_id: StationId, directory: Dir = HERE, key: Key = "") -> None:
    """One station, as JSON."""
    say_json(Api(directory, key).get(f"/stations/{part(station_id)}"))


@station.command("set")
def set_station(
    station_id: StationId,
    admission: Annotated[str | None, typer.Option(help="accepted, pending or rejected.")] = None,
    strictness: Annotated[str | None, typer.Option(help="strict or lenient.")] = None,
    tariff_id: Annotated[str | None, typer.Option("--tariff", help="For new sessions.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    evse: Annotated[
        list[str] | None,
        typer.Option(
            "--evse", metavar="ID:RATED_W[:CONNECTORS]", help="All it has; repeat for each."
        ),
    ] = None,
    security_profile: Annotated[
        int | None, typer.Option(min=0, max=3, help="The least it is let in with: 0 to 3.")
    ] = None,
    rotate_password: Annotated[bool, typer.Option(help="Make a new password.")] = False,
    deliver: Annotated[bool, typer.Option(help="Give it to the connected station.")] = False,
    keep_old: Annotated[
        bool, typer.Option(help="Let the old one in until the station has used the new one.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Change a station; answers with JSON, which holds a new password this once."""
    body = {
        "admission": admission,
        "strictness": strictness,
        "security_profile": security_profile,
        "tariff": tariff_id,
        "name": name,
        "evses": [evse_of(text) for text in evse] if evse else None,
        "rotate_password": rotate_password,
        "deliver": deliver,
        "keep_old": keep_old,
    }
    say_json(Api(directory, key).patch(f"/stations/{part(station_id)}", body))


@station.command("remove")
def remove_station(station_id: StationId, directory: Dir = HERE, key: Key = "") -> None:
    """Take a station out of service; its receipts keep its id."""
    Api(directory, key).delete(f"/stations/{part(station_id)}")
    say(f"Station {station_id} is out of service.")


@tariff.command("add")
def add_tariff(
    file: Annotated[str, typer.Argument(metavar="TARIFF.json", help="An OCPI 2.2.1 Tariff.")],
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Publish a tariff; another content needs another id."""
    made = Api(directory, key).post("/tariffs", read_json(file))
    if as_json:
        say_json(made)
    else:
        say(f"Published tariff {made['id']}.")


@tariff.command("list")
def list_tariffs(directory: Dir = HERE, key: Key = "") -> None:
    """Every tariff, as JSON."""
    say_json(Api(directory, key).all("/tariffs"))


@id_token.command("put")
def put_id_token(
    uid: Annotated[str, typer.Argument(metavar="UID")],
    payer: Annotated[str, typer.Option(help="The 0x address whose deposit it spends.")],
    status: Annotated[str, typer.Option(help="accepted, blocked, expired, invalid.")] = "accepted",
    kind: Annotated[
        str, typer.Option("--type", help="As OCPP 2.0.1 has it; eMAID: a contract.")
    ] = "ISO14443",
    group: Annotated[str, typer.Option(help="Cards of one group may stop each other.")] = "",
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="As in 2030-01-01T00:00:00Z.")
    ] = None,
    session_limit: Annotated[
        str | None, typer.Option(metavar="MINOR", help="The most to hold for one session.")
    ] = None,
    offline_at: Annotated[
        list[str] | None,
        typer.Option(metavar="STATION", help="May stand on its local list; * for every one."),
    ] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Write an id_token, new or changed: what is not said is as for a new one."""
    body: dict[str, Any] = {"payer": payer, "status": status, "type": kind, "group": group}
    body |= {"expires": expires, "session_limit": session_limit, "offline_at": offline_at or []}
    made = Api(directory, key).put(f"/id-tokens/{part(uid)}", body)
    if as_json:
        say_json(made)
    else:
        say(f"id_token {uid} is {made['status']} and spends {made['payer']}.")
        if status in ("blocked", "expired") and not offline_at:
            say("It leaves the local lists it stood on; `id-token block` keeps it there, blocked.")


Because = Annotated[str, typer.Option(help="Why; it stands in the audit log.")]


@id_token.command("block")
def block_id_token(
    uid: Annotated[str, typer.Argument(metavar="UID")],
    because: Because = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Let an id_token charge no more: all else of it stays, and on local lists it is blocked.

    Every station's cache is cleared, of one that is away when it is back.
    """
    _set_status(Api(directory, key), uid, "blocked", because, as_json)


@id_token.command("unblock")
def unblock_id_token(
    uid: Annotated[str, typer.Argument(metavar="UID")],
    because: Because = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Let a blocked id_token charge again."""
    api = Api(directory, key)
    status = api.get(f"/id-tokens/{part(uid)}")["status"]
    if status in ("expired", "invalid"):
        raise OperatorError(
            f"id_token {uid} is {status}, not blocked: `ohmstead id-token put` makes it new"
        )
    _set_status(api, uid, "accepted", because, as_json)


def _set_status(api: Api, uid: str, status: str, because: str, as_json: bool) -> None:
    made = api.patch(f"/id-tokens/{part(uid)}", {"status": status, "because": because})
    if as_json:
        say_json(made)
    else:
        say(f"id_token {made['uid']} is {made['status']}.")


@id_token.command("list")
def list_id_tokens(
    payer: Annotated[str, typer.Option(help="Only those that spend this address's money.")] = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """The id_tokens there are, invalid ones too."""
    found = Api(directory, key).all("/id-tokens", payer=payer or None)
    if as_json:
        say_json(found)
        return
    names = ("uid", "status", "type", "group", "expires", "payer")
    rows = [[one[name] or "-" for name in names] for one in found]
    nothing = f"No id_token spends the money of {payer}." if payer else "There is no id_token yet."
    table(rows, ["ID_TOKEN", "STATUS", "TYPE", "GROUP", "EXPIRES", "PAYER"], nothing)


@id_token.command("show")
def show_id_token(
    uid: Annotated[str, typer.Argument(metavar="UID")], directory: Dir = HERE, key: Key = ""
) -> None:
    """One id_token, as JSON."""
    say_json(Api(directory, key).get(f"/id-tokens/{part(uid)}"))
