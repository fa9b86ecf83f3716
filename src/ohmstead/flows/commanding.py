"""A command is written down before it leaves, and what became of it when that is known.

Nothing is sent twice unless repeating it is harmless: a command whose connection ended after it
left has the outcome ``unknown``, because OCPP has no question for "did you do that?".
"""

from __future__ import annotations

from ohmstead.core.command import (
    UNDER_WAY,
    CommandBatch,
    CommandBody,
    CommandState,
    StationCommand,
)
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

QUEUED_MAX = 64  # of one station
ATTEMPTS_MAX = 5  # of one queued command that may be repeated
_NOT_HEARD = frozenset({CommandState.TIMEOUT, CommandState.UNKNOWN})


def begin(_state: State, command: StationCommand, _now_ms: int) -> Decision[None]:
    """Write a command down that leaves at once."""
    return Decision(None, (command,))


class Enqueue(Frozen):
    """Commands to queue, each with its body; ``batch`` if they belong to one.

    ``once``: where the same waits already that one has to do, for as long as this would have
    waited; so there is at most one more, and it has room in a full queue too.
    """

    commands: tuple[tuple[StationCommand, str], ...]
    batch: CommandBatch | None = None
    once: bool = False


def enqueue(state: State, asked: Enqueue, _now_ms: int) -> Decision[tuple[str, ...]]:
    """Queue each command whose station has room; answers the ids of those that were."""
    puts: list[Record] = []
    taken: list[str] = []
    for command, body in asked.commands:
        waiting = queued_of(state, command.station_id)
        same = next((one for one in waiting if asked.once and _is_same(one, command)), None)
        if same is not None:
            puts.append(replace(same, expires_ms=max(same.expires_ms, command.expires_ms)))
        elif asked.once or len(waiting) < QUEUED_MAX:
            puts += [command, CommandBody(command.id, body)]
            taken.append(command.id)
    if asked.batch is not None:
        known = state.get(CommandBatch, asked.batch.id) or asked.batch
        puts.append(replace(asked.batch, queued=known.queued + len(taken)))
    return Decision(tuple(taken), tuple(puts))


def _is_same(one: StationCommand, other: StationCommand) -> bool:
    return (one.action, one.payload) == (other.action, other.payload)


def queued_of(state: State, station_id: str) -> list[StationCommand]:
    """What waits for a station, the newest first."""
    return state.find(
        StationCommand,
        2 * QUEUED_MAX,
        station_id=station_id,
        state=CommandState.QUEUED.value,
    )


class Dispatch(Frozen):
    """A queued command is about to leave."""

    id: str
    protocol: str


def dispatch(state: State, asked: Dispatch, now_ms: int) -> Decision[StationCommand | None]:
    """Note that it leaves; None if it may not any more."""
    command = state.get(StationCommand, asked.id)
    if command is None or command.state is not CommandState.QUEUED:
        return Decision(None)
    if command.expires_ms <= now_ms:
        return Decision(None, _over(command, CommandState.EXPIRED, now_ms))
    leaving = replace(
        command,
        state=CommandState.SENT,
        protocol=asked.protocol,
        sent_ms=now_ms,
        attempts=command.attempts + 1,
    )
    return Decision(leaving, (leaving,))


class Conclude(Frozen):
    """What became of a command; ``repeatable``: sending it again does no harm."""

    id: str
    state: CommandState
    answer: str = ""
    error: str = ""
    problem: str = ""
    repeatable: bool = False


def conclude(state: State, told: Conclude, now_ms: int) -> Decision[StationCommand]:
    """End a command, or queue it again where that is harmless; a second end changes nothing."""
    command = _known(state, told.id)
    if command.state not in UNDER_WAY:
        return Decision(command)
    queued = command.expires_ms > now_ms
    unheard = told.state in _NOT_HEARD and told.repeatable and command.attempts < ATTEMPTS_MAX
    if queued and (unheard or told.state is CommandState.UNSENT):
        never_left = told.state is CommandState.UNSENT and command.attempts > 0
        again = replace(
            command,
            state=CommandState.QUEUED,
            attempts=command.attempts - never_left,
            problem=told.problem,
        )
        return Decision(again, (again,))
    ended = replace(command, answer=told.answer, error=told.error, problem=told.problem)
    over = replace(ended, state=told.state, ended_ms=now_ms)
    return Decision(over, _with_body(over))


def cancel(state: State, command_id: str, now_ms: int) -> Decision[StationCommand]:
    """Take a queued command back; raises OperatorError for one that has left."""
    command = _known(state, command_id)
    if command.state is CommandState.CANCELLED:
        return Decision(command)
    if command.state is not CommandState.QUEUED:
        raise OperatorError(
            f"command {command_id} is {command.state.value}; only one that is queued can be taken "
            "back"
        )
    over = replace(command, state=CommandState.CANCELLED, ended_ms=now_ms)
    return Decision(over, _with_body(over))


def expire(state: State, command_id: str, now_ms: int) -> Decision[bool]:
    """End a queued command whose time is over; answers whether it was."""
    command = _known(state, command_id)
    if command.state is not CommandState.QUEUED or command.expires_ms > now_ms:
        return Decision(False)
    return Decision(True, _over(command, CommandState.EXPIRED, now_ms))


class Late(Frozen):
    """An answer to a command that had been given up."""

    id: str
    state: CommandState  # ANSWERED, INVALID or REFUSED
    said: str  # JSON text: the payload, or the code of a CALLERROR
    error: str = ""


def attach_late(state: State, told: Late, now_ms: int) -> Decision[bool]:
    """Behaviour 3: keep a late answer on its command; one that waited to be repeated is over."""
    command = state.get(StationCommand, told.id)
    if command is None or command.late:
        return Decision(False)
    late = replace(command, late=told.said, late_ms=now_ms)
    if command.state not in UNDER_WAY:
        return Decision(True, (late,))
    ended = replace(late, answer="" if told.error else told.said, error=told.error)
    return Decision(True, _over(ended, told.state, now_ms))


def _over(command: StationCommand, how: CommandState, now_ms: int) -> tuple[Record, ...]:
    return _with_body(replace(command, state=how, ended_ms=now_ms))


def _with_body(ended: StationCommand) -> tuple[Record, ...]:
    """What to write of a command that is over: of a queued one the body goes, with its secrets."""
    return (ended, CommandBody(ended.id, "")) if ended.expires_ms else (ended,)


def _known(state: State, command_id: str) -> StationCommand:
    command = state.get(StationCommand, command_id)
    if command is None:
        raise OperatorError(f"there is no command {command_id[:60]}")
    return command
