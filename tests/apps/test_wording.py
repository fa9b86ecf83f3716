"""What a decoder refuses is told with the field, the value and what is allowed."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.api import shapes
from ohmstead.apps.stations.commanding.checks import BadCommand, BadPayload, check_for
from ohmstead.apps.stations.commanding.checks import check_for_any as check_any
from ohmstead.apps.wording import did_you_mean, reworded
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Version

STATION = {"id": "A", "evses": [{"id": 1, "rated_w": 1}], "tariff": "T", "owner": "0x" + "ab" * 20}
SET = {"component": {"name": "C"}, "variable": {"name": "V"}, "attributeValue": "x"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda some: st.lists(some, max_size=2) | st.dictionaries(st.text(max_size=3), some),
    max_leaves=5,
)


def told(kind, document):
    """What is said of a document that a type does not take."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(json.dumps(document), type=kind)
    return reworded(kind, str(caught.value), document)


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        (v201.ResetRequest, {"type": "Soft"}, "type: 'Soft' is not one of Immediate, OnIdle"),
        (v16.ResetRequest, {"type": "OnIdle"}, "type: 'OnIdle' is not one of Hard, Soft"),
        (v16.ResetRequest, {"type": 7}, "type: 7 is not one of Hard, Soft"),
        (v16.ResetRequest, {}, "type: missing; it is one of Hard, Soft"),
        (v201.ResetRequest, {"typ": 1}, "typ: there is no such field; did you mean type?"),
        (v201.ResetRequest, [], "expected an object, not a list"),
        (
            v201.SetVariablesRequest,
            {"setVariableData": [SET, {**SET, "attributeType": "Now"}]},
            "setVariableData[1].attributeType: 'Now' is not one of Actual, Target, MinSet, MaxSet",
        ),
        (
            v16.ChangeConfigurationRequest,
            {"key": "k" * 51, "value": "1"},
            "key: must have at most 50 characters, not 51",
        ),
        (
            shapes.StationBody,
            {**STATION, "owner": "0x12"},
            "owner: expected an address: 0x and 40 hexadecimal digits, not '0x12'",
        ),
        (
            shapes.StationBody,
            {**STATION, "evses": [{"id": 0, "rated_w": 1}]},
            "evses[0].id: must be at least 1, not 0",
        ),
        (
            shapes.StationPatch,
            {"admission": "yes"},
            "admission: 'yes' is not one of accepted, pending, rejected",
        ),
    ],
)
def test_a_refusal_names_the_field_the_value_and_what_is_allowed(kind, document, words):
    assert told(kind, document) == words


@given(JSON)
def test_whatever_is_refused_is_told_in_one_line_without_the_decoders_words(document):
    try:
        msgspec.json.decode(json.dumps(document), type=shapes.StationBody)
    except msgspec.ValidationError as error:
        words = reworded(shapes.StationBody, str(error), document)
        assert not {"Object", "Expected", "Invalid"} & set(words.split())


def test_an_action_of_another_version_is_told_with_what_stands_for_it_here():
    for action, version, words in (
        ("Reest", Version.V16, "did you mean Reset?"),
        ("reset", Version.V201, "did you mean Reset?"),
        ("ChangeConfiguration", Version.V201, "SetVariables"),
        ("GetReport", Version.V16, "is of OCPP 2.0.1 and 2.1"),
        ("Dance", Version.V16, "they take CancelReservation"),
    ):
        with pytest.raises(BadCommand, match=words.replace("?", r"\?")):
            check_for(version, action, b"{}")
    with pytest.raises(BadCommand, match="did you mean Reset"):
        check_any("Reest", b"{}")


def test_for_a_station_that_is_away_every_version_says_what_it_allows():
    with pytest.raises(BadPayload) as caught:
        check_any("Reset", b'{"type": "Gentle"}')
    text = str(caught.value)
    assert "OCPP 1.6: type: 'Gentle' is not one of Hard, Soft;" in text
    assert "OCPP 2.0.1: type: 'Gentle' is not one of Immediate, OnIdle;" in text


def test_a_secret_that_breaks_its_schema_is_not_in_what_is_told():
    secret = "s3cr3t" * 100
    body = json.dumps({"key": "AuthorizationKey", "value": secret}).encode()
    with pytest.raises(BadPayload) as caught:
        check_for(Version.V16, "ChangeConfiguration", body)
    assert "s3cr3t" not in str(caught.value)
    assert "at most 500 characters" in str(caught.value)


def test_nothing_is_suggested_for_what_is_like_nothing():
    assert did_you_mean("Dance", ["Reset", "ClearCache"]) == ""
    assert did_you_mean("", []) == ""
