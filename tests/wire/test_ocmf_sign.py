"""What we write ourselves: it verifies, it reads back exactly, and the contract can read it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import LocalProtocolError
from ohmstead.wire.ocmf import (
    Entry,
    Identity,
    Verdict,
    fits_chain,
    p256_signer,
    parse,
    sign_record,
    verify,
)
from ohmstead.wire.ocmf.keys import public_key

PRIVATE = ec.derive_private_key(11, ec.SECP256R1())
KEY = public_key(PRIVATE.public_key())
SIGN = p256_signer(PRIVATE)
IDENTITY = Identity("Ohmstead edge", "G-1", "1.0", "M-1", "Ohmstead", "virtual")
BEGIN = Entry(1_795_158_000_123, "B", 1_000_123_456)
END = Entry(1_795_159_800_000, "E", 1_011_250_001)


def test_a_record_we_write_is_valid_and_fits_the_chain():
    record = parse(sign_record(SIGN, IDENTITY, 42, [BEGIN, END], id_data="pseudonym"))
    assert verify(record, KEY) is Verdict.VALID
    assert (record.context, record.page, record.meter_serial) == ("T", 42, "M-1")
    assert (record.id_assigned, record.id_data) == (True, "pseudonym")
    assert [fits_chain(record, entry) for entry in (0, 1)] == [True, True]
    assert [reading.mwh for reading in record.readings] == [BEGIN.mwh, END.mwh]
    assert [reading.at_ms for reading in record.readings] == [BEGIN.at_ms, END.at_ms]
    assert [reading.tx for reading in record.readings] == ["B", "E"]


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 253_402_300_799_999),
    st.sampled_from("BCXELRAPST"),
    st.integers(0, 999_999_999),
    st.sampled_from("TF"),
    st.text(max_size=60),
)
def test_what_we_write_reads_back_exactly(mwh, at_ms, tx, page, context, id_data):
    entry = Entry(at_ms, tx, mwh)
    try:
        raw = sign_record(SIGN, IDENTITY, page, [entry], id_data, context)
    except LocalProtocolError:
        assert not set('"\\|').isdisjoint(id_data) or any(
            ord(c) < 0x20 or 0xD800 <= ord(c) < 0xE000 for c in id_data
        )
        return
    record = parse(raw)
    reading = record.readings[0]
    assert verify(record, KEY) is Verdict.VALID
    assert (reading.mwh, reading.at_ms, reading.tx) == (mwh, at_ms, tx)
    assert (record.page, record.context, record.id_data) == (page, context, id_data)
    assert fits_chain(record, 0)


@pytest.mark.parametrize(
    ("page", "entries", "id_data", "context"),
    [
        (-1, [BEGIN], "", "T"),
        (10**9, [BEGIN], "", "T"),
        (1, [], "", "T"),
        (1, [BEGIN], 'a"b', "T"),
        (1, [BEGIN], "a|b", "T"),
        (1, [BEGIN], "a\\b", "T"),
        (1, [BEGIN], "a\nb", "T"),
        (1, [BEGIN], "a" * 251, "T"),
        (1, [BEGIN], "\ud800", "T"),
        (1, [BEGIN] * 9, "", "T"),  # 1 kB is all the contract reads
        (1, [BEGIN], "", "TT"),
        (1, [BEGIN], "", ""),
        (1, [Entry(-1, "B", 0)], "", "T"),
        (1, [Entry(10**18, "B", 0)], "", "T"),
        (1, [Entry(0, "B", -1)], "", "T"),
        (1, [Entry(0, "B", 2**64)], "", "T"),
        (1, [Entry(0, "BE", 1)], "", "T"),
        (1, [Entry(0, "B", 1, register='"')], "", "T"),
    ],
)
def test_what_ocmf_cannot_say_is_our_own_mistake(page, entries, id_data, context):
    with pytest.raises(LocalProtocolError):
        sign_record(SIGN, IDENTITY, page, entries, id_data, context)


def test_the_writer_signs_with_p256_only():
    with pytest.raises(LocalProtocolError, match="secp256k1"):
        p256_signer(ec.derive_private_key(11, ec.SECP256K1()))
