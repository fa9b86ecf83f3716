"""A receipt proves what it says, and no byte of it can change unnoticed.

The documents are those of vectors/receipts.json, made by tools/gen_vectors_receipts.py from facts
of the core and OCMF records; a test holds that they are what the code writes today.
"""

import copy
import json
import os
import random
import subprocess
import sys
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead import frozen
from ohmstead.core import canonical
from ohmstead.core.epoch import build
from ohmstead.core.merkle import ZERO
from ohmstead.core.receipt import (
    Anchor,
    epoch_receipt,
    header_document,
    public_copy,
    receipt_document,
    seal_document,
)
from ohmstead.core.receipt_checks import (
    CHAIN_ONLY_FIELDS,
    CHECK_NAMES,
    ChainFacts,
    Outcome,
    Trust,
    check_receipt,
    exit_code,
)
from ohmstead.core.receipt_session import session_document, utc_text
from ohmstead.core.receipt_shape import mismatch
from ohmstead.core.receipt_view import hex_of, read_header, read_seal
from ohmstead.core.tariff_document import read_tariff, read_usage, tariff_document
from ohmstead.errors import LocalProtocolError, RemoteProtocolError
from ohmstead.hashing import keccak
from tools import gen_vectors_receipts as world

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "vectors" / "receipts.json").read_text())
DOCUMENTS = {name: text.encode() for name, text in VECTORS["documents"].items()}
GENUINE = [name for name in DOCUMENTS if name != "forged"]
SIGNED = ["two_records", "one_record", "walk_up_partly_covered", "free"]
TRUST = Trust(**VECTORS["trust"])
CHAIN = ChainFacts(
    **VECTORS["chain"]
    | {
        "seal": bytes.fromhex(VECTORS["chain"]["seal"][2:]),
        "meter_keys": frozenset(VECTORS["chain"]["meter_keys"]),
    }
)
DEEP = os.environ.get("OHMSTEAD_DEEP") == "1"


class Remembering(world.OcmfVerifier):
    """The same answers; the same record is not checked again for each of 10,000 mutations."""

    readings = cache(world.OcmfVerifier.readings)
    key_id = cache(world.OcmfVerifier.key_id)


VERIFIER = Remembering()


@cache
def zone(name):
    return ZoneInfo(name)


def judged(document, trust=None, chain=None):
    checks = check_receipt(document, VERIFIER, zone, trust, chain)
    return {check.name: check.outcome for check in checks}, exit_code(checks)


def failed(document, trust=None, chain=None):
    outcomes, _ = judged(document, trust, chain)
    return {name for name, outcome in outcomes.items() if outcome is Outcome.FAILED}


def body(name):
    return json.loads(DOCUMENTS[name])


def test_the_vectors_are_fresh():
    command = [sys.executable, str(ROOT / "tools" / "gen_vectors_receipts.py"), "--check"]
    env = {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- what the lines say ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIGNED)
def test_with_trust_and_chain_every_line_of_a_signed_session_says_proven(name):
    outcomes, code = judged(DOCUMENTS[name], TRUST, CHAIN)
    assert outcomes == dict.fromkeys(CHECK_NAMES, Outcome.PROVEN)
    assert code == 0


@pytest.mark.parametrize("name", GENUINE)
@pytest.mark.parametrize(("trust", "chain"), [(None, None), (None, CHAIN), (TRUST, None)])
def test_without_trust_or_without_the_chain_nothing_but_the_trust_file_is_proven(
    name, trust, chain
):
    outcomes, code = judged(DOCUMENTS[name], trust, chain)
    proven = {check for check, outcome in outcomes.items() if outcome is Outcome.PROVEN}
    assert proven == ({"trust"} if trust else set())
    assert Outcome.FAILED not in outcomes.values()
    assert code == 3


def test_unproven_energy_is_never_called_proven():
    outcomes, code = judged(DOCUMENTS["unproven"], TRUST, CHAIN)
    assert code == 3
    for name in ("readings", "meter_signature", "registered_key", "energy"):
        assert outcomes[name] in (Outcome.CONSISTENT, Outcome.SKIPPED)
    assert outcomes["anchor"] is outcomes["session_hash"] is Outcome.PROVEN


def test_a_public_copy_holds_no_record_and_does_not_prove_what_the_meter_said():
    public = public_copy(DOCUMENTS["two_records"])
    assert public == DOCUMENTS["public_copy"]
    for text in body("two_records")["records"]:
        assert text.encode() not in public
    outcomes, code = judged(public, TRUST, CHAIN)
    assert code == 3
    assert outcomes["records"] is outcomes["meter_signature"] is Outcome.SKIPPED
    assert outcomes["energy"] is Outcome.CONSISTENT
    assert outcomes["readings"] is Outcome.PROVEN


def test_an_epoch_that_is_not_final_proves_nothing_yet():
    chain = frozen.replace(CHAIN, is_final=False)
    outcomes, code = judged(DOCUMENTS["two_records"], TRUST, chain)
    assert (outcomes["anchor"], code) == (Outcome.CONSISTENT, 3)
    assert outcomes["price"] is Outcome.CONSISTENT


def test_a_receipt_forged_wholly_with_fresh_keys_fails_registered_key_and_anchor():
    outcomes, code = judged(DOCUMENTS["forged"])
    assert Outcome.FAILED not in outcomes.values() and code == 3  # it agrees with itself
    assert {"registered_key", "anchor"} == failed(DOCUMENTS["forged"], TRUST, CHAIN)
    known = {"CH-00": frozenset(CHAIN.meter_keys)}
    pinned = frozen.replace(TRUST, meter_keys=known)
    assert failed(DOCUMENTS["forged"], pinned) == {"registered_key"}
    assert failed(DOCUMENTS["two_records"], pinned) == set()


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"network": "another"}, "trust"),
        ({"chain_id": 1}, "trust"),
        ({"settlement": "0x" + "11" * 20}, "trust"),
        ({"registry": "0x" + "11" * 20}, "trust"),
        ({"escrow": "0x" + "11" * 20}, "trust"),
        ({"validators": frozenset({"0x" + "11" * 20})}, "trust"),
        ({"meter_keys": {}}, "registered_key"),
    ],
)
def test_another_trust_file_does_not_take_it(change, check):
    trust = frozen.replace(TRUST, **change)
    assert failed(DOCUMENTS["two_records"], trust, CHAIN) == {check}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"chain_id": 1}, "anchor"),
        ({"settlement": "0x" + "11" * 20}, "anchor"),
        ({"registry": "0x" + "11" * 20}, "anchor"),
        ({"escrow": "0x" + "11" * 20}, "anchor"),
        ({"seal": ZERO}, "anchor"),
        ({"seal": b"\1" * 32}, "anchor"),
        ({"tx": "0x" + "11" * 32}, "anchor"),
        ({"block_number": 124}, "anchor"),
        ({"block_hash": "0x" + "11" * 32}, "anchor"),
        ({"meter_keys": frozenset()}, "registered_key"),
    ],
)
def test_another_chain_contradicts_it(change, check):
    chain = frozen.replace(CHAIN, **change)
    assert failed(DOCUMENTS["two_records"], TRUST, chain) == {check}


# --- THE RULE: flipping any byte of any field makes a named check fail ----------------------------


def leaves(value, path=()):
    """Every place of a document that holds no object and no list with members."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list) and value:
        for at, one in enumerate(value):
            yield from leaves(one, (*path, at))
    else:
        yield path, value


def others(value):
    """Values of the same kind that are not this one: each digit, letter and number near it."""
    if value is None:
        return [0, "", 1]
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1, value - 1, value * 10 + 1, -value - 1, str(value)]
    if isinstance(value, str):
        step = 1 if DEEP else max(1, len(value) // 3)
        flips = [
            value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]
            for at in range(0, len(value), step)
        ]
        return [*flips, value + "0", value[:-1] or None, value.upper() + "!", None]
    return [[0], {"a": 1}, None]


def replaced(document, path, value):
    changed = copy.deepcopy(document)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def encoded(value):
    """Canonical where possible, so that the change itself must be noticed and not its spelling."""
    try:
        return canonical.encode(value)
    except LocalProtocolError:
        return json.dumps(value).encode()


@pytest.mark.parametrize("name", GENUINE)
def test_a_change_of_any_field_makes_a_named_check_fail(name):
    document = body(name)
    for path, value in leaves(document):
        dotted = ".".join(map(str, path))
        kinds = others(value)
        for other in kinds if DEEP or name == "two_records" else kinds[:2]:
            data = encoded(replaced(document, path, other))
            if data == DOCUMENTS[name]:
                continue
            wrong = failed(data)
            if dotted in CHAIN_ONLY_FIELDS and not wrong:
                wrong = failed(data, TRUST, CHAIN)
                assert wrong == {"anchor"}, dotted
            assert wrong, f"{dotted}: {value!r} -> {other!r} went unnoticed"


@pytest.mark.parametrize("name", GENUINE)
def test_a_field_removed_or_added_anywhere_makes_a_named_check_fail(name):
    document = body(name)
    objects = {path[:n] for path, _ in leaves(document) for n in range(len(path))}
    for path in objects:
        place = document
        for step in path:
            place = place[step]
        names = list(place) if isinstance(place, dict) else range(len(place))
        for one in names:
            if (path, one) == ((), "records"):
                continue  # that is the public copy, which is a receipt too
            changed = copy.deepcopy(document)
            spot = changed
            for step in path:
                spot = spot[step]
            del spot[one]
            assert failed(encoded(changed)), f"{path} without {one}"
        changed = copy.deepcopy(document)
        spot = changed
        for step in path:
            spot = spot[step]
        if isinstance(spot, dict):
            spot["zz"] = 0
        else:
            spot.append(copy.deepcopy(spot[-1]))
        assert failed(encoded(changed)), f"{path} with one more"


@pytest.mark.parametrize("name", GENUINE)
def test_a_flipped_bit_of_any_byte_makes_a_named_check_fail(name):
    document, rng = DOCUMENTS[name], random.Random(name)
    step = 1 if DEEP or name == "two_records" else 11
    for at in range(rng.randrange(step), len(document), step):
        bit = 1 << rng.randrange(8)
        changed = document[:at] + bytes([document[at] ^ bit]) + document[at + 1 :]
        wrong = failed(changed, TRUST, CHAIN)
        assert wrong, f"byte {at} ({document[max(0, at - 30) : at + 10]!r}), bit {bit}"


@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["format", "session", "leaf", "x"]), inner, max_size=3
            )
        ),
    ).map(canonical.encode)
)
def test_whatever_is_no_receipt_fails_and_raises_nothing(data):
    assert exit_code(check_receipt(data, VERIFIER, zone)) == 1


@given(st.sampled_from(GENUINE), st.data())
def test_any_value_in_any_place_is_judged_without_raising(name, data):
    document = body(name)
    path, _ = data.draw(st.sampled_from(list(leaves(document))))
    value = data.draw(st.sampled_from(["", "0x", -1, 2**53 - 1, [], {}, "9" * 39, None, [[]]]))
    changed = encoded(replaced(document, path, value))
    if changed != DOCUMENTS[name]:
        outcomes, code = judged(changed, TRUST, CHAIN)
        assert code == 1 and Outcome.FAILED in outcomes.values()


# --- lies that agree with every hash: the settler itself wrote them -------------------------------


def resealed(name, change, records=None):
    """The receipt that a settler would make of a session with ``change``: every hash is right."""
    document = body(name)
    session = document["session"]
    change(session)
    receipt = epoch_receipt(session, 3)
    epoch = build(1, ZERO, [receipt], {}, (0, 0), 3, b"u" * 32)
    anchor = Anchor(**document["anchor"])
    data = json.loads(receipt_document(session, epoch, 0, 7, anchor, []))
    data["records"] = records or document["records"]
    return canonical.encode(data)


def set_at(*path):
    *steps, last, value = path

    def change(session):
        place = session
        for step in steps:
            place = place[step]
        place[last] = value

    return change


def cheaper_line(session):
    session["lines"][0]["minor"] = "1"


def sold_energy(session):
    session["energy_mwh"] += 1
    session["meter"]["end"]["energy_mwh"] += 1
    session["usage"]["points"][-1][1] += 1


def swapped_amounts(session):
    first, second = session["split"][:2]
    first["amount"], second["amount"] = second["amount"], first["amount"]


def two_rests(session):
    session["split"][1]["rest"] = True


@pytest.mark.parametrize(
    ("name", "change", "check"),
    [
        ("two_records", set_at("energy_mwh", 5), "energy"),
        ("two_records", sold_energy, "meter_signature"),
        ("two_records", set_at("meter", "begin", "page", 6), "meter_signature"),
        ("two_records", set_at("meter", "begin", "status", "F"), "meter_signature"),
        ("two_records", set_at("meter", "begin", "kind", "C"), "energy"),
        ("two_records", set_at("meter", "begin", "register", "1-0:1.8.0"), "energy"),
        ("two_records", set_at("meter", "key_id", "0x" + "11" * 32), "registered_key"),
        ("two_records", set_at("meter", "public_key", "00"), "meter_signature"),
        ("two_records", set_at("meter", "records", []), "records"),
        ("two_records", set_at("tier", "none"), "energy"),
        ("two_records", set_at("tier", "best"), "energy"),
        ("two_records", set_at("proven", False), "energy"),
        ("two_records", set_at("started", "2026-11-20T00:00:00.000Z"), "energy"),
        ("two_records", set_at("usage", "time_zone", "Nowhere/Land"), "price"),
        ("two_records", set_at("usage", "points", 1, 0, 1), "energy"),
        ("two_records", set_at("usage", "charging_end_ms", None), "price"),
        ("two_records", set_at("total_minor", "10114831"), "price"),
        ("two_records", set_at("adjustment_minor", "-1"), "price"),
        ("two_records", set_at("rounding", "up"), "price"),
        ("two_records", set_at("asset", "EUR/6"), "price"),
        (
            "two_records",
            set_at("tariff", "elements", 1, "components", 0, "price", "value", 1),
            "price",
        ),
        ("two_records", set_at("tariff", "elements", []), "price"),
        ("two_records", set_at("tariff", "rounding", "sideways"), "price"),
        ("two_records", cheaper_line, "price"),
        ("two_records", swapped_amounts, "split"),
        ("two_records", two_rests, "split"),
        ("two_records", set_at("split", 1, "share_bps", 9_999), "split"),
    ],
)
def test_a_lie_under_right_hashes_is_found_by_recomputing(name, change, check):
    wrong = failed(resealed(name, change))
    assert check in wrong
    assert not wrong & {"canonical", "format", "session_hash", "receipts_proof", "header", "seal"}


def test_unsigned_energy_cannot_be_anchored_as_proven_nor_called_so():
    def change(session):
        session["proven"], session["tier"] = True, "soft"

    with pytest.raises(LocalProtocolError, match="without a meter key is not proven"):
        resealed("unproven", change)
    document = body("unproven")
    change(document["session"])
    assert {"energy", "session_hash"} <= failed(canonical.encode(document))


def test_resealing_alone_changes_nothing():
    assert failed(resealed("two_records", lambda session: None)) == set()


def test_more_covered_than_the_price_is_a_lie():
    def change(session):
        session["covered_minor"] = str(int(session["total_minor"]) + 10_000)
        host, *rest = session["split"]
        for payee in rest:
            payee["amount"] = str(int(session["covered_minor"]) * payee["share_bps"] // 10_000)
        parts = sum(int(payee["amount"]) for payee in rest)
        host["amount"] = str(int(session["covered_minor"]) - parts)

    assert failed(resealed("two_records", change)) == {"split"}


def test_money_of_a_session_without_a_payer_cannot_be_built():
    with pytest.raises(LocalProtocolError, match="account has 20 bytes"):
        resealed("two_records", set_at("payer", "address", ""))


# --- building -------------------------------------------------------------------------------------


def test_a_receipt_is_not_made_for_another_sessions_leaf():
    session = body("two_records")["session"]
    other = body("one_record")["session"]
    epoch = build(1, ZERO, [epoch_receipt(session, 3)], {}, (0, 0), 3, ZERO)
    anchor = Anchor("0x" + "00" * 32, 1, "0x" + "00" * 32)
    with pytest.raises(LocalProtocolError, match="another session"):
        receipt_document(other, epoch, 0, 1, anchor, None)


@pytest.mark.parametrize("missing", ["key", "end"])
def test_readings_are_both_signed_by_a_registered_key_or_neither_is(missing):
    facts = world.facts(0, world.Meter(7, "CH-00"))
    unsigned = world.facts(3, None)
    changed = {"key": None} if missing == "key" else {"end": unsigned.end}
    with pytest.raises(LocalProtocolError, match="neither is"):
        session_document(frozen.replace(facts, **changed))


def test_an_unsigned_reading_is_hashed_as_its_canonical_text():
    document = body("unproven")
    begin = document["session"]["meter"]["begin"]
    assert document["leaf"]["begin"] == hex_of(keccak(canonical.encode(begin)))
    assert document["leaf"]["key"] == hex_of(ZERO)


def test_a_free_session_moves_nothing():
    document = body("free")
    assert (document["slots"], document["session"]["total_minor"]) == ([], "0")


def test_a_walk_up_wallet_pays_what_was_locked_and_the_receipt_says_both():
    session = body("walk_up_partly_covered")["session"]
    assert (session["covered_minor"], session["payer"]["kind"]) == ("2000000", "wallet_lock")
    assert int(session["total_minor"]) > 2_000_000
    assert sum(int(payee["amount"]) for payee in session["split"]) == 2_000_000


def test_headers_seals_and_tariffs_read_back_as_they_were_written():
    epoch = body("two_records")["epoch"]
    assert header_document(read_header(epoch["header"])) == epoch["header"]
    assert seal_document(read_seal(epoch["seal"])) == epoch["seal"]
    for tariff in (world.TARIFF, world.FREE):
        assert read_tariff(tariff_document(tariff)) == tariff


def test_a_tariff_or_usage_of_another_spelling_is_refused():
    document = tariff_document(world.TARIFF)
    for path, value in leaves(document):
        for other in others(value):
            changed = replaced(document, path, other)
            try:
                again = read_tariff(changed)
            except RemoteProtocolError:
                continue
            assert tariff_document(again) == changed
    for value in (None, [], {}, {"points": 1}, {"points": [[1]]}, {"points": [[True, 1]]}):
        with pytest.raises(RemoteProtocolError):
            read_usage(value)
        with pytest.raises(RemoteProtocolError):
            read_tariff(value)


def test_times_are_rfc_3339_utc_with_milliseconds():
    assert utc_text(0) == "1970-01-01T00:00:00.000Z"
    assert utc_text(1_794_846_600_123) == "2026-11-16T16:30:00.123Z"


@pytest.mark.parametrize("name", ["begin", "end"])
def test_one_signed_and_one_unsigned_reading_are_no_receipt(name):
    document = body("two_records")
    document["session"]["meter"][name] = body("unproven")["session"]["meter"][name]
    assert failed(canonical.encode(document), TRUST, CHAIN) == {"format"}


def test_a_mismatch_names_its_place():
    document = body("two_records")
    del document["leaf"]["index"]
    checks = check_receipt(canonical.encode(document), VERIFIER, zone)
    assert [check.name for check in checks] == ["canonical", "format"]
    assert ".leaf lacks or should not have index" in checks[1].detail
    assert mismatch([1], ["text"], ".x") == ".x[0] is no text"
