"""Handing out receipts, and looking up on the chain what a receipt says of it."""

from __future__ import annotations

import secrets

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.adapters.chain.evm.deploy import ZERO_ADDRESS, Deployment
from ohmstead.adapters.chain.evm.finality import FinalByTag, Finality
from ohmstead.adapters.chain.evm.journal import MemoryTxJournal
from ohmstead.adapters.chain.evm.keys import LocalKey
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import Sender
from ohmstead.apps.settler.archive import EpochArchive
from ohmstead.core.canonical import decode
from ohmstead.core.merkle import ZERO
from ohmstead.core.onchain import Anchored
from ohmstead.core.receipt_checks import ChainFacts
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.core.receipt_shape import PUBLIC, WITH_RECORDS, mismatch
from ohmstead.core.receipt_view import Json, hex_of, part, raw, read_seal, whole
from ohmstead.core.session import Session
from ohmstead.errors import OperatorError, RemoteProtocolError
from ohmstead.flows.receipts import leaf_of, receipt
from ohmstead.ports import Store


class ReceiptDesk:
    """Writes the receipts of anchored sessions."""

    def __init__(self, store: Store, archive: EpochArchive) -> None:
        self._store = store
        self._archive = archive

    async def receipt(self, session_id: str, with_records: bool) -> bytes:
        """Return the canonical receipt; ``with_records`` only for the driver and the host.

        Raises OperatorError, saying why, when there is none or none yet.
        """
        session = self._store.get(Session, session_id)
        if session is None:
            raise OperatorError(f"there is no session {session_id}")
        built = await self._archive.get(leaf_of(self._store, session).epoch)
        return receipt(self._store, session_id, built, with_records)


def open_reader(url: str, ledger: LedgerRef, finality: Finality | None = None) -> EvmChain:
    """Return a chain to look things up on, for whoever verifies: its key owns nothing.

    ``close`` it in the end. The events of the contracts are searched from block 0.
    """
    rpc = Rpc(url, ledger.chain_id)
    deployment = Deployment(
        ledger.chain_id, 0, 0, ZERO_ADDRESS, ledger.registry, ledger.escrow, ledger.settlement
    )
    rule = finality or FinalByTag()
    nobody = LocalKey(secrets.token_bytes(32))
    return EvmChain(rpc, deployment, rule, Sender(rpc, nobody, MemoryTxJournal(), rule))


async def chain_facts(chain: EvmChain, document: bytes) -> ChainFacts:
    """Look up everything that ``core.receipt_checks`` asks of the chain for one receipt.

    Raises RemoteProtocolError for bytes that are no receipt, and ChainUnavailable.
    """
    body = decode(document)
    if not isinstance(body, dict):
        raise RemoteProtocolError("a receipt is an object")
    wrong = mismatch(body, WITH_RECORDS if "records" in body else PUBLIC)
    if wrong:
        raise RemoteProtocolError(f"not a receipt: {wrong}")
    number = whole(part(body, "epoch")["number"])
    anchored = await _anchored(chain, number, whole(part(body, "anchor")["block_number"]))
    deployment = chain.deployment
    return ChainFacts(
        chain_id=deployment.chain_id,
        settlement=deployment.settlement,
        registry=deployment.registry,
        escrow=deployment.escrow,
        seal=await chain.epoch_seal(number),
        is_final=anchored is not None and await _is_final(chain, body, number, anchored),
        tx=anchored.at.tx if anchored else "",
        block_number=anchored.at.block_number if anchored else -1,
        block_hash=anchored.at.block_hash if anchored else "",
        meter_keys=await _meter_keys(chain, part(body, "leaf")),
        passport=await _passport(chain, part(body, "leaf")),
    )


async def _anchored(chain: EvmChain, number: int, hint: int) -> Anchored | None:
    """Find the event where the receipt says it is, else wherever it is."""
    head = (await chain.head()).number
    first = chain.deployment.first_block
    ranges = [(hint, hint)] if first <= hint <= head else []
    for low, high in (*ranges, (first, head)):
        for event in await chain.events(low, high):
            if isinstance(event, Anchored) and event.number == number:
                return event
    return None


async def _is_final(chain: EvmChain, body: Json, number: int, anchored: Anchored) -> bool:
    final = await chain.final_block()
    seal = read_seal(part(body, "epoch", "seal"))
    if final is None or final.number < anchored.at.block_number:
        return False
    if final.time_s < anchored.proposed_at_s + await chain.window_s():
        return False
    return await chain.epoch_is_final(number, seal)


async def _passport(chain: EvmChain, leaf: Json) -> int:
    key = raw(leaf["key"])
    return 0 if key == ZERO else await chain.passport_id(key)


async def _meter_keys(chain: EvmChain, leaf: Json) -> frozenset[str]:
    """Return the leaf's key if the registry held it at the leaf's version, else nothing."""
    key = raw(leaf["key"])
    if key == ZERO or not await chain.is_registered(key, whole(leaf["registry_version"])):
        return frozenset()
    return frozenset({hex_of(key)})
