"""Ids of commands: 35 characters, nearly as long as an OCPP message id may be, the newest first."""

from __future__ import annotations

import secrets

_END_MS = 10**13 - 1  # in the year 2286
_STEPS_MAX = 0xFFFF


class Ids:
    """Makes ids that sort the newest first, also within one millisecond of one process."""

    def __init__(self) -> None:
        self._last_ms = -1
        self._step = 0

    def fresh(self, now_ms: int) -> str:
        """Return an id that was never used."""
        self._step = min(self._step + 1, _STEPS_MAX) if now_ms == self._last_ms else 0
        self._last_ms = now_ms
        left_ms = max(0, _END_MS - now_ms)
        return f"{left_ms:013d}-{_STEPS_MAX - self._step:04x}-{secrets.token_hex(8)}"
