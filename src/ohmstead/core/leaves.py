"""What stands in the trees of an epoch, each with the bytes that contracts hash.

The encodings are those of ``contracts/src/libraries``: packed big-endian fields and one keccak-256
for a leaf of a positional tree, two over ``abi.encode`` for a leaf of the balances tree. Energy is
whole mWh (milliwatt-hours), amounts are minor units of the asset of their lane, addresses are 20
bytes and hashes 32. Every ``hash`` raises LocalProtocolError for a field that does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from ohmstead.core.merkle import standard_leaf
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen
from ohmstead.hashing import HASH_LENGTH, keccak

ASSETS = 2  # places for assets on chain: 0 the stablecoin, 1 reserved
SLOTS_MAX = 8  # "Slots need a hard maximum, else a list too long to show cannot be disputed"
ADDRESS_LENGTH = 20
LANE_STEP = 4
REWARD_LANE = 0xFFFF


class Direction(IntEnum):
    """What a lane of an asset adds up: paid to accounts, destroyed, taken from drivers."""

    CREDIT = 0
    BURN = 1
    SPEND = 2


def lane_of(asset: int, direction: Direction) -> int:
    """Return the lane of an asset's place and a direction: ``asset * 4 + direction``."""
    if not 0 <= asset < ASSETS:
        raise LocalProtocolError(f"there are {ASSETS} asset places, and no place {asset}")
    return asset * LANE_STEP + direction


LANES = frozenset(
    {REWARD_LANE, *(lane_of(asset, way) for asset in range(ASSETS) for way in Direction)}
)


def uint(value: int, bits: int, name: str) -> bytes:
    """Return ``value`` as ``bits // 8`` big-endian bytes; raises LocalProtocolError."""
    if not 0 <= value < 1 << bits:
        raise LocalProtocolError(f"{name} is a uint{bits}, which {value} is not")
    return value.to_bytes(bits >> 3, "big")


def exactly(value: bytes, length: int, name: str) -> bytes:
    """Return ``value`` if it has this many bytes; raises LocalProtocolError."""
    if len(value) != length:
        raise LocalProtocolError(f"{name} has {length} bytes, not {len(value)}")
    return value


def letter(value: str, name: str) -> bytes:
    """Return one ASCII character as a bytes1, nothing as a zero; raises LocalProtocolError."""
    if len(value) > 1 or not value.isascii():
        raise LocalProtocolError(f"{name} is one ASCII character, not {value!r}")
    return value.encode() or b"\0"


class ReadingLeaf(Frozen):
    """One register value of a signed record: what a contract can hold against the record.

    ``payload`` is the SHA-256 of the signed bytes, ``s`` is low, ``entry`` the number of the value
    in ``RD``, ``time_s`` seconds since 1970, ``kind`` / ``status`` / ``context`` the letters of
    ``TX`` / ``ST`` / ``PG``, ``register`` the first half of keccak-256 of ``RI``.
    """

    payload: bytes
    r: bytes
    s: bytes
    entry: int
    energy_mwh: int
    time_s: int
    kind: str
    status: str
    context: str
    page: int
    register: bytes

    def hash(self) -> bytes:
        """Return the 32 bytes that ``ReceiptLeaf.begin`` or ``end`` holds."""
        return keccak(
            exactly(self.payload, HASH_LENGTH, "payload")
            + exactly(self.r, HASH_LENGTH, "r")
            + exactly(self.s, HASH_LENGTH, "s")
            + uint(self.entry, 8, "entry")
            + uint(self.energy_mwh, 64, "energy_mwh")
            + uint(self.time_s, 40, "time_s")
            + letter(self.kind, "kind")
            + letter(self.status, "status")
            + letter(self.context, "context")
            + uint(self.page, 32, "page")
            + exactly(self.register, 16, "register")
        )


class Slot(Frozen):
    """One movement that a session asks for; ``amount`` in minor units of the lane's asset."""

    lane: int
    account: bytes
    amount: int

    def pack(self) -> bytes:
        """Return the 38 bytes of this slot."""
        return (
            uint(self.lane, 16, "lane")
            + exactly(self.account, ADDRESS_LENGTH, "account")
            + uint(self.amount, 128, "amount")
        )


def slots_hash(slots: Sequence[Slot]) -> bytes:
    """Return the hash of a receipt's slots in their order; raises LocalProtocolError above 8."""
    if len(slots) > SLOTS_MAX:
        raise LocalProtocolError(f"a receipt has at most {SLOTS_MAX} slots, not {len(slots)}")
    return keccak(b"".join(slot.pack() for slot in slots))


class ReceiptLeaf(Frozen):
    """A leaf of the receipts tree. The two energies are running totals of the epoch, this included.

    ``begin``, ``end``, ``session`` and ``slots`` are hashes, ``key`` is keccak-256 of the curve
    and the public key, or zero for a session without signed readings.
    """

    begin: bytes
    end: bytes
    session: bytes
    slots: bytes
    key: bytes
    registry_version: int
    proven_mwh: int
    unproven_mwh: int

    def hash(self) -> bytes:
        """Return the 32-byte leaf."""
        return keccak(
            exactly(self.begin, HASH_LENGTH, "begin")
            + exactly(self.end, HASH_LENGTH, "end")
            + exactly(self.session, HASH_LENGTH, "session")
            + exactly(self.slots, HASH_LENGTH, "slots")
            + exactly(self.key, HASH_LENGTH, "key")
            + uint(self.registry_version, 32, "registry_version")
            + uint(self.proven_mwh, 64, "proven_mwh")
            + uint(self.unproven_mwh, 64, "unproven_mwh")
        )


class Entry(Frozen):
    """A leaf of the entries tree: one slot of one receipt, with the sums that make it decidable.

    ``total`` is the lane's running sum in this epoch and ``cumulative`` the account's in this lane
    for all time, both with this entry; (``prev_epoch``, ``prev_index``) is the account's entry
    before in this lane, (0, 0) for none.
    """

    lane: int
    account: bytes
    receipt: int
    slot: int
    amount: int
    total: int
    cumulative: int
    prev_epoch: int
    prev_index: int

    def pack(self) -> bytes:
        """Return the 87 bytes of this entry: one block of keccak-256."""
        return (
            uint(self.lane, 16, "lane")
            + exactly(self.account, ADDRESS_LENGTH, "account")
            + uint(self.receipt, 32, "receipt")
            + uint(self.slot, 8, "slot")
            + uint(self.amount, 128, "amount")
            + uint(self.total, 128, "the lane's sum")
            + uint(self.cumulative, 128, "the account's cumulative value")
            + uint(self.prev_epoch, 64, "prev_epoch")
            + uint(self.prev_index, 32, "prev_index")
        )

    def hash(self) -> bytes:
        """Return the 32-byte leaf."""
        return keccak(self.pack())


class Balance(Frozen):
    """A leaf of the balances tree: all an account was ever credited, and its last entry."""

    account: bytes
    asset: int
    cumulative: int
    last_entry_index: int

    def hash(self) -> bytes:
        """Return the leaf of an OpenZeppelin StandardMerkleTree (address, uint256 x 3)."""
        return standard_leaf(
            bytes(12)
            + exactly(self.account, ADDRESS_LENGTH, "account")
            + uint(self.asset, 256, "asset")
            + uint(self.cumulative, 256, "cumulative")
            + uint(self.last_entry_index, 256, "last_entry_index")
        )
