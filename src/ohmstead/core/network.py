"""Who takes part: stations and their evses, id_tokens, and who is paid."""

from __future__ import annotations

import enum

from ohmstead.core.session import PayerKind, Share
from ohmstead.frozen import Frozen
from ohmstead.units import Asset


class Admission(enum.Enum):
    """What a BootNotification of a known station is answered with (OCPP RegistrationStatus)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class TokenStatus(enum.Enum):
    """Whether an id_token may charge."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    INVALID = "invalid"


class Evse(Frozen):
    """One place to charge one car; ``rated_w`` bounds what its meter can plausibly report."""

    id: int
    rated_w: int
    meter_key_id: str = ""  # empty: no registered meter, every session of it is unproven
    connectors: int = 1


class Station(Frozen):
    """A charging station as registered by its host."""

    id: str
    secret_mac: str  # HMAC-SHA-256 of the Basic password under the pepper, hex
    evses: tuple[Evse, ...]
    tariff_key: str
    shares: tuple[Share, ...]
    time_zone: str = "Etc/UTC"
    admission: Admission = Admission.ACCEPTED
    lenient: bool = True  # tolerate unknown fields, over-long strings, misspelt stops
    owner: str = ""
    location_cell: str = ""
    name: str = ""
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    retired_ms: int = 0  # 0: in service; its history keeps the id, which is never used again
    security_profile: int = 1  # the least it is let in with: 0 none, 1 Basic, 2 and TLS, 3 mTLS
    next_macs: tuple[str, ...] = ()  # of passwords given out; let in too, until one is used
    secret_is_weak: bool = False  # brought along from elsewhere; to be rotated
    secret_hash: str = ""  # bcrypt of a password that only the station knows; "" once it said it
    serial: str = ""  # as it said at its last boot
    protocol: str = ""  # the version of OCPP it booted with last, as in 2.0.1

    @property
    def key(self) -> str:
        return self.id

    def evse(self, evse_id: int) -> Evse | None:
        """Return the evse with this id, or None."""
        for evse in self.evses:
            if evse.id == evse_id:
                return evse
        return None

    def rated_w(self, evse_id: int) -> int:
        """What an evse can give, in W: 0 for none of the station's, the most of any for evse 0,
        which stands for the one nobody told of yet."""
        if not evse_id:
            return max((evse.rated_w for evse in self.evses), default=0)
        evse = self.evse(evse_id)
        return evse.rated_w if evse is not None else 0


class IdToken(Frozen):
    """What a driver presents, and whose money it spends; compared without case (CiString)."""

    uid: str
    status: TokenStatus
    payer: str  # lower-case 0x address
    payer_kind: PayerKind
    lock_id: str = ""  # WALLET_LOCK: the one lock this id_token may spend
    expires_ms: int = 0  # 0: never
    group: str = ""
    language: str = "en"
    offline_at: tuple[str, ...] = ()  # stations whose local list may hold it; "*": every one
    session_limit_minor: int = 0  # the most to hold for one session; 0: as much as it takes
    type: str = "ISO14443"  # of 2.0.1, where it is a part of what names an idToken on a list

    @property
    def key(self) -> str:
        return self.uid.casefold()


class TransactionRef(Frozen, array_like=True):
    """Finds the session behind a station's transaction: ``{station}/{transaction}``.

    ``seq`` and ``digest`` name the message that began it, where the station numbers its messages.
    ``session_id`` is empty while messages of it were kept and its start is yet to come.
    """

    station_id: str
    transaction_id: str
    session_id: str
    seq: int = -1
    digest: str = ""

    @property
    def key(self) -> str:
        return f"{self.station_id}/{self.transaction_id}"


class EvseHead(Frozen, array_like=True):
    """The sessions begun at one evse that may charge there still, oldest first."""

    station_id: str
    evse_id: int
    session_ids: tuple[str, ...]

    @property
    def key(self) -> str:
        return evse_key(self.station_id, self.evse_id)


def evse_key(station_id: str, evse_id: int) -> str:
    """The key of an evse's EvseHead."""
    return f"{station_id}/{evse_id}"


class SeenMessage(Frozen, array_like=True):
    """Makes a message that arrives twice happen once: ``id`` says what it is about.

    Messages that their station numbers are remembered in the session's Progress instead.
    """

    id: str
    session_id: str
    digest: str

    @property
    def key(self) -> str:
        return self.id


class Counter(Frozen):
    """A number that only grows; OCPP 1.6 transaction ids come from one."""

    name: str
    value: int

    @property
    def key(self) -> str:
        return self.name


class Quarantined(Frozen):
    """Evidence that is no part of a session's record; kept whole, settles nothing by itself."""

    id: str
    station_id: str
    reason: str
    payload: str  # the OCPP payload as received, or base64 of a signed record
    received_ms: int
    transaction_id: str = ""  # as the station wrote it; its start may still come
    action: str = ""  # of a message that was refused
    refusal: str = ""  # what its CALLERROR said

    @property
    def key(self) -> str:
        return self.id


class NetworkPolicy(Frozen):
    """What governs new sessions; one record, replaced whole, copied into each new session."""

    asset: Asset
    ledger: str  # names the mirror account, as in ``onchain:anvil``
    hold_minor: int  # the usual hold, and the step by which it is raised
    hold_floor_minor: int  # below this nothing is held and the driver is told so
    session_max_ms: int
    offline_window_ms: int
    report_interval_ms: int
    clock_skew_ms: int

    @property
    def key(self) -> str:
        return POLICY_KEY


POLICY_KEY = "current"
