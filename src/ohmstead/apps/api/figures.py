"""The figures behind ``/status``, ``/metrics`` and the page at ``/``: counted, never estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ohmstead.apps.api.settlement import Settlement
from ohmstead.apps.boot import House
from ohmstead.core.ledger import Account
from ohmstead.core.network import Quarantined, Station
from ohmstead.core.onchain import EpochRecord
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.session import Session, SessionState

EPOCHS_PAGE = 1_000
DEAD_JOBS_SHOWN = 20


@dataclass(slots=True)
class EpochSums:
    """Sums over all closed epochs; each epoch is read again only until it is final."""

    count: int = 0
    receipts: int = 0
    total_minor: int = 0
    proven_mwh: int = 0
    unproven_mwh: int = 0
    last_key: str = ""

    def add(self, record: EpochRecord) -> None:
        """Take one more epoch in."""
        self.count += 1
        self.receipts += record.receipt_count
        self.total_minor += record.total_minor
        self.proven_mwh += record.proven_mwh
        self.unproven_mwh += record.unproven_mwh
        self.last_key = record.key


class Figures:
    """Counts what a house has done."""

    def __init__(self, house: House, settlement: Callable[[], Settlement]) -> None:
        self.house = house
        self.settlement = settlement
        self._sums = EpochSums()

    def epochs(self) -> EpochSums:
        """The sums over all epochs: an epoch's content never changes, so each is read once."""
        while True:
            found = self.house.store.find(EpochRecord, EPOCHS_PAGE, self._sums.last_key)
            for record in found:
                self._sums.add(record)
            if len(found) < EPOCHS_PAGE:
                return self._sums

    def sessions(self) -> dict[str, int]:
        """How many sessions are in each state."""
        store = self.house.store
        return {one.value: store.count(Session, state=one.value) for one in SessionState}

    def money(self) -> dict[str, str]:
        """What came in from the chain and went out to it, in minor units of the asset."""
        policy, asset = self.house.config.chain.kind, self.house.config.asset
        mirror = self.house.store.get(Account, f"onchain:{policy}@{asset.code}")
        into, out = (mirror.debits_posted, mirror.credits_posted) if mirror else (0, 0)
        return {"asset": str(asset), "in": str(into), "out": str(out)}

    def status(self) -> dict[str, Any]:
        """Everything an operator looks at first."""
        house, sums = self.house, self.epochs()
        dead = house.store.dead_jobs(DEAD_JOBS_SHOWN)
        return {
            "network": house.config.network.name,
            "time": utc_text(house.clock.now_ms()),
            "store": {"available": house.store.available, "commits": house.store.commits},
            "stations": {
                "registered": house.store.count(Station),
                "connected": len(house.gateway.connected()),
            },
            "sessions": self.sessions(),
            "signatures_checked": house.services.verifier.checked,
            "quarantined": house.store.count(Quarantined),
            "epochs": {"closed": sums.count, "receipts": sums.receipts},
            "energy": {
                "proven_mwh": sums.proven_mwh,
                "unproven_mwh": sums.unproven_mwh,
            },
            "money": {**self.money(), "settled": str(sums.total_minor)},
            "chain": self.settlement().status(),
            "troubles": house.office.troubles(),
            "rollouts": house.rollouts.lines(),
            "dead_jobs": [
                {"id": one.job.id, "attempts": one.attempts, "error": one.error} for one in dead
            ],
        }
