"""Prices by the examples of OCPI, by the shared vectors, by an oracle, and on odd days."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.tariff import (
    Component,
    Dimension,
    Element,
    Period,
    Restrictions,
    Rounding,
    Tariff,
    Usage,
    price,
    price_periods,
    worst_case_minor,
)
from ohmstead.core.tariff_ocpi import TariffError, parse_ocpi_tariff
from ohmstead.core.tariff_restrictions import SESSION_MS_MAX, cut
from ohmstead.units import Asset, Price

E6 = Asset("EUR", 6)
ZURICH, AMSTERDAM = ZoneInfo("Europe/Zurich"), ZoneInfo("Europe/Amsterdam")
MIN, HOUR, KWH = 60_000, 3_600_000, 1_000_000
FLAT, ENERGY, TIME, PARKING = Dimension


def ms(text: str, zone=UTC) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()) * 1_000


def component(dimension: Dimension, value: int, scale: int = 2, step: int = 1) -> Component:
    return Component(dimension, Price(value, scale), step)


def tariff(*elements: Element | Component, asset: Asset = E6, **rest) -> Tariff:
    wrapped = [e if isinstance(e, Element) else Element((e,)) for e in elements]
    return Tariff("t", asset, tuple(wrapped), **rest)


def session(start: str, *legs: tuple[int, int], parked: int = 0, zone=ZURICH) -> Usage:
    """From a local time, legs of (minutes, kWh in mWh), then minutes of parking."""
    begin = at = ms(start, zone)
    register = 7 * KWH
    points = [(at, register)]
    for minutes, mwh in legs:
        at, register = at + minutes * MIN, register + mwh
        points.append((at, register))
    return Usage(begin, at + parked * MIN, tuple(points), at)


def load(path) -> object:
    return json.loads(path.read_text(), parse_float=Decimal)


def shared_tariff(shared, name: str, asset: Asset = E6) -> Tariff:
    return parse_ocpi_tariff(load(shared / "vectors" / "tariffs" / name / "tariff.json"), asset)


# --- The shared vectors: CDRs with the volumes and totals that somebody else computed ---

CDRS = {
    "025kwh_min_price/cdr1.json": "5.0",
    # The record reports 0.30 and forgets the tariff's min_price of 0.50. OCPI 2.2.1, example
    # "0.25 euro per kWh + minimum price": "if less than 2 kWh is charged, 0.50 euro".
    "025kwh_min_price/cdr2_less_than_2kWh.json": "0.5",
    "025kwh_start/cdr1.json": "5.5",
    "simple_025kwh/cdr1.json": "5.0",
    "simple_3hour_5parking/cdr1.json": "11.25",
    "step_size/cdr1.json": "0.5502",
    "step_size_energy/cdr1.json": "30",
}
REPORTED_BELOW_ITS_MINIMUM = "025kwh_min_price/cdr2_less_than_2kWh.json"
VOLUMES = {"ENERGY": ("energy_mwh", KWH), "TIME": ("charging_ms", HOUR)}
VOLUMES |= {"PARKING_TIME": ("parking_ms", HOUR)}
TOTALS = {"energy": [ENERGY], "time": [TIME], "parking": [PARKING], "fixed": [FLAT]}


def periods_of(cdr: dict) -> list[Period]:
    periods = []
    for one in cdr["charging_periods"]:
        volumes = {}
        for dimension in one["dimensions"]:
            name, unit = VOLUMES[dimension["type"]]
            volumes[name] = int(Decimal(dimension["volume"]) * unit)
        periods.append(Period(ms(one["start_date_time"].replace("Z", "+00:00")), **volumes))
    return periods


def euros(minor: int, like: Decimal) -> Decimal:
    """The amount with as many decimals as the record prints."""
    return Decimal(minor).scaleb(-6).quantize(Decimal(like))


@pytest.mark.parametrize(("name", "total"), CDRS.items())
def test_a_shared_cdr_prices_to_its_total(shared, name, total) -> None:
    folder = shared / "vectors" / "tariffs"
    cdr = load(folder / name)
    priced = price_periods(shared_tariff(shared, name.split("/")[0]), periods_of(cdr), AMSTERDAM)
    assert euros(priced.total_minor, Decimal(total)) == Decimal(total)
    reported = Decimal(cdr["total_cost"]["excl_vat"])
    if name == REPORTED_BELOW_ITS_MINIMUM:
        assert priced.adjustment_minor == 200_000
    else:
        assert priced.adjustment_minor == 0
        assert reported == Decimal(total)
    parts = 0
    for key, dimensions in TOTALS.items():
        if f"total_{key}_cost" in cdr:
            part = sum(line.minor for line in priced.lines if line.dimension in dimensions)
            expected = Decimal(cdr[f"total_{key}_cost"]["excl_vat"])
            assert euros(part, expected) == expected
            parts += part
    assert euros(parts, reported) == reported


def test_every_shared_cdr_is_in_the_table(shared) -> None:
    folder = shared / "vectors" / "tariffs"
    assert {str(p.relative_to(folder)) for p in folder.glob("*/cdr*.json")} == set(CDRS)


REFUSED = {
    "misspelled_field": r"elements\[0\].restrictions.dayOfWeek: no such field",
    "complex": r"elements\[1\].restrictions.max_current: cannot be honoured",
}


def test_every_shared_tariff_is_read_or_refused_by_name(shared) -> None:
    names = sorted(p.parent.name for p in (shared / "vectors" / "tariffs").glob("*/tariff.json"))
    assert len(names) == 21
    for name in names:
        if name in REFUSED:
            with pytest.raises(TariffError, match=REFUSED[name]):
                shared_tariff(shared, name)
        else:
            assert shared_tariff(shared, name).free_of_charge == (name == "free_of_charge")


# --- The examples in the text of OCPI, from meter readings rather than from volumes ---

MONDAY = "2026-11-16T"
EXAMPLES = [
    ("025kwh_parking_start", session(MONDAY + "10:00", (60, 20 * KWH), parked=40), 7_000_000),
    ("025kwh_start_max_price", session(MONDAY + "10:00", (60, 50 * KWH)), 10_000_000),
    ("025kwh_start_max_price", session(MONDAY + "10:00", (60, 30 * KWH)), 8_000_000),
    ("025kwh_min_price", session(MONDAY + "10:00", (60, KWH)), 500_000),
    ("alt_url", session(MONDAY + "10:00", (60, 20_450_000)), 5_625_000),
    ("alt_text", session(MONDAY + "10:00", (150, KWH)), 4_750_000),
    ("simple_2hour", session(MONDAY + "10:00", (150, KWH), parked=99), 5_000_000),
    ("simple_3hour_5parking", session(MONDAY + "10:00", (150, KWH), parked=42), 11_250_000),
    ("free_of_charge", session(MONDAY + "10:00", (150, 50 * KWH), parked=42), 0),
    ("reservation_5_euro_per_hour", session(MONDAY + "10:00", (60, 20 * KWH)), 5_500_000),
    ("restriction_example_max_duration",
     session(MONDAY + "10:00", (30, 5 * KWH), (10, 1_200_000)), 300_000),
    ("restriction_example_max_duration",
     session(MONDAY + "10:00", (30, 5 * KWH), (30, 4 * KWH), (60, 2 * KWH)), 1_800_000),
    # OCPI's figure takes the charging to last no time, as durations count from the session's start
    ("first_hour_kwh_free", session(MONDAY + "10:00", (0, 20 * KWH), parked=165), 7_300_000),
    # step_size, switching elements: 5 min at 1.20, 5 at 2.40, then 2 of parking billed as 15
    ("step_size", session(MONDAY + "16:55", (10, KWH), parked=2), 550_000),
    # 25 min at 1.20, then 10 at 2.40; 35 in all are billed as 45, the last 20 at 2.40
    ("step_size", session(MONDAY + "16:35", (35, KWH)), 1_300_000),
    # parking is free after 20:00, so TIME is the last relevant dimension: 10 billed as 15
    ("step_size", session(MONDAY + "19:55", (10, KWH), parked=2), 600_000),
]  # fmt: skip


@pytest.mark.parametrize(("name", "usage", "total"), EXAMPLES)
def test_an_example_of_ocpi_costs_what_ocpi_says(shared, name, usage, total) -> None:
    assert price(shared_tariff(shared, name), usage, ZURICH).total_minor == total


def test_the_first_kilowatt_hour_and_the_first_hour_are_free(shared) -> None:
    """20 kWh in one hour, then 2.75 h of parking: 19 kWh cost 3.80; of the parking, which begins
    one hour into the session, two hours cost 2.00 and 45 minutes 3.00 an hour: 6.25."""
    usage = session(MONDAY + "10:00", (60, 20 * KWH), parked=165)
    priced = price(shared_tariff(shared, "first_hour_kwh_free"), usage, ZURICH)
    assert [(line.dimension, line.billed, line.minor) for line in priced.lines] == [
        (ENERGY, KWH, 0),
        (ENERGY, 19 * KWH, 3_800_000),
        (PARKING, 120 * MIN, 4_000_000),
        (PARKING, 45 * MIN, 2_250_000),
    ]


def test_power_chooses_the_price() -> None:
    """OCPI's max_power example: 6 kW, then 48 kW, then 4 kW."""
    rates = tariff(
        Element((component(ENERGY, 20),), Restrictions(max_power_mw=16 * KWH)),
        Element((component(ENERGY, 35),), Restrictions(max_power_mw=32 * KWH)),
        component(ENERGY, 50),
    )
    usage = session(MONDAY + "08:00", (10, KWH), (50, 40 * KWH), (8, 500_000))
    assert price(rates, usage, ZURICH).total_minor == 200_000 + 20_000_000 + 100_000


# --- Restrictions, one by one: (restriction, local start, minutes) -> minutes in force ---

NIGHT = Restrictions(start_minute=22 * 60, end_minute=6 * 60)
EARLY = Restrictions(start_minute=60, end_minute=4 * 60)
GAP = Restrictions(start_minute=2 * 60 + 30, end_minute=5 * 60)
SUNDAY = Restrictions(weekdays=(6,))
WINDOWS = [
    (Restrictions(), "2026-11-16T10:00", 90, 90),
    (Restrictions(start_minute=630), "2026-11-16T10:00", 90, 60),
    (Restrictions(end_minute=630), "2026-11-16T10:00", 90, 30),
    (Restrictions(start_minute=0, end_minute=0), "2026-11-16T10:00", 1_500, 1_500),
    (Restrictions(start_minute=20 * 60, end_minute=0), "2026-11-16T19:00", 600, 240),
    (NIGHT, "2026-11-16T21:00", 600, 480),
    (NIGHT, "2026-11-16T05:00", 60 * 24, 480),
    (Restrictions(start_date=date(2026, 11, 17)), "2026-11-16T23:00", 120, 60),
    (Restrictions(end_date=date(2026, 11, 17)), "2026-11-16T23:00", 120, 60),
    (Restrictions(weekdays=(0,)), "2026-11-15T23:00", 60 * 48, 60 * 24),
    (Restrictions(min_duration_ms=30 * MIN), "2026-11-16T10:00", 90, 60),
    (Restrictions(max_duration_ms=30 * MIN), "2026-11-16T10:00", 90, 30),
    (Restrictions(reservation="RESERVATION"), "2026-11-16T10:00", 90, 0),
    # 2026-03-29 has 23 hours: 02:00 to 03:00 does not happen
    (SUNDAY, "2026-03-28T12:00", 60 * 48, 60 * 23),
    (EARLY, "2026-03-29T00:00", 60 * 12, 120),
    (GAP, "2026-03-29T00:00", 60 * 12, 120),
    (NIGHT, "2026-03-28T20:00", 60 * 12, 60 * 7),
    # 2026-10-25 has 25 hours: 02:00 to 03:00 happens twice
    (SUNDAY, "2026-10-24T12:00", 60 * 48, 60 * 25),
    (EARLY, "2026-10-25T00:00", 60 * 12, 60 * 4),
    (GAP, "2026-10-25T00:00", 60 * 12, 30 + 30 + 120),
    (NIGHT, "2026-10-24T20:00", 60 * 12, 60 * 9),
]


@pytest.mark.parametrize(("rule", "start", "minutes", "in_force"), WINDOWS)
def test_a_restriction_is_in_force_for_these_minutes(rule, start, minutes, in_force) -> None:
    begin = ms(start, ZURICH)
    usage = Usage(begin, begin + minutes * MIN, ())
    priced = price(tariff(Element((component(TIME, 100),), rule)), usage, ZURICH)
    assert sum(line.measured for line in priced.lines) == in_force * MIN
    assert priced.covered == (in_force > 0)


def test_energy_thresholds_cut_exactly_where_they_are_crossed() -> None:
    rates = tariff(
        Element((component(ENERGY, 10),), Restrictions(max_mwh=1_000_001)),
        Element((component(ENERGY, 20),), Restrictions(min_mwh=1_000_001)),
    )
    priced = price(rates, session(MONDAY + "10:00", (7, 3 * KWH)), ZURICH)
    assert [line.measured for line in priced.lines] == [1_000_001, 1_999_999]


def test_a_threshold_and_the_clock_may_cut_between_the_same_two_readings() -> None:
    rates = tariff(
        Element((component(ENERGY, 10),), Restrictions(max_mwh=2 * KWH)),
        Element((component(ENERGY, 30),), Restrictions(start_minute=600)),
        component(ENERGY, 20),
    )
    priced = price(rates, session(MONDAY + "09:30", (60, 10 * KWH)), ZURICH)
    volumes = {line.element: line.measured for line in priced.lines}
    assert volumes == {0: 2 * KWH, 2: 3 * KWH, 1: 5 * KWH}


# --- Rounding, bounds, holes ---


@pytest.mark.parametrize(
    ("rounding", "minor"), [(Rounding.DOWN, 12), (Rounding.HALF_EVEN, 12), (Rounding.UP, 13)]
)
@pytest.mark.parametrize("energy", [500_000])
def test_half_a_cent_goes_where_the_policy_says(rounding, minor, energy) -> None:
    rates = tariff(component(ENERGY, 25), asset=Asset("EUR", 2), rounding=rounding)
    priced = price(rates, session(MONDAY + "10:00", (60, energy)), ZURICH)
    assert (priced.total_minor, priced.rounding) == (minor, rounding)


@given(st.integers(0, 10**12), st.integers(0, 10**6), st.integers(0, 18), st.integers(0, 18))
def test_rounding_is_that_of_exact_fractions(volume, value, price_scale, asset_scale) -> None:
    volume -= volume % 1_000  # whole watt-hours: the step adds nothing
    exact = Fraction(volume * value * 10**asset_scale, KWH * 10**price_scale)
    wanted = {
        Rounding.DOWN: int(exact),
        Rounding.HALF_EVEN: round(exact),
        Rounding.UP: -int(-exact // 1),
    }
    for rounding, minor in wanted.items():
        rates = tariff(
            component(ENERGY, value, price_scale),
            asset=Asset("X", asset_scale),
            rounding=rounding,
            free_of_charge=value == 0,
        )
        priced = price_periods(rates, [Period(0, energy_mwh=volume)], UTC)
        assert priced.total_minor == minor


def test_a_hole_in_the_tariff_is_visible() -> None:
    rates = tariff(Element((component(ENERGY, 25),), Restrictions(weekdays=(6,))))
    priced = price(rates, session(MONDAY + "10:00", (60, KWH)), ZURICH)
    assert (priced.total_minor, priced.lines, priced.covered) == (0, (), False)


def test_nothing_used_is_covered_and_costs_only_the_start() -> None:
    rates = tariff(component(FLAT, 50), component(ENERGY, 25))
    priced = price(rates, Usage(5, 5, ()), ZURICH)
    assert (priced.total_minor, priced.covered) == (500_000, True)


def test_the_start_is_charged_once_at_the_rate_of_its_moment() -> None:
    rates = tariff(
        Element((component(FLAT, 100),), Restrictions(max_duration_ms=HOUR)),
        component(FLAT, 900),
    )
    priced = price(rates, session(MONDAY + "10:00", (180, KWH)), ZURICH)
    assert [(line.element, line.minor) for line in priced.lines] == [(0, 1_000_000)]


BAD_TARIFFS = [
    (lambda: tariff(component(ENERGY, 0)), "must say free_of_charge"),
    (lambda: tariff(component(ENERGY, 1), free_of_charge=True), "must say free_of_charge"),
    (lambda: tariff(), "1 to 100 elements"),
    (lambda: tariff(component(FLAT, 1), min_price_minor=2, max_price_minor=1), "min_price"),
    (lambda: tariff(component(FLAT, 1), min_price_minor=-1), "min_price"),
    (lambda: Element(()), "one component or more"),
    (lambda: Element((component(FLAT, 1), component(FLAT, 2))), "each of another dimension"),
    (lambda: component(TIME, 1, step=0), "step_size of TIME"),
]


@pytest.mark.parametrize(("make", "message"), BAD_TARIFFS)
def test_a_tariff_that_contradicts_itself_is_refused(make, message) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_tariff_is_valid_between_its_dates(shared) -> None:
    until = ms("2019-06-30T23:59:59")
    rates = shared_tariff(shared, "025kwh_start_max_price")
    assert [rates.is_valid_at(at) for at in (0, until, until + 1)] == [True, True, False]
    later = tariff(component(FLAT, 1), valid_from_ms=10)
    assert [later.is_valid_at(at) for at in (9, 10)] == [False, True]


BAD_USAGES = [
    ((-1, 5, ()), "no time span"),
    ((6, 5, ()), "no time span"),
    ((0, 10**15, ()), "no time span"),
    ((0, SESSION_MS_MAX + 1, ()), "too long"),
    ((0, 5, (), 6), "outside its session"),
    ((3, 5, ((2, 0),)), "out of order or outside"),
    ((0, 5, ((6, 0),)), "out of order or outside"),
    ((0, 5, ((3, 0), (2, 0))), "out of order or outside"),
    ((0, 5, ((1, 9), (2, 8))), "runs back from 9 to 8 mWh"),
    ((0, 5, ((1, -1),)), "runs back"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_USAGES)
def test_a_usage_that_runs_backwards_is_refused(fields, message) -> None:
    with pytest.raises(ValueError, match=message):
        Usage(*fields)


# --- Properties ---

ZONES = st.sampled_from([ZURICH, UTC, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")])
# Around the two odd days of Europe and the ones of Lord Howe, and anywhere else.
STARTS = st.sampled_from(
    [ms("2026-03-28T20:00"), ms("2026-10-24T20:00"), ms("2026-04-04T10:00"), ms("2026-10-03T10:00")]
) | st.integers(0, 2_000_000_000_000).map(lambda at: at - at % MIN)


@st.composite
def usages(draw, minutes_max: int = 60 * 30) -> Usage:
    start = draw(STARTS)
    length = draw(st.integers(0, minutes_max))
    marks = sorted(draw(st.lists(st.integers(0, length), max_size=6)))
    register, points = draw(st.integers(0, 10**12)), []
    for mark in marks:
        points.append((start + mark * MIN, register))
        register += draw(st.integers(0, 30 * KWH))
    charging = start + draw(st.integers(0, length)) * MIN
    return Usage(start, start + length * MIN, tuple(points), charging)


minutes = st.none() | st.integers(0, 1_439)
optional_minutes_ms = st.none() | st.integers(0, 1_500).map(lambda m: m * MIN)
rules = st.builds(
    Restrictions,
    start_minute=minutes,
    end_minute=minutes,
    weekdays=st.sets(st.integers(0, 6)).map(lambda days: tuple(sorted(days))),
    min_duration_ms=optional_minutes_ms,
    max_duration_ms=optional_minutes_ms,
)
more_rules = st.builds(
    Restrictions,
    start_minute=minutes,
    end_minute=minutes,
    min_mwh=st.none() | st.integers(0, 60 * KWH),
    max_mwh=st.none() | st.integers(0, 60 * KWH),
    min_power_mw=st.none() | st.integers(0, 60 * KWH),
    max_power_mw=st.none() | st.integers(0, 60 * KWH),
    max_duration_ms=optional_minutes_ms,
)


@st.composite
def tariffs(draw) -> Tariff:
    elements = [Element((component(FLAT, draw(st.integers(1, 900))),))]
    for _ in range(draw(st.integers(1, 5))):
        dimensions = draw(st.sets(st.sampled_from(Dimension), min_size=1))
        parts = [
            component(d, draw(st.integers(0, 500)), 2, draw(st.sampled_from([1, 60, 900, 5_000])))
            for d in sorted(dimensions, key=lambda d: d.value)
        ]
        elements.append(Element(tuple(parts), draw(st.just(Restrictions()) | more_rules)))
    least = draw(st.sampled_from([0, 700_000]))
    most = draw(st.sampled_from([None, 9_000_000]))
    return tariff(
        *elements,
        asset=Asset("EUR", draw(st.sampled_from([0, 2, 6]))),
        rounding=draw(st.sampled_from(Rounding)),
        min_price_minor=least,
        max_price_minor=most,
    )


@st.composite
def plain_tariffs(draw) -> Tariff:
    """One element, always in force; most count no time, and are priced without cutting."""
    dimensions = draw(st.permutations([FLAT, ENERGY, TIME])) if draw(st.booleans()) else [ENERGY]
    parts = [
        Component(
            dimension,
            Price(draw(st.integers(1, 10**6)), draw(st.integers(0, 8))),
            draw(st.sampled_from([1, 60, 1_000, 5_000])),
        )
        for dimension in dimensions[: draw(st.integers(1, 3))]
    ]
    return tariff(
        Element(tuple(parts)),
        asset=Asset("EUR", draw(st.sampled_from([0, 2, 6]))),
        rounding=draw(st.sampled_from(Rounding)),
        min_price_minor=draw(st.sampled_from([0, 700_000])),
        max_price_minor=draw(st.sampled_from([None, 9_000_000])),
    )


@given(plain_tariffs(), usages(), ZONES)
def test_a_plain_tariff_costs_the_same_when_the_session_is_cut(rates, usage, zone) -> None:
    in_periods = price_periods(rates, cut(usage, [Restrictions()], zone), zone)
    assert price(rates, usage, zone) == in_periods


@given(plain_tariffs(), st.integers(0, 10**6), st.integers(0, HOUR))
def test_a_plain_tariff_prices_a_session_without_readings_alike(rates, start, span) -> None:
    for usage in (Usage(start, start + span, ()), Usage(start, start + span, ((start, 7),))):
        in_periods = price_periods(rates, cut(usage, [Restrictions()], UTC), UTC)
        assert price(rates, usage, UTC) == in_periods


@given(usages(), rules, ZONES)
def test_a_restriction_agrees_with_somebody_who_looks_at_the_clock_every_minute(
    usage, rule, zone
) -> None:
    """An oracle that knows no cuts: every minute of the session it asks the wall clock."""
    counted: Counter[Dimension] = Counter()
    for at in range(usage.start_ms, usage.end_ms, MIN):
        wall = datetime.fromtimestamp(at // 1_000, zone)
        minute, elapsed = wall.hour * 60 + wall.minute, at - usage.start_ms
        start, end = rule.start_minute or 0, rule.end_minute
        if end is None:
            in_time = minute >= start
        elif end > start:
            in_time = minute in range(start, end)
        else:
            in_time = minute not in range(end, start)
        in_days = not rule.weekdays or wall.weekday() in rule.weekdays
        long_enough = elapsed >= (rule.min_duration_ms or 0)
        short_enough = rule.max_duration_ms is None or elapsed < rule.max_duration_ms
        if in_time and in_days and long_enough and short_enough:
            counted[TIME if at < usage.charging_ends_ms else PARKING] += MIN
    both = Element((component(TIME, 1), component(PARKING, 1)), rule)
    priced = price(tariff(both), usage, zone)
    assert {line.dimension: line.measured for line in priced.lines} == counted


@given(usages(), st.lists(more_rules, max_size=4), ZONES)
def test_cutting_loses_neither_energy_nor_time(usage, restrictions, zone) -> None:
    periods = cut(usage, restrictions, zone)
    assert sum(p.energy_mwh for p in periods) == usage.energy_mwh
    charging = usage.charging_ends_ms - usage.start_ms
    assert sum(p.charging_ms for p in periods) == charging
    assert sum(p.parking_ms for p in periods) == usage.end_ms - usage.start_ms - charging
    assert all(min(p.energy_mwh, p.charging_ms, p.parking_ms, p.power_mw) >= 0 for p in periods)
    assert [p.start_ms for p in periods] == sorted(p.start_ms for p in periods)


CONDITIONS = [("start_minute", "end_minute"), ("weekdays",), ("min_mwh",), ("max_mwh",)]
CONDITIONS += [("min_power_mw",), ("max_power_mw",), ("min_duration_ms",), ("max_duration_ms",)]


@given(usages(), st.lists(rules | more_rules, max_size=4), ZONES)
def test_nothing_changes_within_a_period(usage, restrictions, zone) -> None:
    """Each condition alone answers at the end of a period as it did at its start."""
    conditions = [
        Restrictions(**{name: getattr(rule, name) for name in names})
        for rule in restrictions
        for names in CONDITIONS
    ]
    used = 0
    for period in cut(usage, restrictions, zone):
        span = period.charging_ms + period.parking_ms
        elapsed = period.start_ms - usage.start_ms
        last_ms, last_mwh = max(span - 1, 0), max(period.energy_mwh - 1, 0)
        for rule in conditions:
            first, last = (
                rule.match(
                    datetime.fromtimestamp((period.start_ms + ms) // 1_000, zone),
                    used + mwh,
                    elapsed + ms,
                    period.power_mw,
                )
                for ms, mwh in [(0, 0), (last_ms, last_mwh)]
            )
            assert first == last
        used += period.energy_mwh


@given(tariffs(), usages(), ZONES)
def test_a_bill_adds_up_and_stays_within_its_bounds(rates, usage, zone) -> None:
    priced = price(rates, usage, zone)
    assert priced.total_minor == sum(line.minor for line in priced.lines) + priced.adjustment_minor
    assert priced.total_minor >= rates.min_price_minor >= 0
    assert rates.max_price_minor is None or priced.total_minor <= rates.max_price_minor
    for line in priced.lines:
        assert line.minor >= 0
        assert 0 < line.measured <= line.billed
    assert sum(line.dimension is FLAT for line in priced.lines) == 1


@given(tariffs(), usages(), ZONES)
def test_no_session_costs_more_than_the_worst_case(rates, usage, zone) -> None:
    span = usage.end_ms - usage.start_ms
    if span == 0 and usage.energy_mwh:
        return  # energy in no time has no power
    rated_w = -(-usage.energy_mwh * HOUR // (max(span, 1) * 1_000))
    assert price(rates, usage, zone).total_minor <= worst_case_minor(rates, rated_w, span)


def test_the_worst_case_covers_a_parking_step_on_top_of_the_charging_time() -> None:
    rates = tariff(component(TIME, 100), component(PARKING, 100, step=900))
    usage = session(MONDAY + "10:00", (59, 0), parked=1)
    assert price(rates, usage, ZURICH).total_minor == 983_333 + 250_000
    assert worst_case_minor(rates, 0, HOUR) == 1_250_000


def test_the_worst_case_covers_a_unit_of_rounding_on_every_line() -> None:
    nights = Element((component(ENERGY, 1),), Restrictions(end_minute=600))
    days = Element((component(ENERGY, 1),), Restrictions(start_minute=600))
    rates = tariff(nights, days, asset=Asset("EUR", 0), rounding=Rounding.UP)
    usage = session(MONDAY + "09:30", (60, KWH))
    assert price(rates, usage, ZURICH).total_minor == 2 <= worst_case_minor(rates, 1_000, HOUR)


def test_the_worst_case_of_a_simple_tariff_is_exact() -> None:
    rates = tariff(component(FLAT, 50), component(ENERGY, 25), component(TIME, 200, step=60))
    assert worst_case_minor(rates, 22_000, 2 * HOUR) == 500_000 + 11_000_000 + 4_000_000
    capped = tariff(component(ENERGY, 25), max_price_minor=1_000)
    assert worst_case_minor(capped, 22_000, 2 * HOUR) == 1_000


@given(usages(), st.data(), st.sampled_from([1, 25, 500]))
def test_more_readings_on_the_same_line_change_no_energy_price(usage, data, step) -> None:
    rates = tariff(component(ENERGY, 29, 2, step))
    points = [(usage.start_ms, 0)] + [(at, r - usage.points[0][1]) for at, r in usage.points]
    points += [(usage.end_ms, points[-1][1])]
    more = []
    for (t0, e0), (t1, e1) in pairwise(points):
        inside = sorted(data.draw(st.lists(st.integers(t0, t1), max_size=3)))
        levels = sorted(data.draw(st.integers(e0, e1)) for _ in inside)
        more += [(t0, e0), *zip(inside, levels, strict=True)]
    denser = Usage(usage.start_ms, usage.end_ms, (*more, points[-1]), usage.charging_end_ms)
    one, two = price(rates, usage, ZURICH), price(rates, denser, ZURICH)
    assert one == two


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(1, 5_000))
def test_more_energy_never_costs_less(energy, extra, step) -> None:
    rates = tariff(component(FLAT, 50), component(ENERGY, 29, 2, step), asset=Asset("EUR", 2))
    less, more = (
        price(rates, session(MONDAY + "10:00", (60, mwh)), ZURICH).total_minor
        for mwh in (energy, energy + extra)
    )
    assert less <= more


@given(tariffs())
def test_a_tariff_survives_the_encoding_of_the_store(rates) -> None:
    assert msgspec.json.decode(msgspec.json.encode(rates), type=Tariff) == rates


# --- The parser ---

GOOD = {
    "id": "t1",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {
                    "type": "ENERGY",
                    "price": Decimal("0.2935"),
                    "vat": Decimal("8.1"),
                    "step_size": 1,
                }
            ],
            "restrictions": {
                "start_time": "22:00",
                "end_time": "06:30",
                "start_date": "2026-01-01",
                "end_date": "2027-01-01",
                "day_of_week": ["FRIDAY", "MONDAY"],
                "min_kwh": Decimal("0.5"),
                "max_kwh": "20",
                "min_power": 3,
                "max_power": Decimal("11.5"),
                "min_duration": 60,
                "max_duration": 7200,
            },
        }
    ],
    "min_price": {"excl_vat": Decimal("0.50"), "incl_vat": Decimal("0.54")},
    "max_price": {"excl_vat": 60},
    "start_date_time": "2026-01-01T00:00:00",
    "end_date_time": "2027-01-01T01:00:00+01:00",
    "tariff_alt_url": None,
    "last_updated": "2026-01-01T00:00:00Z",
}


def test_everything_ocpi_says_is_kept() -> None:
    expected_rule = Restrictions(
        start_minute=1_320,
        end_minute=390,
        start_date=date(2026, 1, 1),
        end_date=date(2027, 1, 1),
        weekdays=(0, 4),
        min_mwh=500_000,
        max_mwh=20 * KWH,
        min_power_mw=3_000_000,
        max_power_mw=11_500_000,
        min_duration_ms=MIN,
        max_duration_ms=2 * HOUR,
    )
    expected = Tariff(
        "t1",
        Asset("EUR", 2),
        (Element((Component(ENERGY, Price(2_935, 4), 1, 810),), expected_rule),),
        Rounding.HALF_EVEN,
        50,
        6_000,
        False,
        ms("2026-01-01T00:00:00"),
        ms("2027-01-01T00:00:00"),
    )
    assert parse_ocpi_tariff(GOOD, Asset("EUR", 2), Rounding.HALF_EVEN) == expected


def changed(path: str, value: object) -> object:
    """A copy of the good tariff with the field at ``path`` set (or, by ..., taken out)."""
    copy = json.loads(json.dumps(GOOD, default=str), parse_float=Decimal)
    where = copy
    *steps, last = path.split(".")
    for step in steps:
        where = where[int(step)] if step.isdecimal() else where[step]
    if value is ...:
        del where[last]
    else:
        where[last] = value
    return copy


PART, RULE = "elements.0.price_components.0", "elements.0.restrictions"
BAD_FIELDS = [
    ("id", ..., "id: "),
    ("id", "x" * 37, "id: "),
    ("id", 7, "id: "),
    ("currency", ..., "currency: None is not EUR"),
    ("currency", "CHF", "currency: 'CHF' is not EUR"),
    ("colour", "blue", "tariff.colour: no such field"),
    ("elements", ..., "elements: is a list"),
    ("elements", [], "elements: is a list"),
    ("elements", [7], r"elements\[0\]: is an object"),
    ("elements.0.price_components", [], r"elements\[0\].price_components: is a list"),
    ("elements.0.price_components", [GOOD["elements"][0]["price_components"][0]] * 2,
     r"elements\[0\].price_components: an element has"),
    (f"{PART}.type", "ENERGIE", r"price_components\[0\].type: no such dimension: 'ENERGIE'"),
    (f"{PART}.type", ["ENERGY"], "type: no such dimension"),
    (f"{PART}.price", ..., "price: is a number"),
    (f"{PART}.price", None, "price: is a number"),
    (f"{PART}.price", 0.29, r"price: is a number \(int, Decimal or text\), not 0.29"),
    (f"{PART}.price", True, "price: is a number"),
    (f"{PART}.price", "cheap", "price: is a number as in 0.2935, not 'cheap'"),
    (f"{PART}.price", "1e3", "price: is a number as in"),
    (f"{PART}.price", Decimal("-0.1"), "price: is never negative"),
    (f"{PART}.price", Decimal("NaN"), "price: is a finite number"),
    (f"{PART}.price", Decimal("1e400000"), "price: has more than 15 digits"),
    (f"{PART}.price", Decimal("1e-400000"), "price: has more than 18 decimals"),
    (f"{PART}.price", 10**70, "price: has more than 60 digits"),
    (f"{PART}.step_size", ..., "step_size: is a whole number from 1"),
    (f"{PART}.step_size", 0, "step_size: is a whole number from 1"),
    (f"{PART}.step_size", True, "step_size: is a whole number from 1"),
    (f"{PART}.step_size", Decimal("1.5"), "step_size: is a whole number from 1"),
    (f"{PART}.vat", Decimal("8.123"), "vat: has more than 2 decimals"),
    (f"{PART}.free", True, "free: no such field"),
    (f"{RULE}.start_time", "24:00", "start_time: is a time of day"),
    (f"{RULE}.start_time", 900, "start_time: is a time of day"),
    (f"{RULE}.end_time", "9:00", "end_time: is a time of day"),
    (f"{RULE}.start_date", "2026-02-30", "start_date: is a date"),
    (f"{RULE}.end_date", "20260230", "end_date: is a date"),
    (f"{RULE}.end_date", "", "end_date: is a date"),
    (f"{RULE}.day_of_week", ["FUNDAY"], "day_of_week: no such day: 'FUNDAY'"),
    (f"{RULE}.day_of_week", [[]], "day_of_week: no such day"),
    (f"{RULE}.day_of_week", [], "day_of_week: is a list"),
    (f"{RULE}.day_of_week", "MONDAY", "day_of_week: is a list"),
    (f"{RULE}.dayOfWeek", ["MONDAY"], "dayOfWeek: no such field"),
    (f"{RULE}.min_kwh", Decimal("0.0000001"), "min_kwh: has more than 6 decimals"),
    (f"{RULE}.min_duration", Decimal("1.5"), "min_duration: has more than 0 decimals"),
    (f"{RULE}.max_current", 16, "max_current: cannot be honoured"),
    (f"{RULE}.reservation", "MAYBE", "reservation: no such kind"),
    ("min_price", 5, "min_price: is an object"),
    ("min_price", {"incl_vat": 5}, "min_price.excl_vat: is a number"),
    ("min_price", {"excl_vat": 5, "vat": 5}, "min_price.vat: no such field"),
    ("min_price", {"excl_vat": 5, "incl_vat": "x"}, "min_price.incl_vat: is a number"),
    ("min_price", {"excl_vat": Decimal("0.505")}, "min_price.excl_vat: has more than 2 decimals"),
    ("max_price", {"excl_vat": 0}, "tariff: .* min_price is from 0 up to max_price"),
    ("start_date_time", "soon", "start_date_time: is a moment"),
    ("end_date_time", 5, "end_date_time: is a moment"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), BAD_FIELDS)
def test_a_field_that_is_wrong_is_named(path, value, message) -> None:
    with pytest.raises(TariffError, match=message):
        parse_ocpi_tariff(changed(path, value), Asset("EUR", 2))


@pytest.mark.parametrize("document", [None, [], "tariff", 7])
def test_what_is_no_tariff_is_refused(document) -> None:
    with pytest.raises(TariffError, match="tariff: is an object"):
        parse_ocpi_tariff(document, Asset("EUR", 2))


def test_a_price_of_zero_is_free_only_when_it_says_so() -> None:
    free = changed("min_price", ...)
    free["elements"][0]["price_components"][0]["price"] = Decimal("0.00")
    with pytest.raises(TariffError, match="say so with a FLAT component"):
        parse_ocpi_tariff(free, Asset("EUR", 2))
    free["elements"][0]["price_components"].append({"type": "FLAT", "price": 0, "step_size": 0})
    assert parse_ocpi_tariff(free, Asset("EUR", 2)).free_of_charge


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=8)
    | st.sampled_from(["ENERGY", "FLAT", "09:00", "2026-01-01", "MONDAY", "RESERVATION", "0.25"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "price", "step_size", "excl_vat", "x"]), inner)
    ),
    max_leaves=8,
)
FIELDS = ["elements", "id", "currency", "min_price", "start_date_time", "elements.0", PART, RULE]
FIELDS += [f"{PART}.{name}" for name in ("type", "price", "step_size", "vat")]
FIELDS += [f"{RULE}.{name}" for name in GOOD["elements"][0]["restrictions"]]


@given(st.sampled_from(FIELDS), anything)
def test_whatever_a_partner_sends_is_a_tariff_or_a_tariff_error(path, value) -> None:
    document = json.loads(json.dumps(GOOD, default=str), parse_float=Decimal)
    where = document
    *steps, last = path.split(".")
    for step in steps:
        where = where[int(step)] if step.isdecimal() else where[step]
    where[int(last) if last.isdecimal() else last] = value
    try:
        rates = parse_ocpi_tariff(document, Asset("EUR", 2))
    except TariffError as error:
        assert ":" in str(error)
    else:
        price(rates, session(MONDAY + "10:00", (60, KWH), parked=60), ZURICH)


def test_a_day_is_read_on_the_wall_of_the_station_not_of_the_server() -> None:
    """23:30 UTC on Sunday is Monday in Zurich."""
    rates = tariff(Element((component(TIME, 100),), Restrictions(weekdays=(0,))))
    begin = ms("2026-11-15T23:30")
    usage = Usage(begin, begin + 30 * MIN, ())
    assert price(rates, usage, ZURICH).total_minor == 500_000
    assert price(rates, usage, UTC).total_minor == 0
