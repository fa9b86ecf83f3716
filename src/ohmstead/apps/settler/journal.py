"""What the sender remembers, kept in the store beside the money it is about."""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.adapters.chain.evm.journal import OPEN, TxRecord
from ohmstead.adapters.store.tables import Table
from ohmstead.ports import Decision, State, Store

OPEN_MAX = 10_000  # of one key; a node keeps far fewer waiting

SETTLER_TABLES: tuple[Table, ...] = (Table(TxRecord, "transactions_sent", ("sender", "state")),)
"""To be opened together with ``adapters.store.schema.TABLES``."""


class StoreTxJournal:
    """Implements ``adapters.chain.evm.journal.TxJournal`` over any store with SETTLER_TABLES."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, intent: str) -> TxRecord | None:
        """Return the record of an intent."""
        return self._store.get(TxRecord, intent)

    async def put(self, record: TxRecord) -> None:
        """Keep the record; durable on return. Raises StoreUnavailable."""
        await self._store.run(_put, record)

    async def open(self, sender: str) -> Sequence[TxRecord]:
        """Return the pending and included records of one address."""
        return [
            record
            for state in sorted(OPEN, key=lambda one: one.value)
            for record in self._store.find(TxRecord, OPEN_MAX, sender=sender, state=state.value)
        ]


def _put(_state: State, record: TxRecord, _now_ms: int) -> Decision[None]:
    return Decision(None, (record,))
