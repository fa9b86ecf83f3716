"""What was forgiven in how a station wrote a message: findings of its session.

"It reports something that has already happened; doubt moves the money to a dispute account, it
never loses the record."
"""

from __future__ import annotations

from ohmstead.core.session import Session
from ohmstead.frozen import replace

NO_ZONE = "time_without_zone"
ZONE_UNKNOWN = "time_zone_unknown"
# What was forgiven and holds no money back: no value depends on it.
FORGIVEN = frozenset({"unknown_word", "number_misspelt", NO_ZONE})


def judged(forgiven: tuple[str, ...], at_ms: int, now_ms: int, skew_ms: int) -> tuple[str, ...]:
    """The findings, of a message about ``at_ms``. A time without a zone is UTC where that is about
    now; of one told later nobody knows which hour it meant, and a person looks."""
    if NO_ZONE in forgiven and abs(now_ms - at_ms) > skew_ms:
        return (*forgiven, ZONE_UNKNOWN)
    return forgiven


def with_findings(session: Session, findings: tuple[str, ...]) -> Session:
    """The session with these too; the same one where it has them all."""
    found = tuple(dict.fromkeys((*session.findings, *findings)))
    return session if found == session.findings else replace(session, findings=found)
