"""Registers as OCPP writes them become whole mWh, or are refused with their reason."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.stations.readings import MWH_BITS_MAX, digest_of, to_mwh, wh_to_mwh
from ohmstead.wire.ocpp.v201 import TransactionEventEnumType


@pytest.mark.parametrize(
    ("text", "unit", "mwh"),
    [
        ("4000", "Wh", 4_000_000),
        ("4000.0", "Wh", 4_000_000),
        ("+4e3", "Wh", 4_000_000),
        (" 4 ", "kWh", 4_000_000),
        (".5", "kWh", 500_000),
        ("5.", "Wh", 5_000),
        ("0.0009", "Wh", 0),
        ("2935.60", "Wh", 2_935_600),
        ("-1", "Wh", -1_000),
        ("-0", "Wh", 0),
        ("1e-28", "kWh", 0),
        (str(2**62 // 1_000), "Wh", 2**62 // 1_000 * 1_000),
    ],
)
def test_a_register_is_read_exactly_and_cut_below(text, unit, mwh):
    assert to_mwh(text, unit) == mwh


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *((text, "Wh") for text in ("", "NaN", "sNaN", "inf", "-Infinity", "1e400000", "1e29")),
        *((text, "Wh") for text in ("1_000", "٣", "4 kWh", "0x10", "4,5", "--1", "1e", ".", "e5")),
        *((str(2**bits), "Wh") for bits in (62, 63, 70, 100)),
        ("1", "W"),
        ("1", "MWh"),
        ("1", ""),
    ],
)
def test_what_is_no_bounded_number_of_energy_is_refused(text, unit):
    with pytest.raises(ValueError, match=r"no bounded number|no unit of|more than any meter"):
        to_mwh(text, unit)


@given(st.text(max_size=60), st.sampled_from(["Wh", "kWh", "x"]), st.integers(-(10**6), 10**6))
def test_any_text_is_a_bounded_number_or_refused(text, unit, multiplier):
    try:
        mwh = to_mwh(text, unit, multiplier)
    except ValueError as error:
        assert len(str(error)) < 500
    else:
        assert abs(mwh) < 1 << MWH_BITS_MAX


@given(st.integers(-(2**61), 2**61), st.integers(-9, 9))
def test_a_multiplier_moves_the_point(mwh, multiplier):
    value = Decimal(mwh).scaleb(-3 - multiplier)
    assert to_mwh(value, "Wh", multiplier) == mwh


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_register_keeps_its_value_or_is_said_to_be_none(wh):
    mwh = wh_to_mwh(wh)
    assert mwh == wh * 1_000 if abs(wh * 1_000) < 1 << MWH_BITS_MAX else mwh is None


def test_what_a_message_says_is_named_apart():
    assert digest_of("a", 1, ((1, 2),)) == digest_of("a", 1, ((1, 2),))
    assert len({digest_of("a", "b"), digest_of("ab"), digest_of("b", "a"), digest_of("a")}) == 4
    assert len(digest_of("\ud800")) == 64


def test_what_was_named_before_an_upgrade_has_the_same_name_after_it():
    said = ["tx", TransactionEventEnumType.UPDATED, 1_795_200_000_000, ((1_795_200_000_000, 5),)]
    assert digest_of(*said, "ab" * 32, "no number") == (
        "3dbc8e1b35f69bb8f23644faa1cc8a82ae7bfa7fa162ddb385ea7c83787ab757"
    )
