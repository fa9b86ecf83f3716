"""``ohmstead webhook``: who is told what happens here."""

from __future__ import annotations

from typing import Annotated

import typer

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json, table

webhook = typer.Typer(
    help="Webhooks: add, list, remove, test, enable, deliveries, replay.", no_args_is_help=True
)
WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK")]


@webhook.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="https://HOST/PATH")],
    topic: Annotated[
        list[str] | None, typer.Option(help="As in session.settled; all of them without it.")
    ] = None,
    name: Annotated[str, typer.Option(help="Who it is for.")] = "",
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Tell an address what happens; the secret it checks signatures with is shown this once."""
    body = {"url": url, "topics": topic or [], "name": name}
    made = Api(directory, key).post("/webhooks", body)
    if as_json:
        say_json(made)
        return
    say(f"{made['id']} is told of {', '.join(made['topics'])}.")
    say(f"Signing secret  {made['secret']}   (shown this once)")


@webhook.command("list")
def list_webhooks(directory: Dir = HERE, key: Key = "", as_json: Json = False) -> None:
    """The webhooks, without their secrets."""
    found = Api(directory, key).get("/webhooks")
    if as_json:
        say_json(found)
        return
    rows = [[one["id"], one["disabled"] or "on", one["url"], one["name"]] for one in found]
    table(rows, ["WEBHOOK", "STATE", "URL", "NAME"])


@webhook.command("remove")
def remove_webhook(webhook_id: WebhookId, directory: Dir = HERE, key: Key = "") -> None:
    """Tell this address nothing more."""
    Api(directory, key).delete(f"/webhooks/{part(webhook_id)}")
    say(f"{webhook_id} is told nothing more.")


@webhook.command("test")
def send_test(webhook_id: WebhookId, directory: Dir = HERE, key: Key = "") -> None:
    """Send a webhook.test event to one webhook; look at `webhook deliveries` for its fate."""
    Api(directory, key).post(f"/webhooks/{part(webhook_id)}/test")
    say(f"A webhook.test event is on its way to {webhook_id}.")


@webhook.command("enable")
def enable_webhook(webhook_id: WebhookId, directory: Dir = HERE, key: Key = "") -> None:
    """Keep events again for a webhook that was turned off because nobody listened."""
    Api(directory, key).post(f"/webhooks/{part(webhook_id)}/enable")
    say(f"{webhook_id} is on.")


@webhook.command("deliveries")
def list_deliveries(
    webhook_id: WebhookId,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    directory: Dir = HERE,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """The newest deliveries of a webhook, and why those that failed did."""
    found = Api(directory, key).get(f"/webhooks/{part(webhook_id)}/deliveries", limit=limit)
    if as_json:
        say_json(found)
        return
    rows = [
        [one["event"], one["topic"], one["state"], str(one["attempts"]), one["error"]]
        for one in found
    ]
    table(rows, ["EVENT", "TOPIC", "STATE", "ATTEMPTS", "ERROR"])


@webhook.command("replay")
def replay_event(
    webhook_id: WebhookId,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Its webhook-id.")],
    directory: Dir = HERE,
    key: Key = "",
) -> None:
    """Send an event again, delivered or given up."""
    Api(directory, key).post(f"/webhooks/{part(webhook_id)}/replay", {"event": event})
    say(f"{event} is on its way to {webhook_id} again.")
