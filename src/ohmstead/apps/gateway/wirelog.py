"""The last frames of each station, for whoever stands before a charger that will not charge.

On the way of a message this is one append of a reference: nothing is parsed, formatted or masked
until somebody looks (:mod:`ohmstead.apps.api.frames`). Everybody's last few frames are kept; of a
station that is being looked at, more, for some minutes. A log outlives its connections, because
what matters is often how the last one ended. No HTTP header ever enters.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns

from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.frozen import Frozen

FRAMES_MAX = 6  # of a station nobody looks at
LONG_BYTES = 1_024  # of a longer frame of such a station, only the head is kept
HEAD_BYTES = 128
WATCHED_FRAMES_MAX = 200
WATCHED_BYTES_MAX = 1 << 20  # of one station that is looked at
WATCHED_LONG_BYTES = WATCHED_BYTES_MAX // 4
WATCHED_MAX = 32  # stations at once; beyond that the longest unasked is let go
WATCH_MS = 600_000  # after somebody last looked
STATIONS_MAX = 20_000  # logs; 240 MB if every frame of all had LONG_BYTES
NOTE_CHARACTERS_MAX = 200
REFUSALS_MAX = 5  # of a station, each with another text; they outlast the frames of who got in
REFUSAL_CHARACTERS_MAX = 160  # beside how often and since when

NS_PER_MS = 1_000_000
IN, OUT, NOTE = "in", "out", "note"


class Cut(Frozen):
    """What is kept of a long frame."""

    head: bytes
    size: int


Kept = tuple[int, str, bytes | Cut | str]  # monotonic ms; direction; a frame, or the text of a note


@dataclass(slots=True)
class Refusal:
    """A log-in that was refused, as often as it was."""

    text: str
    count: int
    first_ms: int
    note: Kept  # of the last time


class WireLog:
    """One station's frames, the oldest first. ``count`` is the number of the newest, from 1."""

    __slots__ = ("_bytes", "_long_bytes", "_until_ms", "count", "frames", "refusals")

    def __init__(self) -> None:
        self.count = 0
        self.frames: list[Kept] = []  # a deque takes four times the memory
        self.refusals: list[Refusal] | None = None  # most stations have none
        self._long_bytes = LONG_BYTES  # more than this is looked at before it is kept
        self._bytes = 0  # held, while it is watched
        self._until_ms = 0  # 0: nobody looks

    def received(self, data: bytes, at_ms: int) -> None:
        """A frame came."""
        kept = data if len(data) <= self._long_bytes else self._fit(data, at_ms)
        self._keep(at_ms, IN, kept)

    def sent(self, data: bytes) -> None:
        """A frame goes."""
        at_ms = monotonic_ns() // NS_PER_MS
        kept = data if len(data) <= self._long_bytes else self._fit(data, at_ms)
        self._keep(at_ms, OUT, kept)

    def note(self, text: str) -> None:
        """Something happened that is no frame: a log-in that failed, how a connection ended."""
        text = text[:NOTE_CHARACTERS_MAX]
        if self.frames and self.frames[-1][1:] == (NOTE, text):
            self.frames.pop()  # who only knocks and knocks is to push nothing out
        if self._until_ms:
            self._make_room(0)
        self._keep(monotonic_ns() // NS_PER_MS, NOTE, text)

    def refused(self, text: str) -> None:
        """A log-in was refused: a note that no later frame pushes out.

        One that was noted before is told once, with how often it was. For each that comes another
        leaves, so that strangers never have more than ``REFUSALS_MAX`` lines here.
        """
        now_ms = monotonic_ms()
        text = text[:REFUSAL_CHARACTERS_MAX]
        kept = self.refusals = self.refusals or []
        known = next((at for at, one in enumerate(kept) if one.text == text), None)
        count, first_ms, told = 1, now_ms, text
        if known is not None:
            count, first_ms = kept[known].count + 1, kept[known].first_ms
            told = f"{text} ({count} times, the first {span(now_ms - first_ms)} before)"
        if known is not None or len(kept) == REFUSALS_MAX:
            gone = kept.pop(known or 0)
            if gone.note in self.frames:
                self.frames.remove(gone.note)
        self.note(told)
        kept.append(Refusal(text, count, first_ms, self.frames[-1]))

    def outlasting(self) -> list[Kept]:
        """The refused log-ins that later frames have pushed out."""
        return [one.note for one in self.refusals or () if one.note not in self.frames]

    def watch(self, now_ms: int) -> None:
        """Keep more for a while: somebody looks."""
        if not self._until_ms:
            self._bytes = sum(size_of(data) for _, _, data in self.frames)
        self._until_ms = now_ms + WATCH_MS
        self._long_bytes = -1  # every frame

    def rest(self) -> None:
        """Nobody looks any more."""
        self._until_ms, self._long_bytes = 0, LONG_BYTES
        self.frames = [
            (at_ms, direction, Cut(data[:HEAD_BYTES], len(data)))
            if isinstance(data, bytes) and len(data) > LONG_BYTES
            else (at_ms, direction, data)
            for at_ms, direction, data in self.frames[-FRAMES_MAX:]
        ]

    def forget(self, since_ms: int) -> None:
        """Drop what is older; ``since_ms`` is of the monotonic clock, as are the frames."""
        frames = self.frames
        while frames and frames[0][0] < since_ms:
            _, _, data = frames.pop(0)
            self._bytes -= size_of(data) if self._until_ms else 0

    def erase(self, is_named: Callable[[bytes], bool]) -> int:
        """Blank the frames that name somebody; returns how many those were."""
        kept = list(self.frames)
        for at, (at_ms, direction, data) in enumerate(kept):
            raw = data.head if isinstance(data, Cut) else data
            if isinstance(raw, bytes) and is_named(raw):
                self._bytes -= size_of(data) if self._until_ms else 0
                kept[at] = (at_ms, direction, Cut(b"", len(raw)))
        erased = sum(one is not other for one, other in zip(kept, self.frames, strict=True))
        self.frames = kept
        return erased

    def _keep(self, at_ms: int, direction: str, kept: bytes | Cut | str) -> None:
        self.count += 1
        frames = self.frames
        if frames and frames[-1][0] == at_ms:
            at_ms = frames[-1][0]  # one number for a call and its answer, often
        frames.append((at_ms, direction, kept))
        if len(frames) > FRAMES_MAX and not self._until_ms:
            del frames[0]

    def _fit(self, data: bytes, at_ms: int) -> bytes | Cut:
        """What is kept of a frame that is long, or of any while somebody looks."""
        if self._until_ms and at_ms > self._until_ms:
            self.rest()
        if not self._until_ms:
            return data if len(data) <= LONG_BYTES else Cut(data[:HEAD_BYTES], len(data))
        kept = data if len(data) <= WATCHED_LONG_BYTES else Cut(data[:HEAD_BYTES], len(data))
        self._make_room(size_of(kept))
        return kept

    def _make_room(self, size: int) -> None:
        self._bytes += size
        frames = self.frames
        while frames and (self._bytes > WATCHED_BYTES_MAX or len(frames) >= WATCHED_FRAMES_MAX):
            self._bytes -= size_of(frames.pop(0)[2])


class WireLogs:
    """Every station's log."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, WireLog] = OrderedDict()
        self._watched: dict[str, None] = {}  # the longest unasked first

    def of(self, station_id: str) -> WireLog:
        """The log of a registered station, made when there is none."""
        log = self._logs.get(station_id)
        if log is None:
            log = self._logs[station_id] = WireLog()
            if len(self._logs) > STATIONS_MAX:
                self._logs.popitem(last=False)
        else:
            self._logs.move_to_end(station_id)
        return log

    def __contains__(self, station_id: str) -> bool:
        return station_id in self._logs

    def all(self) -> list[tuple[str, WireLog]]:
        """Every log there is, by station."""
        return list(self._logs.items())

    def watched(self, station_id: str) -> WireLog:
        """The same, and from now on more of it is kept for a while."""
        log = self.of(station_id)
        log.watch(monotonic_ms())
        self._watched.pop(station_id, None)
        self._watched[station_id] = None
        if len(self._watched) > WATCHED_MAX:
            longest = next(iter(self._watched))
            del self._watched[longest]
            self.of(longest).rest()
        return log


def span(ms: int) -> str:
    """How long something took, for people: whole units, rounded down."""
    seconds = ms // 1_000
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def size_of(data: bytes | Cut | str) -> int:
    """Bytes that are held; a note's do not count."""
    if isinstance(data, bytes):
        return len(data)
    return len(data.head) if isinstance(data, Cut) else 0
