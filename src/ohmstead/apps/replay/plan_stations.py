"""Which evse of which station a session gets, and what that evse is rated for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ohmstead.apps.replay.plan_profile import power_needed
from ohmstead.frozen import Frozen

if TYPE_CHECKING:
    from ohmstead.apps.replay.plan_pick import Moved

# What the sites really have, and the usual sizes for files that do not say. W.
RATED_W = {
    "epfl": (172_500,),
    "acn": (6_600, 7_200),
    "norway": (7_200, 11_000, 22_000),
}
RATED_W_USUAL = (3_700, 7_200, 11_000, 22_000, 50_000, 150_000, 350_000)
EVSES = {"epfl": 2, "norway": 4}  # of one station; a garage's places share a cabinet
ID_SITE_MAX = 12
_SLUG = re.compile(r"[^A-Z0-9]+")

Place = tuple[str, str, str]  # source, site, station_key


class Berth(Frozen):
    """A session at its evse. The ranks order sources and stations as they were first seen."""

    moved: Moved
    source_rank: int
    station_rank: int
    station_id: str
    evse: int
    rated_w: int


def rated_max(source: str) -> int:
    """Return the most power an evse of this source can have."""
    return RATED_W.get(source, RATED_W_USUAL)[-1]


def free_of_overlaps(moved: Sequence[Moved], skipped: Counter[str]) -> list[Moved]:
    """Leave out what begins, by start, while the same place is still in use."""
    until_ms: dict[Place, int] = {}
    kept = []
    for one in moved:
        place = _place(one)
        if one.start_ms < until_ms.get(place, 0):
            skipped["its place is still in use"] += 1
            continue
        until_ms[place] = one.end_ms
        kept.append(one)
    return kept


def berths_of(moved: Sequence[Moved], skipped: Counter[str]) -> list[Berth]:
    """Give each session, sorted by start, the evse that stands for its place in the file."""
    moved = free_of_overlaps(moved, skipped)
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    needed_w: dict[Place, int] = defaultdict(int)
    for one in moved:
        source, site, key = _place(one)
        places[source, site].add(key)
        needed_w[source, site, key] = max(needed_w[source, site, key], _needed_w(one))
    sources = list(dict.fromkeys(source for source, _ in sorted(places)))
    where: dict[Place, tuple[int, int, str, int]] = {}
    rank = 0
    names = _site_names(sorted(places))
    for source, site in sorted(places):
        evses = EVSES.get(source, 1)
        for number, key in enumerate(sorted(places[source, site])):
            if number % evses == 0:
                rank += 1
            station_id = f"{names[source, site]}-{number // evses + 1}"
            evse = number % evses + 1
            where[source, site, key] = (sources.index(source), rank, station_id, evse)
    return [
        Berth(one, *where[_place(one)], _rated_w(one.raw.source, needed_w[_place(one)]))
        for one in moved
    ]


def _place(moved: Moved) -> Place:
    raw = moved.raw
    return raw.source, raw.site, raw.station_key


def _needed_w(moved: Moved) -> int:
    """Return the power the place must have; a peak above every size is the file's noise."""
    raw = moved.raw
    needed_w = power_needed(raw.energy_mwh, moved.duration_ms)
    return max(needed_w, min(raw.peak_w, rated_max(raw.source)))


def _rated_w(source: str, needed_w: int) -> int:
    sizes = RATED_W.get(source, RATED_W_USUAL)
    return next(size for size in sizes if size >= needed_w)


def _site_names(sites: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return a short name for each site, unlike every other; station ids begin with it."""
    names: dict[tuple[str, str], str] = {}
    for source, site in sites:
        slug = _SLUG.sub("", site.upper())[:ID_SITE_MAX] or "SITE"
        name, number = slug, 1
        while name in names.values():
            number += 1
            name = f"{slug}{chr(ord('A') + number - 1) if number <= 26 else number}"
        names[source, site] = name
    return names
