"""What a sender must remember: the record of one intent, its states, and where it is kept.

PENDING    signed and durable, on its way        -> INCLUDED, REPLACED
INCLUDED   in a block that may still go away     -> FINAL, REVERTED, PENDING, INCLUDED elsewhere
FINAL      in a final block, and it succeeded    the end
REVERTED   in a final block, and it failed       the end; nothing but the gas was spent
REPLACED   its nonce was used by a transaction   the end; it can never land, so the same intent
           that is not ours, in a final block    may be submitted again
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen, replace


class TxState(enum.Enum):
    """Where a transaction is."""

    PENDING = "pending"
    INCLUDED = "included"
    FINAL = "final"
    REVERTED = "reverted"
    REPLACED = "replaced"


OPEN = frozenset({TxState.PENDING, TxState.INCLUDED})

_NEXT = {
    TxState.PENDING: {TxState.INCLUDED, TxState.REPLACED},
    TxState.INCLUDED: {TxState.INCLUDED, TxState.PENDING, TxState.FINAL, TxState.REVERTED},
    TxState.FINAL: set[TxState](),
    TxState.REVERTED: set[TxState](),
    TxState.REPLACED: set[TxState](),
}


class Attempt(Frozen):
    """One signature for the record's nonce; a later attempt pays higher fees, nothing else."""

    hash: str
    raw: bytes
    max_fee_wei: int
    tip_wei: int


class TxRecord(Frozen):
    """One intent of one key: what was asked for, every signature made, and what became of it.

    ``intent`` is the idempotency key of the remote effect. ``block_number`` is -1 and
    ``block_hash`` empty while no attempt is in a block; ``tx_hash`` is the attempt that is in one,
    else the newest.
    """

    intent: str
    sender: str
    nonce: int
    to: str
    data: bytes
    value_wei: int
    gas: int
    attempts: tuple[Attempt, ...]
    state: TxState = TxState.PENDING
    tx_hash: str = ""
    block_number: int = -1
    block_hash: str = ""
    succeeded: bool = False
    gas_used: int = 0
    gas_price_wei: int = 0
    created: str = ""

    @property
    def key(self) -> str:
        """Unique among records."""
        return self.intent

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.state in OPEN

    def asks_the_same(self, to: str, data: bytes, value_wei: int) -> bool:
        """Whether this is the same request; gas and fees are not part of it."""
        return (self.to, self.data, self.value_wei) == (to, data, value_wei)

    def moved(self, state: TxState) -> TxRecord:
        """Return the record in another state; raises LocalProtocolError off the table."""
        if state not in _NEXT[self.state]:
            raise LocalProtocolError(f"{self.intent} cannot go from {self.state} to {state}")
        if state is TxState.PENDING:
            newest = self.attempts[-1].hash
            lost = replace(self, state=state, tx_hash=newest, block_number=-1, block_hash="")
            return replace(lost, succeeded=False, gas_used=0, gas_price_wei=0, created="")
        return replace(self, state=state)

    def with_attempt(self, attempt: Attempt) -> TxRecord:
        """Return the record with one more signature, which is the newest."""
        return replace(self, attempts=(*self.attempts, attempt), tx_hash=attempt.hash)


class TxJournal(Protocol):
    """Keeps records. ``put`` returns when the record is durable; raises StoreUnavailable."""

    async def get(self, intent: str) -> TxRecord | None:
        """Return the record of an intent."""

    async def put(self, record: TxRecord) -> None:
        """Keep the record in place of the one of the same intent."""

    async def open(self, sender: str) -> Sequence[TxRecord]:
        """Return the pending and included records of one address."""


class MemoryTxJournal:
    """A journal that forgets with the process: for tests."""

    def __init__(self) -> None:
        self.records: dict[str, TxRecord] = {}

    async def get(self, intent: str) -> TxRecord | None:
        """Return the record of an intent."""
        return self.records.get(intent)

    async def put(self, record: TxRecord) -> None:
        """Keep the record."""
        self.records[record.intent] = record

    async def open(self, sender: str) -> Sequence[TxRecord]:
        """Return the open records of one address."""
        return [r for r in self.records.values() if r.sender == sender and r.is_open]
