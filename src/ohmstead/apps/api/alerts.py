"""``/alerts``: what is wrong, what was, and whether a mail about it would arrive."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.params import QueryParameter

from ohmstead.apps.api import shapes
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.core.access import Scope
from ohmstead.core.alerts import Alert
from ohmstead.core.receipt_session import utc_text


class AlertView(shapes.View, frozen=True):
    """Something that is wrong, or was until ``closed``; ``count``: how often it was opened."""

    rule: str
    subject: str
    station: str | None
    text: str
    opened: str
    closed: str | None
    count: int


@get("/alerts", opt=scopes(Scope.HOST, Scope.READ))
async def list_alerts(
    house: TheHouse,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    which: Annotated[Literal["open", "all"], QueryParameter(required=False)] = "open",
) -> shapes.Page:
    """What is wrong now, by rule and subject; ``which=all`` also what was wrong last."""
    where: dict[str, int] = {"closed_ms": 0} if which == "open" else {}
    return find_page(house.store, Alert, limit, cursor, _view, **where)  # type: ignore[arg-type]


@post("/alerts/test-mail", opt=scopes(), status_code=HTTPStatus.OK)
async def send_test_mail(house: TheHouse) -> dict[str, str]:
    """Send a mail to everybody in mail.to now; 502 with what the mail server said if it fails."""
    if not house.office.mailer.is_on:
        raise Problem(409, "no mail is configured: set server, sender and to in [mail]", "no-mail")
    try:
        await house.office.mailer.say(f"test/{house.clock.now_ms()}", "a test of ohmstead's mail")
    except NotPosted as error:
        raise Problem(HTTPStatus.BAD_GATEWAY, str(error), "mail-failed") from None
    return {"status": "sent"}


def _view(alert: Alert) -> AlertView:
    return AlertView(
        rule=alert.rule.value,
        subject=alert.subject,
        station=alert.station_id or None,
        text=alert.text,
        opened=utc_text(alert.opened_ms),
        closed=utc_text(alert.closed_ms) if alert.closed_ms else None,
        count=alert.count,
    )


HANDLERS: tuple[Any, ...] = (list_alerts, send_test_mail)
