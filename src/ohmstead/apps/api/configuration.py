"""``/stations/{id}/configuration``: what a station says it is set to, beside what it should be."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromPath, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.stations import RUNS, SEES, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.stations.commanding.author import (
    AUTHOR,
    REASON_CHARACTERS_MAX,
    because,
)
from ohmstead.apps.stations.configuration.reading import NotRead
from ohmstead.core.device_model import (
    Difference,
    EarlierInventory,
    Inventory,
    Variable,
    differences,
)
from ohmstead.core.drift import compare
from ohmstead.core.standing import Drift, Stand, Standing
from ohmstead.core.template import Template

OLDER = "earlier"
Word = Annotated[str, QueryParameter(max_length=200, required=False)]

Reason = Annotated[str, QueryParameter(max_length=REASON_CHARACTERS_MAX, required=False)]


class VariableView(shapes.View, frozen=True):
    """A variable; ``hidden``: a password or key, or one that only takes values, so none is kept."""

    name: str
    value: str | None
    mutability: str
    type: str
    values: str
    min: str
    max: str
    unit: str
    hidden: bool


class DriftView(shapes.View, frozen=True):
    """A setting that is not as its template says; ``kind``: differs, absent, unfit or refused."""

    name: str
    wanted: str
    found: str | None
    kind: str
    text: str


class StandingView(shapes.View, frozen=True):
    """How a station's configuration stands; ``problem``: why the last reading failed."""

    station: str
    state: str
    reason: str
    since: str | None
    template: str | None
    drift: list[DriftView]
    tries: int
    repair_asked: bool
    protocol: str
    read: str | None
    variables: int
    dropped: int
    problem: str | None


class ConfigurationView(shapes.View, frozen=True):
    """What a station last said of its configuration, by name."""

    standing: StandingView
    variables: list[VariableView]


class DifferenceView(shapes.View, frozen=True):
    """A variable that is another on the other side, or None where it is not there at all."""

    name: str
    left: VariableView | None
    right: VariableView | None


class DiffView(shapes.View, frozen=True):
    """Where two configurations differ: ``left`` is this station now."""

    left: str
    right: str
    differences: list[DifferenceView]


def drift_view(one: Drift) -> DriftView:
    """One setting."""
    return DriftView(
        name=one.name, wanted=one.wanted, found=one.found, kind=one.kind.value, text=one.text
    )


def standing_view(one: Standing) -> StandingView:
    """How a station stands."""
    return StandingView(
        station=one.station_id,
        state=one.state.value,
        reason=one.reason,
        since=views.moment(one.since_ms),
        template=one.template or None,
        drift=[drift_view(drift) for drift in one.drift],
        tries=one.tries,
        repair_asked=one.is_asked,
        protocol=one.protocol,
        read=views.moment(one.read_ms),
        variables=one.count,
        dropped=one.dropped,
        problem=one.problem or None,
    )


def variable_view(one: Variable) -> VariableView:
    """One variable."""
    return VariableView(
        name=one.name,
        value=one.value,
        mutability=one.mutability or "ReadWrite",
        type=one.data_type,
        values=one.values,
        min=one.min_limit,
        max=one.max_limit,
        unit=one.unit,
        hidden=one.is_hidden,
    )


def inventory_of(house: House, station_id: str) -> Inventory:
    """What a station said of its configuration; raises 404 that says how to have it read."""
    station_of(house, station_id)
    known = house.store.get(Inventory, station_id)
    if known is None:
        standing = house.store.get(Standing, station_id)
        why = f": {standing.problem}" if standing is not None and standing.problem else ""
        raise not_found(
            f"configuration of station {station_id} yet{why}; POST .../configuration/read, or "
            f"`ohmstead station configuration {station_id} --read`, reads it now"
        )
    return known


def _view(house: House, station_id: str, contains: str) -> ConfigurationView:
    known = inventory_of(house, station_id)
    standing = house.store.get(Standing, station_id) or Standing(station_id)
    word = contains.casefold()
    return ConfigurationView(
        standing=standing_view(standing),
        variables=[variable_view(v) for v in known.variables if word in v.name.casefold()],
    )


@get("/stations/{station_id:str}/configuration", opt=SEES)
async def show_configuration(
    house: TheHouse, station_id: FromPath[str], contains: Word = ""
) -> ConfigurationView:
    """What a station last said of its configuration, with its drift; ``contains`` filters names.
    Passwords and keys are never kept."""
    return _view(house, station_id, contains)


@post("/stations/{station_id:str}/configuration/read", opt=RUNS, status_code=200)
async def read_configuration(house: TheHouse, station_id: FromPath[str]) -> ConfigurationView:
    """Read a station's whole configuration now and answer it; 409 while it is not connected, 502
    with what it said where it gives none."""
    station_of(house, station_id)
    AUTHOR.set(because("its configuration is read"))
    try:
        await house.caretaker.read_now(station_id)
    except NotRead as error:
        raise Problem(502, str(error), "not-read") from None
    return _view(house, station_id, "")


@get("/stations/{station_id:str}/configuration/diff", opt=SEES)
async def diff_configuration(
    house: TheHouse,
    station_id: FromPath[str],
    station: Word = "",
    template: Word = "",
) -> DiffView:
    """Where a station differs from another ``station``, from a ``template``, or without either
    from what it said itself before its configuration last changed."""
    ours = inventory_of(house, station_id)
    if station and template:
        raise Problem(400, "compare with a station or with a template, not with both")
    if template:
        known = house.store.get(Template, template)
        if known is None:
            raise not_found(f"template {template[:48]}")
        return _beside_template(ours, known)
    if station:
        theirs, right = inventory_of(house, station), station
    else:
        earlier = house.store.get(EarlierInventory, station_id)
        if earlier is None:
            raise not_found(f"earlier configuration of station {station_id}: it never changed")
        theirs, right = earlier.inventory, OLDER
    if (ours.protocol == "1.6") != (theirs.protocol == "1.6"):
        detail = (
            f"one speaks OCPP {ours.protocol} and the other {theirs.protocol}: the names differ"
        )
        raise Problem(409, detail, "conflict")
    found = [_difference(one) for one in differences(ours, theirs)]
    return DiffView(left=station_id, right=right, differences=found)


def _difference(one: Difference) -> DifferenceView:
    return DifferenceView(
        name=one.name,
        left=None if one.left is None else variable_view(one.left),
        right=None if one.right is None else variable_view(one.right),
    )


def _beside_template(ours: Inventory, template: Template) -> DiffView:
    known = ours.by_name()
    found = []
    for drift in compare(ours, template):
        left = known.get(drift.name.casefold())
        right = Variable(drift.name, drift.wanted)
        found.append(_difference(Difference(drift.name, left, right)))
    return DiffView(left=ours.station_id, right=f"template {template.name}", differences=found)


@post("/stations/{station_id:str}/configuration/repair", opt=RUNS, status_code=200)
async def repair_configuration(
    house: TheHouse, station_id: FromPath[str], reason: Reason = ""
) -> StandingView:
    """Set a station to what its template says, now or as it returns, whatever the template says of
    repairs; answers how it stands then. 409 where there is nothing that could be set."""
    inventory_of(house, station_id)
    return standing_view(await house.caretaker.repair_now(station_id, said_by(reason)))


def said_by(reason: str) -> str:
    """Who asks for a repair, and why if that was said."""
    author = because(reason) if reason else AUTHOR.get()
    return f"{author.name}: {author.reason}" if author.reason else author.name


HANDLERS: tuple[Any, ...] = (
    show_configuration,
    read_configuration,
    diff_configuration,
    repair_configuration,
)
TROUBLED = (Stand.CONFLICT, Stand.DRIFTED, Stand.REBOOT, Stand.GIVEN_UP)
