"""What is kept too long or is too much goes; what is needed goes last, and its newest first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.retention import Bound, Held, overdue

NOW = 1_000
HELD = st.lists(
    st.builds(
        Held, st.integers(0, NOW), st.text("abc", max_size=3), st.integers(0, 9), st.booleans()
    ),
    max_size=30,
    unique_by=lambda one: one.key,
)
BOUND = st.builds(Bound, st.integers(1, NOW), st.integers(1, 20), st.integers(1, 60))


@given(HELD, BOUND)
def test_what_stays_is_within_every_bound(held, bound):
    gone = set(overdue(held, bound, NOW))
    left = [one for one in held if one.key not in gone]
    assert len(left) <= bound.count_max
    assert sum(one.size for one in left) <= bound.bytes_max
    assert all(one.needed or one.at_ms >= NOW - bound.age_ms for one in left)


@given(HELD, BOUND)
def test_nothing_goes_that_need_not(held, bound):
    gone = overdue(held, bound, NOW)
    assert len(gone) == len(set(gone))
    young = [one for one in held if one.needed or one.at_ms >= NOW - bound.age_ms]
    if len(young) <= bound.count_max and sum(one.size for one in young) <= bound.bytes_max:
        assert set(gone) == {one.key for one in held} - {one.key for one in young}


@given(HELD, BOUND)
def test_what_is_needed_goes_only_when_nothing_else_is_left(held, bound):
    gone = set(overdue(held, bound, NOW))
    if any(one.needed and one.key in gone for one in held):
        assert all(one.needed or one.key in gone for one in held)


def test_the_first_evidence_outlives_a_flood():
    held = [Held(at, f"{at}", 0, needed=True) for at in range(10)]
    assert overdue(held, Bound(count_max=3), NOW) == ("9", "8", "7", "6", "5", "4", "3")
