"""Clocks: the system's, one that runs faster for replays, and one that a test moves by hand."""

from __future__ import annotations

import threading
import time

_NS_PER_MS = 1_000_000


class SystemClock:
    """The time of this machine."""

    def now_ms(self) -> int:
        """Whole milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // _NS_PER_MS


class ScaledClock:
    """Starts at ``start_ms`` and runs ``speed`` times as fast as real time; never goes backwards.

    It follows the machine's monotonic clock, so a step of the system time does not move it. It may
    be read and moved from any thread.
    """

    def __init__(self, start_ms: int, speed: int) -> None:
        if speed < 1:
            raise ValueError(f"a clock runs at 1 times real time or faster, not {speed}")
        self._speed = speed
        self._lock = threading.Lock()
        self._base_ms = start_ms
        self._base_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Whole milliseconds since 1970-01-01 UTC, as this clock counts them."""
        with self._lock:
            return self._now_ms(time.monotonic_ns())

    def jump(self, to_ms: int) -> None:
        """Skip an idle gap: go on from ``to_ms``. A moment that has passed already is ignored."""
        with self._lock:
            now_ns = time.monotonic_ns()
            if to_ms > self._now_ms(now_ns):
                self._base_ms, self._base_ns = to_ms, now_ns

    def _now_ms(self, now_ns: int) -> int:
        return self._base_ms + (now_ns - self._base_ns) * self._speed // _NS_PER_MS


class ManualClock:
    """Stands still until it is moved: for tests."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Whole milliseconds since 1970-01-01 UTC, as last set."""
        return self._now_ms

    def advance(self, by_ms: int) -> None:
        """Move on by ``by_ms``; raises ValueError for a step backwards."""
        if by_ms < 0:
            raise ValueError(f"a clock never goes backwards, not even by {-by_ms} ms")
        self._now_ms += by_ms
