"""What is told to others, to whom, and how they know that it was us.

Headers and signature follow the Standard Webhooks text: HMAC-SHA-256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import enum
import hmac
from typing import Any

from ohmstead.frozen import Frozen

SUBSCRIPTIONS_MAX = 50
URL_LENGTH_MAX = 2_000
SECRET_PREFIX = "whsec_"
ID_HEADER, TIME_HEADER, SIGNATURE_HEADER = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
)
_MINUTE, _HOUR = 60_000, 3_600_000
BACK_OFF_MS = (
    *(5_000, 30_000, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, 2 * _HOUR),
    *(5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
)
"""Before the second attempt, the third ...: twelve attempts in a little more than three days."""


class Topic(enum.Enum):
    """What can be told, in the order in which the docs list it."""

    STATION_CONNECTED = "station.connected"
    STATION_DISCONNECTED = "station.disconnected"
    STATION_FAULTED = "station.faulted"
    STATION_BOOTED = "station.booted"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    SESSION_SETTLED = "session.settled"
    SESSION_IN_REVIEW = "session.in_review"
    PAYOUT_FINAL = "payout.final"
    PAYOUT_CLAIMED = "payout.claimed"
    ALERT_OPENED = "alert.opened"
    ALERT_CLOSED = "alert.closed"
    TEST = "webhook.test"  # only when asked for, to the one who is tested


ALWAYS = frozenset({Topic.TEST})


class Subscription(Frozen):
    """Somebody who wants to be told. The secret is not kept: it follows from ``salt``."""

    id: str
    url: str
    topics: tuple[Topic, ...]
    name: str
    salt: str
    created_ms: int
    ended_ms: int = 0
    disabled: str = ""  # why nothing is kept for it any more; empty: it is in force

    @property
    def key(self) -> str:
        return self.id

    @property
    def in_force(self) -> bool:
        return not self.ended_ms and not self.disabled

    @property
    def lane(self) -> str:
        """Its deliveries are made one after the other, in the order of what they are about."""
        return f"{LANES}webhook/{self.id}"


LANES = "post/"  # the part of the outbox that leaves by post


class Event(Frozen):
    """Something that happened, as subscribers are told it."""

    topic: Topic
    data: dict[str, Any]


class DeadLetter(Frozen):
    """A delivery that was given up; ``job`` and ``payload`` are what it takes to send it again."""

    job: str
    lane: str
    kind: str
    subscription: str  # empty: it is no webhook's
    payload: dict[str, Any]
    attempts: int
    error: str
    failed_ms: int
    replayed_ms: int = 0

    @property
    def key(self) -> str:
        return self.job


def signature(secret: bytes, event_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,`` and the base64 of the MAC that only holders of the secret can make."""
    message = f"{event_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, message, "sha256")).decode()


def derived_secret(pepper: bytes, subscription: Subscription) -> bytes:
    """The secret of a subscription; whoever has the database and not the pepper has it not."""
    message = b"webhook\0" + subscription.id.encode() + b"\0" + subscription.salt.encode()
    return hmac.digest(pepper, message, "sha256")


def secret_text(secret: bytes) -> str:
    """As Standard Webhooks libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def wait_ms(attempts: int) -> int | None:
    """How long to wait after so many failed attempts; None when it is to be given up."""
    return BACK_OFF_MS[attempts - 1] if attempts <= len(BACK_OFF_MS) else None
