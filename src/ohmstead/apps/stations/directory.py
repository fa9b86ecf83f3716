"""Who may connect, and who answers them: what the gateway asks of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ohmstead.apps.gateway.interface import CertificateWord, Stranger, Turned
from ohmstead.apps.stations import v16, v21, v201
from ohmstead.apps.stations.newcomers import NewcomerPeer, Newcomers
from ohmstead.apps.stations.peer import Handlers, Presence, StationPeer
from ohmstead.apps.stations.services import Services
from ohmstead.apps.stations.standing import Standing
from ohmstead.core.connectors import Connectors
from ohmstead.core.network import Station
from ohmstead.wire.ocpp.base import Version

HANDLERS: Mapping[Version, Handlers] = MappingProxyType(
    {Version.V16: v16.HANDLERS, Version.V201: v201.HANDLERS, Version.V21: v21.HANDLERS}
)


class Directory:
    """Implements :class:`ohmstead.apps.gateway.interface.Directory` over the services."""

    def __init__(
        self,
        services: Services,
        is_available: Callable[[], bool],
        on_connected: Callable[[StationPeer], None] | None = None,
    ) -> None:
        self.services = services
        self.presence: dict[str, Presence] = {}
        self.standing: Standing | None = None  # of stations' certificates
        self._newcomers = Newcomers(services)
        self._is_available = is_available
        self._on_connected = on_connected

    def certificate_word(self, station_id: str, der: bytes) -> CertificateWord:
        """Whether a station's certificate was revoked, as far as is known at this moment."""
        if self.standing is None:
            return CertificateWord.GOOD
        return self.standing.word(station_id, der)

    def find(self, station_id: str) -> Station | None:
        """Return the registered station; one that was retired may not connect any more."""
        station = self.services.registry.find(station_id)
        return None if station is None or station.retired_ms else station

    def meet(self, stranger: Stranger) -> Station | Turned:
        """Decide about an unknown station; one that was retired is known, and not let in."""
        if self.services.registry.find(stranger.station_id) is not None:
            return Turned.UNKNOWN
        return self._newcomers.meet(stranger)

    def password_ok(self, station: Station, password: bytes) -> bool:
        """Compare MACs in constant time."""
        return self.services.registry.password_ok(station, password)

    def peer(self, station: Station, version: Version) -> StationPeer | NewcomerPeer:
        """Return the handlers for a new connection."""
        if self.services.registry.find(station.id) is None:
            return self._newcomers.peer(station, version)
        presence = self.presence_of(station.id)
        return StationPeer(
            self.services, station, version, HANDLERS[version], presence, self._on_connected
        )

    def presence_of(self, station_id: str) -> Presence:
        """What is known of a station; after a start, what it had said of its connectors before."""
        presence = self.presence.get(station_id)
        if presence is None:
            kept = self.services.store.get(Connectors, station_id)
            states = kept.states if kept is not None else ()
            presence = Presence(connectors={one.place: one for one in states})
            self.presence[station_id] = presence
        return presence

    def available(self) -> bool:
        """Whether anything can be made durable now."""
        return self._is_available()
