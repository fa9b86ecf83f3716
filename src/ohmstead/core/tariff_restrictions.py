"""When a tariff element applies, and a session cut into the periods in which nothing changes.

OCPI 2.2.1 mod_tariffs, TariffRestrictions: times and dates are local to the location, the others
count from the start of the session. The zone arrives as a ``tzinfo``; core loads none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TypeVar

from ohmstead.frozen import Frozen
from ohmstead.units import MS_PER_HOUR, mul_div_down, mul_div_up

MOMENT_MS_MAX = 253_370_764_800_000  # 9999-01-01: later than that datetime has no tomorrow
SESSION_MS_MAX = 400 * 24 * MS_PER_HOUR  # longer is a broken clock, not a session
MINUTES_PER_HOUR = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
T = TypeVar("T", int, date)


class Restrictions(Frozen):
    """All must hold; a minimum is inclusive and a maximum exclusive; None restricts nothing.

    Minutes count from local midnight; an end at or before its start lies on the next day, so 22:00
    to 06:00 is a night and 00:00 to 00:00 a whole day. Weekdays are 0 (Monday) to 6 and, like the
    dates, are those of the moment itself: Friday's night ends with Friday. An element with a
    ``reservation`` prices reservations and never a session.
    """

    start_minute: int | None = None
    end_minute: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    weekdays: tuple[int, ...] = ()
    min_mwh: int | None = None
    max_mwh: int | None = None
    min_power_mw: int | None = None  # milliwatts
    max_power_mw: int | None = None
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    reservation: str | None = None

    @property
    def is_local(self) -> bool:
        """True when the answer depends on the local clock or calendar."""
        clock = (self.start_minute, self.end_minute, self.start_date, self.end_date)
        return bool(self.weekdays) or clock != (None, None, None, None)

    def match(self, local: datetime, used_mwh: int, elapsed_ms: int, power_mw: int) -> bool:
        """Whether the element applies at ``local`` time, after this much energy and time."""
        return (
            self.reservation is None
            and self._time_of_day_matches(local.hour * MINUTES_PER_HOUR + local.minute)
            and _within(self.start_date, local.date(), self.end_date)
            and (not self.weekdays or local.weekday() in self.weekdays)
            and _within(self.min_mwh, used_mwh, self.max_mwh)
            and _within(self.min_power_mw, power_mw, self.max_power_mw)
            and _within(self.min_duration_ms, elapsed_ms, self.max_duration_ms)
        )

    def _time_of_day_matches(self, minute: int) -> bool:
        start = self.start_minute or 0
        if self.end_minute is None:
            return minute >= start
        if start < self.end_minute:
            return start <= minute < self.end_minute
        # 2.2.1: "If end_time < start_time then the period wraps around to the next day."
        return minute >= start or minute < self.end_minute


def _within(low: T | None, value: T, high: T | None) -> bool:
    return (low is None or low <= value) and (high is None or value < high)


class Usage(Frozen):
    """What a session used: moments in ms since 1970, ``points`` of (at_ms, register in mWh).

    Points lie within the session and neither time nor register runs backwards (ValueError
    otherwise: doubt belongs to a review, not to a price). Energy between two points flows evenly.
    From ``charging_end_ms`` on the car is parked; None means it charged until the end.
    """

    start_ms: int
    end_ms: int
    points: tuple[tuple[int, int], ...]
    charging_end_ms: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms <= self.end_ms <= MOMENT_MS_MAX:
            raise ValueError(f"a session from {self.start_ms} to {self.end_ms} ms is no time span")
        if self.end_ms - self.start_ms > SESSION_MS_MAX:
            raise ValueError(f"a session of {self.end_ms - self.start_ms} ms is too long to price")
        if not self.start_ms <= self.charging_ends_ms <= self.end_ms:
            raise ValueError(f"charging ends at {self.charging_end_ms} ms, outside its session")
        before_ms, before_mwh = self.start_ms, 0
        for at_ms, register_mwh in self.points:
            if not before_ms <= at_ms <= self.end_ms:
                raise ValueError(f"a reading at {at_ms} ms is out of order or outside its session")
            if register_mwh < before_mwh:
                raise ValueError(f"the register runs back from {before_mwh} to {register_mwh} mWh")
            before_ms, before_mwh = at_ms, register_mwh

    @property
    def charging_ends_ms(self) -> int:
        return self.end_ms if self.charging_end_ms is None else self.charging_end_ms

    @property
    def energy_mwh(self) -> int:
        return self.points[-1][1] - self.points[0][1] if self.points else 0


class Period(Frozen):
    """A stretch of a session during which no restriction changes its answer."""

    start_ms: int
    energy_mwh: int = 0
    charging_ms: int = 0
    parking_ms: int = 0
    power_mw: int = 0  # milliwatts, mean between the two readings around it


def to_local(at_ms: int, zone: tzinfo) -> datetime:
    """The local wall clock at ``at_ms``, exact to the millisecond."""
    return (_EPOCH + at_ms * _MS).astimezone(zone)


def cut(usage: Usage, restrictions: Iterable[Restrictions], zone: tzinfo) -> list[Period]:
    """Cut a session wherever one of ``restrictions`` may change its answer.

    Volumes of the periods sum to those of the usage exactly, however many cuts there are.
    """
    rules = list(restrictions)
    start, end = usage.start_ms, usage.end_ms
    times = {usage.charging_ends_ms}
    if any(rule.is_local for rule in rules):
        minutes = {m for rule in rules for m in (rule.start_minute, rule.end_minute) if m}
        times |= _local_cuts(start, end, minutes, zone)
    for rule in rules:
        times |= {start + ms for ms in (rule.min_duration_ms, rule.max_duration_ms) if ms}
    levels = {mwh for rule in rules for mwh in (rule.min_mwh, rule.max_mwh) if mwh}

    base = usage.points[0][1] if usage.points else 0
    samples = [(start, 0), *((at, register - base) for at, register in usage.points)]
    samples.append((end, usage.energy_mwh))
    periods: list[Period] = []
    for (t0, e0), (t1, e1) in pairwise(samples):
        power_mw = mul_div_down(e1 - e0, MS_PER_HOUR, t1 - t0) if t1 > t0 else 0
        inner = [(t, e0 + mul_div_down(e1 - e0, t - t0, t1 - t0)) for t in times if t0 < t < t1]
        inner += [(t0 + mul_div_up(t1 - t0, e - e0, e1 - e0), e) for e in levels if e0 < e < e1]
        knots = [(t0, e0), *sorted(inner), (t1, e1)]
        for (at, used), (until, used_then) in pairwise(knots):
            span = until - at
            spans = (span, 0) if at < usage.charging_ends_ms else (0, span)
            if span or used_then > used:
                periods.append(Period(at, used_then - used, *spans, power_mw))
    return periods or [Period(start)]


def _local_cuts(start_ms: int, end_ms: int, minutes: set[int], zone: tzinfo) -> set[int]:
    """Every instant at which a local minute of the day, a day or an offset to UTC begins."""
    cuts = {start_ms, end_ms}
    day, last = to_local(start_ms, zone).date(), to_local(end_ms, zone).date()
    while day <= last:
        for minute in minutes | {0}:
            hour, rest = divmod(minute, MINUTES_PER_HOUR)
            for fold in (0, 1):  # in autumn an hour strikes twice
                wall = datetime(day.year, day.month, day.day, hour, rest, tzinfo=zone, fold=fold)
                cuts.add((wall - _EPOCH) // _MS)
        day += timedelta(days=1)
    inside = sorted(at for at in cuts if start_ms <= at <= end_ms)
    # In spring an hour does not strike at all: what begins within it begins when the clocks jump.
    for low, high in pairwise(inside):
        offset = to_local(low, zone).utcoffset()
        if to_local(high, zone).utcoffset() != offset:
            while high - low > 1:
                middle = (low + high) // 2
                if to_local(middle, zone).utcoffset() == offset:
                    low = middle
                else:
                    high = middle
            cuts.add(high)
    return cuts
