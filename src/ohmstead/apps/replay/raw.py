"""One charging session as a file tells it."""

from __future__ import annotations

from datetime import datetime

from ohmstead.frozen import Frozen


class RawSession(Frozen):
    """Who charged where, from when to when, how much. Times are local and naive.

    ``peak_w`` is the highest (or the mean, where only that is known) power, 0 where it is not
    known; ``user`` is "" where the file names nobody. ``station_key`` is unique within a site.
    """

    source: str
    session: str
    site: str
    station_key: str
    user: str
    start_local: datetime
    end_local: datetime
    energy_mwh: int
    peak_w: int
    zone: str
