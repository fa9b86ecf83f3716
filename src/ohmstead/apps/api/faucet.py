"""``/faucet``: money from nothing, where money is worth nothing: on a local test chain."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheCaller, TheHouse, TheSettlement
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.idempotency import Effect
from ohmstead.errors import OhmsteadError


@post("/faucet", opt=scopes(), status_code=HTTPStatus.ACCEPTED)
async def pour(
    house: TheHouse,
    caller: TheCaller,
    settlement: TheSettlement,
    request: Request[Any, Any, Any],
    data: JSONBody[shapes.FaucetBody],
) -> Response[bytes]:
    """Deposit test money for an address, on a local chain only; it counts once it is final."""
    effect, before = await Effect.begin(house.store, request, caller)
    if before is not None:
        return before
    account, amount_minor = data.address.lower(), int(data.amount)
    try:
        name = hashlib.sha256(effect.id.encode()).hexdigest()
        tx = await settlement.pour(name, account, amount_minor)
    except OhmsteadError:
        await effect.release()  # the same key goes on where it stopped: it names the transactions
        raise
    poured = shapes.FaucetView(
        account=f"payer:{account}",
        amount=views.money(amount_minor, house.config.asset),
        tx=tx,
        state="submitted",
    )
    return await effect.end(HTTPStatus.ACCEPTED, poured)


HANDLERS = (pour,)
