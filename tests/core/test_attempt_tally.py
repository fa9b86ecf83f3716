"""What a station's last days add up to, and which station does worst."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.attempt import Attempt
from ohmstead.core.attempt_day import DAY_MS, AttemptDay, counted, summed
from ohmstead.core.attempt_stages import Reason, Stage
from ohmstead.core.attempt_tally import (
    CELLS_MAX,
    TALLY_DAYS,
    StationTally,
    rank_prefix,
    score,
    tallied,
)


def ended(day=100, evse=1, connector=1, power_s=None, reason=Reason.NO_ID):
    closed = day * DAY_MS + 1
    flows = power_s is not None
    return Attempt(
        "S",
        0,
        Stage.FLOWING if flows else Stage.GIVEN_UP,
        closed - 1_000 * (power_s or 0),
        closed,
        evse,
        connector,
        closed_ms=closed,
        reason=None if flows else reason,
    )


def tally(*attempts):
    found = StationTally("S")
    for attempt in attempts:
        found = tallied(found, attempt)
    return found


SOME = st.builds(
    ended,
    day=st.integers(95, 110),
    evse=st.integers(0, 3),
    connector=st.integers(0, 2),
    power_s=st.none() | st.integers(0, 900),
    reason=st.sampled_from(Reason),
)


@given(st.lists(SOME, max_size=40))
def test_it_is_what_the_attempts_of_its_days_add_up_to(attempts):
    attempts.sort(key=lambda one: one.closed_ms)
    found = tally(*attempts)
    last = max((one.closed_ms for one in attempts), default=0)
    counts = [one for one in attempts if one.closed_ms > last - TALLY_DAYS * DAY_MS]
    assert found.whole == summed(counted(AttemptDay(0), one) for one in counts)
    assert summed(day for _, _, day in found.places) == found.whole
    assert {place[:2] for place in found.places} == {(o.evse_id, o.connector_id) for o in counts}


def test_a_transaction_told_days_later_counts_on_its_own_day_or_not_at_all():
    late = tally(ended(day=100), ended(day=95, power_s=9))
    assert (late.last_day, late.whole.successes, late.whole.failures) == (100, 1, 1)
    assert tally(ended(day=100), ended(day=93)) == tally(ended(day=100))


def test_a_station_that_invents_connectors_does_not_grow_for_ever():
    found = tally(*(ended(connector=number) for number in range(CELLS_MAX + 20)))
    assert len(found.cells) <= CELLS_MAX + 1
    assert found.whole.failures == CELLS_MAX + 20
    assert found.places[0][:2] == (0, 0)


def test_one_bad_try_is_not_worse_than_ten_in_twelve():
    once, often = tally(ended()), tally(*[ended()] * 10, *[ended(power_s=5)] * 2)
    half = tally(*[ended(), ended(power_s=5)] * 10)
    assert score(often.whole) < score(once.whole) < score(half.whole)
    keys = sorted(one.rank.key for one in (half, once, often))
    assert keys == [one.rank.key for one in (often, once, half)]
    assert all(key.startswith(rank_prefix(100)) for key in keys)
