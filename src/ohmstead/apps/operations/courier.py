"""Carries what waits in the outbox to the outside: one delivery of a lane at a time, in order.

A delivery that fails is tried again later and later; one that failed twelve times over three days
becomes a dead letter, which people see and may send again, and its lane goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import structlog

from ohmstead.adapters.store.watched import Attempted, WatchedStore
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.core.webhooks import LANES, DeadLetter, wait_ms
from ohmstead.errors import OhmsteadError
from ohmstead.flows.operations.subscribing import give_up
from ohmstead.ports import Clock, Job

LANES_MAX = 200
TICK_S = 1.0
STOP_S = 5.0

Carry = Callable[[Job], Awaitable[None]]

log = structlog.get_logger()


class Courier:
    """One for each house; ``carriers`` says by a job's kind who delivers it."""

    def __init__(
        self,
        store: WatchedStore,
        clock: Clock,
        carriers: Mapping[str, Carry],
        may_send: Callable[[], bool],
    ) -> None:
        self.delivered = 0
        self._store = store
        self._clock = clock
        self._carriers = carriers
        self._may_send = may_send
        self._under_way: dict[str, asyncio.Task[None]] = {}  # by lane
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is sent again after the next start."""
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._wake.wait()
                self._wake.clear()
                try:
                    self.once()
                except OhmsteadError as error:
                    log.warning("deliveries wait", reason=str(error))
                    await asyncio.sleep(TICK_S)
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def once(self) -> None:
        """Begin what is due, where nothing of its lane is under way."""
        if not self._may_send():
            return
        for due in self._store.due_in(LANES, self._clock.now_ms(), LANES_MAX):
            lane = due.job.lane
            if lane not in self._under_way and due.job.kind in self._carriers:
                task = asyncio.create_task(self._carry(due))
                self._under_way[lane] = task

    async def _carry(self, due: Attempted) -> None:
        job = due.job
        try:
            try:
                await self._carriers[job.kind](job)
            except NotPosted as error:
                await self._failed(job, due.attempts + 1, str(error))
            else:
                self.delivered += 1
                await self._store.finish_job(job.id)
        except OhmsteadError as error:
            log.warning("a delivery waits", job=job.id, reason=str(error))
        except Exception as error:  # one delivery nobody can make must not hold its lane for ever
            log.error("a delivery failed", job=job.id, exc_info=error)
            with contextlib.suppress(OhmsteadError):
                await self._failed(job, due.attempts + 1, f"a defect: {error!r}")
        finally:
            self._under_way.pop(job.lane, None)
            self._wake.set()

    async def _failed(self, job: Job, attempts: int, why: str) -> None:
        now_ms, wait = self._clock.now_ms(), wait_ms(attempts)
        if wait is not None:
            await self._store.postpone_job(job.id, now_ms + wait, why)
            return
        to = str(job.payload.get("to", ""))
        letter = DeadLetter(job.id, job.lane, job.kind, to, job.payload, attempts, why, now_ms)
        await self._store.run(give_up, letter)
        await self._store.finish_job(job.id)
        log.warning("given up", job=job.id, attempts=attempts, reason=why)
