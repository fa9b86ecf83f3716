"""What a station tells besides charging: events, security events, and how its last jobs went."""

from __future__ import annotations

from ohmstead.frozen import Frozen

EVENTS_MAX = 500  # of one station; the newest takes the place of the oldest
SECURITY_MAX = 2_000  # kept apart, so that a chatty component pushes no security event out
RECENT_MAX = 32  # digests, by which an event that is sent again is written once
STATES_MAX = 32  # last states of one station
TEXT_MAX = 500
NO_SEVERITY = -1

EVENTS, SECURITY = "events", "security"
SIZES = {EVENTS: EVENTS_MAX, SECURITY: SECURITY_MAX}


class StationEvent(Frozen):
    """One thing a station told. ``number`` counts within its log; its place is number mod size."""

    station_id: str
    log: str  # EVENTS or SECURITY
    number: int
    kind: str  # the OCPP message that told it
    at_ms: int  # as the station dates it
    received_ms: int
    severity: int = NO_SEVERITY  # 0 danger .. 9 debug, as OCPP 2.0.1 counts; -1 where none is told
    component: str = ""
    variable: str = ""
    code: str = ""
    text: str = ""
    transaction_id: str = ""

    @property
    def key(self) -> str:
        return event_key(self.station_id, self.log, self.number)


def event_key(station_id: str, log: str, number: int) -> str:
    """The key of the event with this number, and of the one it will be overwritten by."""
    return f"{station_id}/{log}/{number % SIZES[log]:04d}"


class LastState(Frozen, array_like=True):
    """How something that a station does stands; ``request_id`` is -1 where it names none."""

    about: str  # firmware, log, diagnostics, publish_firmware, charging_limit/{source}@{evse}
    status: str
    at_ms: int
    request_id: int = -1
    text: str = ""


class StationLog(Frozen):
    """The head of a station's logs: how many events there were, and the last states."""

    station_id: str
    events: int = 0
    security: int = 0
    recent: tuple[str, ...] = ()
    states: tuple[LastState, ...] = ()

    @property
    def key(self) -> str:
        return self.station_id

    def count(self, log: str) -> int:
        """How many events a log has had."""
        return self.security if log == SECURITY else self.events


class StationCertificate(Frozen):
    """A certificate of a station, from our authority or the V2G PKI; :data:`CERTIFICATES_MAX` each.

    One that is ``wanted`` waits for the PKI, and has its CSR and no chain yet.
    """

    station_id: str
    number: int
    serial: str  # hex
    csr_sha256: str
    chain: str  # PEM, the station's own first
    not_after_ms: int
    issued_ms: int
    state: str = "issued"  # issued, accepted or rejected, as the station said; wanted, failed
    deliveries: int = 1  # how often it was sent, or is to be
    kind: str = ""  # OCPP's certificateType, "" where the station named none
    request_id: int = -1  # of 2.1, to be sent back; -1 for none
    csr: str = ""  # PEM, while the PKI has not signed it
    revoked_ms: int = 0

    @property
    def key(self) -> str:
        return f"{self.station_id}/{self.number % CERTIFICATES_MAX:02d}"

    @property
    def is_v2g(self) -> bool:
        return self.kind.startswith("V2G")

    @property
    def is_used(self) -> bool:
        """Whether the station may be using it."""
        return self.state in ("issued", "accepted") and not self.revoked_ms


CERTIFICATES_MAX = 32  # of one station
