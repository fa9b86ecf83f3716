"""``/newcomers``: stations that nobody registered and that wait for a person's word."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.api.stations import station_from
from ohmstead.apps.boot import House
from ohmstead.core.access import Scope
from ohmstead.core.network import Station
from ohmstead.core.newcomer import Newcomer, NewcomerState
from ohmstead.core.receipt_session import utc_text
from ohmstead.flows.newcomers import Approve, approve, reject

SEES, RUNS = scopes(Scope.HOST, Scope.READ), scopes(Scope.HOST)
SERVICE_RESTART = 1012  # IANA: the client may connect again
POLICY_VIOLATION = 1008  # RFC 6455 7.4.1


class ApprovalBody(shapes.Body, frozen=True):
    """What a station needs beside what it brought: its id, its password, what it said of itself.

    Without ``security_profile`` it may never come with less than it first came with. A
    ``password`` is compared with the one it came with, which is kept as a digest only.
    """

    evses: Annotated[tuple[shapes.EvseBody, ...], msgspec.Meta(min_length=1, max_length=64)]
    tariff: str
    owner: shapes.Address
    name: shapes.Name = ""
    time_zone: str = ""  # empty: the network's
    location_cell: shapes.Name = ""
    strictness: shapes.StrictnessName = "lenient"
    security_profile: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    password: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class NewcomerView(shapes.View, frozen=True):
    """An unknown station; ``secret`` names what it is known by from now on.

    ``secret`` is ``certificate``, or the first hex digits of the digest its password is kept as:
    the same password shows the same digits for this id.
    """

    id: str
    state: Literal["waiting", "rejected"]
    address: str
    first_seen: str
    last_boot: str | None
    version: str
    security_profile: int
    vendor: str
    model: str
    serial: str
    firmware: str
    connected: bool
    secret: str


SECRET_DIGITS = 8


def _view(house: House, record: Newcomer) -> NewcomerView:
    return NewcomerView(
        id=record.id,
        state="rejected" if record.state is NewcomerState.REJECTED else "waiting",
        address=record.address,
        first_seen=utc_text(record.first_ms),
        last_boot=utc_text(record.booted_ms) if record.booted_ms else None,
        version=record.version,
        security_profile=record.security_profile,
        vendor=record.vendor,
        model=record.model,
        serial=record.serial,
        firmware=record.firmware,
        connected=house.gateway.link(record.id) is not None,
        secret=record.secret_mac[:SECRET_DIGITS] or "certificate",
    )


@get("/newcomers", opt=SEES)
async def list_newcomers(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """Unknown stations that wait for approval, and those that were rejected."""
    return find_page(
        house.store,
        Newcomer,
        limit,
        cursor,
        lambda record: _view(house, record),
        lambda record: (
            record.state is not NewcomerState.APPROVED
            and house.store.get(Station, record.id) is None  # registered by hand meanwhile
        ),
    )


@post("/newcomers/{station_id:str}/approve", opt=RUNS, status_code=HTTPStatus.CREATED)
async def approve_newcomer(
    house: TheHouse, station_id: FromPath[str], data: JSONBody[ApprovalBody]
) -> shapes.StationView:
    """Register an unknown station with the password it came with; it is asked to connect again."""
    newcomer = _newcomer(house, station_id)
    fields = msgspec.structs.asdict(data)
    password = fields.pop("password")
    if password is not None:
        met = Station(newcomer.id, newcomer.secret_mac, (), "", ())
        if not house.services.registry.password_ok(met, password.encode()):
            detail = f"station {station_id} came with another password than this one"
            raise Problem(409, detail, "conflict")
    if data.security_profile is None:
        fields["security_profile"] = newcomer.security_profile
    body = shapes.StationBody(id=station_id, **fields)
    with bad_request():
        station = await house.store.run(approve, Approve(station_from(house, body, "")))
    house.services.registry.forget(station_id)
    _close(house, station_id, SERVICE_RESTART, "approved: connect again")
    return views.station(house, station)


@post("/newcomers/{station_id:str}/reject", opt=RUNS, status_code=HTTPStatus.OK)
async def reject_newcomer(house: TheHouse, station_id: FromPath[str]) -> NewcomerView:
    """Turn an unknown station away; it is not let in again unless it is approved later."""
    _newcomer(house, station_id)
    with bad_request():
        rejected = await house.store.run(reject, station_id)
    if house.store.get(Station, station_id) is None:
        _close(house, station_id, POLICY_VIOLATION, "this station was rejected")
    return _view(house, rejected)


def _newcomer(house: House, station_id: str) -> Newcomer:
    found = house.store.get(Newcomer, station_id)
    if found is None:
        raise not_found(f"station {station_id} that waits for approval or was rejected")
    return found


def _close(house: House, station_id: str, code: int, reason: str) -> None:
    link = house.gateway.link(station_id)
    if link is not None:
        link.close(code, reason)


HANDLERS = (list_newcomers, approve_newcomer, reject_newcomer)
