"""The settler: epochs on their way to the chain, and the chain's money on its way to the ledger.

Everything it does follows from what the store and the chain say now, so it may be killed anywhere
and started again. A step that finds the chain gone leaves everything where it is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from ohmstead.adapters.chain.evm.chain import EvmChain, TxStatus
from ohmstead.apps.config import MoneyConfig
from ohmstead.apps.settler.archive import EpochArchive
from ohmstead.apps.settler.booking import Booking, BooksFrozen
from ohmstead.apps.settler.epochs import EpochCloser
from ohmstead.apps.settler.housekeeping import Housekeeper
from ohmstead.apps.settler.lanes import Lanes
from ohmstead.apps.settler.reconcile import Reconciliation, compare, trial_balance
from ohmstead.core.onchain import EpochRecord
from ohmstead.errors import ChainUnavailable, OperatorError, StoreUnavailable
from ohmstead.flows.receipts import Issuer
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Store

PAUSE_S = 0.5
IDLE_FACTOR = 2  # asking the chain is most of what an idle settler costs
BACK_OFF_MAX_S = 15.0


class StepReport(Frozen):
    """What one step did; ``block`` is the last booked final block, -1 before the first."""

    changed: tuple[TxStatus, ...] = ()
    booked: int = 0
    block: int = -1
    done: tuple[str, ...] = ()
    closed: EpochRecord | None = None
    expired: int = 0
    collected: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing happened."""
        counts = (self.changed, self.booked, self.done, self.closed, self.expired, self.collected)
        return not any(counts)


class SettlerStatus(Frozen):
    """What an operator may want to know. Empty ``frozen`` and ``alarms`` mean all is well.

    ``failures`` counts the steps that failed in a row, ``failures_ever`` all of them.
    """

    steps: int
    failures: int
    failures_ever: int
    last_error: str
    block: int
    frozen: str
    alarms: tuple[str, ...]


class Settler:
    """One for each network, in one process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chain: EvmChain,
        issuer: Issuer,
        money: MoneyConfig,
        *,
        pause_s: float = PAUSE_S,
        on_note: Callable[[str], None] = lambda note: None,
    ) -> None:
        self.archive = EpochArchive(store)
        self._store = store
        self._chain = chain
        self._booking = Booking(store, chain)
        self._lanes = Lanes(store, clock, chain)
        self._closer = EpochCloser(
            store, clock, chain, issuer, money, self.archive, self._booking.check_head
        )
        self._housekeeper = Housekeeper(store, clock)
        self._pause_s = pause_s
        self._note = on_note
        self._lock = asyncio.Lock()
        self._steps = 0
        self._failures = 0
        self._failures_ever = 0
        self._last_error = ""
        self._frozen = ""

    @property
    def status(self) -> SettlerStatus:
        """How it is doing; asks nobody."""
        rooms = (self._lanes, self._closer, self._housekeeper)
        alarms = tuple(text for room in rooms for text in room.alarms.values())
        return SettlerStatus(
            self._steps,
            self._failures,
            self._failures_ever,
            self._last_error,
            self._block(),
            self._frozen,
            alarms,
        )

    async def step(self) -> StepReport:
        """Do everything that can be done now, once.

        Raises ChainUnavailable and StoreUnavailable: what was done until then stays done, and the
        next step goes on. A chain that contradicts what is booked as final freezes the settler:
        see ``status.frozen``.
        """
        async with self._lock:
            self._steps += 1
            expired = await self._housekeeper.expire()
            collected = await self._housekeeper.collect(False)
            try:
                booked = await self._booking.catch_up()  # before anything is sent
                changed = await self._chain.tick()
                if booked:
                    collected += await self._housekeeper.collect(True)
                block = self._block()
                closed = await self._closer.close(block, force=False) if block >= 0 else None
            except BooksFrozen as why:
                self._freeze(str(why))
                return StepReport(block=self._block(), expired=expired, collected=collected)
            self._frozen = ""
            done = await self._lanes.run()
            return StepReport(changed, booked, block, done, closed, expired, collected)

    async def run(self, stop: asyncio.Event) -> None:
        """Step until ``stop`` is set. Nothing ends it: what fails is counted and tried again."""
        while not stop.is_set():
            pause_s = self._pause_s
            try:
                report = await self.step()
                self._failures = 0
                if report.is_idle:
                    pause_s *= IDLE_FACTOR
            except Exception as why:  # a settler that died silently would be worse than any error
                self._failures += 1
                self._failures_ever += 1
                known = isinstance(why, (ChainUnavailable, StoreUnavailable, OperatorError))
                text = str(why) if known else f"a defect: {why!r}"
                if text != self._last_error:
                    self._note(text)
                self._last_error = text
                pause_s = min(self._pause_s * 2 ** min(self._failures, 16), BACK_OFF_MAX_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await stop.wait()

    async def close_epoch(self, force: bool = True) -> EpochRecord | None:
        """Close the next epoch now; None when nothing is ready or the last is not anchored yet.

        What became final is booked first: an epoch that does not follow the chain's newest would
        contradict it. Raises ChainUnavailable, and OperatorError while the settler is frozen.
        """
        async with self._lock:
            with self._refusing():
                await self._catch_up()
                block = self._block()
                return await self._closer.close(block, force) if block >= 0 else None

    async def reconcile(self) -> Reconciliation:
        """Hold the ledger against the contracts at the newest final block, to the unit.

        Raises ChainUnavailable; an embedded chain that was restarted answers again as soon as a
        newer block is final. OperatorError before the first block is booked, and while the settler
        is frozen: at the last block that fits, all would seem well.
        """
        async with self._lock:
            with self._refusing():
                await self._catch_up()
            block = self._block()
            if block < 0:
                raise OperatorError("no final block is booked yet; try again in some seconds")
            held = await self._chain.holdings(0, at=block)
            return compare(block, await self._store.run(trial_balance, None), held)

    async def _catch_up(self) -> None:
        if await self._booking.catch_up():
            await self._housekeeper.collect(True)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except BooksFrozen as why:
            self._freeze(str(why))
            raise OperatorError(str(why)) from why

    def _freeze(self, why: str) -> None:
        if why != self._frozen:
            self._note(why)
        self._frozen = why

    def _block(self) -> int:
        cursor = self._booking.cursor()
        return -1 if cursor is None else cursor.block_number
