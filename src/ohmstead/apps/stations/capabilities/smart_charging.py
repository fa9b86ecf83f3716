"""Charging profiles of a connected station: set, cleared, asked for, and composed beside ours."""

from __future__ import annotations

import contextlib
import secrets
from typing import Protocol

from ohmstead.apps.gateway.interface import Answered, Link
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.capabilities import profiles
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Commanded, NotConnected
from ohmstead.core.charging_profile import (
    ChargingProfile,
    Installed,
    Purpose,
    RateUnit,
    check_periods,
)
from ohmstead.core.composite import Difference, Place, Span, Theirs, composite, differences
from ohmstead.core.station_profiles import ProfileReport, StationProfiles
from ohmstead.errors import OperatorError, RemoteProtocolError
from ohmstead.flows.charging_profiles import (
    Clear,
    Install,
    cleared,
    current,
    installed,
    may_install,
    report_begins,
    running,
)
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Clock, Store
from ohmstead.units import MS_PER_S, mul_div_down
from ohmstead.wire.ocpp import v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.codec import Strictness, decode_response, encode
from ohmstead.wire.ocpp.faults import CallRefused

REQUEST_ID_MAX = 2**31 - 1
CLOCK_OFF_MS_MAX = 24 * 3_600_000  # a schedule that begins further off is not about now


class Desk(Protocol):
    """What is needed of a house."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def gateway(self) -> commands.Links: ...


class Asked(Frozen):
    """What became of a command, and the status word of its answer (empty: there is none)."""

    done: Commanded
    status: str = ""
    answer: Message | None = None


class Composed(Frozen):
    """The composite of an evse: ours, the station's if it gave one, and where they differ."""

    place: Place
    start_ms: int
    end_ms: int
    ours: tuple[Span, ...]
    theirs: tuple[Theirs, ...] | None
    problem: str  # why there is no answer of the station
    differences: tuple[Difference, ...]


def link_of(desk: Desk, station_id: str) -> Link:
    """The open connection; raises NotConnected."""
    link = desk.gateway.link(station_id)
    if link is None:
        raise NotConnected(f"station {station_id} is not connected; try again when it is back")
    return link


def words_of(link: Link) -> Version:
    """Whose words to use: 2.1 took the capability messages over from 2.0.1."""
    return Version.V16 if link.version is Version.V16 else Version.V201


async def ask(desk: Desk, station_id: str, action: str, request: Message) -> Asked:
    """Send a request and read the status of its answer."""
    version = words_of(link_of(desk, station_id))
    done = await commands.command(desk.gateway, station_id, action, encode(request))
    if not isinstance(done.outcome, Answered) or done.problem:
        return Asked(done)
    try:
        answer = decode_response(version, action, done.payload, Strictness.LENIENT)
    except CallRefused as error:
        return Asked(replace(done, problem=f"the station's answer: {error.description}"))
    status = getattr(answer, "status", None)
    return Asked(done, getattr(status, "value", ""), answer)


async def may_set(desk: Desk, station_id: str, evse_id: int, profile: ChargingProfile) -> None:
    """Raise OperatorError naming the rule that a profile breaks, before anything is sent."""
    is_16 = words_of(link_of(desk, station_id)) is Version.V16
    await desk.store.run(may_install, Install(station_id, evse_id, profile, is_16))


async def set_profile(desk: Desk, station_id: str, evse_id: int, profile: ChargingProfile) -> Asked:
    """Install a profile that ``may_set``; it is written down once the station accepted it."""
    version = words_of(link_of(desk, station_id))
    request = profiles.set_request(version, evse_id, profile)
    asked = await ask(desk, station_id, "SetChargingProfile", request)
    if asked.status == "Accepted":
        wanted = Install(station_id, evse_id, profile, version is Version.V16)
        await desk.store.run(installed, wanted)
    return asked


async def clear_profiles(desk: Desk, clear: Clear) -> tuple[Asked, StationProfiles | None]:
    """Clear profiles; ``Unknown`` means that the station has none such, so neither have we."""
    request = profiles.clear_request(words_of(link_of(desk, clear.station_id)), clear)
    asked = await ask(desk, clear.station_id, "ClearChargingProfile", request)
    if asked.status not in ("Accepted", "Unknown"):
        return asked, None
    return asked, await desk.store.run(cleared, clear)


async def begin_report(desk: Desk, station_id: str) -> Asked:
    """Ask a 2.x station which profiles it has; they come as ReportChargingProfiles."""
    link = link_of(desk, station_id)
    if link.version is Version.V16:
        raise commands.BadCommand(
            "OCPP 1.6 cannot list its charging profiles; ask for the composite schedule instead"
        )
    request_id = secrets.randbelow(REQUEST_ID_MAX) + 1
    await desk.store.run(report_begins, ProfileReport(station_id, request_id))
    request = v201.GetChargingProfilesRequest(
        request_id=request_id, charging_profile=v201.ChargingProfileCriterionType()
    )
    with speaking(because("its charging profiles are read")):
        asked = await ask(desk, station_id, "GetChargingProfiles", request)
    if asked.status == "NoProfiles":
        empty = ProfileReport(station_id, request_id, is_whole=True)
        await desk.store.run(report_begins, empty)
    return asked


async def compose(
    desk: Desk, station_id: str, supply: Place, duration_s: int, unit: RateUnit
) -> Composed:
    """Compute the composite of an evse and ask its station for its own."""
    store, evse_id = desk.store, supply.evse_id
    # Whole seconds, because OCPP counts periods in them.
    start_ms = mul_div_down(desk.clock.now_ms(), 1, MS_PER_S) * MS_PER_S
    theirs: tuple[Theirs, ...] | None = None
    problem = ""
    try:
        request = profiles.composite_request(
            words_of(link_of(desk, station_id)), evse_id, duration_s, unit
        )
        with speaking(because("its composite schedule is read")):
            asked = await ask(desk, station_id, "GetCompositeSchedule", request)
        found = profiles.composite_of(asked.answer, start_ms) if asked.answer else None
        if found is not None and abs(found[0] - start_ms) > CLOCK_OFF_MS_MAX:
            problem = "the station's composite schedule begins on another day; set its clock"
        elif found is not None:
            start_ms, theirs = found
        else:
            said = asked.status or asked.done.problem or type(asked.done.outcome).__name__
            problem = f"the station gave no composite schedule: {said}"
    except (NotConnected, RemoteProtocolError) as error:
        problem = str(error)
    end_ms = start_ms + duration_s * MS_PER_S
    session = running(store, station_id, evse_id)
    place = replace(
        supply,
        began_ms=session.started_ms if session is not None else start_ms,
        transaction_id=session.transaction_id if session is not None else "",
    )
    applying = (*current(store, station_id), *from_outside(store, station_id))
    ours = composite(applying, place, start_ms, end_ms)
    other = differences(ours, theirs, place, end_ms) if theirs is not None else ()
    return Composed(place, start_ms, end_ms, ours, theirs, problem, other)


def from_outside(store: Store, station_id: str) -> tuple[Installed, ...]:
    """The constraints that others than us have put on a station, as it last reported them; one
    that breaks the rules of a schedule says nothing."""
    report = store.get(ProfileReport, station_id)
    found = []
    for one in report.profiles if report is not None else ():
        if report is None or one.profile.purpose is not Purpose.EXTERNAL:
            continue
        with contextlib.suppress(OperatorError):
            check_periods(one.profile.schedule, is_16=False)
            found.append(Installed(one.evse_id, one.profile, report.at_ms))
    return tuple(found)
