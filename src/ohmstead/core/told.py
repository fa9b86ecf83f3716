"""What subscribers were last told of stations, so that a restart neither forgets nor repeats it.

One record holds the stations of one bucket: a fleet that comes back at once changes a few hundred
rows, not one for each station.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from ohmstead.frozen import Frozen

BUCKETS = 256  # of 10,000 stations each holds about 40


class ToldFault(Frozen, array_like=True):
    """A connector that was told to report a fault, and not since to have ended it."""

    station_id: str
    evse_id: int
    connector_id: int


class Told(Frozen):
    """The stations of one bucket that are connected, and the faults of its stations, as told."""

    bucket: str  # two hex digits
    connected: tuple[str, ...] = ()
    faults: tuple[ToldFault, ...] = ()

    @property
    def key(self) -> str:
        return self.bucket


def bucket_of(station_id: str) -> str:
    """The bucket of a station, for ever the same."""
    return f"{zlib.crc32(station_id.encode()) % BUCKETS:02x}"


def told(bucket: str, connected: Iterable[str], faults: Iterable[ToldFault]) -> Told:
    """A bucket's record, the same one for the same content."""
    in_order = sorted(faults, key=lambda one: (one.station_id, one.evse_id, one.connector_id))
    return Told(bucket, tuple(sorted(connected)), tuple(in_order))
