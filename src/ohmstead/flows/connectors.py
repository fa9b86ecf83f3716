"""A station says what its connectors do."""

from __future__ import annotations

from ohmstead.core.connectors import Connectors
from ohmstead.ports import Decision, State


def say(state: State, command: Connectors, _now_ms: int) -> Decision[None]:
    """Keep what a station said now, beside what is known of its other connectors: one row."""
    known = state.get(Connectors, command.station_id)
    states = {one.place: one for one in known.states} if known is not None else {}
    states |= {one.place: one for one in command.states}
    return Decision(None, (Connectors(command.station_id, tuple(states.values())),))
