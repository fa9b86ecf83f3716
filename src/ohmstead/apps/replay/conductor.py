"""Who acts when: the network's clock goes from one planned moment to the next, skipping idle time.

Each session is an actor that waits for moments of the network's clock. While nobody acts the clock
jumps to the next moment that anybody waits for; while somebody acts, others may join in as long as
their moments are close, as the cars of one street do. So the clock never leaves an actor behind by
more than :data:`SLACK_MS`, whatever the machine's speed.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable

from ohmstead.adapters.clock import ScaledClock
from ohmstead.units import MS_PER_S

SLACK_MS = 120_000  # well below the skew that a network tolerates
ACTING_MAX = 64
PAUSE_MAX_S = 1.0  # at a watchable pace, idle time lasts no longer than that

Act = Callable[[], Awaitable[None]]


class Conductor:
    """Runs actors along the network's clock.

    ``speed`` is how many seconds of the network pass in one of ours while nobody acts; 0 does not
    wait at all. Either way idle time is cut to :data:`PAUSE_MAX_S`.
    """

    def __init__(self, clock: ScaledClock, speed: int = 0) -> None:
        self._clock = clock
        self._speed = speed
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._acting: dict[asyncio.Task[None], int] = {}  # actor -> the moment it was woken for
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def cast(self, at_ms: int, act: Act) -> None:
        """Add an actor whose first moment is ``at_ms``."""
        task = asyncio.ensure_future(self._play(self._enter(at_ms), act))
        self._tasks.add(task)

    async def until(self, at_ms: int) -> None:
        """Let an actor wait for a moment of the network's clock; for actors only."""
        task = _current()
        self._acting.pop(task, None)
        moment = self._enter(at_ms)
        await moment
        self._acting[task] = max(at_ms, self._clock.now_ms())

    async def run(self) -> None:
        """Return when every actor has left; the first error of an actor ends it all."""
        while self._tasks:
            await self._wake()
            self._changed.clear()
            waiter = asyncio.ensure_future(self._changed.wait())
            done, _ = await asyncio.wait(
                {*self._tasks, waiter}, return_when=asyncio.FIRST_COMPLETED
            )
            waiter.cancel()
            for task in done & self._tasks:
                self._tasks.discard(task)
                error = task.exception()
                if error is not None:
                    await self._stop()
                    raise error

    def _enter(self, at_ms: int) -> asyncio.Future[None]:
        moment: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (at_ms, next(self._order), moment))
        self._changed.set()
        return moment

    async def _play(self, moment: asyncio.Future[None], act: Act) -> None:
        task = _current()
        try:
            await moment
            self._acting[task] = self._clock.now_ms()
            await act()
        finally:
            self._acting.pop(task, None)
            self._changed.set()

    async def _wake(self) -> None:
        """Wake whoever's moment is close to those acting now; if nobody acts, the next one."""
        while self._waiting and len(self._acting) < ACTING_MAX:
            at_ms = self._waiting[0][0]
            if self._acting and at_ms > min(self._acting.values()) + SLACK_MS:
                return
            if not self._acting:
                await self._pause(at_ms)
            _, _, moment = heapq.heappop(self._waiting)
            self._clock.jump(at_ms)
            moment.set_result(None)
            await asyncio.sleep(0)  # the actor notes that it acts
            await asyncio.sleep(0)

    async def _pause(self, at_ms: int) -> None:
        if self._speed:
            ahead_s = max(0, at_ms - self._clock.now_ms()) / self._speed / MS_PER_S
            await asyncio.sleep(min(ahead_s, PAUSE_MAX_S))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()


def _current() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # only actors call this
    return task
