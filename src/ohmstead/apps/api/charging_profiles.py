"""``/stations/{id}/charging-profiles`` and its composite schedule: what may be drawn, and when."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.problems import Problem, bad_request
from ohmstead.apps.api.stations import RUNS, SEES, answered, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.stations.capabilities import smart_charging
from ohmstead.apps.stations.capabilities.profiles import decimal_of, milli_of
from ohmstead.apps.stations.capabilities.smart_charging import Asked, Composed
from ohmstead.core.charging_profile import (
    ChargingProfile,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from ohmstead.core.composite import Place, in_unit
from ohmstead.core.station_profiles import ProfileReport
from ohmstead.flows.charging_profiles import Clear, current
from ohmstead.units import MS_PER_S

DURATION_S_MAX = 7 * 86_400

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Rate = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,8}(\.[0-9]{1,3})?$")]
PurposeName = Literal["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]
UnitName = Literal["W", "A"]


class PeriodBody(shapes.Body, frozen=True):
    """From ``start_s`` on no more than ``limit``, which is text as in "16.5"."""

    start_s: Whole
    limit: Rate
    phases: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None
    phase_to_use: Annotated[int, msgspec.Meta(ge=1, le=3)] | None = None


class ScheduleBody(shapes.Body, frozen=True):
    """Limits over time, in W of all phases or in A of each."""

    unit: UnitName
    periods: Annotated[tuple[PeriodBody, ...], msgspec.Meta(min_length=1, max_length=1_024)]
    start: shapes.Moment | None = None
    duration_s: Whole | None = None
    min_rate: Rate | None = None


class ProfileBody(shapes.Body, frozen=True):
    """A charging profile for one evse, or (0) for the whole station; the same for every version."""

    evse: Annotated[int, msgspec.Meta(ge=0, le=1_000)]
    id: Whole
    purpose: PurposeName
    schedule: ScheduleBody
    stack_level: Whole = 0
    kind: Literal["Absolute", "Recurring", "Relative"] = "Absolute"
    recurrency: Literal["Daily", "Weekly"] | None = None
    valid_from: shapes.Moment | None = None
    valid_to: shapes.Moment | None = None
    transaction_id: Annotated[str, msgspec.Meta(max_length=36)] = ""


def _moment(text: str | None, name: str) -> int | None:
    return None if text is None else views.read_moment(text, name)


def profile_from(data: ProfileBody) -> ChargingProfile:
    """The profile of a body; raises Problem for a time that is none."""
    told = data.schedule
    schedule = Schedule(
        RateUnit(told.unit),
        tuple(
            Period(one.start_s, milli_of(Decimal(one.limit)), one.phases, one.phase_to_use)
            for one in told.periods
        ),
        _moment(told.start, "schedule.start"),
        told.duration_s,
        None if told.min_rate is None else milli_of(Decimal(told.min_rate)),
    )
    return ChargingProfile(
        data.id,
        data.stack_level,
        Purpose(data.purpose),
        ProfileKind(data.kind),
        schedule,
        None if data.recurrency is None else Recurrency(data.recurrency),
        _moment(data.valid_from, "valid_from"),
        _moment(data.valid_to, "valid_to"),
        data.transaction_id,
    )


def profile_view(evse_id: int, profile: ChargingProfile) -> dict[str, Any]:
    """A profile as a body would write it, without what it does not say."""
    schedule = profile.schedule
    periods = [
        _said(
            start_s=one.start_s,
            limit=str(decimal_of(one.limit_milli)),
            phases=one.phases,
            phase_to_use=one.phase_to_use,
        )
        for one in schedule.periods
    ]
    rate = schedule.min_rate_milli
    return _said(
        evse=evse_id,
        id=profile.id,
        purpose=profile.purpose.value,
        stack_level=profile.stack_level,
        kind=profile.kind.value,
        recurrency=profile.recurrency and profile.recurrency.value,
        valid_from=views.moment(profile.from_ms or 0),
        valid_to=views.moment(profile.to_ms or 0),
        transaction_id=profile.transaction_id or None,
        schedule=_said(
            unit=schedule.unit.value,
            start=views.moment(schedule.start_ms or 0),
            duration_s=schedule.duration_s,
            min_rate=None if rate is None else str(decimal_of(rate)),
            periods=periods,
        ),
    )


def _said(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def listing(house: House, station_id: str) -> dict[str, Any]:
    """What the station should have, and what it last said that it has."""
    expected = [profile_view(one.evse_id, one.profile) for one in current(house.store, station_id)]
    report = house.store.get(ProfileReport, station_id)
    if report is None or not report.is_whole:
        asked = "none" if report is None else "awaited"
        return {"installed": expected, "report": {"state": asked}}
    ours = {(view["evse"], view["id"]): view for view in expected}
    told = [(one.source, profile_view(one.evse_id, one.profile)) for one in report.profiles]
    reported = {(view["evse"], view["id"]): view for source, view in told if source == "CSO"}
    missing = [list(key) for key in ours if key not in reported]
    unknown = [list(key) for key in reported if key not in ours]
    changed = [list(key) for key in ours if key in reported and ours[key] != reported[key]]
    return {
        "installed": expected,
        "report": {
            "state": "complete",
            "at": views.moment(report.at_ms),
            "profiles": [view | {"source": source} for source, view in told],
            "missing": missing,
            "unknown": unknown,
            "changed": changed,
        },
    }


def must_accept(station_id: str, asked: Asked, *good: str) -> None:
    """Raise the problem that came instead of one of the good words."""
    payload = answered(station_id, asked.done)
    if asked.status not in good:
        answer = msgspec.Raw(payload) if payload else None
        detail = f"station {station_id} answered {asked.status or 'something unreadable'}"
        raise Problem(409, detail, "station-refused", answer=answer)


@get("/stations/{station_id:str}/charging-profiles", opt=SEES)
async def list_charging_profiles(house: TheHouse, station_id: FromPath[str]) -> dict[str, Any]:
    """The profiles a station should have, and its last report with what is missing, unknown to us
    or changed there, each as [evse, id]."""
    station_of(house, station_id)
    return listing(house, station_id)


@put("/stations/{station_id:str}/charging-profiles", opt=RUNS)
async def put_charging_profile(
    house: TheHouse, station_id: FromPath[str], data: JSONBody[ProfileBody]
) -> dict[str, Any]:
    """Install a charging profile on a connected station; one of the same id is replaced."""
    station_of(house, station_id)
    profile = profile_from(data)
    smart_charging.link_of(house, station_id)
    with bad_request():
        await smart_charging.may_set(house, station_id, data.evse, profile)
    asked = await smart_charging.set_profile(house, station_id, data.evse, profile)
    must_accept(station_id, asked, "Accepted")
    return profile_view(data.evse, profile)


@delete("/stations/{station_id:str}/charging-profiles", opt=RUNS, status_code=200)
async def clear_charging_profiles(
    house: TheHouse,
    station_id: FromPath[str],
    profile_id: Annotated[int | None, QueryParameter(name="id", required=False)] = None,
    evse: Annotated[int | None, QueryParameter(required=False)] = None,
    purpose: Annotated[PurposeName | None, QueryParameter(required=False)] = None,
    stack_level: Annotated[int | None, QueryParameter(required=False)] = None,
) -> dict[str, Any]:
    """Clear one profile by its id, or all of an evse, purpose and stack level; none named: all."""
    station_of(house, station_id)
    which = Purpose(purpose) if purpose is not None else None
    clear = Clear(station_id, profile_id, evse, which, stack_level)
    asked, _ = await smart_charging.clear_profiles(house, clear)
    must_accept(station_id, asked, "Accepted", "Unknown")
    return {"status": asked.status, **listing(house, station_id)}


@post("/stations/{station_id:str}/charging-profiles/report", opt=RUNS, status_code=202)
async def report_charging_profiles(house: TheHouse, station_id: FromPath[str]) -> dict[str, Any]:
    """Ask a station of OCPP 2.x which profiles it has; the list shows them once they came."""
    station_of(house, station_id)
    asked = await smart_charging.begin_report(house, station_id)
    must_accept(station_id, asked, "Accepted", "NoProfiles")
    return listing(house, station_id)


@get("/stations/{station_id:str}/composite-schedule", opt=RUNS)
async def composite_schedule(
    house: TheHouse,
    station_id: FromPath[str],
    evse: Annotated[int, QueryParameter(ge=1, le=1_000)],
    duration_s: Annotated[int, QueryParameter(ge=1, le=DURATION_S_MAX)],
    unit: Annotated[UnitName, QueryParameter(required=False)] = "A",
    volts: Annotated[int, QueryParameter(ge=1, le=2_000, required=False)] = 230,
    phases: Annotated[int, QueryParameter(ge=1, le=3, required=False)] = 3,
) -> dict[str, Any]:
    """The limits of an evse from now on, computed here and asked of the station, and where the two
    differ; ``volts`` and ``phases`` are its supply, between which W and A are converted."""
    station = station_of(house, station_id)
    if station.evse(evse) is None:
        raise Problem(400, f"evse: station {station_id} has no evse {evse}", "bad-request")
    place = Place(evse, 0, volts=volts, phases=phases)
    with bad_request():
        found = await smart_charging.compose(house, station_id, place, duration_s, RateUnit(unit))
    return composite_view(found, RateUnit(unit))


def composite_view(found: Composed, unit: RateUnit) -> dict[str, Any]:
    """Both schedules with their differences; periods count from ``start``."""

    def seconds(at_ms: int) -> int:
        return (at_ms - found.start_ms) // MS_PER_S

    def period(at_ms: int, limit: str | None, phases: int | None) -> dict[str, Any]:
        return {"start_s": seconds(at_ms), "limit": limit, "phases": phases}

    ours = [
        period(span.start_ms, None, None)
        if span.limit is None
        else period(
            span.start_ms,
            str(decimal_of(in_unit(span.limit, unit, found.place))),
            span.limit.phases,
        )
        for span in found.ours
    ]
    station = None
    if found.theirs is not None:
        station = [
            period(one.start_ms, str(decimal_of(one.limit_milli)), one.phases)
            | {"unit": one.unit.value}
            for one in found.theirs
        ]
    return {
        "evse": found.place.evse_id,
        "start": views.moment(found.start_ms),
        "duration_s": seconds(found.end_ms),
        "unit": unit.value,
        "transaction_id": found.place.transaction_id or None,
        "ours": ours,
        "station": station,
        "problem": found.problem or None,
        "agrees": None if found.theirs is None else not found.differences,
        "differences": [
            {
                "start_s": seconds(one.start_ms),
                "end_s": seconds(one.end_ms),
                "unit": one.theirs.unit.value,
                "ours": str(decimal_of(in_unit(one.ours, one.theirs.unit, found.place))),
                "station": str(decimal_of(one.theirs.limit_milli)),
                "station_is": "above" if one.is_above(found.place) else "below",
            }
            for one in found.differences
        ],
    }


HANDLERS = (
    list_charging_profiles,
    put_charging_profile,
    clear_charging_profiles,
    report_charging_profiles,
    composite_schedule,
)
