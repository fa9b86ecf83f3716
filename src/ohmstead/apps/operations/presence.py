"""What stations do that no record keeps: they come, boot, report faults and go away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ohmstead.apps.stations.peer import Presence
from ohmstead.core.webhooks import Event, Topic

FAULTED = "Faulted"
NO_ERROR = ("", "NoError")


@dataclass(slots=True)
class _Seen:
    connected_ms: int = 0  # 0: away
    booted_ms: int = 0
    faults: dict[tuple[int, int], str] = field(default_factory=dict)


def faults_of(presence: Presence) -> dict[tuple[int, int], str]:
    """Connectors that report a fault: (evse, connector) and the station's word for it."""
    return {
        place: one.error_code if one.error_code not in NO_ERROR else one.status
        for place, one in list(presence.connectors.items())  # whole at once: a thread asks too
        if one.status == FAULTED or one.error_code not in NO_ERROR
    }


class PresenceWatch:
    """Compares what is with what was at the last look, a second ago; one for each house."""

    def __init__(
        self, presence: Mapping[str, Presence], is_connected: Callable[[str], bool]
    ) -> None:
        self._presence = presence
        self._is_connected = is_connected
        self._seen: dict[str, _Seen] = {}

    def look(self) -> list[Event]:
        """Return what happened since the last look."""
        events: list[Event] = []
        for station_id, now in self._presence.items():
            seen = self._seen.get(station_id)
            if seen is None:
                seen = self._seen[station_id] = _Seen()
            data = {"station": station_id}
            here_ms = now.connected_ms if self._is_connected(station_id) else 0
            if seen.connected_ms != here_ms:
                topic = Topic.STATION_CONNECTED if here_ms else Topic.STATION_DISCONNECTED
                events.append(Event(topic, data))
                seen.connected_ms = here_ms
            if seen.booted_ms != now.booted_ms:
                events.append(Event(Topic.STATION_BOOTED, data))
                seen.booted_ms = now.booted_ms
            if now.connectors or seen.faults:
                faults = faults_of(now)
                for place in faults.keys() - seen.faults.keys():
                    what = {"evse": place[0], "connector": place[1], "error": faults[place]}
                    events.append(Event(Topic.STATION_FAULTED, data | what))
                seen.faults = faults
        return events
