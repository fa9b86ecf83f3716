"""Health, figures and keys: what looks after the house itself."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.figures import Figures
from ohmstead.apps.api.given import TheCaller, TheFigures, TheHouse
from ohmstead.apps.api.guard import public, scopes
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.core.access import ApiKey, Scope
from ohmstead.flows.access import add_key, revoke_key

SEES = scopes(Scope.HOST, Scope.READ, Scope.VALIDATOR)
SECONDS_PER_MS = 1_000


@get(["/healthz", "/api/v1/healthz"], opt=public())
async def healthz() -> dict[str, str]:
    """Whether this process answers."""
    return {"status": "alive"}


@get(["/readyz", "/api/v1/readyz"], opt=public())
async def readyz(house: TheHouse) -> dict[str, str]:
    """Whether what arrives can be made durable; 503 while it cannot, and before a restart."""
    if house.is_draining:
        raise Problem(503, "this house is draining and lets nobody in", "draining")
    if not house.store.available:
        raise Problem(503, "nothing can be made durable now", "store-unavailable")
    return {"status": "ready"}


@get(["/metrics", "/api/v1/metrics"], opt=SEES)
async def metrics(figures: TheFigures) -> Response[bytes]:
    """Figures for Prometheus, which sends its key as a bearer token."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FigureCollector(figures))
    text = generate_latest(registry)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


class _FigureCollector(Collector):
    """The figures of one moment as metrics."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Yield every metric; names end in their unit."""
        house, sums = self._figures.house, self._figures.epochs()
        gateway = house.gateway.connected()
        gauges = {
            "ohmstead_store_available": int(house.store.available),
            "ohmstead_stations_connected": len(gateway),
        }
        counters = {
            "ohmstead_commits": house.store.commits,
            "ohmstead_signatures_checked": house.services.verifier.checked,
            "ohmstead_epochs_closed": sums.count,
            "ohmstead_receipts": sums.receipts,
            "ohmstead_proven_mwh": sums.proven_mwh,
            "ohmstead_unproven_mwh": sums.unproven_mwh,
        }
        for name, value in gauges.items():
            yield GaugeMetricFamily(name, name.replace("_", " "), value=value)
        for name, value in counters.items():
            yield CounterMetricFamily(name, name.replace("_", " "), value=value)
        sessions = GaugeMetricFamily("ohmstead_sessions", "sessions by state", labels=["state"])
        for state, count in self._figures.sessions().items():
            sessions.add_metric([state], count)
        yield sessions


@get("/api/v1/status", opt=SEES)
async def status(figures: TheFigures) -> dict[str, Any]:
    """Everything an operator looks at first."""
    return figures.status()


@get("/api/v1/keys", opt=scopes())
async def list_keys(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The API keys, without their secrets."""
    return find_page(house.store, ApiKey, limit, cursor, views.key)


@post("/api/v1/keys", opt=scopes())
async def make_key(house: TheHouse, data: JSONBody[shapes.KeyBody]) -> shapes.KeyView:
    """Make an API key; its text is in this answer and nowhere else."""
    record, text = fresh_key(
        house.pepper,
        tuple(Scope(name) for name in dict.fromkeys(data.scopes)),
        data.name,
        house.clock.now_ms(),
        (data.subject or "").lower(),
    )
    with bad_request():
        await house.store.run(add_key, record)
    return views.key(record, text)


@delete("/api/v1/keys/{key_id:str}", opt=scopes(), status_code=HTTPStatus.NO_CONTENT)
async def end_key(house: TheHouse, caller: TheCaller, key_id: FromPath[str]) -> None:
    """Revoke an API key."""
    if house.store.get(ApiKey, key_id) is None:
        raise not_found(f"key {key_id}")
    if caller.key is not None and caller.key.id == key_id:
        raise Problem(409, "a key cannot revoke itself; use another admin key", "conflict")
    await house.store.run(revoke_key, key_id)


HANDLERS = (healthz, readyz, metrics, status, list_keys, make_key, end_key)
