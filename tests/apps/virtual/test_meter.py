"""The virtual meter counts like a meter and signs what our own reader accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.virtual.meter import BEGIN, CHARGING, END, FISCAL, VirtualMeter
from ohmstead.errors import LocalProtocolError
from ohmstead.wire.ocmf import Entry, Verdict, fits_chain, load_key, parse, verify

AT_MS = 1_795_000_000_123


def meter(serial="M1", register_mwh=5_000_123):
    return VirtualMeter.from_seed("seed", serial, register_mwh)


def test_a_record_verifies_with_the_registered_key_and_fits_the_contract():
    one = meter()
    sample = one.read_signed(AT_MS, BEGIN, id_data="driver-7")
    record = parse(sample.record)
    assert verify(record, load_key(one.key_hex)) is Verdict.VALID
    assert fits_chain(record, 0)
    reading = record.readings[0]
    assert (sample.mwh, reading.mwh, reading.at_ms) == (5_000_123, 5_000_123, AT_MS)


def test_the_key_carried_in_ocpp_2_is_the_key_registered():
    one = meter()
    assert load_key(one.key_carried).key_id == load_key(one.key_hex).key_id


def test_another_meter_has_another_key():
    assert meter("M1").key_hex != meter("M2").key_hex
    sample = meter("M2").read_signed(AT_MS, BEGIN)
    assert verify(parse(sample.record), load_key(meter("M1").key_hex)) is not Verdict.VALID


def test_the_same_seed_writes_the_same_bytes():
    def records():
        one = meter()
        return [
            one.read_signed(AT_MS, BEGIN).record,
            one.read_signed(AT_MS + 1, CHARGING, 6_000_000).record,
            one.read_signed(AT_MS + 2, END, 7_000_000).record,
        ]

    assert records() == records()


def test_each_context_counts_its_own_pages_from_one():
    one = meter()
    entry = [Entry(AT_MS, "B", 1)]
    pages = [
        parse(one.sign(entry, context=context)).page for context in ("T", "T", FISCAL, "T", FISCAL)
    ]
    assert pages == [1, 2, 1, 3, 2]
    assert (one.page("T"), one.page(FISCAL)) == (3, 2)


def test_a_page_that_is_lied_about_leaves_the_counter_alone():
    one = meter()
    entry = [Entry(AT_MS, "B", 1)]
    one.sign(entry)
    assert parse(one.sign(entry, page=1)).page == 1
    assert one.page() == 1


@given(st.lists(st.integers(0, 10**9), max_size=20))
def test_a_register_never_falls(steps):
    one = meter(register_mwh=0)
    for step in steps:
        before = one.register_mwh
        if step < before:
            with pytest.raises(LocalProtocolError):
                one.read(AT_MS, step)
        else:
            assert one.read(AT_MS, step).mwh == step
        assert one.register_mwh >= before
