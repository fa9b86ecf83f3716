"""A station says what its connectors do."""

from __future__ import annotations

from ohmstead.core.connectors import Connectors
from ohmstead.ports import Decision, State


def say(_state: State, command: Connectors, _now_ms: int) -> Decision[None]:
    """Keep what is known of a station's connectors now: all of it, in one row."""
    return Decision(None, (command,))
