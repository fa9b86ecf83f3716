"""A request to be forgotten moves: begun once, a page of records at a time, until it is done.

What a page changes and how far the request has come are one commit, so a crash loses nothing and
doing a page twice is doing it once.
"""

from __future__ import annotations

from ohmstead.core.local_list import ListState, LocalList
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.person import Names, PersonRequest, PersonState, StationTask, TaskState
from ohmstead.errors import OperatorError
from ohmstead.flows.persons.anew import caches_anew, lists_anew
from ohmstead.flows.persons.balance import blocker_of_last
from ohmstead.flows.persons.records import rewritten
from ohmstead.flows.persons.standing import blocker_of
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, Record, State

UNDER_WAY_MAX = 100  # requests that are not done
STATES = (PersonState.WAITING, PersonState.ERASING, PersonState.STATIONS)


class Begin(Frozen):
    """A request, sealed, and the id_tokens that may charge no more from now on."""

    request: PersonRequest
    uids: tuple[str, ...]
    connected: tuple[str, ...] = ()


def begin(state: State, command: Begin, now_ms: int) -> Decision[PersonRequest]:
    """Write a request down and block its id_tokens; the same names again are the same request,
    and may allow it what it was not allowed before: to leave a balance."""
    wanted = command.request
    known = [one for word in STATES for one in _in(state, word)]
    for one in known:
        if set(one.digests) == set(wanted.digests):
            if one.leave_balance or not wanted.leave_balance:
                return Decision(one)
            allowed = replace(one, leave_balance=True, changed_ms=now_ms)
            return Decision(allowed, (allowed,))
    if len(known) >= UNDER_WAY_MAX:
        raise OperatorError(f"{UNDER_WAY_MAX} requests are under way; wait until some are done")
    puts: list[Record] = [wanted]
    jobs: tuple[Job, ...] = ()
    found = [state.get(IdToken, uid) for uid in command.uids]
    tokens = [one for one in found if one is not None and one.status is not TokenStatus.BLOCKED]
    puts += [replace(token, status=TokenStatus.BLOCKED) for token in tokens]
    if tokens and command.connected:
        counter, job = caches_anew(state, {"stations": list(command.connected)})
        puts.append(counter)
        jobs = (job,)
    if any(token.offline_at for token in tokens):
        counter, job = lists_anew(state)
        puts.append(counter)
        jobs += (job,)
    return Decision(wanted, tuple(puts), jobs=jobs)


def _in(state: State, word: PersonState) -> list[PersonRequest]:
    return state.find(PersonRequest, UNDER_WAY_MAX, state=word.value)


class Page(Frozen):
    """Records of one table to be looked at, and where the request stands after them."""

    request_id: str
    kind: type
    table: str
    keys: tuple[str, ...]
    names: Names
    cursor: tuple[str, str]


def erase_page(state: State, command: Page, now_ms: int) -> Decision[str]:
    """Rewrite a page of records; answers what stands in the way, "" for nothing."""
    request = _of(state, command.request_id)
    if request.state is not PersonState.ERASING:
        return Decision("")
    puts: list[Record] = []
    drops: list[tuple[type, str]] = []
    jobs: tuple[Job, ...] = ()
    for key in command.keys:
        record: Record | None = state.get(command.kind, key)
        if record is None:
            continue
        blocker = blocker_of(record, command.names)
        if blocker:  # it began after the request did, or was contested since
            return _held_up(request, blocker, now_ms)
        after = rewritten(record, command.names)
        if after is None:
            drops.append((command.kind, key))
            if isinstance(record, LocalList):
                puts.append(ListState(record.station_id, -1))
        elif after != record:
            puts.append(after)
    if command.kind is IdToken and drops:
        blocker = _money(state, command, drops, leave_balance=request.leave_balance)
        if blocker:
            return _held_up(request, blocker, now_ms)
    many = len(drops) + sum(type(one) is command.kind for one in puts)
    if command.kind in (IdToken, LocalList) and many:
        counter, job = lists_anew(state)
        puts.append(counter)
        jobs = (job,)
    if command.kind is IdToken and many > len(drops):  # a cache names an id_token's group as well
        counter, job = caches_anew(state, {})
        puts.append(counter)
        jobs += (job,)
    counts = dict(request.changed)
    if many:
        counts[command.table] = counts.get(command.table, 0) + many
    moved = replace(
        request, cursor=command.cursor, changed=tuple(sorted(counts.items())), changed_ms=now_ms
    )
    return Decision("", (*puts, moved), jobs=jobs, drops=tuple(drops))


def _held_up(request: PersonRequest, blocker: str, now_ms: int) -> Decision[str]:
    waiting = replace(
        request,
        state=PersonState.WAITING,
        blockers=(blocker,),
        cursor=("", ""),
        changed_ms=now_ms,
    )
    return Decision(blocker, (waiting,))


def _money(
    state: State, command: Page, drops: list[tuple[type, str]], *, leave_balance: bool
) -> str:
    found = [state.get(IdToken, key) for _, key in drops]
    tokens = [token for token in found if token is not None]
    return blocker_of_last(state, command.names, tokens, leave_balance=leave_balance)


class Move(Frozen):
    """A request goes on: to another state, or with other stations."""

    request_id: str
    state: PersonState
    stations: tuple[StationTask, ...] | None = None
    blockers: tuple[str, ...] = ()
    next_pass: bool = False


def move(state: State, command: Move, now_ms: int) -> Decision[PersonRequest]:
    """Note how far a request is. Once it is done nothing in it tells whose it was."""
    request = _of(state, command.request_id)
    if request.state is PersonState.DONE:
        return Decision(request)
    stations = request.stations if command.stations is None else command.stations
    after = replace(
        request,
        state=command.state,
        stations=stations,
        blockers=command.blockers,
        cursor=("", "") if command.next_pass else request.cursor,
        passes=request.passes + command.next_pass,
        changed_ms=now_ms,
    )
    if command.state is PersonState.DONE:
        author = replace(after.author, reason="")  # a person wrote it, perhaps with a name
        after = replace(after, sealed="", done_ms=now_ms, author=author)
    return Decision(after, (after,))


class Told(Frozen):
    """What became of one station's task."""

    request_id: str
    task: StationTask


def told(state: State, command: Told, now_ms: int) -> Decision[PersonRequest]:
    """Note what a station said, or that it is to be asked again later."""
    request = _of(state, command.request_id)
    task = replace(command.task, at_ms=now_ms)
    tasks = tuple(
        task if one.station_id == task.station_id and one.state is TaskState.WAITING else one
        for one in request.stations
    )
    after = replace(request, stations=tasks, changed_ms=now_ms)
    return Decision(after, (after,))


def _of(state: State, request_id: str) -> PersonRequest:
    request = state.get(PersonRequest, request_id)
    if request is None:
        raise OperatorError(f"there is no request {request_id}")
    return request


__all__ = ["Begin", "Move", "Page", "Told", "begin", "erase_page", "move", "told"]
