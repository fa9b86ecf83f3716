"""A name leaves texts and JSON, and nothing else of them changes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.person import (
    GONE,
    Names,
    digest_of,
    exact,
    excerpts,
    in_json,
    in_text,
    read_names,
)

SALT = "5a" * 16
ANNA = read_names(("ANNA-77", "anna@example.org", "0x" + "A1" * 20), SALT)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just("ANNA-77")
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["idTag", "data", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_what_a_person_is_called_is_sorted():
    assert ANNA.uids == ("anna-77", "anna@example.org")
    assert ANNA.addresses == ("0x" + "a1" * 20,)
    assert ANNA.emails == ("anna@example.org",)


def test_a_pseudonym_is_one_for_a_request_and_another_for_the_next():
    assert ANNA.gone("ANNA-77") == ANNA.gone("anna-77") == exact("Anna-77", ANNA)
    assert len(ANNA.gone("ANNA-77")) == 20  # what OCPP 1.6 lets an idTag have
    other = Names(ANNA.uids, salt="00" * 16)
    assert other.gone("ANNA-77") != ANNA.gone("ANNA-77")
    assert digest_of(b"p", "ANNA-77") == digest_of(b"p", "anna-77") != digest_of(b"q", "anna-77")


@given(TREES)
def test_json_keeps_its_form_and_loses_the_name(tree):
    text = json.dumps(tree)
    after = in_json(text, ANNA)
    assert "anna-77" not in after.casefold()

    def expected(value):
        if isinstance(value, dict):
            return {name: expected(one) for name, one in value.items()}
        if isinstance(value, list):
            return [expected(one) for one in value]
        if isinstance(value, str) and value.casefold() == "anna-77":
            return ANNA.gone(value)
        return value

    assert json.loads(after) == expected(tree)
    assert in_json(after, ANNA) == after


@given(st.text(max_size=60))
def test_text_without_the_name_stays_as_it_is(text):
    if "anna" not in text.casefold():
        assert in_text(text, ANNA) == text
        assert in_json(text, ANNA) == text


def test_a_name_inside_json_inside_json_is_found():
    inner = json.dumps({"idTag": "ANNA-77", "kwh": 1})
    after = json.loads(in_json(json.dumps({"data": inner, "n": 1}), ANNA))
    assert json.loads(after["data"])["idTag"].startswith(GONE)
    assert after["n"] == 1


def test_numbers_are_not_names_and_short_names_are_no_words():
    short = read_names(("12",), SALT)
    text = '{"meterStart": 12, "idTag": "12", "unit": "12", "note": "12 times"}'
    after = json.loads(in_json(text, short))
    assert (after["meterStart"], after["unit"], after["note"]) == (12, "12", "12 times")
    assert after["idTag"].startswith(GONE)


def test_the_number_made_of_an_id_token_goes_with_it():
    text = '{"remoteStartId": 1094795585, "idToken": {"idToken": "ANNA-77", "type": "Central"}}'
    assert json.loads(in_json(text, ANNA))["remoteStartId"] == 0
    other = text.replace("ANNA-77", "OTHER")
    assert in_json(other, ANNA) == other


def test_only_whole_words_of_a_text_are_names():
    assert in_text("XANNA-77 called", ANNA) == "XANNA-77 called"
    assert in_text("(anna-77) called", ANNA).startswith("(" + GONE)


@given(st.binary(max_size=80))
def test_what_is_no_json_is_survived(raw):
    text = raw.decode("utf-8", "replace")
    in_json('{"' + text, ANNA)
    in_json('["ANNA-77' + text, ANNA)


def test_an_excerpt_is_the_smallest_object_that_names_the_person():
    listed = {"listVersion": 3, "list": [{"idTag": "BEN"}, {"idTag": "ANNA-77", "x": 1}]}
    assert list(excerpts(listed, ANNA)) == [("list[1]", {"idTag": "ANNA-77", "x": 1})]
