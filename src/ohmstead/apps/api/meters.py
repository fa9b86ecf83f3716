"""``/stations/{id}/meters``: the keys that prove energy, and their passports on the chain."""

from __future__ import annotations

import re

from litestar import get, post
from litestar.params import FromPath, JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse, TheSettlement
from ohmstead.apps.api.meter_exchanges import (
    ExchangeBody,
    ExchangeView,
    NewMeterBody,
    exchange_view,
)
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.api.settlement import Settlement
from ohmstead.apps.api.stations import RUNS, SEES, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.settler import StationPassport
from ohmstead.apps.stations.commanding.author import AUTHOR
from ohmstead.core.canonical import encode
from ohmstead.core.exchange import MeterExchange
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Evse, Station
from ohmstead.errors import ChainUnavailable
from ohmstead.flows.meters import Exchange, exchange_meter
from ohmstead.flows.onboarding import AddMeter, add_meter
from ohmstead.frozen import replace
from ohmstead.wire.ocmf import KeyUnreadable, load_key

H3_CELL = re.compile(r"[0-9a-fA-F]{1,16}")
HALF = 64  # hex digits of R, and of S


def meter_of(house: House, station: Station, key_id: str) -> tuple[Evse, MeterKey]:
    """The evse that a key is registered for, and the key; raises 404."""
    wanted = key_id.lower().removeprefix("0x")
    for evse in station.evses:
        key = house.store.get(MeterKey, evse.meter_key_id) if evse.meter_key_id else None
        if key is not None and key.key_id == wanted:
            return evse, key
    raise not_found(f"meter {key_id} at station {station.id}")


async def standing(settlement: Settlement, key: MeterKey) -> shapes.PassportView | None:
    """The passport of a meter, None where no chain can be asked now."""
    try:
        found = await settlement.standing(key.key_id)
    except (ChainUnavailable, Problem):
        return None
    return views.passport(found)


def key_from(
    data: shapes.MeterBody | NewMeterBody, station_id: str, valid_from_ms: int
) -> MeterKey:
    """The key that a body describes; raises Problem."""
    try:
        key = load_key(data.public_key)
    except KeyUnreadable as error:
        raise Problem(400, f"public_key: {error}", "bad-request") from None
    return MeterKey(
        key_id=key.key_id,
        curve=key.curve.name,
        public_key=key.der_hex,
        tier=Tier(data.tier),
        serial=data.serial,
        station_id=station_id,
        valid_from_ms=valid_from_ms,
    )


@get("/stations/{station_id:str}/meters", opt=SEES)
async def list_meters(
    house: TheHouse, settlement: TheSettlement, station_id: FromPath[str]
) -> shapes.Page:
    """The meters of a station and their passports: an epoch counts a passport that is final."""
    station, items = station_of(house, station_id), []
    for evse in station.evses:
        key = house.store.get(MeterKey, evse.meter_key_id) if evse.meter_key_id else None
        if key is not None:
            items.append(views.meter(key, evse.id, await standing(settlement, key)))
    return shapes.Page(items=items, next=None)


@post("/stations/{station_id:str}/meters", opt=RUNS)
async def register_meter(
    house: TheHouse, station_id: FromPath[str], data: JSONBody[shapes.MeterBody]
) -> shapes.MeterView:
    """Register the public key of an evse's meter: only what it signs is ever called proven."""
    station_of(house, station_id)
    since = data.valid_from
    valid_from_ms = views.read_moment(since, "valid_from") if since else house.clock.now_ms()
    record = key_from(data, station_id, valid_from_ms)
    with bad_request():
        await house.store.run(add_meter, AddMeter(record, data.evse))
    house.services.registry.forget(station_id)
    return views.meter(record, data.evse)


@post("/stations/{station_id:str}/meters/exchange", opt=RUNS)
async def exchange_of_meters(
    house: TheHouse, station_id: FromPath[str], data: JSONBody[ExchangeBody]
) -> ExchangeView:
    """Write down that a meter was exchanged: the next session is compared with the new one, the
    old one's key ends, and a session that was under way goes to review. Twice is once."""
    station_of(house, station_id)
    now_ms = house.clock.now_ms()
    at_ms = views.read_moment(data.at, "at") if data.at else now_ms
    key = None
    if data.new_meter is not None:
        key = key_from(data.new_meter, station_id, at_ms)
    author = replace(AUTHOR.get(), reason=data.because)
    command = Exchange(
        station_id=station_id,
        evse_id=data.evse,
        at_ms=at_ms,
        old_final_mwh=data.old_final_mwh,
        new_initial_mwh=data.new_initial_mwh,
        author=author,
        new_key=key,
        anyway=data.anyway,
    )
    done = await house.store.run(exchange_meter, command)
    house.services.registry.forget(station_id)
    return exchange_view(done)


@get("/stations/{station_id:str}/meters/exchanges", opt=SEES)
async def list_exchanges(
    house: TheHouse, station_id: FromPath[str], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The meter exchanges of a station: who answers for each, and why it was."""
    station_of(house, station_id)
    return find_page(
        house.store, MeterExchange, limit, cursor, exchange_view, station_id=station_id
    )


@get("/stations/{station_id:str}/meters/{key_id:str}/binding", opt=RUNS)
async def show_binding(
    house: TheHouse, settlement: TheSettlement, station_id: FromPath[str], key_id: FromPath[str]
) -> shapes.BindingView:
    """What the meter's key has to sign to be bound to the station's owner on the chain."""
    station = station_of(house, station_id)
    _, key = meter_of(house, station, key_id)
    digest = await settlement.binding(station.owner, key.public_key)
    return shapes.BindingView(key_id=key.key_id, owner=station.owner, digest="0x" + digest.hex())


@post("/stations/{station_id:str}/meters/{key_id:str}/passport", opt=RUNS, status_code=202)
async def register_passport(
    house: TheHouse,
    settlement: TheSettlement,
    station_id: FromPath[str],
    key_id: FromPath[str],
    data: JSONBody[shapes.PassportBody],
) -> shapes.PassportView:
    """Put a meter's passport on the chain, by its key's signature; it counts once final."""
    station = station_of(house, station_id)
    evse, key = meter_of(house, station, key_id)
    passport = StationPassport(
        owner=station.owner,
        public_key=key.public_key,
        rated_w=evse.rated_w,
        registration=encode({"evse": evse.id, "meter": key.serial, "station": station.id}),
        location_cell=cell_of(station),
    )
    digits = data.signature.lower().removeprefix("0x")
    r, s = int(digits[:HALF], 16), int(digits[HALF:], 16)
    return views.passport(await settlement.passport(passport, r, s))


def cell_of(station: Station) -> int:
    """The station's H3 cell as the registry keeps it, 0 for none; raises 409 for another text."""
    cell = station.location_cell
    if cell and not H3_CELL.fullmatch(cell):
        detail = f"location_cell of {station.id} is {cell!r}: an H3 cell is up to 16 hex digits"
        raise Problem(409, detail, "conflict")
    return int(cell or "0", 16)


HANDLERS = (
    list_meters,
    register_meter,
    exchange_of_meters,
    list_exchanges,
    show_binding,
    register_passport,
)
