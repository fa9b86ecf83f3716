"""``POST /adoption``: what another CSMS leaves behind, and what its stations still say of it."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request
from ohmstead.apps.persons.refusals import BeingForgotten
from ohmstead.core.access import Scope
from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import PayerKind
from ohmstead.flows.adoption import Adopt, adopt
from ohmstead.flows.charging.start import TRANSACTION_ID_MAX

RUNS, SEES = scopes(Scope.HOST), scopes(Scope.HOST, Scope.READ)
TOKENS_MAX = 1_000  # of one request; a repeat changes nothing, so ask as often as needed
TRANSACTIONS_MAX = 1_000
PROBLEMS_MAX = 200
Number = Annotated[int, msgspec.Meta(ge=0, lt=TRANSACTION_ID_MAX)]
# OCPP 2.x: an identifierString of 36.
Named = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9*_=:+|@.\-]{1,36}$")]
Short = Annotated[str, msgspec.Meta(max_length=64)]


class AdoptedToken(shapes.Body, frozen=True):
    """An id_token as the other CSMS knew it."""

    uid: Annotated[str, msgspec.Meta(max_length=255)]
    payer: shapes.Address
    status: Literal["accepted", "blocked", "expired", "invalid"] = "accepted"
    expires: shapes.Moment | None = None
    group: Annotated[str, msgspec.Meta(max_length=36)] = ""


class AdoptedTransaction(shapes.Body, frozen=True):
    """A transaction that was under way at the other CSMS."""

    station: Annotated[str, msgspec.Meta(min_length=1, max_length=48)]
    # A number is one of OCPP 1.6; a text is one of 2.x, also when it is of digits.
    transaction_id: Annotated[int, msgspec.Meta(ge=1, lt=TRANSACTION_ID_MAX)] | Named
    evse: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    id_token: Short = ""
    started: shapes.Moment | None = None
    begin_wh: Short = ""


class AdoptionBody(shapes.Body, frozen=True):
    """``above``: transaction ids up to this one may be the other's; new ones go on after it."""

    source: Short
    tokens: Annotated[tuple[AdoptedToken, ...], msgspec.Meta(max_length=TOKENS_MAX)] = ()
    transactions: Annotated[
        tuple[AdoptedTransaction, ...], msgspec.Meta(max_length=TRANSACTIONS_MAX)
    ] = ()
    above: Number = 0
    dry_run: bool = False


class AdoptionView(shapes.View, frozen=True):
    """Outcomes in the order asked: new, same, or kept, where ours is otherwise and stays."""

    dry_run: bool
    tokens: list[str]
    transactions: list[str]
    next_transaction_id: int


class ForeignView(shapes.View, frozen=True):
    """Another CSMS's transaction, and the payloads its station sent of its end."""

    station: str
    transaction_id: str
    source: str
    evse: int
    id_token: str
    started: str | None
    begin_wh: str
    stopped: str | None
    reason: str
    stops: list[str]
    readings: int
    last_reading: str


@post("/adoption", opt=RUNS, status_code=HTTPStatus.OK)
async def adopt_all(house: TheHouse, data: JSONBody[AdoptionBody]) -> AdoptionView:
    """Take over id_tokens, the transactions under way and the transaction ids used: all or none.

    What is there already stays as it is. Messages about the other's transactions are kept as
    evidence and settle nothing.
    """
    tokens = tuple(
        IdToken(
            uid=one.uid,
            status=TokenStatus(one.status),
            payer=one.payer.lower(),
            payer_kind=PayerKind.PREPAID,
            expires_ms=views.read_moment(one.expires, "expires") if one.expires else 0,
            group=one.group,
        )
        for one in data.tokens
    )
    transactions = tuple(
        ForeignTransaction(
            station_id=one.station,
            transaction_id=str(one.transaction_id),
            source=data.source,
            evse_id=one.evse,
            id_token=one.id_token,
            started_ms=views.read_moment(one.started, "started") if one.started else 0,
            begin_wh=one.begin_wh,
        )
        for one in data.transactions
    )
    new = [one for one in tokens if house.store.get(IdToken, one.key) is None]
    try:
        house.persons.refuse_while_open(*(word for one in new for word in (one.uid, one.payer)))
    except BeingForgotten as error:
        raise Problem(409, f"one of the id_tokens: {error}", "being-forgotten") from None
    ids = (one.transaction_id for one in data.transactions)
    above = max([data.above, *(id_ for id_ in ids if isinstance(id_, int))])
    with bad_request():
        done = await house.store.run(adopt, Adopt(tokens, transactions, above, data.dry_run))
    if done.problems:
        wrong = [
            {"position": position, "uid": data.tokens[position].uid, "detail": detail}
            for position, detail in done.problems[:PROBLEMS_MAX]
        ]
        detail = f"{len(done.problems)} id_tokens are refused, so nothing was taken over"
        first = f"{wrong[0]['uid']}: {wrong[0]['detail']}"
        raise Problem(400, f"{detail}; {first}", "adoption-refused", errors=wrong)
    registry = house.services.registry  # read anew when the next message asks
    registry.foreign_floor = registry.has_foreign = None
    return AdoptionView(
        dry_run=data.dry_run,
        tokens=[one.value for one in done.tokens],
        transactions=[one.value for one in done.transactions],
        next_transaction_id=done.next_transaction_id,
    )


@get("/adoption/transactions", opt=SEES)
async def list_foreign(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """Other CSMSs' transactions, and what our stations said of their ends."""
    return find_page(house.store, ForeignTransaction, limit, cursor, _view, lambda _: True)


def _view(one: ForeignTransaction) -> ForeignView:
    return ForeignView(
        station=one.station_id,
        transaction_id=one.transaction_id,
        source=one.source,
        evse=one.evse_id,
        id_token=one.id_token,
        started=views.moment(one.started_ms),
        begin_wh=one.begin_wh,
        stopped=views.moment(one.stopped_ms),
        reason=_reason(one),
        stops=list(one.stops),
        readings=one.readings,
        last_reading=one.last_reading,
    )


def _reason(one: ForeignTransaction) -> str:
    """Why it ended in its station's words, as in Local; empty where none were said."""
    for stop in one.stops:
        try:
            said = json.loads(stop)
        except ValueError:
            continue  # longer than what is kept
        reason = said.get("reason") or (said.get("transactionInfo") or {}).get("stoppedReason")
        if reason:
            return str(reason)
    return ""


HANDLERS = (adopt_all, list_foreign)
