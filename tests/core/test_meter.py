"""Which key counts, what a page is, what two readings say, and the bytes a leaf is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.adapters.store.tables import Shelf, Table
from ohmstead.core.meter import (
    KeyFinding,
    MeterKey,
    PageFinding,
    Reading,
    SignedReading,
    Tier,
    Unmeasurable,
    fits_leaf,
    measure,
    page_key,
    page_rule,
    registered_key,
)
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import replace
from ohmstead.hashing import keccak

BEGIN = Reading("1-b:1.8.0", 1_000_000, 1_000, "B")
END = Reading("1-b:1.8.0", 3_500_001, 3_600_999, "E", entry=1)
KEY = MeterKey("ab" * 32, "secp256r1", "3059", Tier.SOFT, "M-1", "ST-1", valid_from_ms=100)
RECORD = SignedReading(
    session_id="S-1",
    key_id=KEY.key_id,
    context="T",
    page=7,
    payload_sha256="01" * 32,
    record=b"OCMF|{}|{}",
    r="02" * 32,
    s="03" * 32,
    readings=(BEGIN, END),
)


def test_energy_is_the_difference_of_two_values_of_one_register():
    assert measure(BEGIN, END) == 2_500_001


@pytest.mark.parametrize("letter", "ELRAP")
def test_every_kind_of_end_ends_a_session(letter):
    assert measure(BEGIN, replace(END, kind=letter)) == 2_500_001


@pytest.mark.parametrize(
    ("begin", "end", "why"),
    [
        (replace(BEGIN, kind="C"), END, Unmeasurable.NO_BEGIN),
        (BEGIN, replace(END, kind="C"), Unmeasurable.NO_END),
        (BEGIN, replace(END, register="1-b:2.8.0"), Unmeasurable.REGISTERS_DIFFER),
        (BEGIN, replace(END, at_ms=999), Unmeasurable.TIME_NOT_MONOTONE),
        (replace(BEGIN, mwh=-1), END, Unmeasurable.NEGATIVE_VALUE),
        (BEGIN, replace(END, mwh=999_999), Unmeasurable.REGISTER_DECREASED),
    ],
)
def test_two_readings_that_say_nothing_are_named(begin, end, why):
    assert measure(begin, end) is why


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_energy_is_never_negative(first, second):
    energy = measure(replace(BEGIN, mwh=first), replace(END, mwh=second))
    if second >= first:
        assert energy == second - first
    else:
        assert energy is Unmeasurable.REGISTER_DECREASED


def test_a_new_page_is_new_the_same_bytes_are_a_resend_and_other_bytes_are_fraud():
    assert page_rule(None, "aa") is PageFinding.NEW
    assert page_rule("aa", "aa") is PageFinding.RESEND
    assert page_rule("aa", "bb") is PageFinding.REPLAYED_WITH_OTHER_BYTES


def test_a_record_is_named_by_key_context_and_page():
    assert RECORD.key == page_key(KEY.key_id, "T", 7) == f"{KEY.key_id}/T/7"
    assert replace(RECORD, context="F").key != RECORD.key
    assert KEY.key == KEY.key_id


def test_only_a_key_registered_for_that_meter_counts():
    other = replace(KEY, key_id="cd" * 32, serial="M-2")
    assert registered_key([], ["M-1"], 200) is KeyFinding.NO_KEY_REGISTERED
    assert registered_key([KEY], ["M-9"], 200) is KeyFinding.UNKNOWN_METER
    assert registered_key([KEY, other], ["M-1", "G-1"], 200) is KEY
    assert registered_key([KEY, other], ["", "M-2"], 200) is other
    assert registered_key([KEY, other], ["M-1", "M-2"], 200) is KeyFinding.SERIAL_AMBIGUOUS


def test_a_record_without_serials_can_only_mean_the_only_meter():
    assert registered_key([KEY], ["", ""], 200) is KEY
    two = [KEY, replace(KEY, key_id="cd" * 32, serial="M-2")]
    assert registered_key(two, [""], 200) is KeyFinding.SERIAL_AMBIGUOUS


def test_a_key_counts_only_for_the_time_it_was_registered():
    ended = replace(KEY, valid_until_ms=500)
    renewed = replace(KEY, key_id="cd" * 32, valid_from_ms=500)
    assert registered_key([ended], ["M-1"], 99) is KeyFinding.NOT_VALID_THEN
    assert registered_key([ended], ["M-1"], 500) is KeyFinding.NOT_VALID_THEN
    assert registered_key([ended, renewed], ["M-1"], 499) is ended
    assert registered_key([ended, renewed], ["M-1"], 500) is renewed


def chosen_by_the_book(keys, serials, at_ms):
    """What registered_key promises, one sentence after the other."""
    if not keys:
        return KeyFinding.NO_KEY_REGISTERED
    stated = {serial for serial in serials if serial}
    meant = [key for key in keys if key.serial in stated or not stated]
    if not meant:
        return KeyFinding.UNKNOWN_METER
    if len({key.serial for key in meant}) > 1:
        return KeyFinding.SERIAL_AMBIGUOUS
    valid = [key for key in meant if key.valid_from_ms <= at_ms]
    valid = [key for key in valid if key.valid_until_ms is None or at_ms < key.valid_until_ms]
    if not valid:
        return KeyFinding.NOT_VALID_THEN
    return max(valid, key=lambda key: (key.valid_from_ms, key.key_id))


_SERIAL = st.sampled_from(["", "M-1", "M-2", "G-1"])
_KEYS = st.builds(
    MeterKey,
    key_id=st.sampled_from(["aa", "bb", "cc"]),
    curve=st.just("secp256r1"),
    public_key=st.just("3059"),
    tier=st.just(Tier.SOFT),
    serial=_SERIAL,
    station_id=st.just("ST-1"),
    valid_from_ms=st.integers(0, 4),
    valid_until_ms=st.none() | st.integers(0, 4),
)


@given(st.lists(_KEYS, max_size=4), st.tuples(_SERIAL, _SERIAL), st.integers(0, 4))
def test_of_any_keys_the_one_is_chosen_that_the_book_chooses(keys, serials, at_ms):
    assert registered_key(keys, serials, at_ms) is chosen_by_the_book(keys, serials, at_ms)


def test_a_record_is_stored_without_the_names_of_its_fields_and_read_back_the_same():
    shelf = Shelf(Table(SignedReading, "signed_readings", ("session_id",)))
    body = shelf.encode(RECORD)
    assert body.startswith(b'["S-1",')
    assert shelf.decode(RECORD.key, body) == RECORD
    assert shelf.columns(RECORD) == ("S-1",)


def test_the_leaf_is_the_packed_reading_of_the_named_entry():
    packed = (
        bytes.fromhex("01" * 32 + "02" * 32 + "03" * 32)
        + b"\x01"
        + (3_500_001).to_bytes(8, "big")
        + (3_600).to_bytes(5, "big")
        + b"EGT"
        + (7).to_bytes(4, "big")
        + keccak(b"1-b:1.8.0")[:16]
    )
    assert len(packed) == 133
    assert RECORD.leaf(1).hash() == keccak(packed)
    assert RECORD.leaf(0).hash() != RECORD.leaf(1).hash()


def test_an_entry_the_record_does_not_hold_has_no_leaf():
    with pytest.raises(KeyError, match="no reading 2"):
        RECORD.leaf(2)


@pytest.mark.parametrize(
    "record",
    [
        replace(RECORD, r="02" * 48, s="03" * 48),
        replace(RECORD, page=2**32),
        replace(RECORD, readings=(BEGIN, replace(END, mwh=2**64))),
        replace(RECORD, readings=(BEGIN, replace(END, mwh=-1))),
    ],
)
def test_what_does_not_fit_a_leaf_is_said_before_and_refused_after(record):
    assert fits_leaf(RECORD, END)
    assert not fits_leaf(record, record.readings[1])
    with pytest.raises(LocalProtocolError):
        record.leaf(1).hash()
