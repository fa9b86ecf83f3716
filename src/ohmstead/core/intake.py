"""What a session brings to an epoch, and what an epoch refuses to take.

Whatever a contract would revert on or a dispute undo is refused here, with the receipt named.
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.leaves import (
    ADDRESS_LENGTH,
    ASSETS,
    LANES,
    Direction,
    ReceiptLeaf,
    Slot,
    lane_of,
    slots_hash,
)
from ohmstead.core.merkle import ZERO
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen

RECEIPTS_MAX = 1_000_000  # ten times the 100,000 sessions at which an epoch closes


class Receipt(Frozen):
    """What a session brings to an epoch; the energies are its own, in mWh.

    ``begin``, ``end`` and ``session`` are hashes and ``key`` as in :class:`ReceiptLeaf`.
    """

    begin: bytes
    end: bytes
    session: bytes
    slots: tuple[Slot, ...]
    key: bytes
    registry_version: int
    proven_mwh: int
    unproven_mwh: int


def receipt_leaves(receipts: Sequence[Receipt], version: int) -> tuple[ReceiptLeaf, ...]:
    """Return the leaves in order, with running energies; ``version`` is the epoch's registry's.

    Raises LocalProtocolError, naming the receipt.
    """
    if not 0 < len(receipts) <= RECEIPTS_MAX:
        raise LocalProtocolError(f"an epoch has 1 to {RECEIPTS_MAX} receipts, not {len(receipts)}")
    if len({receipt.session for receipt in receipts}) != len(receipts):
        raise LocalProtocolError("a session stands twice in this epoch")
    leaves, proven_mwh, unproven_mwh = [], 0, 0
    for index, receipt in enumerate(receipts):
        try:
            _check_receipt(receipt, version)
            proven_mwh += receipt.proven_mwh
            unproven_mwh += receipt.unproven_mwh
            leaf = ReceiptLeaf(
                receipt.begin,
                receipt.end,
                receipt.session,
                slots_hash(receipt.slots),
                receipt.key,
                receipt.registry_version,
                proven_mwh,
                unproven_mwh,
            )
            leaf.hash()
        except LocalProtocolError as error:
            raise LocalProtocolError(f"receipt {index}: {error}") from error
        leaves.append(leaf)
    return tuple(leaves)


def _check_receipt(receipt: Receipt, version: int) -> None:
    if receipt.registry_version > version:
        raise LocalProtocolError(
            f"it names registry version {receipt.registry_version}, the epoch {version}"
        )
    if receipt.proven_mwh < 0 or receipt.unproven_mwh < 0:
        raise LocalProtocolError("energy is never negative")
    if receipt.key == ZERO and receipt.proven_mwh:
        raise LocalProtocolError("energy without a meter key is not proven")
    sums: dict[int, int] = {}
    for slot in receipt.slots:
        if slot.lane not in LANES:
            raise LocalProtocolError(f"there is no lane {slot.lane}")
        if slot.amount < 1:
            raise LocalProtocolError(f"a slot moves at least one minor unit, not {slot.amount}")
        if slot.account == bytes(ADDRESS_LENGTH):
            raise LocalProtocolError("the zero address holds nothing")
        sums[slot.lane] = sums.get(slot.lane, 0) + slot.amount
    for asset in range(ASSETS):
        paid, burnt, spent = (sums.get(lane_of(asset, way), 0) for way in Direction)
        if paid + burnt > spent:  # invariant 12: "cash credits + burn <= cleared, per session"
            raise LocalProtocolError(f"credits {paid} and burns {burnt} exceed spends {spent}")
