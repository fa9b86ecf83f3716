"""The quick reader never says what the exact reader does not say."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocmf import (
    Entry,
    Identity,
    carried_in_16,
    carried_in_201,
    fits_chain,
    parse,
    sign_record,
)
from ohmstead.wire.ocmf.chain import PAYLOAD_MAX
from ohmstead.wire.ocmf.exact import parse_exactly
from ohmstead.wire.ocmf.extract import NESTING_MAX, Carried, _unwrapped
from ohmstead.wire.ocmf.usual import parse_usual
from tests.wire.test_ocmf import ENTRY_FIELDS, HEAD_FIELDS

FIRST = (
    '{"TM":"2026-11-20T08:00:00,123+0100 S","TX":"B","RV":1000.123456,"RI":"1-b:1.8.0",'
    '"RU":"kWh","RT":"AC","EF":"E","ST":"G"}'
)
SECOND = (
    '{"TM":"2026-11-20T08:30:59,000+0100 R","TX":"E","RV":1011,"RI":"1-b:1.8.0","RU":"Wh","ST":"G"}'
)
HEAD = '"FV":"1.2","GI":"g","GS":"G-1","PG":"T7","MS":"M-1","IS":true,"IF":["A"],"IT":"NONE"'
PAYLOAD = f'{{{HEAD},"ID":"","RD":[{FIRST},{SECOND}]}}'
TAIL = '{"SA":"ECDSA-secp256r1-SHA256","SD":"3006020101020101"}'
TEXT = f"OCMF|{PAYLOAD}|{TAIL}"
PIECES = [
    *['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\0", "0", "1", "9", "-", "+", "."],
    *["e5", "E", "Wh", "Z", "S", "|", "\u00e9", "\x7f", "\u0665", "null", "true", "false"],
    *['"RD":[],', '"PG":"T8",', '"EF":"",', '"RV":1,', '"SE":"hex",', '"SD":"00",', '"SM":"",'],
    *['"X":{"Y":1},', '"X":1,', '"IF":[],', '"LC":[[1]],', "\\u0041", '\\"', '"ID":null,', "OCMF"],
]


def _agree(raw: bytes) -> bool:
    """Hold the quick reader against the exact one; return whether it read anything."""
    quick = parse_usual(raw)
    try:
        exact = parse_exactly(raw)
    except RemoteProtocolError as wrong:
        assert quick is None, (raw, wrong)
        with pytest.raises(type(wrong)):
            parse(raw)
        return False
    assert quick is None or quick == exact
    assert parse(raw) == exact
    return quick is not None


def test_a_plain_record_is_usual():
    assert _agree(TEXT.encode())
    assert all(reading.fits_chain for reading in parse_usual(TEXT.encode()).readings)


def test_what_our_own_writer_writes_is_usual():
    identity = Identity("Ohmstead", "G-1", "1", "M-1", "Ohmstead", "virtual")
    entries = [Entry(1_700_000_000_000 + n, tx, n) for n, tx in enumerate("BCE")]
    for id_data in ("", "pseudonym"):
        assert _agree(sign_record(lambda _: b"0", identity, 1, entries, id_data))


def test_both_readers_agree_on_every_makers_record(shared):
    vectors = json.loads((shared / "vectors" / "ocmf" / "ocmf_vectors.json").read_text("utf-8"))
    usual = sum(_agree(vector["ocmf"].encode()) for vector in vectors)
    assert (usual, len(vectors)) == (13, 54)  # 30 inherit their time, the others are rarer still


@pytest.mark.parametrize("piece", ["", *PIECES])
def test_both_readers_agree_wherever_a_piece_is_put_in_or_replaces_one(piece):
    for at in range(len(TEXT) + 1):
        for removed in (0, 1, len(piece)):
            edited = TEXT[:at] + piece + TEXT[at + removed :]
            _agree(edited.encode())


@given(
    st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), st.sampled_from(PIECES)),
        max_size=4,
    )
)
def test_both_readers_agree_on_any_edit(edits):
    text = TEXT
    for at, removed, piece in edits:
        text = text[:at] + piece + text[at + removed :]
    _agree(text.encode())


@given(st.integers(0, len(TEXT)), st.binary(max_size=3), st.integers(0, 3))
def test_both_readers_agree_whatever_bytes_are_put_in(at, put, removed):
    raw = TEXT.encode()
    _agree(raw[:at] + put + raw[at + removed :])


_VALUES = st.sampled_from(
    [
        *['"G"', '"B"', '"kWh"', '"Wh"', '"sec"', '"T1"', '"TT1"', '"t1"', '"T1234567890"', '""'],
        *['"GG"', '"\u00e9"', '"x y"', "true", "false", "null", "[]", "{}", "[[]]", '["A",1]'],
        *["0", "-0", "-1", "00", "1.", ".1", "1.5", "0.0000001", "0.1000000000", "1e3", "1E-3"],
        *["9" * 24, "9" * 25, "18446744073709.551615", "18446744073709.551616", '"  9.5"', "NaN"],
        *[f'"{"x" * size}"' for size in (511, 512, 513)],
        '"2018-07-24T13:22:04,000+0200 S"',
        '"2018-07-24T13:22:04.000+0200 S"',
        '"2018-07-24T13:22:04,000+02:00"',
        '"2018-07-24T13:22:60,000+0200 S"',
        '"2018-07-24T24:00:00,000+0200 S"',
        '"2018-02-30T13:22:04,000+0200 S"',
        '"2018-07-24T13:22:04,000+2500 S"',
        '"2018-07-24T13:22:04,000 0200 S"',
        '"1970-01-01T00:30:00,000+0100 U"',
        '"1969-12-31T23:30:00,000-0100 U"',
        '"9999-12-31T23:59:59,999-2359 S"',
        '"0001-01-01T00:00:00,000+2359 S"',
    ]
)
_MEMBERS = st.lists(
    st.tuples(st.sampled_from([*ENTRY_FIELDS, *HEAD_FIELDS, "XV"]), _VALUES), max_size=3
)


def _with(members: dict[str, str], changes: list[tuple[str, str]], again: bool) -> str:
    rows = list((members | dict(changes)).items()) + (changes if again else [])
    return "{" + ",".join(f'"{name}":{value}' for name, value in rows) + "}"


def _members(text: str) -> dict[str, str]:
    document = json.loads(text, parse_float=lambda n: n, parse_int=lambda n: n)
    return {
        name: value if name == "RV" else json.dumps(value, separators=(",", ":"))
        for name, value in document.items()
    }


@given(_MEMBERS, _MEMBERS, st.booleans(), st.permutations(HEAD_FIELDS), st.booleans())
def test_both_readers_agree_on_any_field_in_any_order(of_entry, of_head, twice, order, short):
    entry = _with(_members(FIRST), of_entry, twice and short)
    head = {name: value for name, value in _members(PAYLOAD).items() if name != "RD"}
    head["RD"] = f"[{SECOND},{entry}]"
    head = {name: head[name] for name in order if name in head}
    _agree(f"OCMF|{_with(head, of_head, twice and not short)}|{TAIL}".encode())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["SA", "SM", "SE", "SD", "X"]),
            st.sampled_from(
                [
                    *['"hex"', '"base64"', '"Hex"', '""', '"00"', '"0"', '"zz"', '"AA=="', "null"],
                    *['"application/x-der"', '"ECDSA-secp192r1-SHA256"', f'"{"0" * 514}"', "1"],
                ]
            ),
        ),
        max_size=4,
    )
)
def test_both_readers_agree_on_any_signature_section(members):
    tail = ",".join(f'"{name}":{value}' for name, value in members)
    _agree(f"OCMF|{PAYLOAD}|{{{tail}}}".encode())


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_payload_the_contract_could_not_hold_is_left_to_the_exact_reader(beyond):
    filler = "x" * (PAYLOAD_MAX - len(PAYLOAD) - len(',"TT":""') + beyond)
    raw = TEXT.replace(',"RD"', f',"TT":"{filler}","RD"').encode()
    assert _agree(raw) == (not beyond)
    assert fits_chain(parse(raw), 0) == (not beyond)


# --- carriers: the direct way out of base64 never differs from the long one ----------------------

B64 = base64.b64encode(TEXT.encode()).decode()


def _long_way(text: str) -> Carried | type[Exception]:
    try:
        return _unwrapped(text, NESTING_MAX, "")
    except RemoteProtocolError as wrong:
        return type(wrong)


def _same_way_out(text: str) -> None:
    expected = _long_way(text)
    for carried in (carried_in_16, carried_in_201):
        try:
            found: object = carried(text)
        except RemoteProtocolError as wrong:
            found = type(wrong)
        assert found == expected


@pytest.mark.parametrize("piece", ["", *"=\n \t+/-_A\u00e9\0", "==", "===", "T0NN"])
def test_a_changed_base64_is_taken_exactly_as_the_long_way_takes_it(piece):
    for at in range(len(B64) + 1):
        _same_way_out(B64[:at] + piece + B64[at:])
        _same_way_out(B64[:at] + piece + B64[at + 1 :])


@given(st.binary(max_size=60), st.sampled_from(["", "=", "==", "\n", " "]))
def test_any_bytes_in_base64_are_taken_exactly_as_the_long_way_takes_them(inside, behind):
    for raw in (b"OCMF|" + inside, b"OCMF" + inside, b"OCM" + inside):
        _same_way_out(base64.b64encode(raw).decode() + behind)
