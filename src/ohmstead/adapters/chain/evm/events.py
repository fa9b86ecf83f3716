"""Logs of our contracts as the events that the mirror books; every other log is passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ohmstead.adapters.chain.evm.contracts import artifact
from ohmstead.adapters.chain.evm.shapes import Log
from ohmstead.core.onchain import (
    Anchored,
    ChainEvent,
    Claimed,
    Deposited,
    EventId,
    Locked,
    Released,
    Returned,
    Withdrawn,
)

Arguments = Mapping[str, Any]


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _deposited(at: EventId, a: Arguments) -> ChainEvent:
    return Deposited(at, a["account"], a["asset"], a["amount"])


def _withdrawn(at: EventId, a: Arguments) -> ChainEvent:
    return Withdrawn(at, a["account"], a["asset"], a["amount"])


def _locked(at: EventId, a: Arguments) -> ChainEvent:
    return Locked(at, _hex(a["id"]), a["wallet"], a["asset"], a["amount"], a["expiry"])


def _released(at: EventId, a: Arguments) -> ChainEvent:
    return Released(at, _hex(a["id"]), a["cost"], a["remainder"])


def _refunded(at: EventId, a: Arguments) -> ChainEvent:
    return Returned(at, _hex(a["id"]), a["amount"], reclaimed=False)


def _reclaimed(at: EventId, a: Arguments) -> ChainEvent:
    return Returned(at, _hex(a["id"]), a["amount"], reclaimed=True)


def _anchored(at: EventId, a: Arguments) -> ChainEvent:
    return Anchored(at, a["number"], _hex(a["header"]), _hex(a["seal"]), a["proposedAt"])


def _claimed(at: EventId, a: Arguments) -> ChainEvent:
    return Claimed(at, a["account"], a["asset"], a["amount"])


EVENTS_OF: Mapping[str, Mapping[str, Callable[[EventId, Arguments], ChainEvent]]] = {
    "ChargingEscrow": {
        "Deposited": _deposited,
        "Withdrawn": _withdrawn,
        "Locked": _locked,
        "Released": _released,
        "Refunded": _refunded,
        "Reclaimed": _reclaimed,
    },
    "Settlement": {"Anchored": _anchored, "Claimed": _claimed},
}


def read_event(contract: str, log: Log) -> ChainEvent | None:
    """Return the event of a log, None for one that books nothing; raises ChainUnavailable."""
    signature = artifact(contract).events.get(log.topics[0]) if log.topics else None
    build = None if signature is None else EVENTS_OF[contract].get(signature.name)
    if signature is None or build is None:
        return None
    at = EventId(log.block_number, log.tx_hash, log.index, log.block_hash)
    return build(at, signature.decode(log))
