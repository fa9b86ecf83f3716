"""Transactions of one key that survive everything.

An intent becomes a signed transaction that is durable in the journal *before* it is broadcast; from
then on the same bytes can only be sent again, never signed anew under another nonce. So whatever
dies, and at whatever step, an intent lands at most once: :meth:`Sender.tick` looks at what is open
and sends again what a node dropped, pays more for what is stuck, takes a transaction back to
pending when a reorganisation (or a restarted chain) lost its block, fills a gap that another
transaction of this key left, and notices when its nonce was used by somebody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ohmstead.adapters.chain.evm.contracts import revert_of
from ohmstead.adapters.chain.evm.finality import Finality
from ohmstead.adapters.chain.evm.journal import Attempt, TxJournal, TxRecord, TxState
from ohmstead.adapters.chain.evm.keys import TxSigner, Unsigned
from ohmstead.adapters.chain.evm.rpc import FeeHint, Rpc, RpcRefused
from ohmstead.adapters.chain.evm.shapes import Block, CallRequest, TxReceipt
from ohmstead.errors import ChainUnavailable, LocalProtocolError
from ohmstead.frozen import Frozen, replace

GAS_OF_TRANSFER = 21_000
GAS_MAX = 16_777_216  # EIP-7825: the most that one transaction may ask for
GWEI = 1_000_000_000
_DONE = "already known", "already imported"
_SPENT = "nonce too low"


class SendPolicy(Frozen):
    """How much is paid and how long is waited; blocks, because a chain that stands is not dear."""

    max_fee_cap_wei: int = 500 * GWEI
    min_tip_wei: int = 1
    stuck_blocks: int = 4
    poll_s: float = 0.2


class Sender:
    """Sends the transactions of one key; one sender per key and chain, in one process.

    ``on_note`` hears in a sentence what an operator may want to know.
    """

    def __init__(
        self,
        rpc: Rpc,
        signer: TxSigner,
        journal: TxJournal,
        finality: Finality,
        policy: SendPolicy | None = None,
        on_note: Callable[[str], None] = lambda note: None,
    ) -> None:
        self.address = signer.address
        self._rpc = rpc
        self._signer = signer
        self._journal = journal
        self._finality = finality
        self._policy = policy or SendPolicy()
        self._note = on_note
        self._lock = asyncio.Lock()
        self._nonce_floor = 0
        self._waiting_since: dict[str, int] = {}
        self._used_since: dict[str, Block] = {}
        self._gap_since: tuple[int, int] | None = None
        self._trouble = ""

    async def submit(
        self, intent: str, to: str, data: bytes, *, value_wei: int = 0, gas: int = 0
    ) -> TxRecord:
        """Carry out ``intent`` once, however often it is submitted; returns where it stands.

        ``gas`` 0 estimates it. Raises LocalProtocolError when the intent was signed with other
        content, CallReverted when the contract would refuse it now (nothing is signed then), and
        ChainUnavailable when nothing was signed because the chain cannot be asked.
        """
        async with self._lock:
            known = await self._journal.get(intent)
            if known is not None:
                if not known.asks_the_same(to, data, value_wei):
                    raise LocalProtocolError(f"{intent} was already signed with other content")
                # A replaced one can never land: its nonce is used in a final block.
                if known.state is not TxState.REPLACED:
                    return known
            request = CallRequest(self.address, to, data, value_wei)
            limit = gas or await self._estimate(request)
            nonce = await self._free_nonce()
            record = TxRecord(intent, self.address, nonce, to, data, value_wei, limit, ())
            fees = self._fees(await self._rpc.fee_hint())
            return await self._sign_and_send(record, *fees)

    async def status(self, intent: str) -> TxRecord | None:
        """Return what the journal knows, without asking the chain."""
        return await self._journal.get(intent)

    async def tick(self) -> list[TxRecord]:
        """Look after everything that is open, once; returns the records that changed state.

        Raises ChainUnavailable; what was done until then is in the journal.
        """
        async with self._lock:
            records = sorted(await self._journal.open(self.address), key=lambda r: r.nonce)
            if not records:
                return []
            # In this order: the head is then at or after the block that used the nonce, and a
            # block that was final before the receipt was read is final when it is judged.
            used = await self._rpc.nonce(self.address)
            head = await self._rpc.head()
            final = await self._finality.final_block(self._rpc)
            changed = []
            for record in records:
                now = await self._advance(record, used, head, final)
                if now.state is not record.state:
                    changed.append(now)
            await self._fill_gap(records, used, head)
            return changed

    async def wait(self, intent: str, *, final: bool = False, timeout_s: float = 60.0) -> TxRecord:
        """Tick until the intent is in a block (``final``: for good); raises ChainUnavailable."""
        wanted = {TxState.FINAL, TxState.REVERTED, TxState.REPLACED}
        if not final:
            wanted.add(TxState.INCLUDED)
        trouble, deadline_s = "", time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            try:
                await self.tick()
            except ChainUnavailable as why:
                trouble = str(why)
            record = await self._journal.get(intent)
            if record is None:
                raise LocalProtocolError(f"{intent} was never submitted")
            if record.state in wanted:
                return record
            await asyncio.sleep(self._policy.poll_s)
        raise ChainUnavailable(f"{intent} is still under way after {timeout_s} s. {trouble}")

    # -- one record -----------------------------------------------------------------------------

    async def _advance(self, record: TxRecord, used: int, head: Block, final: int) -> TxRecord:
        receipt = await self._receipt(record)
        if receipt is not None:
            return await self._included(record, receipt, final)
        if record.state is TxState.INCLUDED:
            self._note(f"{record.intent}: block {record.block_number} is gone, sending again")
            record = record.moved(TxState.PENDING)
            await self._journal.put(record)
        if used > record.nonce:
            return await self._used_by_another(record, head, final)
        self._used_since.pop(record.intent, None)
        await self._send_again(record, used, head)
        return record

    async def _receipt(self, record: TxRecord) -> TxReceipt | None:
        for attempt in reversed(record.attempts):
            if receipt := await self._rpc.receipt(attempt.hash):
                return receipt
        return None

    async def _included(self, record: TxRecord, receipt: TxReceipt, final: int) -> TxRecord:
        before = record
        if (record.tx_hash, record.block_hash) != (receipt.tx_hash, receipt.block_hash):
            record = replace(
                record.moved(TxState.INCLUDED),
                tx_hash=receipt.tx_hash,
                block_number=receipt.block_number,
                block_hash=receipt.block_hash,
                succeeded=receipt.succeeded,
                gas_used=receipt.gas_used,
                gas_price_wei=receipt.gas_price_wei,
                created=receipt.created,
            )
        if record.block_number <= final:
            record = record.moved(TxState.FINAL if record.succeeded else TxState.REVERTED)
            self._forget(record)
        if record != before:
            await self._journal.put(record)
        return record

    async def _used_by_another(self, record: TxRecord, head: Block, final: int) -> TxRecord:
        """Its nonce is used and none of our signatures is there: for good, once that is final."""
        since = self._used_since.get(record.intent)
        if since is not None:
            then = await self._rpc.block(since.number)
            if then is None or then.hash != since.hash:
                since = None
        if since is None:
            self._used_since[record.intent] = head
            return record
        if since.number > final:
            return record
        self._note(f"{record.intent}: nonce {record.nonce} was used by another transaction")
        record = record.moved(TxState.REPLACED)
        await self._journal.put(record)
        self._forget(record)
        return record

    async def _send_again(self, record: TxRecord, used: int, head: Block) -> None:
        """Send what the node does not know; pay more for what waits though it is its turn."""
        newest = record.attempts[-1]
        if await self._rpc.transaction(newest.hash) is None:
            await self._broadcast(record)
        since = self._waiting_since.get(record.intent, head.number)
        if record.nonce != used or since > head.number:
            since = head.number
        self._waiting_since[record.intent] = since
        if head.number - since >= self._policy.stuck_blocks:
            self._waiting_since[record.intent] = head.number
            await self._bump(record)

    async def _bump(self, record: TxRecord) -> None:
        newest = record.attempts[-1]
        max_fee, tip = self._fees(await self._rpc.fee_hint())
        # Nodes take a replacement for 10 % more; an eighth leaves room for rounding.
        max_fee = max(max_fee, newest.max_fee_wei + newest.max_fee_wei // 8 + 1)
        tip = max(tip, newest.tip_wei + newest.tip_wei // 8 + 1)
        if max_fee > self._policy.max_fee_cap_wei:
            self._note(f"{record.intent} is stuck and may not cost more: raise the fee cap")
            return
        self._note(f"{record.intent} is stuck, paying up to {max_fee} wei per gas")
        await self._sign_and_send(record, max_fee, min(tip, max_fee))

    def _forget(self, record: TxRecord) -> None:
        self._nonce_floor = max(self._nonce_floor, record.nonce + 1)
        self._waiting_since.pop(record.intent, None)
        self._used_since.pop(record.intent, None)

    # -- nonces, fees, signing ------------------------------------------------------------------

    async def _free_nonce(self) -> int:
        """The first nonce that neither the chain nor an open record uses."""
        taken = {record.nonce for record in await self._journal.open(self.address)}
        nonce = max(await self._rpc.nonce(self.address), self._nonce_floor)
        while nonce in taken:
            nonce += 1
        return nonce

    async def _fill_gap(self, records: list[TxRecord], used: int, head: Block) -> None:
        """Use up a nonce that nobody's transaction has, when ours wait behind it.

        It arises when another program's transaction of this key is lost in a reorganisation.
        """
        waiting = [record.nonce for record in records if record.nonce >= used]
        if not waiting or min(waiting) == used:
            self._gap_since = None
            return
        if self._gap_since is None or self._gap_since[0] != used:
            self._gap_since = (used, head.number)
        if head.number - self._gap_since[1] < self._policy.stuck_blocks:
            return
        self._note(f"nonce {used} is a gap, filling it with an empty transfer")
        record = TxRecord(
            f"gap/{self.address}/{used}/{head.hash}",
            self.address,
            used,
            self.address,
            b"",
            0,
            GAS_OF_TRANSFER,
            (),
        )
        await self._sign_and_send(record, *self._fees(await self._rpc.fee_hint()))

    async def _estimate(self, request: CallRequest) -> int:
        try:
            needed = await self._rpc.estimate_gas(request)
        except RpcRefused as refused:
            if reverted := revert_of(refused):
                raise reverted from refused
            raise
        return min(needed + needed // 4, GAS_MAX)

    def _fees(self, hint: FeeHint) -> tuple[int, int]:
        """Return (max fee, tip): twice the base fee outlasts six full blocks (EIP-1559: 1/8)."""
        tip = max(hint.tip_wei, self._policy.min_tip_wei)
        max_fee = min(2 * hint.base_wei + tip, self._policy.max_fee_cap_wei)
        return max_fee, min(tip, max_fee)

    async def _sign_and_send(self, record: TxRecord, max_fee_wei: int, tip_wei: int) -> TxRecord:
        record = record.with_attempt(self._sign(record, max_fee_wei, tip_wei))
        await self._journal.put(record)  # durable before any node sees it
        await self._broadcast(record)
        return record

    def _sign(self, record: TxRecord, max_fee_wei: int, tip_wei: int) -> Attempt:
        return self._signer.sign(
            Unsigned(
                self._rpc.chain_id,
                record.nonce,
                record.to,
                record.data,
                record.value_wei,
                record.gas,
                max_fee_wei,
                tip_wei,
            )
        )

    async def _broadcast(self, record: TxRecord) -> None:
        """Hand over the newest attempt; a failure is only noted, because a tick sends again."""
        try:
            await self._rpc.send_raw(record.attempts[-1].raw)
        except RpcRefused as refused:
            said = refused.message.lower()
            if any(text in said for text in (*_DONE, _SPENT)):
                return
            trouble = f"{record.intent}: the node refuses it: {refused.message}"
        except ChainUnavailable as why:
            trouble = f"{record.intent}: not sent yet: {why}"
        else:
            return
        if trouble != self._trouble:  # a tick sends again; saying it once is enough
            self._trouble = trouble
            self._note(trouble)
