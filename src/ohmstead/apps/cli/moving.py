"""``ohmstead import steve``: a network moves here from another CSMS's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ohmstead.apps.api.adoption import TOKENS_MAX
from ohmstead.apps.cli.client import Api
from ohmstead.apps.cli.common import FAILED, HERE, Dir, Json, Key, say, say_json, table, warn
from ohmstead.apps.cli.moving_any import MARGIN, SHOWN_MAX, import_csms, list_left
from ohmstead.apps.cli.onboarding import SecretsFile, bring_in, read_secrets
from ohmstead.apps.onboarding.sql_dump import read_export
from ohmstead.apps.onboarding.steve import TABLES, Choices, Plan, plan_from
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.start import TRANSACTION_ID_MAX

importing = typer.Typer(help="Move here from another CSMS.", no_args_is_help=True)

importing.command("csms")(import_csms)
importing.command("left")(list_left)


@importing.command("steve")
def import_steve(
    source: Annotated[
        Path, typer.Argument(metavar="DUMP.sql|FOLDER", help="mysqldump's text, or CSV files.")
    ],
    payer: Annotated[str, typer.Option(help="The 0x address whose deposit the tags spend.")],
    owner: Annotated[str, typer.Option(help="The host's 0x address.")],
    tariff_id: Annotated[str, typer.Option("--tariff", help="Of every station, to begin with.")],
    power: Annotated[int, typer.Option(help="W of a connector that SteVe knows none of.")] = 22_000,
    passwords: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Passwords you know: id,password.")
    ] = None,
    secrets_file: SecretsFile = None,
    leave_open: Annotated[
        bool,
        typer.Option("--leave-open", help="Stations without a password stay so: profile 0."),
    ] = False,
    margin: Annotated[
        int, typer.Option(min=0, help="Transactions SteVe may still begin meanwhile.")
    ] = MARGIN,
    skip_bad: Annotated[bool, typer.Option(help="Leave out what cannot be brought in.")] = False,
    keep: Annotated[
        bool, typer.Option(help="Leave stations that are registered otherwise as they are.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Show everything, change nothing.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Bring in SteVe's charge boxes, tags, transaction ids and transactions under way.

    A repeat changes nothing. docs/recipes/move-from-steve.md tells the whole move, and the way
    back.
    """
    known = read_secrets(passwords, True, "--passwords") if passwords is not None else {}
    plan = plan_from(read_export(source, TABLES), Choices(payer, power, leave_open, known))
    for one in plan.problems[:SHOWN_MAX]:
        warn(one)
    if len(plan.problems) > SHOWN_MAX:
        warn(f"... and {len(plan.problems) - SHOWN_MAX} more.")
    if plan.problems and not skip_bad:
        warn("Nothing was imported; --skip-bad leaves these out.")
        raise typer.Exit(FAILED)
    above = plan.highest + margin
    if above >= TRANSACTION_ID_MAX:
        raise OperatorError(f"transaction ids would pass {TRANSACTION_ID_MAX}: lower --margin")
    api = Api(directory, key)
    fleet = {"csv": plan.fleet_csv(), "owner": owner, "tariff": tariff_id, "keep": keep}
    boxes = [f"charge box {box.id}" for box in plan.boxes]
    stations: Any = bring_in(api, str(source), fleet, secrets_file, True, boxes)
    adopted = adopt(api, plan, above, True)
    if not dry_run:
        needed = [one["id"] for one in stations["stations"] if one["needs_password"]]
        if needed and secrets_file is None:
            raise OperatorError(
                f"{len(needed)} charge boxes have no password at SteVe, as {needed[0]}: name where "
                "to write new ones with --secrets FILE, or let them in without with --leave-open"
            )
        # Ids first: no station that is let in may be given an id that SteVe has used.
        adopted = adopt(api, plan, above, False)
        stations = bring_in(api, str(source), fleet, secrets_file, False, boxes)
    if as_json:
        say_json({"stations": stations, "adopted": adopted, "notes": list(plan.notes)})
        return
    show(plan, stations, adopted, dry_run)


def adopt(api: Api, plan: Plan, above: int, dry_run: bool) -> dict[str, Any]:
    """Take over tags and transactions, a part at a time; each part is whole or nothing."""
    outcomes: dict[str, dict[str, int]] = {"tokens": {}, "transactions": {}}
    next_id = above + 1
    length = max(len(plan.tokens), len(plan.transactions), 1)
    for begin in range(0, length, TOKENS_MAX):
        part = slice(begin, begin + TOKENS_MAX)
        body = {
            "source": "steve",
            "tokens": list(plan.tokens[part]),
            "transactions": list(plan.transactions[part]),
            "above": above,
            "dry_run": dry_run,
        }
        done = api.post("/adoption", body)
        next_id = done["next_transaction_id"]
        for kind, counts in outcomes.items():
            for outcome in done[kind]:
                counts[outcome] = counts.get(outcome, 0) + 1
    return {**outcomes, "next_transaction_id": next_id}


def show(plan: Plan, stations: Any, adopted: dict[str, Any], dry_run: bool) -> None:
    """A table of what happened, or would."""
    needs = {one["id"] for one in stations["stations"] if one["needs_password"]}
    outcomes = {one["id"]: one["outcome"] for one in stations["stations"]}
    rows = [
        [
            box.id,
            outcomes[box.id],
            " ".join(f"{place.number}:{place.power_w}" for place in box.evses),
            str(box.profile),
            "known"
            if box.password
            else "at SteVe"
            if box.password_hash
            else "new"
            if box.id in needs
            else "-",
            "; ".join(box.notes),
        ]
        for box in plan.boxes
    ]
    table(rows, ["STATION", "OUTCOME", "EVSES", "PROFILE", "PASSWORD", "NOTE"])
    verb = "would be" if dry_run else "are"
    for kind, word in (("tokens", "id_tokens"), ("transactions", "transactions under way")):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in adopted[kind].items())
        say(f"{len(getattr(plan, kind))} {word} {verb} taken over: {counts or 'none'}.")
    next_id = adopted["next_transaction_id"]
    say(f"SteVe's highest transaction id is {plan.highest}; the next one here: {next_id}.")
    if any(box.profile == 0 for box in plan.boxes):
        say("Stations of profile 0 are let in from the networks in `[ocpp] open_networks` only.")
    for note in plan.notes:
        say(f"Note: {note}.")
