"""How fast a station may talk: slowed by not being read, never answered with an error.

Each station has a purse of messages and one of bytes. Every message takes from both, and once in a
while (the gateway's sweep) both are filled up again, to no more than a burst. Whose purse is empty
is not read: its messages wait in the kernel's buffers and then in its own, where TCP holds them. So
nothing it says is lost, the others have the loop, and a queue of thousands of messages that an
honest station kept while it was offline drains, only not all at once.

A purse belongs to the station and not to its connection: reconnecting does not fill it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Self

from ohmstead.apps.config_sections import PaceConfig
from ohmstead.frozen import Frozen

STATIONS_MAX = 100_000  # paces, about 150 bytes each; the least recently connected goes first
OVER_MS = 60_000  # a flood is over when for so long nothing had to wait
MS_PER_S = 1_000


class PaceLimits(Frozen):
    """Of one station. The burst is what it may say at once after a silence."""

    messages_per_s: int = 500
    messages_burst: int = 20_000  # more than any station keeps while it is offline
    bytes_per_s: int = 1 << 20
    bytes_burst: int = 40 << 20
    log_ins_per_minute: int = 60

    @classmethod
    def of(cls, config: PaceConfig) -> Self:
        """As configured; the bursts are what the rates come to in so many seconds."""
        return cls(
            messages_per_s=config.messages_per_s,
            messages_burst=config.messages_per_s * config.burst_s,
            bytes_per_s=config.bytes_per_s,
            bytes_burst=config.bytes_per_s * config.burst_s,
            log_ins_per_minute=config.log_ins_per_minute,
        )


class Pace:
    """One station's purses, and since when it talks faster than they fill.

    Attributes:
        messages, bytes_: what is left; may be below zero by one message.
        flooding_since_ms: when it first had to wait, of the times less than ``OVER_MS`` apart.
        held, held_ms: how many times it had to wait since then, and when it last had.
    """

    __slots__ = (
        "_filled_ms",
        "_log_ins",
        "_log_ins_since_ms",
        "bytes_",
        "flooding_since_ms",
        "held",
        "held_ms",
        "limits",
        "messages",
    )

    def __init__(self, limits: PaceLimits, now_ms: int) -> None:
        self.limits = limits
        self.messages = limits.messages_burst
        self.bytes_ = limits.bytes_burst
        self.flooding_since_ms = 0
        self.held = self.held_ms = 0
        self._filled_ms = now_ms
        self._log_ins = 0
        self._log_ins_since_ms = now_ms

    def spend(self, size: int) -> bool:
        """A message of so many bytes is worked on; False: after it the purses are empty."""
        self.messages -= 1
        self.bytes_ -= size
        return self.messages > 0 and self.bytes_ > 0

    @property
    def is_empty(self) -> bool:
        """Nothing can be spent until it is filled."""
        return self.messages <= 0 or self.bytes_ <= 0

    def fill(self, now_ms: int) -> bool:
        """Time has passed; True when there is something to spend."""
        limits, passed_ms = self.limits, now_ms - self._filled_ms
        messages = passed_ms * limits.messages_per_s // MS_PER_S
        if messages > 0:  # else the rest of a message would be lost each time
            self._filled_ms = now_ms
            self.messages = min(limits.messages_burst, self.messages + messages)
            size = passed_ms * limits.bytes_per_s // MS_PER_S
            self.bytes_ = min(limits.bytes_burst, self.bytes_ + size)
        return not self.is_empty

    def hold(self, now_ms: int) -> bool:
        """It has to wait; True: for the first time in this flood."""
        is_new = not self.flooding_since_ms or now_ms - self.held_ms >= OVER_MS
        if is_new:
            self.flooding_since_ms, self.held = now_ms, 0
        self.held += 1
        self.held_ms = now_ms
        return is_new

    def log_in(self, now_ms: int) -> int:
        """One more log-in; returns the ms to wait where there were too many in this minute."""
        if now_ms - self._log_ins_since_ms >= OVER_MS:
            self._log_ins, self._log_ins_since_ms = 0, now_ms
        if self._log_ins >= self.limits.log_ins_per_minute:
            self.hold(now_ms)
            return max(1, self._log_ins_since_ms + OVER_MS - now_ms)
        self._log_ins += 1
        return 0


class Paces:
    """Every station's; they outlive connections."""

    def __init__(self, limits: PaceLimits, stations_max: int = STATIONS_MAX) -> None:
        self._limits = limits
        self._stations_max = stations_max
        self._paces: OrderedDict[str, Pace] = OrderedDict()

    def of(self, station_id: str, now_ms: int) -> Pace:
        """The pace of a station that is connecting; full purses for one not seen lately."""
        pace = self._paces.get(station_id)
        if pace is None:
            pace = self._paces[station_id] = Pace(self._limits, now_ms)
            if len(self._paces) > self._stations_max:
                self._paces.popitem(last=False)
        self._paces.move_to_end(station_id)
        return pace

    def flooding_ms(self, station_id: str, now_ms: int) -> int:
        """For how long a station has been talking too fast; 0: it does not."""
        pace = self._paces.get(station_id)
        if pace is None or not pace.flooding_since_ms or now_ms - pace.held_ms >= OVER_MS:
            return 0
        return max(1, now_ms - pace.flooding_since_ms)
