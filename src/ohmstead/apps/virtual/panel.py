"""What a virtual station does when its CSMS asks; both dialects answer through this.

Nothing here waits: what takes time runs after the answer has gone out.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ohmstead.apps.virtual.cabinet import Cabinet
from ohmstead.apps.virtual.charging import (
    Availability,
    Cause,
    Move,
    RemoteStart,
    Transaction,
)
from ohmstead.apps.virtual.link import CsmsRefused
from ohmstead.apps.virtual.moving import FAILS, bring, fetch, is_link
from ohmstead.apps.virtual.resetting import Resets
from ohmstead.frozen import replace
from ohmstead.wire.ocpp.base import Message
from ohmstead.wire.ocpp.times import format_time

if TYPE_CHECKING:
    from ohmstead.apps.virtual.settings import Settings
    from ohmstead.apps.virtual.station import VirtualStation

AUTHORIZATION_KEY_DIGITS = 40  # security white paper: hex of 20 random bytes


class Panel:
    """Implements :class:`ohmstead.apps.virtual.charging.Commands` for one station."""

    def __init__(self, station: VirtualStation) -> None:
        self._station = station
        self._resets = Resets(station)
        self.cabinet = Cabinet()

    @property
    def settings(self) -> Settings:
        return self._station.settings

    def remote_start(self, asked: RemoteStart) -> bool:
        """Take a remote start where an evse is free for it."""
        free = [
            evse
            for evse, place in self._station.places.items()
            if asked.evse in (None, evse) and place.operative and place.charging is None
        ]
        if not free or self._resets.pending:
            return False
        hook = self._station.hooks.remote_start
        chosen = RemoteStart(free[0], asked.id_token, asked.remote_start_id)
        self._station.later(hook(chosen) if hook else self._start(free[0], asked))
        return True

    async def _start(self, evse: int, asked: RemoteStart) -> None:
        await self._station.start(evse, asked.id_token, remote_start_id=asked.remote_start_id)

    def remote_stop(self, transaction_id: str) -> bool:
        """Take a remote stop of a transaction that goes on here."""
        tx = self._active(transaction_id)
        if tx is None:
            return False
        hook = self._station.hooks.remote_stop
        self._station.later(hook(tx) if hook else self._station.stop(tx, reason="Remote"))
        return True

    def reset(self, kind: str) -> Availability:
        """Reset now, or after the last transaction (2.0.1 OnIdle)."""
        return self._resets.ask(kind)

    def stopped(self) -> None:
        """A transaction has ended: do what waited for that."""
        self._resets.stopped()

    def trigger(self, message: str, evse: int | None) -> bool:
        """Send the message asked for; False where there is nothing to say."""
        station = self._station
        evses = [evse] if evse else list(station.places)
        if any(one not in station.places for one in evses):
            return False
        match message:
            case "BootNotification":
                station.later(station.boot("Triggered"))
            case "Heartbeat":
                station.later(station.heartbeat())
            case "StatusNotification":
                for one in evses:
                    station.later(station.status(one, station.places[one].state))
            case "MeterValues":
                for one in evses:
                    station.later(self._values(one))
            case "TransactionEvent":
                active = [tx for one in evses if (tx := station.places[one].charging)]
                for tx in active:
                    station.later(station.meter_values(tx, cause=Cause.TRIGGER))
                return bool(active)
            case _:
                return False
        return True

    async def _values(self, evse: int) -> None:
        """Values of the transaction going on, else of the idle evse."""
        station = self._station
        place = station.places[evse]
        if place.charging is not None:
            await station.meter_values(place.charging, cause=Cause.TRIGGER)
            return
        sample = place.meter.read(station.clock.now_ms())
        await station.ask("MeterValues", station.dialect.idle_values(evse, sample))

    def set_operative(self, evse: int | None, operative: bool) -> Availability:
        """Change availability at once, or after the transaction that goes on (1.6 5.2)."""
        station = self._station
        if evse is not None and evse not in station.places:
            return Availability.REJECTED
        outcome = Availability.ACCEPTED
        for one in list(station.places) if evse is None else [evse]:
            place = station.places[one]
            if place.charging is not None and not operative:
                place.becomes_operative = operative
                outcome = Availability.SCHEDULED
            else:
                place.operative, place.becomes_operative = operative, None
                station.later(station.status(one, place.state))
        return outcome

    def is_evse(self, evse: int) -> bool:
        """Tell whether this station has that evse."""
        return evse in self._station.places

    def is_charging(self, evse: int | None) -> bool:
        """Tell whether a transaction goes on at an evse, or at any."""
        return any(
            place.charging is not None
            for one, place in self._station.places.items()
            if evse in (None, one)
        )

    def transaction_state(self, transaction_id: str | None) -> tuple[bool, bool]:
        """Return (goes on, has messages in the queue); without an id, of the whole station."""
        if transaction_id is None:
            return self.is_charging(None), self._station.queued > 0
        ongoing = self._active(transaction_id) is not None
        return ongoing, self._station.owes(transaction_id)

    def report(self, request_id: int) -> None:
        """Send the base report after the answer."""
        self._station.later(self._report(request_id))

    async def _report(self, request_id: int) -> None:
        station = self._station
        now_ms = station.clock.now_ms()
        for page in station.dialect.report(request_id, station.settings, now_ms):
            await station.ask("NotifyReport", page)

    def password_changed(self, value: str) -> None:
        """Come back with the new password: 1.6 is told raw bytes in hex, 2.0.1 characters."""
        uplink = self._station.uplink
        uplink.password = value.encode()
        if "." not in self.settings.password_name and len(value) == AUTHORIZATION_KEY_DIGITS:
            with contextlib.suppress(ValueError):  # no hex: the characters themselves are meant
                uplink.password = bytes.fromhex(value)
        self._station.later(self._station.reconnect())

    @property
    def now_ms(self) -> int:
        """The station's clock."""
        return self._station.clock.now_ms()

    @property
    def name(self) -> str:
        """The station's id."""
        return self._station.id

    def say(self, *messages: tuple[str, Message]) -> None:
        """Send these after the answer, in order; one that is refused keeps no other back."""
        self._station.later(self._say(messages))

    async def _say(self, messages: tuple[tuple[str, Message], ...]) -> None:
        for action, message in messages:
            with contextlib.suppress(CsmsRefused):
                await self._station.ask(action, message)

    def move(self, move: Move) -> None:
        """Move a file after the answer; an address that is no link of a house only stands for one.

        One with FAILS in it cannot be reached.
        """
        if is_link(move.url):
            self._station.later(self._move(move))
            return
        if FAILS not in move.url:
            self.installed(move.firmware)
        self.say(move.begins, *((move.badly,) if FAILS in move.url else move.well))

    async def _move(self, move: Move) -> None:
        await self._say((move.begins,))
        context = self._station.uplink.ssl_context
        if move.brings:
            text = f"{format_time(self.now_ms)} {self.name} {self._station.plate.firmware}\n" * 100
            moved = await bring(move.url, f"{self.name}.log", text.encode(), context)
        else:
            moved = await fetch(move.url, context) is not None
        if moved:
            self.installed(move.firmware)
        await self._say(move.well if moved else (move.badly,))

    def installed(self, firmware: str) -> None:
        """Run another firmware from now on, if it has a name; said at the next boot."""
        if firmware:
            self._station.plate = replace(self._station.plate, firmware=firmware)

    def _active(self, transaction_id: str) -> Transaction | None:
        for place in self._station.places.values():
            if place.charging is not None and place.charging.transaction_id == transaction_id:
                return place.charging
        return None
