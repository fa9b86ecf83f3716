"""What the gateway offers to the handlers of a station, and what it asks of them.

The gateway moves messages and decides nothing about charging: who may connect is the
:class:`Directory`'s word, what a message means is the :class:`Peer`'s. Both are implemented by
``apps/stations``; tests bring small ones of their own.

All of this happens on the one event loop that serves the sockets, so nothing here may block it.
"""

from __future__ import annotations

import enum
from typing import Protocol

from ohmstead.core.network import Station
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.frames import CallReceived, LateError, LateResult


class Answered(Frozen):
    """The station answered; the payload is JSON that is not validated yet."""

    payload: bytes


class Refused(Frozen):
    """The station answered with a CALLERROR; ``code`` is None for its own invention."""

    code: ErrorCode | None
    code_text: str
    description: str


class TimedOut(Frozen):
    """No answer in time. One that still comes is handed to :meth:`Peer.late`."""


class Disconnected(Frozen):
    """The connection ended first. ``sent``: the call had left, so it may have been obeyed."""

    sent: bool


class QueueFull(Frozen):
    """Too many calls wait for this station already; this one was not queued."""


CallOutcome = Answered | Refused | TimedOut | Disconnected | QueueFull


class Link(Protocol):
    """What a station's handlers, and the API's commands, may use of its connection."""

    @property
    def station_id(self) -> str: ...

    @property
    def version(self) -> Version: ...

    async def call(
        self,
        action: str,
        payload: bytes,
        timeout_ms: int | None = None,
        *,
        message_id: str | None = None,
    ) -> CallOutcome:
        """Send a CALL and return what became of it; never raises for what the station does.

        Calls of one station go out one at a time, in order (OCPP-J 4.1.1); ``timeout_ms`` counts
        from the moment this one is sent, and is the configured one by default. ``message_id`` is
        for callers that store a command before sending it: 1 to 36 characters, unique; a late
        answer carries it. Once the connection has ended this returns ``Disconnected(False)``.
        Cancelling the caller does not recall the CALL.
        """

    def dispute(self, message_id: str, why: CallRefused) -> None:
        """Tell the station that its answer could not be read (2.1); silent in versions before."""

    def close(self, code: int, reason: str) -> None:
        """End the connection with a WebSocket status; harmless if it has ended."""


class Peer(Protocol):
    """One connection of a station, seen from above the wire; ``apps/stations`` implements it.

    For each connection: ``connected`` once, then any number of the others, then ``disconnected``
    once. When a new connection of a station takes over, the old one's ``disconnected`` comes just
    before the new one's ``connected``; a handler begun on the old one may still be running.
    """

    async def handle(self, call: CallReceived) -> bytes:
        """Return the payload of the CALLRESULT, once everything it says is durable.

        One call of a station at a time, in order of arrival, repeats already answered by the
        gateway. A handler that was begun is finished even when the connection ends meanwhile; its
        answer is then kept for the repeat. It runs without a Task of its own, so what needs a
        current one (``asyncio.timeout``, ``TaskGroup``) belongs into a task it makes and awaits.
        It may not await an answer of the same station to a CALL of ours unless it can bear that
        the station waits for this answer first: start a task.

        Raises CallRefused for a CALLERROR; StoreUnavailable to leave the call unanswered and have
        the connection closed with 1013, so that the station keeps its message. Anything else is a
        defect: it is logged and answered with InternalError.
        """

    def connected(self, link: Link) -> None:
        """The WebSocket is open; CALLs may be sent from now on."""

    def disconnected(self, link: Link) -> None:
        """The connection has ended, and every CALL of ours on it has its outcome."""

    def late(self, event: LateResult | LateError) -> None:
        """An answer came to a CALL of ours that had been given up: store it on its command."""


class Stranger(Frozen):
    """Somebody unknown who asks to be let in, and what he proved.

    ``password`` is None when a certificate names the station; ``profile`` is 1, 2 or 3.
    """

    station_id: str
    password: bytes | None
    profile: int
    address: str


class Turned(enum.Enum):
    """Why a stranger is not let in."""

    UNKNOWN = "this station is not registered here"
    REJECTED = "this station was rejected"
    ANOTHER_SECRET = "this station first came with another password or certificate"
    TOO_MANY = "too many unknown stations wait for approval; try again later"


class CertificateWord(enum.Enum):
    """What is known of a station's certificate beyond its signature."""

    GOOD = "good"
    ASKING = "whether the certificate was revoked is being asked; come again in a moment"
    UNKNOWN = "whether the certificate was revoked cannot be found out now; come again later"
    REVOKED = "the station's certificate was revoked"


class Directory(Protocol):
    """Who may connect. Asked before the upgrade, from memory: these must not block."""

    def certificate_word(self, station_id: str, der: bytes) -> CertificateWord:
        """Say whether a station's certificate was revoked; ``der`` is empty where a proxy handed
        on nothing but its name."""

    def find(self, station_id: str) -> Station | None:
        """Return the registered station, or None. The id is already checked for its characters."""

    def meet(self, stranger: Stranger) -> Station | Turned:
        """Decide about a station that :meth:`find` does not know, where ``onboarding`` says so.

        Returns a pending Station that is not registered, or why it is turned away.
        """

    def password_ok(self, station: Station, password: bytes) -> bool:
        """Tell whether the Basic password is this station's; compares MACs in constant time."""

    def peer(self, station: Station, version: Version) -> Peer:
        """Return the handlers for a new connection of this station."""

    def available(self) -> bool:
        """False while nothing can be made durable: upgrades are then refused with 503."""


class Connection(Frozen):
    """A line of :meth:`Gateway.connected`, for people and for ``status``."""

    station_id: str
    version: Version
    since_ms: int
    address: str  # the peer's IP address
    received: int  # messages on this connection
    sent: int
    calls_waiting: int  # CALLs of ours in flight or queued
    profile: int = 1  # the security profile it was let in with
