"""Closing epochs: which sessions are ready, when it is time, and building off the event loop."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.apps.config import MoneyConfig
from ohmstead.apps.settler.archive import EpochArchive, bundle_hash
from ohmstead.core.bill import Bill
from ohmstead.core.canonical import encode
from ohmstead.core.epoch import BuiltEpoch, LaneHead, build
from ohmstead.core.intake import receipt_leaves
from ohmstead.core.onchain import (
    AccountHead,
    EpochRecord,
    EpochState,
    Lock,
    LockState,
)
from ohmstead.core.session import PayerKind, Session, SessionState
from ohmstead.errors import LocalProtocolError
from ohmstead.flows.payout import CloseEpoch, close_epoch
from ohmstead.flows.receipts import Issuer, document_of, receipt_of
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Store
from ohmstead.units import MS_PER_S

PAGE = 500
PROBE = 64  # sessions looked at to see whether it is time
THREAD_MAX = 1_000  # "work over 10 ms runs in a worker process": more sessions than this do


class _Plan(Frozen):
    """Everything an epoch is built from, as plain values that another process can take."""

    number: int
    parent: bytes
    documents: tuple[bytes, ...]
    heads: Mapping[tuple[int, bytes], LaneHead]
    settled_before: int
    registry_version: int


def newest_epoch(store: Store, after: str = "") -> EpochRecord | None:
    """Return the newest closed epoch; ``after`` is the key of one that is known, to begin there."""
    newest = store.get(EpochRecord, after) if after else None
    while page := store.find(EpochRecord, PAGE, after):
        newest = page[-1]
        after = newest.key
    return newest


class EpochCloser:
    """Turns settled sessions into epochs, one after the other.

    ``alarms`` names sessions that cannot be part of any epoch, and why.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chain: EvmChain,
        issuer: Issuer,
        money: MoneyConfig,
        archive: EpochArchive,
        check_head: Callable[[int], Awaitable[None]],
    ) -> None:
        self.alarms: dict[str, str] = {}
        self._store = store
        self._clock = clock
        self._chain = chain
        self._issuer = issuer
        self._money = money
        self._archive = archive
        self._check_head = check_head
        self._last_key = ""

    def last(self) -> EpochRecord | None:
        """Return the newest closed epoch."""
        last = newest_epoch(self._store, self._last_key)
        self._last_key = "" if last is None else last.key
        return last

    async def close(self, final_block: int, force: bool) -> EpochRecord | None:
        """Close the next epoch if it is due (or ``force``) and there is anything to put into it.

        None otherwise, and while the epoch before is not yet seen in a final block, because its
        seal is the parent. ``final_block`` is where the registry is read. Raises ChainUnavailable,
        and what ``check_head`` raises when the chain has a newer epoch than the last one here.
        """
        last = self.last()
        if last is not None and last.state is EpochState.CLOSED:
            return None
        if not force and not await asyncio.to_thread(self._is_due, last):
            return None
        version = await self._chain.registry_version(at=final_block)
        most = self._money.epoch_sessions_max
        sessions, documents = await asyncio.to_thread(self._gather, version, most)
        if not sessions:
            return None
        await self._check_head(0 if last is None else last.number)
        plan = await asyncio.to_thread(self._plan, last, documents, version)
        built = await _build_elsewhere(plan)
        command = CloseEpoch(built, sessions, documents)
        record = await self._store.run(close_epoch, command)
        if record is not None:
            self._archive.put(built)
        return record

    def _is_due(self, last: EpochRecord | None) -> bool:
        closed_ms = 0 if last is None else last.closed_ms
        now_ms, epoch_ms = self._clock.now_ms(), self._money.epoch_s * MS_PER_S
        most = self._money.epoch_sessions_max
        if now_ms < closed_ms + epoch_ms:
            # Counting costs a read of as many sessions; so many at once only fit a small limit.
            return most <= THREAD_MAX and len(list(self._ready(most))) == most
        waiting = list(self._ready(PROBE))
        # A session waits at most one epoch's length, and does not end its first hour alone.
        return bool(waiting) and (
            now_ms >= max(closed_ms, min(s.ended_ms for s in waiting)) + epoch_ms
            or (most <= PROBE and len(waiting) >= most)
        )

    def _ready(self, limit: int) -> Iterator[Session]:
        """Yield settled sessions that no epoch holds yet and whose money is where it can be taken.

        A walk-up wallet's lock must have been released in a final block: before that its money is
        not in the pool that an epoch spends, and another's would be taken instead.
        """
        after, found = "", 0
        while page := self._store.find(
            Session, PAGE, after, state=SessionState.SETTLED.value, epoch=0
        ):
            after = page[-1].key
            for session in page:
                if found < limit and session.id not in self.alarms and self._is_paid(session):
                    found += 1
                    yield session
            if found >= limit:
                return

    def _is_paid(self, session: Session) -> bool:
        bill = self._store.get(Bill, session.id)
        if bill is None or bill.covered_minor == 0:
            return False  # nothing moves on chain, and a leaf without slots proves nobody's money
        if session.payer_kind is not PayerKind.WALLET_LOCK or session.holds == 0:
            return True
        lock = self._store.get(Lock, session.lock_id)
        return lock is not None and lock.state is LockState.RELEASED

    def _gather(self, version: int, most: int) -> tuple[tuple[Session, ...], tuple[bytes, ...]]:
        """Read the sessions and write their documents; one that cannot be written waits alone."""
        sessions, documents = [], []
        for session in self._ready(most):
            try:
                document = encode(document_of(self._store, session, self._issuer))
                receipt_leaves([receipt_of(document, version)], version)
            except (LocalProtocolError, ValueError, KeyError) as wrong:
                self.alarms[session.id] = f"session {session.id} fits no epoch: {wrong}"
                continue
            sessions.append(session)
            documents.append(document)
        return tuple(sessions), tuple(documents)

    def _plan(self, last: EpochRecord | None, documents: tuple[bytes, ...], version: int) -> _Plan:
        lanes = {
            (slot.lane, slot.account)
            for document in documents
            for slot in receipt_of(document, version).slots
        }
        heads = {}
        for lane, account in lanes:
            head = self._store.get(AccountHead, f"{lane:05d}/0x{account.hex()}")
            if head is not None:
                heads[lane, account] = LaneHead(head.epoch, head.index, head.cumulative_minor)
        return _Plan(
            number=1 if last is None else last.number + 1,
            parent=bytes(32) if last is None else bytes.fromhex(last.seal_hash[2:]),
            documents=documents,
            heads=heads,
            settled_before=0 if last is None else last.settled_before_minor + last.total_minor,
            registry_version=version,
        )


def _build(plan: _Plan) -> BuiltEpoch:
    return build(
        plan.number,
        plan.parent,
        [receipt_of(document, plan.registry_version) for document in plan.documents],
        plan.heads,
        (plan.settled_before, 0),
        plan.registry_version,
        bundle_hash(plan.documents),
    )


async def _build_elsewhere(plan: _Plan) -> BuiltEpoch:
    """Build in a thread, or in a process of its own when it takes longer than the loop can wait."""
    few = len(plan.documents) <= THREAD_MAX
    return await asyncio.to_thread(_build if few else _build_in_process, plan)


def _build_in_process(plan: _Plan) -> BuiltEpoch:
    """Spawned and not forked: this process has threads that hold locks. Starting one takes 50 ms,
    which is why a thread does that too."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_build, plan).result()
