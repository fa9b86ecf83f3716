"""A made-up workload for machines without the published data: seeded, and called generated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from ohmstead.apps.replay.raw import RawSession
from ohmstead.units import MWH_PER_WH

GENERATED = "generated"
MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001 - local time, as the files have it
STATIONS_PER_SITE = 8
_SITES = (
    # site, zone, first hour, hours of arrivals, longest stay in minutes, power in W
    ("works", "Europe/Zurich", 7, 4, 540, 11_000),
    ("home", "Europe/Oslo", 16, 6, 720, 7_200),
    ("fast", "America/Los_Angeles", 6, 15, 50, 150_000),
)
STAY_MIN = 20  # minutes
FULL_BPS_MIN, FULL_BPS_MAX = 2_000, 9_000  # share of what the time would allow


def generate(seed: str, count: int) -> Iterator[RawSession]:
    """Yield ``count`` sessions, day after day: no station is ever in use twice at a time."""
    random = Random(f"generated/{seed}")
    made, day = 0, 0
    while True:
        for site, zone, hour, hours, stay_max, power_w in _SITES:
            for station in range(STATIONS_PER_SITE):
                if random.randrange(7) < 2:  # nobody came
                    continue
                if made == count:
                    return
                made += 1
                start = MONDAY + timedelta(
                    days=day, hours=hour, minutes=random.randrange(hours * 60)
                )
                stay = random.randrange(STAY_MIN, stay_max)
                full_bps = random.randrange(FULL_BPS_MIN, FULL_BPS_MAX)
                yield RawSession(
                    source=GENERATED,
                    session=f"G{made}",
                    site=site,
                    station_key=f"{site}-{station + 1}",
                    user=f"{site}-{random.randrange(40)}",
                    start_local=start,
                    end_local=start + timedelta(minutes=stay),
                    energy_mwh=power_w * stay * full_bps // (60 * 10_000) * MWH_PER_WH,
                    peak_w=power_w,
                    zone=zone,
                )
        day += 1
