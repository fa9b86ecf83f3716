"""The mirror: every event of a final block moves the same money in the ledger, once.

``onchain:{ledger}`` is the outside's side of each movement, so its balance is what the escrow and
settlement contracts hold (invariant 8). The events of a range and the cursor behind them are one
commit; an event's transaction and log index are the transfer's id, so reading twice books once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Status
from ohmstead.core.network import NetworkPolicy
from ohmstead.core.onchain import (
    Anchored,
    BlockRef,
    ChainCursor,
    ChainEvent,
    Claimed,
    Deposited,
    EpochRecord,
    EpochState,
    Lock,
    Locked,
    LockState,
    Released,
    Returned,
    Withdrawn,
    epoch_key,
)
from ohmstead.core.session import Session, SessionEvent, SessionState, next_state
from ohmstead.errors import LocalProtocolError
from ohmstead.flows.charging import reclaim
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, R, Record, State
from ohmstead.units import MS_PER_S

SETTLEMENT_ASSET = 0  # the contracts' index of the network's asset


class BookFinal(Frozen):
    """Everything that happened in the final blocks after ``since`` up to and with ``upto``."""

    since: ChainCursor | None
    upto: BlockRef
    events: tuple[ChainEvent, ...]


def book_final(state: State, command: BookFinal, now_ms: int) -> Decision[int]:
    """Book the events of newly final blocks; answers how many, 0 when another writer was first."""
    policy = policy_of(state)
    cursor = state.get(ChainCursor, policy.ledger)
    if cursor != command.since:
        return Decision(0)
    booking = _Booking(state, policy, now_ms)
    for event in command.events:
        booking.book(event)
    puts = (
        *booking.till.puts(),
        *booking.records.values(),
        ChainCursor(policy.ledger, command.upto.number, command.upto.hash, command.upto.time_s),
    )
    return Decision(len(command.events), puts)


class _Booking:
    """One range of events, laid over the state they find."""

    def __init__(self, state: State, policy: NetworkPolicy, now_ms: int) -> None:
        self.till = Till(state, policy.asset, now_ms)
        self.records: dict[tuple[type, str], Record] = {}
        self._state = state
        self._onchain = f"onchain:{policy.ledger}"
        self._handlers: dict[type, Callable[[Any], None]] = {
            Deposited: self._deposited,
            Withdrawn: self._withdrawn,
            Locked: self._locked,
            Released: self._released,
            Returned: self._returned,
            Anchored: self._anchored,
            Claimed: self._claimed,
        }

    def book(self, event: ChainEvent) -> None:
        self._handlers[type(event)](event)

    def _in(self, event: Deposited | Locked, account: str) -> None:
        _known_asset(event.asset)
        transfer = self.till.post(f"chain/{event.at}", self._onchain, account, event.amount)
        self.till.must_move([transfer])

    def _deposited(self, event: Deposited) -> None:
        self._in(event, f"payer:{event.account}")

    def _locked(self, event: Locked) -> None:
        self._in(event, f"payer:lock:{event.lock_id}")
        self._put(Lock(event.lock_id, event.wallet, event.amount, event.expiry_s * MS_PER_S))

    def _withdrawn(self, event: Withdrawn) -> None:
        _known_asset(event.asset)
        account, id_ = f"payer:{event.account}", f"chain/{event.at}"
        covered = min(event.amount, max(0, self.till.available(account)))
        batch = [self.till.post(id_, account, self._onchain, covered)]
        if event.amount > covered:
            # The chain let go of money that sessions not yet anchored have spent: they owe it.
            owed = f"receivable:{event.account}"
            excess = event.amount - covered
            batch.append(self.till.post(f"{id_}/owed", owed, self._onchain, excess))
        self.till.must_move(batch)

    def _released(self, event: Released) -> None:
        lock = self._lock(event.lock_id)
        account = f"payer:lock:{lock.id}"
        transfer = self.till.post(f"chain/{event.at}", account, self._onchain, event.remainder)
        self.till.must_move([transfer])
        self._put(replace(lock, state=LockState.RELEASED))

    def _returned(self, event: Returned) -> None:
        lock = self._lock(event.lock_id)
        back = self.till.post(
            f"chain/{event.at}", f"payer:lock:{lock.id}", self._onchain, event.amount
        )
        if self.till.move([back]) is Status.EXCEEDS_CREDITS:
            # The wallet reclaimed after expiry while our hold still stood: the chain decides.
            self._give_up_hold(lock.session_id)
            self.till.must_move([back])
        self._put(replace(lock, state=LockState.RETURNED))

    def _give_up_hold(self, session_id: str) -> None:
        session = self._get(Session, session_id)
        if session is None or session.epoch:
            raise LocalProtocolError(f"a lock returned although session {session_id!r} spent it")
        findings = (*session.findings, "lock_reclaimed")
        if session.state is SessionState.ACTIVE:
            hold = f"{session.id}/hold/1"
            self.till.must_move([self.till.resolve(f"{hold}/reclaimed", hold, None)])
            state = next_state(session.state, SessionEvent.HOLD_EXPIRED)
            session = replace(session, hold_minor=0, holds=0)
        else:
            state = reclaim.take_back(self.till, session, self._get(Bill, session.id))
        self._put(replace(session, state=state, findings=findings))

    def _anchored(self, event: Anchored) -> None:
        epoch = self._get(EpochRecord, epoch_key(event.number))
        if epoch is None or epoch.header_hash != event.header_hash:
            raise LocalProtocolError(f"epoch {event.number} on chain is not the one we closed")
        self._put(
            replace(
                epoch,
                state=EpochState.ANCHORED,
                proposed_at_s=event.proposed_at_s,
                seal_hash=event.seal_hash,
                tx=event.at.tx,
                block_number=event.at.block_number,
                block_hash=event.at.block_hash,
            )
        )

    def _claimed(self, event: Claimed) -> None:
        _known_asset(event.asset)
        account = f"claimable:{event.account}"
        transfer = self.till.post(f"chain/{event.at}", account, self._onchain, event.amount)
        self.till.must_move([transfer])

    def _lock(self, lock_id: str) -> Lock:
        lock = self._get(Lock, lock_id)
        if lock is None:
            raise LocalProtocolError(f"lock {lock_id} ended on chain but never began")
        return lock

    def _get(self, kind: type[R], key: str) -> R | None:
        changed = self.records.get((kind, key))
        return changed if isinstance(changed, kind) else self._state.get(kind, key)

    def _put(self, record: Record) -> None:
        self.records[type(record), record.key] = record


def _known_asset(asset: int) -> None:
    if asset != SETTLEMENT_ASSET:
        raise LocalProtocolError(f"the network has no asset with index {asset}")
