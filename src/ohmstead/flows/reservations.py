"""Reservations: made, answered by the station, used by a start, cancelled, or over by the clock."""

from __future__ import annotations

from datetime import UTC, tzinfo

from ohmstead.core.network import Counter, IdToken
from ohmstead.core.reservation import (
    DURATION_MS_MAX,
    HOLDING,
    NUMBER_MAX,
    OPEN,
    PRIORITY_MAX,
    WAITING_MAX,
    Reservation,
    ReservationEvent,
    ReservationState,
    in_turn,
    key_of,
    may_use,
    moved,
)
from ohmstead.errors import OperatorError
from ohmstead.flows.charging_profiles import running
from ohmstead.flows.reservation_driver import driver_of, who_came
from ohmstead.flows.reservation_fee import conclude, secure
from ohmstead.flows.stations import in_service
from ohmstead.frozen import Frozen
from ohmstead.ports import Decision, Record, State
from ohmstead.units import MS_PER_HOUR, mul_div_down

COUNTER = "reservation"
OPEN_MAX = WAITING_MAX + 64


class Reserve(Frozen):
    """An evse for a driver; ``may_wait``: until it is free, by priority.

    ``fresh_session_id`` is used only where the tariff has a fee; random, therefore made outside.
    Without ``with_fee`` it costs nothing: its driver has not agreed to one.
    """

    station_id: str
    evse_id: int
    id_token: str
    expires_ms: int
    priority: int = 0
    may_wait: bool = False
    fresh_session_id: str = ""
    with_fee: bool = True


def reserve(state: State, command: Reserve, now_ms: int) -> Decision[Reservation]:
    """Make a reservation: ASKED, to be sent to its station, or WAITING for its turn.

    Raises OperatorError for one that its driver, its evse or its time do not allow.
    """
    station = in_service(state, command.station_id)
    if station.evse(command.evse_id) is None:
        raise OperatorError(f"station {station.id} has no evse {command.evse_id}")
    if not now_ms < command.expires_ms <= now_ms + DURATION_MS_MAX:
        hours = mul_div_down(DURATION_MS_MAX, 1, MS_PER_HOUR)
        raise OperatorError(f"a reservation ends in the future, within {hours} hours")
    if not 0 <= command.priority <= PRIORITY_MAX:
        raise OperatorError(f"a priority is 0 to {PRIORITY_MAX}, the highest first")
    token = driver_of(state, command.id_token, now_ms)
    free = is_free(state, command.station_id, command.evse_id)
    waits = open_of(state, command.station_id, ReservationState.WAITING)
    queue = [one for one in waits if one.evse_id == command.evse_id]
    if not command.may_wait and (not free or queue):
        raise OperatorError(
            f"evse {command.evse_id} of station {station.id} is in use, reserved or waited for; "
            "ask to wait for it, or choose another"
        )
    if len(waits) >= WAITING_MAX:
        raise OperatorError(f"{len(waits)} reservations wait at station {station.id}; try later")
    counter = state.get(Counter, COUNTER) or Counter(COUNTER, 0)
    number = counter.value % NUMBER_MAX + 1
    made = Reservation(
        number=number,
        station_id=station.id,
        evse_id=command.evse_id,
        id_token=token.uid,
        payer=token.payer,
        state=ReservationState.WAITING if queue or not free else ReservationState.ASKED,
        created_ms=now_ms,
        expires_ms=command.expires_ms,
        group=token.group,
        type=token.type,
        priority=command.priority,
        may_wait=command.may_wait,
    )
    held: tuple[Record, ...] = ()
    if command.with_fee:
        made, held = secure(state, station, made, command.fresh_session_id, now_ms)
    return Decision(made, (made, Counter(COUNTER, number), *held))


def open_of(state: State, station_id: str, which: ReservationState) -> list[Reservation]:
    """A station's reservations in one state, in order of their numbers."""
    return state.find(Reservation, OPEN_MAX, station_id=station_id, state=which.value)


def is_free(state: State, station_id: str, evse_id: int) -> bool:
    """Whether nobody charges at an evse and nobody has it reserved."""
    if running(state, station_id, evse_id) is not None:
        return False
    held = [one for which in HOLDING for one in open_of(state, station_id, which)]
    return all(one.evse_id != evse_id for one in held)


def next_turn(state: State, station_id: str, now_ms: int) -> Decision[tuple[Reservation, ...]]:
    """Give each free evse of a station to whoever waits for it first; answers who is to be asked.

    Whoever is first keeps the turn while the station says that the evse is occupied.
    """
    turns: dict[int, Reservation] = {}
    for one in in_turn(open_of(state, station_id, ReservationState.WAITING)):
        if one.expires_ms > now_ms:
            turns.setdefault(one.evse_id, one)
    asked = [
        moved(one, ReservationEvent.ITS_TURN, now_ms)
        for one in turns.values()
        if one.not_before_ms <= now_ms and is_free(state, station_id, one.evse_id)
    ]
    return Decision(tuple(asked), tuple(asked))


class Happened(Frozen):
    """Something happened to a reservation; ``station_id`` is who says so, ``zone`` its clock's.

    ``is_free``: by nobody's wish but ours or the station's, so it costs nothing.
    """

    number: int
    station_id: str
    event: ReservationEvent
    reason: str = ""
    zone: tzinfo = UTC
    is_free: bool = False


def happened(state: State, command: Happened, now_ms: int) -> Decision[Reservation | None]:
    """Move a reservation; None for one that is not this station's. Twice is once."""
    known = state.get(Reservation, key_of(command.number))
    if known is None or known.station_id != command.station_id:
        return Decision(None)
    if command.event is ReservationEvent.TIME_OVER and known.state in OPEN:
        came = who_came(state, known)
        if came is not None:
            card, at_ms = came.id_token, came.started_ms
            number, zone = known.number, command.zone
            told = Use(known.station_id, known.evse_id, card, came.id, number, at_ms, zone)
            return use(state, told, now_ms)
    after = moved(known, command.event, now_ms, reason=command.reason)
    if after == known:
        return Decision(after)
    if after.state in OPEN:
        return Decision(after, (after,))
    fee = conclude(state, after, now_ms, command.zone, command.is_free, now_ms)
    return Decision(after, (after, *fee))


class Use(Frozen):
    """A transaction began at an evse; ``number`` if the station named a reservation with it.
    ``at_ms`` is when it began by its own time, 0 for now; ``zone`` is the station's."""

    station_id: str
    evse_id: int
    id_token: str
    session_id: str
    number: int | None = None
    at_ms: int = 0
    zone: tzinfo = UTC


def use(state: State, command: Use, now_ms: int) -> Decision[Reservation | None]:
    """End the reservation a start uses: its own driver's at this evse, or of the same group.

    A number alone proves nothing: a station that names another driver's reservation uses none.
    """
    token = state.get(IdToken, command.id_token.casefold())
    group = token.group if token is not None else ""
    for which in (ReservationState.ACTIVE, ReservationState.ASKED, ReservationState.WAITING):
        for one in open_of(state, command.station_id, which):
            named = command.number is None or one.number == command.number
            if (
                named
                and command.evse_id in (0, one.evse_id)
                and may_use(one, command.id_token, group)
            ):
                used = moved(one, ReservationEvent.STARTED, now_ms, session_id=command.session_id)
                fee = conclude(state, used, command.at_ms, command.zone, False, now_ms)
                return Decision(used, (used, *fee))
    return Decision(None)
