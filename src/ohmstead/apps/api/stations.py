"""``/stations``, ``/locations``: who serves, how they are met, and what we ask of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from http import HTTPStatus

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import public, scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.boot import House
from ohmstead.apps.gateway.interface import Answered, Disconnected, QueueFull, Refused, TimedOut
from ohmstead.apps.stations.commanding.booting import ask_to_boot
from ohmstead.apps.stations.commanding.masking import has_secret, masked, masked_text
from ohmstead.apps.stations.commands import Commanded
from ohmstead.apps.stations.passwords import is_weak, normal, rotate_password
from ohmstead.apps.stations.services import secret_mac, zone_of
from ohmstead.apps.stations.unfit import own_certificate, why_unfit
from ohmstead.core.access import Scope
from ohmstead.core.network import Admission, Evse, Station
from ohmstead.core.session import Share
from ohmstead.flows.onboarding import add_station
from ohmstead.flows.passwords import NextPassword, offer_password
from ohmstead.flows.stations import ChangeStation, change_station, retire_station
from ohmstead.units import BPS

# OCPP 1.6 AuthorizationKey: 20 bytes, written as 40 hex digits; 2.0.1 takes up to 40 characters.
PASSWORD_BYTES = 20
SEES, RUNS = scopes(Scope.HOST, Scope.READ, Scope.VALIDATOR), scopes(Scope.HOST)
POLICY_VIOLATION = 1008  # RFC 6455 7.4.1


def station_of(house: House, station_id: str) -> Station:
    """The station in service; raises 404."""
    station = house.store.get(Station, station_id)
    if station is None or station.retired_ms:
        raise not_found(f"station {station_id}")
    return station


@get("/stations", opt=SEES)
async def list_stations(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The stations in service, by id."""
    return find_page(
        house.store,
        Station,
        limit,
        cursor,
        lambda station: views.station(house, station),
        lambda station: not station.retired_ms,
    )


@post("/stations", opt=RUNS)
async def register_station(
    house: TheHouse, data: JSONBody[shapes.StationBody]
) -> shapes.StationView:
    """Register a station; the answer holds its password, this once."""
    password = data.password or secrets.token_hex(PASSWORD_BYTES)
    station = station_from(house, data, secret_mac(house.pepper, data.id, normal(password)))
    with bad_request():
        await house.store.run(add_station, station)
    house.services.registry.forget(station.id)
    return views.station(house, station, password)


def station_from(house: House, data: shapes.StationBody, mac: str) -> Station:
    """The station that a body describes; raises Problem."""
    zone = data.time_zone or house.config.network.time_zone
    try:
        zone_of(zone)
    except (LookupError, ValueError, OSError):
        detail = f"time_zone: no IANA time zone is called {zone[:60]!r}"
        raise Problem(400, detail, "bad-request") from None
    owner = data.owner.lower()
    if house.store.get(Station, data.id) is not None:
        raise Problem(409, f"station {data.id} exists already", "conflict")
    station = Station(
        id=data.id,
        secret_mac=mac,
        evses=evses_of(data.evses),
        tariff_key=data.tariff,
        shares=shares_for(house, owner),
        time_zone=zone,
        admission=Admission(data.admission.capitalize()),
        lenient=data.strictness == "lenient",
        owner=owner,
        location_cell=data.location_cell,
        name=data.name,
        security_profile=data.security_profile,
        secret_is_weak=is_weak(data.password or ""),
    )
    return station


def evses_of(bodies: Sequence[shapes.EvseBody]) -> tuple[Evse, ...]:
    """The evses that a body describes, without meters; raises Problem."""
    if len({evse.id for evse in bodies}) < len(bodies):
        raise Problem(400, "evses: one id stands twice", "bad-request")
    return tuple(Evse(evse.id, evse.rated_w, "", evse.connectors) for evse in bodies)


def shares_for(house: House, owner: str) -> tuple[Share, ...]:
    """The network's payees and the host, who takes the rest."""
    others = tuple(
        Share(share.address.lower(), share.bps)
        for share in house.config.money.shares
        if share.address.lower() != owner
    )
    rest = BPS - sum(share.bps for share in others)
    return (*others, Share(owner, rest, rest=True))


@get("/stations/{station_id:str}", opt=SEES)
async def show_station(house: TheHouse, station_id: FromPath[str]) -> shapes.StationView:
    """One station."""
    return views.station(house, station_of(house, station_id))


@patch("/stations/{station_id:str}", opt=RUNS)
async def patch_station(
    house: TheHouse, station_id: FromPath[str], data: JSONBody[shapes.StationPatch]
) -> shapes.StationView:
    """Change a station's admission, strictness, tariff, name, evses or password.

    ``evses`` are all of them, anew; refused while a session of the station is open.

    With ``deliver`` or ``keep_old`` the old password is let in until the station has used the new
    one; else it ends at once.
    """
    before = station_of(house, station_id)
    if data.security_profile == 3:
        refuse_lock_out(house, before)
    password = mac = None
    if (data.deliver or data.keep_old) and not data.rotate_password:
        raise Problem(400, "`deliver` and `keep_old` go with `rotate_password`", "bad-request")
    if data.rotate_password:
        password = secrets.token_hex(PASSWORD_BYTES)
        if data.deliver:
            await rotate_password(house.services, house.gateway, station_id, password)
        elif data.keep_old:
            waiting = NextPassword(
                station_id, secret_mac(house.pepper, station_id, password.encode())
            )
            await house.store.run(offer_password, waiting)
        else:
            mac = secret_mac(house.pepper, station_id, password.encode())
    change = ChangeStation(
        station_id,
        name=data.name,
        admission=Admission(data.admission.capitalize()) if data.admission else None,
        lenient=data.strictness == "lenient" if data.strictness else None,
        tariff_key=data.tariff,
        location_cell=data.location_cell,
        secret_mac=mac,
        security_profile=data.security_profile,
        evses=evses_of(data.evses) if data.evses else None,
    )
    with bad_request():
        changed = await house.store.run(change_station, change)
    house.services.registry.forget(station_id)
    if changed.admission is not before.admission:
        house.queue.arrived(station_id)  # what it was not to be sent may leave now
        if changed.admission is Admission.ACCEPTED and house.gateway.link(station_id) is not None:
            house.journal.later(ask_to_boot(house.gateway, station_id))
    return views.station(house, changed, password)


def refuse_lock_out(house: House, station: Station) -> None:
    """Raise 409 where the certificate a station has of us would be refused, and it shows no other.

    One that it shows now was let in, so that may be of another authority.
    """
    here = house.gateway.connected()
    shows_one = any(one.station_id == station.id and one.profile == 3 for one in here)
    known = own_certificate(house.store, station.id)
    if known is None or shows_one:
        return
    why = why_unfit(known, station, house.config.ocpp.tls, house.clock.now_ms())
    if why:
        detail = (
            f"station {station.id} would be locked out: its certificate {known.serial} {why}; "
            "have it ask for another (TriggerMessage SignChargingStationCertificate, in 1.6 "
            "ExtendedTriggerMessage SignChargePointCertificate), or revoke that one if it has "
            "another authority's"
        )
        raise Problem(409, detail, "conflict")


@delete("/stations/{station_id:str}", opt=RUNS, status_code=HTTPStatus.NO_CONTENT)
async def delete_station(house: TheHouse, station_id: FromPath[str]) -> None:
    """Take a station out of service; 409 while a session of it is open."""
    station_of(house, station_id)
    await house.store.run(retire_station, station_id)
    house.services.registry.forget(station_id)
    link = house.gateway.link(station_id)
    if link is not None:
        link.close(POLICY_VIOLATION, "this station was taken out of service")


def _without_secrets(payload: bytes) -> str:
    """A payload as it came, unless there is something in it that the log would mask."""
    text = payload.decode("utf-8", "replace")
    if not has_secret(payload):
        return text
    shown = masked(payload)
    return masked_text(text) if shown.startswith('"') else shown  # a string: it cannot be read


def answered(station_id: str, done: Commanded) -> bytes:
    """The station's payload, or the problem that came instead; ``command`` finds it in the log."""
    command = done.message_id
    match done.outcome:
        case Answered():
            if done.problem:
                text = _without_secrets(done.payload)[:1_000]
                raise Problem(502, done.problem, "invalid-answer", payload=text, command=command)
            return done.payload
        case Refused(_, code, description):
            detail = f"station {station_id} refused with {code}: {description or 'no reason given'}"
            raise Problem(
                502, detail, "call-error", code=code, description=description, command=command
            )
        case TimedOut():
            detail = f"station {station_id} did not answer in time; it may still obey"
            raise Problem(504, detail, "timeout", command=command)
        case Disconnected(sent=True):
            detail = f"station {station_id} went away before it answered; it may have obeyed"
            raise Problem(504, detail, "connection-lost", command=command)
        case Disconnected():
            detail = f"station {station_id} is not connected; try again when it is back"
            raise Problem(409, detail, "not-connected", command=command)
        case QueueFull():
            detail = f"too many commands wait for station {station_id}; try again later"
            raise Problem(503, detail, "queue-full", {"Retry-After": "5"}, command=command)


@get("/locations", opt=public())
async def list_locations(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """Where one can charge, for anybody."""
    return find_page(
        house.store,
        Station,
        limit,
        cursor,
        lambda station: views.location(house, station),
        lambda station: not station.retired_ms and station.admission is Admission.ACCEPTED,
    )


HANDLERS = (
    list_stations,
    register_station,
    show_station,
    patch_station,
    delete_station,
    list_locations,
)
