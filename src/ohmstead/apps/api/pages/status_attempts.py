"""Charge attempts on the status page: the last days of the network, and the worst stations."""

from __future__ import annotations

from typing import Any

from ohmstead.apps.api.attempts import NEWEST_DAYS, day_text, newest_days, worst
from ohmstead.core.attempt_day import AttemptDay
from ohmstead.core.attempt_tally import TALLY_DAYS, StationTally, score
from ohmstead.core.network import Station
from ohmstead.ports import Store

STATIONS_SHOWN = 20
CONNECTORS_SHOWN = 8  # of one station, the worst
REASONS_SHOWN = 3


def attempts(store: Store, now_ms: int) -> dict[str, Any]:
    """What ``status.html`` shows of them; one look for each day, however many stations."""
    tallies = worst(store, now_ms, STATIONS_SHOWN + 1)
    return {
        "attempts": [
            {"day": day_text(day)} | _rate(day, REASONS_SHOWN)
            for day in newest_days(store, now_ms, NEWEST_DAYS)
        ],
        "places": [_station(store, tally) for tally in tallies[:STATIONS_SHOWN]],
        "places_cut": len(tallies) > STATIONS_SHOWN,
        "tally_days": TALLY_DAYS,
    }


def _station(store: Store, tally: StationTally) -> dict[str, Any]:
    station = store.get(Station, tally.station_id)
    name = station.name if station is not None else ""
    places = sorted(tally.places, key=lambda place: (score(place[2]), place[:2]))
    return {
        "id": tally.station_id,
        "name": f"{name} ({tally.station_id})" if name else tally.station_id,
        "connectors": [
            {"name": _place(evse, connector)} | _rate(day, 1)
            for evse, connector, day in places[:CONNECTORS_SHOWN]
        ],
    } | _rate(tally.whole, 1)


def _place(evse: int, connector: int) -> str:
    if not evse:
        return "nobody said where"
    return f"evse {evse}, connector {connector}" if connector else f"evse {evse}"


def _rate(day: AttemptDay, reasons_max: int) -> dict[str, Any]:
    """The cells of a row; the most frequent reasons first."""
    reasons = sorted(day.reasons, key=lambda pair: (-pair[1], pair[0]))[:reasons_max]
    bps, median_s = day.success_bps, day.median_s
    told = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in reasons)
    return {
        "count": day.successes + day.failures,
        "rate": "–" if bps is None else f"{bps // 100} %",
        "soon": "–" if median_s is None else f"{median_s} s",
        "reasons": told,
    }
