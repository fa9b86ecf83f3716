"""The door to the payloads: registry, strictness, and no input that breaks it."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Side, Version, check_number
from ohmstead.wire.ocpp.codec import (
    ACTIONS,
    Strictness,
    decode_as,
    decode_forgiving,
    decode_request,
    decode_response,
    decode_with_repairs,
    encode,
)
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.forgiving import LOST, MISSPELT, UNKNOWN_WORD, zone_times
from ohmstead.wire.ocpp.lenient import FORGIVEN_MAX, REPAIRS_MAX, TEXT_LENGTH_MAX

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = {"value": "12.5", "measurand": "Energy.Active.Import.Register", "unit": "kWh"}
METER = {
    "connectorId": 1,
    "meterValue": [{"timestamp": "2026-11-20T12:00:00Z", "sampledValue": [SAMPLE]}],
}
METER_BYTES = json.dumps(METER).encode()


def lenient(action: str, document: object, version=Version.V16):
    return decode_request(version, action, json.dumps(document).encode(), Strictness.LENIENT)


def test_the_committed_modules_are_what_the_generator_writes():
    command = [sys.executable, str(ROOT / "tools" / "gen_ocpp.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_request_arrives_typed():
    message = decode_request(Version.V16, "MeterValues", METER_BYTES)
    assert isinstance(message, v16.MeterValuesRequest)
    sample = message.meter_value[0].sampled_value[0]
    assert sample.unit is v16.UnitOfMeasure.KWH
    assert (sample.value, sample.phase, message.transaction_id) == ("12.5", None, None)


def test_an_answer_of_ours_is_written_without_what_is_absent():
    answer = v16.StartTransactionResponse(
        id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED), transaction_id=7
    )
    assert json.loads(encode(answer)) == {"idTagInfo": {"status": "Accepted"}, "transactionId": 7}


def test_who_may_ask_for_what_is_part_of_the_registry():
    assert decode_request(Version.V16, "Reset", b'{"type":"Hard"}', sender=Side.CSMS)
    with pytest.raises(CallRefused) as caught:
        decode_request(Version.V16, "Authorize", b"{}", sender=Side.CSMS)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    for version in Version:
        assert ACTIONS[version]["DataTransfer"].senders == frozenset(Side)


def test_an_invalid_answer_to_us_is_refused_and_never_a_crash():
    assert decode_response(Version.V16, "Reset", b'{"status":"Accepted"}')
    for action, data in (("Reset", b'{"status":"Maybe"}'), ("Reset", b"null"), ("Nope", b"{}")):
        with pytest.raises(CallRefused):
            decode_response(Version.V16, action, data)


def test_leniency_ignores_unknown_fields_wherever_they_are():
    document = {**METER, "x": 1, "meterValue": [{**METER["meterValue"][0], "y": {"z": None}}]}
    assert lenient("MeterValues", document) == decode_request(
        Version.V16, "MeterValues", METER_BYTES
    )
    with pytest.raises(CallRefused) as caught:
        decode_request(Version.V16, "MeterValues", json.dumps(document).encode())
    assert caught.value.code is ErrorCode.FORMAT_VIOLATION


def test_leniency_reads_a_null_as_absence_but_not_where_a_value_is_required():
    assert lenient("MeterValues", {**METER, "transactionId": None}).transaction_id is None
    with pytest.raises(CallRefused):
        lenient("MeterValues", {**METER, "connectorId": None})


def test_leniency_keeps_an_over_long_text_whole_up_to_a_bound():
    assert lenient("Authorize", {"idTag": "x" * 21}).id_tag == "x" * 21
    assert len(lenient("Authorize", {"idTag": "x" * TEXT_LENGTH_MAX}).id_tag) == TEXT_LENGTH_MAX
    with pytest.raises(CallRefused) as caught:
        lenient("Authorize", {"idTag": "x" * (TEXT_LENGTH_MAX + 1)})
    assert caught.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_leniency_restores_texts_inside_lists_and_renamed_fields():
    keys = ["k" * 60, "short", "l" * 70]
    message = decode_request(
        Version.V16,
        "GetConfiguration",
        json.dumps({"key": keys}).encode(),
        Strictness.LENIENT,
        sender=Side.CSMS,
    )
    assert message.key == keys
    token = {"idToken": "i" * 50, "type": "Central"}
    hashes = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "n",
        "issuerKeyHash": "k",
        "serialNumber": "s",
        "responderURL": "u" * 600,
    }
    document = {"idToken": token, "iso15118CertificateHashData": [hashes]}
    message = lenient("Authorize", document, Version.V201)
    assert isinstance(message, v201.AuthorizeRequest)
    assert message.iso15118_certificate_hash_data[0].responder_url == "u" * 600
    assert message.id_token.id_token == "i" * 50


def test_leniency_says_what_it_forgave():
    document = {**METER, "odd": 1, "transactionId": None}
    document["meterValue"] = [{"timestamp": "t", "sampledValue": [{**SAMPLE, "z": 1}]}]
    message, repairs = decode_with_repairs(v16.MeterValuesRequest, json.dumps(document).encode())
    assert message.meter_value[0].timestamp == "t"
    assert repairs.nulls == ["$.transactionId"]
    assert sorted(repairs.unknown) == ["$.meter_value[0].sampled_value[0].z", "$.odd"]
    assert bool(repairs)


@pytest.mark.parametrize("wrong", [{"connectorId": "one"}, {"meterValue": []}, {"meterValue": "x"}])
def test_leniency_forgives_nothing_else(wrong):
    with pytest.raises(CallRefused):
        lenient("MeterValues", {**METER, **wrong})


STOP = {"meterStop": 1000, "timestamp": "2024-01-01T10:00:00Z", "transactionId": 7}
EVENT = {
    "eventType": "Ended",
    "timestamp": "2024-01-01T10:00:00Z",
    "triggerReason": "EVDeparted",
    "seqNo": 3,
    "transactionInfo": {"transactionId": "T1", "stoppedReason": "Local"},
    "idToken": {"idToken": "CARD", "type": "ISO14443"},
    "meterValue": [
        {"timestamp": "2024-01-01T10:00:00Z", "sampledValue": [{"value": 1000, "context": "Other"}]}
    ],
}
WITHOUT = "left out"


def forgiven(version, action, document):
    """A message of a transaction read leniently, as JSON, and what was forgiven in it."""
    kind = ACTIONS[version][action].request
    data = json.dumps(document).encode()
    message, repairs = decode_forgiving(kind, data, Strictness.LENIENT)
    with pytest.raises(CallRefused):
        decode_forgiving(kind, data, Strictness.STRICT)
    assert repairs is not None
    return json.loads(encode(message)), repairs.codes()


def at(path, document):
    """What stands at a path like ``a.0.b``, or that nothing does."""
    for step in path.split("."):
        if isinstance(document, list):
            document = document[int(step)]
        elif step in document:
            document = document[step]
        else:
            return WITHOUT
    return document


def wrong(path, value, document):
    """The document with another value at a path."""
    document = json.loads(json.dumps(document))
    owner = at(path.rpartition(".")[0], document) if "." in path else document
    owner[path.rpartition(".")[2]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "read", "code"),
    [
        ("reason", "Weird", "Other", UNKNOWN_WORD),
        ("reason", "evdisconnected", "EVDisconnected", UNKNOWN_WORD),
        ("meterStop", 1000.0, 1000, MISSPELT),
        ("meterStop", "1000", 1000, MISSPELT),
        ("meterStop", " -1000.00 ", -1000, MISSPELT),
        ("transactionId", "7", 7, MISSPELT),
        ("transactionId", 7.0, 7, MISSPELT),
    ],
)
def test_a_stop_of_1_6_is_forgiven_how_it_is_written(path, value, read, code):
    message, codes = forgiven(Version.V16, "StopTransaction", wrong(path, value, STOP))
    assert (at(path, message), codes) == (read, (code,))


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
@pytest.mark.parametrize(
    ("path", "value", "read", "code"),
    [
        ("triggerReason", "Fnord", "Trigger", UNKNOWN_WORD),
        ("triggerReason", "evdeparted", "EVDeparted", UNKNOWN_WORD),
        ("transactionInfo.stoppedReason", "Fnord", "Other", UNKNOWN_WORD),
        ("transactionInfo.chargingState", "Fnord", WITHOUT, UNKNOWN_WORD),
        ("transactionInfo.transactionId", 12, "12", MISSPELT),
        ("seqNo", "3", 3, MISSPELT),
        ("seqNo", 3.0, 3, MISSPELT),
        ("meterValue", [], WITHOUT, None),
        ("meterValue.0.sampledValue.0.value", "1000.5", 1000.5, MISSPELT),
        ("meterValue.0.sampledValue.0.context", "Fnord", WITHOUT, UNKNOWN_WORD),
        ("meterValue.0.sampledValue.0.measurand", "Fnord", "Frequency", UNKNOWN_WORD),
    ],
)
def test_an_event_of_2_x_is_forgiven_how_it_is_written(version, path, value, read, code):
    message, codes = forgiven(version, "TransactionEvent", wrong(path, value, EVENT))
    assert (at(path, message), codes) == (read, (code,) if code else ())


def test_an_id_token_of_an_unknown_type_is_one_all_the_same():
    document = wrong("idToken.type", "RFID", EVENT)
    message, codes = forgiven(Version.V201, "TransactionEvent", document)
    assert (message["idToken"]["type"], codes) == ("Central", (UNKNOWN_WORD,))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("eventType", "ended"),
        ("eventType", "Fnord"),
        ("seqNo", "3.5"),
        ("seqNo", 3.5),
        ("seqNo", "1e3"),
        ("seqNo", True),
        ("seqNo", "9" * 40),
        ("seqNo", "\u0663"),
        ("transactionInfo.transactionId", True),
        ("meterValue.0.sampledValue.0.value", "NaN"),
        ("meterValue.0.sampledValue.0.value", "1e400"),
    ],
)
def test_what_the_meaning_hangs_on_is_never_guessed(path, value):
    with pytest.raises(CallRefused):
        lenient("TransactionEvent", wrong(path, value, EVENT), Version.V201)


@pytest.mark.parametrize("measurand", [None, "Energy.Active.Import.Register", "SoC"])
@pytest.mark.parametrize("word", ["phase", "location", "unit", "format"])
def test_a_sample_with_an_unknown_word_is_of_no_register(word, measurand):
    sample = {"value": "1", word: "Fnord"} | ({"measurand": measurand} if measurand else {})
    values = [{"timestamp": "t", "sampledValue": [SAMPLE, sample]}]
    message, codes = forgiven(Version.V16, "MeterValues", {**METER, "meterValue": values})
    samples = message["meterValue"][0]["sampledValue"]
    assert samples == [SAMPLE, {"value": "1", "measurand": "Frequency"}]
    is_lost = measurand != "SoC"
    assert codes == ((UNKNOWN_WORD, LOST) if is_lost else (UNKNOWN_WORD,))


@pytest.mark.parametrize(
    ("measurand", "is_lost"),
    [
        ("", True),
        (" Energy.Active.Import.Register", True),
        ("Energy", True),
        ("Energy_Active_Import_Register", True),
        ("Energy.Active.Import", True),
        ("Energy.Active.Import.Register.Total", True),
        ("Energy.Active.Export", False),
        ("Energy.Active.Import.Interval.Max", False),
        ("EnergyRequest.Target", False),
        ("Temperature.Cable", False),
    ],
)
def test_an_unknown_measurand_that_may_mean_the_register_is_a_value_lost(measurand, is_lost):
    sample = {"value": "1", "measurand": measurand}
    values = [{"timestamp": "t", "sampledValue": [SAMPLE, sample]}]
    message, codes = forgiven(Version.V16, "MeterValues", {**METER, "meterValue": values})
    samples = message["meterValue"][0]["sampledValue"]
    assert samples == [SAMPLE, {"value": "1", "measurand": "Frequency"}]
    assert codes == ((UNKNOWN_WORD, LOST) if is_lost else (UNKNOWN_WORD,))


@pytest.mark.parametrize("version", list(Version))
def test_values_of_no_samples_are_values_of_nothing(version):
    where = "connectorId" if version is Version.V16 else "evseId"
    document = {where: 1, "meterValue": [{"timestamp": "t", "sampledValue": []}]}
    message, codes = forgiven(version, "MeterValues", document)
    (sample,) = message["meterValue"][0]["sampledValue"]
    assert (sample["measurand"], codes) == ("Frequency", ())


def test_a_number_of_1_6_may_stand_where_its_text_belongs():
    values = [{"timestamp": "t", "sampledValue": [{"value": 1000.5}]}]
    message, codes = forgiven(Version.V16, "MeterValues", {**METER, "meterValue": values})
    assert at("meterValue.0.sampledValue.0.value", message) == "1000.5"
    assert codes == (MISSPELT,)


def test_a_transactions_thousand_samples_may_each_have_their_habit():
    samples = [SAMPLE | {"measurand": "Fnord", "x": 1}] * (FORGIVEN_MAX // 2)
    values = [{"timestamp": "t", "sampledValue": samples}]
    assert lenient("MeterValues", {**METER, "meterValue": values})
    values.append({"timestamp": "t", "sampledValue": [SAMPLE | {"x": 1}]})
    with pytest.raises(CallRefused):
        lenient("MeterValues", {**METER, "meterValue": values})


def test_only_messages_of_transactions_are_forgiven_so_much():
    with pytest.raises(CallRefused):
        lenient("Reset", {"type": "hard"})
    status = {"connectorId": 1, "errorCode": "NoError", "status": "available"}
    with pytest.raises(CallRefused):
        lenient("StatusNotification", status)


def test_a_time_without_a_zone_is_taken_as_utc_and_any_other_left_alone():
    for text, read in (
        ("2024-01-01T10:00:00", "2024-01-01T10:00:00Z"),
        ("2024-01-01 10:00:00.5", "2024-01-01T10:00:00.5Z"),
    ):
        message = lenient("StopTransaction", {**STOP, "timestamp": text})
        data = [{"timestamp": text, "sampledValue": []}]
        inner = lenient("StopTransaction", {**STOP, "transactionData": data})
        assert zone_times(message) and zone_times(inner)
        assert message.timestamp == inner.transaction_data[0].timestamp == read
        assert not zone_times(message)
    for text in ("yesterday", "2024-01-01", "2024-01-01T10:00:00+0200", "1704103200", ""):
        assert not zone_times(lenient("StopTransaction", {**STOP, "timestamp": text}))


def test_leniency_has_an_end():
    with pytest.raises(CallRefused):
        lenient("Heartbeat", {f"x{i}": 1 for i in range(REPAIRS_MAX + 1)})
    assert lenient("Heartbeat", {f"x{i}": 1 for i in range(REPAIRS_MAX)})


@pytest.mark.parametrize("strictness", list(Strictness))
def test_no_single_changed_byte_breaks_the_decoder(strictness):
    for i in range(len(METER_BYTES)):
        for byte in (b"", b"\x00", b"\xff", b'"', b"}", b"9", b"\\"):
            data = METER_BYTES[:i] + byte + METER_BYTES[i + 1 :]
            try:
                decode_as(v16.MeterValuesRequest, data, strictness)
            except RemoteProtocolError as refused:
                assert refused.code in ErrorCode


@given(st.binary(max_size=200), st.sampled_from(Strictness), st.sampled_from(Version), st.data())
def test_whatever_bytes_come_the_decoder_accepts_or_refuses(data, strictness, version, more):
    action = more.draw(st.sampled_from([*ACTIONS[version], "Nonsense"]))
    try:
        decode_request(version, action, data, strictness)
    except CallRefused as refused:
        assert len(refused.description) <= 255


@pytest.mark.parametrize("strictness", list(Strictness))
@pytest.mark.parametrize("opening", [b"[", b'{"x":'])
def test_nesting_without_end_is_refused(strictness, opening):
    with pytest.raises(CallRefused) as caught:
        decode_request(Version.V16, "Heartbeat", opening * 100_000, strictness)
    assert caught.value.code is ErrorCode.FORMAT_VIOLATION


def test_a_description_fits_the_255_characters_a_callerror_allows():
    with pytest.raises(CallRefused) as caught:
        decode_request(Version.V16, "Heartbeat", json.dumps({"x" * 400: 1}).encode())
    assert len(caught.value.description) == 255


@pytest.mark.parametrize(
    ("value", "bounds", "fits"),
    [
        (None, {"minimum": 0}, True),
        ("0", {"minimum": 0}, True),
        ("-0.1", {"minimum": 0}, False),
        ("100", {"maximum": 100}, True),
        ("100.1", {"maximum": 100}, False),
        ("4.1", {"multiple_of": "0.1"}, True),
        ("4.15", {"multiple_of": "0.1"}, False),
    ],
)
def test_a_number_is_held_to_the_bounds_of_its_schema(value, bounds, fits):
    number = None if value is None else Decimal(value)
    if fits:
        check_number("x", number, **bounds)
    else:
        with pytest.raises(ValueError, match="Expected `x`"):
            check_number("x", number, **bounds)
