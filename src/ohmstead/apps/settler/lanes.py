"""Carries out what flows left in the outbox for the chain: locks end, epochs are anchored.

A job is done when the mirror has booked its effect from a final block, however it came about: by
our transaction, by one of ours that a crash made us forget, or by the wallet itself. Until then its
intent is sent once; only one that failed for good in a final block is followed by another.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.adapters.chain.evm.contracts import CallReverted
from ohmstead.adapters.chain.evm.journal import TxState
from ohmstead.core.header import Header
from ohmstead.core.ledger import Transfer
from ohmstead.core.network import POLICY_KEY, NetworkPolicy
from ohmstead.core.onchain import EpochRecord, EpochState, Lock, LockState, epoch_key
from ohmstead.errors import LocalProtocolError, OhmsteadError
from ohmstead.flows.payout import ANCHOR
from ohmstead.ports import Clock, Job, Store

JOBS_MAX = 1_000  # looked at in one step
INTENTS_MAX = 20  # of one job, each reverted in a final block: then a person has to look
PAUSE_MAX_S = 60.0
RELEASE, REFUND = "release_lock", "refund_lock"


class Contradiction(OhmsteadError):
    """The chain holds something else than this job wants, and always will."""


class Lanes:
    """The settler's part of the outbox; jobs of other kinds are left to others.

    ``alarms`` maps a job's id to a sentence for the operator, as long as it is true.
    """

    def __init__(self, store: Store, clock: Clock, chain: EvmChain) -> None:
        self.alarms: dict[str, str] = {}
        self._store = store
        self._clock = clock
        self._chain = chain
        self._pauses: dict[str, tuple[float, float]] = {}  # job -> until (monotonic), length
        self._handlers: dict[str, Callable[[Job], Awaitable[bool]]] = {
            RELEASE: self._end_lock,
            REFUND: self._end_lock,
            ANCHOR: self._anchor,
        }

    async def run(self) -> tuple[str, ...]:
        """Look at every due job once; returns the ids of those that are done."""
        done = []
        for job in self._store.due_jobs(self._clock.now_ms(), JOBS_MAX):
            handler = self._handlers.get(job.kind)
            if handler is None or self._pauses.get(job.id, (0.0, 0.0))[0] > time.monotonic():
                continue
            try:
                if await handler(job):
                    await self._store.finish_job(job.id)
                    done.append(job.id)
            except (CallReverted, Contradiction, LocalProtocolError) as refused:
                self._pause(job, refused)
            else:
                self.alarms.pop(job.id, None)
                self._pauses.pop(job.id, None)
        return tuple(done)

    def _pause(self, job: Job, why: Exception) -> None:
        self.alarms[job.id] = f"{job.id}: {why}"
        length_s = min(2 * self._pauses.get(job.id, (0.0, 0.25))[1], PAUSE_MAX_S)
        self._pauses[job.id] = (time.monotonic() + length_s, length_s)

    async def _end_lock(self, job: Job) -> bool:
        lock_id, cost = str(job.payload["lock"]), int(job.payload["cost"])
        lock = self._store.get(Lock, lock_id)
        if lock is None:
            raise Contradiction(f"lock {lock_id} was never seen in a final block")
        if lock.state is not LockState.OPEN:
            return self._ended_as_wanted(lock, cost)
        intent = await self._free_intent(job.id)
        if intent is None:
            return False
        try:
            if job.kind == RELEASE:
                await self._chain.release(intent, lock_id, cost)
            else:
                await self._chain.refund(intent, lock_id)
        except CallReverted as refused:
            if refused.name != "LockNotOpen":
                raise
            # It has ended in a block that is not final yet: the mirror will say how.
        return False

    def _ended_as_wanted(self, lock: Lock, cost: int) -> bool:
        if lock.state is LockState.RETURNED:
            return True  # refunded, or reclaimed: then the mirror took back what payees had of it
        taken = lock.amount_minor - self._remainder(lock)
        if taken != cost:
            raise Contradiction(f"lock {lock.id} was released with {taken} instead of {cost}")
        return True

    def _remainder(self, lock: Lock) -> int:
        policy = self._store.get(NetworkPolicy, POLICY_KEY)
        assert policy is not None  # the mirror booked this lock under it
        account = f"payer:lock:{lock.id}@{policy.asset.code}"
        out = self._store.find(Transfer, 64, debit=account)
        return sum(transfer.amount for transfer in out if transfer.id.startswith("chain/"))

    async def _anchor(self, job: Job) -> bool:
        number = int(job.payload["number"])
        record = self._store.get(EpochRecord, epoch_key(number))
        if record is None:
            raise Contradiction(f"there is no epoch {number}")
        if record.state is not EpochState.CLOSED:
            return True  # the mirror saw it in a final block, with this very header
        intent = await self._free_intent(job.id)
        if intent is None:
            return False
        header = Header.decode(bytes.fromhex(record.header[2:]))
        try:
            await self._chain.anchor(intent, header)
        except CallReverted as refused:
            if refused.name != "WrongNumber" or refused.arguments["expected"] <= number:
                raise
            # The number is taken already. If by another header, the mirror freezes at its event.
        return False

    async def _free_intent(self, job_id: str) -> str | None:
        """Return the intent to submit now, None while one is under way or landed."""
        for attempt in range(1, INTENTS_MAX + 1):
            intent = job_id if attempt == 1 else f"{job_id}/{attempt}"
            status = await self._chain.status(intent)
            if status is None or status.state is TxState.REPLACED:
                return intent
            if status.state is not TxState.REVERTED:
                return None
        raise Contradiction(f"it failed on chain {INTENTS_MAX} times; look at its transactions")
