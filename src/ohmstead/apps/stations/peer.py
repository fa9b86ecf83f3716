"""One connected station: each call goes to its handler's file, each answer back out.

The router is a table per version (:data:`ohmstead.apps.stations.v16.HANDLERS` and its like); an
action the registry knows but no table lists is ``NotSupported``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import structlog

from ohmstead.apps.gateway.interface import Link
from ohmstead.apps.stations.admission import check_admission, keep_refused
from ohmstead.apps.stations.configuration.collecting import Reports
from ohmstead.apps.stations.reports import Report
from ohmstead.apps.stations.services import Services, zone_of
from ohmstead.core.connectors import ConnectorState
from ohmstead.core.network import Admission, Station, TransactionRef
from ohmstead.core.session import Session as SessionRecord
from ohmstead.errors import RemoteProtocolError, StoreUnavailable
from ohmstead.flows.charging.evidence import Evidence
from ohmstead.wire.ocpp.base import Message, Side, Version
from ohmstead.wire.ocpp.codec import (
    ACTIONS,
    OF_TRANSACTIONS,
    Strictness,
    action_of,
    decode_forgiving,
    encode,
)
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.forgiving import NO_ZONE, zone_times
from ohmstead.wire.ocpp.frames import CallReceived, LateError, LateResult

OPEN_SESSIONS_MAX = 64  # of one station
LATE_MAX = 64  # late answers of one station
FORGIVEN_TOLD = 8  # departures of one message that the wire log names
LENIENT, STRICT = Strictness.LENIENT, Strictness.STRICT
ACCEPTED = Admission.ACCEPTED

log = structlog.get_logger()

# A handler takes its own action's request; the table pairs them, so the request is Any here only.
Handler = Callable[[Any, "StationPeer"], Awaitable[Message]]
Handlers = Mapping[str, Handler]


@dataclass(slots=True)
class Presence:
    """What is known of a station beyond its registration; but for its connectors in memory only,
    rebuilt by what it sends."""

    last_seen_ms: int = 0
    connected_ms: int = 0
    booted_ms: int = 0
    connectors: dict[tuple[int, int], ConnectorState] = field(default_factory=dict)
    # Made when they are asked for: most stations have none, and there are many stations.
    _model: Reports | None = None
    _reports: dict[str, Report] | None = None
    _late: dict[str, LateResult | LateError] | None = None

    @property
    def model(self) -> Reports:
        """The reports of its configuration that are under way."""
        if self._model is None:
            self._model = Reports()
        return self._model

    @property
    def reports(self) -> dict[str, Report]:
        """What it reported, by kind; see ``reports``."""
        if self._reports is None:
            self._reports = {}
        return self._reports

    @property
    def late(self) -> dict[str, LateResult | LateError]:
        """Answers to commands that had been given up, by message id, the newest last."""
        if self._late is None:
            self._late = {}
        return self._late


class StationPeer:
    """Implements :class:`ohmstead.apps.gateway.interface.Peer`."""

    def __init__(
        self,
        services: Services,
        station: Station,
        version: Version,
        handlers: Handlers,
        presence: Presence,
        on_connected: Callable[[StationPeer], None] | None = None,
    ) -> None:
        self.services = services
        self.station_id = station.id
        self.version = version
        self.presence = presence
        self.link: Link | None = None
        self.payload = b""  # of the call being handled, as received
        self.forgiven: tuple[str, ...] = ()  # in it, as findings of its session
        self._actions = ACTIONS[version]
        self._handlers = handlers
        self._on_connected = on_connected

    @property
    def station(self) -> Station:
        """The station as registered now."""
        station = self.services.registry.find(self.station_id)
        if station is None:  # deleted while connected
            raise CallRefused(ErrorCode.SECURITY_ERROR, "this station is not registered any more")
        return station

    @property
    def zone(self) -> tzinfo:
        """The time zone of the station's location."""
        return zone_of(self.station.time_zone)

    async def handle(self, call: CallReceived) -> bytes:
        """Answer one call; see the Peer protocol for what may be raised."""
        name, self.payload, self.forgiven = call.action, call.payload, ()
        self.presence.last_seen_ms = self.services.clock.now_ms()
        station = self.station
        if station.admission is not ACCEPTED:
            await check_admission(self.services, station, call)
        try:
            handler = self._handlers.get(name)
            if handler is None:
                action_of(self.version, name, Side.STATION)
                raise CallRefused(ErrorCode.NOT_SUPPORTED, f"{name} is not handled here yet")
            strictness = LENIENT if station.lenient else STRICT
            kind = self._actions[name].request
            request, repairs = decode_forgiving(kind, call.payload, strictness)
            if repairs is not None:
                self._forgive(name, repairs.forgiven)
            if call.id_reused:
                log.info("message id reused", station=self.station_id, action=name)
            try:
                return encode(await handler(request, self))
            except RemoteProtocolError:
                if strictness is STRICT or name not in OF_TRANSACTIONS or not zone_times(request):
                    raise
            # Times are the first that a handler reads: nothing of it has happened yet.
            self._forgive(name, [("times", NO_ZONE)])
            return encode(await handler(request, self))
        except RemoteProtocolError as error:
            refused = _refused(error)
            await keep_refused(self.services, station, call, refused)
            raise refused from None
        except StoreUnavailable:
            raise
        except Exception:  # a defect of ours: the error it is answered with may end the message
            refused = CallRefused(ErrorCode.INTERNAL_ERROR, "its handler failed")
            await keep_refused(self.services, station, call, refused)
            raise
        finally:
            self.payload = b""  # of a hundred thousand stations these are megabytes

    def _forgive(self, action: str, forgiven: Sequence[tuple[str, str]]) -> None:
        """Note what a message is to be excused: for its session, and for whoever looks."""
        codes = (*self.forgiven, *(code for _, code in forgiven if code))
        self.forgiven = tuple(dict.fromkeys(codes))
        if forgiven and self.services.on_forgiven is not None:
            said = ", ".join(f"{path} {code or 'empty'}" for path, code in forgiven[:FORGIVEN_TOLD])
            self.services.on_forgiven(self.station_id, f"forgiven in {action}: {said}")

    def examine(self, raws: tuple[bytes, ...]) -> Awaitable[tuple[Evidence, ...]]:
        """Check signed records against the keys registered for this station."""
        services = self.services
        return services.verifier.examine(raws, services.registry.keys(self.station_id))

    @property
    def payload_text(self) -> str:
        """The payload being handled, as text for the quarantine."""
        return self.payload.decode("utf-8", "replace")

    def session(self, transaction_id: str) -> SessionRecord | None:
        """The session behind one of this station's transactions."""
        ref = self.services.store.get(TransactionRef, f"{self.station_id}/{transaction_id}")
        return self.services.store.get(SessionRecord, ref.session_id) if ref else None

    def open_sessions(self) -> list[SessionRecord]:
        """The sessions of this station that wait for their stop."""
        return self.services.store.find(SessionRecord, OPEN_SESSIONS_MAX, open_at=self.station_id)

    def connected(self, link: Link) -> None:
        """The gateway opened this connection."""
        self.link = link
        self.presence.connected_ms = self.services.clock.now_ms()
        if self._on_connected is not None:
            self._on_connected(self)

    def disconnected(self, link: Link) -> None:
        """The gateway lost it."""
        if self.link is link:
            self.link = None

    def late(self, event: LateResult | LateError) -> None:
        """Behaviour 3: a late answer is stored on its command and never answered."""
        late = self.presence.late
        late[event.message_id] = event
        while len(late) > LATE_MAX:
            del late[next(iter(late))]
        if self.services.on_late is not None:
            self.services.on_late(self.station_id, self.version, event)
        log.info("late answer", station=self.station_id, message_id=event.message_id)


def _refused(error: RemoteProtocolError) -> CallRefused:
    """The CALLERROR for what cannot be read, be it a field that only its handler could read."""
    if isinstance(error, CallRefused):
        return error
    return CallRefused(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, str(error))
