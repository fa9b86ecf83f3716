"""Reservations at their stations: asked for, cancelled, and watched by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import tzinfo

import structlog

from ohmstead.apps.gateway.interface import Refused
from ohmstead.apps.stations.capabilities.smart_charging import Asked, Desk, ask, link_of, words_of
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.peer import Presence
from ohmstead.apps.stations.services import fresh_session_id, zone_of
from ohmstead.core.network import IdToken, Station
from ohmstead.core.reservation import (
    HOLDING,
    OPEN,
    Reservation,
    ReservationEvent,
    ReservationState,
    may_use,
)
from ohmstead.errors import OhmsteadError
from ohmstead.flows.charging_profiles import running
from ohmstead.flows.reservations import Happened, Reserve, Use, happened, next_turn, reserve, use
from ohmstead.frozen import replace
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.times import format_time

PAGE = 1_000
ASK_AGAIN_MS = 30_000
CLOCK_OFF_MS = 120_000  # a station whose clock is a little ahead ends reservations before us
RESERVED, AVAILABLE = "Reserved", "Available"
OUT_OF_ORDER = frozenset({"Faulted", "Unavailable"})
ASKING_MAX = 100  # at the same time

log = structlog.get_logger()


class Reservations:
    """What becomes of reservations; :meth:`tick` is called every second or so."""

    def __init__(self, desk: Desk, presence: Mapping[str, Presence]) -> None:
        self._desk = desk
        self._presence = presence
        self._reserved: set[int] = set()  # active ones whose connector the station calls Reserved
        self._asked_ms: dict[int, int] = {}  # when ReserveNow last left, by number
        self.asking: dict[int, asyncio.Task[None]] = {}  # by number

    async def make(self, command: Reserve) -> Reservation:
        """Make a reservation and ask its station; raises OperatorError, NotConnected."""
        link_of(self._desk, command.station_id)
        command = replace(command, fresh_session_id=fresh_session_id())
        made = await self._desk.store.run(reserve, command)
        return await self.ask(made) if made.state is ReservationState.ASKED else made

    async def ask(self, one: Reservation) -> Reservation:
        """Send ReserveNow; without an answer it stays ASKED and is sent again, which replaces it:
        "reservationId: if it matches one the station has, that one is replaced" (1.6 5.13)."""
        self._asked_ms[one.number] = self._desk.clock.now_ms()
        version = words_of(link_of(self._desk, one.station_id))
        request = reserve_request(version, one)
        with speaking(because("a driver reserves")):
            asked = await ask(self._desk, one.station_id, "ReserveNow", request)
        event, reason = meaning(asked)
        if event is None:
            return one
        told = Happened(one.number, one.station_id, event, reason, self._zone(one))
        became = await self._desk.store.run(happened, told) or one
        self._asked_ms.pop(one.number, None)
        return became

    def _zone(self, one: Reservation) -> tzinfo:
        station = self._desk.store.get(Station, one.station_id)
        return zone_of(station.time_zone if station is not None else "Etc/UTC")

    async def cancel(
        self, one: Reservation, *, is_free: bool = False
    ) -> tuple[Reservation, Asked | None]:
        """Cancel a reservation, at its station too if it may have heard of it; ``is_free``: it
        then costs its driver nothing."""
        asked = None
        if one.state in HOLDING:
            request: Message = v201.CancelReservationRequest(reservation_id=one.number)
            if words_of(link_of(self._desk, one.station_id)) is Version.V16:
                request = v16.CancelReservationRequest(reservation_id=one.number)
            with speaking(because("a reservation is cancelled")):
                asked = await ask(self._desk, one.station_id, "CancelReservation", request)
            # Rejected: it has no such reservation, which is what was wanted, and costs nothing.
            if asked.status not in ("Accepted", "Rejected"):
                return one, asked
            is_free = is_free or asked.status == "Rejected"
        event, zone = ReservationEvent.CANCELLED, self._zone(one)
        told = Happened(one.number, one.station_id, event, "", zone, is_free)
        return await self._desk.store.run(happened, told) or one, asked

    async def tick(self) -> None:
        """End what is over or used, ask again what was not answered, give turns."""
        waiting: set[str] = set()
        for which in OPEN:
            after = ""
            while page := self._desk.store.find(Reservation, PAGE, after, state=which.value):
                for one in page:
                    await self._look(one)
                    if which is ReservationState.WAITING:
                        waiting.add(one.station_id)
                after = page[-1].key
        for station_id in waiting:
            if self._desk.gateway.link(station_id) is not None:
                for one in await self._desk.store.run(next_turn, station_id):
                    self._begin(one)

    async def _look(self, one: Reservation) -> None:
        store, now_ms = self._desk.store, self._desk.clock.now_ms()
        if one.expires_ms <= now_ms:
            self._asked_ms.pop(one.number, None)
            self._reserved.discard(one.number)
            event, is_free = ReservationEvent.TIME_OVER, self._is_our_fault(one, now_ms)
            over = Happened(one.number, one.station_id, event, "", self._zone(one), is_free)
            await store.run(happened, over)
            return
        # Not every station names the reservation with the start that uses it.
        session = running(store, one.station_id, one.evse_id)
        if session is not None and session.started_ms >= one.created_ms:
            token = store.get(IdToken, session.id_token.casefold())
            if may_use(one, session.id_token, token.group if token is not None else ""):
                card, at_ms, zone = session.id_token, session.started_ms, self._zone(one)
                told = Use(one.station_id, one.evse_id, card, session.id, None, at_ms, zone)
                await store.run(use, told)
            return
        told_so = self._told_by_status(one, now_ms)
        if told_so is not None:
            await store.run(happened, told_so)
            return
        # One that was made this moment is about to be asked for by who made it.
        due_ms = self._asked_ms.get(one.number, one.created_ms) + ASK_AGAIN_MS
        is_here = self._desk.gateway.link(one.station_id) is not None
        if one.state is ReservationState.ASKED and is_here and due_ms <= now_ms:
            # The page was read before we waited for others: it may have been answered since.
            newest = store.get(Reservation, one.key)
            if newest is not None and newest.state is ReservationState.ASKED:
                self._begin(newest)

    def _is_our_fault(self, one: Reservation, now_ms: int) -> bool:
        """Whether its driver may have come in vain, or charged without our knowing it yet: its
        station is not here, out of order or in use by others."""
        presence = self._presence.get(one.station_id)
        is_here = self._desk.gateway.link(one.station_id) is not None
        if presence is None or not is_here:
            return True
        if running(self._desk.store, one.station_id, one.evse_id) is not None:
            return True  # somebody else charges where nobody should
        told = [
            told.status for (evse, _), told in presence.connectors.items() if evse == one.evse_id
        ]
        return any(status in OUT_OF_ORDER for status in told)

    def _told_by_status(self, one: Reservation, now_ms: int) -> Happened | None:
        """What a station tells by its StatusNotification alone.

        Reserved, once it was asked, is its yes. Only 2.x has ReservationStatusUpdate: a connector
        of 1.6 that was Reserved and is Available again is kept for nobody any more.
        """
        presence = self._presence.get(one.station_id)
        status = presence.connectors.get((one.evse_id, 1)) if presence is not None else None
        link = self._desk.gateway.link(one.station_id)
        if status is None or link is None or status.at_ms < one.created_ms:
            return None
        if status.status == RESERVED:
            self._reserved.add(one.number)
            if one.state is ReservationState.ASKED:
                return Happened(one.number, one.station_id, ReservationEvent.ACCEPTED)
        elif status.status == AVAILABLE and one.number in self._reserved:
            self._reserved.discard(one.number)
            if link.version is Version.V16:
                near = one.expires_ms - now_ms <= CLOCK_OFF_MS
                event = ReservationEvent.TIME_OVER if near else ReservationEvent.CANCELLED
                # Whoever charges says so with a start: it was the station that let it go.
                zone = self._zone(one)
                return Happened(one.number, one.station_id, event, AVAILABLE, zone, not near)
        return None

    def _begin(self, one: Reservation) -> None:
        """Ask beside the tick: a station that is silent holds up no other."""
        if one.number not in self.asking and len(self.asking) < ASKING_MAX:
            self.asking[one.number] = asyncio.create_task(self._ask_quietly(one))

    async def _ask_quietly(self, one: Reservation) -> None:
        try:
            await self.ask(one)
        except OhmsteadError as error:
            log.warning("a reservation waits", number=one.number, reason=str(error))
        finally:
            self.asking.pop(one.number, None)


def reserve_request(version: Version, one: Reservation) -> Message:
    """The ReserveNow of a reservation."""
    if version is Version.V16:
        return v16.ReserveNowRequest(
            connector_id=one.evse_id,
            expiry_date=format_time(one.expires_ms),
            id_tag=one.id_token,
            reservation_id=one.number,
            parent_id_tag=one.group[:20] or None,
        )
    group = None
    if one.group:
        group = v201.IdTokenType(id_token=one.group, type=v201.IdTokenEnumType.CENTRAL)
    return v201.ReserveNowRequest(
        id=one.number,
        expiry_date_time=format_time(one.expires_ms),
        id_token=v201.IdTokenType(id_token=one.id_token, type=v201.IdTokenEnumType(one.type)),
        evse_id=one.evse_id,
        group_id_token=group,
    )


def meaning(asked: Asked) -> tuple[ReservationEvent | None, str]:
    """What an answer to ReserveNow means; None where there is none that could be read."""
    if isinstance(asked.done.outcome, Refused):
        return ReservationEvent.REFUSED, asked.done.outcome.code_text[:60]
    match asked.status:
        case "":
            return None, ""
        case "Accepted":
            return ReservationEvent.ACCEPTED, ""
        case "Occupied":
            return ReservationEvent.OCCUPIED, asked.status
    return ReservationEvent.REFUSED, asked.status
