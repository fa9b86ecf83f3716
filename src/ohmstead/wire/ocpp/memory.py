"""What is remembered of a station from one connection to the next.

A station that did not get an answer asks again, often on a new connection. So the answers given
and the calls of ours that were given up outlive the socket: one :class:`StationMemory` per
station, handed to each new :class:`~ohmstead.wire.ocpp.rpc.Rpc`.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

ANSWERS_MAX = 64  # per station: behaviour 4, "last 64 per station"
GIVEN_UP_MAX = 64  # our calls per station whose late answer is still recognised
WORKING_MAX = 16  # per station: one for each connection that was ever in the middle of something
STATIONS_MAX = 100_000
BRIEF_MS = 60_000

# A Heartbeat has no effect to protect, and its answer is the time: it is always answered afresh.
NEVER_REMEMBERED = frozenset({"Heartbeat"})

# These say how things stand now and carry no time of their own. From firmware that restarts its
# ids at each boot the same words come again and mean something new, so only a prompt repeat counts.
REMEMBERED_BRIEFLY = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "LogStatusNotification",
        "SignedFirmwareStatusNotification",
        "StatusNotification",
    }
)


# Message id, action, and Python's own hash of the payload. The hash is 64 bits of SipHash under a
# key drawn when the process starts, so by chance two payloads of one id and action are taken for
# one less than once in 10^17 messages. A station that could find such a pair (an operator may set
# PYTHONHASHSEED) would have its own second message answered unread, and nobody else's: it might as
# well not have sent it. A cryptographic digest would cost three times as much and protect nobody.
Key = tuple[str, str, int]


class Work(msgspec.Struct, eq=False):
    """One call being worked on; whoever repeats it meanwhile waits for its frame."""

    key: Key | None  # None: not to be remembered
    message_id: str
    frame: bytes | None = None
    abandoned: bool = False


class StationMemory:
    """The answers one station was given, the work still owed to it, and our calls given up."""

    __slots__ = ("_answers", "_given_up", "_until_ms", "_uses", "_working")

    # Plain dicts: they keep their order, and a station's memory stands beside every connection.
    def __init__(self) -> None:
        self._answers: dict[Key, bytes] = {}  # key -> payload, oldest first
        self._uses: dict[str, int] = {}  # message id -> how many of them it names
        self._until_ms: dict[Key, int] = {}  # of those remembered briefly
        self._working: dict[Key, Work] = {}
        self._given_up: dict[str, str] = {}  # message id of ours -> action

    def key(self, message_id: str, action: str, payload: bytes) -> Key | None:
        """Return what identifies a call, or None for one that is never remembered."""
        return None if action in NEVER_REMEMBERED else (message_id, action, hash(payload))

    def recall(self, key: Key | None, now_ms: int) -> bytes | Work | None:
        """Return the payload answered before, the work still going on, or None for a new call."""
        if key is None:
            return None
        answer = self._answers.get(key)
        if answer is not None:
            if now_ms < self._until_ms.get(key, now_ms + 1):
                return answer
            self._forget(key)
        return self._working.get(key)

    def is_id_known(self, message_id: str) -> bool:
        """Tell whether a remembered answer already has this id."""
        return message_id in self._uses

    def begin(self, key: Key | None, message_id: str) -> Work:
        """Note that a new call is being worked on."""
        work = Work(key, message_id)
        if key is not None:
            self._working[key] = work
            if len(self._working) > WORKING_MAX:
                del self._working[next(iter(self._working))]
        return work

    def settle(self, work: Work, frame: bytes, answer: bytes | None, now_ms: int) -> None:
        """Note the reply. Only an answer is remembered.

        A refused call had no effect, so its repeat is tried again: the cause may be gone.
        """
        work.frame = frame
        key = work.key
        if key is None or not self._drop(work, key) or answer is None:
            return
        answers, uses = self._answers, self._uses
        # Most answers are {}: share one object between them all.
        answers[key] = b"{}" if answer == b"{}" else answer
        uses[key[0]] = uses.get(key[0], 0) + 1
        if key[1] in REMEMBERED_BRIEFLY:
            self._until_ms[key] = now_ms + BRIEF_MS
        if len(answers) > ANSWERS_MAX:
            self._forget(next(iter(answers)))

    def abandon(self, work: Work) -> None:
        """Note that nothing will be answered; a repeat is a new call."""
        work.abandoned = True
        if work.key is not None:
            self._drop(work, work.key)

    def give_up(self, message_id: str, action: str) -> None:
        """Remember a call of ours that expired or lost its connection."""
        self._given_up[message_id] = action
        if len(self._given_up) > GIVEN_UP_MAX:
            del self._given_up[next(iter(self._given_up))]

    def late(self, message_id: str) -> str | None:
        """Return the action of a call given up, once; None if there was none."""
        return self._given_up.pop(message_id, None)

    def _drop(self, work: Work, key: Key) -> bool:
        """End the work; False if another took its place meanwhile."""
        if self._working.get(key) is not work:
            return False
        del self._working[key]
        return True

    def _forget(self, key: Key) -> None:
        del self._answers[key]
        left = self._uses.pop(key[0]) - 1
        if left:
            self._uses[key[0]] = left
        self._until_ms.pop(key, None)


class AnswerCache:
    """The memories of all stations, the least recently connected forgotten first."""

    def __init__(self, stations_max: int = STATIONS_MAX) -> None:
        self._stations_max = stations_max
        self._stations: OrderedDict[str, StationMemory] = OrderedDict()

    def of(self, station_id: str) -> StationMemory:
        """Return the memory of a station, a blank one for a station not seen lately."""
        memory = self._stations.get(station_id)
        if memory is None:
            memory = self._stations[station_id] = StationMemory()
            if len(self._stations) > self._stations_max:
                self._stations.popitem(last=False)
        self._stations.move_to_end(station_id)
        return memory

    def __len__(self) -> int:
        return len(self._stations)
