"""The HTTP application: every route behind one guard, every error a problem document."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme

import ohmstead
from ohmstead.apps.api import (
    adoption,
    alerts,
    attempts,
    charging_profiles,
    commands,
    configuration,
    data_transfers,
    events,
    faucet,
    frames,
    ledger,
    local_lists,
    meters,
    newcomers,
    operations,
    pages,
    persons,
    pki,
    quarantine,
    reservations,
    rollouts,
    sessions,
    shelf,
    station_logs,
    stations,
    stations_import,
    system,
    tariffs,
    templates,
    terminal_payments,
    webhooks,
)
from ohmstead.apps.api.figures import Figures
from ohmstead.apps.api.guard import Guard, scopes
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.problems import HANDLERS
from ohmstead.apps.api.settlement import Settlement
from ohmstead.apps.boot import House
from ohmstead.core.access import Scope

PREFIX = "/api/v1"
BODY_BYTES_MAX = 1 << 20
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def build(house: House, settlement: Callable[[], Settlement]) -> Litestar:
    """Return the application of a house; ``settlement`` is asked anew for each request."""
    figures = Figures(house, settlement)

    def the_caller(request: Request[Any, Any, Any]) -> Caller:
        caller: Caller = request.state.caller
        return caller

    api = Router(PREFIX, route_handlers=[*API_HANDLERS, openapi])
    return Litestar(
        [api, *system.HANDLERS, *pages.HANDLERS],
        openapi_config=None,
        dependencies={
            "house": Provide(lambda: house, sync_to_thread=False),
            "figures": Provide(lambda: figures, sync_to_thread=False),
            "settlement": Provide(lambda: settlement(), sync_to_thread=False),
            "caller": Provide(the_caller, sync_to_thread=False),
        },
        guards=[Guard(house), operations.FrozenGuard(house)],
        before_request=commands.note_author,
        exception_handlers=HANDLERS,
        request_max_body_size=BODY_BYTES_MAX,
        response_headers=SECURITY_HEADERS,
        logging_config=None,
    )


def _openapi_config() -> OpenAPIConfig:
    bearer = SecurityScheme(
        type="http", scheme="bearer", description="An API key, as `ohmstead key add` makes them."
    )
    return OpenAPIConfig(
        title="Ohmstead",
        version=ohmstead.__version__,
        summary="An EV charging network in which anyone can verify any kilowatt-hour.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        components=Components(security_schemes={"key": bearer}),
        security=[{"key": []}],
        use_handler_docstrings=True,
    )


@cache
def contract() -> bytes:
    """The OpenAPI document, made when it is first asked for.

    By an application of its own that is never served: what Litestar adds to one with a schema are
    routes that no guard of ours was meant for.
    """
    api = Router(PREFIX, route_handlers=list(API_HANDLERS))
    names = ("house", "figures", "settlement", "caller")
    described = Litestar(
        [api, *system.HANDLERS],
        dependencies={name: Provide(lambda: None, sync_to_thread=False) for name in names},
        openapi_config=_openapi_config(),
        logging_config=None,
    )
    return msgspec.json.encode(described.openapi_schema.to_schema())


@get("/openapi.json", opt=scopes(*Scope), include_in_schema=False)
async def openapi() -> Response[bytes]:
    """The contract of this API, for whoever holds any key."""
    return Response(contract(), media_type="application/json")


API_HANDLERS = (
    *stations.HANDLERS,
    *stations_import.HANDLERS,
    *newcomers.HANDLERS,
    *events.HANDLERS,
    *terminal_payments.HANDLERS,
    *frames.HANDLERS,
    *quarantine.HANDLERS,
    *adoption.HANDLERS,
    *commands.HANDLERS,
    *meters.HANDLERS,
    *sessions.HANDLERS,
    *tariffs.HANDLERS,
    *ledger.HANDLERS,
    *faucet.HANDLERS,
    *operations.HANDLERS,
    *charging_profiles.HANDLERS,
    *local_lists.HANDLERS,
    *reservations.HANDLERS,
    *station_logs.HANDLERS,
    *shelf.HANDLERS,
    *configuration.HANDLERS,
    *templates.HANDLERS,
    *rollouts.HANDLERS,
    *webhooks.HANDLERS,
    *alerts.HANDLERS,
    *attempts.HANDLERS,
    *pki.HANDLERS,
    *persons.HANDLERS,
    *data_transfers.HANDLERS,
)
