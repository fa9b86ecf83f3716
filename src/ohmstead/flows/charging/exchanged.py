"""Values of a session whose meter was exchanged under it, counted on from the old to the new."""

from __future__ import annotations

from ohmstead.core.exchange import EXCHANGED, SessionExchange, counted_on
from ohmstead.core.session import Session
from ohmstead.flows.charging.kept import Reads

Steps = tuple[tuple[int, int], ...]


def steps_of(state: Reads, session: Session) -> Steps:
    """What was exchanged under a session; nothing is looked up for all those without."""
    known = state.get(SessionExchange, session.id) if EXCHANGED in session.findings else None
    return known.steps if known is not None else ()


def counted(state: Reads, session: Session, at_ms: int, mwh: int) -> int:
    """One value as the meter that was there at the start would have counted it."""
    steps = steps_of(state, session)
    return counted_on(steps, at_ms, mwh) if steps else mwh
