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


GIVEN_OUT = {
    "transaction": "OCPP 1.6 transaction ids",
    "reservation": "reservation ids at stations, and the numbers drivers know",
    "upload": "request ids of logs and diagnostics",
    "rollout": "numbers of roll-outs",
    "template": "revisions that stations are compared with",
    "event": "numbers of what webhooks are told",
    "clear_cache": "jobs that strike id_tokens from stations' caches",
    "local-lists": "revisions of local lists: raised, every list is looked at again",
    "certificate/": "requests for a station's certificates",
}
"""Every counter whose numbers others may hold; a name that ends in ``/`` begins many."""

AS_THEY_WERE = {
    "foreign": "a bound: the last id that may be another CSMS's. Raised, it would claim our own",
    "turned_away/": "a tally with a limit: raised, a waiting station's evidence would be dropped",
}
"""Counters that give nothing out."""


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
    """The counter beyond everything it may have given out since the backup.

    One that no table names is raised: giving a number out twice is worse than losing some.
    """
    name, slash, _ = counter.name.partition("/")
    if name + slash in AS_THEY_WERE:
        return counter
    return replace(counter, value=counter.value + COUNTER_STEP)
