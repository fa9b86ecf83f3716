"""Certificates our authority takes back: kept until they would have ended by themselves."""

from __future__ import annotations

from ohmstead.frozen import Frozen

REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
)
REVOCATIONS_MAX = 100_000


class Revocation(Frozen):
    """One certificate that counts no more; ``reason`` is one of RFC 5280, 5.3.1."""

    serial: str  # hex
    station_id: str
    revoked_ms: int
    not_after_ms: int
    reason: str = REASONS[0]

    @property
    def key(self) -> str:
        return self.serial
