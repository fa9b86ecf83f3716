"""Signatures are checked beside the loop, each against the key registered for its meter."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.stations.verifier import BATCH_MAX, Verifier, examine
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.flows.charging.evidence import VALID
from tests.flows.world import KWH, NOON, Meter

METER = Meter()


def key_of(meter, **changes):
    public = meter.public
    fields = {
        "key_id": public.key_id,
        "curve": "secp256r1",
        "public_key": public.der_hex,
        "tier": Tier.SOFT,
        "serial": meter.serial,
        "station_id": "S",
        "valid_from_ms": 0,
    }
    return MeterKey(**(fields | changes))


def test_a_record_of_the_registered_meter_is_valid_and_keeps_its_bytes():
    raw = METER.sign((NOON, "B", KWH))
    found = examine(raw, (key_of(METER),))
    assert found.verdict == VALID and found.record.record == raw
    assert [(r.mwh, r.at_ms, r.kind) for r in found.record.readings] == [(KWH, NOON, "B")]


@pytest.mark.parametrize(
    ("verdict", "raw", "keys"),
    [
        ("malformed", b"OCMF|{}|{}", ()),
        ("unsupported_format", b"<signed/>", ()),
        ("unknown_meter", METER.sign((NOON, "B", 0)), ()),
        ("unknown_meter", METER.sign((NOON, "B", 0)), (key_of(METER, valid_from_ms=NOON + 1),)),
        ("unknown_meter", METER.sign((NOON, "B", 0)), (key_of(METER, serial="M2"),)),
        ("key_unreadable", METER.sign((NOON, "B", 0)), (key_of(METER, public_key="00"),)),
        ("invalid_signature", METER.sign((NOON, "B", 0)), (key_of(Meter("M1", 8)),)),
        ("invalid_signature", METER.sign((NOON, "B", 0)).replace(b"0.0", b"9.0"), (key_of(METER),)),
    ],
)
def test_what_proves_nothing_has_its_reason(verdict, raw, keys):
    found = examine(raw, keys)
    assert (found.verdict, found.record, found.raw) == (verdict, None, raw)


@given(st.binary(max_size=200))
def test_any_bytes_have_a_verdict(raw):
    assert examine(raw, (key_of(METER),)).verdict != VALID
    assert examine(b"OCMF|" + raw, (key_of(METER),)).verdict != VALID


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_byte_of_a_record_can_be_changed_unnoticed(at, to):
    raw = bytearray(GOOD)
    at %= len(raw)
    if raw[at] == to:
        return
    raw[at] = to
    found = examine(bytes(raw), (key_of(METER),))
    # The signature's hex may change its case, and white space between JSON members says nothing.
    same = found.verdict == VALID and found.record.payload_sha256 == SHA
    assert found.verdict != VALID or same


GOOD = METER.sign((NOON, "E", 5 * KWH))
SHA = examine(GOOD, (key_of(METER),)).payload_sha256


async def test_many_at_once_come_back_each_to_its_own():
    verifier = Verifier()
    keys = (key_of(METER),)
    records = [METER.sign((NOON + n, "C", n)) for n in range(3 * BATCH_MAX)]
    answers = await asyncio.gather(*(verifier.examine((r, b"x"), keys) for r in records))
    assert [answer[0].raw for answer in answers] == records
    assert {answer[0].verdict for answer in answers} == {VALID}
    assert verifier.checked == 2 * len(records)
    verifier.close()


async def test_one_that_is_not_waited_for_any_more_holds_up_nobody():
    verifier = Verifier()
    keys = (key_of(METER),)
    gone = asyncio.create_task(verifier.examine((GOOD,), keys))
    kept = asyncio.create_task(verifier.examine((GOOD,), keys))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await kept)[0].verdict == VALID
    verifier.close()
