"""What a station's connectors do, as it last said."""

from __future__ import annotations

from ohmstead.frozen import Frozen


class ConnectorState(Frozen, array_like=True):
    """Of one connector: its status and error in the station's own words, and since when.

    OCPP 1.6 has no evses: its connector n is (n, 1) here.
    """

    evse_id: int
    connector_id: int
    status: str
    error_code: str = ""
    at_ms: int = 0

    @property
    def place(self) -> tuple[int, int]:
        return self.evse_id, self.connector_id

    def says_as(self, other: ConnectorState | None) -> bool:
        """Does it say the same, whenever that was?"""
        return other is not None and (self.status, self.error_code) == (
            other.status,
            other.error_code,
        )


class Connectors(Frozen):
    """Those of one station; at most as many as a station may have."""

    station_id: str
    states: tuple[ConnectorState, ...] = ()

    @property
    def key(self) -> str:
        return self.station_id
