"""Which list each station has, and what follows when an id_token changes: lists and caches."""

from __future__ import annotations

from ohmstead.core.command import Author
from ohmstead.core.local_list import REVISION, ListMessage, ListState, LocalList, after
from ohmstead.core.network import Counter, IdToken, TokenStatus
from ohmstead.errors import OperatorError
from ohmstead.flows.onboarding import put_id_token
from ohmstead.flows.stations import in_service
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, Record, State

CLEAR_CACHE, REFRESH_LISTS = "clear_cache", "local_lists"
OFFLINE_AT_MAX = 64


class WriteToken(Frozen):
    """An id_token, new or changed; ``author`` says so, and perhaps why."""

    token: IdToken
    author: Author = Author()


def write_id_token(state: State, command: WriteToken, now_ms: int) -> Decision[IdToken]:
    """Write an id_token. One that was accepted and is not any more is struck from the caches of
    all stations, as they are there; where lists may hold it, they are made anew."""
    token = command.token
    known = state.get(IdToken, token.key)
    if len(token.offline_at) > OFFLINE_AT_MAX:
        raise OperatorError(f'offline_at names at most {OFFLINE_AT_MAX} stations, or is ["*"]')
    done = put_id_token(state, token, now_ms)
    puts: list[Record] = [*done.puts]
    jobs: list[Job] = []
    # 1.6 3.5.1, 2.0.1 C10/C11: a cache would let it charge until its entry grows old.
    if known is not None and _may_charge(known, now_ms) > _may_charge(token, now_ms):
        author = command.author
        payload = {"by": author.by, "name": author.name, "via": author.via}
        payload |= {"reason": author.reason}
        number = count_of(state, CLEAR_CACHE) + 1
        puts.append(Counter(CLEAR_CACHE, number))
        jobs.append(Job(f"{CLEAR_CACHE}/{number}", CLEAR_CACHE, CLEAR_CACHE, payload))
    if known != token and (token.offline_at or (known is not None and known.offline_at)):
        revision = count_of(state, REVISION) + 1
        puts.append(Counter(REVISION, revision))
        jobs.append(Job(f"{REFRESH_LISTS}/{revision}", REFRESH_LISTS, REFRESH_LISTS, {}))
    return Decision(token, tuple(puts), (), tuple(jobs))


class SetStatus(Frozen):
    """Whether an id_token may charge from now on; all else of it stays."""

    key: str
    status: TokenStatus
    author: Author = Author()


def set_status(state: State, command: SetStatus, now_ms: int) -> Decision[IdToken]:
    """Change the status alone: where a list holds the id_token it says so, and keeps it."""
    known = state.get(IdToken, command.key)
    if known is None:
        raise OperatorError(f"there is no id_token {command.key}")
    changed = replace(known, status=command.status)
    return write_id_token(state, WriteToken(changed, command.author), now_ms)


def _may_charge(token: IdToken, now_ms: int) -> bool:
    in_time = not token.expires_ms or token.expires_ms > now_ms
    return token.status is TokenStatus.ACCEPTED and in_time


def count_of(state: State, name: str) -> int:
    """How far a counter has come: REVISION, how often id_tokens that lists may hold changed."""
    counter = state.get(Counter, name)
    return counter.value if counter is not None else 0


def use_list(state: State, station_id: str, _now_ms: int) -> Decision[ListState]:
    """Keep a list for a station from now on; nothing changes where one is kept."""
    in_service(state, station_id)
    known = state.get(ListState, station_id)
    if known is not None:
        return Decision(known)
    fresh = ListState(station_id)
    return Decision(fresh, (fresh,))


class Taken(Frozen):
    """A station accepted a message of its list."""

    station_id: str
    message: ListMessage


def taken(state: State, command: Taken, now_ms: int) -> Decision[LocalList]:
    """Keep what a station has now; it is up to date only once ``synced`` says so."""
    known = state.get(LocalList, command.station_id)
    entries = after(known.entries if known is not None else (), command.message)
    record = LocalList(command.station_id, command.message.version, entries)
    return Decision(record, (record, ListState(command.station_id, -1, now_ms)))


class Synced(Frozen):
    """A list was brought up to date, as of a revision of the id_tokens, or could not be."""

    station_id: str
    revision: int
    problem: str = ""


def synced(_state: State, command: Synced, now_ms: int) -> Decision[ListState]:
    """Note how an attempt ended."""
    revision = -1 if command.problem else command.revision
    record = ListState(command.station_id, revision, now_ms, command.problem)
    return Decision(record, (record,))
