"""What this house asked of its stations: who asked, why, what, and what became of it."""

from __future__ import annotations

import enum

from ohmstead.frozen import Frozen

HOUSE = "house"


class CommandState(enum.Enum):
    """How far a command has come; only the first two go on."""

    QUEUED = "queued"  # waits for its station
    SENT = "sent"  # it left, or was about to, and no answer has come
    ANSWERED = "answered"
    INVALID = "invalid"  # the answer breaks its schema; it is kept and shown, never trusted
    REFUSED = "refused"  # a CALLERROR
    TIMEOUT = "timeout"  # no answer in time; the station may still obey
    UNSENT = "unsent"  # it never left: no connection, or too many before it
    UNKNOWN = "unknown"  # it left, and the connection or this process ended before the answer
    UNDELIVERABLE = "undeliverable"  # the station came back with a version that has no such request
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNDER_WAY = frozenset({CommandState.QUEUED, CommandState.SENT})


class Author(Frozen):
    """Who asks, and why. ``via`` is the door: api, cli, or house for what it does by itself."""

    by: str = HOUSE  # the id of an API key
    name: str = HOUSE
    via: str = HOUSE
    reason: str = ""


class StationCommand(Frozen):
    """One command to one station. Ids sort the newest first; the id is the OCPP message id too.

    ``payload``, ``answer`` and ``late`` are JSON texts whose secrets are masked.
    """

    id: str
    station_id: str
    action: str
    payload: str
    author: Author
    state: CommandState
    created_ms: int
    sent_ms: int = 0
    ended_ms: int = 0
    expires_ms: int = 0  # of one that was queued; 0: it was sent at once
    batch: str = ""
    protocol: str = ""
    attempts: int = 0
    answer: str = ""
    error: str = ""  # the code of a CALLERROR, as the station spelled it
    problem: str = ""  # one sentence
    late: str = ""  # behaviour 3: what came after it had been given up
    late_ms: int = 0

    @property
    def key(self) -> str:
        return self.id


class CommandBody(Frozen):
    """What a queued command will say, secrets sealed; emptied once it is over."""

    id: str
    body: str

    @property
    def key(self) -> str:
        return self.id


class CommandBatch(Frozen):
    """One request that was queued for many stations."""

    id: str  # sorts the newest first
    action: str
    payload: str
    author: Author
    created_ms: int
    expires_ms: int
    total: int
    queued: int = 0  # as many as their queues had room for
    spread: bool = False  # False: it stopped half way, by a crash

    @property
    def key(self) -> str:
        return self.id
