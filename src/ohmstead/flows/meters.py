"""A meter is exchanged: the old one's account is closed at its last number, the new one's opened.

Before and after, a register that goes back is somebody's fraud or fault and is found. Across an
exchange that an operator answers for, it is neither.
"""

from __future__ import annotations

from collections.abc import Iterator

from ohmstead.core.bill import MeterHead
from ohmstead.core.command import Author
from ohmstead.core.exchange import (
    BELOW_LAST,
    EXCHANGED,
    STEPS_MAX,
    MeterExchange,
    SessionExchange,
    counted_on,
)
from ohmstead.core.meter import MeterKey
from ohmstead.core.network import EvseHead, Station, evse_key
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.exchanged import steps_of
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.charging.proof import GATEWAY_REGISTER
from ohmstead.flows.onboarding import AddMeter, add_meter
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

EXCHANGES_MAX = 1_000  # of one station
SESSION_ID = "meter-exchange"  # in place of a session's, in the MeterHead it leaves


class Exchange(Frozen):
    """A technician read both meters. ``new_key``: of the new one, if it signs; the flow gives it
    its first moment. ``anyway``: what looks wrong was looked at and is so."""

    station_id: str
    evse_id: int
    at_ms: int
    old_final_mwh: int
    new_initial_mwh: int
    author: Author
    new_key: MeterKey | None = None
    anyway: bool = False


def exchange_meter(state: State, command: Exchange, now_ms: int) -> Decision[MeterExchange]:
    """Write an exchange down, once. Raises OperatorError saying what does not fit."""
    station = state.get(Station, command.station_id)
    evse = station.evse(command.evse_id) if station is not None else None
    if station is None or evse is None:
        raise OperatorError(f"station {command.station_id} has no evse {command.evse_id}")
    if not command.author.reason.strip():
        raise OperatorError("say why the meter was exchanged: it stands in the audit log")
    new_key_id = command.new_key.key_id if command.new_key is not None else ""
    known = [
        one
        for one in state.find(MeterExchange, EXCHANGES_MAX, station_id=station.id)
        if one.evse_id == evse.id
    ]
    last = max(known, key=lambda one: one.at_ms, default=None)
    if last is not None and _is_again(last, command, new_key_id):
        return Decision(last)
    if command.at_ms > now_ms or (last is not None and command.at_ms <= last.at_ms):
        raise OperatorError(
            "the time of the exchange is ahead of now or not after the one before it"
        )
    sessions = list(_under_way(state, command))
    doubts = tuple(dict.fromkeys(_doubts(state, command, sessions)))
    if doubts and not command.anyway:
        raise OperatorError(
            "the old meter's final register is below the last value known of it: read it again, "
            "or say that it is so anyway"
        )
    old_key_id = _old_key(state, command, evse.meter_key_id)
    done = MeterExchange(
        station_id=station.id,
        evse_id=evse.id,
        at_ms=command.at_ms,
        old_final_mwh=command.old_final_mwh,
        new_initial_mwh=command.new_initial_mwh,
        old_key_id=old_key_id,
        new_key_id=new_key_id,
        author=command.author,
        recorded_ms=now_ms,
        session_ids=tuple(session.id for session in sessions),
        doubts=doubts,
    )
    puts: list[Record] = [done, *_head(state, done), *_moved(state, done, sessions)]
    puts += _keys(state, command, station, old_key_id, now_ms)
    return Decision(done, tuple(puts))


def _is_again(last: MeterExchange, command: Exchange, new_key_id: str) -> bool:
    """The same meters with the same numbers: the request came twice."""
    said = (command.old_final_mwh, command.new_initial_mwh, new_key_id)
    return (last.old_final_mwh, last.new_initial_mwh, last.new_key_id) == said


def _under_way(state: State, command: Exchange) -> Iterator[Session]:
    head = state.get(EvseHead, evse_key(command.station_id, command.evse_id))
    for session_id in head.session_ids if head is not None else ():
        session = state.get(Session, session_id)
        if session is None or session.state not in OPEN_STATES:
            continue
        if session.started_ms <= command.at_ms:
            yield session


def _doubts(state: State, command: Exchange, sessions: list[Session]) -> Iterator[str]:
    head = state.get(MeterHead, f"{command.station_id}/{command.evse_id}")
    if head is not None and head.at_ms <= command.at_ms and head.mwh > command.old_final_mwh:
        yield BELOW_LAST
    for session in sessions:
        progress, steps = progress_of(state, session), steps_of(state, session)
        said_mwh = progress.last_mwh if progress.last_mwh is not None else session.begin_mwh
        final_mwh = counted_on(steps, command.at_ms, command.old_final_mwh)
        if said_mwh is None or progress.last_ms > command.at_ms:
            continue
        if counted_on(steps, progress.last_ms, said_mwh) > final_mwh:
            yield BELOW_LAST


def _head(state: State, done: MeterExchange) -> Iterator[MeterHead]:
    """The next session is compared with where the new meter began, unless one has settled since."""
    meter = f"{done.station_id}/{done.evse_id}"
    known = state.get(MeterHead, meter)
    if known is None or known.at_ms <= done.at_ms:
        initial_mwh, at_ms = done.new_initial_mwh, done.at_ms
        yield MeterHead(meter, GATEWAY_REGISTER, initial_mwh, at_ms, SESSION_ID, at_ms)


def _moved(state: State, done: MeterExchange, sessions: list[Session]) -> Iterator[Record]:
    """Sessions under way: counted on from the old meter to the new one, and looked at by a person
    before anybody is paid, because no meter saw the whole of them."""
    more_mwh = done.old_final_mwh - done.new_initial_mwh
    for session in sessions:
        steps = (*steps_of(state, session), (done.at_ms, more_mwh))
        if len(steps) > STEPS_MAX:
            raise OperatorError(f"session {session.id} saw {STEPS_MAX} exchanges; stop it first")
        yield SessionExchange(session.id, steps)
        if EXCHANGED not in session.findings:
            yield replace(session, findings=(*session.findings, EXCHANGED))


def _old_key(state: State, command: Exchange, key_id: str) -> str:
    """The key of the meter that was taken out. One that was registered after the exchange is the
    new one's already: an operator who did that first loses nothing by telling the rest."""
    key = state.get(MeterKey, key_id) if key_id else None
    is_new = key is not None and key.valid_from_ms > command.at_ms
    return "" if is_new and command.new_key is None else key_id


def _keys(
    state: State, command: Exchange, station: Station, old_key_id: str, now_ms: int
) -> Iterator[Record]:
    """The old key ends, so that no page of it counts that says to be later; the new one begins."""
    old = state.get(MeterKey, old_key_id) if old_key_id else None
    new = command.new_key
    if new is not None and state.get(MeterKey, new.key_id) is not None:
        raise OperatorError(
            f"key {new.key_id} was registered before: a meter that comes back needs a new key, or "
            "its old sessions could be sold again"
        )
    if old is not None:
        yield replace(old, valid_until_ms=command.at_ms)
    if new is not None:
        adding = AddMeter(replace(new, valid_from_ms=command.at_ms), command.evse_id)
        yield from add_meter(state, adding, now_ms).puts
    elif old_key_id:
        evses = tuple(
            replace(one, meter_key_id="") if one.id == command.evse_id else one
            for one in station.evses
        )
        yield replace(station, evses=evses)
