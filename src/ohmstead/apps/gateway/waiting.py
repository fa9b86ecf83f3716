"""Connections on their way in: counted, and held to a time, from the accepted socket to the
whole HTTP request. A TLS handshake counts, because it is the dearest thing a stranger may ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ohmstead.apps.gateway.closing import monotonic_ms


class Arriving(Protocol):
    """A connection that may still be given up."""

    def abort(self) -> None:
        """Give it up at once."""


class Waiting:
    """Who is connecting, and since when; the oldest first.

    Args:
        most: how many may be connecting at the same moment.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._since_ms: dict[Arriving, int] = {}
        self._paused: list[Callable[[], None]] = []  # doors that wait for room

    def __len__(self) -> int:
        return len(self._since_ms)

    @property
    def is_crowded(self) -> bool:
        return len(self._since_ms) > self._most

    def allow(self, most: int) -> None:
        """Let so many connect at the same moment from now on."""
        self._most = most
        self.resume()

    def make_room(self, slow_ms: int) -> bool:
        """Tell whether one more may come in.

        Who holds connections open without asking for anything shuts nobody out: the oldest
        gives way, once it is as old as ``slow_ms``.
        """
        if len(self._since_ms) < self._most:
            return True
        oldest, since_ms = next(iter(self._since_ms.items()))
        if monotonic_ms() - since_ms < slow_ms:
            return False
        del self._since_ms[oldest]
        oldest.abort()
        return True

    def enter(self, one: Arriving) -> None:
        """One more is connecting."""
        self._since_ms[one] = monotonic_ms()

    def hand_over(self, old: Arriving, new: Arriving) -> None:
        """The same connection is further on: it keeps its place in the count."""
        self._since_ms.pop(old, None)
        self.enter(new)

    def leave(self, one: Arriving) -> None:
        """It is in, refused or gone."""
        if self._since_ms.pop(one, None) is not None and self._paused:
            self.resume()

    def when_there_is_room(self, resume: Callable[[], None]) -> None:
        """Have a door told to go on."""
        self._paused.append(resume)

    def resume(self) -> None:
        """Tell the doors that wait; each looks for itself whether there is room."""
        paused, self._paused = self._paused, []
        for resume in paused:
            resume()

    def sweep(self, now_ms: int, patience_ms: int) -> None:
        """Give up those that took too long."""
        for one, since_ms in list(self._since_ms.items()):
            if now_ms - since_ms < patience_ms:
                break
            del self._since_ms[one]
            one.abort()
        self.resume()

    def abort(self) -> None:
        """Give all of them up."""
        self._paused.clear()
        for one in list(self._since_ms):
            one.abort()
