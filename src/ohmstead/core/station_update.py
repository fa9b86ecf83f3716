"""One station of a firmware roll-out: where it stands. What moves it is in ``update_moves``."""

from __future__ import annotations

import enum

from ohmstead.frozen import Frozen
from ohmstead.hashing import sha256

RANK_DIGITS = 16
REQUEST_ID_MAX = 2**31 - 1


class UpdateState(enum.Enum):
    """How far one station has come."""

    PENDING = "pending"
    OFFERED = "offered"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    VERIFIED = "verified"  # its signature
    INSTALLING = "installing"
    REBOOTING = "rebooting"
    INSTALLED = "installed"  # as the station says; its BootNotification is to confirm it
    CONFIRMED = "confirmed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    SKIPPED = "skipped"


class UpdateEvent(enum.Enum):
    """What moves an update."""

    OFFERED = "offered"
    TAKEN = "taken"  # the station answered that it will
    UNSENT = "unsent"  # the offer never left
    UNKNOWN = "unknown"  # the station knows of no update
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    VERIFIED = "verified"
    INSTALLING = "installing"
    REBOOTING = "rebooting"
    INSTALLED = "installed"
    BOOTED = "booted"  # with the version that ``Told`` names
    FAILED = "failed"  # may go better the next time
    BROKEN = "broken"  # as FAILED, while it installed
    REFUSED = "refused"  # will not go better the next time
    SILENT = "silent"  # its time was over without a word
    ROLL_BACK = "roll_back"  # an operator's or a roll-out's wish
    LEFT_OUT = "left_out"
    GIVEN_UP = "given_up"  # an operator waits for it no longer


class Rollback(enum.Enum):
    """Who is given the firmware of before."""

    NONE = "none"
    FAILED = "failed"  # each station whose installation failed
    ALL = "all"  # and, when the roll-out halts, each that was updated


class Terms(Frozen):
    """What of a roll-out concerns each station; an empty version cannot be confirmed by a boot."""

    version: str
    previous_version: str
    has_previous: bool
    rollback: Rollback
    retries: int
    timeout_ms: int  # without a word
    is_cancelled: bool = False  # then whoever boots has ended, with whatever version


class Told(Frozen):
    """An event, in the station's or the house's words."""

    event: UpdateEvent
    reason: str = ""
    version: str = ""  # BOOTED: as the BootNotification says


class StationUpdate(Frozen):
    """Where one station of one roll-out stands; keys sort in the order of their turns."""

    number: int  # of the roll-out
    station_id: str
    rank: str
    state: UpdateState = UpdateState.PENDING
    back: bool = False  # on the way to the firmware of before
    from_version: str = ""
    request_id: int = 0  # of the last offer
    offers: int = 0  # on this way
    taken: bool = False  # the station answered the last offer
    installing: bool = False  # it came so far that its firmware may be damaged
    seen: str = ""  # the version it last booted with since it was offered
    failed: bool = False  # the way forth ended badly
    confirmed: bool = False  # the way forth ended well
    reason: str = ""
    changed_ms: int = 0
    due_ms: int = 0  # under way: when it counts as silent; PENDING: not before
    has_turn: bool = True  # False: left out when the roll-out began

    @property
    def key(self) -> str:
        return update_key(self.number, self.rank, self.station_id)

    @property
    def place(self) -> str:
        """Where it is counted; see :class:`ohmstead.core.rollout.Tally`."""
        if self.state in UNDER_WAY:
            return "back_under_way" if self.back else "under_way"
        if self.state is _S.PENDING:
            return "back_waiting" if self.back else "waiting"
        return "updated" if self.state is _S.CONFIRMED else self.state.value

    @property
    def turns(self) -> int:
        """The roll-out, of a station that takes a turn in it; 0 of one that was left out."""
        return self.number if self.has_turn else 0

    @property
    def lane(self) -> str:
        """The roll-out and the place, by which the store finds it."""
        return lane_of(self.number, self.place)


_S = UpdateState
# In the order in which a station goes through them. 2.0.1 says Installed after its reboot, 1.6 may
# say it before: so a boot is waited for after either.
PROGRESS = (
    _S.OFFERED,
    _S.DOWNLOADING,
    _S.DOWNLOADED,
    _S.VERIFIED,
    _S.INSTALLING,
    _S.REBOOTING,
    _S.INSTALLED,
)
UNDER_WAY = frozenset(PROGRESS)


def rank_of(number: int, station_id: str) -> str:
    """A station's turn in a roll-out: the same whenever and wherever it is asked."""
    return sha256(f"{number}\0{station_id}".encode()).hex()[:RANK_DIGITS]


def update_key(number: int, rank: str, station_id: str) -> str:
    """The key of a station's update: those of a roll-out sort by rank."""
    return f"{number:010d}/{rank}/{station_id}"


def lane_of(number: int, place: str) -> str:
    """The lane of a place of a roll-out."""
    return f"{number}/{place}"


def request_id_of(update: StationUpdate, offers: int) -> int:
    """OCPP's requestId of an offer: derived, so that making it twice is making it once."""
    words = f"{update.number}\0{update.station_id}\0{update.back}\0{offers}"
    return int.from_bytes(sha256(words.encode())[:4], "big") & REQUEST_ID_MAX


def same_version(one: str, other: str) -> bool:
    """Whether two spellings are the same version; an empty one is none."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()
