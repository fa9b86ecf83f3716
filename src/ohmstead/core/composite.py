"""The composite schedule: what all charging profiles together let one evse draw, over time.

1.6 section 3.13 and 2.0.1 K01/K08: at every moment, among the profiles of one purpose
that say something about it, the highest stack level leads; one for an evse leads before one for the
whole station; a TxProfile leads before a TxDefaultProfile; what leads is cut to the least of the
station's maximum and the constraints from outside.

Limits of different units and phases meet in power. The fewest phases any of them allows are the
phases; an ampere limit is taken over those phases; so the result is above none of them in either
unit. Whole numbers throughout: power in mW, and W to A rounds down.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from ohmstead.core.charging_profile import (
    PHASES,
    Installed,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
)
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen
from ohmstead.units import MS_PER_S, mul_div_down

CHANGES_MAX = 4_096  # moments at which some limit may change, in one composite
TENTH_MILLI = 100
_EVERY_MS = {Recurrency.DAILY: 86_400 * MS_PER_S, Recurrency.WEEKLY: 7 * 86_400 * MS_PER_S}
_OF_TX = (Purpose.TX, Purpose.TX_DEFAULT)


class Place(Frozen):
    """The evse a composite is for, its supply, and the transaction that runs there now if any.

    ``began_ms`` is what relative schedules count from; without a transaction it is the moment from
    which one is imagined. ``volts`` is between a phase and neutral.
    """

    evse_id: int
    began_ms: int
    transaction_id: str = ""
    volts: int = 230
    phases: int = PHASES


class Limit(Frozen):
    """The most that may be drawn: in mW over ``phases``."""

    power_mw: int
    phases: int


class Span(Frozen):
    """From ``start_ms`` on this limit, until the next span; None: no profile says anything."""

    start_ms: int
    limit: Limit | None


def composite(
    installed: Iterable[Installed], place: Place, from_ms: int, to_ms: int
) -> tuple[Span, ...]:
    """The limits at an evse from ``from_ms`` until before ``to_ms``; neighbours differ.

    Raises OperatorError where more than CHANGES_MAX moments would have to be looked at.
    """
    found = [one for one in installed if _concerns(one, place)]
    found.sort(key=lambda one: (one.evse_id == 0, -one.profile.stack_level, one.profile.id))
    moments = {from_ms}
    for one in found:
        for moment in _changes(one, place, from_ms, to_ms):
            moments.add(moment)
            if len(moments) > CHANGES_MAX:
                raise OperatorError(
                    f"more than {CHANGES_MAX} changes in this time; ask for a shorter duration"
                )
    spans: list[Span] = []
    for moment in sorted(moments):
        limit = limit_at(found, place, moment)
        if not spans or spans[-1].limit != limit:
            spans.append(Span(moment, limit))
    return tuple(spans) if from_ms < to_ms else ()


def limit_at(ordered: list[Installed], place: Place, at_ms: int) -> Limit | None:
    """The limit at one moment, of profiles ordered by who leads."""
    leading: dict[tuple[Purpose, bool], tuple[RateUnit, Period]] = {}
    for one in ordered:
        # A constraint from outside holds at its evse and at the whole station: both count.
        scope = (one.profile.purpose, one.profile.purpose is Purpose.EXTERNAL and one.evse_id > 0)
        if scope in leading:
            continue
        period = period_at(one, place, at_ms)
        if period is not None:
            leading[scope] = (one.profile.schedule.unit, period)
    if (Purpose.TX, False) in leading:
        leading.pop((Purpose.TX_DEFAULT, False), None)
    return _least(list(leading.values()), place) if leading else None


def in_unit(limit: Limit, unit: RateUnit, place: Place) -> int:
    """A limit in thousandths of W, or of A on each phase, rounded down."""
    if unit is RateUnit.W:
        return limit.power_mw
    return mul_div_down(limit.power_mw, 1, place.volts * limit.phases)


def power_mw(unit: RateUnit, limit_milli: int, phases: int, place: Place) -> int:
    """A limit in mW, exactly."""
    return limit_milli if unit is RateUnit.W else limit_milli * place.volts * phases


class Theirs(Frozen):
    """From ``start_ms`` on, what a station says its limit is, in its own unit."""

    start_ms: int
    unit: RateUnit
    limit_milli: int
    phases: int | None = None


class Difference(Frozen):
    """From ``start_ms`` until before ``end_ms`` a station's limit is not ours."""

    start_ms: int
    end_ms: int
    ours: Limit
    theirs: Theirs

    def is_above(self, place: Place) -> bool:
        """Whether the station would draw more than its profiles allow."""
        return _their_power_mw(self.theirs, self.ours, place) > self.ours.power_mw


def differences(
    ours: tuple[Span, ...], theirs: tuple[Theirs, ...], place: Place, to_ms: int
) -> tuple[Difference, ...]:
    """Where two schedules differ by a tenth of a unit or more, which is what 1.6 can write.

    Where no profile says anything a station is free to name a limit of its own.
    """
    moments = sorted({span.start_ms for span in ours} | {item.start_ms for item in theirs})
    found = []
    for at, moment in enumerate(moments):
        mine = [span.limit for span in ours if span.start_ms <= moment]
        its = [item for item in theirs if item.start_ms <= moment]
        end_ms = moments[at + 1] if at + 1 < len(moments) else to_ms
        if not mine or mine[-1] is None or not its or moment >= to_ms:
            continue
        limit, said = mine[-1], its[-1]
        tenth_mw = power_mw(said.unit, TENTH_MILLI, limit.phases, place)
        if abs(_their_power_mw(said, limit, place) - limit.power_mw) >= tenth_mw:
            found.append(Difference(moment, end_ms, limit, said))
    return tuple(found)


def _their_power_mw(said: Theirs, ours: Limit, place: Place) -> int:
    return power_mw(said.unit, said.limit_milli, said.phases or ours.phases, place)


def _least(limits: list[tuple[RateUnit, Period]], place: Place) -> Limit:
    phases = min([period.phases or PHASES for _, period in limits] + [place.phases])
    powers = [power_mw(unit, period.limit_milli, phases, place) for unit, period in limits]
    return Limit(min(powers), phases)


def _concerns(one: Installed, place: Place) -> bool:
    if one.profile.purpose is Purpose.TX:
        same = one.profile.transaction_id == place.transaction_id
        return one.evse_id == place.evse_id and bool(place.transaction_id) and same
    return one.evse_id in (0, place.evse_id)


def _base(one: Installed, place: Place) -> int:
    """The moment from which the first run of a schedule counts."""
    start_ms = one.profile.schedule.start_ms
    if start_ms is not None and one.profile.kind is not ProfileKind.RELATIVE:
        return start_ms
    # 1.6 7.13: without startSchedule "relative to start of charging"; a limit of the whole station
    # has no such start and counts from when it was taken.
    return place.began_ms if one.profile.purpose in _OF_TX else one.installed_ms


def period_at(one: Installed, place: Place, at_ms: int) -> Period | None:
    """What a profile says about a moment; None before, after and outside its validity."""
    profile, schedule = one.profile, one.profile.schedule
    if profile.from_ms is not None and at_ms < profile.from_ms:
        return None
    if profile.to_ms is not None and at_ms >= profile.to_ms:
        return None
    since_ms = at_ms - _base(one, place)
    if since_ms < 0:
        return None
    if profile.recurrency is not None:
        since_ms %= _EVERY_MS[profile.recurrency]
    if schedule.duration_s is not None and since_ms >= schedule.duration_s * MS_PER_S:
        return None
    at = bisect_right(schedule.periods, since_ms, key=lambda period: period.start_s * MS_PER_S)
    return schedule.periods[at - 1] if at else None


def _changes(one: Installed, place: Place, from_ms: int, to_ms: int) -> Iterator[int]:
    """The moments after ``from_ms`` and before ``to_ms`` at which a profile may say another."""
    profile, schedule = one.profile, one.profile.schedule
    ends = [] if schedule.duration_s is None else [schedule.duration_s]
    offsets = [period.start_s for period in schedule.periods] + ends
    base = _base(one, place)
    every = _EVERY_MS[profile.recurrency] if profile.recurrency is not None else 0
    if every and from_ms > base:
        base += every * mul_div_down(from_ms - base, 1, every)
    edges = [edge for edge in (profile.from_ms, profile.to_ms) if edge is not None]
    yield from (edge for edge in edges if from_ms < edge < to_ms)
    while base < to_ms:
        for offset in offsets:
            moment = base + offset * MS_PER_S
            # What lies beyond the next run of a recurring schedule never comes.
            if from_ms < moment < to_ms and (not every or moment < base + every):
                yield moment
        if not every:
            return
        base += every
