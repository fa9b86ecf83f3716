"""Meter exchanges as the API takes and shows them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ohmstead.apps.api import views
from ohmstead.apps.api.shapes import Body, EvseId, Moment, View
from ohmstead.core.exchange import MeterExchange


class NewMeterBody(Body, frozen=True):
    """The key of a meter that was put in, as ``MeterBody`` has it."""

    public_key: Annotated[str, msgspec.Meta(max_length=4_096)]
    serial: Annotated[str, msgspec.Meta(max_length=64)] = ""
    tier: Literal["legal", "secure", "soft"] = "soft"


class ExchangeBody(Body, frozen=True):
    """What both meters showed when one was taken out and the other put in, in whole mWh.

    ``new_meter`` where the new one signs. ``at`` is now unless said. ``anyway``: the old meter's
    number is below the last one known of it, and is right.
    """

    evse: EvseId
    old_final_mwh: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
    new_initial_mwh: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
    because: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    new_meter: NewMeterBody | None = None
    at: Moment | None = None
    anyway: bool = False


class ExchangeView(View, frozen=True):
    """One meter exchange; ``sessions`` were under way and go to review, whatever ends them."""

    station: str
    evse: int
    at: str | None
    old_final_mwh: int
    new_initial_mwh: int
    old_key_id: str | None
    new_key_id: str | None
    sessions: list[str]
    doubts: list[str]
    by: str
    via: str
    because: str
    recorded: str | None


def exchange_view(one: MeterExchange) -> ExchangeView:
    """One exchange."""
    return ExchangeView(
        station=one.station_id,
        evse=one.evse_id,
        at=views.moment(one.at_ms),
        old_final_mwh=one.old_final_mwh,
        new_initial_mwh=one.new_initial_mwh,
        old_key_id=one.old_key_id or None,
        new_key_id=one.new_key_id or None,
        sessions=list(one.session_ids),
        doubts=list(one.doubts),
        by=one.author.name,
        via=one.author.via,
        because=one.author.reason,
        recorded=views.moment(one.recorded_ms),
    )
