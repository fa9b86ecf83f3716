"""An epoch: the receipts of a while, the entries that move their money, and the header over both.

"Entries: the only tree that moves money, positional, strictly ascending by (lane, account, receipt,
slot)" (design 3). :func:`build` is where the sums come from; contracts and validators hold them
against each other. Amounts are minor units of the asset at that place, energy is whole mWh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ohmstead.core.header import AMOUNT_BITS, Header, Seal, Totals
from ohmstead.core.intake import RECEIPTS_MAX, Receipt, receipt_leaves
from ohmstead.core.leaves import (
    ASSETS,
    LANE_STEP,
    REWARD_LANE,
    SLOTS_MAX,
    Balance,
    Direction,
    Entry,
    ReadingLeaf,
    ReceiptLeaf,
    Slot,
    lane_of,
    slots_hash,
)
from ohmstead.core.merkle import ZERO, PositionalTree, StandardTree
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen

__all__ = [
    "ASSETS",
    "RECEIPTS_MAX",
    "REWARD_LANE",
    "SLOTS_MAX",
    "Balance",
    "BuiltEpoch",
    "ClaimProof",
    "Direction",
    "Entry",
    "Header",
    "LaneHead",
    "ReadingLeaf",
    "Receipt",
    "ReceiptLeaf",
    "Seal",
    "Slot",
    "Totals",
    "build",
    "lane_of",
    "slots_hash",
]


class LaneHead(Frozen):
    """The last entry of an account in a lane: where it stands, and the account's total with it."""

    epoch: int
    index: int
    cumulative: int


Heads = Mapping[tuple[int, bytes], LaneHead]
_NO_HEAD = LaneHead(0, 0, 0)


class ClaimProof(Frozen):
    """What ``claim`` and ``claimBalance`` take: either path pays the same."""

    index: int
    entry: Entry
    proof: tuple[bytes, ...]
    balance: Balance
    balance_proof: tuple[bytes, ...]


class BuiltEpoch(Frozen):
    """A header with everything under it. ``heads`` holds only the lanes that this epoch moved."""

    header: Header
    receipts: tuple[ReceiptLeaf, ...]
    entries: tuple[Entry, ...]
    balances: tuple[Balance, ...]
    heads: dict[tuple[int, bytes], LaneHead]
    receipts_tree: PositionalTree
    entries_tree: PositionalTree
    balances_tree: StandardTree

    def claim_proof(self, account: bytes, asset: int) -> ClaimProof:
        """Return the proofs of an account's total; raises KeyError if it was not credited here."""
        head = self.heads[lane_of(asset, Direction.CREDIT), account]
        balance = Balance(account, asset, head.cumulative, head.index)
        return ClaimProof(
            head.index,
            self.entries[head.index],
            tuple(self.entries_tree.proof(head.index)),
            balance,
            tuple(self.balances_tree.proof(balance.hash())),
        )


def build(
    number: int,
    parent: bytes,
    receipts: Sequence[Receipt],
    heads: Heads,
    settled: Sequence[int],
    registry_version: int,
    bundle: bytes,
) -> BuiltEpoch:
    """Build epoch ``number`` on the seal ``parent`` (zero for the first).

    ``heads`` are the lanes' heads before it, ``settled`` each asset's spends before it. Raises
    LocalProtocolError, naming the receipt, for whatever a contract would refuse or a dispute undo.
    """
    if number < 1 or (number == 1) != (parent == ZERO):
        raise LocalProtocolError(f"epochs start at 1, and only epoch 1 has no parent: {number}")
    if len(settled) != ASSETS:
        raise LocalProtocolError(f"settled has {ASSETS} places, not {len(settled)}")
    leaves = receipt_leaves(receipts, registry_version)
    entries, moved = _entries(number, receipts, heads)
    sums = {entry.lane: entry.total for entry in entries}
    balances = tuple(
        Balance(account, lane // LANE_STEP, head.cumulative, head.index)
        for (lane, account), head in moved.items()
        if lane != REWARD_LANE and lane % LANE_STEP == Direction.CREDIT
    )
    receipts_tree = PositionalTree(tuple(leaf.hash() for leaf in leaves))
    entries_tree = PositionalTree(tuple(entry.hash() for entry in entries))
    balances_tree = StandardTree([balance.hash() for balance in balances])
    header = Header(
        number,
        parent,
        receipts_tree.root,
        receipts_tree.count,
        entries_tree.root,
        entries_tree.count,
        balances_tree.root,
        balances_tree.count,
        tuple(_totals(sums, asset, settled[asset]) for asset in range(ASSETS)),
        sums.get(REWARD_LANE, 0),
        leaves[-1].proven_mwh,
        leaves[-1].unproven_mwh,
        registry_version,
        bundle,
    )
    header.encode()  # refuses here what would not fit on chain
    return BuiltEpoch(
        header, leaves, entries, balances, moved, receipts_tree, entries_tree, balances_tree
    )


def _entries(
    number: int, receipts: Sequence[Receipt], heads: Heads
) -> tuple[tuple[Entry, ...], dict[tuple[int, bytes], LaneHead]]:
    entries: list[Entry] = []
    moved: dict[tuple[int, bytes], LaneHead] = {}
    rows = sorted(_rows(receipts))
    lane_now, total = -1, 0
    for index, (lane, account, receipt, slot, amount) in enumerate(rows):
        total = total + amount if lane == lane_now else amount
        lane_now = lane
        key = (lane, account)
        head = moved.get(key) or heads.get(key, _NO_HEAD)
        if key not in moved and (head.epoch >= number or (head.epoch == 0) != (head == _NO_HEAD)):
            raise LocalProtocolError(f"epoch {number} cannot follow the head {head} of {key}")
        cumulative = head.cumulative + amount
        if cumulative >> AMOUNT_BITS or total >> AMOUNT_BITS:
            raise LocalProtocolError(f"receipt {receipt}: a sum exceeds {AMOUNT_BITS} bits")
        entries.append(
            Entry(lane, account, receipt, slot, amount, total, cumulative, head.epoch, head.index)
        )
        moved[key] = LaneHead(number, index, cumulative)
    return tuple(entries), moved


def _rows(receipts: Sequence[Receipt]) -> Iterator[tuple[int, bytes, int, int, int]]:
    for index, receipt in enumerate(receipts):
        for place, slot in enumerate(receipt.slots):
            yield slot.lane, slot.account, index, place, slot.amount


def _totals(sums: Mapping[int, int], asset: int, settled_before: int) -> Totals:
    credits, burns, spends = (sums.get(lane_of(asset, way), 0) for way in Direction)
    return Totals(credits, burns, spends, settled_before + spends)
