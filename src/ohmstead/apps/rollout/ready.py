"""Whether a station may be given firmware now: it is here, idle, and it is the hour for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ohmstead.apps.stations.commanding.queue import CommandQueue
from ohmstead.apps.stations.peer import Presence
from ohmstead.apps.stations.services import zone_of
from ohmstead.core.alerts import span
from ohmstead.core.network import Station
from ohmstead.core.rollout import RolloutPlan
from ohmstead.core.rollout_rules import in_window
from ohmstead.core.station_update import StationUpdate
from ohmstead.flows.rollouts_follow import is_charging
from ohmstead.ports import Clock, Store
from ohmstead.units import MS_PER_S

# 1.6 words of a connector that a car uses; of 2.x the sessions tell.
CHARGES = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})


class Ready:
    """Looks before an offer; the flow looks again at what a commit may have changed."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        queue: CommandQueue,
        presence: Mapping[str, Presence],
    ) -> None:
        self._store, self._clock, self._queue, self._presence = store, clock, queue, presence

    def is_here(self, station_id: str) -> bool:
        """Whether it is connected and booted."""
        return self._queue.is_ready(station_id)

    def waits_for(self, plan: RolloutPlan, update: StationUpdate) -> str:
        """What keeps a station whose turn it is from its offer; empty: nothing. The way back does
        not wait for the hour."""
        now_ms = self._clock.now_ms()
        station = self._store.get(Station, update.station_id)
        if station is None or station.retired_ms:
            return "it is out of service"
        if not self.is_here(update.station_id):
            return "it is not here"
        if update.due_ms > now_ms:
            return f"it is tried again in {span(update.due_ms - now_ms)}"
        if not plan.busy_too and self._is_busy(update.station_id):
            return "somebody charges there"
        there = datetime.fromtimestamp(now_ms // MS_PER_S, zone_of(station.time_zone))
        if not update.back and not in_window(plan, there.hour):
            return f"it is {there:%H:%M} there, and not in the window"
        return ""

    def _is_busy(self, station_id: str) -> bool:
        presence = self._presence.get(station_id)
        connectors = presence.connectors.values() if presence is not None else ()
        busy = any(one.status in CHARGES for one in connectors)
        return busy or is_charging(self._store, station_id)
