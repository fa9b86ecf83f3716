"""What a ledger tells us: contract events of final blocks, and what we keep of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block: its height, its hash (0x hex) and its own time in whole seconds."""

    number: int
    hash: str
    time_s: int


@dataclass(frozen=True, slots=True)
class EventId:
    """Where an event stands: the transaction's hash and the log's index name it for ever."""

    block_number: int
    tx: str
    log_index: int
    block_hash: str = ""

    def __str__(self) -> str:
        return f"{self.tx}/{self.log_index}"


@dataclass(frozen=True, slots=True)
class Deposited:
    """An account holder's money entered the escrow contract."""

    at: EventId
    account: str
    asset: int
    amount: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An account holder's money left it."""

    at: EventId
    account: str
    asset: int
    amount: int


@dataclass(frozen=True, slots=True)
class Locked:
    """A walk-up wallet locked the most one session may cost."""

    at: EventId
    lock_id: str
    wallet: str
    asset: int
    amount: int
    expiry_s: int


@dataclass(frozen=True, slots=True)
class Released:
    """A lock ended with ``cost`` kept for settlement and ``remainder`` back at the wallet."""

    at: EventId
    lock_id: str
    cost: int
    remainder: int


@dataclass(frozen=True, slots=True)
class Returned:
    """A lock ended with everything back at the wallet: refunded by us or reclaimed after expiry."""

    at: EventId
    lock_id: str
    amount: int
    reclaimed: bool


@dataclass(frozen=True, slots=True)
class Anchored:
    """An epoch's seal stands on chain; hashes are 0x hex."""

    at: EventId
    number: int
    header_hash: str
    seal_hash: str
    proposed_at_s: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A payee was paid what final epochs prove."""

    at: EventId
    account: str
    asset: int
    amount: int


ChainEvent = Deposited | Withdrawn | Locked | Released | Returned | Anchored | Claimed


class LockState(enum.Enum):
    """A lock ends exactly once."""

    OPEN = "open"
    RELEASED = "released"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Lock:
    """A walk-up wallet's lock as last seen in a final block."""

    id: str
    wallet: str
    amount_minor: int
    expires_ms: int
    state: LockState = LockState.OPEN
    session_id: str = ""

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class ChainCursor:
    """How far the mirror has booked a ledger: the last final block, whole."""

    ledger: str
    block_number: int
    block_hash: str
    time_s: int = 0  # the block's own time, by which locks expire

    @property
    def key(self) -> str:
        return self.ledger


class EpochState(enum.Enum):
    """An epoch on its way to finality."""

    CLOSED = "closed"  # its content is fixed; not yet seen on chain in a final block
    ANCHORED = "anchored"  # seen in a final block; its window runs
    FINAL = "final"  # claims against it pay


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch as closed; its receipts are :class:`EpochLeaf`, its sums :class:`EpochLane`."""

    number: int
    state: EpochState
    header: str  # abi encoding, 0x hex
    header_hash: str
    receipt_count: int
    total_minor: int  # what the payers of its sessions spent
    proven_mwh: int
    unproven_mwh: int
    closed_ms: int
    registry_version: int
    settled_before_minor: int  # spends of all epochs before this one
    bundle: str
    proposed_at_s: int = 0
    seal_hash: str = ""
    tx: str = ""
    block_number: int = 0
    block_hash: str = ""

    @property
    def key(self) -> str:
        return epoch_key(self.number)


@dataclass(frozen=True, slots=True)
class EpochLeaf:
    """One receipt's place in an epoch, and the document its leaf commits to."""

    epoch: int
    index: int
    session_id: str
    document: bytes  # canonical JSON of the session document the leaf commits to

    @property
    def key(self) -> str:
        return f"{epoch_key(self.epoch)}/{self.index:06d}"


@dataclass(frozen=True, slots=True)
class EpochLane:
    """What one account did in one lane of one epoch, and where its previous entry stands."""

    epoch: int
    lane: int
    account: str
    amount_minor: int
    cumulative_minor: int
    last_index: int
    prev_epoch: int
    prev_index: int
    prev_cumulative_minor: int

    @property
    def key(self) -> str:
        return f"{epoch_key(self.epoch)}/{self.lane:05d}/{self.account}"


@dataclass(frozen=True, slots=True)
class AccountHead:
    """An account's newest entry in a lane over all epochs closed so far."""

    lane: int
    account: str
    epoch: int
    index: int
    cumulative_minor: int

    @property
    def key(self) -> str:
        return f"{self.lane:05d}/{self.account}"


def epoch_key(number: int) -> str:
    """Keys sort as text, so numbers are padded."""
    return f"{number:012d}"
