"""Nothing leaves a frozen house: a command is written down before it leaves, so it ends here."""

from __future__ import annotations

from collections.abc import Callable

from ohmstead.apps.stations.commanding.journal import Journal
from ohmstead.errors import OperatorError
from ohmstead.ports import Clock, Store
from ohmstead.wire.ocpp.base import Version


class HouseFrozen(OperatorError):
    """The house was restored from a backup and nobody has resumed it yet."""


class HeldJournal(Journal):
    """The log of commands of a house that may be frozen."""

    def __init__(self, store: Store, clock: Clock, is_frozen: Callable[[], bool]) -> None:
        super().__init__(store, clock)
        self._is_frozen = is_frozen

    async def begin(self, station_id: str, version: Version, action: str, payload: bytes) -> str:
        """Write a command down, whoever gives it; raises HouseFrozen before it leaves."""
        if self._is_frozen():
            raise HouseFrozen(
                f"this house is frozen, so {action} is not sent to station {station_id}: look at "
                "`ohmstead resume`"
            )
        return await super().begin(station_id, version, action, payload)
