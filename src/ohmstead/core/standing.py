"""What is kept of how a station's configuration stands beside its template; see ``drift``."""

from __future__ import annotations

import enum

from ohmstead.frozen import Frozen


class Stand(enum.Enum):
    """How a station stands."""

    UNREAD = "unread"
    NO_TEMPLATE = "no_template"
    CONFLICT = "conflict"
    AS_WANTED = "as_wanted"
    DRIFTED = "drifted"
    REBOOT = "reboot_required"
    GIVEN_UP = "given_up"


TROUBLE = (Stand.GIVEN_UP, Stand.CONFLICT)  # a person has to look


class DriftKind(enum.Enum):
    """What is wrong with one setting."""

    DIFFERS = "differs"
    ABSENT = "absent"  # the station did not tell of it
    UNFIT = "unfit"  # by what the station said of it, it cannot have this value
    REFUSED = "refused"  # the station said no to it


class Drift(Frozen, array_like=True):
    """One setting that is not as it should be; ``text`` says why it stays so."""

    name: str
    wanted: str
    found: str | None
    kind: DriftKind
    text: str = ""


class Refusal(Frozen, array_like=True):
    """A value that a station did not take, and its word for it."""

    name: str
    wanted: str
    word: str


class Standing(Frozen):
    """What is known of one station's configuration beside its inventory."""

    station_id: str
    protocol: str = ""
    read_ms: int = 0
    count: int = 0
    dropped: int = 0
    problem: str = ""  # why the last reading failed
    problem_ms: int = 0
    template: str = ""
    revision: int = 0
    firmware: str = ""  # which it had when it was judged
    state: Stand = Stand.UNREAD
    reason: str = ""
    since_ms: int = 0
    drift: tuple[Drift, ...] = ()
    tries: int = 0
    not_before_ms: int = 0
    restarts: int = 0
    repaired_ms: tuple[int, ...] = ()  # when it was last put right
    refusals: tuple[Refusal, ...] = ()
    is_asked: bool = False  # a person asked for a repair that is not done yet
    asked_by: str = ""
    rivals: tuple[str, ...] = ()  # CONFLICT: what else applies as much as ``template``

    @property
    def key(self) -> str:
        return self.station_id
