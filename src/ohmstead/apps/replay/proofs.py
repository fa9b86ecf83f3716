"""Verifies every receipt of a replay as a stranger would: offline, then against the chain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ohmstead.apps.replay.checks import Checks
from ohmstead.apps.replay.stage import Stage
from ohmstead.apps.settler import chain_facts, open_reader
from ohmstead.apps.verification import verify
from ohmstead.core.receipt_checks import CHECK_NAMES, ChainFacts, Check, Outcome, Trust, exit_code
from ohmstead.core.session import Session

SESSIONS_MAX = 1_000_000
AT_ONCE = 8
PROVEN, CONSISTENT, FAILED = 0, 3, 1
# What no chain can prove of energy that no meter signed.
NEVER_PROVEN = frozenset({"readings", "meter_signature", "registered_key", "energy"})


@dataclass(slots=True)
class Verified:
    """How many receipts said what."""

    proven: int = 0
    unproven: int = 0
    offline: int = 0
    differences: list[str] = field(default_factory=list)
    example: str = ""  # a session whose receipt is proven whole


async def verify_all(stage: Stage, checks: Checks) -> Verified:
    """Judge the driver's copy of every receipt, and one forged on purpose."""
    sessions = [s for s in stage.house.store.find(Session, SESSIONS_MAX) if s.epoch]
    ledger = stage.opened.ledger
    trust = Trust(
        network=stage.house.config.network.name,
        chain_id=ledger.chain_id,
        settlement=ledger.settlement,
        registry=ledger.registry,
        escrow=ledger.escrow,
    )
    verified, gate = Verified(), asyncio.Semaphore(AT_ONCE)
    reader = open_reader(stage.opened.rpc.url, ledger)

    async def one(session: Session) -> None:
        async with gate:
            document = await stage.receipts.receipt(session.id, with_records=True)
            facts = await chain_facts(reader, document)
            await asyncio.to_thread(_judge, verified, session, document, trust, facts)

    try:
        await asyncio.gather(*(one(session) for session in sessions))
    finally:
        await reader.close()
    detail = (
        f"{verified.proven} proven line by line, {verified.unproven} with unproven energy, which "
        f"they say; all {verified.offline} hold together offline"
    )
    if not sessions:
        verified.differences.append("there is no receipt")
    checks.add("every receipt verifies, offline and on chain", verified.differences, detail)
    await _forge(stage, checks, verified)
    return verified


def _judge(
    verified: Verified, session: Session, document: bytes, trust: Trust, facts: ChainFacts
) -> None:
    offline = verify(document, None, None)
    if exit_code(offline) == CONSISTENT:
        verified.offline += 1
    else:
        verified.differences.append(f"{session.id} offline: {_failed(offline)}")
    lines = verify(document, trust, facts)
    missing = {line.name for line in lines if line.outcome is not Outcome.PROVEN}
    signed = bool(session.begin_page)
    code = exit_code(lines)
    if signed and code == PROVEN and len(lines) == len(CHECK_NAMES):
        verified.proven += 1
        verified.example = min(verified.example or session.id, session.id)
    elif not signed and code == CONSISTENT and missing == NEVER_PROVEN:
        verified.unproven += 1
    else:
        verified.differences.append(f"{session.id}: {_failed(lines) or sorted(missing)}")


async def _forge(stage: Stage, checks: Checks, verified: Verified) -> None:
    """A receipt with one digit changed must fail: a verifier that cannot say no says nothing."""
    if not verified.example:
        checks.add("a forged receipt is refused", ["there is no proven receipt to forge"], "")
        return
    document = await stage.receipts.receipt(verified.example, with_records=True)
    at = document.index(b'"covered_minor":"') + len(b'"covered_minor":"')
    digit = b"1" if document[at : at + 1] != b"1" else b"2"
    lines = verify(document[:at] + digit + document[at + 1 :], None, None)
    refused = exit_code(lines) == FAILED
    differences = [] if refused else ["one digit of its price was changed, and nothing failed"]
    checks.add("a forged receipt is refused", differences, f"it fails: {_failed(lines)}")


def _failed(lines: list[Check]) -> str:
    return ", ".join(line.name for line in lines if line.outcome is Outcome.FAILED)
