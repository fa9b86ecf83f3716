"""From the thread that moves files to the loop that owns the store, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from ohmstead.apps.files.door import Bring, Door, Fetch
from ohmstead.core.files import Ticket

R = TypeVar("R")


class Bridge:
    """The door as the other thread sees it; each method raises what the door raises."""

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self._door = door
        self._loop = loop

    async def fetch(self, ticket_id: str, secret: str, address: str, plain: bool) -> Fetch:
        """See Door.fetch."""

        def work() -> Fetch:
            return self._door.fetch(self._door.ticket(ticket_id, secret, address, plain))

        return await self._call(work)

    async def begin(self, ticket_id: str, secret: str, address: str, plain: bool) -> Bring:
        """See Door.begin."""

        async def work() -> Bring:
            return await self._door.begin(self._door.ticket(ticket_id, secret, address, plain))

        return await self._run(work())

    async def ticket(self, ticket_id: str, secret: str, address: str, plain: bool) -> Ticket:
        """See Door.ticket."""
        return await self._call(lambda: self._door.ticket(ticket_id, secret, address, plain))

    async def arrived(self, bring: Bring, bytes_: int, sha256: str, name: str) -> None:
        """See Door.arrived."""
        await self._run(self._door.arrived(bring, bytes_, sha256, name))

    def end(self, bring: Bring) -> None:
        """See Door.end; at once, whether anybody waits or not."""
        self._loop.call_soon_threadsafe(self._door.end, bring)

    def now_ms(self) -> int:
        """The house's clock."""
        return self._door.now_ms()

    async def _run(self, work: Coroutine[Any, Any, R]) -> R:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _call(self, work: Callable[[], R]) -> R:
        done: Future[R] = Future()

        def carry_out() -> None:
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(carry_out)
        return await asyncio.wrap_future(done)
