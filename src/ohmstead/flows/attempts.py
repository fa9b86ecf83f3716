"""Charge attempts move: with what stations say of connectors and id_tokens, and with time."""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.attempt import (
    OPEN_MAX,
    Attempt,
    AttemptHead,
    Moved,
    advance,
    attempt_key,
    card_of,
    opened,
    opens,
)
from ohmstead.core.attempt_day import AttemptDay, counted, day_key, day_of
from ohmstead.core.attempt_stages import MINUTE_MS, REMOTE, Cause, Stage
from ohmstead.core.network import EvseHead, Station, evse_key
from ohmstead.core.session import Session, SessionState
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

_FULL = {Stage.STARTED, Stage.READY, Stage.AUTHORISED}
_UNDER_WAY = {SessionState.ACTIVE, SessionState.UNFUNDED}
_BY_ID = {Cause.AUTHORISED, Cause.REJECTED}
AGAIN_MS = 2 * MINUTE_MS  # who asks for the same again so soon is making the same attempt


class Note(Frozen):
    """What a station did that no other flow decides about; ``number`` means one attempt of it.

    ``alone``: it is about none that is open now, such as a remote start that was queued long ago.
    ``late``: it is only about the one of its id_token, if that is open still.
    """

    station_id: str
    moved: Moved
    number: int = -1
    alone: bool = False
    late: bool = False


def note(state: State, command: Note, _now_ms: int) -> Decision[None]:
    """Move the attempt that is meant, or begin one; what belongs to a session moves nothing."""
    station = state.get(Station, command.station_id)
    if station is None:
        return Decision(None)
    head = state.get(AttemptHead, station.id) or AttemptHead(station.id)
    open_, moved = open_of(state, head), command.moved
    if command.number >= 0:
        meant = [one for one in open_ if one.number == command.number]
        return Decision(None, moving(state, head, meant[0], moved) if meant else ())
    if moved.evse_id and station.evse(moved.evse_id) is None:
        return Decision(None)  # connector 0 of 1.6, or one that nobody registered
    if _is_again(state, head, moved):
        return Decision(None)
    if command.alone:
        return Decision(None, moving(state, head, None, moved))
    under_way = _under_way(state, station)
    # 1.6 need not name a connector in a remote start: it is about the driver who is there.
    if moved.cause in _BY_ID or (moved.cause in REMOTE and not moved.evse_id):
        attempt = at_evse(open_, moved) if moved.evse_id else _presented(station, open_, moved)
        # Who presents a card again ends a charge, and begins none.
        if attempt is None or attempt.stage not in (Stage.PLUGGED, Stage.STARTED):
            if any(card_of(session.id_token) == moved.card for session in under_way):
                return Decision(None)
            if len({session.evse_id for session in under_way}) >= len(station.evses):
                return Decision(None)
    else:
        attempt = at_evse(open_, moved)
        busy = any(session.evse_id == moved.evse_id for session in under_way)
        if busy and (attempt is None or not attempt.evse_id):
            return Decision(None)  # a status in the middle of a session, or after a reconnect
    if command.late and (attempt is None or attempt.card != moved.card):
        return Decision(None)
    return Decision(None, moving(state, head, attempt, moved))


def _is_again(state: State, head: AttemptHead, moved: Moved) -> bool:
    """Whether an app repeats the remote start that just failed, and fails in the same way."""
    if moved.cause not in REMOTE or not moved.card or head.open:
        return False
    last = state.get(Attempt, attempt_key(head.station_id, head.count - 1))
    return (
        last is not None
        and last.number == head.count - 1
        and last.reason is REMOTE[moved.cause]
        and (last.card, last.evse_id, last.detail) == (moved.card, moved.evse_id, moved.detail)
        and moved.at_ms - last.closed_ms < AGAIN_MS
    )


def open_of(state: State, head: AttemptHead) -> list[Attempt]:
    """The open attempts of a station, oldest first."""
    found = [state.get(Attempt, attempt_key(head.station_id, number)) for number in head.open]
    numbers = zip(found, head.open, strict=True)
    return [one for one, number in numbers if one is not None and one.number == number]


def _under_way(state: State, station: Station) -> list[Session]:
    found = []
    for evse in station.evses:
        head = state.get(EvseHead, evse_key(station.id, evse.id))
        for session_id in head.session_ids if head is not None else ():
            session = state.get(Session, session_id)
            if session is not None and session.state in _UNDER_WAY:
                found.append(session)
    return found


def _presented(station: Station, open_: Sequence[Attempt], moved: Moved) -> Attempt | None:
    """Whose id_token that was: OCPP does not say at which evse it was presented."""
    waiting = [one for one in open_ if one.card == moved.card and one.stage is not Stage.STARTED]
    waiting = waiting or [one for one in open_ if one.stage is Stage.PLUGGED]
    waiting = waiting or [one for one in open_ if one.stage is Stage.ASKED]
    waiting = waiting or [
        one for one in open_ if one.stage is Stage.STARTED and not one.authorised_ms
    ]
    waiting = waiting or [one for one in open_ if not one.evse_id]
    taken = {one.evse_id for one in open_ if one.stage in _FULL}
    if not waiting and taken.issuperset(evse.id for evse in station.evses):
        waiting = list(open_)
    return waiting[-1] if waiting else None


def at_evse(open_: Sequence[Attempt], moved: Moved) -> Attempt | None:
    """The attempt at an evse, or the one that waits to know where it is."""
    here = [one for one in open_ if one.evse_id == moved.evse_id]
    if not here and opens(moved.cause):
        here = [one for one in open_ if not one.evse_id]
        if moved.card:
            here = [one for one in here if one.card == moved.card or one.refused]
    return here[-1] if here else None


def moving(
    state: State, head: AttemptHead, attempt: Attempt | None, moved: Moved
) -> tuple[Record, ...]:
    """What is written when an attempt moves, or begins where there is none."""
    if attempt is None:
        if not opens(moved.cause) or len(head.open) >= OPEN_MAX:
            return ()
        after = opened(head.station_id, head.count, moved)
        head = replace(head, count=head.count + 1, open=(*head.open, after.number))
    else:
        after = advance(attempt, moved)
        if after == attempt:
            return ()
    if after.is_open:
        return (after,) if attempt is not None else (after, head)
    number = day_of(after.closed_ms)
    day = state.get(AttemptDay, day_key(number)) or AttemptDay(number)
    left = tuple(one for one in head.open if one != after.number)
    return (after, replace(head, open=left), counted(day, after))
