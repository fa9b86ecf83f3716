"""What a connection has said and nobody has worked on yet: held, in order, and bounded.

While something is held the socket is not read. What is held then came with the read that was under
way: at most the bytes of one read buffer, a few times the longest frame that is taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from picows import WSTransport

from ohmstead.apps.gateway.deflate import Packed
from ohmstead.apps.gateway.pace import Pace
from ohmstead.wire.ocpp.rpc import Rpc

RELEASED_AT_ONCE_MAX = 16  # messages in one turn of the loop; the others have theirs in between
UNKNOWN = 1 << 30  # more than any room


class Intake:
    """Lets a station's messages in as fast as they are answered, and as its purse allows.

    Args:
        pace: the station's purse.
        rpc: knows how many calls wait already.
        take_in: works on one message.
        told: hears why the station is not read, once in a flood.
    """

    __slots__ = ("_held", "_pace", "_rpc", "_take_in", "_told", "transport")

    def __init__(
        self,
        pace: Pace,
        rpc: Rpc,
        take_in: Callable[[bytes], None],
        told: Callable[[str], None],
    ) -> None:
        self.transport: WSTransport | None = None
        self._pace = pace
        self._rpc = rpc
        self._take_in = take_in
        self._told = told
        self._held: deque[bytes] | None = None  # None: nothing is held, and the socket is read

    def lets_in(self, data: bytes) -> bool:
        """True: work on it now. False: it is kept, and handed to ``take_in`` in its turn."""
        if self._held is None:
            if self._rpc.has_room(_size(data)):
                return True
            self._hold()
        if self._held is None:
            return True  # it is closing: what still comes is dropped one by one
        self._held.append(data)
        return False

    def spend(self, size: int, now_ms: int) -> None:
        """A message is worked on; when it was the last one for now, read no further."""
        if not self._pace.spend(size) and not self._pace.fill(now_ms):
            if self._pace.hold(now_ms):
                self._told("it sends more than it may, and is read more slowly from now on")
            if self._held is None:
                self._hold()

    def sweep(self, now_ms: int) -> bool:
        """Time has passed; True when the socket was not read lately."""
        was_held = self._held is not None
        if was_held and self._pace.fill(now_ms):
            self.release()
        return was_held

    def release(self) -> None:
        """Take in what is held, as far as there is room, and read again once that is nothing."""
        for _ in range(RELEASED_AT_ONCE_MAX):
            held = self._held
            if held is None:
                return
            if self._pace.is_empty or (held and not self._rpc.has_room(_size(held[0]))):
                return  # the sweep, or the answer that is awaited, comes back here
            if not held:
                self._held = None
                if self.transport is not None:
                    self.transport.underlying_transport.resume_reading()
                return
            self._take_in(held.popleft())
        asyncio.get_running_loop().call_soon(self.release)

    def end(self) -> None:
        """The conversation is over. What was held was never answered, so it is sent again."""
        if self._held is not None and self.transport is not None:
            below = self.transport.underlying_transport
            if not below.is_closing():
                below.resume_reading()  # to see the other side's Close
        self._held = self.transport = None

    def _hold(self) -> None:
        """Nothing is held of a socket that cannot be paused, or there would be no end of it."""
        below = self.transport.underlying_transport if self.transport is not None else None
        if below is not None and not below.is_closing():
            self._held = deque()
            below.pause_reading()


def _size(data: bytes) -> int:
    """How much room it needs; a compressed one may be as long as any, so it waits its turn."""
    return UNKNOWN if type(data) is Packed else len(data)
