"""Names, values and limits of variables, in the words of OCPP 1.6 and 2.x."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.device_model import (
    CHARACTERS_MAX,
    VARIABLES_MAX,
    Inventory,
    Variable,
    VariableName,
    bounded,
    differences,
    fault_of,
    is_secret,
    read_name,
    same_value,
)

# identifierString of 2.0.1, and what stations write instead.
parts = st.text(string.ascii_letters + string.digits + "*-_=:+|@.[]#% /ü", min_size=1, max_size=12)
maybe = st.one_of(st.just(""), parts)
numbers = st.one_of(st.none(), st.integers(0, 999_999_999))


@given(
    parts, parts, maybe, numbers, numbers, maybe, st.sampled_from(["Actual", "Target", "MaxSet"])
)
def test_a_name_of_2x_is_put_together_and_taken_apart_without_loss(
    component, variable, instance, evse, connector, other, attribute
):
    connector = None if evse is None else connector
    name = VariableName(component, variable, instance, evse, connector, other, attribute)
    assert read_name(str(name)) == name


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_none(text):
    name = read_name(text)
    assert name is None or read_name(str(name)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AuthCtrlr.Enabled", VariableName("AuthCtrlr", "Enabled")),
        ("A[b].C[d]", VariableName("A", "C", "b", variable_instance="d")),
        ("EVSE@1.Power#maxset", VariableName("EVSE", "Power", evse=1, attribute="MaxSet")),
        ("Connector@1:2.Available", VariableName("Connector", "Available", "", 1, 2)),
        ("HeartbeatInterval", None),
        ("A.B#Wish", None),
        ("A.B.C", None),
        ("", None),
    ],
)
def test_names_are_written_as_the_page_says(text, name):
    assert read_name(text) == name


@pytest.mark.parametrize(
    ("found", "wanted", "kind", "same"),
    [
        ("07", "7", "", True),
        ("1.50", "1.5", "decimal", True),
        ("07", "7", "string", False),
        ("TRUE", "true", "", True),
        ("TRUE", "true", "boolean", True),
        ("true", "1", "boolean", False),
        ("a, b", "a,b", "", True),
        ("b,a", "a,b", "", False),
        ("b,a", "a,b", "MemberList", True),
        ("b,a", "a,b", "SequenceList", False),
        (" x ", "x", "string", True),
        (None, "", "", False),
        ("", "", "", True),
        ("1e999999999", "1", "", False),
        ("NaN", "NaN", "decimal", True),
        ("NaN", "nan", "decimal", False),
    ],
)
def test_values_are_the_same_by_what_they_mean(found, wanted, kind, same):
    assert same_value(found, wanted, kind) is same


@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from(["", "integer", "MemberList"]))
def test_comparing_and_checking_any_text_never_fails(one, other, kind):
    assert same_value(one, one, kind)
    assert same_value(one, other, kind) == same_value(other, one, kind)
    fault_of(Variable("A.B", one, "ReadWrite", kind, one, one, other), other)


@pytest.mark.parametrize(
    ("variable", "wanted", "words"),
    [
        (Variable("a", data_type="integer", min_limit="1", max_limit="9"), "5", ""),
        (Variable("a", data_type="integer", min_limit="1"), "0", "is at least 1, not 0"),
        (Variable("a", data_type="decimal", max_limit="2.5"), "2.6", "is at most 2.5"),
        (Variable("a", data_type="decimal"), "wide", "is a number"),
        (Variable("a", data_type="boolean"), "True", ""),
        (Variable("a", data_type="dateTime"), "2026-11-20T09:30:00Z", ""),
        (Variable("a", data_type="dateTime"), "tomorrow", "is a time as in"),
        (Variable("a", data_type="string", max_limit="3"), "four", "has at most 3 characters"),
        (Variable("a", data_type="OptionList", values="x,y"), "y", ""),
        (Variable("a", data_type="OptionList", values="x,y"), "x,y", "takes x, y"),
        (Variable("a", data_type="MemberList", values="x,y"), "y,x", ""),
        (Variable("a", data_type="MemberList", values="x,y"), "", ""),
        (Variable("a", mutability="ReadOnly"), "1", "is read-only"),
        (Variable("a", mutability="WriteOnly"), "1", "cannot be read back"),
        (Variable("a", is_hidden=True), "1", "cannot be read back"),
    ],
)
def test_a_value_is_held_against_what_the_station_said_of_the_variable(variable, wanted, words):
    fault = fault_of(variable, wanted)
    assert fault.startswith(words) if words else not fault


@pytest.mark.parametrize(
    "name",
    [
        "AuthorizationKey",
        "SecurityCtrlr.BasicAuthPassword",
        "X.simPin",
        "apnPassphrase",
        "CLIENT_SECRET",
    ],
)
def test_a_secret_is_known_by_its_name_and_its_value_is_dropped(name):
    assert is_secret(name)
    kept, over = bounded([Variable(name, "s3cr3t", "ReadWrite", "string", "s3cr3t")])
    assert over == 0 and "s3cr3t" not in str(kept) and kept[0].is_hidden


def test_what_one_station_can_make_us_keep_has_an_end():
    many, over = bounded(Variable(f"V{n}", "1") for n in range(VARIABLES_MAX + 7))
    assert (len(many), over) == (VARIABLES_MAX, 7)
    long, over = bounded(Variable(f"V{n:05d}", "x" * 2_500) for n in range(1_000))
    assert sum(len(one.name) + len(one.value) for one in long) <= CHARACTERS_MAX
    assert over == 1_000 - len(long) > 0
    assert [one.name for one in long] == sorted(one.name for one in long)


def test_two_readings_differ_where_a_value_is_another_or_only_one_has_it():
    left = Inventory("A", "1.6", 0, (Variable("a", "1"), Variable("B", "x"), Variable("c", "7")))
    right = Inventory("B", "1.6", 0, (Variable("A", "01"), Variable("b", "y"), Variable("d", "")))
    assert [one.name for one in differences(left, right)] == ["B", "c", "d"]
    hidden = Inventory("C", "1.6", 0, (Variable("a", is_hidden=True),))
    assert "a" not in [one.name for one in differences(left, hidden)]
