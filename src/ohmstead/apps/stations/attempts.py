"""Where stations and decisions tell of charge attempts: most of what they say costs one look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from ohmstead.apps.gateway.interface import (
    Answered,
    CallOutcome,
    Disconnected,
    QueueFull,
    Refused,
    TimedOut,
)
from ohmstead.core.attempt import Attempt, Moved, card_of
from ohmstead.core.attempt_stages import LIMIT_MS, LOST_MS, Cause, Stage
from ohmstead.core.progress import Progress
from ohmstead.core.session import Session
from ohmstead.errors import OhmsteadError
from ohmstead.flows.attempt_tallies import added_up
from ohmstead.flows.attempts import Note, note
from ohmstead.flows.attempts_follow import followed
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Clock, Decision, State, Store
from ohmstead.wire.ocpp import v21, v201
from ohmstead.wire.ocpp.frames import LateError, LateResult

if TYPE_CHECKING:
    from ohmstead.apps.stations.peer import StationPeer

OPEN_PAGE = 1_000
UNANSWERED_MAX = 1_000  # remote starts whose late answer is waited for; the oldest go first
_OPENING = {"Preparing": Cause.OCCUPIED, "Occupied": Cause.PLUGGED}
_OTHERS = {
    "Available": Cause.UNPLUGGED,
    "Faulted": Cause.FAULT,
    "Charging": Cause.CHARGING,
    "SuspendedEV": Cause.PAUSED,
    "SuspendedEVSE": Cause.PAUSED,
}
_TRIGGERS = frozenset({"CablePluggedIn", "ChargingStateChanged"})
_STATES = {
    "EVConnected": Cause.PLUGGED,
    "Charging": Cause.CHARGING,
    "SuspendedEV": Cause.PAUSED,
    "SuspendedEVSE": Cause.PAUSED,
}
REMOTE_STARTS = frozenset({"RemoteStartTransaction", "RequestStartTransaction"})

Event = v201.TransactionEventRequest | v21.TransactionEventRequest

log = structlog.get_logger()


class _RemoteStart(Frozen):
    """Of either version."""

    idTag: str = ""
    idToken: dict[str, Any] | None = None
    connectorId: int = 0
    evseId: int = 0


class _Answer(Frozen):
    status: str = ""


class _Unanswered(Frozen):
    """A remote start that may be answered yet."""

    station_id: str
    action: str
    payload: bytes
    since_ms: int


class Attempts:
    """The attempts of one house.

    What it remembers are hints that may say too much and never too little: which stations have an
    open attempt, and which sessions one that waits for energy.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._stations: set[str] = set()
        self._sessions: set[str] = set()
        self._loaded_ms = 0
        self._closed: set[str] = set()  # stations without an open one at the last sweep
        self._unanswered: dict[str, _Unanswered] = {}  # by message id

    def load(self) -> None:
        """Read the open attempts, once."""
        self._loaded_ms = self._clock.now_ms()
        for attempt in self._open():
            self._remember(attempt)

    def _remember(self, attempt: Attempt) -> None:
        self._stations.add(attempt.station_id)
        self._closed.discard(attempt.station_id)
        if attempt.stage is Stage.STARTED:
            self._sessions.add(attempt.session_id)
        elif not attempt.is_open:
            self._sessions.discard(attempt.session_id)

    def watch(self, state: State, decision: Decision[Any], now_ms: int) -> Decision[Any]:
        """Add to a decision what it means to attempts; a defect here must cost nobody a session."""
        for record in decision.puts:
            kind = type(record)
            if kind is Progress:
                if record.session_id in self._sessions:  # type: ignore[attr-defined]
                    break
            elif kind is Session or kind is Attempt:
                break
        else:
            return decision
        try:
            records = followed(state, decision, self._sessions, now_ms)
            added = added_up(state, (*decision.puts, *records))
        except Exception as error:
            log.error("an attempt was not followed", exc_info=error)
            return decision
        for record in (*decision.puts, *records):
            if isinstance(record, Attempt):
                self._remember(record)
        puts = (*records, *added.puts)
        if not puts:
            return decision
        drops = (*decision.drops, *added.drops)
        return replace(decision, puts=(*decision.puts, *puts), drops=drops)

    async def status(
        self, peer: StationPeer, place: tuple[int, int], before: str, now: str
    ) -> None:
        """A StatusNotification; ``before`` is "" for the first one, which tells of no change."""
        cause = _OPENING.get(now) if before else None
        if cause is None and peer.station_id in self._stations:
            cause = _OTHERS.get(now)
        if cause is None or before == now:
            return
        detail = now if cause is Cause.PAUSED else ""
        await self._note(peer.station_id, cause, *place, detail)

    async def event(self, peer: StationPeer, request: Event) -> None:
        """A TransactionEvent that has been handled."""
        if peer.station_id not in self._stations or request.evse is None:
            return
        trigger, state = request.trigger_reason.value, request.transaction_info.charging_state
        if trigger not in _TRIGGERS:
            return
        word = state.value if state is not None else ""
        cause = Cause.PLUGGED if trigger == "CablePluggedIn" else _STATES.get(word)
        if cause is None:
            return
        detail = word if cause is Cause.PAUSED else ""
        connector = request.evse.connector_id or 0
        await self._note(peer.station_id, cause, request.evse.id, connector, detail)

    async def presented(self, peer: StationPeer, id_token: str, word: str) -> None:
        """An Authorize and the word it was answered with."""
        cause = Cause.AUTHORISED if word == "accepted" else Cause.REJECTED
        detail = "" if cause is Cause.AUTHORISED else word
        await self._note(peer.station_id, cause, detail=detail, id_token=id_token)

    async def commanded(
        self, station_id: str, action: str, payload: bytes, outcome: CallOutcome, message_id: str
    ) -> None:
        """What became of a command; a remote start is an attempt, or the end of one."""
        if action not in REMOTE_STARTS:
            return
        cause, detail = _meaning(outcome)
        if cause is Cause.REMOTE_UNANSWERED:
            waits = _Unanswered(station_id, action, payload, self._clock.now_ms())
            self._unanswered[message_id] = waits
            if len(self._unanswered) > UNANSWERED_MAX:
                del self._unanswered[next(iter(self._unanswered))]
        await self._asked(station_id, payload, cause, detail)

    async def unsent(self, station_id: str, action: str, payload: bytes, why: str) -> None:
        """A command that waited for its station, and will not leave any more."""
        if action in REMOTE_STARTS:
            await self._asked(station_id, payload, Cause.REMOTE_UNSENT, why, alone=True)

    async def late(self, event: LateResult | LateError) -> None:
        """Behaviour 3: an answer that came too late, perhaps to a remote start."""
        asked = self._unanswered.pop(event.message_id, None)
        if asked is None or self._clock.now_ms() - asked.since_ms >= LIMIT_MS[Stage.ASKED]:
            return
        outcome: CallOutcome = (
            Refused(None, event.code_text, "")
            if isinstance(event, LateError)
            else Answered(bytes(event.payload))
        )
        cause, detail = _meaning(outcome)
        await self._asked(asked.station_id, asked.payload, cause, detail, late=True)

    async def _asked(
        self,
        station_id: str,
        payload: bytes,
        cause: Cause,
        detail: str,
        *,
        alone: bool = False,
        late: bool = False,
    ) -> None:
        try:
            asked = msgspec.json.decode(payload, type=_RemoteStart)
        except (ValueError, RecursionError):
            return  # what no station could be asked
        token = asked.idToken.get("idToken") if asked.idToken else asked.idTag
        card = card_of(token) if isinstance(token, str) else ""
        evse_id = asked.evseId or asked.connectorId
        moved = Moved(cause, self._clock.now_ms(), evse_id, card=card, detail=detail)
        await self._run(Note(station_id, moved, alone=alone, late=late))

    async def _note(
        self,
        station_id: str,
        cause: Cause,
        evse_id: int = 0,
        connector_id: int = 0,
        detail: str = "",
        id_token: str = "",
    ) -> None:
        now_ms, card = self._clock.now_ms(), card_of(id_token)
        moved = Moved(cause, now_ms, evse_id, connector_id, card=card, detail=detail)
        await self._run(Note(station_id, moved))

    async def _run(self, command: Note) -> None:
        try:
            await self._store.run(note, command)
        except OhmsteadError as error:  # what is counted must not end what is done
            log.warning("an attempt was not noted", station=command.station_id, reason=str(error))
        except Exception as error:  # nor may a defect here
            log.error("an attempt was not noted", station=command.station_id, exc_info=error)

    async def sweep(self, seen_ms: Callable[[str], int | None]) -> None:
        """Give up what nothing comes of; ``seen_ms`` is when a station was last heard that is away
        now, None for one that is connected."""
        now_ms = self._clock.now_ms()
        found = self._open()
        # What was decided and is not committed yet is not found: nothing is forgotten at once.
        closed = self._stations - {attempt.station_id for attempt in found}
        self._stations -= closed & self._closed
        self._closed = closed
        self._sessions.update(one.session_id for one in found if one.stage is Stage.STARTED)
        for attempt in found:
            gone_ms = seen_ms(attempt.station_id)
            if gone_ms is not None:
                # Its transaction may be in its queue, and go well.
                if now_ms - max(gone_ms, attempt.changed_ms, self._loaded_ms) < LOST_MS:
                    continue
                cause = Cause.LOST
            elif now_ms - attempt.changed_ms >= LIMIT_MS[attempt.stage]:
                cause = Cause.SILENCE
            else:
                continue
            moved = Moved(cause, now_ms)
            await self._run(Note(attempt.station_id, moved, number=attempt.number))

    def _open(self) -> list[Attempt]:
        found: list[Attempt] = []
        after = ""
        while page := self._store.find(Attempt, OPEN_PAGE, after, is_open=1):
            found += page
            after = page[-1].key
        return found


def _meaning(outcome: CallOutcome) -> tuple[Cause, str]:
    """What an outcome means to a remote start, and the detail that is kept of it."""
    match outcome:
        case Answered(payload):
            try:
                word = msgspec.json.decode(payload, type=_Answer).status
            except (ValueError, RecursionError):
                word = ""
            if word == "Accepted":
                return Cause.AUTHORISED, ""
            if word:
                return Cause.REMOTE_REFUSED, word
            return Cause.REMOTE_UNANSWERED, "invalid"  # what breaks its schema says nothing
        case Refused(_, code, _):
            return Cause.REMOTE_REFUSED, code
        case TimedOut():
            return Cause.REMOTE_UNANSWERED, "timeout"
        case Disconnected(sent=True):
            return Cause.REMOTE_UNANSWERED, "connection_lost"
        case Disconnected():
            return Cause.REMOTE_UNSENT, "not_connected"
        case QueueFull():
            return Cause.REMOTE_UNSENT, "queue_full"
