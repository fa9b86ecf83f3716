"""eMAIDs: one contract has one name, however it is written."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.emaid import check_digit, is_same_contract, read_emaid, spellings

LETTERS = string.ascii_uppercase
ANY = LETTERS + string.digits
names = st.builds(
    "".join,
    st.tuples(st.text(LETTERS, min_size=2, max_size=2), st.text(ANY, min_size=12, max_size=12)),
)


@pytest.mark.parametrize(
    "emaid", ["GBTWK012345678V", "GBTWK123456789B", "CSKTH5U8TC90A1S", "IHRFRNPCZVPPVEW"]
)
def test_check_digits_are_those_that_others_compute(emaid):
    assert check_digit(emaid[:14]) == emaid[14]
    assert not read_emaid(emaid).is_mistyped


@given(names)
def test_every_spelling_of_a_contract_names_it(name):
    found = spellings(name)
    assert name in found and len(found) == len(set(found)) == 6
    for one in found:
        assert read_emaid(one).name == name and not read_emaid(one).is_mistyped
        assert is_same_contract(one.lower(), name)
        assert set(spellings(one)) == set(found)


@given(names, st.integers(0, 13), st.sampled_from(ANY))
def test_a_wrong_letter_shows(name, place, other):
    wrong = name[:place] + other + name[place + 1 :]
    if wrong != name:
        assert check_digit(wrong) != check_digit(name)


@given(names, st.integers(0, 12))
def test_two_letters_that_were_swapped_show(name, place):
    swapped = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    if swapped != name:
        assert check_digit(swapped) != check_digit(name)


def test_what_is_mistyped_is_known_and_still_names_its_contract():
    assert read_emaid("UKSWI123456789A").is_mistyped
    assert is_same_contract("UKSWI123456789A", "UK-SWI-123456789")
    assert "UKSWI123456789A" in spellings("UK-SWI-123456789-A")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DEABCC1234567",
        "DEABCC12345678XY",
        "D1ABCC12345678",
        "DE-ABCC12345678",
        "DE-ABC*C12345678",
        "DE_ABC_C12345678",
        "DEABCC1234567\N{LATIN CAPITAL LETTER E WITH ACUTE}",
        "DEABCC1234567\N{ARABIC-INDIC DIGIT EIGHT}",
        "DEABCC12345678\n",
        " DEABCC12345678",
    ],
)
def test_what_is_no_emaid_is_only_itself(text):
    assert read_emaid(text) is None
    assert spellings(text) == (text,)
    assert is_same_contract(text, text) and not is_same_contract(text, "DEABCC12345678")


@given(st.text(max_size=300))
def test_any_text_is_an_emaid_or_only_itself(text):
    assert text in spellings(text)
