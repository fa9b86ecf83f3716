"""Write vectors/{keccak,merkle,epoch}.json: what Python and Solidity must hash to the same bytes.

The same text on every run. Hashes and addresses are 0x hex, amounts and energies decimal strings,
counts and indexes plain numbers. Run with ``--check`` to compare instead of write. ``epoch.json``
holds three epochs in a row: the first two can be anchored as they stand (asset 0, no rewards), the
third uses every lane. In ``tests/core/test_merkle.py`` npm's merkle-tree recomputes the trees.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from ohmstead.core.epoch import (
    REWARD_LANE,
    Balance,
    BuiltEpoch,
    Direction,
    Header,
    LaneHead,
    ReadingLeaf,
    Receipt,
    Seal,
    Slot,
    build,
    lane_of,
)
from ohmstead.core.merkle import ZERO, PositionalTree, StandardTree
from ohmstead.hashing import keccak, sha256

FOLDER = Path(__file__).resolve().parent.parent / "vectors"
SEED = 20261120
HEADER = "written by tools/gen_vectors.py; do not edit"
PROPOSED_AT_S = 1_795_000_000
Json = dict[str, Any]


def hex0(data: bytes) -> str:
    """0x and lower-case hex."""
    return "0x" + data.hex()


def hashes(nodes: list[bytes]) -> list[str]:
    """The same for a list."""
    return [hex0(node) for node in nodes]


def keccak_vectors() -> Json:
    """Messages around the 136-byte block, and the two everybody knows."""
    rng = random.Random(SEED)
    messages = [b"", b"abc", *(rng.randbytes(n) for n in (1, 31, 32, 64, 83, 135, 136, 137, 272))]
    return {"cases": [{"message": hex0(m), "hash": hex0(keccak(m))} for m in messages]}


def positional_case(rng: random.Random, count: int) -> Json:
    """A positional tree with the proof of every leaf."""
    leaves = [rng.randbytes(32) for _ in range(count)]
    tree = PositionalTree(leaves)
    return {
        "count": count,
        "leaves": hashes(leaves),
        "root": hex0(tree.root),
        "proofs": [hashes(tree.proof(index)) for index in range(count)],
    }


def standard_case(rng: random.Random, count: int) -> Json:
    """A tree of balances with the proof of every row."""
    rows = [
        Balance(rng.randbytes(20), rng.randint(0, 1), rng.getrandbits(100), rng.getrandbits(20))
        for _ in range(count)
    ]
    tree = StandardTree([row.hash() for row in rows])
    return {
        "rows": [
            [hex0(row.account), str(row.asset), str(row.cumulative), str(row.last_entry_index)]
            for row in rows
        ],
        "leaves": [hex0(row.hash()) for row in rows],
        "root": hex0(tree.root),
        "proofs": [hashes(tree.proof(row.hash())) for row in rows],
    }


def merkle_vectors() -> Json:
    """Both trees at the sizes where their shape changes."""
    rng = random.Random(SEED)
    return {
        "positional": [positional_case(rng, n) for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 33)],
        "standard": {
            "types": ["address", "uint256", "uint256", "uint256"],
            "cases": [standard_case(rng, n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 33)],
        },
    }


def reading(rng: random.Random, energy_mwh: int, kind: str, page: int) -> ReadingLeaf:
    """A reading with every field set."""
    return ReadingLeaf(
        payload=sha256(rng.randbytes(40)),
        r=rng.randbytes(32),
        s=bytes(1) + rng.randbytes(31),
        entry=int(kind == "E"),
        energy_mwh=energy_mwh,
        time_s=PROPOSED_AT_S - 7_200 + page,
        kind=kind,
        status="G",
        context="T",
        page=page,
        register=keccak(b"1-b:1.8.0")[:16],
    )


def reading_fields(leaf: ReadingLeaf) -> Json:
    """A reading as the contract's struct, with its hash."""
    return {
        "payload": hex0(leaf.payload),
        "r": hex0(leaf.r),
        "s": hex0(leaf.s),
        "entry": leaf.entry,
        "energy_mwh": str(leaf.energy_mwh),
        "time_s": leaf.time_s,
        "kind": hex0(leaf.kind.encode()),
        "status": hex0(leaf.status.encode()),
        "context": hex0(leaf.context.encode()),
        "page": leaf.page,
        "register": hex0(leaf.register),
        "hash": hex0(leaf.hash()),
    }


def session(rng: random.Random, people: list[bytes], every_lane: bool) -> Receipt:
    """A receipt: one driver pays, up to three are credited, some is burnt."""
    driver, *payees = rng.sample(people, rng.randint(2, 4))
    cost = rng.randint(100, 60_000_000)
    parts = [cost // 20 * n for n in range(1, len(payees))]
    slots = [Slot(lane_of(0, Direction.SPEND), driver, cost)]
    burnt = cost // 50
    slots.append(Slot(lane_of(0, Direction.BURN), people[0], burnt))
    parts.append(cost - sum(parts) - burnt)
    slots += [
        Slot(lane_of(0, Direction.CREDIT), payee, part)
        for payee, part in zip(payees, parts, strict=True)
    ]
    if every_lane:
        slots.append(Slot(lane_of(1, Direction.SPEND), driver, 10**24 + cost))
        slots.append(Slot(lane_of(1, Direction.CREDIT), payees[0], 10**24))
        slots.append(Slot(REWARD_LANE, payees[0], cost))
    signed = rng.random() < 0.8
    energy_mwh = rng.randint(1, 90_000_000)
    return Receipt(
        begin=reading(rng, 10**9, "B", 7).hash(),
        end=reading(rng, 10**9 + energy_mwh, "E", 8).hash(),
        session=rng.randbytes(32),
        slots=tuple(slots),
        key=rng.randbytes(32) if signed else ZERO,
        registry_version=3,
        proven_mwh=energy_mwh if signed else 0,
        unproven_mwh=0 if signed else energy_mwh,
    )


def header_fields(header: Header) -> Json:
    """A header as the contract's struct."""
    return {
        "number": header.number,
        "parent": hex0(header.parent),
        "receipts": hex0(header.receipts),
        "receipt_count": header.receipt_count,
        "entries": hex0(header.entries),
        "entry_count": header.entry_count,
        "balances": hex0(header.balances),
        "balance_count": header.balance_count,
        "totals": [
            {
                "credits": str(totals.credits),
                "burns": str(totals.burns),
                "spends": str(totals.spends),
                "settled": str(totals.settled),
            }
            for totals in header.totals
        ],
        "rewards": str(header.rewards),
        "proven_mwh": str(header.proven_mwh),
        "unproven_mwh": str(header.unproven_mwh),
        "registry_version": header.registry_version,
        "bundle": hex0(header.bundle),
    }


def seal_fields(seal: Seal) -> Json:
    """A seal as the contract's struct."""
    return {
        "entries": hex0(seal.entries),
        "balances": hex0(seal.balances),
        "entry_count": seal.entry_count,
        "proposed_at_s": seal.proposed_at_s,
        "header": hex0(seal.header),
    }


def receipt_rows(epoch: BuiltEpoch, receipts: list[Receipt]) -> list[Json]:
    """Every receipt leaf with its slots and its proof."""
    return [
        {
            "index": index,
            "begin": hex0(leaf.begin),
            "end": hex0(leaf.end),
            "session": hex0(leaf.session),
            "slots": hex0(leaf.slots),
            "key": hex0(leaf.key),
            "registry_version": leaf.registry_version,
            "proven_mwh": str(leaf.proven_mwh),
            "unproven_mwh": str(leaf.unproven_mwh),
            "slot_list": [
                {"lane": s.lane, "account": hex0(s.account), "amount": str(s.amount)}
                for s in receipts[index].slots
            ],
            "hash": hex0(leaf.hash()),
            "proof": hashes(epoch.receipts_tree.proof(index)),
        }
        for index, leaf in enumerate(epoch.receipts)
    ]


def entry_rows(epoch: BuiltEpoch) -> list[Json]:
    """Every entry with its proof."""
    return [
        {
            "index": index,
            "lane": entry.lane,
            "account": hex0(entry.account),
            "receipt": entry.receipt,
            "slot": entry.slot,
            "amount": str(entry.amount),
            "sum": str(entry.total),
            "cumulative": str(entry.cumulative),
            "prev_epoch": entry.prev_epoch,
            "prev_index": entry.prev_index,
            "packed": hex0(entry.pack()),
            "hash": hex0(entry.hash()),
            "proof": hashes(epoch.entries_tree.proof(index)),
        }
        for index, entry in enumerate(epoch.entries)
    ]


def balance_rows(epoch: BuiltEpoch) -> list[Json]:
    """Every balance with its proof."""
    return [
        {
            "account": hex0(balance.account),
            "asset": balance.asset,
            "cumulative": str(balance.cumulative),
            "last_entry_index": balance.last_entry_index,
            "hash": hex0(balance.hash()),
            "proof": hashes(epoch.balances_tree.proof(balance.hash())),
        }
        for balance in epoch.balances
    ]


def epoch_vectors() -> Json:
    """Three epochs in a row with everything under them."""
    rng = random.Random(SEED)
    people = [keccak(f"account {n}".encode())[12:] for n in range(6)]
    heads: dict[tuple[int, bytes], LaneHead] = {}
    parent, settled, rows = ZERO, [0, 0], []
    for number, count in ((1, 7), (2, 5), (3, 3)):
        receipts = [session(rng, people, every_lane=number == 3) for _ in range(count)]
        epoch = build(number, parent, receipts, heads, settled, 3, rng.randbytes(32))
        heads |= epoch.heads
        settled = [totals.settled for totals in epoch.header.totals]
        seal = epoch.header.seal(PROPOSED_AT_S + number)
        parent = seal.hash()
        rows.append(
            {
                "header": header_fields(epoch.header),
                "header_abi": hex0(epoch.header.encode()),
                "header_hash": hex0(epoch.header.hash()),
                "seal": seal_fields(seal),
                "seal_hash": hex0(parent),
                "receipts": receipt_rows(epoch, receipts),
                "entries": entry_rows(epoch),
                "balances": balance_rows(epoch),
            }
        )
    readings = [reading(rng, 10**9, "B", 7), reading(rng, 2**64 - 1, "E", 2**32 - 1)]
    return {"readings": [reading_fields(leaf) for leaf in readings], "epochs": rows}


def texts() -> dict[str, str]:
    """Every file's name and text."""
    found = {
        "keccak.json": keccak_vectors(),
        "merkle.json": merkle_vectors(),
        "epoch.json": epoch_vectors(),
    }
    return {
        name: json.dumps({"header": HEADER, **content}, indent=1) + "\n"
        for name, content in found.items()
    }


def main() -> int:
    """Write the files, or say which are stale."""
    stale = []
    for name, text in texts().items():
        path = FOLDER / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python tools/gen_vectors.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
