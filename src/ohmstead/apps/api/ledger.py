"""``/epochs``, ``/accounts``, ``/reconciliation``: where the money stands, and how to check it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import FromPath, PathParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheCaller, TheHouse, TheSettlement
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.paging import (
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    find_page,
    key_before,
    page_of,
)
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.boot import House
from ohmstead.core.access import Scope
from ohmstead.core.ledger import Account, Transfer
from ohmstead.core.onchain import EpochRecord, epoch_key
from ohmstead.flows.onboarding import ADDRESS

SEES = scopes(Scope.HOST, Scope.READ, Scope.VALIDATOR)
OWN = scopes(Scope.HOST, Scope.READ, Scope.VALIDATOR, Scope.DRIVER)
Number = Annotated[int, PathParameter(ge=1, le=2**53)]


def epoch_of(house: House, number: int) -> EpochRecord:
    """The epoch; raises 404."""
    record = house.store.get(EpochRecord, epoch_key(number))
    if record is None:
        raise not_found(f"epoch {number}")
    return record


@get("/epochs", opt=SEES)
async def list_epochs(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The epochs, oldest first."""
    asset = house.config.asset
    return find_page(house.store, EpochRecord, limit, cursor, lambda one: views.epoch(one, asset))


@get("/epochs/{number:int}", opt=SEES)
async def show_epoch(house: TheHouse, number: Number) -> shapes.EpochView:
    """One epoch."""
    return views.epoch(epoch_of(house, number), house.config.asset)


@get("/epochs/{number:int}/bundle", opt=SEES)
async def show_bundle(
    house: TheHouse, settlement: TheSettlement, number: Number
) -> Response[bytes]:
    """Everything public of an epoch: whoever holds it recomputes the header."""
    epoch_of(house, number)
    return Response(await settlement.bundle(number), media_type="application/json")


@post("/epochs", opt=scopes(), status_code=HTTPStatus.OK)
async def close_epoch(house: TheHouse, settlement: TheSettlement) -> shapes.EpochView:
    """Close an epoch now over every settled session; 409 while there is nothing to close."""
    number = await settlement.close_epoch()
    if number is None:
        detail = "nothing is settled that is in no epoch yet, or the epoch before is on its way"
        raise Problem(409, detail, "nothing-to-close")
    return views.epoch(epoch_of(house, number), house.config.asset)


def account_of(house: House, caller: Caller, account_id: str) -> Account:
    """An account by its id, or by its name in the network's asset; raises 404."""
    full = account_id if "@" in account_id else f"{account_id}@{house.config.asset.code}"
    account = house.store.get(Account, full) if caller.may_see_account(full) else None
    if account is None:
        raise not_found(f"account {account_id}")
    return account


@get("/accounts/{account_id:str}", opt=OWN)
async def show_account(
    house: TheHouse, caller: TheCaller, account_id: FromPath[str]
) -> shapes.AccountView:
    """One account, as ``payer:0x..`` or ``payer:0x..@tUSD``."""
    return views.account(account_of(house, caller, account_id))


@get("/accounts/{account_id:str}/transfers", opt=OWN)
async def list_transfers(
    house: TheHouse,
    caller: TheCaller,
    account_id: FromPath[str],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
) -> shapes.Page:
    """What moved on an account, by transfer id."""
    account, after = account_of(house, caller, account_id), key_before(cursor)
    found = [
        *house.store.find(Transfer, limit + 1, after, debit=account.id),
        *house.store.find(Transfer, limit + 1, after, credit=account.id),
    ]
    found.sort(key=lambda transfer: transfer.key)
    return page_of(found[: limit + 1], limit, lambda one: views.transfer(one, account.asset))


@get("/accounts/{account_id:str}/claim", opt=SEES)
async def show_claim(
    house: TheHouse, settlement: TheSettlement, account_id: FromPath[str]
) -> dict[str, Any]:
    """What an address sends to ``Settlement.claim`` to be paid everything that is final."""
    address = account_id.lower().removeprefix("payee:")
    if not ADDRESS.fullmatch(address):
        raise Problem(400, "account: a claim is for a 0x address", "bad-request")
    return await settlement.claim(address)


@get("/reconciliation", opt=SEES)
async def show_reconciliation(house: TheHouse, settlement: TheSettlement) -> dict[str, Any]:
    """The ledger against the chain, to the unit, at the last final block."""
    return await settlement.reconcile()


HANDLERS = (
    list_epochs,
    show_epoch,
    show_bundle,
    close_epoch,
    show_account,
    list_transfers,
    show_claim,
    show_reconciliation,
)
