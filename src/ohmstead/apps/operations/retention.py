"""The sweep that keeps the store bounded: by age, and by count for each station.

It reads a page between two turns of the event loop and lets a few records go in each commit, so
that it is never in the way of a station. Which records are needed still is decided by the flow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Protocol

import structlog

from ohmstead.apps.config import RetentionConfig
from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.wirelog import WireLogs
from ohmstead.core.access import KeptAnswer
from ohmstead.core.attempt import Attempt
from ohmstead.core.command import UNDER_WAY, CommandBatch, StationCommand
from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.network import Quarantined, Station
from ohmstead.core.newcomer import Newcomer
from ohmstead.core.reservation import OPEN, Reservation
from ohmstead.core.retention import DAY_MS, NO_LIMIT, Bound, Held, overdue
from ohmstead.core.station_log import StationEvent
from ohmstead.core.terminal_payment import TerminalPayment
from ohmstead.core.webhooks import DeadLetter
from ohmstead.errors import OhmsteadError
from ohmstead.flows.operations.retention import (
    PAGE_MAX,
    Purge,
    Stamp,
    is_needed,
    purge,
    stamp,
)
from ohmstead.ports import Clock, Decision, R, Store

SWEEP_S = 60.0
WHOLE_MS = 6 * 3_600_000  # between two looks at everything; else only at what is too many
MESSAGE_BYTES_MAX = 1 << 16  # a payload is at most a frame, which is so long by default
PAGE = 100  # of which each may hold a frame of 64 KiB: some 15 ms
MEGABYTE = 1 << 20
COUNTED: frozenset[type] = frozenset(
    {Quarantined, StationCommand, Reservation, TerminalPayment, ForeignTransaction}
)
_END_MS = 10**13 - 1  # as in commanding.ids: ids of commands count down to it

log = structlog.get_logger()


class CountingStore(Store, Protocol):
    """A store that can say how many records there are."""

    def count(self, kind: type[R], **where: str | int | None) -> int: ...


class Retention:
    """One per house; ``sweep`` may be called at any time, also by a test."""

    def __init__(
        self,
        store: CountingStore,
        clock: Clock,
        config: RetentionConfig,
        is_frozen: Callable[[], bool],
    ) -> None:
        self._store, self._clock, self._config = store, clock, config
        self._is_frozen = is_frozen
        self._whole_ms = 0
        self.wire: WireLogs | None = None  # the frames in memory
        # Stations of which something was kept since the last look; None: nobody tells.
        self.fresh: set[str] | None = None
        self.gone: dict[str, int] = {}  # since this process began, by table

    def see(self, decision: Decision[Any]) -> None:
        """Every decision of the house passes here: this costs each message a look at its types."""
        if self.fresh is not None:
            for record in decision.puts:
                if type(record) in COUNTED:
                    self.fresh.add(record.station_id)  # type: ignore[attr-defined]

    async def run(self) -> None:
        """Sweep now and then until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            if self._is_frozen():
                continue
            try:
                await self.sweep()
            except OhmsteadError as error:
                log.warning("nothing is swept now", reason=str(error))
            except Exception as error:  # one record nobody can judge must not end the sweeping
                log.error("the sweep of old records failed", exc_info=error)

    async def sweep(self, *, whole: bool = False) -> None:
        """Bring everything within its bounds: what is too many of a station always, what is too
        old if ``whole``, and every :data:`WHOLE_MS`."""
        now_ms, fresh = self._clock.now_ms(), self.fresh
        whole = whole or now_ms - self._whole_ms >= WHOLE_MS
        self.fresh = None if fresh is None else set()
        try:
            async for station_id in self._station_ids(None if whole else fresh):
                await asyncio.sleep(0)
                await self._bound(station_id, whole=whole)
            if whole:
                await self._by_age()
                self._whole_ms = now_ms
        except BaseException:
            if fresh and self.fresh is not None:
                self.fresh |= fresh  # looked at again next time
            raise

    async def _bound(self, station_id: str, *, whole: bool) -> None:
        config = self._config
        quarantine_max = min(
            config.quarantine_max, config.quarantine_mb * MEGABYTE // MESSAGE_BYTES_MAX
        )
        if whole or self._has_more(Quarantined, station_id, quarantine_max):
            await self._quarantine(station_id)
        if self._has_more(StationCommand, station_id, config.commands_max):
            await self._commands(station_id)
        if whole or self._has_more(Reservation, station_id, config.reservations_max):
            await self._of_station(
                Reservation, station_id, config.reservations_days, config.reservations_max
            )
        if self._has_more(TerminalPayment, station_id, config.terminal_payments_max):
            await self._of_station(TerminalPayment, station_id, None, config.terminal_payments_max)
        if self._has_more(ForeignTransaction, station_id, config.quarantine_max):
            await self._foreign(station_id)

    def _has_more(self, kind: type[Any], station_id: str, most: int) -> bool:
        return self._store.count(kind, station_id=station_id) > most

    async def _by_age(self) -> None:
        config = self._config
        if self.wire is not None:
            since_ms = monotonic_ms() - config.wire_log_days * DAY_MS
            for _, wire in self.wire.all():
                wire.forget(since_ms)
        await self._old_commands()
        await self._aged(Attempt, config.attempts_days)
        await self._aged(StationEvent, config.events_days)
        await self._answers()
        await self._letters()

    async def _station_ids(self, only: set[str] | None) -> AsyncIterator[str]:
        if only is not None:
            for station_id in only:
                yield station_id
            return
        for kind in (Station, Newcomer):
            async for page in self._pages(kind):
                for one in page:
                    yield one.id

    async def _pages(self, kind: type[Any], **where: str) -> AsyncIterator[list[Any]]:
        after = ""
        while page := self._store.find(kind, PAGE, after, **where):
            yield page
            after = page[-1].key
            await asyncio.sleep(0)

    async def _let_go(self, kind: type[Any], keys: Iterable[str]) -> None:
        keys = tuple(keys)
        for at in range(0, len(keys), PAGE_MAX):
            many = await self._store.run(purge, Purge(kind, keys[at : at + PAGE_MAX]))
            self.gone[kind.__name__] = self.gone.get(kind.__name__, 0) + many

    async def _quarantine(self, station_id: str) -> None:
        config, held = self._config, []
        async for page in self._pages(Quarantined, station_id=station_id):
            for one in page:
                needed = is_needed(self._store, one)
                held.append(Held(one.received_ms, one.key, len(one.payload), needed))
        bound = Bound(
            config.quarantine_days * DAY_MS,
            config.quarantine_max,
            config.quarantine_mb * MEGABYTE,
        )
        await self._let_go(Quarantined, overdue(held, bound, self._clock.now_ms()))

    async def _foreign(self, station_id: str) -> None:
        """What the other CSMS told us of stays; what its stations invented is bounded."""
        held = []
        async for page in self._pages(ForeignTransaction, station_id=station_id):
            held += [Held(one.stopped_ms, one.key) for one in page if not one.source]
        bound = Bound(count_max=self._config.quarantine_max)
        await self._let_go(ForeignTransaction, overdue(held, bound, self._clock.now_ms()))

    async def _commands(self, station_id: str) -> None:
        """Ids sort the newest first, so what is beyond the first so many goes."""
        count, keys = 0, []
        async for page in self._pages(StationCommand, station_id=station_id):
            for one in page:
                count += 1
                if count > self._config.commands_max and one.state not in UNDER_WAY:
                    keys.append(one.key)
        await self._let_go(StationCommand, keys)

    async def _old_commands(self) -> None:
        """And all that lie beyond a moment are older than it."""
        since_ms = self._clock.now_ms() - self._config.commands_days * DAY_MS
        for kind in (StationCommand, CommandBatch):  # bodies go with their commands
            after = f"{_END_MS - since_ms:013d}~"
            while page := self._store.find(kind, PAGE, after):
                over = (one for one in page if getattr(one, "state", None) not in UNDER_WAY)
                await self._let_go(kind, [one.key for one in over])
                after = page[-1].key
                await asyncio.sleep(0)

    async def _of_station(
        self, kind: type[Any], station_id: str, days: int | None, count_max: int
    ) -> None:
        held = []
        async for page in self._pages(kind, station_id=station_id):
            held += [
                Held(_when(one), one.key, 0, getattr(one, "state", None) in OPEN) for one in page
            ]
        bound = Bound(NO_LIMIT if days is None else days * DAY_MS, count_max)
        await self._let_go(kind, overdue(held, bound, self._clock.now_ms()))

    async def _aged(self, kind: type[Any], days: int) -> None:
        since_ms = self._clock.now_ms() - days * DAY_MS
        async for page in self._pages(kind):
            old = [one.key for one in page if _when(one) < since_ms]
            await self._let_go(kind, old)

    async def _answers(self) -> None:
        """Of each API key; keys sort by whose they are."""
        config, whose = self._config, ""
        bound = Bound(config.answers_days * DAY_MS, config.answers_max)
        held: list[Held] = []
        async for page in self._pages(KeptAnswer):
            undated = tuple(one.key for one in page if not one.at_ms)
            for at in range(0, len(undated), PAGE_MAX):
                await self._store.run(stamp, Stamp(undated[at : at + PAGE_MAX]))
            for one in page:
                key = one.id.partition(" ")[0]
                if key != whose:
                    await self._let_go(KeptAnswer, overdue(held, bound, self._clock.now_ms()))
                    whose, held = key, []
                held.append(Held(one.at_ms or self._clock.now_ms(), one.key))
        await self._let_go(KeptAnswer, overdue(held, bound, self._clock.now_ms()))

    async def _letters(self) -> None:
        config = self._config
        bound = Bound(config.dead_letters_days * DAY_MS, config.dead_letters_max)
        lanes: dict[str, list[Held]] = {}
        async for page in self._pages(DeadLetter):
            for one in page:
                lanes.setdefault(one.lane, []).append(Held(one.failed_ms, one.key))
        for held in lanes.values():
            await self._let_go(DeadLetter, overdue(held, bound, self._clock.now_ms()))


def _when(record: Any) -> int:
    """When it ended, or was last heard of."""
    for name in ("ended_ms", "closed_ms", "changed_ms", "received_ms"):
        at_ms: int = getattr(record, name, 0)
        if at_ms:
            return at_ms
    return int(getattr(record, "created_ms", 0))
