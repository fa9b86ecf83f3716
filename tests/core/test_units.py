"""The scalars: divisions round as their names say, and nonsense is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.units import Asset, Price, mul_div_down, mul_div_up

whole = st.integers(0, 2**200)
positive = st.integers(1, 2**200)


@given(whole, whole, positive)
def test_a_division_rounds_the_way_its_name_says(x, y, divisor) -> None:
    exact = Fraction(x * y, divisor)
    down, up = mul_div_down(x, y, divisor), mul_div_up(x, y, divisor)
    assert down <= exact <= up
    assert exact - down < 1
    assert up - exact < 1
    assert up - down == (0 if exact.denominator == 1 else 1)


@pytest.mark.parametrize("divide", [mul_div_down, mul_div_up])
@pytest.mark.parametrize("numbers", [(-1, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, -1)])
def test_a_division_of_the_negative_or_by_nothing_is_a_defect(divide, numbers) -> None:
    with pytest.raises(AssertionError):
        divide(*numbers)


@pytest.mark.parametrize("text", ["EUR/2", "tUSD/6", "OHM/18", "JPY/0"])
def test_an_asset_reads_what_it_prints(text) -> None:
    assert str(Asset.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["EUR", "EUR/", "/2", "EUR/19", "EUR/-1", "EUR/2.0", "E R/2", "É/2"]
)
def test_an_asset_that_is_not_one_is_refused(text) -> None:
    with pytest.raises(ValueError, match="asset"):
        Asset.parse(text)


@pytest.mark.parametrize("value_and_scale", [(-1, 0), (1, -1), (1, 19)])
def test_a_price_has_bounds(value_and_scale) -> None:
    with pytest.raises(ValueError, match="a price"):
        Price(*value_and_scale)
