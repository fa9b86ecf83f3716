"""A firmware roll-out over many stations: who is meant, in which order, and when it goes on.

    ENROLLING ──everybody is written down──▶ RUNNING ──the last stage is over──▶ DONE
    RUNNING ◀──▶ PAUSED      RUNNING ──too many failures──▶ HALTED ──resumed──▶ RUNNING
    any that is not over ──cancelled──▶ CANCELLED

Stations take their turns in the order of a hash over roll-out and station, so that a stage of 1 %
is the same 1 % whoever computes it, and a stage contains the ones before it.
"""

from __future__ import annotations

import enum

from ohmstead.core.command import Author
from ohmstead.core.station_update import Rollback, StationUpdate, Terms
from ohmstead.frozen import Frozen, replace
from ohmstead.units import mul_div_up

STAGES_MAX = 20
AT_ONCE_MAX = 1_000
RETRIES_MAX = 10
NOTES_MAX = 50
NAMED_MAX = 20_000  # stations of one roll-out that are named one by one
HOURS = 24
PERMILLE = 1_000
PERCENT = 100
NO_LIMIT = -1


class RolloutState(enum.Enum):
    """Where a roll-out stands."""

    ENROLLING = "enrolling"
    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"  # by itself: too many failed
    DONE = "done"
    CANCELLED = "cancelled"


_S = RolloutState
OVER = frozenset({_S.DONE, _S.CANCELLED})


class Package(Frozen):
    """A firmware: a file of this house, or a ``location`` that the operator gives.

    ``version`` as a BootNotification says it; empty: nothing to compare with. ``signature`` is
    base64 over the file, ``certificate`` PEM, both or neither. Of a ``location`` with a secret in
    it, this is what may be shown, and ``sealed`` is the whole.
    """

    version: str = ""
    location: str = ""
    file: str = ""
    signature: str = ""
    certificate: str = ""
    vendor: str = ""  # of a file that is for stations of this vendor and model alone
    model: str = ""
    sealed: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it names anything to install."""
        return bool(self.location or self.file)


class Targets(Frozen):
    """Who is meant: stations by name, or those that all of the rest fits; ``everyone`` alone.

    ``vendor``, ``model`` and ``cell`` are what it begins with, whatever the case.
    """

    stations: tuple[str, ...] = ()
    vendor: str = ""
    model: str = ""
    firmware: tuple[str, ...] = ()  # one of these versions now
    owner: str = ""
    cell: str = ""
    everyone: bool = False


class RolloutPlan(Frozen):
    """What was decided when a roll-out began; it never changes."""

    number: int
    package: Package
    previous: Package
    targets: Targets
    stages: tuple[int, ...]  # whole percent of all that are meant, growing, the last one 100
    soak_ms: int  # between a stage's last station and the next stage
    patience_ms: int  # a stage waits so long for stations that cannot be updated now
    timeout_ms: int
    sample: int  # the least stations of a stage, and to judge a rate by
    failures_permille: int  # more than this halts
    failures_max: int  # and more than so many; NO_LIMIT: however many
    at_once: int
    retries: int
    rollback: Rollback
    busy_too: bool = False  # also while somebody charges
    from_hour: int = 0  # local hours of the station; the same twice: all day
    to_hour: int = 0
    author: Author = Author()
    created_ms: int = 0

    @property
    def key(self) -> str:
        return rollout_key(self.number)

    @property
    def terms(self) -> Terms:
        """What of it concerns each station."""
        return Terms(
            self.package.version,
            self.previous.version,
            self.previous.is_there,
            self.rollback,
            self.retries,
            self.timeout_ms,
        )


class Tally(Frozen):
    """How many stations are at each place."""

    waiting: int = 0
    under_way: int = 0
    updated: int = 0
    failed: int = 0
    back_waiting: int = 0
    back_under_way: int = 0
    rolled_back: int = 0
    skipped: int = 0

    @property
    def to_do(self) -> int:
        return self.waiting + self.under_way + self.back_waiting + self.back_under_way


class Note(Frozen):
    """Something that was done to a roll-out, by whom and why."""

    at_ms: int
    what: str
    author: Author


class Rollout(Frozen):
    """Where a roll-out stands; small, because every step of every station writes it."""

    number: int
    state: RolloutState
    tally: Tally = Tally()
    total: int = 0  # stations that take a turn
    enrolled_to: str = ""  # the last station that was looked at
    stage: int = 0
    opened: int = 0  # stations whose stage has come
    edge: str = ""  # the key of the last of them
    stage_ms: int = 0  # when the stage began
    last_ms: int = 0  # when the last station's way ended
    failures: int = 0  # since it began, or was resumed after a halt
    successes: int = 0
    rollback: Rollback = Rollback.FAILED
    why: str = ""  # HALTED, or DONE without anybody
    notes: tuple[Note, ...] = ()
    given_up: bool = False  # CANCELLED, and nobody under way is waited for any longer

    @property
    def key(self) -> str:
        return rollout_key(self.number)

    @property
    def is_open(self) -> int:
        """1 as long as it holds stations; a cancelled one until those under way have ended."""
        to_turn = self.state is _S.CANCELLED and self.has_turned
        left = self.tally.to_do + (self.tally.updated if to_turn else 0)
        return int(self.state not in OVER or left > 0)

    @property
    def has_turned(self) -> bool:
        """Whether those that were updated are to have the firmware of before."""
        is_all = self.rollback is Rollback.ALL and not self.given_up
        return is_all and self.state in (_S.HALTED, _S.CANCELLED)


class Claim(Frozen, array_like=True):
    """The roll-out that a station is in, or was in last."""

    station_id: str
    number: int

    @property
    def key(self) -> str:
        return self.station_id


def rollout_key(number: int) -> str:
    """The key of a roll-out and of its plan: they sort as they were begun."""
    return f"{number:010d}"


def stage_size(plan: RolloutPlan, rollout: Rollout) -> int:
    """How many stations have their turn up to this stage: its percent, and at least the sample."""
    share = mul_div_up(rollout.total, plan.stages[rollout.stage], PERCENT)
    return min(rollout.total, max(share, plan.sample))


def noted(rollout: Rollout, what: str, author: Author, now_ms: int) -> Rollout:
    """The roll-out with a line more in its history; the oldest gives way."""
    notes = (*rollout.notes, Note(now_ms, what, author))[-NOTES_MAX:]
    return replace(rollout, notes=notes)


def counted(
    rollout: Rollout, before: StationUpdate | None, after: StationUpdate, now_ms: int
) -> Rollout:
    """The roll-out after a step of one of its stations."""
    tally = rollout.tally
    if before is not None:
        tally = replace(tally, **{before.place: getattr(tally, before.place) - 1})
    tally = replace(tally, **{after.place: getattr(tally, after.place) + 1})
    failed = after.failed - (before is not None and before.failed)
    confirmed = after.confirmed - (before is not None and before.confirmed)
    return replace(
        rollout,
        tally=tally,
        failures=max(0, rollout.failures + failed),
        successes=max(0, rollout.successes + confirmed),
        last_ms=now_ms if failed or confirmed else rollout.last_ms,
    )
