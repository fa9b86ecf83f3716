"""What we call readable on chain against a model of the contract's reader: no promise is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import RemoteProtocolError
from ohmstead.hashing import keccak
from ohmstead.wire.ocmf import fits_chain, parse
from tests.wire.ocmf_contract_model import Read, Refused, read

ENTRY = (
    '{"TM":"2026-11-20T08:00:00,123+0100 S","TX":"B","RV":1000.123456,"RI":"1-b:1.8.0",'
    '"RU":"kWh","EF":"","ST":"G"}'
)
PAYLOAD = f'{{"GS":"G-1", "IF":["A", "B"],"PG":"T7" ,"IS":true,"RD":[{ENTRY},{ENTRY}]}}'
PIECES = [
    *['"', "\\", "{", "}", "[", "]", ",", ":", " ", "  ", "\n", "\t", "0", "1", "9", "-", "."],
    *["e5", "kWh", "Wh", "Z", "+", "\u00e9", "null", "true", '"RD":[],', '"PG":"T8",', "[]"],
    *['"RV":1,', '"X":{"Y":1},', '"X":[[1]],', "\\u0041", ",123", "00", "000000", '""'],
]


def _compare(payload: bytes) -> int:
    """Hold fits_chain against the model for every entry; return how many fit."""
    try:
        record = parse(b"OCMF|" + payload + b'|{"SD":"00"}')
    except RemoteProtocolError:
        return 0
    fitting = 0
    for reading in record.readings:
        try:
            model = read(payload, reading.entry)
        except Refused:
            model = None
        if fits_chain(record, reading.entry):
            fitting += 1
            assert model == Read(
                reading.mwh,
                reading.at_ms // 1_000,
                reading.tx.encode(),
                reading.status.encode(),
                record.context.encode(),
                record.page,
                keccak(reading.register.encode())[:16],
            )
        else:
            assert model is None, "readable on chain, and we would not post it"
    return fitting


def test_both_readers_agree_on_the_plain_record():
    assert _compare(PAYLOAD.encode()) == 2


def test_both_readers_agree_on_every_makers_record(shared: Path):
    vectors = json.loads((shared / "vectors" / "ocmf" / "ocmf_vectors.json").read_text("utf-8"))
    fitting = sum(_compare(vector["ocmf"].split("|")[1].encode()) for vector in vectors)
    assert fitting == 101  # all but 30 entries that inherit their time and one in seconds


@pytest.mark.parametrize("piece", PIECES)
def test_both_readers_agree_wherever_a_piece_is_put_in(piece):
    for at in range(len(PAYLOAD) + 1):
        _compare((PAYLOAD[:at] + piece + PAYLOAD[at:]).encode())


@given(
    st.lists(
        st.tuples(st.integers(0, len(PAYLOAD)), st.integers(0, 12), st.sampled_from(PIECES)),
        max_size=3,
    )
)
def test_both_readers_agree_on_any_edit(edits):
    text = PAYLOAD
    for at, removed, piece in edits:
        text = text[:at] + piece + text[at + removed :]
    _compare(text.encode())
