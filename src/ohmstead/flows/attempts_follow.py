"""What happens to sessions moves their attempts, in the commit of its cause."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from ohmstead.core.attempt import Attempt, AttemptHead, Moved, card_of
from ohmstead.core.attempt_stages import Cause
from ohmstead.core.bill import Bill
from ohmstead.core.progress import Progress, delivered_mwh
from ohmstead.core.reservation_fee import PROTOCOLS
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.flows.attempts import at_evse, moving, open_of
from ohmstead.frozen import replace
from ohmstead.ports import Decision, Record, State

EARLIER_MS = 5 * 60_000  # how far a station's clock and ours may disagree about an attempt


def followed(
    state: State, decision: Decision[Any], waiting: Container[str], now_ms: int
) -> tuple[Record, ...]:
    """What a decision about sessions means to attempts: asked before it is applied.

    ``waiting`` are at least the sessions whose attempt waits for energy, so that a reading of any
    other costs one look.
    """
    records: tuple[Record, ...] = ()
    for record in decision.puts:
        if type(record) is Progress:
            if record.session_id in waiting:
                records += _progressed(state, record, decision, now_ms)
        elif type(record) is Session and record.protocol not in PROTOCOLS:
            records += _session(state, record, decision, waiting, now_ms)
    return records


def _progressed(
    state: State, new: Progress, decision: Decision[Any], now_ms: int
) -> tuple[Record, ...]:
    """The first rise of the register is energy."""
    old, session = state.get(Progress, new.session_id), state.get(Session, new.session_id)
    ends = any(type(one) is Session and one.ended_ms for one in decision.puts)
    if old is None or session is None or ends:
        return ()
    begin_mwh = old.last_mwh if session.begin_mwh is None else session.begin_mwh
    if begin_mwh is None or new.last_mwh is None or new.last_mwh <= begin_mwh:
        return ()
    at_ms = new.last_ms if session.offline_start else now_ms
    return _of_session(state, session, Moved(Cause.ENERGY, at_ms))


def _session(
    state: State,
    new: Session,
    decision: Decision[Any],
    waiting: Container[str],
    now_ms: int,
) -> tuple[Record, ...]:
    old = state.get(Session, new.id)
    if old is None:
        return _begun(state, new, decision, now_ms)
    if new.id not in waiting:
        return ()
    if old.state in OPEN_STATES and new.state not in OPEN_STATES:
        bills = [one for one in decision.puts if type(one) is Bill and one.key == new.id]
        progress = state.get(Progress, new.id)
        mwh = bills[0].energy_mwh if bills else delivered_mwh(new.begin_mwh, progress) or 0
        cause = Cause.ENERGY if mwh > 0 else Cause.ENDED
        at_ms = new.ended_ms if new.offline_start and new.ended_ms else now_ms
        return _of_session(state, new, Moved(cause, at_ms))
    if new.holds > old.holds and not old.holds:
        return _of_session(state, new, Moved(Cause.AUTHORISED, now_ms))
    if new.evse_id != old.evse_id:
        return _placed(state, new)
    if new.id_token != old.id_token and not new.holds:
        return _of_session(state, new, Moved(Cause.REJECTED, now_ms, detail=_word(decision)))
    return ()


def _begun(state: State, new: Session, decision: Decision[Any], now_ms: int) -> tuple[Record, ...]:
    head = state.get(AttemptHead, new.station_id) or AttemptHead(new.station_id)
    at_ms, refused = new.started_ms if new.offline_start else now_ms, False
    detail = ""
    if new.id_token and not new.holds:
        refused, detail = True, _word(decision)
    card = card_of(new.id_token)
    moved = Moved(Cause.BEGUN, at_ms, new.evse_id, 0, new.id, card, refused, detail)
    attempt = at_evse(open_of(state, head), moved)
    if attempt is not None and (attempt.session_id or attempt.opened_ms > at_ms + EARLIER_MS):
        attempt = None  # of a transaction before it, or of one that comes after it
    puts = moving(state, head, attempt, moved)
    # A transaction of 1.6 begins once there are a card and a cable; of 2.x, with the first of them.
    if not puts or new.protocol != "1.6":
        return puts
    begun = puts[0]
    assert isinstance(begun, Attempt)
    return (replace(begun, plugged_ms=begun.plugged_ms or at_ms), *puts[1:])


def _placed(state: State, session: Session) -> tuple[Record, ...]:
    """A transaction that began at the card tells its evse once the cable is in."""
    head = state.get(AttemptHead, session.station_id)
    open_ = open_of(state, head) if head is not None else []
    meant = [one for one in open_ if one.session_id == session.id]
    return tuple(replace(one, evse_id=session.evse_id) for one in meant)


def _of_session(state: State, session: Session, moved: Moved) -> tuple[Record, ...]:
    head = state.get(AttemptHead, session.station_id)
    open_ = open_of(state, head) if head is not None else []
    of_it = [one for one in open_ if one.session_id == session.id]
    if head is None or not of_it:
        return ()
    return moving(state, head, of_it[-1], moved)


def _word(decision: Decision[Any]) -> str:
    """The word about the id_token that the station is answered with."""
    word = getattr(getattr(decision.answer, "authorisation", None), "value", "")
    return word if isinstance(word, str) else ""
