"""``/sessions``: see them, start and stop them from afar, resolve what is in doubt."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheCaller, TheHouse, TheSettlement
from ohmstead.apps.api.guard import public, scopes
from ohmstead.apps.api.idempotency import Effect, run_once
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.stations import answered, station_of
from ohmstead.apps.boot import House
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.commanding.author import AUTHOR, because, speaking
from ohmstead.core.access import Scope
from ohmstead.core.bill import Bill
from ohmstead.core.network import IdToken, Station
from ohmstead.core.progress import Progress
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.core.verdict import Verdicts
from ohmstead.errors import OhmsteadError
from ohmstead.flows.charging.review import Resolve, resolve
from ohmstead.flows.onboarding import TokenForLock, token_for_lock
from ohmstead.frozen import replace

SEES = scopes(Scope.HOST, Scope.DRIVER, Scope.VALIDATOR, Scope.READ)
CHARGES = scopes(Scope.HOST, Scope.DRIVER)
EVIDENCE = (Scope.HOST, Scope.DRIVER, Scope.VALIDATOR)
UID_BYTES = 9  # "L" and 18 hex digits: OCPP 1.6 idTags have at most 20 characters
STARTS = {"Accepted"}
Filter = Annotated[str | None, QueryParameter(max_length=64, required=False)]


class ResolveBody(shapes.Body, frozen=True):
    """A person's decision on a session in review or contested; ``because`` is kept with it."""

    outcome: Literal["pay", "refund"]
    because: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


def session_of(house: House, caller: Caller, session_id: str) -> Session:
    """The session; raises 404, also for a driver's key that is another's."""
    session = house.store.get(Session, session_id)
    if session is None or not caller.may_see(session):
        raise not_found(f"session {session_id}")
    return session


@get("/sessions", opt=SEES)
async def list_sessions(
    house: TheHouse,
    caller: TheCaller,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    in_state: Annotated[str | None, QueryParameter(name="state", required=False)] = None,
    station: Filter = None,
    epoch: Annotated[int | None, QueryParameter(ge=0, le=2**53, required=False)] = None,
    payer: Filter = None,
) -> shapes.Page:
    """Sessions by id, which is random: filter by state, station (404: not one), epoch or payer."""
    if in_state is not None and in_state not in {one.value for one in SessionState}:
        known = ", ".join(one.value for one in SessionState)
        raise Problem(400, f"state: is one of {known}", "bad-request")
    if station is not None and house.store.get(Station, station) is None:
        raise not_found(f"station {station}")
    own = caller.payer if caller.payer is not None else payer and payer.lower()

    def view(session: Session) -> shapes.SessionView:
        bill, progress = house.store.get(Bill, session.id), house.store.get(Progress, session.id)
        return views.session(session, bill, progress)

    return find_page(
        house.store,
        Session,
        limit,
        cursor,
        view,
        state=in_state,
        station_id=station,
        epoch=epoch,
        payer=own,
    )


@get("/sessions/{session_id:str}", opt=SEES)
async def show_session(
    house: TheHouse, caller: TheCaller, session_id: FromPath[str]
) -> shapes.SessionView:
    """One session with its bill."""
    session = session_of(house, caller, session_id)
    store = house.store
    told = None
    if caller.may(Scope.HOST, Scope.READ):  # a reason is no word to the driver
        told = store.get(Verdicts, session.id) or Verdicts(session.id)
    bill, progress = store.get(Bill, session.id), store.get(Progress, session.id)
    return views.session(session, bill, progress, told)


@get("/sessions/{session_id:str}/receipt", opt=public())
async def show_receipt(
    house: TheHouse,
    caller: TheCaller,
    settlement: TheSettlement,
    session_id: FromPath[str],
    copy: Annotated[Literal["public", "full"], QueryParameter(required=False)] = "public",
) -> Response[bytes]:
    """The receipt, canonical: anybody who knows the id may read the public copy.

    ``copy=full`` holds the meter's records and needs a key of the driver, a host or a validator.
    """
    if copy == "full":
        if caller.key is None:
            headers = {"WWW-Authenticate": 'Bearer realm="ohmstead"'}
            raise Problem(401, "the full copy needs an API key", "unauthorised", headers)
        if not caller.may(*EVIDENCE):
            raise Problem(403, "this key may not read the meter's records", "scope")
        session_of(house, caller, session_id)
    elif house.store.get(Session, session_id) is None:
        raise not_found(f"session {session_id}")
    document = await settlement.receipt(session_id, copy == "full")
    headers = {"Cache-Control": "private, no-store" if copy == "full" else "public, max-age=60"}
    return Response(document, media_type="application/json", headers=headers)


@post("/sessions", opt=CHARGES, status_code=HTTPStatus.ACCEPTED)
async def start_session(
    house: TheHouse,
    caller: TheCaller,
    request: Request[Any, Any, Any],
    data: JSONBody[shapes.StartBody],
) -> Response[bytes]:
    """Ask a station to start; the session exists once the station says that it began."""
    station = station_of(house, data.station)
    if station.evse(data.evse) is None:
        raise Problem(400, f"station {station.id} has no evse {data.evse}", "bad-request")
    if (data.id_token is None) == (data.lock is None):
        raise Problem(400, "give either id_token or lock", "bad-request")
    effect, before = await Effect.begin(house.store, request, caller)
    if before is not None:
        return before
    try:
        uid = await _uid(house, caller, data)
        with speaking(because("a session was asked for")):
            done = await commands.remote_start(house.gateway, station.id, data.evse, uid)
        payload = msgspec.json.decode(answered(station.id, done))
        status = str(payload.get("status"))
        if status not in STARTS:
            detail = f"station {station.id} answered {status}: look at its evse, then try again"
            raise Problem(409, detail, "start-refused", answer=payload)
    except OhmsteadError as error:
        if not (isinstance(error, Problem) and error.status == HTTPStatus.GATEWAY_TIMEOUT):
            await effect.release()
        raise  # after 504 nobody knows whether it began: the same key must not begin it again
    body = {"station": station.id, "evse": data.evse, "id_token": uid, "answer": payload}
    return await effect.end(HTTPStatus.ACCEPTED, body)


async def _uid(house: House, caller: Caller, data: shapes.StartBody) -> str:
    """The id_token to start with; a lock's own is made here, once."""
    if data.lock is not None:
        command = TokenForLock(data.lock.lower(), f"L{secrets.token_hex(UID_BYTES)}")
        token: IdToken | None = await house.store.run(token_for_lock, command)
    else:
        assert data.id_token is not None
        token = house.store.get(IdToken, data.id_token.casefold())
    if token is None or (caller.payer is not None and token.payer != caller.payer):
        raise not_found(f"id_token {data.id_token or data.lock}")
    return token.uid


@post("/sessions/{session_id:str}/stop", opt=CHARGES, status_code=HTTPStatus.OK)
async def stop_session(
    house: TheHouse, caller: TheCaller, session_id: FromPath[str]
) -> Response[bytes]:
    """Ask the station to end a session; its own stop is what ends it."""
    session = session_of(house, caller, session_id)
    if session.state not in OPEN_STATES:
        raise Problem(409, f"session {session.id} is {session.state.value} already", "conflict")
    with speaking(because("the end of a session was asked for")):
        done = await commands.remote_stop(house.gateway, session.station_id, session.transaction_id)
    return Response(answered(session.station_id, done), media_type="application/json")


@post("/sessions/{session_id:str}/resolve", opt=scopes(Scope.HOST), status_code=HTTPStatus.OK)
async def resolve_session(
    house: TheHouse,
    caller: TheCaller,
    request: Request[Any, Any, Any],
    session_id: FromPath[str],
    data: JSONBody[ResolveBody],
) -> Response[bytes]:
    """Decide a session in review or contested: pay the payees, or refund the payer.

    Who did, when and why is kept with the session, which shows it to those who run the network.
    """
    session_of(house, caller, session_id)
    if not data.because.strip():
        detail = "because: say why it is decided so, for it is kept with the session for good"
        raise Problem(400, detail, "bad-request")
    author = replace(AUTHOR.get(), reason=data.because)
    command = Resolve(session_id, data.outcome == "pay", author)
    return await run_once(house.store, request, caller, resolve, command, views.session)


HANDLERS = (
    list_sessions,
    show_session,
    show_receipt,
    start_session,
    stop_session,
    resolve_session,
)
