"""How often a log-in failed lately, by address and station: bounded, and blind to successes.

A whole fleet may sit behind one address, so an address alone never counts. A correct password is
let in however many wrong ones came before it; otherwise anybody behind the same address could
lock a station out. What the limit does is to end the 401s and the log lines. It does not slow
guessing down, which the 160 random bits of a password do (6-stack, station passwords).
"""

from __future__ import annotations

from collections import OrderedDict

PAIRS_MAX = 10_000  # about 200 bytes each
FAILURES_MAX = 5
WINDOW_MS = 60_000

Pair = tuple[str, str]  # address, station id


class Failures:
    """Counts the failures of each pair in windows that begin with its first failure."""

    def __init__(self, pairs_max: int = PAIRS_MAX) -> None:
        self._pairs_max = pairs_max
        self._counts: OrderedDict[Pair, tuple[int, int]] = OrderedDict()  # count, window's end

    def count(self, pair: Pair, now_ms: int) -> tuple[int, int]:
        """Note one failure; return how many there are in this window, and when it ends."""
        count, end_ms = self._counts.pop(pair, (0, 0))
        if now_ms >= end_ms:
            count, end_ms = 0, now_ms + WINDOW_MS
        self._counts[pair] = (count + 1, end_ms)
        if len(self._counts) > self._pairs_max:
            self._counts.popitem(last=False)  # the one that failed longest ago
        return count + 1, end_ms

    def forget(self, pair: Pair) -> None:
        """Note a success: what failed before no longer counts."""
        self._counts.pop(pair, None)

    def __len__(self) -> int:
        return len(self._counts)
