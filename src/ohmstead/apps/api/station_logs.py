"""``/stations/{id}/logs``: a station is asked for its log, and what came of it is fetched."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import File

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.stations import RUNS, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.files import NoProtocol
from ohmstead.apps.files.logs import ask_for_log
from ohmstead.apps.stations.commanding.author import AUTHOR, REASON_CHARACTERS_MAX
from ohmstead.core.access import Scope
from ohmstead.core.files import NUMBER_MAX, Upload, UploadState, upload_key
from ohmstead.flows.uploads import remove_file

SEES = scopes(Scope.HOST)
Kind = Literal["diagnostics", "security"]
Way = Literal["https", "http", "ftps", "ftp"]
Reason = Annotated[str, QueryParameter(max_length=REASON_CHARACTERS_MAX, required=False)]


class LogBody(shapes.Body, frozen=True):
    """Which log, of which time; ``protocol`` chooses how it travels, else the station does."""

    kind: Kind = "diagnostics"
    since: shapes.Moment | None = None
    until: shapes.Moment | None = None
    protocol: Way | None = None


class LogView(shapes.View, frozen=True):
    """A log a station was asked for: asked, uploading, received, failed or timed out.

    ``said`` is the station's last word on it; ``has_file`` whether it can be fetched here.
    """

    number: int
    station: str
    kind: str
    state: str
    protocol: str
    reason: str
    said: str
    file_name: str
    bytes: int
    sha256: str
    has_file: bool
    attempts: int
    asked: str | None
    deadline: str | None
    ended: str | None


def view(one: Upload) -> LogView:
    """An upload as the API shows it."""
    return LogView(
        number=one.number,
        station=one.station_id,
        kind=one.kind,
        state=one.state.value,
        protocol=one.protocol.value,
        reason=one.reason,
        said=one.said,
        file_name=one.file_name,
        bytes=one.bytes,
        sha256=one.sha256,
        has_file=bool(one.sha256) and not one.removed_ms,
        attempts=one.attempts,
        asked=views.moment(one.asked_ms),
        deadline=views.moment(one.deadline_ms),
        ended=views.moment(one.ended_ms),
    )


def log_of(house: House, station_id: str, number: int) -> Upload:
    """The upload; raises 404."""
    one = house.store.get(Upload, upload_key(number)) if 0 < number <= NUMBER_MAX else None
    if one is None or one.station_id != station_id:
        raise not_found(f"log {number} of station {station_id}")
    return one


@post("/stations/{station_id:str}/logs", opt=RUNS, status_code=202)
async def ask_station_log(
    house: TheHouse, station_id: FromPath[str], data: JSONBody[LogBody], reason: Reason = ""
) -> Response[LogView]:
    """Ask a station for a log: 202, then look at it until it is received, failed or timed out.

    409 when the station refuses it at once (the reason inside), is not connected, or knows no way
    to bring it that is served here.
    """
    station_of(house, station_id)
    AUTHOR.set(house.journal.author(reason))
    since = views.read_moment(data.since, "since") if data.since else 0
    until = views.read_moment(data.until, "until") if data.until else 0
    if since and until and since >= until:
        raise Problem(400, "since: has to be before until", "bad-request")
    try:
        made = await ask_for_log(house, station_id, data.kind, since, until, data.protocol or "")
    except NoProtocol as error:
        raise Problem(409, str(error), "no-file-protocol") from None
    if made.state is UploadState.FAILED:
        detail = f"station {station_id} brings no {data.kind} log: {made.reason}"
        raise Problem(409, detail, "station-refused", number=made.number)
    return Response(view(made), status_code=202)


@get("/stations/{station_id:str}/logs", opt=SEES)
async def list_station_logs(
    house: TheHouse, station_id: FromPath[str], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The logs a station was asked for, the newest first."""
    if not house.store.find(Upload, 1, station_id=station_id):
        station_of(house, station_id)  # of one that was retired the logs stay
    return find_page(house.store, Upload, limit, cursor, view, station_id=station_id)


@get("/stations/{station_id:str}/logs/{number:int}", opt=SEES)
async def show_station_log(
    house: TheHouse, station_id: FromPath[str], number: FromPath[int]
) -> LogView:
    """One log, and how it stands."""
    return view(log_of(house, station_id, number))


@get(
    "/stations/{station_id:str}/logs/{number:int}/file",
    opt=SEES,
    media_type="application/octet-stream",
)
async def fetch_station_log(
    house: TheHouse, station_id: FromPath[str], number: FromPath[int]
) -> File:
    """The bytes of a log as they came; 404 while there are none, or when they went."""
    one = log_of(house, station_id, number)
    path = house.files.upload_path(one)
    if not one.sha256 or one.removed_ms or not await asyncio.to_thread(path.is_file):
        raise not_found(f"file of log {number}; its state is {one.state.value}")
    # A station's words: nothing here is shown by a browser, whatever it is called.
    return File(path, filename=f"{station_id}-{number}.log", content_disposition_type="attachment")


@delete("/stations/{station_id:str}/logs/{number:int}/file", opt=RUNS, status_code=200)
async def remove_station_log(
    house: TheHouse, station_id: FromPath[str], number: FromPath[int]
) -> LogView:
    """Remove the bytes of a log, which may name people; what became of it stays."""
    one = log_of(house, station_id, number)
    if not one.sha256 or one.removed_ms:
        raise not_found(f"file of log {number}; its state is {one.state.value}")
    removed = await house.store.run(remove_file, one.number)
    await asyncio.to_thread(house.files.upload_path(one).unlink, missing_ok=True)
    return view(removed)


HANDLERS: tuple[Any, ...] = (
    ask_station_log,
    list_station_logs,
    show_station_log,
    fetch_station_log,
    remove_station_log,
)
