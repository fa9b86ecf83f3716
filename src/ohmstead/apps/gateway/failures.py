"""How often a log-in failed lately, by address and station: bounded, and blind to successes.

A whole fleet may sit behind one address, so an address alone never counts. A correct password is
let in however many wrong ones came before it; otherwise anybody behind the same address could
lock a station out. What the limit does is to end the 401s and the log lines. It does not slow
guessing down, which the 160 random bits of a password do (6-stack, station passwords).

A password that a station brought along may be `1234`, and then nothing else slows guessing down:
:class:`Guesses` does.
"""

from __future__ import annotations

from collections import OrderedDict

from ohmstead.frozen import Frozen

PAIRS_MAX = 10_000  # about 200 bytes each
FAILURES_MAX = 5
WINDOW_MS = 60_000
LOOK_EVERY_MS = 1_000  # at a guess, once there were too many: 10,000 PINs take hours
STATIONS_MAX = 10_000  # of which it is known that they are guessed at
RECENT_MS = 600_000  # for which that is told

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

    def is_over(self, pair: Pair, now_ms: int) -> bool:
        """Whether there were too many in the window of now."""
        count, end_ms = self._counts.get(pair, (0, 0))
        return count >= FAILURES_MAX and now_ms < end_ms

    def forget(self, pair: Pair) -> None:
        """Note a success: what failed before no longer counts."""
        self._counts.pop(pair, None)

    def __len__(self) -> int:
        return len(self._counts)


class Guessing(Frozen):
    """From where a station's password was guessed at last."""

    address: str
    last_ms: int


class Guesses:
    """Holds whoever guesses at one guessable password from one address to one look a second.

    Kept apart from the failures of all stations, so that nobody pushes his own pair out by failing
    at others: here only registered stations with such a password have a place.
    """

    def __init__(self, pairs_max: int = PAIRS_MAX) -> None:
        self._failures = Failures(pairs_max)
        self._pairs_max = pairs_max
        self._looked: OrderedDict[Pair, int] = OrderedDict()
        self._guessed: OrderedDict[str, Guessing] = OrderedDict()

    def may_look(self, pair: Pair, now_ms: int) -> bool:
        """Whether this attempt is looked at; takes the look if so."""
        if not self._failures.is_over(pair, now_ms):
            return True
        if now_ms - self._looked.get(pair, now_ms - LOOK_EVERY_MS) < LOOK_EVERY_MS:
            return False
        self._looked[pair] = now_ms
        self._looked.move_to_end(pair)
        if len(self._looked) > self._pairs_max:
            self._looked.popitem(last=False)
        return True

    def missed(self, pair: Pair, now_ms: int) -> bool:
        """Note a password that did not fit; whether there were too many by now."""
        count, _ = self._failures.count(pair, now_ms)
        if count <= FAILURES_MAX:
            return False
        address, station_id = pair
        self._guessed[station_id] = Guessing(address, now_ms)
        self._guessed.move_to_end(station_id)
        if len(self._guessed) > STATIONS_MAX:
            self._guessed.popitem(last=False)
        return True

    def forget(self, pair: Pair) -> None:
        """Note a success."""
        self._failures.forget(pair)
        self._looked.pop(pair, None)

    def of(self, station_id: str, now_ms: int) -> Guessing | None:
        """Who guessed at a station's password in the last ten minutes."""
        found = self._guessed.get(station_id)
        return found if found is not None and now_ms - found.last_ms < RECENT_MS else None

    def __len__(self) -> int:
        return max(len(self._failures), len(self._looked), len(self._guessed))
