"""Commands to stations: at once, queued until the station returns, many at a time, and their log.

Whatever is sent is written down with who and why: say why in the header ``Ohmstead-Reason`` or the
query's ``reason``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes
from ohmstead.apps.api.command_views import (
    DAY_S,
    STATIONS_MAX,
    TTL_S_MAX,
    BatchBody,
    BatchView,
    CommandView,
    batch_view,
    command_view,
)
from ohmstead.apps.api.given import TheCaller, TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.idempotency import Effect, is_asked
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.stations import RUNS, answered, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.commanding import bulk
from ohmstead.apps.stations.commanding.author import AUTHOR, REASON_CHARACTERS_MAX, because
from ohmstead.apps.stations.commanding.checks import BadCommand, BadPayload, check_for_any
from ohmstead.apps.stations.commanding.unfollowed import check_password_stays
from ohmstead.core.access import Scope
from ohmstead.core.command import Author, CommandBatch, CommandState, StationCommand
from ohmstead.errors import OperatorError
from ohmstead.flows.commanding import QUEUED_MAX, cancel
from ohmstead.units import MS_PER_S
from ohmstead.wire.ocpp.base import Version

SEES = scopes(Scope.HOST, Scope.READ)
REASON_HEADER, CLIENT_HEADER, ID_HEADER = "ohmstead-reason", "ohmstead-client", "Ohmstead-Command"
AnyRequest = Request[Any, Any, Any]
StateFilter = Annotated[str | None, QueryParameter(name="state", max_length=20, required=False)]
Reason = Annotated[str, QueryParameter(max_length=REASON_CHARACTERS_MAX, required=False)]
Word = Annotated[str | None, QueryParameter(max_length=64, required=False)]
TtlS = Annotated[int, QueryParameter(ge=1, le=TTL_S_MAX, required=False)]


async def note_author(request: AnyRequest) -> None:
    """Litestar's ``before_request``: whoever asks is the author of what follows from it."""
    caller: Caller = getattr(request.state, "caller", None) or Caller()
    if caller.key is None:
        AUTHOR.set(Author("", "anybody", "api"))
        return
    said = request.headers.get(REASON_HEADER, "")
    with contextlib.suppress(UnicodeError):  # headers are read as Latin-1; people type UTF-8
        said = said.encode("latin-1").decode()
    via = "cli" if request.headers.get(CLIENT_HEADER) == "cli" else "api"
    reason = said[:REASON_CHARACTERS_MAX]
    AUTHOR.set(Author(caller.key.id, caller.key.name, via, reason))


def checked_state(text: str | None) -> str | None:
    """A state to filter by; raises 400 naming those there are."""
    if text is not None and text not in {one.value for one in CommandState}:
        known = ", ".join(one.value for one in CommandState)
        raise Problem(400, f"state: is one of {known}", "bad-request")
    return text


def bad(error: BadCommand) -> Problem:
    """422 for a payload that breaks its schema, 400 for an action that is not there."""
    if isinstance(error, BadPayload):
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "bad-payload")
    return Problem(HTTPStatus.BAD_REQUEST, str(error), "bad-command")


@post("/stations/{station_id:str}/commands/{action:str}", opt=RUNS, status_code=HTTPStatus.OK)
async def command_station(
    house: TheHouse,
    caller: TheCaller,
    request: AnyRequest,
    station_id: FromPath[str],
    action: FromPath[str],
    queue: Annotated[bool, QueryParameter(required=False)] = False,
    ttl_s: TtlS = DAY_S,
    reason: Reason = "",
) -> Response[bytes]:
    """Send an OCPP request: the body is its payload, the answer is the station's payload.

    409 not connected (a mistake is told first, by the version the station booted with last), 504
    no answer in time, 502 a CALLERROR (its code inside) or an answer that breaks its schema, 422 a
    payload that does, 400 an action this version does not have. With
    `queue=true` it waits for the station up to `ttl_s` seconds, and 202 answers its log entry.
    With an `Idempotency-Key` a repeat is answered as the first was, and nothing is sent again.
    """
    station = station_of(house, station_id)
    AUTHOR.set(because(reason))
    body = await request.body()

    async def work() -> tuple[HTTPStatus, msgspec.Raw, str]:
        check_password_stays(station_id, action, body)
        if queue:
            command = await _queued(house, station_id, action, body, ttl_s)
            entry = msgspec.Raw(msgspec.json.encode(command_view(command)))
            return HTTPStatus.ACCEPTED, entry, command.id
        if house.gateway.link(station_id) is None:  # its return would not mend a mistake
            bulk.checked(action, body, Version(station.protocol) if station.protocol else None)
        done = await commands.command(house.gateway, station_id, action, body)
        return HTTPStatus.OK, msgspec.Raw(answered(station_id, done)), done.message_id

    return await _once(house, caller, request, work)


Work = Callable[[], Awaitable[tuple[HTTPStatus, msgspec.Raw, str]]]


async def _once(house: House, caller: Caller, request: AnyRequest, work: Work) -> Response[bytes]:
    """Do something, and only once for a caller who gave an Idempotency-Key.

    ``work`` answers a status, a document and the id of what it made, for the header.
    """
    effect = None
    if is_asked(request):
        effect, before = await Effect.begin(house.store, request, caller)
        if before is not None:
            return before
    try:
        status, body, made = await work()
    except (OperatorError, Problem) as error:
        unknown = isinstance(error, Problem) and error.status == HTTPStatus.GATEWAY_TIMEOUT
        if effect is not None and not unknown:  # after 504 the station may have obeyed
            await effect.release()
        if isinstance(error, BadCommand):
            raise bad(error) from None
        if isinstance(error, commands.NotConnected):
            detail = f"{error}, or let it wait for the station with `queue`"
            raise Problem(HTTPStatus.CONFLICT, detail, "not-connected") from None
        raise
    if effect is not None:
        response = await effect.end(status, body)
    else:
        response = Response(bytes(body), status_code=status, media_type="application/json")
    response.headers[ID_HEADER] = made
    return response


async def _queued(
    house: House, station_id: str, action: str, body: bytes, ttl_s: int
) -> StationCommand:
    link = house.gateway.link(station_id)
    payload = bulk.checked(action, body, link.version if link else None)
    expires_ms = house.clock.now_ms() + ttl_s * MS_PER_S
    command = bulk.queued(house, station_id, action, payload, expires_ms)
    if not await house.queue.put(((command, payload),)):
        detail = f"{QUEUED_MAX} commands wait for station {station_id} already; cancel some first"
        raise Problem(409, detail, "queue-full")
    return command


@get("/stations/{station_id:str}/commands", opt=SEES)
async def list_station_commands(
    house: TheHouse,
    station_id: FromPath[str],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    in_state: StateFilter = None,
) -> shapes.Page:
    """What this station was asked, by whom and why, and what became of it; the newest first."""
    if not house.store.find(StationCommand, 1, station_id=station_id):
        station_of(house, station_id)  # of one that was retired the log stays
    return find_page(
        house.store,
        StationCommand,
        limit,
        cursor,
        command_view,
        station_id=station_id,
        state=checked_state(in_state),
    )


@get("/commands", opt=SEES)
async def list_commands(
    house: TheHouse,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    in_state: StateFilter = None,
    batch: Word = None,
) -> shapes.Page:
    """What all stations were asked, the newest first; filter by state or batch (404: not one)."""
    state = checked_state(in_state)
    if batch is not None and not house.store.find(StationCommand, 1, batch=batch):
        _batch(house, batch)  # one whose commands were purged, or that asked nobody, is there still
    return find_page(
        house.store,
        StationCommand,
        limit,
        cursor,
        command_view,
        state=state,
        batch=batch,
    )


@get("/commands/{command_id:str}", opt=SEES)
async def show_command(house: TheHouse, command_id: FromPath[str]) -> CommandView:
    """One command."""
    return command_view(_command(house, command_id))


@delete("/commands/{command_id:str}", opt=RUNS, status_code=HTTPStatus.OK)
async def cancel_command(house: TheHouse, command_id: FromPath[str]) -> CommandView:
    """Take a queued command back; 409 for one that has left."""
    _command(house, command_id)
    return command_view(await house.store.run(cancel, command_id))


@post("/commands", opt=RUNS, status_code=HTTPStatus.ACCEPTED)
async def command_many(
    house: TheHouse, caller: TheCaller, request: AnyRequest, data: JSONBody[BatchBody]
) -> Response[bytes]:
    """Queue one request for many stations; ask `/command-batches/{id}` how far it has come.

    With an `Idempotency-Key` a repeat is answered with the same batch, and queues nothing.
    """
    AUTHOR.set(because(data.reason))
    body = msgspec.json.encode(data.payload)

    async def work() -> tuple[HTTPStatus, msgspec.Raw, str]:
        check_password_stays("", data.action, body)
        check_for_any(data.action, body)
        ids = bulk.chosen(
            house.store, data.stations, data.vendor, data.model, data.all, STATIONS_MAX
        )
        expires_ms = house.clock.now_ms() + data.ttl_s * MS_PER_S
        batch = bulk.batch_of(house, data.action, body, expires_ms, len(ids))
        if data.dry_run:
            view = batch_view(batch, {})
        else:
            done = await bulk.spread(house, batch, body, ids)
            view = batch_view(done, {"queued": batch.total})
        return HTTPStatus.ACCEPTED, msgspec.Raw(msgspec.json.encode(view)), batch.id

    return await _once(house, caller, request, work)


@get("/command-batches", opt=SEES)
async def list_batches(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The batches, the newest first, without their counts."""
    return find_page(house.store, CommandBatch, limit, cursor, lambda batch: batch_view(batch, {}))


@get("/command-batches/{batch_id:str}", opt=SEES)
async def show_batch(house: TheHouse, batch_id: FromPath[str]) -> BatchView:
    """One batch, with its commands counted by state."""
    return batch_view(_batch(house, batch_id), _states(house, batch_id))


@delete("/command-batches/{batch_id:str}", opt=RUNS, status_code=HTTPStatus.OK)
async def cancel_batch(house: TheHouse, batch_id: FromPath[str]) -> BatchView:
    """Take back every command of a batch that has not left."""
    batch = _batch(house, batch_id)
    await bulk.cancel_batch(house.store, batch_id)
    return batch_view(batch, _states(house, batch_id))


def _command(house: House, command_id: str) -> StationCommand:
    found = house.store.get(StationCommand, command_id)
    if found is None:
        raise not_found(f"command {command_id[:60]}")
    return found


def _batch(house: House, batch_id: str) -> CommandBatch:
    found = house.store.get(CommandBatch, batch_id)
    if found is None:
        raise not_found(f"batch {batch_id[:60]}")
    return found


def _states(house: House, batch_id: str) -> dict[str, int]:
    counts = {
        one.value: house.store.count(StationCommand, batch=batch_id, state=one.value)
        for one in CommandState
    }
    return {state: count for state, count in counts.items() if count}


HANDLERS = (
    command_station,
    list_station_commands,
    list_commands,
    show_command,
    cancel_command,
    command_many,
    list_batches,
    show_batch,
    cancel_batch,
)
