"""What a virtual station knows of charging, whichever OCPP version it speaks."""

from __future__ import annotations

import enum
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol

from ohmstead.apps.virtual.cabinet import Cabinet
from ohmstead.apps.virtual.meter import Sample, VirtualMeter
from ohmstead.apps.virtual.outbox import Owed
from ohmstead.apps.virtual.settings import Settings
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp.base import Message, Version

ACCEPTED = "Accepted"  # of boots and id_tokens, in every version


@dataclass(slots=True, eq=False)
class Transaction:
    """One transaction on one evse, until its stop and after it.

    ``transaction_id`` is "" in 1.6 until the CSMS answered the start. ``status`` is the CSMS's
    word on the id_token ("Accepted", "Blocked", ...), "" while it is not known.
    """

    evse: int
    id_token: str
    begin: Sample
    transaction_id: str = ""
    remote_start_id: int | None = None
    status: str = ""
    seq_no: int = 0  # 2.0.1: of the next event
    last: Sample | None = None
    end: Sample | None = None
    end_seq_no: int = 0
    total_cost: str = ""  # 2.0.1: what the CSMS says it cost, in the answer to Ended
    reason: str = ""  # of its stop

    @property
    def active(self) -> bool:
        """True until the stop."""
        return self.end is None


class Boot(Frozen):
    """The answer to a BootNotification: "Accepted", "Pending" or "Rejected"."""

    status: str
    interval_s: int
    current_time_ms: int


class RemoteStart(Frozen):
    """The CSMS asks for a start; ``evse`` is None where it leaves the choice to the station."""

    evse: int | None
    id_token: str
    remote_start_id: int | None


@dataclass(slots=True)
class Hooks:
    """What happens at the station when the CSMS asked for it; None: the station does it itself.

    Each runs after the CSMS has its answer, but ``asked``, which gets the name of everything that
    is asked as it comes. ``reset`` gets the word of the CSMS ("Soft", "Hard",
    "Immediate", "OnIdle").
    """

    remote_start: Callable[[RemoteStart], Coroutine[object, object, None]] | None = None
    remote_stop: Callable[[Transaction], Coroutine[object, object, None]] | None = None
    reset: Callable[[str], Coroutine[object, object, None]] | None = None
    asked: Callable[[str], None] | None = None


class Nameplate(Frozen):
    """What a station says of itself when it boots."""

    vendor: str = "Ohmstead"
    model: str = "virtual station"
    firmware: str = "1"


@dataclass(slots=True, eq=False)
class Place:
    """One evse: its meter, and what stands there."""

    meter: VirtualMeter
    operative: bool = True
    becomes_operative: bool | None = None  # a change that waits for the end of the transaction
    transaction: Transaction | None = None  # the last one

    @property
    def charging(self) -> Transaction | None:
        """The transaction going on, if there is one."""
        tx = self.transaction
        return tx if tx is not None and tx.active else None

    @property
    def state(self) -> str:
        """1.6's word for what a StatusNotification tells."""
        if not self.operative:
            return "Unavailable"
        return "Available" if self.charging is None else "Charging"


class Availability(enum.Enum):
    """How a station takes a ChangeAvailability."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class Cause(enum.Enum):
    """Why a meter value is sent; the value is the ReadingContext of both versions."""

    BEGIN = "Transaction.Begin"
    PERIODIC = "Sample.Periodic"
    TRIGGER = "Trigger"
    END = "Transaction.End"


class Move(Frozen):
    """A file to fetch, or to bring, and what is told while it moves."""

    url: str
    begins: tuple[str, Message]
    well: tuple[tuple[str, Message], ...]
    badly: tuple[str, Message]
    brings: bool = False
    firmware: str = ""  # to run once it is there


class Commands(Protocol):
    """What the CSMS may ask of a station; the two dialects translate their messages to this."""

    @property
    def settings(self) -> Settings: ...
    def remote_start(self, asked: RemoteStart) -> bool: ...
    def remote_stop(self, transaction_id: str) -> bool: ...
    def reset(self, kind: str) -> Availability: ...
    def trigger(self, message: str, evse: int | None) -> bool: ...
    def set_operative(self, evse: int | None, operative: bool) -> Availability: ...
    def is_evse(self, evse: int) -> bool: ...
    def is_charging(self, evse: int | None) -> bool: ...
    def transaction_state(self, transaction_id: str | None) -> tuple[bool, bool]: ...
    def report(self, request_id: int) -> None: ...
    def password_changed(self, value: str) -> None: ...
    @property
    def cabinet(self) -> Cabinet: ...
    @property
    def now_ms(self) -> int: ...
    @property
    def name(self) -> str: ...
    def say(self, *messages: tuple[str, Message]) -> None: ...
    def installed(self, firmware: str) -> None: ...
    def move(self, move: Move) -> None: ...


class Dialect(Protocol):
    """One OCPP version, spoken from the station's side: builds requests, reads answers."""

    version: Version

    def boot(self, plate: Nameplate, meters: dict[int, VirtualMeter], reason: str) -> Message: ...
    def booted(self, payload: bytes) -> Boot: ...
    def heartbeat_ms(self, payload: bytes) -> int: ...
    def status(self, evse: int, state: str, at_ms: int) -> Message: ...
    def authorize(self, id_token: str) -> Message: ...
    def authorized(self, payload: bytes) -> str: ...
    def idle_values(self, evse: int, sample: Sample) -> Message: ...
    def start(self, tx: Transaction, meter: VirtualMeter, offline: bool) -> list[Owed]: ...
    def update(
        self, tx: Transaction, sample: Sample, cause: Cause, offline: bool
    ) -> list[Owed]: ...
    def stop(self, tx: Transaction, sample: Sample, reason: str, offline: bool) -> list[Owed]: ...
    def answer(self, request: Message, panel: Commands) -> Message: ...
    def report(self, request_id: int, settings: Settings, at_ms: int) -> list[Message]: ...
