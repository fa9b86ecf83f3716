"""``/data-transfer-hooks``: who answers what stations say in a vendor's own words."""

from __future__ import annotations

from typing import Any

from litestar import get

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.transfers.hooks import Hook, Hooks


class HookView(shapes.View, frozen=True):
    """One hook of ``[[data_transfer]]``, how it fares, and the secret of its signatures."""

    vendor_id: str
    message_id: str
    url: str | None
    entry_point: str | None
    timeout_s: int
    secret: str | None
    answered: int
    failed: int
    problem: str | None
    failed_at: str | None


def view(hooks: Hooks, one: Hook) -> HookView:
    """A hook as the API shows it."""
    config = one.config
    return HookView(
        vendor_id=config.vendor_id,
        message_id=config.message_id,
        url=config.url or None,
        entry_point=config.entry_point or None,
        timeout_s=config.timeout_s,
        secret=hooks.secret_text(config) if config.url else None,
        answered=one.answered,
        failed=one.failed,
        problem=one.problem or None,
        failed_at=views.moment(one.failed_ms),
    )


@get("/data-transfer-hooks", opt=scopes())
async def list_hooks(house: TheHouse) -> list[HookView]:
    """Who answers DataTransfer, how often it failed since the start and why, and the secret by
    which an address knows that it was asked by this house."""
    return [view(house.hooks, one) for one in house.hooks.hooks]


HANDLERS: tuple[Any, ...] = (list_hooks,)
