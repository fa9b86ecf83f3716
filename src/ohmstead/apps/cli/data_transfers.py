"""``ohmstead data-transfer``: who answers what stations say in a vendor's own words."""

from __future__ import annotations

import typer

from ohmstead.apps.cli.client import Api
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say_json, table

data_transfer = typer.Typer(help="Hooks of DataTransfer: list.", no_args_is_help=True)


@data_transfer.callback()
def _group() -> None:
    """Hooks of DataTransfer; they are configured as [[data_transfer]] in network.toml."""


@data_transfer.command("list")
def list_data_transfers(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """The hooks, their signing secrets, and why they failed."""
    found = Api(directory, key).get("/data-transfer-hooks")
    if as_json:
        say_json(found)
        return
    rows = [
        [
            one["vendor_id"],
            one["message_id"] or "*",
            one["url"] or one["entry_point"],
            str(one["answered"]),
            str(one["failed"]),
            one["secret"] or "",
            one["problem"] or "",
        ]
        for one in found
    ]
    table(rows, ["VENDOR", "MESSAGE", "ASKED", "ANSWERED", "FAILED", "SECRET", "LAST PROBLEM"])
