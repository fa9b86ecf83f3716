"""``/stations/{id}/reservations``: an evse kept for a driver until a moment."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheCaller, TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.stations import answered, station_of
from ohmstead.apps.api.tariffs import token_of
from ohmstead.apps.boot import House
from ohmstead.core.access import Scope
from ohmstead.core.reservation import (
    OPEN,
    PRIORITY_MAX,
    Reservation,
    ReservationState,
    key_of,
)
from ohmstead.core.session import Session
from ohmstead.flows.reservations import Reserve

DRIVES = scopes(Scope.HOST, Scope.DRIVER)
NUMBER_MAX = 2**31 - 1


class ReservationBody(shapes.Body, frozen=True):
    """An evse for an id_token; ``wait`` until it is free, the highest ``priority`` first.

    ``accept_fee``, from a host: its driver has agreed to what the tariff asks for a reservation. A
    driver's own key agrees by asking.
    """

    evse: shapes.EvseId
    id_token: shapes.Uid
    expires: shapes.Moment
    priority: Annotated[int, msgspec.Meta(ge=0, le=PRIORITY_MAX)] = 0
    wait: bool = False
    accept_fee: bool = False


class ReservationView(shapes.View, frozen=True):
    """A reservation; ``reason`` says in the station's words why it ended as it did, ``fee_held``
    (minor units) the most it can cost, and ``fee_session`` which session its fee became."""

    number: int
    station: str
    evse: int
    id_token: str
    state: str
    priority: int
    wait: bool
    created: str | None
    expires: str | None
    ended: str | None
    session: str
    reason: str
    fee_held: str
    fee_session: str


def view(house: House, one: Reservation) -> ReservationView:
    """A reservation as the API shows it."""
    fee = one.fee
    is_held = fee is not None and one.state in OPEN
    has_session = fee is not None and house.store.get(Session, fee.session_id) is not None
    return ReservationView(
        number=one.number,
        station=one.station_id,
        evse=one.evse_id,
        id_token=one.id_token,
        state=one.state.value,
        priority=one.priority,
        wait=one.may_wait,
        created=views.moment(one.created_ms),
        expires=views.moment(one.expires_ms),
        ended=views.moment(one.ended_ms),
        session=one.session_id,
        reason=one.reason,
        fee_held=str(fee.hold_minor) if fee is not None and is_held else "0",
        fee_session=fee.session_id if fee is not None and has_session else "",
    )


def reservation_of(house: House, caller: Caller, station_id: str, number: int) -> Reservation:
    """The reservation; raises 404, for another driver's too."""
    one = house.store.get(Reservation, key_of(number)) if 0 < number <= NUMBER_MAX else None
    theirs = one is not None and caller.payer is not None and one.payer != caller.payer
    if one is None or one.station_id != station_id or theirs:
        raise not_found(f"reservation {number} of station {station_id}")
    return one


@get("/stations/{station_id:str}/reservations", opt=scopes(Scope.HOST, Scope.DRIVER, Scope.READ))
async def list_reservations(
    house: TheHouse,
    caller: TheCaller,
    station_id: FromPath[str],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
) -> shapes.Page:
    """The reservations of a station, a driver's own only, in the order in which they were made."""
    station_of(house, station_id)
    return find_page(
        house.store,
        Reservation,
        limit,
        cursor,
        lambda one: view(house, one),
        station_id=station_id,
        payer=caller.payer,
    )


@post("/stations/{station_id:str}/reservations", opt=DRIVES)
async def make_reservation(
    house: TheHouse,
    caller: TheCaller,
    station_id: FromPath[str],
    data: JSONBody[ReservationBody],
) -> Response[ReservationView]:
    """Reserve an evse: 201 once the station keeps it, 202 while it waits or has not answered, 409
    with the station's word when it refused. One reservation for a driver at a time."""
    station_of(house, station_id)
    token = token_of(house, caller, data.id_token)
    if caller.payer is not None and data.priority:
        raise Problem(400, "priority: the operator gives it; leave it out", "bad-request")
    expires_ms = views.read_moment(data.expires, "expires")
    # What no meter proves is paid only by who approved of it (design 3, tier none).
    command = Reserve(
        station_id,
        data.evse,
        token.uid,
        expires_ms,
        data.priority,
        may_wait=data.wait,
        with_fee=caller.payer is not None or data.accept_fee,
    )
    made = await house.keeper.reservations.make(command)
    if made.state not in OPEN:
        detail = f"station {station_id} did not reserve evse {data.evse}: {made.reason}"
        number = made.number
        raise Problem(409, detail, "reservation-refused", number=number, reason=made.reason)
    status = 201 if made.state is ReservationState.ACTIVE else 202
    return Response(view(house, made), status_code=status)


@delete("/stations/{station_id:str}/reservations/{number:int}", opt=DRIVES, status_code=200)
async def cancel_reservation(
    house: TheHouse, caller: TheCaller, station_id: FromPath[str], number: FromPath[int]
) -> ReservationView:
    """Cancel a reservation; one that has ended is shown as it ended."""
    one = reservation_of(house, caller, station_id, number)
    if one.state in OPEN:
        # What an operator cancels costs the driver nothing.
        cancel, is_free = house.keeper.reservations.cancel, caller.payer is None
        one, asked = await cancel(one, is_free=is_free)
        if one.state in OPEN and asked is not None:
            text = answered(station_id, asked.done)
            detail = f"station {station_id} did not cancel: {text[:100].decode(errors='replace')}"
            raise Problem(409, detail, "station-refused")
    return view(house, one)


HANDLERS: tuple[Any, ...] = (list_reservations, make_reservation, cancel_reservation)
