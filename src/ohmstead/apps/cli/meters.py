"""``ohmstead meter``: the keys that prove energy, and their passports on the chain."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.commands import CommandApi
from ohmstead.apps.cli.common import (
    HERE,
    Dir,
    Json,
    Key,
    Wait,
    say,
    say_json,
    table,
    wait_until,
)
from ohmstead.errors import OperatorError

meter = typer.Typer(help="Meters: the keys that prove energy.", no_args_is_help=True)

StationId = Annotated[str, typer.Argument(metavar="STATION")]
EvseId = Annotated[int, typer.Option("--evse", min=1, help="Whose meter it is.")]
SIGNATURE = re.compile(r"(0x)?[0-9a-fA-F]{128}")


def check_signature(value: str) -> str:
    """A typer callback: R and S as 32 bytes each."""
    if not SIGNATURE.fullmatch(value):
        raise typer.BadParameter(
            f"expected R and S one after the other, 128 hex digits, not {len(value)} characters"
        )
    return value


@meter.command("add")
def add_meter(
    station_id: StationId,
    public_key: Annotated[str, typer.Option(help="In any spelling OCMF meters use.")],
    evse: EvseId = 1,
    serial: Annotated[str, typer.Option(help="As the meter writes it in its records.")] = "",
    tier: Annotated[str, typer.Option(help="legal, secure or soft.")] = "soft",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Register the public key of an evse's meter: only what it signs is called proven."""
    body = {"evse": evse, "public_key": public_key, "serial": serial, "tier": tier}
    made = Api(directory, key).post(f"/stations/{part(station_id)}/meters", body)
    if as_json:
        say_json(made)
        return
    say(f"Registered key {made['key_id']} for evse {evse} of {station_id}.")
    say(
        f"Next: its passport on the chain, from `ohmstead meter digest {station_id}`; until that "
        "is final, `ohmstead verify` does not take the key for a meter's."
    )


@meter.command("list")
def list_meters(
    station_id: StationId, directory: Dir = HERE, key: Key = "", as_json: Json = False
) -> None:
    """The meters of a station, and where their passports are."""
    found = Api(directory, key).get(f"/stations/{part(station_id)}/meters")["items"]
    if as_json:
        say_json(found)
        return
    rows = [
        [
            str(one["evse"]),
            one["serial"] or "-",
            one["curve"],
            one["passport"]["state"] if one["passport"] else "no chain",
            one["key_id"],
        ]
        for one in found
    ]
    nothing = f"No meter of {station_id} has a key: its sessions are unproven."
    table(rows, ["EVSE", "SERIAL", "CURVE", "PASSPORT", "KEY"], nothing)


MWH_DECIMALS = 6  # of a kWh
KWH = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,6}))?")


def mwh_of(value: str) -> int:
    """A typer parser: kWh as a meter shows them, whole and exact in mWh."""
    match = KWH.fullmatch(value.strip())
    if match is None:
        raise typer.BadParameter(f"expected kWh as the meter shows them, as in 1234.56: {value!r}")
    return int(match[1] + (match[2] or "").ljust(MWH_DECIMALS, "0"))


@meter.command("exchange")
def exchange_meter(
    station_id: StationId,
    evse: Annotated[int, typer.Argument(metavar="EVSE", min=1, help="Whose meter it was.")],
    old_final: Annotated[
        int, typer.Option(parser=mwh_of, metavar="KWH", help="What the old meter shows last.")
    ],
    new_initial: Annotated[
        int, typer.Option(parser=mwh_of, metavar="KWH", help="What the new meter shows first.")
    ],
    because: Annotated[str, typer.Option(help="Why; it stands in the audit log.")],
    public_key: Annotated[str, typer.Option(help="Of the new meter, if it signs.")] = "",
    serial: Annotated[str, typer.Option(help="As the new meter writes it.")] = "",
    tier: Annotated[str, typer.Option(help="legal, secure or soft.")] = "soft",
    at: Annotated[str, typer.Option(help="When, as 2026-11-20T08:00:00Z; now unless said.")] = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="The old number is below the last one, and is right.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Write down that the meter of an evse was exchanged, with what both meters showed."""
    body: dict[str, Any] = {
        "evse": evse,
        "old_final_mwh": old_final,
        "new_initial_mwh": new_initial,
        "because": because,
        "anyway": anyway,
    }
    if at:
        body["at"] = at
    if public_key:
        body["new_meter"] = {"public_key": public_key, "serial": serial, "tier": tier}
    elif serial:
        raise typer.BadParameter("--serial goes with --public-key; an unsigned meter needs neither")
    api = CommandApi(directory, key)
    done = api.post(f"/stations/{part(station_id)}/meters/exchange", body)
    if as_json:
        say_json(done)
        return
    say(f"The meter of evse {evse} of {station_id} was exchanged at {done['at']}.")
    for session in done["sessions"]:
        say(f"Session {session} was under way: it goes to review when it ends.")
    if done["new_key_id"]:
        say(f"Registered key {done['new_key_id']}.")
        say(f"Next: its passport on the chain, from `ohmstead meter digest {station_id}`.")
    elif done["old_key_id"]:
        say(f"Key {done['old_key_id']} ended: until `ohmstead meter add` the evse is unproven.")


@meter.command("exchanges")
def list_exchanges(
    station_id: StationId, directory: Dir = HERE, key: Key = "", as_json: Json = False
) -> None:
    """The meter exchanges of a station: when, the two numbers in kWh, who and why."""
    found = Api(directory, key).all(f"/stations/{part(station_id)}/meters/exchanges")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            str(one["evse"]),
            one["at"],
            kwh_of(one["old_final_mwh"]),
            kwh_of(one["new_initial_mwh"]),
            one["by"],
            one["because"],
        ]
        for one in found
    ]
    titles = ["EVSE", "AT", "OLD FINAL", "NEW INITIAL", "BY", "BECAUSE"]
    table(rows, titles, f"No meter of {station_id} was exchanged.")


def kwh_of(mwh: int) -> str:
    """kWh to the Wh, as meters show them."""
    whole, rest = divmod(mwh, 10**MWH_DECIMALS)
    return f"{whole}.{rest:06d}"[:-3]


@meter.command("digest")
def meter_digest(
    station_id: StationId,
    evse: EvseId = 1,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Print what the meter's key has to sign: 32 bytes in hex, a SHA-256 that is signed as it is.

    The signature binds the meter to the station's owner; give it to `ohmstead meter passport`.
    """
    api = Api(directory, key)
    path = f"/stations/{part(station_id)}/meters/{meter_at(api, station_id, evse)['key_id']}"
    binding = api.get(f"{path}/binding")
    if as_json:
        say_json(binding)
    else:
        typer.echo(binding["digest"])


@meter.command("passport")
def meter_passport(
    station_id: StationId,
    signature: Annotated[
        str,
        typer.Option(metavar="R||S", callback=check_signature, help="128 hex digits."),
    ],
    evse: EvseId = 1,
    wait: Wait = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Put a meter's passport on the chain; epochs count it once it is final."""
    api = Api(directory, key)
    path = f"/stations/{part(station_id)}/meters/{meter_at(api, station_id, evse)['key_id']}"
    done = api.post(f"{path}/passport", {"signature": signature})

    def look() -> dict[str, Any]:
        found: dict[str, Any] = meter_at(api, station_id, evse)["passport"] or done
        return found

    if wait:
        wait_until(lambda: look()["state"] == "final")
        done = look()
    if as_json:
        say_json(done)
        return
    say(
        f"The passport of evse {evse} of {station_id} is {done['state']}: transaction {done['tx']}."
    )
    if done["state"] != "final":
        say("It counts once it is final: see `ohmstead meter list`.")


def meter_at(api: Api, station_id: str, evse: int) -> dict[str, Any]:
    """The meter of an evse; raises OperatorError when none is registered."""
    for one in api.get(f"/stations/{part(station_id)}/meters")["items"]:
        if one["evse"] == evse:
            found: dict[str, Any] = one
            return found
    raise OperatorError(
        f"no meter is registered for evse {evse} of {station_id}: do so with `ohmstead meter add`"
    )
