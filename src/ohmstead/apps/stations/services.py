"""What every handler stands on: the store, the clock, the registered stations and the verifier."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from datetime import tzinfo
from functools import lru_cache
from hmac import compare_digest
from zoneinfo import ZoneInfo

import msgspec

from ohmstead.apps.config import OcppConfig
from ohmstead.apps.stations.asked import Asked
from ohmstead.apps.stations.attempts import Attempts
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.apps.stations.contracts import Contracts
from ohmstead.apps.stations.verifier import Verifier
from ohmstead.apps.transfers.hooks import Transfers
from ohmstead.core.meter import MeterKey
from ohmstead.core.network import Station
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Store
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.frames import LateError, LateResult

METER_KEYS_MAX = 256  # of one station
STATIONS_PAGE = 1_000
HEX_DIGITS = re.compile(rb"[0-9A-Fa-f]+")


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> tzinfo:
    """Load a time zone; core only ever sees the tzinfo."""
    return ZoneInfo(name)


def fresh_session_id() -> str:
    """An id nobody can guess: whoever holds it may read the public receipt."""
    return f"S-{secrets.token_hex(12)}"


def secret_mac(pepper: bytes, station_id: str, password: bytes) -> str:
    """HMAC-SHA-256 of a station's password: "scrypt would cost 450 CPU-s for a reconnect storm"."""
    message = station_id.encode() + b"\0" + password
    return hmac.digest(pepper, message, "sha256").hex()


class Registry:
    """The registered stations and their meter keys, in memory: asked on every upgrade and record.

    The store is the truth; whoever changes a station through this process calls :meth:`forget`.
    """

    def __init__(self, store: Store, pepper: bytes) -> None:
        self._store = store
        self._pepper = pepper
        self._stations: dict[str, Station] = {}
        self._keys: dict[str, tuple[MeterKey, ...]] = {}
        # The last transaction id that may be another CSMS's; None: not read yet.
        self.foreign_floor: int | None = None
        self.has_foreign: bool | None = None  # whether one was adopted; None: not read yet
        # Told of a password that may be one of which only a hash is known.
        self.on_hashed: Callable[[Station, bytes], None] | None = None
        self.moved_on: dict[str, str] = {}  # who logged in with a new password, and its MAC

    def find(self, station_id: str) -> Station | None:
        """Return the station as registered now."""
        station = self._stations.get(station_id)
        if station is None:
            station = self._store.get(Station, station_id)
            if station is not None:
                self._stations[station_id] = station
        return station

    def keys(self, station_id: str) -> tuple[MeterKey, ...]:
        """Return the registered keys of a station's meters."""
        keys = self._keys.get(station_id)
        if keys is None:
            keys = tuple(self._store.find(MeterKey, METER_KEYS_MAX, station_id=station_id))
            self._keys[station_id] = keys
        return keys

    def forget(self, station_id: str) -> None:
        """Read this station anew next time."""
        self._stations.pop(station_id, None)
        self._keys.pop(station_id, None)

    def mac(self, station_id: str, password: bytes) -> str:
        """What is kept of a password."""
        return secret_mac(self._pepper, station_id, password)

    def password_ok(self, station: Station, password: bytes) -> bool:
        """Compare in constant time; a station without a secret has no password that fits.

        OCPP 1.6 hands a key out as hexadecimal and presents the bytes themselves, while other
        stations present the digits, in either case: all are the same password, whatever a station's
        strictness (docs/LIMITS.md says why). While a new one waits for its first use, the old one
        is let in too; :attr:`moved_on` notes who used it.
        """
        said = [password, password.hex().encode()]
        if HEX_DIGITS.fullmatch(password):
            said.append(password.lower())
        macs = [secret_mac(self._pepper, station.id, one) for one in said]
        for given in station.next_macs:
            fits = [compare_digest(mac, given) for mac in macs]  # all of them, in constant time
            if any(fits):
                self.moved_on[station.id] = given
                return True
        fits = [compare_digest(mac, station.secret_mac) for mac in macs]
        is_ok = bool(station.secret_mac) and any(fits)
        if not is_ok and station.secret_hash and self.on_hashed is not None:
            self.on_hashed(station, password)  # it is let in at its next attempt
        return is_ok


class Services(Frozen):
    """The same for every station of this process."""

    store: Store
    clock: Clock
    registry: Registry
    verifier: Verifier
    config: OcppConfig
    asset_scale: int
    attempts: Attempts
    session_id: Callable[[], str] = fresh_session_id
    # Behaviour 3: told of every late answer, to keep it on its command.
    on_late: Callable[[str, Version, LateResult | LateError], None] | None = None
    authority: FileAuthority | None = None  # signs certificates of stations
    contracts: Contracts | None = None  # of Plug & Charge, and the PKI behind them
    # Told of a BootNotification that was answered, and of a configuration that was read.
    on_booted: Callable[[str], None] | None = None
    on_read: Callable[[str], None] | None = None
    transfers: Transfers | None = None  # who answers DataTransfer
    # Told what was forgiven in a station's message: its id, and a sentence for the wire log.
    on_forgiven: Callable[[str, str], None] | None = None
    asked: Asked = msgspec.field(default_factory=Asked)
