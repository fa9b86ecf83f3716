"""Lists page by cursor: the key of the last record seen, so no row is skipped."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated

from litestar.params import QueryParameter

from ohmstead.apps.api.problems import Problem
from ohmstead.apps.api.shapes import Page, View
from ohmstead.ports import R, Store

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
CURSOR_MAX = 1_024

Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, required=False)]
Cursor = Annotated[str, QueryParameter(max_length=CURSOR_MAX, required=False)]


def cursor_after(key: str) -> str:
    """The cursor of everything after this key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def key_before(cursor: str) -> str:
    """Read a cursor; raises Problem for one we did not write."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        detail = "cursor: take it from `next` of the page before, as it is"
        raise Problem(400, detail, "bad-request") from None


def find_page(
    store: Store,
    kind: type[R],
    limit: int,
    cursor: str,
    view: Callable[[R], View],
    shows: Callable[[R], bool] = lambda _record: True,
    **where: str | int | None,
) -> Page:
    """The records of one kind after a cursor; a filter that is None does not count.

    What ``shows`` refuses is left out of its page, which then has fewer items.
    """
    wanted = {name: value for name, value in where.items() if value is not None}
    found = store.find(kind, limit + 1, key_before(cursor), **wanted)
    return page_of(found, limit, view, shows)


def page_of(
    found: Sequence[R],
    limit: int,
    view: Callable[[R], View],
    shows: Callable[[R], bool] = lambda _record: True,
) -> Page:
    """A page of records of which one more than ``limit`` was asked for."""
    shown = found[:limit]
    return Page(
        items=[view(record) for record in shown if shows(record)],
        next=cursor_after(shown[-1].key) if len(found) > limit else None,
    )
