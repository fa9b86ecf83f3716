"""``/stations/{id}/events``, ``/reports`` and ``/certificates``: what a station told of itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import FromPath, QueryParameter

from ohmstead.apps.api import views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, cursor_after, key_before
from ohmstead.apps.api.problems import Problem, not_found
from ohmstead.apps.api.shapes import Page, View
from ohmstead.apps.api.stations import station_of
from ohmstead.apps.stations.reports import CUSTOMER, DISPLAY_MESSAGES, MONITORS
from ohmstead.core.access import Scope
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.station_log import (
    CERTIFICATES_MAX,
    EVENTS,
    SECURITY,
    SIZES,
    StationCertificate,
    StationEvent,
    StationLog,
    event_key,
)
from ohmstead.ports import Store

SEES, RUNS = scopes(Scope.HOST, Scope.READ, Scope.VALIDATOR), scopes(Scope.HOST)
LogName = Annotated[Literal["all", "events", "security"], QueryParameter(required=False)]
_BOTH = (EVENTS, SECURITY)
_LOGS = {"all": _BOTH, "events": (EVENTS,), "security": (SECURITY,)}
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


class EventView(View, frozen=True):
    """One thing a station told; ``severity`` 0 (danger) to 9 (debug), None where none is told."""

    log: str
    number: int
    kind: str
    at: str | None
    received: str
    severity: int | None
    component: str
    variable: str
    code: str
    text: str
    transaction: str


class ReportView(View, frozen=True):
    """The last report of a kind; ``complete`` once all its parts have come."""

    request: int
    at: str
    complete: bool
    items: dict[str, Any]


class CertificateView(View, frozen=True):
    """A certificate that our authority issued, or the V2G PKI, and what its station said to it;
    one that is ``wanted`` of the PKI has no serial yet."""

    serial: str
    state: str
    issued: str
    expires: str | None
    kind: str
    revoked: str | None


@get("/stations/{station_id:str}/events", opt=SEES)
async def list_events(
    house: TheHouse,
    station_id: FromPath[str],
    log: LogName = "all",
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
) -> Page:
    """What a station told besides charging, the newest first."""
    station_of(house, station_id)
    head = house.store.get(StationLog, station_id) or StationLog(station_id)
    # How many events of each log stand before what the next page shows.
    left = {name: head.count(name) for name in _BOTH}
    if cursor:
        found = _CURSOR.fullmatch(key_before(cursor))
        if found is None:
            detail = "cursor: take it from `next` of the page before, as it is"
            raise Problem(400, detail, "bad-request")
        for name, text in zip(_BOTH, found.groups(), strict=True):
            left[name] = min(int(text), left[name])
    tops = {name: _newest(house.store, head, name, left[name]) for name in _LOGS[log]}
    shown: list[EventView] = []
    while len(shown) < limit and any(tops.values()):
        name, event = max(
            ((name, event) for name, event in tops.items() if event is not None),
            key=lambda pair: pair[1].received_ms,
        )
        shown.append(_event(event))
        left[name] = event.number
        tops[name] = _newest(house.store, head, name, event.number)
    more = any(tops.values())
    after = f"{left[EVENTS]}.{left[SECURITY]}"
    return Page(items=list(shown), next=cursor_after(after) if more else None)


def _newest(store: Store, head: StationLog, log: str, before: int) -> StationEvent | None:
    """The event before this number, None where the log has none any more."""
    number = before - 1
    if number < 0 or number < head.count(log) - SIZES[log]:
        return None
    event = store.get(StationEvent, event_key(head.station_id, log, number))
    # One that came while this page was read may have taken the place.
    return event if event is not None and event.number == number else None


def _event(event: StationEvent) -> EventView:
    return EventView(
        log=event.log,
        number=event.number,
        kind=event.kind,
        at=views.moment(event.at_ms),
        received=utc_text(event.received_ms),
        severity=event.severity if event.severity >= 0 else None,
        component=event.component,
        variable=event.variable,
        code=event.code,
        text=event.text,
        transaction=event.transaction_id,
    )


@get("/stations/{station_id:str}/reports/{kind:str}", opt=RUNS)
async def show_report(
    house: TheHouse, station_id: FromPath[str], kind: FromPath[str]
) -> ReportView:
    """What a station answered last to GetMonitoringReport (``monitors``), GetDisplayMessages
    (``display_messages``) or CustomerInformation (``customer_information``); held in memory."""
    station_of(house, station_id)
    presence = house.stations.presence.get(station_id)
    known = kind in (MONITORS, DISPLAY_MESSAGES, CUSTOMER)
    report = presence.reports.get(kind) if presence is not None and known else None
    if report is None:
        raise not_found(f"report {kind[:40]} of station {station_id}")
    at = utc_text(report.at_ms)
    items = dict(sorted(report.items.items()))
    return ReportView(request=report.request_id, at=at, complete=report.complete, items=items)


@get("/stations/{station_id:str}/certificates", opt=SEES)
async def list_certificates(house: TheHouse, station_id: FromPath[str]) -> Page:
    """The certificates a station was given, the newest first."""
    station_of(house, station_id)
    found = house.store.find(StationCertificate, CERTIFICATES_MAX, station_id=station_id)
    found.sort(key=lambda certificate: -certificate.number)
    return Page(items=[certificate_view(one) for one in found], next=None)


def certificate_view(one: StationCertificate) -> CertificateView:
    """A certificate as the API shows it."""
    return CertificateView(
        serial=one.serial,
        state=one.state,
        issued=utc_text(one.issued_ms),
        expires=views.moment(one.not_after_ms),
        kind=one.kind,
        revoked=views.moment(one.revoked_ms),
    )


HANDLERS = (list_events, show_report, list_certificates)
