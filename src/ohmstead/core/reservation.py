"""Reservations: one evse kept for one driver until a moment, as one table of states and events.

    WAITING ──its turn──▶ ASKED ──accepted──▶ ACTIVE ──a start──▶ USED
       ▲                    │ └────refused──▶ REFUSED   (ASKED, too: the start may come first)
       └───── occupied ─────┘
    each of the three open ones: cancelled ──▶ CANCELLED, its time over ──▶ EXPIRED

A pair that is not in :data:`TRANSITIONS` changes nothing: what is over stays as it ended.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ohmstead.core.session import Share
from ohmstead.frozen import Frozen, replace
from ohmstead.units import Asset

DURATION_MS_MAX = 24 * 3_600_000
WAITING_MAX = 64  # of one station
PRIORITY_MAX = 100
RETRY_MS = 60_000  # before a station that was occupied is asked again for who waits
NUMBER_MAX = 2**31 - 1  # OCPP reservationId; stations keep 32 bits


class ReservationState(enum.Enum):
    """Where a reservation stands."""

    WAITING = "waiting"  # for the evse to be free, and for those before it
    ASKED = "asked"  # the station was sent ReserveNow, and has not answered that we know of
    ACTIVE = "active"
    USED = "used"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUSED = "refused"


class ReservationEvent(enum.Enum):
    """What moves a reservation."""

    ITS_TURN = "its_turn"
    ACCEPTED = "accepted"
    OCCUPIED = "occupied"
    REFUSED = "refused"
    STARTED = "started"
    CANCELLED = "cancelled"
    TIME_OVER = "time_over"


_S, _E = ReservationState, ReservationEvent
OPEN = (_S.WAITING, _S.ASKED, _S.ACTIVE)
HOLDING = (_S.ASKED, _S.ACTIVE)  # these keep an evse from others
TRANSITIONS: Mapping[tuple[ReservationState, ReservationEvent], ReservationState] = (
    MappingProxyType(
        {
            (_S.WAITING, _E.ITS_TURN): _S.ASKED,
            (_S.ASKED, _E.ACCEPTED): _S.ACTIVE,
            (_S.ASKED, _E.OCCUPIED): _S.WAITING,
            (_S.ASKED, _E.REFUSED): _S.REFUSED,
            (_S.WAITING, _E.STARTED): _S.USED,
            (_S.ASKED, _E.STARTED): _S.USED,
            (_S.ACTIVE, _E.STARTED): _S.USED,
        }
        | {(state, _E.CANCELLED): _S.CANCELLED for state in OPEN}
        | {(state, _E.TIME_OVER): _S.EXPIRED for state in OPEN}
    )
)


class ReservationFee(Frozen):
    """What was agreed on its price when a reservation was made, and what is held for it: the most
    it can cost. ``session_id`` names its hold, and the session that its fee becomes."""

    session_id: str
    tariff_key: str
    asset: Asset
    shares: tuple[Share, ...]
    hold_minor: int
    hold_expires_ms: int


class Reservation(Frozen):
    """An evse for a driver until ``expires_ms``; the highest ``priority`` waits least."""

    number: int  # OCPP's reservationId
    station_id: str
    evse_id: int
    id_token: str
    payer: str
    state: ReservationState
    created_ms: int
    expires_ms: int
    group: str = ""
    type: str = "ISO14443"
    priority: int = 0
    may_wait: bool = False
    not_before_ms: int = 0  # WAITING: when the station may be asked again
    ended_ms: int = 0
    session_id: str = ""  # USED: by which session
    reason: str = ""  # in the station's words, why it ended as it did
    held_ms: int = 0  # since when the station keeps the evse, as it said; 0: it never said so
    fee: ReservationFee | None = None  # None: it costs nothing, whatever happens

    @property
    def key(self) -> str:
        return key_of(self.number)


def key_of(number: int) -> str:
    """The key of a reservation: numbers sort as they were given."""
    return f"{number:010d}"


def moved(
    reservation: Reservation,
    event: ReservationEvent,
    now_ms: int,
    *,
    reason: str = "",
    session_id: str = "",
) -> Reservation:
    """The reservation after an event; unchanged where the table has no entry."""
    state = TRANSITIONS.get((reservation.state, event))
    if state is None:
        return reservation
    if event is _E.OCCUPIED and not reservation.may_wait:
        state = _S.REFUSED
    return replace(
        reservation,
        state=state,
        reason=reason,
        session_id=session_id,
        not_before_ms=now_ms + RETRY_MS if state is _S.WAITING else 0,
        ended_ms=0 if state in OPEN else now_ms,
        held_ms=now_ms if event is _E.ACCEPTED else reservation.held_ms,
    )


def in_turn(waiting: Iterable[Reservation]) -> list[Reservation]:
    """Who waits, in the order of their turns: priority, then who came first."""
    return sorted(waiting, key=lambda one: (-one.priority, one.number))


def may_use(reservation: Reservation, id_token: str, group: str) -> bool:
    """Whether it was made for this driver, or for one of the same group (1.6 5.13, 2.0.1 H03)."""
    same = reservation.id_token.casefold() == id_token.casefold()
    return same or (bool(group) and reservation.group.casefold() == group.casefold())
