"""``ohmstead session``, ``epoch``, ``faucet``, ``status``, ``key`` ...: watch money, and decide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ohmstead.apps.cli.client import Api, ApiRefused, part
from ohmstead.apps.cli.commands import CommandApi
from ohmstead.apps.cli.common import (
    FAILED,
    HERE,
    Dir,
    Json,
    Key,
    Wait,
    say,
    say_json,
    table,
    wait_until,
    warn,
)
from ohmstead.errors import OperatorError
from ohmstead.units import MWH_PER_KWH

session = typer.Typer(help="Sessions: list, show, receipt, stop, resolve.", no_args_is_help=True)
epoch = typer.Typer(help="Epochs: close and show.", no_args_is_help=True)
key_commands = typer.Typer(help="API keys: add, list, revoke.", no_args_is_help=True)

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
BELOW_ZERO = re.compile(r"-[0-9.,]*[0-9][0-9.,]*")
NOT_FOUND = 404
SessionId = Annotated[str, typer.Argument(metavar="SESSION")]


def kwh(mwh: int | None) -> str:
    """kWh with two decimals, the rest cut off."""
    if mwh is None:
        return "-"
    cut = abs(mwh) * 100 // MWH_PER_KWH
    return f"{'-' if mwh < 0 else ''}{cut // 100}.{cut % 100:02d}"


def amount(minor: str, asset: str) -> str:
    """Minor units as a person writes them, exactly."""
    code, _, scale = asset.partition("/")
    digits = minor.lstrip("-").rjust(int(scale) + 1, "0")
    whole, fraction = digits[: len(digits) - int(scale)], digits[len(digits) - int(scale) :]
    fraction = fraction.rstrip("0").ljust(min(2, int(scale)), "0")
    sign = "-" if minor.startswith("-") else ""
    return f"{sign}{whole}{'.' + fraction if fraction else ''} {code}"


def minor(text: str, asset: str) -> str:
    """The other way round: 12.5 of tUSD/6 is 12500000; raises BadParameter."""
    code, _, scale = asset.partition("/")
    whole, _, fraction = text.partition(".")
    written = re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text) and len(fraction) <= int(scale)
    digits = (whole + fraction.ljust(int(scale), "0")).lstrip("0")
    if not written or not digits:
        raise typer.BadParameter(
            f"expected an amount of {code} above zero, with at most {scale} decimals, as in 50 or "
            f"12.5, not {text!r}"
        )
    return digits


@session.command("list")
def list_sessions(
    state: Annotated[str | None, typer.Option(help="As in active, settled, review.")] = None,
    station: Annotated[str | None, typer.Option(help="Of one station.")] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Sessions, by id."""
    found = Api(directory, key).all(
        "/sessions", **{k: v for k, v in {"state": state, "station": station}.items() if v}
    )
    if as_json:
        say_json(found)
        return
    rows = [
        [one["id"], one["state"], one["station"], one["started"], kwh(one["energy_mwh"])]
        for one in found
    ]
    nothing = "No session is as you ask." if state or station else "There was no session yet."
    table(rows, ["SESSION", "STATE", "STATION", "STARTED", "KWH"], nothing)


@session.command("show")
def show_session(session_id: SessionId, directory: Dir = HERE, key: Key = "") -> None:
    """One session with its bill, as JSON."""
    say_json(Api(directory, key).get(f"/sessions/{part(session_id)}"))


@session.command("receipt")
def save_receipt(
    session_id: SessionId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To write it to.")],
    public: Annotated[
        bool, typer.Option("--public", help="The copy without the meter's records.")
    ] = False,
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Save the receipt of an anchored session, byte for byte as `ohmstead verify` reads it."""
    copy = "public" if public else "full"
    document = Api(directory, key).raw(f"/sessions/{part(session_id)}/receipt", copy=copy)
    try:
        file.write_bytes(document)
    except OSError as error:
        raise OperatorError(f"{file} cannot be written: {error.strerror}") from None
    say(f"Saved the {copy} receipt of {session_id} to {file}.")


@session.command("stop")
def stop_session(session_id: SessionId, directory: Dir = HERE, key: Key = "") -> None:
    """Ask the station to end a session and print its answer."""
    say_json(Api(directory, key).post(f"/sessions/{part(session_id)}/stop"))


@session.command("resolve")
def resolve_session(
    session_id: SessionId,
    outcome: Annotated[str, typer.Argument(metavar="pay|refund")],
    because: Annotated[str, typer.Option(help="Why; it is kept with the session for good.")],
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Decide a session in review or contested: pay the payees, or refund the payer."""
    if outcome not in ("pay", "refund"):
        raise typer.BadParameter(f"expected pay or refund, not {outcome!r}")
    path = f"/sessions/{part(session_id)}/resolve"
    body = {"outcome": outcome, "because": because}
    done = CommandApi(directory, key).post(path, body, once=True)
    if as_json:
        say_json(done)
    else:
        say(f"Session {session_id} is {done['state']}.")


@epoch.command("close")
def close_epoch(
    wait: Wait = False, directory: Dir = HERE, key: Key = "", as_json: Json = False
) -> None:
    """Close an epoch now over everything settled; the settler anchors it."""
    api = Api(directory, key)
    closed = api.post("/epochs")
    if wait:
        path = f"/epochs/{closed['number']}"
        wait_until(lambda: bool(api.get(path)["state"] == "final"))
        closed = api.get(path)
    if as_json:
        say_json(closed)
    else:
        show_line(closed)


@epoch.command("show")
def show_epoch(
    number: Annotated[int | None, typer.Argument(min=1, help="All of them without it.")] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """One epoch, or all."""
    api = Api(directory, key)
    found = api.all("/epochs") if number is None else [api.get(f"/epochs/{number}")]
    if as_json:
        say_json(found if number is None else found[0])
        return
    rows = [
        [
            str(one["number"]),
            one["state"],
            str(one["receipts"]),
            amount(one["total"]["amount"], one["total"]["asset"]),
            kwh(one["proven_mwh"]),
            kwh(one["unproven_mwh"]),
            one["tx"] or "-",
        ]
        for one in found
    ]
    titles = ["EPOCH", "STATE", "RECEIPTS", "SETTLED", "PROVEN KWH", "UNPROVEN KWH", "TX"]
    table(rows, titles, "No epoch was closed yet.")


def show_line(one: dict[str, Any]) -> None:
    """An epoch in a sentence."""
    total = amount(one["total"]["amount"], one["total"]["asset"])
    receipts = "1 receipt" if one["receipts"] == 1 else f"{one['receipts']} receipts"
    say(f"Epoch {one['number']} is {one['state']}: {receipts}, {total}.")


class AmountCommand(TyperCommand):
    """A command whose amount may be typed below zero by mistake, and is no option then."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse -3 as an amount; raises BadParameter."""
        before = args[: args.index("--")] if "--" in args else args
        for word in before:
            if BELOW_ZERO.fullmatch(word):
                raise typer.BadParameter(
                    f"AMOUNT: expected an amount above zero, as in 50 or 12.5, not {word}", ctx
                )
        return super().parse_args(ctx, args)


def faucet(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose deposit grows.")],
    amount_text: Annotated[str, typer.Argument(metavar="AMOUNT", help="As in 50 or 12.5.")],
    wait: Wait = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Deposit test money for an address, on a local chain only; it counts once it is final."""
    if not ADDRESS.fullmatch(address):
        raise typer.BadParameter(f"expected 0x and 40 hex digits, not {address!r}")
    api = Api(directory, key)
    asset = api.get("/status")["money"]["asset"]
    body = {"address": address, "amount": minor(amount_text, asset)}
    poured = api.post("/faucet", body, once=True)
    if wait:
        wait_until(lambda: is_booked(api, poured["account"], poured["tx"]))
        poured["state"] = "final"
    if as_json:
        say_json(poured)
        return
    say(f"{amount(body['amount'], asset)} for {address}: transaction {poured['tx']}")
    say("It counts." if wait else "It counts once it is final, in some seconds.")


def is_booked(api: Api, account: str, tx: str) -> bool:
    """Whether a deposit's final transaction is in the ledger."""
    try:
        moved = api.all(f"/accounts/{part(account)}/transfers")
    except ApiRefused as refused:
        if refused.status != NOT_FOUND:
            raise
        return False  # its first deposit makes the account
    return any(one["id"].startswith(f"chain/{tx}/") for one in moved)


def reconcile(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """Hold the ledger against the chain, to the unit; exit 1 if they differ."""
    found = Api(directory, key).get("/reconciliation")
    if as_json:
        say_json(found)
    else:
        say(f"At block {found['block_number']}:")
        say(f"  the ledger says   {found['mirror']}")
        say(f"  the contracts say {found['booked_on_chain']}")
        say(f"  payees may claim  {found['claimable']}")
        for problem in found["problems"]:
            warn(f"✗ {problem}")
        if found["holds"]:
            say("✓ ledger and chain agree to the unit", "green")
    if not found["holds"]:
        raise typer.Exit(FAILED)


def status(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """What an operator looks at first."""
    found = Api(directory, key).get("/status")
    if as_json:
        say_json(found)
        return
    money, chain = found["money"], found["chain"]
    busy = ", ".join(f"{count} {state}" for state, count in found["sessions"].items() if count)
    asset = money["asset"]
    say(f"{found['network']}, {found['time']}", "bold")
    say(f"  stations   {found['stations']['connected']} of {found['stations']['registered']}")
    say(f"  sessions   {busy or 'none'}")
    say(f"  epochs     {found['epochs']['closed']}, {found['epochs']['receipts']} receipts")
    energy = found["energy"]
    say(f"  energy     {kwh(energy['proven_mwh'])} kWh proven")
    say(f"             {kwh(energy['unproven_mwh'])} kWh unproven")
    say(f"  money in   {amount(money['in'], asset)}")
    say(f"  money out  {amount(money['out'], asset)}")
    say(f"  chain      {chain['kind']}, {chain['state']}  {chain.get('rpc', '')}".rstrip())
    for line in found["rollouts"]:
        say(f"  firmware   {line}")
    for trouble in [*found["troubles"], *chain.get("alarms", []), chain.get("frozen", "")]:
        if trouble:
            warn(f"  ! {trouble}")
    for job in found["dead_jobs"]:
        warn(f"  ! {job['id']} failed {job['attempts']} times: {job['error']}")


@key_commands.command("add")
def add_key(
    scope: Annotated[list[str], typer.Option(help="admin, host, driver, validator or read.")],
    name: Annotated[str, typer.Option(help="Who it is for.")] = "",
    subject: Annotated[str | None, typer.Option(help="The payer of a driver's key.")] = None,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Make an API key, shown this once."""
    body = {"scopes": scope, "name": name, "subject": subject}
    made = Api(directory, key).post("/keys", body)
    if as_json:
        say_json(made)
    else:
        say(f"{made['key']}   (shown this once)")


@key_commands.command("list")
def list_keys(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """The API keys, without their secrets."""
    found = Api(directory, key).all("/keys")
    if as_json:
        say_json(found)
        return
    rows = [
        [one["id"], " ".join(one["scopes"]), one["name"], one["revoked"] or "in force"]
        for one in found
    ]
    table(rows, ["KEY", "SCOPES", "NAME", "REVOKED"])


@key_commands.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY")], directory: Dir = HERE, key: Key = ""
) -> None:
    """End an API key."""
    Api(directory, key).delete(f"/keys/{part(key_id)}")
    say(f"Key {key_id} is revoked.")
