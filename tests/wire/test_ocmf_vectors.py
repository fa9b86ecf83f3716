"""The records of real meters, with the verdicts their README states."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ohmstead.hashing import keccak
from ohmstead.wire.ocmf import (
    Verdict,
    examine,
    extract_ocmf,
    fits_chain,
    load_key,
    low_s,
    parse,
    signature_rs,
    verify,
)

OWN = Path(__file__).resolve().parents[2] / "vectors" / "ocmf_own.json"
README_COUNTS = {
    "valid": 44,
    "invalid_signature": 4,
    "unsupported_algorithm": 2,
    "key_unreadable": 2,
    "no_key": 2,
}


@pytest.fixture(scope="module")
def makers(shared: Path) -> list[dict]:
    return json.loads((shared / "vectors" / "ocmf" / "ocmf_vectors.json").read_text("utf-8"))


def own() -> list[dict]:
    return json.loads(OWN.read_text("utf-8"))["records"]


def _valid(vector: dict) -> bool:
    return vector["verdict"] == "valid"


def test_every_makers_record_gets_the_verdict_of_the_readme(makers):
    found = Counter()
    for vector in makers:
        examined = examine(vector["ocmf"].encode(), vector["public_key_as_found"])
        assert examined.verdict.value == vector["verdict"], (vector["source"], examined.reason)
        found[examined.verdict.value] += 1
    assert found == README_COUNTS
    assert len(makers) == 54


def test_a_changed_digit_of_a_register_is_always_caught(makers):
    tried = 0
    for vector in makers:
        if not _valid(vector):
            continue
        raw = vector["ocmf"].encode()
        at = raw.index(b'"RV"') + 4
        while not chr(raw[at]).isdigit():
            at += 1
        other = b"1" if raw[at : at + 1] != b"1" else b"2"
        changed = raw[:at] + other + raw[at + 1 :]
        examined = examine(changed, vector["public_key_as_found"])
        assert examined.verdict in (Verdict.INVALID_SIGNATURE, Verdict.MALFORMED)
        tried += 1
    assert tried == 44


def test_a_makers_record_survives_every_carrier(makers):
    for vector in makers:
        raw = vector["ocmf"].encode()
        as_json = json.dumps({"signedMeterData": vector["ocmf"], "publicKey": "00"})
        for text in (vector["ocmf"], raw.hex(), raw.hex().upper(), as_json):
            assert extract_ocmf(text) == raw


def test_registers_of_real_meters_become_exact_milliwatt_hours(makers):
    by_page = {
        (record.meter_serial or record.gateway_serial, record.context, record.page): record
        for record in (parse(vector["ocmf"].encode()) for vector in makers if _valid(vector))
    }
    keba = by_page["17619300", "T", 32]
    assert [reading.mwh for reading in keba.readings] == [259_600, 259_700]
    assert [reading.value for reading in keba.readings] == ["0.2596", "0.2597"]
    assert [reading.clock for reading in keba.readings] == ["I", "R"]
    assert keba.readings[0].at_ms == 1_565_690_595_000
    padded = by_page["1DZG0033016824", "T", 199]
    assert padded.readings[0].value == "       9.038"
    assert padded.readings[0].mwh == 9_038_000
    assert (padded.readings[1].mwh, padded.readings[1].doubt) == (None, "not an energy unit: sec")
    # 10:20:52 at +0200
    assert by_page["1DZG0033016824", "T", 198].readings[0].at_ms == 1_635_236_452_000
    several = by_page["1XXX0128200099", "T", 76]
    assert {reading.register for reading in several.readings} == {"1-0:98.8.0.FF", "1-0:2.8.0.FF"}


def test_an_entry_that_omits_fields_inherits_them_but_cannot_be_read_on_chain(makers):
    record = parse(next(v["ocmf"] for v in makers if "keba_test" in v["source"]).encode())
    third = record.readings[2]
    assert (third.tx, third.status, third.at_ms) == ("E", "G", record.readings[1].at_ms)
    assert third.own_fields == {"RV", "RI", "RU"}
    assert [fits_chain(record, entry) for entry in range(4)] == [True, True, False, False]


def test_the_key_id_is_what_the_contracts_compute(makers):
    key = load_key(makers[0]["public_key_as_found"])
    assert key.curve.number == 1
    assert key.key_id == keccak((1).to_bytes(32, "big") + key.qx + key.qy).hex()


def test_signatures_become_low_s_without_touching_the_record(makers):
    high = 0
    for vector in makers:
        if not _valid(vector):
            continue
        key = load_key(vector["public_key_as_found"])
        record = parse(vector["ocmf"].encode())
        r, s = signature_rs(record)
        low = low_s(r, s, key.curve)
        assert low[0] == r
        assert 0 < low[1] <= key.curve.order // 2
        high += low[1] != s
        assert verify(record, key) is Verdict.VALID
    assert high > 0


@pytest.mark.parametrize("vector", own(), ids=lambda vector: vector["name"])
def test_our_own_records_get_their_verdict(vector):
    examined = examine(vector["ocmf"].encode(), vector["public_key"])
    assert examined.verdict.value == vector["verdict"], examined.reason


def test_one_key_has_one_id_in_every_spelling():
    ids: dict[str, set[str]] = {}
    for vector in own():
        if vector["verdict"] == "valid":
            key = load_key(vector["public_key"], vector["point_curve"])
            assert key.curve.name == vector["curve"]
            ids.setdefault(vector["curve"], set()).add(key.key_id)
    assert set(ids) == {"secp256r1", "secp256k1", "secp384r1", "secp192r1", "brainpoolP256r1"}
    assert all(len(found) == 1 for found in ids.values())
