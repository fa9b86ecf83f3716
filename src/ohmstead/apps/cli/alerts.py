"""``ohmstead alert``: what is wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from ohmstead.apps.cli.client import Api
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table

alert = typer.Typer(help="Alerts: list, test-mail.", no_args_is_help=True)


@alert.command("list")
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """What is wrong now, and since when."""
    found = Api(directory, key).all("/alerts", which="all" if everything else "open")
    if as_json:
        say_json(found)
        return
    if not found:
        say("Nothing is wrong, nor was." if everything else "Nothing is wrong.")
        return
    rows = [[one["opened"], one["closed"] or "open", one["rule"], one["text"]] for one in found]
    table(rows, ["SINCE", "UNTIL", "RULE", "WHAT"])


@alert.command("test-mail")
def send_test_mail(directory: Dir = HERE, key: Key = "") -> None:
    """Send a mail to everybody who gets alerts, now."""
    Api(directory, key).post("/alerts/test-mail")
    say("Sent.")
