"""``POST /stations/import``: a fleet as CSV, checked whole and registered whole."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from ohmstead.apps.api import shapes
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.api.stations import PASSWORD_BYTES, shares_for
from ohmstead.apps.boot import House
from ohmstead.apps.onboarding.fleet_csv import (
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    STATIONS_MAX,
    Row,
    Table,
    Wrong,
    in_order,
    read_fleet,
)
from ohmstead.apps.stations.passwords import is_weak, normal
from ohmstead.apps.stations.services import secret_mac, zone_of
from ohmstead.core.access import Scope
from ohmstead.core.network import Station
from ohmstead.core.tariff import Tariff
from ohmstead.flows.fleet import REFUSING, BringFleet, Brought, Outcome, bring_fleet

RUNS = scopes(Scope.HOST)
BODY_BYTES_MAX = 4 << 20
SHOWN_MAX = 200  # mistakes in one answer
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LENGTH_MAX)]


class ImportBody(shapes.Body, frozen=True):
    """A CSV file; ``owner`` and ``tariff`` are for the lines that say none.

    ``passwords`` are for new stations whose line has none, by id; for others one is made.
    """

    csv: str
    owner: shapes.Address | None = None
    tariff: str = ""
    passwords: Annotated[dict[str, Password], msgspec.Meta(max_length=STATIONS_MAX)] = (
        msgspec.field(default_factory=dict)
    )
    keep: bool = False
    dry_run: bool = False
    accept_weak: bool = False  # passwords shorter than OCPP's 16 characters, to be rotated


class ImportedView(shapes.View, frozen=True):
    """What became of one line; ``password`` is one that was made here, shown this once."""

    line: int
    id: str
    outcome: str
    password: str | None
    needs_password: bool
    weak_password: bool = False  # let in, and to be rotated


class ImportView(shapes.View, frozen=True):
    """What became of a file, in the order of its lines."""

    dry_run: bool
    new: int
    same: int
    kept: int
    stations: list[ImportedView]


@post(
    "/stations/import",
    opt=RUNS,
    status_code=HTTPStatus.OK,
    request_max_body_size=BODY_BYTES_MAX,
)
async def import_stations(house: TheHouse, data: JSONBody[ImportBody]) -> ImportView:
    """Register every station of a CSV file, or none: 400 names line and column of each mistake.

    A repeat changes nothing. Passwords made here are answered once, so give your own when an
    answer may get lost.
    """
    # In a thread: a large file takes longer than stations should wait for.
    owner = data.owner or ""
    table = await asyncio.to_thread(read_fleet, data.csv, owner, data.tariff, data.accept_weak)
    wrong = [*table.wrong, *_bad_zones(table), *_bad_tariffs(house, table)]
    wrong += _short_passwords(table, data)
    made: dict[str, str] = {}
    right = [row for row in table.rows if row.line not in {one.line for one in wrong}]
    stations = tuple(_station(house, row, data, made) for row in right)
    # What is wrong is told all at once, so also what only the store knows.
    command = BringFleet(stations, data.keep, data.dry_run or bool(wrong))
    outcomes = await house.store.run(bring_fleet, command)
    wrong += [
        table.at(row.line, outcome.cell, outcome.detail)
        for row, outcome in zip(right, outcomes, strict=True)
        if outcome.brought in REFUSING
    ]
    if wrong:
        raise _refused(in_order(wrong))
    for station in stations:
        house.services.registry.forget(station.id)
    return _view(table.rows, outcomes, made, data.dry_run)


def _station(house: House, row: Row, data: ImportBody, made: dict[str, str]) -> Station:
    """The record a line asks for; a password that nobody gave is made, and noted in ``made``."""
    given = row.password or data.passwords.get(row.id, "")
    known = house.store.get(Station, row.id)
    password = given
    if not given and known is None and row.needs_password:
        password = made[row.id] = "" if data.dry_run else secrets.token_hex(PASSWORD_BYTES)
    # One beside the file is for a new station; in the file it is what the station must have.
    said = password if known is None else row.password
    mac = secret_mac(house.pepper, row.id, normal(said)) if said else ""
    return Station(
        id=row.id,
        secret_mac=mac,
        evses=row.evses,
        tariff_key=row.tariff,
        shares=shares_for(house, row.owner),
        time_zone=row.time_zone or house.config.network.time_zone,
        admission=row.admission,
        lenient=row.lenient,
        owner=row.owner,
        location_cell=row.location_cell,
        name=row.name,
        security_profile=row.security_profile,
        secret_is_weak=is_weak(said),
        secret_hash="" if said else row.password_hash,
    )


def _bad_zones(table: Table) -> list[Wrong]:
    wrong = []
    for line, texts in table.texts.items():
        zone = texts.get("time_zone", "")
        try:
            zone_of(zone or "Etc/UTC")
        except (LookupError, ValueError, OSError):
            detail = f"no IANA time zone is called {zone[:60]!r}"
            wrong.append(table.at(line, "time_zone", detail))
    return wrong


def _bad_tariffs(house: House, table: Table) -> list[Wrong]:
    """Of the lines that are wrong elsewhere; for the others the flow says it."""
    right = {row.line for row in table.rows}
    return [
        table.at(line, "tariff", f"there is no tariff {texts['tariff'][:60]}; publish it first")
        for line, texts in table.texts.items()
        if line not in right
        and texts["tariff"]
        and house.store.get(Tariff, texts["tariff"]) is None
    ]


def _short_passwords(table: Table, data: ImportBody) -> list[Wrong]:
    """Those given beside the file; of those in it the reader knows."""
    if data.accept_weak:
        return []
    detail = f"shorter than OCPP's {PASSWORD_LENGTH_MIN} characters, and `accept_weak` is not said"
    return [
        Wrong(0, 0, "passwords", f"that of {row.id} is {detail}")
        for row in table.rows
        if row.needs_password
        and not row.weak
        and 0 < len(data.passwords.get(row.id, "")) < PASSWORD_LENGTH_MIN
    ]


def _refused(wrong: tuple[Wrong, ...]) -> Problem:
    first = wrong[0]
    place = f"line {first.line}" if first.line else "given for all stations"
    place += f", column {first.column}" if first.column else ""
    name = f" ({first.name})" if first.name else ""
    detail = (
        f"{len(wrong)} mistake{'s' if len(wrong) > 1 else ''}, so nothing was imported; {place}"
        f"{name}: {first.detail}"
    )
    errors = [
        {"line": one.line, "column": one.column, "name": one.name, "detail": one.detail}
        for one in wrong[:SHOWN_MAX]
    ]
    return Problem(HTTPStatus.BAD_REQUEST, detail, "import-refused", errors=errors)


def _view(
    rows: tuple[Row, ...], outcomes: tuple[Outcome, ...], made: dict[str, str], dry_run: bool
) -> ImportView:
    counts = {brought: sum(one.brought is brought for one in outcomes) for brought in Brought}
    return ImportView(
        dry_run=dry_run,
        new=counts[Brought.NEW],
        same=counts[Brought.SAME],
        kept=counts[Brought.KEPT],
        stations=[
            ImportedView(
                line=row.line,
                id=row.id,
                outcome=outcome.brought.value,
                password=made.get(row.id) or None if outcome.brought is Brought.NEW else None,
                needs_password=outcome.brought is Brought.NEW and row.id in made,
                weak_password=is_weak(row.password),
            )
            for row, outcome in zip(rows, outcomes, strict=True)
        ],
    )


HANDLERS = (import_stations,)
