"""``ohmstead import csms`` and ``left``: what a CSMS of any make leaves behind comes here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from ohmstead.apps.api.adoption import TOKENS_MAX, AdoptedToken, AdoptedTransaction
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.api.views import read_moment
from ohmstead.apps.cli.client import Api, ApiRefused
from ohmstead.apps.cli.common import FAILED, HERE, Dir, Json, Key, say, say_json, table, warn
from ohmstead.apps.cli.onboarding import read_text
from ohmstead.apps.onboarding.left_csv import Row, Rows, read_tokens, read_transactions
from ohmstead.apps.wording import reworded
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.start import TRANSACTION_ID_MAX

MARGIN = 100_000  # transactions the other CSMS may still begin while both run
SHOWN_MAX = 20  # problems; the rest is counted
MOMENTS = ("expires", "started")


def import_csms(
    source: Annotated[str, typer.Argument(help="The other system's name, as in maeve.")],
    tokens_file: Annotated[
        Path | None,
        typer.Option("--id-tokens", metavar="FILE", help="CSV: uid,payer,status,expires,group."),
    ] = None,
    transactions_file: Annotated[
        Path | None,
        typer.Option(
            "--transactions",
            metavar="FILE",
            help="CSV: station,transaction_id,ocpp,evse,id_token,started,begin_wh.",
        ),
    ] = None,
    payer: Annotated[
        str, typer.Option(help="The 0x address whose deposit is spent where none is named.")
    ] = "",
    highest: Annotated[
        int, typer.Option(min=0, help="The highest OCPP 1.6 transaction id it has given.")
    ] = 0,
    margin: Annotated[
        int, typer.Option(min=0, help="Transactions it may still begin meanwhile.")
    ] = MARGIN,
    dry_run: Annotated[bool, typer.Option(help="Show everything, change nothing.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Bring in another CSMS's id_tokens, its transactions under way and its transaction ids.

    With one mistake nothing is taken over; a repeat changes nothing, and what is here already stays
    as it is. Stations come with `ohmstead station import`, after this.
    docs/recipes/move-from-another-csms.md tells the whole move, and the way back.
    """
    if not (tokens_file or transactions_file or highest):
        raise OperatorError("nothing is given: name --id-tokens, --transactions or --highest")
    tokens = read_tokens(str(tokens_file), read_text(tokens_file), payer) if tokens_file else Rows()
    transactions = Rows()
    if transactions_file:
        transactions = read_transactions(str(transactions_file), read_text(transactions_file))
    problems = [*tokens.problems, *transactions.problems]
    problems += refused(str(tokens_file), tokens, AdoptedToken)
    problems += refused(str(transactions_file), transactions, AdoptedTransaction)
    stop_with(problems)
    ids = (row.said["transaction_id"] for row in transactions.rows)
    last = max([highest, *(id_ for id_ in ids if isinstance(id_, int))])
    above = last + margin if last else 0
    if above >= TRANSACTION_ID_MAX:
        raise OperatorError(f"transaction ids would pass {TRANSACTION_ID_MAX}: lower --margin")
    done = adopted(Api(directory, key), source, tokens, transactions, above, str(tokens_file), True)
    if not dry_run:  # a part may be wrong that comes after one that is right
        api = Api(directory, key)
        done = adopted(api, source, tokens, transactions, above, str(tokens_file), False)
    if as_json:
        say_json({"dry_run": dry_run, **done})
        return
    verb = "would be" if dry_run else "are"
    for kind, word in (("tokens", "id_tokens"), ("transactions", "transactions under way")):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in done[kind].items())
        say(f"{sum(done[kind].values())} {word} {verb} taken over: {counts or 'none'}.")
    say(f"The next OCPP 1.6 transaction id here: {done['next_transaction_id']}.")


def refused(name: str, rows: Rows, kind: type[Any]) -> list[str]:
    """What the house would refuse of each line, said of the line and its column."""
    problems: list[str] = []
    for row in () if rows.problems else rows.rows:
        try:
            msgspec.convert(row.said, kind)
            for moment in MOMENTS:
                if moment in row.said:
                    read_moment(row.said[moment], moment)
        except msgspec.ValidationError as error:
            problems.append(f"{name}:{row.line}: {reworded(kind, str(error))}")
        except Problem as error:
            problems.append(f"{name}:{row.line}: {error.detail}")
    return problems


def stop_with(problems: list[str]) -> None:
    """Say what is wrong and end there; with nothing wrong, go on."""
    for one in problems[:SHOWN_MAX]:
        warn(one)
    if len(problems) > SHOWN_MAX:
        warn(f"... and {len(problems) - SHOWN_MAX} more.")
    if problems:
        warn("Nothing was imported.")
        raise typer.Exit(FAILED)


def adopted(
    api: Api,
    source: str,
    tokens: Rows,
    transactions: Rows,
    above: int,
    name: str,
    dry_run: bool,
) -> dict[str, Any]:
    """Take all over, a part at a time: how many came to which outcome, and the next id."""
    outcomes: dict[str, dict[str, int]] = {"tokens": {}, "transactions": {}}
    next_id = above + 1
    for begin in range(0, max(len(tokens.rows), len(transactions.rows), 1), TOKENS_MAX):
        part = tokens.rows[begin : begin + TOKENS_MAX]
        others = transactions.rows[begin : begin + TOKENS_MAX]
        body = {
            "source": source,
            "tokens": [row.said for row in part],
            "transactions": [row.said for row in others],
            "above": above,
            "dry_run": dry_run,
        }
        try:
            done = api.post("/adoption", body)
        except ApiRefused as error:
            stop_with(of_tokens(name, part, error))
            raise
        next_id = done["next_transaction_id"]
        for kind, counts in outcomes.items():
            for outcome in done[kind]:
                counts[outcome] = counts.get(outcome, 0) + 1
    return {**outcomes, "next_transaction_id": next_id}


def of_tokens(name: str, part: tuple[Row, ...], error: ApiRefused) -> list[str]:
    """Its lines, where the house refuses id_tokens by their position."""
    wrong = [one for one in error.problem.get("errors", ()) if "position" in one]
    return [f"{name}:{part[one['position']].line}: {one['detail']}" for one in wrong]


def list_left(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """Transactions that another CSMS began, and what our stations said of their ends.

    They bill nothing here; whoever keeps the other system's books enters the ends there.
    """
    found = Api(directory, key).all("/adoption/transactions")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["station"],
            one["transaction_id"],
            one["source"] or "-",
            one["id_token"] or "-",
            one["started"] or "-",
            one["stopped"] or "under way",
            one["reason"],
        ]
        for one in found
    ]
    titles = ["STATION", "TRANSACTION", "FROM", "ID_TOKEN", "STARTED", "ENDED HERE", "REASON"]
    table(rows, titles, "No transaction of another CSMS is known.")
