"""``/attempts``: how often drivers got energy at the first try, how soon, and why not."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import (
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    cursor_after,
    find_page,
    key_before,
)
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.api.shapes import Page, View
from ohmstead.apps.api.stations import station_of
from ohmstead.core.access import Scope
from ohmstead.core.attempt import ATTEMPTS_MAX, Attempt
from ohmstead.core.attempt_day import DAY_MS, AttemptDay, counted, day_key, day_of, summed
from ohmstead.core.attempt_tally import TALLY_DAYS, AttemptRank, StationTally, rank_prefix
from ohmstead.core.network import Station
from ohmstead.core.receipt_session import utc_text
from ohmstead.ports import Store

SEES = scopes(Scope.HOST, Scope.READ, Scope.VALIDATOR)
DAYS_MAX = 366
NEWEST_DAYS = 7  # of the status page

Days = Annotated[
    int, QueryParameter(ge=1, le=DAYS_MAX, description="How many days, today (UTC) included.")
]
Order = Annotated[Literal["id", "worst"], QueryParameter(required=False)]
Which = Annotated[Literal["all", "open", "success", "failure"], QueryParameter(required=False)]


class AttemptView(View, frozen=True):
    """One attempt; ``stage`` is ``flowing`` for a success and ``given_up`` for a failure.

    ``connector`` is None where no status named it, ``evse`` where only an id_token was presented.
    """

    number: int
    evse: int | None
    connector: int | None
    stage: str
    opened: str
    plugged: str | None
    authorised: str | None
    started: str | None
    closed: str | None
    time_to_power_s: int | None
    reason: str | None
    detail: str
    session: str | None


class RateView(View, frozen=True):
    """Attempts that ended: ``success_bps`` in 1/100 %, None where there were none.

    ``half_within_s``: half of the successes had energy within so many seconds, rounded up to one
    of 10, 20, 30, 45, 60, 90, 120, 180, 300, 600; None where it took longer.
    """

    successes: int
    failures: int
    success_bps: int | None
    half_within_s: int | None
    reasons: dict[str, int]


class ConnectorView(RateView, frozen=True):
    """The same of one connector."""

    evse: int
    connector: int | None


class StationAttemptsView(View, frozen=True):
    """``attempts`` are a page, newest first; the rates are of the station's last 1,000."""

    station: str
    rate: RateView
    connectors: list[ConnectorView]
    attempts: list[AttemptView]
    next: str | None


class StationRateView(RateView, frozen=True):
    """The same of a station: of the seven days that end with its last attempt."""

    station: str
    last_day: str
    connectors: list[ConnectorView]


class DayView(RateView, frozen=True):
    """The same of one day, in UTC."""

    day: str


class SummaryView(View, frozen=True):
    """The whole network: all of these days as one, and each that had attempts."""

    days: int
    rate: RateView
    by_day: list[DayView]


@get("/stations/{station_id:str}/attempts", opt=SEES)
async def list_attempts(
    house: TheHouse,
    station_id: FromPath[str],
    which: Which = "all",
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
) -> StationAttemptsView:
    """Each charge attempt at a station, and how many had energy: in all and by connector."""
    station_of(house, station_id)
    attempts = attempts_of(house.store, station_id)
    before = _number(cursor) if cursor else ATTEMPTS_MAX + (attempts[0].number if attempts else 0)
    shown = [one for one in attempts if one.number < before and _is(one, which)]
    places: dict[tuple[int, int], AttemptDay] = {}
    for one in attempts:
        if not one.is_open and one.evse_id:
            place = one.evse_id, one.connector_id
            places[place] = counted(places.get(place, AttemptDay(0)), one)
    ended = summed(_one(attempt) for attempt in attempts if not attempt.is_open)
    more = len(shown) > limit
    return StationAttemptsView(
        station=station_id,
        rate=RateView(**rate(ended)),
        connectors=[
            ConnectorView(evse=evse, connector=connector or None, **rate(day))
            for (evse, connector), day in sorted(places.items())
        ],
        attempts=[_view(one) for one in shown[:limit]],
        next=cursor_after(str(shown[limit - 1].number)) if more else None,
    )


@get("/attempts/summary", opt=SEES)
async def show_summary(house: TheHouse, days: FromQuery[Days] = 30) -> SummaryView:
    """How many charge attempts of the network had energy, over days that end today."""
    found = newest_days(house.store, house.clock.now_ms(), days)
    return SummaryView(
        days=days,
        rate=RateView(**rate(summed(found))),
        by_day=[DayView(day=day_text(one), **rate(one)) for one in found],
    )


@get("/attempts/stations", opt=SEES)
async def list_station_rates(
    house: TheHouse, order: Order = "id", limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> Page:
    """How often stations gave energy: each in the seven days up to its last attempt, if recent.

    By id; or with `order=worst` the worst first, of which there is one page. Compared are rates of
    success with one success and one failure added, so that one bad try does not lead the list.
    """
    now_ms = house.clock.now_ms()
    if order == "worst":
        if cursor:
            raise Problem(400, "cursor: order=worst has one page, so leave it out", "bad-request")
        return Page(items=[_rates(one) for one in worst(house.store, now_ms, limit)], next=None)
    since = day_of(now_ms) - TALLY_DAYS
    return find_page(
        *(house.store, StationTally, limit, cursor, _rates), lambda one: one.last_day > since
    )


def worst(store: Store, now_ms: int, limit: int) -> list[StationTally]:
    """The stations with an attempt in the last days, the worst first: one look for each day."""
    today = day_of(now_ms)
    ranks: list[AttemptRank] = []
    for day in range(today + 1, today - TALLY_DAYS, -1):  # a station's clock may be ahead
        found = store.find(AttemptRank, 2 * limit, rank_prefix(day))
        ranks += [rank for rank in found if rank.day == day]
    tallies: list[StationTally] = []
    for rank in sorted(ranks, key=lambda one: (one.score, one.station_id)):
        station = store.get(Station, rank.station_id)
        tally = store.get(StationTally, rank.station_id)
        if tally is not None and station is not None and not station.retired_ms:
            tallies.append(tally)
            if len(tallies) == limit:
                break
    return tallies


def attempts_of(store: Store, station_id: str) -> list[Attempt]:
    """What is kept of a station's attempts, the newest first."""
    found = store.find(Attempt, ATTEMPTS_MAX, f"{station_id}/")
    own = [one for one in found if one.station_id == station_id]
    return sorted(own, key=lambda one: -one.number)


def newest_days(store: Store, now_ms: int, days: int) -> list[AttemptDay]:
    """The days that had attempts, the newest first."""
    today = day_of(now_ms)
    found = (store.get(AttemptDay, day_key(day)) for day in range(today, today - days, -1))
    return [one for one in found if one is not None]


def day_text(day: AttemptDay) -> str:
    """2026-11-20"""
    return utc_text(day.day * DAY_MS)[:10]


def rate(day: AttemptDay) -> dict[str, Any]:
    """The fields of a RateView."""
    return {
        "successes": day.successes,
        "failures": day.failures,
        "success_bps": day.success_bps,
        "half_within_s": day.median_s,
        "reasons": dict(day.reasons),
    }


def _rates(tally: StationTally) -> StationRateView:
    return StationRateView(
        station=tally.station_id,
        last_day=utc_text(tally.last_day * DAY_MS)[:10],
        connectors=[
            ConnectorView(evse=evse, connector=connector or None, **rate(day))
            for evse, connector, day in tally.places
            if evse
        ],
        **rate(tally.whole),
    )


def _one(attempt: Attempt) -> AttemptDay:
    return counted(AttemptDay(0), attempt)


def _is(attempt: Attempt, which: str) -> bool:
    match which:
        case "open":
            return bool(attempt.is_open)
        case "success":
            return attempt.power_ms is not None
        case "failure":
            return attempt.reason is not None
    return True


def _number(cursor: str) -> int:
    text = key_before(cursor)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        detail = "cursor: take it from `next` of the page before, as it is"
        raise Problem(400, detail, "bad-request")
    return int(text)


def _view(attempt: Attempt) -> AttemptView:
    power_ms = attempt.power_ms
    return AttemptView(
        number=attempt.number,
        evse=attempt.evse_id or None,
        connector=attempt.connector_id or None,
        stage=attempt.stage.value,
        opened=utc_text(attempt.opened_ms),
        plugged=_time(attempt.plugged_ms),
        authorised=_time(attempt.authorised_ms),
        started=_time(attempt.started_ms),
        closed=_time(attempt.closed_ms),
        time_to_power_s=None if power_ms is None else power_ms // 1_000,
        reason=attempt.reason.value if attempt.reason else None,
        detail=attempt.detail,
        session=attempt.session_id or None,
    )


def _time(at_ms: int) -> str | None:
    return utc_text(at_ms) if at_ms else None


HANDLERS = (list_attempts, show_summary, list_station_rates)
