"""What persons decided of a session in review or contested: who, when, and why."""

from __future__ import annotations

from ohmstead.core.command import Author
from ohmstead.frozen import Frozen

VERDICTS_MAX = 100  # of one session: each takes a stop that contradicts it, and a person


class Verdict(Frozen):
    """One decision; ``found`` is the state in which it found the session."""

    outcome: str  # pay or refund
    found: str
    at_ms: int
    author: Author


class Verdicts(Frozen):
    """All decisions of one session, the first one first."""

    session_id: str
    given: tuple[Verdict, ...] = ()

    @property
    def key(self) -> str:
        return self.session_id
