"""A house that was restored from a backup, and how it came back to work.

A restored house is frozen: it takes what stations tell and decides nothing for others, because
what it knows may be older than what the world was told. Numbers that were given out after the
backup must not be given out again, so every counter is raised by far more than was used.
"""

from __future__ import annotations

from ohmstead.core.network import Counter
from ohmstead.frozen import Frozen, replace

COUNTER_STEP = 1_000_000
"""More numbers than a network gives out between a backup and its restore: a session each second
for eleven days. OCPP 1.6 transaction ids have room for two thousand such steps."""


class Restoration(Frozen):
    """One restore of this house; the house is frozen while ``resumed_ms`` is 0."""

    restored_ms: int
    made_ms: int  # when the backup was made
    archive: str  # sha-256 of the backup's manifest, hex
    resumed_ms: int = 0
    resumed_by: str = ""  # the API key's id
    why: str = ""
    problems: tuple[str, ...] = ()  # what the reconciliation said and the operator accepted

    @property
    def key(self) -> str:
        return f"{self.restored_ms:015d}"


def raised(counter: Counter) -> Counter:
    """The counter beyond everything it may have given out since the backup."""
    return replace(counter, value=counter.value + COUNTER_STEP)
