"""``/webhooks``: who is told what happens here, and what became of each delivery."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.boot import House
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.webhooks import ALWAYS, Event, Subscription, Topic

TOPICS = tuple(topic.value for topic in Topic if topic not in ALWAYS)
DELIVERIES_MAX = 500


class WebhookBody(shapes.Body, frozen=True):
    """Where to tell, and what: topics by name, none for all of them."""

    url: str
    topics: Annotated[tuple[str, ...], msgspec.Meta(max_length=len(TOPICS))] = ()
    name: shapes.Name = ""


class WebhookView(shapes.View, frozen=True):
    """A webhook; ``secret`` only in the answer that made it."""

    id: str
    url: str
    topics: list[str]
    name: str
    created: str
    disabled: str
    secret: str | None = None


class DeliveryView(shapes.View, frozen=True):
    """One event on its way to one webhook; ``event`` is its webhook-id."""

    event: str
    topic: str
    state: str
    attempts: int
    error: str
    next_try: str | None
    done: str | None


class ReplayBody(shapes.Body, frozen=True):
    """The event to send again, by its webhook-id."""

    event: Annotated[str, msgspec.Meta(max_length=64)]


@get("/webhooks", opt=scopes())
async def list_webhooks(house: TheHouse) -> list[WebhookView]:
    """The webhooks, without their secrets."""
    return [_view(one) for one in house.office.webhooks.all()]


@post("/webhooks", opt=scopes())
async def add_webhook(house: TheHouse, data: JSONBody[WebhookBody]) -> WebhookView:
    """Subscribe an address to events; the answer holds its signing secret, this once."""
    for name in data.topics:
        if name not in TOPICS:
            raise Problem(400, f"topics: {name[:60]!r} is none of {', '.join(TOPICS)}")
    topics = [Topic(name) for name in data.topics or TOPICS]
    try:
        made, secret = await house.office.webhooks.add(data.url, topics, data.name)
    except NotPosted as error:
        raise Problem(HTTPStatus.BAD_REQUEST, str(error), "bad-request") from None
    return _view(made, secret)


@delete("/webhooks/{webhook_id:str}", opt=scopes(), status_code=HTTPStatus.NO_CONTENT)
async def remove_webhook(house: TheHouse, webhook_id: FromPath[str]) -> None:
    """Tell this address nothing more."""
    _known(house, webhook_id)
    await house.office.webhooks.remove(webhook_id)


@post("/webhooks/{webhook_id:str}/test", opt=scopes(), status_code=HTTPStatus.ACCEPTED)
async def send_test(house: TheHouse, webhook_id: FromPath[str]) -> dict[str, str]:
    """Send a ``webhook.test`` event to one webhook."""
    known = _known(house, webhook_id)
    if known.disabled:
        raise Problem(409, f"webhook {known.id} is off: enable it first", "conflict")
    await house.office.webhooks.tell([Event(Topic.TEST, {"webhook": known.id})])
    house.office.courier.wake()
    return {"status": "queued"}


@post("/webhooks/{webhook_id:str}/enable", opt=scopes(), status_code=HTTPStatus.OK)
async def enable_webhook(house: TheHouse, webhook_id: FromPath[str]) -> WebhookView:
    """Keep events again for a webhook that was turned off because nobody listened."""
    _known(house, webhook_id)
    return _view(await house.office.webhooks.set_disabled(webhook_id, ""))


@get("/webhooks/{webhook_id:str}/deliveries", opt=scopes())
async def list_deliveries(
    house: TheHouse,
    webhook_id: FromPath[str],
    limit: Annotated[int, QueryParameter(ge=1, le=DELIVERIES_MAX, required=False)] = 100,
) -> list[DeliveryView]:
    """The newest deliveries of a webhook; those that are over are kept for 30 days."""
    known = _known(house, webhook_id)
    given_up = {letter.job: letter for letter in house.office.webhooks.letters()}
    found = []
    for one in house.store.jobs_of(known.lane, limit):
        letter = given_up.get(one.job.id)
        found.append(
            DeliveryView(
                event=str(one.job.payload["id"]),
                topic=str(one.job.payload["type"]),
                state="given up" if letter else "delivered" if one.done_ms else "waiting",
                attempts=one.attempts + (letter is not None or one.done_ms is not None),
                error=letter.error if letter else "" if one.done_ms else one.error,
                next_try=None if one.done_ms else utc_text(one.job.due_ms),
                done=utc_text(one.done_ms) if one.done_ms and not letter else None,
            )
        )
    return found


@post("/webhooks/{webhook_id:str}/replay", opt=scopes(), status_code=HTTPStatus.ACCEPTED)
async def replay_event(
    house: TheHouse, webhook_id: FromPath[str], data: JSONBody[ReplayBody]
) -> dict[str, str]:
    """Send an event again, delivered or given up: same webhook-id, same body, a new time."""
    _known(house, webhook_id)
    with bad_request():
        job = await house.office.webhooks.replay(webhook_id, data.event)
    house.office.courier.wake()
    return {"status": "queued", "event": str(job.payload["id"])}


def _known(house: House, webhook_id: str) -> Subscription:
    known = house.store.get(Subscription, webhook_id)
    if known is None or known.ended_ms:
        raise not_found(f"webhook {webhook_id}")
    return known


def _view(one: Subscription, secret: str | None = None) -> WebhookView:
    return WebhookView(
        id=one.id,
        url=one.url,
        topics=[topic.value for topic in one.topics],
        name=one.name,
        created=utc_text(one.created_ms),
        disabled=one.disabled,
        secret=secret,
    )


HANDLERS: tuple[Any, ...] = (
    list_webhooks,
    add_webhook,
    remove_webhook,
    send_test,
    enable_webhook,
    list_deliveries,
    replay_event,
)
