"""What a ledger tells us: contract events of final blocks, and what we keep of them."""

from __future__ import annotations

import enum

from ohmstead.frozen import Frozen


class BlockRef(Frozen):
    """One block: its height, its hash (0x hex) and its own time in whole seconds."""

    number: int
    hash: str
    time_s: int


class EventId(Frozen):
    """Where an event stands: the transaction's hash and the log's index name it for ever."""

    block_number: int
    tx: str
    log_index: int
    block_hash: str = ""

    def __str__(self) -> str:
        return f"{self.tx}/{self.log_index}"


class Deposited(Frozen):
    """An account holder's money entered the escrow contract."""

    at: EventId
    account: str
    asset: int
    amount: int


class Withdrawn(Frozen):
    """An account holder's money left it."""

    at: EventId
    account: str
    asset: int
    amount: int


class Locked(Frozen):
    """A walk-up wallet locked the most one session may cost."""

    at: EventId
    lock_id: str
    wallet: str
    asset: int
    amount: int
    expiry_s: int


class Released(Frozen):
    """A lock ended with ``cost`` kept for settlement and ``remainder`` back at the wallet."""

    at: EventId
    lock_id: str
    cost: int
    remainder: int


class Returned(Frozen):
    """A lock ended with everything back at the wallet: refunded by us or reclaimed after expiry."""

    at: EventId
    lock_id: str
    amount: int
    reclaimed: bool


class Anchored(Frozen):
    """An epoch's seal stands on chain; hashes are 0x hex."""

    at: EventId
    number: int
    header_hash: str
    seal_hash: str
    proposed_at_s: int


class Claimed(Frozen):
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


class Lock(Frozen):
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


class ChainCursor(Frozen):
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


class EpochRecord(Frozen):
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


class EpochLeaf(Frozen):
    """One receipt's place in an epoch, and the document its leaf commits to."""

    epoch: int
    index: int
    session_id: str
    document: bytes  # canonical JSON of the session document the leaf commits to

    @property
    def key(self) -> str:
        return f"{epoch_key(self.epoch)}/{self.index:06d}"


class EpochLane(Frozen):
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


class AccountHead(Frozen):
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
