"""Behaviour 10: what can be wrong with the numbers of a transaction's messages, told apart.

A message that was overtaken keeps its number, one that is repeated keeps its content too, and a
station that rebooted within a transaction begins to count anew.
"""

from __future__ import annotations

from ohmstead.core.progress import Progress
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.frozen import replace
from ohmstead.ports import Record

GAP = "seq_gap"
REUSED = "seq_reused"  # one number, two contents: the first stands
RESTARTED = "seq_restarted"
REORDERED = "seq_reordered"  # the end came before what it was numbered after
AFTER_END = "after_end"


def restarts(session: Session, progress: Progress, seq: int, at_ms: int) -> bool:
    """Whether a number that should be higher is that of a station which began to count anew: it
    tells of a later time, and begins at 0 or comes after one that did."""
    is_later = at_ms > progress.last_ms
    return is_later and session.state in OPEN_STATES and (seq == 0 or RESTARTED in session.findings)


def of_end(session: Session, progress: Progress, seq: int, at_ms: int) -> tuple[str, ...]:
    """What the number of a session's end tells."""
    if seq > progress.last_seq:
        # Behaviour 9: "missing Updated events are a finding (stations may drop them when full)".
        return (GAP,) if seq > progress.last_seq + 1 else ()
    return (RESTARTED,) if restarts(session, progress, seq, at_ms) else (REORDERED,)


def noted(session: Session, finding: str) -> Session:
    """The session with a finding more; one that is under a root stays as it was anchored."""
    if finding in session.findings or session.epoch:
        return session
    return replace(session, findings=(*session.findings, finding))


def changed(before: Session, after: Session) -> tuple[Record, ...]:
    """What is to be written of a session, if anything."""
    return () if after is before else (after,)
