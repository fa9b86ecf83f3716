"""A charge attempt: how far it came and when, and why there was no energy."""

from __future__ import annotations

from ohmstead.core.attempt_stages import REMOTE, TRANSITIONS, Cause, Reason, Stage
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen, replace
from ohmstead.hashing import sha256

ATTEMPTS_MAX = 1_000  # of one station; the newest takes the place of the oldest
OPEN_MAX = 64  # of one station at a time
DETAIL_MAX = 60
CARD_DIGITS = 12
_REFUSALS = frozenset({Cause.REJECTED, *REMOTE})
_CABLE_UNKNOWN = frozenset({Stage.AUTHORISED, Stage.ASKED})


class Attempt(Frozen):
    """One try of one driver. ``number`` counts a station's attempts; its place is number mod size.

    ``evse_id`` is 0 while only an id_token was presented; ``connector_id`` is 0 where nobody said.
    Times are ms since 1970, 0 for what did not happen; those of a transaction that began offline
    are its station's.
    """

    station_id: str
    number: int
    stage: Stage
    opened_ms: int
    changed_ms: int
    evse_id: int = 0
    connector_id: int = 0
    plugged_ms: int = 0
    authorised_ms: int = 0
    started_ms: int = 0
    charging_ms: int = 0  # when the station said that it charges
    closed_ms: int = 0
    session_id: str = ""
    card: str = ""  # names the id_token that was presented, see ``card_of``
    refused: bool = False  # the last id_token that was presented
    reason: Reason | None = None
    detail: str = ""
    remote: Reason | None = None  # of the last remote start, while nothing better is known

    @property
    def key(self) -> str:
        return attempt_key(self.station_id, self.number)

    @property
    def is_open(self) -> int:
        return 0 if self.closed_ms else 1

    @property
    def power_ms(self) -> int | None:
        """From the first sign of the driver to energy, None where there was none."""
        return self.closed_ms - self.opened_ms if self.stage is Stage.FLOWING else None


def attempt_key(station_id: str, number: int) -> str:
    """The key of an attempt, and of the one it will be overwritten by."""
    return f"{station_id}/{number % ATTEMPTS_MAX:04d}"


class AttemptHead(Frozen, array_like=True):
    """How many attempts a station has had, and the numbers of those that are open."""

    station_id: str
    count: int = 0
    open: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        return self.station_id


class Moved(Frozen):
    """What a cause says beside itself."""

    cause: Cause
    at_ms: int
    evse_id: int = 0
    connector_id: int = 0
    session_id: str = ""
    card: str = ""
    refused: bool = False  # BEGUN: for an id_token that may not charge
    detail: str = ""


def card_of(id_token: str) -> str:
    """Tells one id_token from another, and is none."""
    return sha256(id_token.casefold().encode()).hex()[:CARD_DIGITS] if id_token else ""


def opens(cause: Cause) -> bool:
    """Whether an attempt may begin with this."""
    return cause in TRANSITIONS[None]


def opened(station_id: str, number: int, moved: Moved) -> Attempt:
    """A new attempt; raises LocalProtocolError for a cause that begins none."""
    blank = Attempt(station_id, number, Stage.REJECTED, moved.at_ms, moved.at_ms)
    return _moved(blank, None, moved)


def advance(before: Attempt, moved: Moved) -> Attempt:
    """The attempt after a cause; raises LocalProtocolError where the table has no entry."""
    return _moved(before, before.stage, moved)


def _moved(before: Attempt, was: Stage | None, moved: Moved) -> Attempt:
    cause, at_ms = moved.cause, max(moved.at_ms, before.opened_ms)
    try:
        stage = TRANSITIONS[was][cause]
    except KeyError:
        name = was.value if was is not None else "no attempt"
        raise LocalProtocolError(f"an attempt in {name} cannot see {cause.value}") from None
    after = replace(
        before,
        stage=stage,
        changed_ms=before.changed_ms if stage is was else at_ms,
        evse_id=before.evse_id or moved.evse_id,
        connector_id=before.connector_id or moved.connector_id,
        session_id=moved.session_id or before.session_id,
    )
    if moved.detail and not (cause in _REFUSALS and before.authorised_ms):
        after = replace(after, detail=moved.detail[:DETAIL_MAX])
    if moved.card and not before.authorised_ms:
        after = replace(after, card=moved.card)
    match cause:
        case Cause.PLUGGED | Cause.OCCUPIED if stage not in _CABLE_UNKNOWN:
            after = replace(after, plugged_ms=before.plugged_ms or at_ms)
        case Cause.AUTHORISED:
            known_ms = before.authorised_ms or at_ms
            after = replace(after, authorised_ms=known_ms, refused=False, detail="", remote=None)
        case Cause.REJECTED if not before.authorised_ms:
            after = replace(after, refused=True, remote=None)
        case Cause.BEGUN:
            refused = moved.refused and not before.authorised_ms
            after = replace(after, started_ms=before.started_ms or at_ms, refused=refused)
            if moved.card and before.remote:  # obeyed, or a card came meanwhile
                after = replace(after, remote=None, detail=moved.detail[:DETAIL_MAX])
        case Cause.CHARGING if stage is Stage.STARTED:
            after = replace(after, charging_ms=before.charging_ms or at_ms)
        case _ if cause in REMOTE and not _has_id(before):
            after = replace(after, refused=False, remote=REMOTE[cause])
        case _:
            pass
    return _closed(after, was, cause, at_ms)


def _began_with_one(attempt: Attempt) -> bool:
    return attempt.stage is Stage.STARTED and bool(attempt.card) and attempt.remote is None


def _has_id(attempt: Attempt) -> bool:
    """Whether an id_token decides about it, and not what becomes of a remote start."""
    return bool(attempt.authorised_ms or _began_with_one(attempt))


def _closed(after: Attempt, was: Stage | None, cause: Cause, at_ms: int) -> Attempt:
    if after.stage is Stage.FLOWING:
        # A register is read each minute; that the station charges, it says at once.
        closed_ms = after.charging_ms or at_ms
        return replace(after, closed_ms=closed_ms, refused=False, detail="", remote=None)
    if after.stage is Stage.GIVEN_UP:
        return replace(after, closed_ms=max(1, at_ms), reason=_reason(after, was, cause))
    return after


def _reason(attempt: Attempt, was: Stage | None, cause: Cause) -> Reason:
    match cause, was:
        case Cause.FAULT, _:
            return Reason.STATION_FAULT
        case Cause.LOST, _:
            return Reason.STATION_LOST
        case _ if attempt.remote is not None:
            return attempt.remote
        case _, Stage.ASKED:
            return Reason.REMOTE_START_UNANSWERED
        case _, Stage.PLUGGED:
            return Reason.ID_REJECTED if attempt.refused else Reason.NO_ID
        case _, Stage.AUTHORISED:
            return Reason.NOT_PLUGGED
        case _, Stage.READY:
            return Reason.NOT_STARTED
        case _, Stage.STARTED if not attempt.refused:
            return Reason.NO_ENERGY if attempt.plugged_ms else Reason.NOT_PLUGGED
        case _:
            return Reason.ID_REJECTED
