"""An epoch: encodings as the chain's, sums that follow from the receipts, and what is refused."""

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import eth_abi
import pytest
from eth_abi.packed import encode_packed
from hypothesis import given
from hypothesis import strategies as st

from ohmstead import frozen
from ohmstead.core.epoch import (
    REWARD_LANE,
    Balance,
    Entry,
    Header,
    LaneHead,
    ReadingLeaf,
    Receipt,
    ReceiptLeaf,
    Seal,
    Slot,
    Totals,
    build,
    slots_hash,
)
from ohmstead.core.leaves import LANES
from ohmstead.core.merkle import ZERO, PositionalTree, StandardTree
from ohmstead.errors import LocalProtocolError
from ohmstead.hashing import keccak

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "epoch.json").read_text())
HEADER_ABI = (
    "(uint64,bytes32,bytes32,uint32,bytes32,uint32,bytes32,uint32,"
    "(uint128,uint128,uint128,uint128)[2],uint128,uint64,uint64,uint32,bytes32)"
)
ENTRY_TYPES = ["uint16", "address", "uint32", "uint8", *["uint128"] * 3, "uint64", "uint32"]
PEOPLE = [bytes([n]) * 20 for n in range(1, 6)]
DRIVER, HOST, OTHER = PEOPLE[:3]
CREDIT, BURN, SPEND = 0, 1, 2
B32 = st.binary(min_size=32, max_size=32)


def words(*bits):
    return st.tuples(*(st.integers(0, 2**width - 1) for width in bits))


def address(account):
    return "0x" + account.hex()


@given(B32, B32, B32, B32, B32, words(64, 32, 32, 32, 128, 64, 64, 32), words(*[128] * 8))
def test_a_header_is_encoded_as_solidity_encodes_it(a, b, c, d, e, n, t):
    totals = (Totals(*t[:4]), Totals(*t[4:]))
    header = Header(n[0], a, b, n[1], c, n[2], d, n[3], totals, n[4], n[5], n[6], n[7], e)
    fields = frozen.astuple(header)
    flat = [tuple(map(frozen.astuple, f)) if f is totals else f for f in fields]
    assert header.encode() == eth_abi.encode([HEADER_ABI], [tuple(flat)])
    seal = header.seal(n[1])
    assert seal == Seal(c, d, n[2], n[1], keccak(header.encode()))
    types = ["bytes32", "bytes32", "uint32", "uint40", "bytes32"]
    assert seal.hash() == keccak(eth_abi.encode(types, frozen.astuple(seal)))


@given(words(16, 32, 8, 128, 128, 128, 64, 32), st.sampled_from(PEOPLE), words(128, 128, 256))
def test_leaves_are_packed_as_solidity_packs_them(n, account, row):
    entry = Entry(n[0], account, *n[1:])
    packed = encode_packed(ENTRY_TYPES, [n[0], address(account), *n[1:]])
    assert len(packed) == 87
    assert (entry.pack(), entry.hash()) == (packed, keccak(packed))
    slot = Slot(n[0], account, n[3])
    assert slot.pack() == encode_packed(
        ["uint16", "address", "uint128"], [n[0], address(account), n[3]]
    )
    assert slots_hash([slot, slot]) == keccak(slot.pack() * 2)
    types = ["address", "uint256", "uint256", "uint256"]
    encoded = eth_abi.encode(types, [address(account), *row])
    assert Balance(account, *row).hash() == keccak(keccak(encoded))


@given(B32, B32, B32, words(8, 64, 40, 32), words(32, 64, 64))
def test_a_reading_and_a_receipt_are_one_packed_keccak(a, b, c, n, m):
    reading = ReadingLeaf(a, b, c, n[0], n[1], n[2], "B", "", "T", n[3], c[:16])
    types = ["bytes32"] * 3 + ["uint8", "uint64", "uint40"] + ["bytes1"] * 3 + ["uint32", "bytes16"]
    values = [a, b, c, n[0], n[1], n[2], b"B", b"\0", b"T", n[3], c[:16]]
    packed = encode_packed(types, values)
    assert len(packed) == 133
    assert reading.hash() == keccak(packed)
    leaf = ReceiptLeaf(a, b, c, b, a, *m)
    types = ["bytes32"] * 5 + ["uint32", "uint64", "uint64"]
    assert leaf.hash() == keccak(encode_packed(types, [a, b, c, b, a, *m]))


@pytest.mark.parametrize(
    "leaf",
    [
        Slot(2**16, HOST, 1),
        Slot(0, HOST, 2**128),
        Slot(0, HOST, -1),
        Slot(0, HOST[1:], 1),
        Totals(2**128, 0, 0, 0),
    ],
)
def test_a_field_that_does_not_fit_is_refused_not_cut(leaf):
    with pytest.raises(LocalProtocolError):
        leaf.encode() if isinstance(leaf, Totals) else leaf.pack()


@pytest.mark.parametrize("field", ["kind", "status", "context"])
@pytest.mark.parametrize("value", ["BE", "é"])
def test_a_letter_of_a_reading_is_one_ascii_character(field, value):
    reading = ReadingLeaf(ZERO, ZERO, ZERO, 0, 0, 0, "B", "G", "T", 0, bytes(16))
    with pytest.raises(LocalProtocolError, match=field):
        frozen.replace(reading, **{field: value}).hash()


# --- building -------------------------------------------------------------------------------------


def receipt(
    n=0, slots=((SPEND, DRIVER, 10), (CREDIT, HOST, 9)), proven=5, unproven=0, key=b"k" * 32
):
    return Receipt(
        b"b" * 32,
        b"e" * 32,
        keccak(bytes([n])),
        tuple(Slot(*s) for s in slots),
        key,
        1,
        proven,
        unproven,
    )


def built(receipts, number=1, parent=ZERO, heads=None, settled=(0, 0)):
    return build(number, parent, receipts, heads or {}, settled, 1, b"u" * 32)


AMOUNTS = st.integers(1, 2**90)


@st.composite
def sessions(draw):
    """Up to eight slots whose credits and burns the driver's spend covers, in both assets."""
    found = []
    for n in range(draw(st.integers(1, 12))):
        slots = []
        for asset in (0, 1):
            parts = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), AMOUNTS), max_size=2))
            slots += [(asset * 4, who, amount) for who, amount in parts]
            burnt = draw(st.none() | AMOUNTS)
            slots += [(asset * 4 + BURN, OTHER, burnt)] if burnt else []
            due = sum(s[2] for s in slots if s[0] // 4 == asset)
            slots += [(asset * 4 + SPEND, DRIVER, due + draw(st.integers(0, 9)))] if due else []
        if draw(st.booleans()) and len(slots) < 8:
            slots.append((REWARD_LANE, HOST, draw(AMOUNTS)))
        signed = draw(st.booleans())
        energy = draw(st.integers(0, 2**40))
        key = b"k" * 32 if signed else ZERO
        slots = draw(st.permutations(slots))
        found.append(receipt(n, slots, energy * signed, energy * (not signed), key))
    return found


@given(st.lists(sessions(), min_size=1, max_size=3))
def test_invariant_6_leaves_sum_to_the_anchored_total(epochs):
    heads, settled, parent = {}, [0, 0], ZERO
    ever, last = defaultdict(int), {}
    for number, receipts in enumerate(epochs, 1):
        epoch = built(receipts, number, parent, heads, settled)
        header = epoch.header
        sums = defaultdict(int)
        for place, entry in enumerate(epoch.entries):
            lane_account = (entry.lane, entry.account)
            source = receipts[entry.receipt].slots[entry.slot]
            assert (source.lane, source.account, source.amount) == (*lane_account, entry.amount)
            sums[entry.lane] += entry.amount
            ever[lane_account] += entry.amount
            assert (entry.total, entry.cumulative) == (sums[entry.lane], ever[lane_account])
            assert (entry.prev_epoch, entry.prev_index) == last.get(lane_account, (0, 0))
            last[lane_account] = (number, place)
            proof = epoch.entries_tree.proof(place)
            assert PositionalTree.verify(
                header.entries, header.entry_count, place, entry.hash(), proof
            )
        order = [(e.lane, e.account, e.receipt, e.slot) for e in epoch.entries]
        assert all(a < b for a, b in pairwise(order))
        assert len(order) == sum(len(r.slots) for r in receipts) == header.entry_count
        for asset, totals in enumerate(header.totals):
            settled[asset] += sums[asset * 4 + SPEND]
            lanes = [sums[asset * 4 + way] for way in (CREDIT, BURN, SPEND)]
            assert totals == Totals(*lanes, settled[asset])
            assert totals.credits + totals.burns <= totals.spends
        assert header.rewards == sums[REWARD_LANE]
        assert header.proven_mwh == sum(r.proven_mwh for r in receipts)
        assert header.unproven_mwh == sum(r.unproven_mwh for r in receipts)
        check_balances(epoch, ever)
        heads |= epoch.heads
        parent = header.seal(number).hash()
    assert heads == {key: LaneHead(*last[key], ever[key]) for key in last}


def check_balances(epoch, ever):
    """Whoever was credited in this epoch, and nobody else, can claim all it was ever credited."""
    header = epoch.header
    credited = {(e.account, e.lane // 4) for e in epoch.entries if e.lane in (0, 4)}
    assert {(b.account, b.asset) for b in epoch.balances} == credited
    assert header.balance_count == len(credited)
    for account, asset in credited:
        claim = epoch.claim_proof(account, asset)
        assert claim.entry.cumulative == claim.balance.cumulative == ever[asset * 4, account]
        assert claim.balance.last_entry_index == claim.index
        assert PositionalTree.verify(
            header.entries, header.entry_count, claim.index, claim.entry.hash(), claim.proof
        )
        assert StandardTree.verify(header.balances, claim.balance.hash(), claim.balance_proof)
    with pytest.raises(KeyError):
        epoch.claim_proof(b"\xee" * 20, 0)


def test_running_energies_end_in_the_header():
    epoch = built([receipt(0, proven=5), receipt(1, (), 0, 7, ZERO), receipt(2, proven=1)])
    assert [(r.proven_mwh, r.unproven_mwh) for r in epoch.receipts] == [(5, 0), (5, 7), (6, 7)]
    assert (epoch.header.proven_mwh, epoch.header.unproven_mwh) == (6, 7)


def test_an_epoch_of_free_sessions_moves_nothing_and_still_counts_them():
    header = built([receipt(0, ())]).header
    assert (header.receipt_count, header.entry_count, header.balance_count) == (1, 0, 0)
    assert (header.entries, header.balances) == (ZERO, ZERO)


PAY = (SPEND, DRIVER, 10)


@pytest.mark.parametrize(
    ("receipts", "reason"),
    [
        ([], "1 to 1000000 receipts"),
        ([receipt(0, [PAY] * 9)], "receipt 0: a receipt has at most 8 slots, not 9"),
        ([receipt(), receipt(1, [PAY, (CREDIT, HOST, 11)])], "receipt 1: credits 11 and burns 0"),
        ([receipt(0, [PAY, (CREDIT, HOST, 9), (BURN, OTHER, 2)])], "credits 9 and burns 2 exceed"),
        ([receipt(0, [(6, DRIVER, 10), (CREDIT, HOST, 1)])], "exceed spends 0"),
        ([receipt(), receipt()], "a session stands twice"),
        ([receipt(0, [(3, HOST, 1)])], "no lane 3"),
        ([receipt(0, [(SPEND, DRIVER, 0)])], "at least one minor unit"),
        ([receipt(0, [(SPEND, DRIVER, -1)])], "at least one minor unit"),
        ([receipt(0, [(SPEND, DRIVER, 2**128)])], "amount is a uint128"),
        ([receipt(n, [(SPEND, DRIVER, 2**127)]) for n in (0, 1)], "a sum exceeds 128 bits"),
        ([receipt(0, [(SPEND, bytes(20), 1)])], "zero address"),
        ([receipt(0, [(SPEND, b"x", 1)])], "account has 20 bytes, not 1"),
        ([receipt(proven=-1)], "never negative"),
        ([receipt(proven=2**64)], "proven_mwh is a uint64"),
        ([receipt(n, proven=2**63) for n in (0, 1)], "receipt 1: proven_mwh is a uint64"),
        ([receipt(key=ZERO)], "not proven"),
        ([receipt(key=b"k")], "key has 32 bytes"),
        ([frozen.replace(receipt(), registry_version=2)], "registry version 2, the epoch 1"),
        ([frozen.replace(receipt(), session=b"")], "session has 32 bytes"),
    ],
)
def test_what_a_contract_or_a_dispute_would_undo_is_refused_with_its_receipt(receipts, reason):
    with pytest.raises(LocalProtocolError, match=reason):
        built(receipts)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"number": 0}, "epochs start at 1"),
        ({"parent": b"p" * 32}, "only epoch 1 has no parent"),
        ({"number": 2}, "only epoch 1 has no parent"),
        ({"number": 2, "parent": b"p"}, "parent has 32 bytes"),
        ({"settled": (0,)}, "settled has 2 places"),
        ({"settled": (2**128 - 1, 0)}, "settled is a uint128"),
        ({"heads": {(CREDIT, HOST): LaneHead(1, 0, 5)}}, "cannot follow the head"),
        ({"heads": {(CREDIT, HOST): LaneHead(0, 0, 5)}}, "cannot follow the head"),
        (
            {
                "number": 2,
                "parent": b"p" * 32,
                "heads": {(CREDIT, HOST): LaneHead(1, 0, 2**128 - 1)},
            },
            "a sum exceeds 128 bits",
        ),
    ],
)
def test_an_epoch_that_cannot_follow_is_refused(changed, reason):
    with pytest.raises(LocalProtocolError, match=reason):
        built([receipt()], **changed)


def test_lanes_are_three_for_each_asset_and_one_for_rewards():
    assert sorted(LANES) == [0, 1, 2, 4, 5, 6, 0xFFFF]


def test_the_shared_epochs_follow_each_other():
    """Read back what Foundry reads, without the builder."""
    parent, settled = ZERO, ["0", "0"]
    for number, row in enumerate(VECTORS["epochs"], 1):
        header, seal = row["header"], row["seal"]
        assert (header["number"], header["parent"]) == (number, "0x" + parent.hex())
        assert row["header_hash"] == "0x" + keccak(bytes.fromhex(row["header_abi"][2:])).hex()
        assert seal["header"] == row["header_hash"]
        for before, totals in zip(settled, header["totals"], strict=True):
            assert int(totals["settled"]) == int(before) + int(totals["spends"])
        settled = [totals["settled"] for totals in header["totals"]]
        for entry in row["entries"]:
            assert entry["hash"] == "0x" + keccak(bytes.fromhex(entry["packed"][2:])).hex()
        parent = bytes.fromhex(row["seal_hash"][2:])
    assert len(VECTORS["epochs"]) == 3
