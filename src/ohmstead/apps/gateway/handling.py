"""A handler that has to wait, carried on by what it waits for.

A Task for each message would cost more than the message: it is scheduled once more before it does
anything, and entered in a set of all tasks. What a handler awaits is a future, so the future's
callback takes the next step. There is no current task inside, so no ``asyncio.timeout``; whoever
needs one makes a task and awaits that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ohmstead.wire.ocpp.frames import CallReceived

Finished = Callable[["Handling", bytes | BaseException], None]


class Handling:
    """One call being worked on.

    Args:
        call: what is asked.
        coroutine: the handler, after its first step.
        waited: what that step waits for.
        finished: told the answer, or what the handler raised.
    """

    __slots__ = ("_coroutine", "_finished", "_waits_for", "call")

    def __init__(
        self,
        call: CallReceived,
        coroutine: Coroutine[Any, Any, bytes],
        waited: Any,
        finished: Finished,
    ) -> None:
        self.call = call
        self._coroutine = coroutine
        self._finished = finished
        self._wait_for(waited)

    def cancel(self) -> None:
        """Cancel what the handler waits for, and so, unless it objects, the handler."""
        if self._waits_for is not None:
            self._waits_for.cancel()

    def _wait_for(self, waited: Any) -> None:
        self._waits_for: asyncio.Future[Any] | None = waited
        if waited is None:  # asyncio.sleep(0): only to let others have their turn
            asyncio.get_running_loop().call_soon(self._step, None)
        else:
            waited._asyncio_future_blocking = False  # taken over, as a Task would
            waited.add_done_callback(self._step)

    def _step(self, _: object) -> None:
        try:
            # The future hands its result, or raises its error, where the handler awaits it.
            waited = self._coroutine.send(None)
        except StopIteration as done:
            self._finished(self, done.value)
        except (Exception, asyncio.CancelledError) as error:
            self._finished(self, error)
        else:
            self._wait_for(waited)
