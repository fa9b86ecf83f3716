"""The parser: what a record says, what is refused, and that nothing else ever happens."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ohmstead.errors import RemoteProtocolError
from ohmstead.hashing import sha256
from ohmstead.wire.ocmf import (
    MalformedRecord,
    OcmfRecord,
    UnsupportedFormat,
    Verdict,
    carried_in_16,
    carried_in_201,
    examine,
    extract_ocmf,
    fits_chain,
    parse,
)
from ohmstead.wire.ocmf.extract import CARRIER_MAX
from ohmstead.wire.ocmf.record import READINGS_MAX, RECORD_MAX

FIRST = (
    '{"TM":"2026-11-20T08:00:00,123+0100 S","TX":"B","RV":1000.123456,"RI":"1-b:1.8.0",'
    '"RU":"kWh","RT":"AC","EF":"","ST":"G"}'
)
SECOND = '{"TM":"2026-11-20T08:30:00,000+0100 R","TX":"E","RV":1011.25}'
TAIL = '{"SD":"3006020101020101"}'


def payload(rd: str = f"[{FIRST},{SECOND}]", page: str = "T7", more: str = "") -> str:
    return (
        f'{{"FV":"1.2","GS":"G-1","PG":"{page}","MS":"M-1","IS":true,"IT":"NONE"{more},"RD":{rd}}}'
    )


def record(body: str | None = None, tail: str = TAIL) -> bytes:
    return f"OCMF|{payload() if body is None else body}|{tail}".encode()


def with_value(text: str, unit: str = "kWh") -> bytes:
    first = FIRST.replace("1000.123456", text).replace('"kWh"', f'"{unit}"')
    return record(payload(f"[{first}]"))


def test_a_record_is_read_beside_its_untouched_bytes():
    raw = b"\n " + record() + b"\r\n"
    found = parse(raw)
    assert found.raw is raw
    assert found.payload == payload().encode()
    assert found.payload_sha256 == sha256(payload().encode())
    assert (found.context, found.page) == ("T", 7)
    assert (found.gateway_serial, found.meter_serial) == ("G-1", "M-1")
    assert found.algorithm == "ECDSA-secp256r1-SHA256"
    assert found.signature == bytes.fromhex("3006020101020101")


def test_what_an_entry_omits_is_what_the_entry_before_said():
    first, second = parse(record()).readings
    assert first.at_ms == 1_795_158_000_123
    assert (second.register, second.unit, second.status) == ("1-b:1.8.0", "kWh", "G")
    assert (second.current, second.error_flags) == ("AC", "")
    assert (second.clock, second.tx) == ("R", "E")
    assert second.mwh == 1_011_250_000
    assert second.at_ms - first.at_ms == 1_800_000 - 123


def test_an_omitted_value_is_no_value_and_never_the_one_before():
    event = '{"TM":"2026-11-20T08:30:00,000+0100 R","TX":"E","ST":"D"}'
    last = parse(record(payload(f"[{FIRST},{event}]"))).readings[1]
    assert (last.mwh, last.doubt, last.value) == (None, "no value", "")


@pytest.mark.parametrize(
    ("text", "unit", "mwh"),
    [
        ("0", "kWh", 0),
        ("2935.60", "kWh", 2_935_600_000),
        ("0.000001", "kWh", 1),
        ("0.0000010000", "kWh", 1),
        ("-0.5", "kWh", -500_000),
        ("7753", "Wh", 7_753_000),
        ("7753.001", "Wh", 7_753_001),
        ('"       9.038"', "kWh", 9_038_000),
        ('"00000000.000"', "kWh", 0),
        ("18446744073709.551615", "kWh", 2**64 - 1),
        ("0.0000001", "kWh", None),
        ("7753.0001", "Wh", None),
        ("30", "sec", None),
    ],
)
def test_energy_is_exact_or_not_at_all(text, unit, mwh):
    reading = parse(with_value(text, unit)).readings[0]
    assert reading.mwh == mwh
    assert (reading.doubt == "") == (mwh is not None)
    assert reading.value == text.strip('"')


@pytest.mark.parametrize(
    "text",
    [
        *["1e400000", "1E3", "1e-3", "NaN", "Infinity", "-Infinity", "true", "null", "[1]"],
        *['{"a":1}', '""', '" "', '"1,5"', '"+5"', '"0x10"', '"1e5"', '".5"', '"5."'],
        *['"\u0665"', "9" * 25, "18446744073709.551616", "1" * 5_000, "-", "01"],
    ],
)
def test_an_absurd_value_is_refused(text):
    with pytest.raises(MalformedRecord):
        parse(with_value(text))


@pytest.mark.parametrize(
    ("text", "at_ms", "clock"),
    [
        ("2018-07-24T13:22:04,000+0200 S", 1_532_431_324_000, "S"),
        ("2018-07-24T13:22:04,999+0200", 1_532_431_324_999, ""),
        ("2018-07-24T11:22:04.000Z I", 1_532_431_324_000, "I"),
        ("2018-07-24T06:52:04,000-0430 U", 1_532_431_324_000, "U"),
        ("1970-01-01T00:30:00,000+0100 U", 0, "U"),
        ("9999-12-31T23:59:59,999+0000 S", 253_402_300_799_999, "S"),
    ],
)
def test_times_become_milliseconds_and_keep_the_state_of_the_clock(text, at_ms, clock):
    body = payload(f"[{FIRST}]").replace("2026-11-20T08:00:00,123+0100 S", text)
    reading = parse(record(body)).readings[0]
    assert (reading.at_ms, reading.clock) == (at_ms, clock)


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-30T13:22:04,000+0200 S",
        "2018-07-24T13:22:04+0200 S",
        "2018-07-24T25:22:04,000+0200 S",
        "1969-12-31T23:00:00,000-0200 S",
        "2018-07-24T13:22:04,000+2500 S",
        "2018-07-24",
        "",
        "2018-07-24T13:22:04,000+0200 SS",
    ],
)
def test_what_is_no_time_is_refused(text):
    body = payload(f"[{FIRST}]").replace("2026-11-20T08:00:00,123+0100 S", text)
    with pytest.raises(MalformedRecord, match=r"TM of RD\[0\]"):
        parse(record(body))


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", UnsupportedFormat),
        (b"EDL40|x|y", UnsupportedFormat),
        (b"ocmf|{}|{}", UnsupportedFormat),
        (b"OCMF|", MalformedRecord),
        (b"OCMF|{}", MalformedRecord),
        (record() + b"|", MalformedRecord),
        (record(payload(more=',"TT":"a|b"')), MalformedRecord),
        (b"OCMF|{}|{}", MalformedRecord),
        (b"OCMF|[]|{}", MalformedRecord),
        (record(payload("[]")), MalformedRecord),
        (record(payload("{}")), MalformedRecord),
        (record(payload("[1]")), MalformedRecord),
        (record(payload(f"[{SECOND}]")), MalformedRecord),  # no ST to inherit
        (record(payload('[{"ST":"G"}]')), MalformedRecord),  # no TM
        (record(payload(page="7")), MalformedRecord),
        (record(payload(page="T")), MalformedRecord),
        (record(payload(page="t7")), MalformedRecord),
        (record(payload(page="T-1")), MalformedRecord),
        (record(payload(page="T1234567890")), MalformedRecord),
        (record(payload(page="T\u0661")), MalformedRecord),
        (record(payload().replace('"T7"', "7")), MalformedRecord),
        (record(payload(more=',"ID":7')), MalformedRecord),
        (record(payload(more=',"ID":"' + "x" * 513 + '"')), MalformedRecord),
        (record(payload(more=',"ID":"\\ud800"')), MalformedRecord),
        (record(payload(more=',"X":' + "[" * 60_000)), MalformedRecord),
        (record(tail="{}"), MalformedRecord),
        (record(tail='{"SD":7}'), MalformedRecord),
        (record(tail='{"SD":""}'), MalformedRecord),
        (record(tail='{"SD":"' + "0" * 513 + '"}'), MalformedRecord),
        (record(tail='{"SD":"00","SE":"ascii85"}'), MalformedRecord),
        (record().replace(b"M-1", b"\xff\xfe"), MalformedRecord),
        (b"OCMF|" + payload().encode("utf-16") + b"|" + TAIL.encode(), MalformedRecord),
        (record(payload(more=',"TT":"' + "x" * RECORD_MAX + '"')), MalformedRecord),
        (
            record(payload("[" + ",".join(["{}"] * (READINGS_MAX + 1)) + "]")),
            MalformedRecord,
        ),
    ],
)
def test_what_does_not_follow_the_format_is_refused_by_name(raw, error):
    with pytest.raises(error):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        record(payload(more=',"PG":"T8"')),
        record(payload(more=',"RD":[]')),
        record(payload("[" + FIRST.replace('"ST"', '"RV":9,"ST"') + "]")),
        record(tail='{"SD":"3006020101020101","SD":"00"}'),
        record(payload(more=',"LC":{"LR":1,"LR":2}')),
    ],
)
def test_a_field_named_twice_is_refused_at_every_level(raw):
    with pytest.raises(MalformedRecord, match="twice"):
        parse(raw)


def test_register_and_unit_are_stated_together_or_not_at_all():
    alone = '{"TM":"2026-11-20T08:30:00,000+0100 R","TX":"E","RV":1,"RU":"Wh"}'
    with pytest.raises(MalformedRecord, match="RI and RU"):
        parse(record(payload(f"[{FIRST},{alone}]")))


def test_a_signature_that_is_not_in_its_encoding_leaves_a_readable_record():
    found = parse(record(tail='{"SD":"${jndi:ldap://x}"}'))
    assert found.signature == b""
    assert found.readings[0].mwh == 1_000_123_456


@pytest.mark.parametrize("exponent", ["1e400000", "1" * 30_000])
def test_an_absurd_number_elsewhere_costs_nothing(exponent):
    found = parse(record(payload(more=f',"X":{exponent}')))
    assert found.page == 7


# --- the contract's grammar ----------------------------------------------------------------------


def test_only_what_the_contract_can_read_itself_fits_the_chain():
    whole = record(payload(f"[{FIRST}]"))
    assert fits_chain(parse(whole), 0)
    assert not fits_chain(parse(whole), 1)
    assert not fits_chain(parse(whole), -1)
    assert not fits_chain(parse(record()), 1), "an inherited field"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"GS":"G-1"', '"GS":"G\\u002d1"'),
        ('"GS":"G-1"', '"GS":\n"G-1"'),
        ('"GS":"G-1"', '"LC":{"LR":1}'),
        ('"GS":"G-1"', '"IF":[["RFID_NONE"]]'),
        ('"GS":"G-1"', '"TT":"' + "x" * 500 + '","U1":"' + "x" * 500 + '"'),
        ('"EF":""', '"EF":"","U":[1]'),
        ("1000.123456", "-1"),
        ("1000.123456", "0.1234567"),
        ("1000.123456", '"1.5 "'),
        ('"kWh"', '"sec"'),
        (",123+0100 S", ".123Z S"),
        (",123+0100 S", ",123+01:00 S"),
        ('"TX":"B"', '"TX":""'),
        ('"ST":"G"', '"ST":"GG"'),
        ('{"FV"', ' {"FV"'),
    ],
)
def test_what_parses_here_and_not_on_chain_is_known_before(old, new):
    body = payload(f"[{FIRST}]")
    assert old in body
    assert not fits_chain(parse(record(body.replace(old, new, 1))), 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"GS":"G-1"', '"GS" : "G-1"'),
        ('"GS":"G-1"', '"IF":["RFID_NONE","OCPP_NONE"]'),
        ('"GS":"G-1"', '"IF":[]'),
        ("1000.123456", '"       9.038"'),
        ("1000.123456", "5"),
        ("1000.123456", "0.12345600"),
        ('"kWh"', '"Wh"'),
        ("1000.123456", "18446744073709.551615"),
    ],
)
def test_what_the_contract_tolerates_fits_the_chain(old, new):
    body = payload(f"[{FIRST}]").replace(old, new, 1)
    if '"Wh"' in new:
        body = body.replace("1000.123456", "1000.123")
    assert fits_chain(parse(record(body)), 0)


# --- carriers ------------------------------------------------------------------------------------

RAW = record()
TEXT = RAW.decode()
B64 = base64.b64encode(RAW).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"  {B64}\n",
        "\n".join(B64[at : at + 76] for at in range(0, len(B64), 76)),
        RAW.hex(),
        base64.b64encode(RAW.hex().encode()).decode(),
        B64.encode().hex(),
        json.dumps({"signedMeterData": B64, "encodingMethod": "OCMF"}),
        json.dumps({"signedMeterValue": {"signedMeterData": TEXT}}),
        base64.b64encode(json.dumps({"ocmf": TEXT}).encode()).decode(),
        json.dumps({"value": RAW.hex(), "format": "SignedData"}),
    ],
)
def test_a_record_is_found_in_every_carrier_seen_in_the_wild(text):
    assert extract_ocmf(text).strip() == RAW


def test_a_key_beside_the_record_is_handed_on_as_a_hint():
    envelope = json.dumps({"signedMeterData": TEXT, "publicKey": "3059"})
    assert carried_in_16(envelope).key_hint == "3059"
    assert carried_in_16(TEXT).key_hint == ""
    assert carried_in_201(B64, "3059").key_hint == "3059"
    assert carried_in_201(B64, "3059").received == RAW


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", UnsupportedFormat),
        ("hello", UnsupportedFormat),
        ("00", UnsupportedFormat),
        ("ff" * 20, UnsupportedFormat),
        ("<?xml version='1.0'?>", UnsupportedFormat),
        ("{", UnsupportedFormat),
        ("{}", UnsupportedFormat),
        ('{"signedMeterData":7}', UnsupportedFormat),
        ('{"signedMeterData":{"signedMeterData":{}}}', UnsupportedFormat),
        ('{"value":"a","value":"b"}', MalformedRecord),
        ("OCMF|\ud800", MalformedRecord),
        ("{" * 100_000, UnsupportedFormat),
        ('{"value":' * 20_000, UnsupportedFormat),
        ("A" * (CARRIER_MAX + 1), MalformedRecord),
    ],
)
def test_a_carrier_without_a_record_is_refused(text, error):
    with pytest.raises(error):
        extract_ocmf(text)


def test_wrapping_has_an_end():
    text = TEXT
    for _ in range(8):
        text = text.encode().hex()
    with pytest.raises(MalformedRecord, match="wrapped"):
        extract_ocmf(text)


# --- fuzz: a record or RemoteProtocolError, never anything else ----------------------------------


def _parses_or_is_refused(raw: bytes) -> None:
    try:
        found = parse(raw)
    except RemoteProtocolError:
        found = None
    examined = examine(raw, "00")
    assert (found is None) == (examined.verdict in (Verdict.MALFORMED, Verdict.UNSUPPORTED_FORMAT))
    if found is not None:
        assert isinstance(found, OcmfRecord)
        for entry in range(len(found.readings)):
            assert fits_chain(found, entry) in (True, False)


@given(st.binary(max_size=300))
@example(b"OCMF||")
def test_any_bytes_are_a_record_or_refused(raw):
    _parses_or_is_refused(raw)
    _parses_or_is_refused(b"OCMF|" + raw + b"|" + TAIL.encode())
    _parses_or_is_refused(b"OCMF|" + payload().encode() + b"|" + raw)


HEAD_FIELDS = ["FV", "GS", "PG", "MS", "IS", "IT", "ID", "RD"]
ENTRY_FIELDS = ["TM", "TX", "RV", "RI", "RU", "RT", "EF", "ST"]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["G", "B", "kWh", "T1", "2018-07-24T13:22:04,000+0200 S", "1e9"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*HEAD_FIELDS, *ENTRY_FIELDS, "SD", "SE", "SA", "SM"]),
            inner,
            max_size=8,
        )
    ),
    max_leaves=30,
)


@given(_JSON, _JSON)
def test_any_json_in_the_sections_is_a_record_or_refused(head, tail):
    _parses_or_is_refused(f"OCMF|{json.dumps(head)}|{json.dumps(tail)}".encode())


@given(st.sampled_from(HEAD_FIELDS), _JSON)
def test_any_json_in_a_field_is_a_record_or_refused(name, value):
    document = json.loads(payload())
    document[name] = value
    _parses_or_is_refused(record(json.dumps(document)))


@given(st.sampled_from(ENTRY_FIELDS), _JSON)
def test_any_json_in_an_entry_is_a_record_or_refused(name, value):
    document = json.loads(payload())
    document["RD"][0][name] = value
    _parses_or_is_refused(record(json.dumps(document)))


def test_every_truncation_and_every_changed_byte_is_a_record_or_refused():
    for at in range(len(RAW)):
        _parses_or_is_refused(RAW[:at])
        for byte in (0x00, 0x22, 0x2C, 0x39, 0x5C, 0x7B, 0x7C, 0xFF):
            _parses_or_is_refused(RAW[:at] + bytes([byte]) + RAW[at + 1 :])


@given(st.text(max_size=200))
def test_any_text_is_a_carrier_or_refused(text):
    for carrier in (text, text + TEXT, json.dumps({"value": text}), "{" + text):
        with contextlib.suppress(RemoteProtocolError):
            assert isinstance(extract_ocmf(carrier), bytes)
