"""``/templates``: what the configuration of stations should be, and which of them it is not."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.configuration import TROUBLED, Reason, said_by, standing_view
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.api.stations import RUNS, SEES
from ohmstead.apps.boot import House
from ohmstead.core.device_model import Inventory
from ohmstead.core.network import Station
from ohmstead.core.standing import Stand, Standing
from ohmstead.core.template import (
    PRIORITY_MAX,
    SETTINGS_MAX,
    STATIONS_MAX,
    Setting,
    Template,
    check,
    means,
)
from ohmstead.errors import OperatorError
from ohmstead.flows.repairs import AskRepair, ask_repair
from ohmstead.flows.templates import (
    PutTemplate,
    facts_of,
    faults,
    put_template,
    remove_template,
)

PAGE = 200
LOOKED_AT_MAX = 50  # stations whose device model a template is held against before it is kept
REPAIRS_MAX = 100_000  # stations of one request

Pattern = Annotated[str, msgspec.Meta(max_length=50)]
Value = Annotated[str, msgspec.Meta(max_length=1_000)]
SettingName = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
Settings = Annotated[dict[SettingName, Value], msgspec.Meta(min_length=1, max_length=SETTINGS_MAX)]
StateName = Annotated[
    Literal["conflict", "drifted", "reboot_required", "given_up"] | None,
    QueryParameter(name="state", required=False),
]


class TemplateBody(shapes.Body, frozen=True):
    """Desired values by name; for named ``stations``, or those that fit every pattern given."""

    ocpp: Literal["1.6", "2.0.1", "2.1", "2.x"]
    settings: Settings
    stations: Annotated[tuple[str, ...], msgspec.Meta(max_length=STATIONS_MAX)] = ()
    vendor: Pattern = ""
    model: Pattern = ""
    firmware: Pattern = ""
    priority: Annotated[int, msgspec.Meta(ge=0, le=PRIORITY_MAX)] = 0
    repair: Literal["never", "always"] = "never"
    reboot: Literal["never", "idle"] = "never"
    allow_risky: bool = False


class NewTemplateBody(TemplateBody, frozen=True, kw_only=True):
    """A template with its name."""

    name: Annotated[str, msgspec.Meta(max_length=48)]


class TemplateView(shapes.View, frozen=True):
    """A template; ``counts``: how many stations stand how beside it; ``conflicts``: the templates
    that apply as much as this one does, so that none is in force, and at how many stations."""

    name: str
    ocpp: str
    settings: dict[str, str]
    stations: tuple[str, ...]
    vendor: str
    model: str
    firmware: str
    priority: int
    repair: str
    reboot: str
    allow_risky: bool
    revision: int
    changed: str | None
    counts: dict[str, int]
    conflicts: dict[str, int]


class AskedView(shapes.View, frozen=True):
    """How many stations are put right, now or as they return; of ``cannot`` nothing can be set, and
    at ``conflict`` this template is not in force, because of those in ``conflicts``."""

    template: str
    asked: int
    cannot: int
    conflict: int
    conflicts: dict[str, int]


@dataclass(slots=True)
class Clashes:
    """Templates that meet at stations with none of them in force."""

    stations: Counter[str] = field(default_factory=Counter)
    between: dict[str, Counter[str]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, int]:
        """The others that one meets, and at how many stations, by name."""
        return dict(sorted(self.between.get(name, Counter()).items()))


async def clashes_of(house: House) -> Clashes:
    """What is known of conflicts now: as many records are read as there are stations in one."""
    found, after = Clashes(), ""
    while page := house.store.find(Standing, PAGE, after, state=Stand.CONFLICT.value):
        for standing in page:
            names = (standing.template, *standing.rivals)
            found.stations.update(names)
            for name in names:
                others = (other for other in names if other != name)
                found.between.setdefault(name, Counter()).update(others)
        after = page[-1].key
        await asyncio.sleep(0)
    return found


def view(house: House, one: Template, clashes: Clashes) -> TemplateView:
    """A template."""
    counts = {
        state.value: house.store.count(Standing, template=one.name, state=state.value)
        for state in Stand
    }
    counts[Stand.CONFLICT.value] = clashes.stations[one.name]
    return TemplateView(
        name=one.name,
        ocpp=one.protocol,
        settings={setting.name: setting.value for setting in one.settings},
        stations=one.stations,
        vendor=one.vendor,
        model=one.model,
        firmware=one.firmware,
        priority=one.priority,
        repair=one.repair,
        reboot=one.reboot,
        allow_risky=one.allow_risky,
        revision=one.revision,
        changed=views.moment(one.changed_ms),
        counts={state: count for state, count in counts.items() if count},
        conflicts=clashes.of(one.name),
    )


def template_of(house: House, name: str) -> Template:
    """The template; raises 404."""
    known = house.store.get(Template, name) if name else None
    if known is None:
        raise not_found(f"template {name[:48]}; `ohmstead template list` shows all")
    return known


async def _keep(house: House, name: str, data: TemplateBody, is_new: bool) -> TemplateView:
    template = Template(
        name=name,
        protocol=data.ocpp,
        settings=tuple(Setting(key, value) for key, value in data.settings.items()),
        stations=tuple(dict.fromkeys(data.stations)),
        vendor=data.vendor,
        model=data.model,
        firmware=data.firmware,
        priority=data.priority,
        repair=data.repair,
        reboot=data.reboot,
        allow_risky=data.allow_risky,
    )
    if is_new and house.store.get(Template, name) is not None:
        detail = f"there is a template {name} already; PUT /templates/{name} replaces it"
        raise Problem(409, detail, "conflict")
    try:
        check(template)
    except ValueError as error:
        raise Problem(400, str(error), "bad-request") from None
    await _check_against_stations(house, template)
    with bad_request():
        kept = await house.store.run(put_template, PutTemplate(template, is_new))
    house.caretaker.templates_changed()
    return view(house, kept, await clashes_of(house))


async def _check_against_stations(house: House, template: Template) -> None:
    """Raise 400 for what a station it is for could never have, by what it said of itself: of named
    stations all are asked, else the first so many that are known to be meant."""
    looked_at, after = 0, ""
    while page := (
        [one for id_ in template.stations if (one := house.store.get(Station, id_))]
        if template.stations
        else house.store.find(Station, PAGE, after)
    ):
        for station in page:
            standing = house.store.get(Standing, station.id)
            if standing is None or not means(template, facts_of(station, standing.protocol)):
                continue
            known = house.store.get(Inventory, station.id)
            wrong = faults(template, known) if known is not None else []
            if wrong:
                detail = f"settings: at station {station.id} {'; '.join(wrong)}"
                raise Problem(400, detail, "bad-request")
            looked_at += 1
        after = page[-1].key
        await asyncio.sleep(0)
        if template.stations or looked_at >= LOOKED_AT_MAX:
            return


@get("/templates", opt=SEES)
async def list_templates(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The templates, by name, with how their stations stand."""
    clashes = await clashes_of(house)
    return find_page(house.store, Template, limit, cursor, lambda one: view(house, one, clashes))


@post("/templates", opt=RUNS)
async def add_template(house: TheHouse, data: JSONBody[NewTemplateBody]) -> TemplateView:
    """Make a template; 400 naming the setting that cannot be, 409 for a name that is taken."""
    return await _keep(house, data.name, data, is_new=True)


@get("/templates/{name:str}", opt=SEES)
async def show_template(house: TheHouse, name: FromPath[str]) -> TemplateView:
    """One template."""
    return view(house, template_of(house, name), await clashes_of(house))


@put("/templates/{name:str}", opt=RUNS)
async def put_one(
    house: TheHouse, name: FromPath[str], data: JSONBody[TemplateBody]
) -> TemplateView:
    """Make or replace a template; its stations are judged again, and what was given up is tried
    again."""
    return await _keep(house, name, data, is_new=False)


@delete("/templates/{name:str}", opt=RUNS, status_code=200)
async def delete_template(house: TheHouse, name: FromPath[str]) -> TemplateView:
    """Remove a template; stations keep the values they have."""
    gone = view(house, template_of(house, name), await clashes_of(house))
    await house.store.run(remove_template, name)
    house.caretaker.templates_changed()
    return gone


@get("/templates/{name:str}/drift", opt=SEES)
async def show_drift(
    house: TheHouse,
    name: FromPath[str],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    in_state: StateName = None,
) -> shapes.Page:
    """The stations that are not as their template says, by id; those that are are left out of
    their page."""
    template_of(house, name)

    def shows(one: Standing) -> bool:
        return one.state in TROUBLED

    return find_page(
        house.store, Standing, limit, cursor, standing_view, shows, template=name, state=in_state
    )


@get("/configurations", opt=SEES)
async def list_configurations(
    house: TheHouse,
    in_state: Annotated[
        Literal[
            "unread",
            "no_template",
            "conflict",
            "as_wanted",
            "drifted",
            "reboot_required",
            "given_up",
        ]
        | None,
        QueryParameter(name="state", required=False),
    ] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
) -> shapes.Page:
    """How the configuration of each station stands, by id; of one state only, if one is named."""
    return find_page(house.store, Standing, limit, cursor, standing_view, state=in_state)


@post("/templates/{name:str}/repair", opt=RUNS, status_code=200)
async def repair_stations(house: TheHouse, name: FromPath[str], reason: Reason = "") -> AskedView:
    """Put every station right that is not as this template says: those that are here in turn, the
    others as they return. Where it is in conflict it is not in force, and nothing is asked."""
    template_of(house, name)
    clashes = await clashes_of(house)
    by = said_by(reason)
    asked = cannot = 0
    for state in (Stand.DRIFTED, Stand.REBOOT, Stand.GIVEN_UP):
        ids, after = [], ""
        while page := house.store.find(Standing, PAGE, after, template=name, state=state.value):
            after = page[-1].key
            ids += [one.station_id for one in page]
            await asyncio.sleep(0)
        for station_id in ids[:REPAIRS_MAX]:
            try:
                await house.store.run(ask_repair, AskRepair(station_id, by))
            except OperatorError:
                cannot += 1
                continue
            house.caretaker.ask_later(station_id)
            asked += 1
    return AskedView(
        template=name,
        asked=asked,
        cannot=cannot,
        conflict=clashes.stations[name],
        conflicts=clashes.of(name),
    )


HANDLERS: tuple[Any, ...] = (
    list_templates,
    add_template,
    show_template,
    put_one,
    delete_template,
    show_drift,
    list_configurations,
    repair_stations,
)
