"""Transactions that another CSMS began and whose station is ours now: evidence, never a session.

Who paid for them, and by what tariff, is known there; here they are kept, so that nothing a
station reports is lost and nothing of it is billed twice.
"""

from __future__ import annotations

from ohmstead.frozen import Frozen

STOPS_MAX = 8  # of one transaction; a station repeats its stop, it does not have several
FOREIGN_COUNTER = "foreign"  # the Counter whose value is the last id that may be another's


class ForeignTransaction(Frozen):
    """What the other CSMS knew of it, and what its station told us of it."""

    station_id: str
    transaction_id: str  # digits in OCPP 1.6, a text of the station's in 2.x
    source: str  # as in "steve"; empty for one that began after its database was read
    evse_id: int = 0
    id_token: str = ""
    started_ms: int = 0
    begin_wh: str = ""  # as the other CSMS wrote it
    stops: tuple[str, ...] = ()  # OCPP payloads as received, without repeats
    stopped_ms: int = 0  # when the first of them came
    readings: int = 0  # MeterValues messages
    last_reading: str = ""  # the newest of them, as received

    @property
    def key(self) -> str:
        return f"{self.station_id}/{self.transaction_id}"
