"""A station nobody registered, which waits for a person's word."""

from __future__ import annotations

import enum

from ohmstead.frozen import Frozen


class NewcomerState(enum.Enum):
    """What became of it."""

    WAITING = "waiting"
    APPROVED = "approved"  # it is a Station since then
    REJECTED = "rejected"  # not let in again


class Newcomer(Frozen):
    """What is known of it: what it proved when it first came, and what it says of itself.

    Trust on first use: ``secret_mac`` pins the password it came with, and nobody else is let in
    under its name. Whether that first one was the station is for the person who approves.
    """

    id: str
    secret_mac: str  # HMAC-SHA-256 of its Basic password; empty: it came with a certificate
    security_profile: int
    address: str
    first_ms: int
    state: NewcomerState = NewcomerState.WAITING
    booted_ms: int = 0
    version: str = ""  # subprotocol
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    secret_is_weak: bool = False  # the password it came with; to be rotated

    @property
    def key(self) -> str:
        return self.id
