"""``/tariffs`` and ``/id-tokens``: what charging costs, and who may charge."""

from __future__ import annotations

import json
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheCaller, TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.paging import (
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    cursor_after,
    find_page,
    key_before,
)
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.boot import House
from ohmstead.apps.persons.refusals import BeingForgotten
from ohmstead.apps.stations.commanding.author import AUTHOR, REASON_CHARACTERS_MAX
from ohmstead.core.access import Scope
from ohmstead.core.emaid import TYPE, check_digit, read_emaid
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import PayerKind
from ohmstead.core.tariff import Tariff
from ohmstead.core.tariff_document import tariff_document
from ohmstead.core.tariff_ocpi import TariffError, parse_ocpi_tariff
from ohmstead.flows.local_lists import SetStatus, WriteToken, set_status
from ohmstead.flows.local_lists import write_id_token as write_token
from ohmstead.flows.onboarding import ADDRESS, add_tariff
from ohmstead.frozen import replace

ANY, RUNS = scopes(*Scope), scopes(Scope.HOST)
SEES = scopes(Scope.HOST, Scope.DRIVER, Scope.READ)


@get("/tariffs", opt=ANY)
async def list_tariffs(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> dict[str, Any]:
    """What charging costs, as receipts write it."""
    found = house.store.find(Tariff, limit + 1, key_before(cursor))
    shown = found[:limit]
    more = len(found) > limit
    return {
        "items": [tariff_document(tariff) for tariff in shown],
        "next": cursor_after(shown[-1].key) if more else None,
    }


@get("/tariffs/{tariff_id:str}", opt=ANY)
async def show_tariff(house: TheHouse, tariff_id: FromPath[str]) -> dict[str, Any]:
    """One tariff."""
    tariff = house.store.get(Tariff, tariff_id)
    if tariff is None:
        raise not_found(f"tariff {tariff_id}")
    return cast("dict[str, Any]", tariff_document(tariff))


@post("/tariffs", opt=RUNS)
async def publish_tariff(house: TheHouse, request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Publish a tariff: the body is an OCPI 2.2.1 Tariff object; another content, another id."""
    try:
        # Numbers stay as written: a float would turn 0.2935 into something near it.
        document = json.loads(await request.body(), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}", "bad-request") from None
    try:
        tariff = parse_ocpi_tariff(document, house.config.asset)
    except TariffError as error:
        raise Problem(400, str(error), "bad-request") from None
    await house.store.run(add_tariff, tariff)
    return cast("dict[str, Any]", tariff_document(tariff))


class IdTokenPatch(shapes.Body, frozen=True):
    """What is to change of an id_token, and perhaps why: that stands in the audit log of the
    commands that follow."""

    status: Literal["accepted", "blocked", "expired", "invalid"]
    because: Annotated[str, msgspec.Meta(max_length=REASON_CHARACTERS_MAX)] = ""


def token_of(house: House, caller: Caller, uid: str) -> IdToken:
    """The id_token; raises 404."""
    token = house.store.get(IdToken, uid.casefold())
    if token is None or (caller.payer is not None and token.payer != caller.payer):
        raise not_found(f"id_token {uid}")
    return token


@get("/id-tokens", opt=SEES)
async def list_id_tokens(
    house: TheHouse,
    caller: TheCaller,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
    payer: Annotated[str | None, QueryParameter(max_length=64, required=False)] = None,
) -> shapes.Page:
    """The id_tokens by uid, whatever their status; of one payer, and of a driver only its own."""
    if payer is not None and not ADDRESS.fullmatch(payer := payer.lower()):
        raise Problem(
            400, "payer: expected an address: 0x and 40 hexadecimal digits", "bad-request"
        )
    own = caller.payer if caller.payer is not None else payer
    return find_page(house.store, IdToken, limit, cursor, views.id_token, payer=own)


@get("/id-tokens/{uid:str}", opt=SEES)
async def show_id_token(
    house: TheHouse, caller: TheCaller, uid: FromPath[str]
) -> shapes.IdTokenView:
    """One id_token."""
    return views.id_token(token_of(house, caller, uid))


@put("/id-tokens/{uid:str}", opt=RUNS)
async def write_id_token(
    house: TheHouse, uid: FromPath[str], data: JSONBody[shapes.IdTokenBody]
) -> shapes.IdTokenView:
    """Write an id_token, new or changed: a card or app that spends its payer's deposit."""
    known = house.store.get(IdToken, uid.casefold())
    if known is not None and known.lock_id:
        detail = f"id_token {uid} spends a walk-up wallet's lock and cannot be rewritten"
        raise Problem(409, detail, "conflict")
    _check_contract(uid, data.type)
    _check_forgotten(house, uid, data.payer)
    token = IdToken(
        uid=uid,
        status=TokenStatus(data.status),
        payer=data.payer.lower(),
        payer_kind=PayerKind.PREPAID,
        expires_ms=views.read_moment(data.expires, "expires") if data.expires else 0,
        group=data.group,
        language=data.language,
        offline_at=data.offline_at,
        type=data.type,
        session_limit_minor=int(data.session_limit or 0),
    )
    with bad_request():
        await house.store.run(write_token, WriteToken(token, AUTHOR.get()))
    return views.id_token(token)


def _check_forgotten(house: House, uid: str, *words: str) -> None:
    """Refuse what a person's request under way would erase again; raises 409."""
    try:
        house.persons.refuse_while_open(uid, *words)
    except BeingForgotten as error:
        raise Problem(409, f"id_token {uid}: {error}", "being-forgotten") from None


def _check_contract(uid: str, kind: str) -> None:
    """An eMAID that a person typed: its form, and what its check digit is for; raises 400."""
    if kind.casefold() != TYPE.casefold():
        return
    emaid = read_emaid(uid)
    if emaid is None:
        detail = (
            f"uid: {uid[:60]} is no eMAID, as in DE-ABC-C12345678: two letters of a country, three "
            "characters of a provider, nine of a contract, and perhaps a check digit; for another "
            "kind of card give its `type`"
        )
        raise Problem(400, detail, "bad-request")
    if emaid.is_mistyped:
        right = check_digit(emaid.name)
        detail = f"uid: {uid} ends in a wrong check digit; of {emaid.name} it is {right}"
        raise Problem(400, detail, "bad-request")


@patch("/id-tokens/{uid:str}", opt=RUNS)
async def patch_id_token(
    house: TheHouse, caller: TheCaller, uid: FromPath[str], data: JSONBody[IdTokenPatch]
) -> shapes.IdTokenView:
    """Block an id_token or let it charge again; all else of it stays, its local lists too.

    On a list it stands as Blocked or Expired then, and every station's cache is cleared.
    """
    token, author = token_of(house, caller, uid), AUTHOR.get()
    if data.because:
        author = replace(author, reason=data.because)
    if data.status == TokenStatus.ACCEPTED.value:
        _check_forgotten(house, token.uid, token.payer)
    change = SetStatus(token.key, TokenStatus(data.status), author)
    return views.id_token(await house.store.run(set_status, change))


@delete("/id-tokens/{uid:str}", opt=RUNS, status_code=HTTPStatus.NO_CONTENT)
async def invalidate_id_token(house: TheHouse, caller: TheCaller, uid: FromPath[str]) -> None:
    """Make an id_token invalid; the sessions it paid for keep naming it."""
    token = token_of(house, caller, uid)
    invalid = SetStatus(token.key, TokenStatus.INVALID, AUTHOR.get())
    await house.store.run(set_status, invalid)


HANDLERS = (
    list_tariffs,
    show_tariff,
    publish_tariff,
    list_id_tokens,
    show_id_token,
    write_id_token,
    patch_id_token,
    invalidate_id_token,
)
