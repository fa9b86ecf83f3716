"""Signatures are checked, on the loop or beside it, each against its meter's registered key."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.stations.verifier import (
    BATCH_MAX,
    LIGHT_BYTES_MAX,
    LIGHT_MAX,
    TURN_MAX,
    Verifier,
    examine,
)
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.flows.charging.evidence import VALID
from ohmstead.wire import ocmf
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


MANY = (b"x",) * LIGHT_MAX  # with one more, too much for the loop


@pytest.mark.parametrize("more", [(b"x",), MANY], ids=["on the loop", "beside it"])
async def test_many_at_once_come_back_each_to_its_own(more):
    verifier = Verifier()
    keys = (key_of(METER),)
    records = [METER.sign((NOON + n, "C", n)) for n in range(3 * BATCH_MAX)]
    answers = await asyncio.gather(*(verifier.examine((r, *more), keys) for r in records))
    assert [answer[0].raw for answer in answers] == records
    assert {answer[0].verdict for answer in answers} == {VALID}
    assert verifier.checked == (1 + len(more)) * len(records)
    verifier.close()


@pytest.mark.parametrize("more", [(), MANY], ids=["on the loop", "beside it"])
async def test_one_that_is_not_waited_for_any_more_holds_up_nobody(more):
    verifier = Verifier()
    keys = (key_of(METER),)
    gone = asyncio.create_task(verifier.examine((GOOD, *more), keys))
    kept = asyncio.create_task(verifier.examine((GOOD, *more), keys))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await kept)[0].verdict == VALID
    verifier.close()


async def test_a_crowd_is_checked_in_turns_and_the_loop_serves_others_between_them():
    verifier = Verifier()
    keys = (key_of(METER),)
    crowd = [asyncio.create_task(verifier.examine((GOOD,), keys)) for _ in range(3 * TURN_MAX)]
    seen = []
    while not all(task.done() for task in crowd):
        await asyncio.sleep(0)
        seen.append(verifier.checked)
    assert {TURN_MAX, 2 * TURN_MAX, 3 * TURN_MAX} <= set(seen)
    verifier.close()


async def test_a_message_without_records_needs_no_check_whatever_its_keys():
    verifier = Verifier()
    keys = (key_of(METER, curve="brainpoolP256r1"),)
    assert await verifier.examine((), keys) == ()
    verifier.close()


@pytest.mark.parametrize(
    ("raws", "curve"),
    [
        ((GOOD,) * (LIGHT_MAX + 1), "secp256r1"),
        ((b"OCMF|" + b" " * LIGHT_BYTES_MAX,), "secp256r1"),
        ((GOOD,), "secp384r1"),
        ((GOOD,), "secp192r1"),
        ((GOOD,), "brainpoolP256r1"),
    ],
)
async def test_what_would_hold_up_the_loop_is_checked_beside_it(raws, curve, monkeypatch):
    verifier = Verifier()
    monkeypatch.setattr(verifier, "_check", None)
    keys = (key_of(METER, curve=curve),)
    assert await verifier.examine(raws, keys) == tuple(examine(raw, keys) for raw in raws)
    assert verifier.checked == len(raws)
    verifier.close()


def on_curve(curve, seed=9):
    """A key and one record it signed."""
    private = ec.derive_private_key(seed, curve())
    public = ocmf.keys.public_key(private.public_key())
    payload = GOOD.split(b"|")[1]
    signature = private.sign(payload, ec.ECDSA(hashes.SHA256()))
    tail = f'{{"SA":"ECDSA-{public.curve.name}-SHA256","SD":"{signature.hex()}"}}'
    key = key_of(METER, key_id=public.key_id, curve=public.curve.name, public_key=public.der_hex)
    return key, b"OCMF|" + payload + b"|" + tail.encode(), signature


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1, ec.SECP256K1, ec.SECP192R1, ec.BrainpoolP256R1], ids=lambda c: c.name
)
def test_r_and_low_s_are_kept_as_contracts_take_them_on_every_curve(curve):
    key, raw, signature = on_curve(curve)
    r, s = decode_dss_signature(signature)
    order = ocmf.CURVES[key.curve].order
    kept = examine(raw, (key,)).record
    assert (kept.r, kept.s) == (f"{r:064x}", f"{min(s, order - s):064x}")


def test_a_curve_wider_than_a_leaf_is_valid_and_cannot_be_posted():
    key, raw, _ = on_curve(ec.SECP384R1)
    assert examine(raw, (key,)).verdict == "unpostable"
