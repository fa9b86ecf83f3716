"""The mirror's hand: reads newly final blocks and has flows.mirror book them, whole and in order.

A range is one commit with the cursor behind it, so whatever dies, a block is booked once. Before
anything else the block of the cursor must still be on the chain: if it is not, what was final has
changed, and nothing more is booked until a person has looked (:class:`BooksFrozen`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.core.network import POLICY_KEY, NetworkPolicy
from ohmstead.core.onchain import (
    Anchored,
    BlockRef,
    ChainCursor,
    ChainEvent,
    Claimed,
    EpochRecord,
    EpochState,
)
from ohmstead.errors import ChainUnavailable, OhmsteadError, OperatorError, ProtocolError
from ohmstead.flows.mirror import BookFinal, book_final
from ohmstead.flows.payout import FinaliseEpoch, finalise_epoch
from ohmstead.ports import Store

RANGE_MAX = 2_000  # blocks booked in one commit
ANCHORED_MAX = 10_000  # epochs whose window runs at the same time
UNTIL = (
    "nothing is booked, no epoch is closed and nobody is paid until the database fits the chain: "
    "restore a newer backup"
)


class BooksFrozen(OhmsteadError):
    """The chain contradicts what was booked as final; nothing is booked until it does not."""


class Booking:
    """Keeps the ledger's mirror at the newest final block of one chain."""

    def __init__(self, store: Store, chain: EvmChain) -> None:
        self._store = store
        self._chain = chain
        self._window_s = -1

    def cursor(self) -> ChainCursor | None:
        """Return the last final block that was booked, None before the first."""
        return self._store.get(ChainCursor, self._ledger())

    async def check(self) -> None:
        """Raise BooksFrozen when the booked block is no longer on the chain; ChainUnavailable."""
        cursor = self.cursor()
        if cursor is None:
            return
        here = await self._chain.block(cursor.block_number)
        if here is None:
            raise ChainUnavailable(
                f"the chain ends before block {cursor.block_number}, which is booked as final"
            )
        if here.hash != cursor.block_hash:
            raise BooksFrozen(
                f"block {cursor.block_number} was booked as final with hash {cursor.block_hash}, "
                f"and the chain now says {here.hash}: nothing is booked or sent; point chain.url "
                "at the right chain, or restore the chain or the database from a backup"
            )

    async def check_head(self, newest: int) -> None:
        """Raise BooksFrozen when an epoch after ``newest``, the last one known here, is on chain.

        It counts before its block is final: who waited for that would close another of its number.
        """
        head = await self._chain.epoch_head()
        if head > newest:
            known = f"epoch {newest} is the newest" if newest else "none is"
            raise BooksFrozen(f"epoch {head} stands on chain, and {known} known here; {UNTIL}")

    async def catch_up(self) -> int:
        """Book every newly final block and finalise epochs; returns how many events were booked.

        Raises ChainUnavailable (what is booked stays booked) and BooksFrozen.
        """
        await self.check()
        final = await self._chain.final_block()
        if final is None:
            return 0
        if self._window_s < 0:
            self._window_s = await self._chain.window_s()
        cursor = self.cursor()
        first = self._chain.deployment.first_block if cursor is None else cursor.block_number + 1
        booked = 0
        while first <= final.number:
            last = min(first + RANGE_MAX - 1, final.number)
            upto = final if last == final.number else await self._block(last)
            events = await self._chain.events(first, last)
            await self._still_there(upto, events)
            booked += await self._book(events, upto)
            first = last + 1
        cursor = self.cursor()
        if cursor is not None and cursor.block_number == final.number:
            await self._finalise(final)
        return booked

    async def _book(self, events: Sequence[ChainEvent], upto: BlockRef) -> int:
        """Book a range, cut before each block in which somebody was paid by an epoch that the
        ledger has yet to finalise: its money must be claimable before it is claimed."""
        start, booked = 0, 0
        waits = bool(self._anchored())
        for index, event in enumerate(events):
            waits = waits or isinstance(event, Anchored)
            if not (waits and isinstance(event, Claimed)):
                continue
            number = event.at.block_number
            cut = next(i for i, other in enumerate(events) if other.at.block_number == number)
            if cut < start:
                continue
            booked += await self._commit(events[start:cut], await self._block(number - 1))
            await self._finalise(await self._block(number))
            start, waits = cut, bool(self._anchored())
            waits = waits or any(isinstance(other, Anchored) for other in events[start:index])
        return booked + await self._commit(events[start:], upto)

    async def _commit(self, events: Sequence[ChainEvent], upto: BlockRef) -> int:
        cursor = self.cursor()
        if cursor is not None and upto.number <= cursor.block_number:
            return 0
        try:
            return await self._store.run(book_final, BookFinal(cursor, upto, tuple(events)))
        except ProtocolError as wrong:
            raise BooksFrozen(
                f"what the chain did up to block {upto.number} does not fit the ledger: {wrong}; "
                f"{UNTIL}"
            ) from wrong

    async def _finalise(self, at: BlockRef) -> None:
        """Finalise the epochs whose window had passed in this final block."""
        for epoch in self._anchored():
            if at.time_s >= epoch.proposed_at_s + self._window_s:
                command = FinaliseEpoch(epoch.number, at.time_s, self._window_s)
                await self._store.run(finalise_epoch, command)

    def _anchored(self) -> list[EpochRecord]:
        return self._store.find(EpochRecord, ANCHORED_MAX, state=EpochState.ANCHORED.value)

    async def _still_there(self, upto: BlockRef, events: Sequence[ChainEvent]) -> None:
        """Logs and headers come in separate answers: they must be of the same chain."""
        here = await self._chain.block(upto.number)
        last = {event.at.block_hash for event in events if event.at.block_number == upto.number}
        if here is None or here.hash != upto.hash or last - {upto.hash}:
            raise ChainUnavailable(f"block {upto.number} changed while it was read")

    async def _block(self, number: int) -> BlockRef:
        block = await self._chain.block(number)
        if block is None:
            raise ChainUnavailable(f"block {number} is final and not there")
        return block

    def _ledger(self) -> str:
        policy = self._store.get(NetworkPolicy, POLICY_KEY)
        if policy is None:
            raise OperatorError("this network has no policy yet; run `ohmstead init`")
        return policy.ledger
