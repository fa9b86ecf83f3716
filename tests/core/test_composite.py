"""Charging profiles: the rules they keep, and what they let an evse draw, recomputed by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.charging_profile import (
    PROFILES_MAX,
    ChargingProfile,
    Installed,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
    check,
    check_beside,
)
from ohmstead.core.composite import (
    Limit,
    Place,
    Theirs,
    composite,
    differences,
    in_unit,
    limit_at,
    period_at,
    power_mw,
)
from ohmstead.errors import OperatorError
from ohmstead.frozen import replace

S, DAY = 1_000, 86_400
MIDNIGHT = 1_700_006_400_000  # 2023-11-15T00:00:00Z
HOUR = 3_600
W, A = RateUnit.W, RateUnit.A
PLACE = Place(1, MIDNIGHT, "T1")


def amps(*pairs, unit=A, start=None, duration=None, phases=None):
    periods = tuple(Period(at, round(limit * S), phases) for at, limit in pairs)
    return Schedule(unit, periods, start, duration)


def profile(schedule, purpose=Purpose.TX_DEFAULT, level=0, evse=1, number=1, **how):
    if "kind" not in how:
        how["kind"] = ProfileKind.RELATIVE if schedule.start_ms is None else ProfileKind.ABSOLUTE
    if purpose is Purpose.TX:
        how.setdefault("transaction_id", "T1")
    return Installed(
        evse, ChargingProfile(number, level, purpose, schedule=schedule, **how), MIDNIGHT
    )


def said(found, unit=A, place=PLACE):
    """(seconds since midnight, whole units) of a composite."""
    return [
        ((span.start_ms - MIDNIGHT) // S, span.limit and in_unit(span.limit, unit, place) // S)
        for span in found
    ]


def over(*installed, start=0, end=DAY, place=PLACE, unit=A):
    found = composite(installed, place, MIDNIGHT + start * S, MIDNIGHT + end * S)
    return said(found, unit, place)


def test_a_higher_stack_level_leads_only_while_it_says_something():
    # 1.6 3.13.2: a daily profile, and above it one for a Sunday evening; when that is over the
    # one below is back.
    daily = profile(
        amps((0, 30), (8 * HOUR, 16), (20 * HOUR, 30), start=MIDNIGHT, duration=DAY),
        kind=ProfileKind.RECURRING,
        recurrency=Recurrency.DAILY,
    )
    evening = profile(
        amps((0, 6), start=MIDNIGHT + 18 * HOUR * S, duration=3 * HOUR), level=1, number=2
    )
    assert over(daily, evening) == [
        (0, 30),
        (8 * HOUR, 16),
        (18 * HOUR, 6),
        (21 * HOUR, 30),
    ]


def test_the_station_maximum_cuts_what_the_transaction_may():
    # 1.6 3.13.3: "the composite schedule is the minimum for each time interval".
    maximum = profile(
        amps((0, 40), (600, 10), (1_200, 40), start=MIDNIGHT), Purpose.STATION_MAX, evse=0
    )
    default = profile(amps((0, 32), (900, 8)), number=2)
    assert over(maximum, default, end=1_800) == [(0, 32), (600, 10), (900, 8)]
    assert over(maximum, end=1_800) == [(0, 40), (600, 10), (1_200, 40)]


def test_a_tx_profile_leads_before_the_default_and_ends_into_it():
    default = profile(amps((0, 16)), level=9)
    mine = profile(amps((0, 20), (300, 5), duration=600), Purpose.TX, number=2)
    assert over(default, mine, end=1_000) == [(0, 20), (300, 5), (600, 16)]
    # Of another transaction, or without one, it says nothing.
    for other in (replace(PLACE, transaction_id="T2"), replace(PLACE, transaction_id="")):
        assert over(default, mine, end=1_000, place=other) == [(0, 16)]


def test_a_default_for_the_evse_leads_before_one_for_the_station():
    whole = profile(amps((0, 32)), level=5, evse=0)
    own = profile(amps((0, 10), duration=60), level=0, number=2)
    assert over(whole, own, end=120) == [(0, 10), (60, 32)]
    assert over(whole, own, end=120, place=replace(PLACE, evse_id=2)) == [(0, 32)]


def test_constraints_from_outside_hold_for_the_evse_and_the_station_both():
    for first, second, least in ((20, 12, 12), (12, 20, 12)):
        found = over(
            profile(amps((0, 32))),
            profile(amps((0, first), start=MIDNIGHT), Purpose.EXTERNAL, evse=0, number=2),
            profile(amps((0, second), start=MIDNIGHT), Purpose.EXTERNAL, number=3),
            end=10,
        )
        assert found == [(0, least)]


def test_watts_and_amperes_meet_in_power():
    # 11 kW on three phases of 230 V are 15.94 A; 16 A are 11.04 kW.
    watts = profile(amps((0, 11_000), unit=W, start=MIDNIGHT), Purpose.STATION_MAX, evse=0)
    found = composite([watts, profile(amps((0, 16)), number=2)], PLACE, MIDNIGHT, MIDNIGHT + S)
    assert found[0].limit == Limit(11_000 * S, 3)
    assert in_unit(found[0].limit, A, PLACE) == 15_942  # 15.94202..., rounded down
    # On one phase 3680 W are the 16 A, and the fewest phases any limit allows are the phases.
    single = profile(amps((0, 16), phases=1), number=2)
    assert over(watts, single, end=1, unit=W) == [(0, 3_680)]
    maximum = profile(amps((0, 10), start=MIDNIGHT), Purpose.STATION_MAX, evse=0, number=3)
    assert over(maximum, single, end=1) == [(0, 10)]  # not the 16 A that would be less power


def test_where_no_profile_says_anything_there_is_no_limit():
    late = profile(amps((0, 6), start=MIDNIGHT + 60 * S, duration=60))
    assert over(late, end=180) == [(0, None), (60, 6), (120, None)]
    assert over(end=10) == [(0, None)]
    assert composite([], PLACE, MIDNIGHT, MIDNIGHT) == ()


def test_validity_is_from_its_first_to_before_its_last_moment():
    one = profile(amps((0, 6), start=MIDNIGHT), from_ms=MIDNIGHT + 10 * S, to_ms=MIDNIGHT + 20 * S)
    assert over(one, end=30) == [(0, None), (10, 6), (20, None)]


def test_a_weekly_schedule_begins_again_and_does_not_begin_before_its_start():
    weekly = profile(
        amps((0, 16), (60, 8), start=MIDNIGHT + DAY * S, duration=120),
        kind=ProfileKind.RECURRING,
        recurrency=Recurrency.WEEKLY,
    )
    assert over(weekly, end=9 * DAY) == [
        (0, None),
        (DAY, 16),
        (DAY + 60, 8),
        (DAY + 120, None),
        (8 * DAY, 16),
        (8 * DAY + 60, 8),
        (8 * DAY + 120, None),
    ]


def test_the_run_after_takes_over_from_a_schedule_longer_than_its_recurrence():
    daily = profile(
        amps((0, 16), (2 * DAY, 1), start=MIDNIGHT, duration=3 * DAY),
        kind=ProfileKind.RECURRING,
        recurrency=Recurrency.DAILY,
    )
    assert over(daily, end=4 * DAY) == [(0, 16)]


def test_a_relative_schedule_counts_from_the_start_of_the_transaction():
    began = replace(PLACE, began_ms=MIDNIGHT - 100 * S)
    assert over(profile(amps((0, 32), (130, 6))), end=60, place=began) == [(0, 32), (30, 6)]


def test_a_station_limit_of_1_6_without_a_start_counts_from_when_it_was_taken():
    limit = profile(amps((0, 32), (60, 20)), Purpose.STATION_MAX, evse=0, kind=ProfileKind.ABSOLUTE)
    began = replace(PLACE, began_ms=MIDNIGHT - 9 * HOUR * S)
    assert over(limit, end=120, place=began) == [(0, 32), (60, 20)]


def test_more_changes_than_anybody_can_read_are_refused():
    dense = [
        profile(
            amps(*((60 * n, n % 30) for n in range(1_024)), start=MIDNIGHT),
            level=level,
            number=level,
            kind=ProfileKind.RECURRING,
            recurrency=Recurrency.DAILY,
        )
        for level in range(2)
    ]
    with pytest.raises(OperatorError, match="ask for a shorter duration"):
        composite(dense, PLACE, MIDNIGHT, MIDNIGHT + 7 * DAY * S)


# What must hold whatever is installed.

limits = st.integers(0, 320).map(lambda tenth: tenth * 100)


@st.composite
def schedules(draw, relative=False):
    starts = sorted(draw(st.sets(st.integers(1, 4_000), max_size=4)))
    unit = draw(st.sampled_from(RateUnit))
    periods = tuple(
        Period(at, draw(limits) * (1 if unit is A else 300), draw(st.sampled_from([None, 1, 2, 3])))
        for at in (0, *starts)
    )
    start = None if relative else MIDNIGHT + draw(st.integers(-90_000, 4_000)) * S
    return Schedule(unit, periods, start, draw(st.none() | st.integers(1, 5_000)))


@st.composite
def profiles(draw):
    purpose = draw(st.sampled_from(Purpose))
    kinds = list(ProfileKind)
    if purpose in (Purpose.STATION_MAX, Purpose.EXTERNAL):
        kinds.remove(ProfileKind.RELATIVE)
    kind = draw(st.sampled_from(kinds))
    evse = {Purpose.STATION_MAX: 0, Purpose.TX: 1}.get(purpose, draw(st.integers(0, 1)))
    edge = st.none() | st.integers(-1_000, 4_000).map(lambda s: MIDNIGHT + s * S)
    recurrency = draw(st.sampled_from(Recurrency)) if kind is ProfileKind.RECURRING else None
    return profile(
        draw(schedules(kind is ProfileKind.RELATIVE)),
        purpose,
        draw(st.integers(0, 3)),
        evse,
        draw(st.integers(1, 9)),
        kind=kind,
        recurrency=recurrency,
        from_ms=draw(edge),
        to_ms=draw(edge),
    )


installed_lists = st.lists(profiles(), max_size=6)
places = st.builds(
    lambda ago, phases, volts: Place(1, MIDNIGHT - ago * S, "T1", volts, phases),
    st.integers(0, 3_000),
    st.integers(1, 3),
    st.sampled_from([110, 230, 231]),
)
seconds = st.integers(0, 4_000)


def at(spans, moment):
    return [span for span in spans if span.start_ms <= moment][-1].limit


@given(installed_lists, places, seconds)
def test_nothing_is_ever_above_a_limit_that_applies(installed, place, second):
    moment = MIDNIGHT + second * S
    limit = at(composite(installed, place, MIDNIGHT, MIDNIGHT + 4_001 * S), moment)
    for purpose in Purpose:
        ours = [one for one in installed if one.profile.purpose is purpose]
        ours = [one for one in ours if period_at(one, place, moment) is not None]
        for evse in (0, 1):
            scope = [one for one in ours if one.evse_id == evse]
            if not scope:
                continue
            if purpose is Purpose.TX_DEFAULT and (
                (evse == 0 and any(one.evse_id == 1 for one in ours))
                or any(
                    one.profile.purpose is Purpose.TX and period_at(one, place, moment)
                    for one in installed
                )
            ):
                continue  # something else leads
            lead = min(scope, key=lambda one: (-one.profile.stack_level, one.profile.id))
            period, unit = period_at(lead, place, moment), lead.profile.schedule.unit
            peers = [
                one
                for one in scope
                if (one.profile.stack_level, one.profile.id)
                == (lead.profile.stack_level, lead.profile.id)
            ]
            if len(peers) > 1:
                continue  # two of one level and id cannot be installed
            assert limit is not None
            assert limit.phases <= min(period.phases or 3, place.phases)
            assert limit.power_mw <= power_mw(unit, period.limit_milli, limit.phases, place)
            if unit is A:
                assert in_unit(limit, A, place) <= period.limit_milli
            back = power_mw(A, in_unit(limit, A, place), limit.phases, place)
            assert back <= limit.power_mw


@given(installed_lists, places, seconds, seconds)
def test_two_composites_joined_are_the_one_of_the_whole_time(installed, place, first, second):
    start, middle = MIDNIGHT, MIDNIGHT + first * S
    end = middle + second * S
    whole = composite(installed, place, start, end)
    joined = list(composite(installed, place, start, middle))
    for span in composite(installed, place, middle, end):
        if not joined or joined[-1].limit != span.limit:
            joined.append(span)
    assert tuple(joined) == whole


@given(installed_lists, places)
def test_a_composite_changes_exactly_where_the_limit_does(installed, place):
    found = composite(installed, place, MIDNIGHT, MIDNIGHT + 600 * S)
    ordered = sorted(
        (one for one in installed if one.evse_id in (0, 1)),
        key=lambda one: (one.evse_id == 0, -one.profile.stack_level, one.profile.id),
    )
    for second in range(600):
        moment = MIDNIGHT + second * S
        assert at(found, moment) == limit_at(ordered, place, moment)


@given(installed_lists, places)
def test_what_a_composite_says_installed_as_a_profile_says_it_again(installed, place):
    found = composite(installed, place, MIDNIGHT, MIDNIGHT + 600 * S)
    if any(span.limit is None for span in found):
        return
    periods = tuple(
        Period((span.start_ms - MIDNIGHT) // S, span.limit.power_mw, span.limit.phases)
        for span in found
    )
    again = profile(Schedule(W, periods, MIDNIGHT, 600), Purpose.EXTERNAL)
    assert composite([again], place, MIDNIGHT, MIDNIGHT + 600 * S) == found
    assert composite([again, *installed], place, MIDNIGHT, MIDNIGHT + 600 * S) is not None


# A station's answer beside ours.


def test_a_station_that_says_the_same_in_its_unit_does_not_differ():
    ours = composite([profile(amps((0, 16), (60, 10)))], PLACE, MIDNIGHT, MIDNIGHT + 120 * S)
    for theirs in (
        (Theirs(MIDNIGHT, A, 16_000), Theirs(MIDNIGHT + 60 * S, A, 10_000, 3)),
        (Theirs(MIDNIGHT, W, 11_040_000), Theirs(MIDNIGHT + 60 * S, W, 6_900_000)),
        (Theirs(MIDNIGHT, A, 16_099), Theirs(MIDNIGHT + 60 * S, A, 9_901)),
    ):
        assert differences(ours, theirs, PLACE, MIDNIGHT + 120 * S) == ()


def test_a_station_that_would_draw_more_or_less_is_said_so_with_its_time():
    ours = composite([profile(amps((0, 16), (60, 10)))], PLACE, MIDNIGHT, MIDNIGHT + 120 * S)
    theirs = (Theirs(MIDNIGHT, A, 16_000), Theirs(MIDNIGHT + 90 * S, A, 6_000))
    first, second = differences(ours, theirs, PLACE, MIDNIGHT + 120 * S)
    assert (first.start_ms - MIDNIGHT, first.end_ms - MIDNIGHT) == (60 * S, 90 * S)
    assert first.is_above(PLACE)
    assert not second.is_above(PLACE)
    assert second.end_ms == MIDNIGHT + 120 * S


def test_a_station_may_have_limits_where_we_have_none():
    ours = composite([], PLACE, MIDNIGHT, MIDNIGHT + S)
    assert differences(ours, (Theirs(MIDNIGHT, A, 6_000),), PLACE, MIDNIGHT + S) == ()
    mine = composite([profile(amps((0, 16)))], PLACE, MIDNIGHT, MIDNIGHT + S)
    assert differences(mine, (), PLACE, MIDNIGHT + S) == ()


# The rules of a profile.

GOOD = profile(amps((0, 16), start=MIDNIGHT)).profile
SCHEDULE = GOOD.schedule
RULES = [
    (1, {"purpose": Purpose.EXTERNAL}, "not ours to set"),
    (1, {"purpose": Purpose.STATION_MAX}, "is for evse 0"),
    (0, {"purpose": Purpose.TX, "transaction_id": "T"}, "names the evse"),
    (1, {"purpose": Purpose.TX}, "names its transactionId"),
    (1, {"transaction_id": "T"}, "belongs to a TxProfile"),
    (1, {"stack_level": -1}, "stackLevel"),
    (1, {"from_ms": 5, "to_ms": 5}, "validTo"),
    (1, {"kind": ProfileKind.RECURRING}, "recurrencyKind and startSchedule"),
    (1, {"recurrency": Recurrency.DAILY}, "is for Recurring"),
    (1, {"kind": ProfileKind.RELATIVE}, "no startSchedule"),
    (1, {"schedule": replace(SCHEDULE, start_ms=None)}, "has a startSchedule"),
    (1, {"schedule": replace(SCHEDULE, duration_s=0)}, "1 second or more"),
    (1, {"schedule": amps((1, 5), start=0)}, "first startPeriod is 0"),
    (1, {"schedule": amps((0, 5), (9, 5), (9, 6), start=0)}, "greater than the one before"),
    (1, {"schedule": amps(start=0)}, "1 to 1024 periods"),
    (1, {"schedule": amps(*((n, 1) for n in range(1_025)), start=0)}, "1 to 1024 periods"),
    (1, {"schedule": amps((0, -1), start=0)}, "a limit is"),
    (1, {"schedule": amps((0, 5), start=0, phases=4)}, "numberPhases"),
    (1, {"schedule": Schedule(A, (Period(0, 5, 3, 1),), 0)}, "phaseToUse is for"),
    (1, {"schedule": Schedule(A, (Period(0, 5, 1, 4),), 0)}, "phaseToUse is 1 to 3"),
    (
        0,
        {
            "purpose": Purpose.STATION_MAX,
            "kind": ProfileKind.RELATIVE,
            "schedule": replace(SCHEDULE, start_ms=None),
        },
        "never Relative",
    ),
]


@pytest.mark.parametrize(("evse", "change", "words"), RULES, ids=[rule[2] for rule in RULES])
def test_a_profile_that_breaks_a_rule_is_refused_by_its_name(evse, change, words):
    check(1, GOOD, is_16=False)
    with pytest.raises(OperatorError, match=words):
        check(evse, replace(GOOD, **change), is_16=False)


def test_1_6_takes_a_schedule_without_start_but_no_second_digit_and_no_phase_to_use():
    check(1, replace(GOOD, schedule=replace(SCHEDULE, start_ms=None)), is_16=True)
    for period, words in ((Period(0, 16_050), "one digit"), (Period(0, 16_000, 1, 2), "1.6 has")):
        wrong = replace(GOOD, schedule=replace(SCHEDULE, periods=(period,)))
        check(1, wrong, is_16=False)
        with pytest.raises(OperatorError, match=words):
            check(1, wrong, is_16=True)
    with pytest.raises(OperatorError, match="0 or more"):
        check(1, replace(GOOD, id=-1), is_16=True)


def test_two_of_one_purpose_level_and_evse_may_not_be_valid_together():
    first = profile(amps((0, 16), start=MIDNIGHT), number=1, to_ms=MIDNIGHT + 60 * S)
    second = replace(first, profile=replace(first.profile, id=2))
    with pytest.raises(OperatorError, match="charging profile 1 has this purpose"):
        check_beside(second, [first])
    later = replace(second.profile, from_ms=MIDNIGHT + 60 * S, to_ms=None)
    check_beside(replace(second, profile=later), [first])
    check_beside(replace(second, evse_id=2), [first])
    check_beside(replace(first, installed_ms=5), [first])  # its own id: replaced


def test_a_station_keeps_no_more_profiles_than_were_meant():
    many = [profile(amps((0, 16), start=MIDNIGHT), level=n, number=n) for n in range(PROFILES_MAX)]
    with pytest.raises(OperatorError, match="clear one first"):
        check_beside(profile(amps((0, 16), start=MIDNIGHT), number=999, level=999), many)
