"""Our decoder accepts what the official schemas accept and refuses the rest.

Differences that are meant, each with a test below that names it:

* an integer must fit 64 bits, a number has at most 48 characters and an exponent of at most 28;
* text must be Unicode: a lone surrogate escape is refused;
* ``2.0`` is no integer (draft 06 says it is one, draft 04 that it is not);
* in 1.6 one list of units serves both messages; the StopTransaction schema forgot Hertz;
* ``multipleOf`` is exact (the oracle is fed Decimals for the same reason).
"""

from __future__ import annotations

import json
import random
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.wire.ocpp import v16, v21, v201
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS, UNCONFIRMED, Strictness, decode_as, encode
from ohmstead.wire.ocpp.faults import CallRefused
from tests.conftest import DEEP
from tests.wire.ocpp.schemas import instance, mutants, schemas, validator

MODULES = {Version.V16: v16, Version.V201: v201, Version.V21: v21}
NAMES = [(version, name) for version in Version for name in schemas(version)]
ROUNDS = 40 if DEEP else 3
MUTANTS_MAX = 400 if DEEP else 60


def ours(version: Version, name: str, data: bytes, strictness=Strictness.STRICT):
    try:
        return decode_as(getattr(MODULES[version], name), data, strictness)
    except CallRefused:
        return None


def theirs(version: Version, name: str, data: bytes) -> bool:
    """Ask the oracle, with exact numbers."""
    return validator(version, name).is_valid(json.loads(data, parse_float=Decimal))


def meant(version: Version, kind: str, document: object) -> bool:
    """Tell whether a difference is one of those listed above."""
    if kind in ("whole float", "other type") and _has_whole_float(document):
        return True
    return version is Version.V16 and "Hertz" in json.dumps(document)


def _has_whole_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_whole_float(v) for v in value.values())
    if isinstance(value, list):
        return any(_has_whole_float(v) for v in value)
    return isinstance(value, float) and value.is_integer()


@pytest.mark.parametrize(("version", "name"), NAMES, ids=[f"{v}-{n}" for v, n in NAMES])
def test_each_message_is_accepted_exactly_when_its_schema_accepts_it(version, name):
    rng = random.Random(f"{version}{name}")
    schema = schemas(version)[name]
    refused = 0
    for i in range(ROUNDS):
        valid = instance(rng, schema, schema, 1.0 if i == 0 else rng.random())
        broken = list(mutants(rng, valid, schema, schema))
        rng.shuffle(broken)
        for kind, document in [("valid", valid), *broken[:MUTANTS_MAX]]:
            data = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode()
            expected, message = theirs(version, name, data), ours(version, name, data)
            refused += not expected
            if expected != (message is not None):
                assert meant(version, kind, document), (kind, data)
            if message is not None:
                assert ours(version, name, encode(message)) == message
                assert ours(version, name, data, Strictness.LENIENT) == message
    assert refused  # the oracle was not a rubber stamp


def test_what_is_encoded_is_the_document_that_was_read():
    for version, name in NAMES:
        rng = random.Random(name)
        schema = schemas(version)[name]
        document = instance(rng, schema, schema, 1.0)
        data = json.dumps(document).encode()
        again = json.loads(encode(ours(version, name, data)), parse_float=Decimal)
        assert again == json.loads(data, parse_float=Decimal)


@settings(max_examples=2_000 if DEEP else 150)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**62), 2**62)
        | st.decimals(-1000, 1000, places=2).map(float)
        | st.text(st.characters(codec="utf-8"), max_size=30),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["idTag", "connectorId", "status", "x"]), inner)
        ),
        max_leaves=6,
    ),
    st.sampled_from(NAMES),
)
def test_any_json_at_all_is_judged_as_the_schema_judges_it(document, message):
    version, name = message
    data = json.dumps(document).encode()
    if theirs(version, name, data) != (ours(version, name, data) is not None):
        assert _has_whole_float(document)


def test_every_schema_has_its_struct_and_every_action_its_two_messages():
    for version, actions in ACTIONS.items():
        messages = {m.__name__ for a in actions.values() for m in (a.request, a.response)}
        assert messages | UNCONFIRMED[version].keys() == set(schemas(version))
    assert [len(ACTIONS[version]) for version in Version] == [39, 64, 90]
    assert [len(schemas(version)) for version in Version] == [78, 128, 181]


def shared_messages():
    """What may cross from 2.0.1 to 2.1 in our words: our answers, and our requests."""
    for name, action in ACTIONS[Version.V201].items():
        ours_to_ask = Side.CSMS in action.senders
        yield f"{name}Request" if ours_to_ask else f"{name}Response"
        if name == "DataTransfer":
            yield "DataTransferResponse"


def counted_from_one(value: object) -> object:
    """2.0.1 lets ids be negative, 2.1 does not; nobody here counts below one."""
    if isinstance(value, dict):
        return {key: counted_from_one(item) for key, item in value.items()}
    if isinstance(value, list):
        return [counted_from_one(item) for item in value]
    return max(value, 1) if type(value) is int else value


@pytest.mark.parametrize("name", list(shared_messages()))
def test_what_we_say_in_the_words_of_201_is_well_said_in_21(name):
    rng = random.Random(name)
    schema = schemas(Version.V201)[name]
    for i in range(ROUNDS * 3):
        document = instance(rng, schema, schema, 1.0 if i == 0 else rng.random())
        data = json.dumps(counted_from_one(document)).encode()
        assert ours(Version.V21, name, data), data


def test_a_type_that_did_not_change_is_one_type():
    assert v21.TransactionEventEnumType is v201.TransactionEventEnumType
    assert v21.BootNotificationRequest is v201.BootNotificationRequest
    assert v21.MeasurandEnumType is not v201.MeasurandEnumType
    # What changed still compares by its text, whichever version the text came from.
    energy = v21.MeasurandEnumType.ENERGY_ACTIVE_IMPORT_REGISTER
    assert energy == v201.MeasurandEnumType.ENERGY_ACTIVE_IMPORT_REGISTER
    assert v21.ReasonEnumType.LOCAL in frozenset({v201.ReasonEnumType.LOCAL})


# The differences that are meant.

VALUE = '{"evseId":1,"meterValue":[{"timestamp":"t","sampledValue":[{"value":%s}]}]}'


def value_of(text: str) -> Decimal | None:
    message = ours(Version.V201, "MeterValuesRequest", (VALUE % text).encode())
    return message and message.meter_value[0].sampled_value[0].value


@pytest.mark.parametrize(
    "text", ["2935.60", "0", "-1", "0.1", "12345678901234567.89", "1E2", "1e-9", "-0.0", "1e28"]
)
def test_a_number_stays_exactly_what_was_written(text):
    assert value_of(text) == Decimal(text)
    assert str(value_of(text)) == str(Decimal(text))


@pytest.mark.parametrize(
    "text", ["1e400000", "1e29", "1e-29", "9" * 49, "0." + "1" * 60, "1e" + "9" * 30, "9" * 5000]
)
def test_an_absurd_number_is_refused_before_anybody_calculates_with_it(text):
    assert value_of(text) is None


@pytest.mark.parametrize("text", ['"1"', "true", "null", "[]", "{}", "NaN", "Infinity", "1.", "01"])
def test_what_is_no_json_number_is_refused(text):
    assert value_of(text) is None


def test_an_integer_that_no_database_holds_is_refused():
    stop = '{"meterStop":%d,"timestamp":"t","transactionId":1}'
    for value, fits in ((2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False)):
        data = (stop % value).encode()
        assert (ours(Version.V16, "StopTransactionRequest", data) is not None) is fits


def test_text_that_is_not_unicode_is_refused():
    for data in (b'{"idTag":"\\ud800"}', b'{"idTag":"\xff"}', b'{"idTag":"\xed\xa0\x80"}'):
        assert ours(Version.V16, "AuthorizeRequest", data) is None


def test_a_multiple_of_a_tenth_is_judged_exactly():
    schedule = '{"status":"Accepted","chargingSchedule":{"chargingRateUnit":"A",'
    schedule += '"chargingSchedulePeriod":[{"startPeriod":0,"limit":%s}]}}'
    for text, fits in (("4.1", True), ("0.3", True), ("16", True), ("4.11", False)):
        data = (schedule % text).encode()
        assert (ours(Version.V16, "GetCompositeScheduleResponse", data) is not None) is fits


def test_an_absent_field_reads_as_none_and_a_null_is_refused():
    heartbeat = b'{"status":"Accepted","currentTime":"t","interval":1%s}'
    assert ours(Version.V201, "BootNotificationResponse", heartbeat % b"").status_info is None
    null = heartbeat % b',"statusInfo":null'
    assert ours(Version.V201, "BootNotificationResponse", null) is None


def test_custom_data_may_hold_what_it_likes():
    data = b'{"customData":{"vendorId":"v","anything":{"at":["all"]}}}'
    assert ours(Version.V201, "HeartbeatRequest", data).custom_data.vendor_id == "v"
    assert ours(Version.V201, "HeartbeatRequest", b'{"customData":{"x":1}}') is None


def test_untyped_data_is_handed_on_as_it_came():
    data = b'{"vendorId":"v","data":{"a":[1.10]}}'
    message = ours(Version.V201, "DataTransferRequest", data)
    assert isinstance(message.data, msgspec.Raw)
    assert bytes(message.data) == b'{"a":[1.10]}'
    assert encode(message) == data
