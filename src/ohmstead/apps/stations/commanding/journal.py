"""The audit log: a command is in the store before it leaves, and so is what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog

from ohmstead.apps.gateway.interface import (
    Answered,
    CallOutcome,
    Disconnected,
    Link,
    QueueFull,
    Refused,
    TimedOut,
)
from ohmstead.apps.gateway.server import Gateway
from ohmstead.apps.stations.asked import Asked
from ohmstead.apps.stations.attempts import Attempts
from ohmstead.apps.stations.commanding.admitted import check_admitted
from ohmstead.apps.stations.commanding.author import AUTHOR, because
from ohmstead.apps.stations.commanding.checks import NoReason
from ohmstead.apps.stations.commanding.ids import Ids
from ohmstead.apps.stations.commanding.masking import masked, quoted
from ohmstead.core.command import HOUSE, Author, CommandState, StationCommand
from ohmstead.core.network import Station
from ohmstead.errors import OhmsteadError
from ohmstead.flows.commanding import Conclude, Late, attach_late, begin, conclude
from ohmstead.ports import Clock, Store
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import Strictness, decode_response
from ohmstead.wire.ocpp.faults import CallRefused
from ohmstead.wire.ocpp.frames import LateError, LateResult

ERROR_CHARACTERS_MAX = 300  # of a CALLERROR's code or description

log = structlog.get_logger()
# Takes station, version, action, request and answer; never raises for what a station says.
Answers = Callable[[str, Version, str, bytes, bytes], Awaitable[None]]


def problem_of(version: Version, action: str, payload: bytes) -> str:
    """What breaks the schema in a station's answer; "" if nothing does."""
    return _worded(_refusal(version, action, payload))


def judge(link: Link, action: str, message_id: str, payload: bytes) -> str:
    """Like :func:`problem_of`, and the station is told, where its version has a word for it."""
    refused = _refusal(link.version, action, payload)
    if refused is not None:
        link.dispute(message_id, refused)
    return _worded(refused)


def _refusal(version: Version, action: str, payload: bytes) -> CallRefused | None:
    try:
        decode_response(version, action, payload, Strictness.LENIENT)
    except CallRefused as refused:
        return refused
    return None


def _worded(refused: CallRefused | None) -> str:
    return "" if refused is None else f"the station's answer: {refused.description}"


def conclusion(
    command_id: str, outcome: CallOutcome, problem: str, repeatable: bool = False
) -> Conclude:
    """An outcome in the words of the log."""
    state = CommandState
    match outcome:
        case Answered(payload):
            how = state.INVALID if problem else state.ANSWERED
            return Conclude(command_id, how, masked(payload), problem=problem)
        case Refused(_, code, description):
            text = description[:ERROR_CHARACTERS_MAX]
            return Conclude(
                command_id, state.REFUSED, error=code[:ERROR_CHARACTERS_MAX], problem=text
            )
        case TimedOut():
            text = "no answer in time; the station may still obey"
            return Conclude(command_id, state.TIMEOUT, problem=text, repeatable=repeatable)
        case Disconnected(sent=True):
            text = "the connection ended before the answer; the station may have obeyed"
            return Conclude(command_id, state.UNKNOWN, problem=text, repeatable=repeatable)
        case Disconnected():
            text = "the station had gone before it could be sent"
            return Conclude(command_id, state.UNSENT, problem=text)
        case QueueFull():
            text = "too many commands waited for this station"
            return Conclude(command_id, state.UNSENT, problem=text)


class Journal:
    """Writes the log of one house."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._ids = Ids()
        self.attempts: Attempts | None = None  # told of answers to remote starts
        self.asked: Asked | None = None  # told of what leaves
        self.on_answered: Answers | None = None  # told of what a station answered to a command
        self.asks_why: Callable[[], bool] = lambda: False  # whether people have to say why
        self._tasks: set[asyncio.Task[None]] = set()

    def fresh_id(self) -> str:
        """An id for a command or a batch, which sorts before all older ones."""
        return self._ids.fresh(self._clock.now_ms())

    def author(self, reason: str = "") -> Author:
        """Whoever speaks now, with a reason if none was given; raises NoReason where people have to
        say why and one has not."""
        author = because(reason) if reason else AUTHOR.get()
        if author.via != HOUSE and not author.reason.strip() and self.asks_why():
            raise NoReason(
                "say why, as this network asks of every command (http.reasons): with --reason or "
                "in OHMSTEAD_REASON, over HTTP in the header Ohmstead-Reason"
            )
        return author

    async def begin(self, station_id: str, version: Version, action: str, payload: bytes) -> str:
        """Write down what is about to leave; returns its id.

        Raises NotAdmitted for what a pending or rejected station may not be asked, NoReason as
        :meth:`author`, and StoreUnavailable.
        """
        station = self._store.get(Station, station_id)
        if station is not None:
            check_admitted(station_id, station.admission, action)
        now_ms = self._clock.now_ms()
        command = StationCommand(
            id=self.fresh_id(),
            station_id=station_id,
            action=action,
            payload=masked(payload),
            author=self.author(),
            state=CommandState.SENT,
            created_ms=now_ms,
            sent_ms=now_ms,
            protocol=version.value,
            attempts=1,
        )
        await self._store.run(begin, command)
        if self.asked is not None:
            self.asked.note(command)
        return command.id

    async def end(self, command_id: str, outcome: CallOutcome, problem: str) -> None:
        """Write down what became of it. The station has spoken, so a full disk is only logged."""
        try:
            await self._store.run(conclude, conclusion(command_id, outcome, problem))
        except OhmsteadError as error:
            log.error("the end of a command was not kept", command=command_id, reason=str(error))

    def late(self, station_id: str, version: Version, event: LateResult | LateError) -> None:
        """Behaviour 3: attach an answer that came too late."""
        if isinstance(event, LateError):
            code = event.code_text[:ERROR_CHARACTERS_MAX]
            told = Late(event.message_id, CommandState.REFUSED, quoted(code), code)
        else:
            payload = bytes(event.payload)
            problem = problem_of(version, event.action, payload)
            how = CommandState.INVALID if problem else CommandState.ANSWERED
            told = Late(event.message_id, how, masked(payload))
        self.later(self._attach(station_id, told))
        if self.attempts is not None:
            self.later(self.attempts.late(event))

    async def _attach(self, station_id: str, told: Late) -> None:
        try:
            await self._store.run(attach_late, told)
        except OhmsteadError as error:
            log.error("a late answer was not kept", station=station_id, reason=str(error))

    def later(self, work: Coroutine[None, None, None]) -> None:
        """Do something beside; it ends with this house at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let what is being written be written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


class AuditedGateway(Gateway):
    """A gateway whose commands are written down: see :func:`apps.stations.commands.command`."""

    journal: Journal
