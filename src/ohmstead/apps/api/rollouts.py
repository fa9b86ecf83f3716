"""``/rollouts``: firmware for many stations, a stage at a time; for one station it is one stage."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.api.rollout_views import (
    BegunView,
    ControlBody,
    MeantView,
    RolloutBody,
    RolloutView,
    UpdateView,
    begun_view,
    meant_view,
    plan_of,
    rollout_view,
    targets_of,
    update_view,
)
from ohmstead.apps.api.stations import RUNS
from ohmstead.apps.boot import House
from ohmstead.core.access import Scope
from ohmstead.core.rollout import Rollout, RolloutPlan, Tally, Targets, rollout_key
from ohmstead.core.station_update import StationUpdate, lane_of
from ohmstead.flows.rollouts_control import Control, Verb
from ohmstead.frozen import fields, replace

SEES = scopes(Scope.HOST, Scope.READ)
NUMBER_MAX = 10**10 - 1
PLACES = tuple(one.name for one in fields(Tally))
Place = Annotated[str | None, QueryParameter(max_length=20, required=False)]


def head_of(house: House, number: int) -> Rollout:
    """The roll-out; raises 404."""
    head = house.store.get(Rollout, rollout_key(number)) if 0 < number <= NUMBER_MAX else None
    if head is None:
        raise not_found(f"roll-out {number}")
    return head


def view_of(house: House, head: Rollout) -> RolloutView:
    """A roll-out with its plan."""
    plan = house.store.get(RolloutPlan, head.key)
    if plan is None:
        raise not_found(f"roll-out {head.number}")
    return rollout_view(plan, head)


def check_targets(targets: Targets) -> None:
    """Raise 400 unless it says in exactly one way who is meant: nobody updates all by mistake."""
    fitting = targets.vendor, targets.model, targets.firmware, targets.owner, targets.cell
    if sum((bool(targets.stations), any(fitting), targets.everyone)) != 1:
        detail = (
            "choose stations by `stations`, by some of `vendor`, `model`, `from_version`, `owner` "
            "and `location_cell`, or by `all`"
        )
        raise Problem(400, detail, "bad-request")


@post("/rollouts", opt=RUNS, status_code=HTTPStatus.CREATED)
async def begin_rollout(
    house: TheHouse, data: JSONBody[RolloutBody]
) -> Response[BegunView | MeantView]:
    """Begin a roll-out; `dry_run` only counts who would take a turn or be skipped, and answers 200.
    400 says what of the plan is wrong, also that it means nobody. A station that is in another open
    roll-out, or has the version, or is of another make than the firmware is for, is skipped."""
    check_targets(targets_of(data))
    with bad_request():
        found = await house.rollouts.survey(plan_of(data))
    if data.dry_run:
        return Response(meant_view(found), status_code=200)
    plan = replace(plan_of(data), author=house.journal.author(data.reason))
    with bad_request():
        head = await house.rollouts.begin(plan)
    return Response(begun_view(view_of(house, head), found))


@get("/rollouts", opt=SEES)
async def list_rollouts(
    house: TheHouse,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    which: Annotated[Literal["open", "all"], QueryParameter(required=False)] = "all",
) -> shapes.Page:
    """The roll-outs as they were begun; `which=open` those that still hold stations."""
    is_open = 1 if which == "open" else None
    return find_page(
        house.store, Rollout, limit, cursor, lambda one: view_of(house, one), is_open=is_open
    )


@get("/rollouts/{number:int}", opt=SEES)
async def show_rollout(house: TheHouse, number: FromPath[int]) -> RolloutView:
    """How a roll-out stands, and what was done to it, by whom and why."""
    return view_of(house, head_of(house, number))


@get("/rollouts/{number:int}/stations", opt=SEES)
async def list_rollout_stations(
    house: TheHouse,
    number: FromPath[int],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    place: Place = None,
) -> shapes.Page:
    """Its stations in the order of their turns; `place` as in the roll-out's `stations`."""
    head_of(house, number)
    if place is not None and place not in PLACES:
        raise Problem(400, f"place: is one of {', '.join(PLACES)}", "bad-request")
    lane = lane_of(number, place) if place is not None else None
    of = number if place is None else None

    def view(one: StationUpdate) -> UpdateView:
        return update_view(one, house.rollouts.waits_for(one))

    return find_page(house.store, StationUpdate, limit, cursor, view, lane=lane, number=of)


async def _control(house: House, number: int, verb: Verb, data: ControlBody) -> RolloutView:
    head_of(house, number)
    command = Control(number, verb, house.journal.author(data.reason), data.roll_back, data.now)
    return view_of(house, await house.rollouts.control(command))


@post("/rollouts/{number:int}/pause", opt=RUNS, status_code=HTTPStatus.OK)
async def pause_rollout(
    house: TheHouse, number: FromPath[int], data: JSONBody[ControlBody]
) -> RolloutView:
    """Offer it to nobody more until it is resumed; stations under way go on. 409 unless it runs."""
    return await _control(house, number, Verb.PAUSE, data)


@post("/rollouts/{number:int}/resume", opt=RUNS, status_code=HTTPStatus.OK)
async def resume_rollout(
    house: TheHouse, number: FromPath[int], data: JSONBody[ControlBody]
) -> RolloutView:
    """Go on with one that is paused or halted; what failed before a halt is not counted again."""
    return await _control(house, number, Verb.RESUME, data)


@post("/rollouts/{number:int}/cancel", opt=RUNS, status_code=HTTPStatus.OK)
async def cancel_rollout(
    house: TheHouse, number: FromPath[int], data: JSONBody[ControlBody]
) -> RolloutView:
    """End it; who waits is skipped, who is under way is followed to its end, or with `now` given
    up: also of one that was cancelled before."""
    return await _control(house, number, Verb.CANCEL, data)


HANDLERS: tuple[Any, ...] = (
    begin_rollout,
    list_rollouts,
    show_rollout,
    list_rollout_stations,
    pause_rollout,
    resume_rollout,
    cancel_rollout,
)
