"""What the page at ``/`` shows: what is public anyway, and more to an operator."""

from __future__ import annotations

from typing import Any

from ohmstead.apps.api import views
from ohmstead.apps.api.figures import Figures
from ohmstead.apps.api.keys import Caller
from ohmstead.apps.api.pages import words
from ohmstead.apps.api.pages.status_attempts import attempts
from ohmstead.core.access import Scope
from ohmstead.core.network import Admission, Station
from ohmstead.core.onchain import EpochLeaf, EpochRecord, epoch_key
from ohmstead.core.progress import Progress, delivered_mwh
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.session import Session, SessionState
from ohmstead.ports import Store

STATIONS_SHOWN = 200
EPOCHS_SHOWN = 12
SESSIONS_SHOWN = 20
RECEIPTS_SHOWN = 12
_WAITING = (
    SessionState.ACTIVE,
    SessionState.UNFUNDED,
    SessionState.EXPIRED,
    SessionState.REVIEW,
    SessionState.CONTESTED,
)


def status_page(figures: Figures, caller: Caller) -> dict[str, Any]:
    """The values of ``status.html``."""
    house, sums = figures.house, figures.epochs()
    asset = house.config.asset
    signed_in = caller.may(Scope.HOST, Scope.READ, Scope.VALIDATOR)
    chain = figures.settlement().status()
    stations = [
        station
        for station in house.store.find(Station, STATIONS_SHOWN)
        if not station.retired_ms and station.admission is Admission.ACCEPTED
    ]
    cards = [
        _card("Stations connected", str(len(house.gateway.connected())), f"of {len(stations)}"),
        _card("Receipts anchored", str(sums.receipts), f"in {sums.count} epochs"),
        _card("Proven", words.energy(sums.proven_mwh), "kWh"),
        _card("Unproven", words.energy(sums.unproven_mwh), "kWh"),
    ]
    if signed_in:
        money = figures.money()
        cards += [
            _card("Money in", words.money(int(money["in"]), asset), ""),
            _card("Money out", words.money(int(money["out"]), asset), ""),
        ]
    return {
        "ready": house.store.available,
        "ledger": f"{chain['kind']}, {chain['state']}",
        "time": utc_text(house.clock.now_ms()),
        "signed_in": signed_in,
        "cards": cards,
        "stations": [
            {
                "id": station.id,
                "name": station.name or station.id,
                "connected": house.gateway.link(station.id) is not None,
                "evses": ", ".join(f"{e.id}: {e.status}" for e in views.evses(house, station)),
            }
            for station in stations
        ],
        "epochs": [_epoch(figures, number) for number in range(sums.count, 0, -1)[:EPOCHS_SHOWN]],
        **(_for_operators(figures, sums.count, chain) if signed_in else {}),
    }


def _for_operators(figures: Figures, newest: int, chain: dict[str, Any]) -> dict[str, Any]:
    store = figures.house.store
    waiting = [
        session
        for state in _WAITING
        for session in store.find(Session, SESSIONS_SHOWN, state=state.value)
    ]
    leaves = store.find(EpochLeaf, RECEIPTS_SHOWN, epoch=newest) if newest else []
    dead = [f"{one.job.id} failed {one.attempts} times: {one.error}" for one in store.dead_jobs(10)]
    troubles = figures.house.office.troubles()
    alarms = [*troubles, *chain.get("alarms", []), chain.get("frozen", ""), *dead]
    return {
        "states": list(figures.sessions().items()),
        "sessions": [
            {
                "id": session.id,
                "station": session.station_id,
                "state": session.state.value,
                "energy": _so_far(store, session),
            }
            for session in waiting[:SESSIONS_SHOWN]
        ],
        "receipts": [leaf.session_id for leaf in leaves],
        **attempts(store, figures.house.clock.now_ms()),
        "alarms": [alarm for alarm in alarms if alarm],
    }


def _so_far(store: Store, session: Session) -> str:
    delivered = delivered_mwh(session.begin_mwh, store.get(Progress, session.id))
    return "–" if delivered is None else words.energy(delivered)


def _epoch(figures: Figures, number: int) -> dict[str, Any]:
    record = figures.house.store.get(EpochRecord, epoch_key(number))
    assert record is not None  # epochs are numbered from 1 without a gap
    return {
        "number": number,
        "state": record.state.value,
        "receipts": record.receipt_count,
        "total": words.money(record.total_minor, figures.house.config.asset),
        "proven": words.energy(record.proven_mwh),
        "unproven": words.energy(record.unproven_mwh),
    }


def _card(name: str, value: str, unit: str) -> dict[str, str]:
    return {"name": name, "value": value, "unit": unit}
