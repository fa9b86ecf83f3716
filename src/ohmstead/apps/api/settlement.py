"""What the API asks of the settler: epochs, receipts, claims and the reconciliation.

A house without a chain, or whose chain has not come up yet, has no settler; then each of these
says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from http import HTTPStatus
from typing import Any, NoReturn, Protocol, runtime_checkable

from ohmstead.adapters.chain.evm.contracts import CallReverted
from ohmstead.adapters.chain.evm.testwallets import LOCAL_CHAIN_ID, TestWallets
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.settler import (
    ClaimDesk,
    OpenedChain,
    PassportDesk,
    ReceiptDesk,
    Settler,
    Standing,
    StationPassport,
)
from ohmstead.core.receipt import seal_document
from ohmstead.core.receipt_view import hex_of
from ohmstead.errors import ChainUnavailable, OhmsteadError, OperatorError
from ohmstead.flows.mirror import SETTLEMENT_ASSET
from ohmstead.frozen import asdict
from ohmstead.ports import Store


@runtime_checkable
class Settlement(Protocol):
    """The settler as the API sees it; everything raises OperatorError and ChainUnavailable."""

    async def close_epoch(self) -> int | None:
        """Close an epoch over everything settled now; its number, or None if there is nothing."""

    async def reconcile(self) -> dict[str, Any]:
        """Compare the ledger with the chain at the last final block."""

    async def receipt(self, session_id: str, with_records: bool) -> bytes:
        """The receipt of an anchored session."""

    async def bundle(self, number: int) -> bytes:
        """The public data of an epoch: lines of canonical JSON."""

    async def claim(self, account: str) -> dict[str, Any]:
        """The arguments of the claim that pays an account everything final."""

    async def pour(self, name: str, account: str, amount_minor: int) -> str:
        """Deposit test money for an account, once for each name; the transaction's hash."""

    async def binding(self, owner: str, public_key: str) -> bytes:
        """What a meter's key signs to be bound to its owner on the chain."""

    async def passport(self, passport: StationPassport, r: int, s: int) -> Standing:
        """Mint a passport by the signature of the meter's key over its binding."""

    async def standing(self, key_id: str) -> Standing:
        """Whether a meter has a passport, and whether it counts yet."""

    def status(self) -> dict[str, Any]:
        """Where the chain stands, for ``status``; asks nobody."""


class OpenSettlement:
    """The settler of a house whose chain is open."""

    def __init__(self, store: Store, settler: Settler, opened: OpenedChain) -> None:
        self._settler = settler
        self._opened = opened
        self._archive = settler.archive
        self._receipts = ReceiptDesk(store, settler.archive)
        self._claims = ClaimDesk(store, settler.archive)
        self._passports = PassportDesk(opened.chain, lambda: settler.status.block)
        self._pouring: set[asyncio.Task[None]] = set()

    async def close_epoch(self) -> int | None:
        """Close now, whatever the usual length of an epoch."""
        closed = await self._settler.close_epoch()
        return None if closed is None else closed.number

    async def reconcile(self) -> dict[str, Any]:
        """Every sum as text, ``holds`` and what is wrong if it does not."""
        found = await self._settler.reconcile()
        holdings = {name: str(amount) for name, amount in asdict(found.holdings).items()}
        return {
            "holds": found.holds,
            "problems": list(found.problems),
            "block_number": found.block_number,
            "mirror": str(found.mirror_minor),
            "booked_on_chain": str(found.booked_on_chain_minor),
            "claimable": str(found.claimable_minor),
            "holdings": holdings,
        }

    async def receipt(self, session_id: str, with_records: bool) -> bytes:
        """From the archive of built epochs."""
        return await self._receipts.receipt(session_id, with_records)

    async def bundle(self, number: int) -> bytes:
        """From the archive of built epochs."""
        return await self._archive.bundle(number)

    async def claim(self, account: str) -> dict[str, Any]:
        """Arguments of ``Settlement.claim`` in the contract's order, amounts as text."""
        claim = await self._claims.arguments(account)
        if claim is None:
            raise OperatorError(f"{account} is credited in no final epoch yet; ask again later")
        entry = claim.entry
        return {
            "contract": self._opened.deployment.settlement,
            "chain_id": self._opened.deployment.chain_id,
            "function": "claim",
            "epoch": claim.number,
            "seal": seal_document(claim.seal),
            "index": claim.index,
            "entry": {
                "lane": entry.lane,
                "account": hex_of(entry.account),
                "receipt": entry.receipt,
                "slot": entry.slot,
                "amount": str(entry.amount),
                "total": str(entry.total),
                "cumulative": str(entry.cumulative),
                "prev_epoch": entry.prev_epoch,
                "prev_index": entry.prev_index,
            },
            "proof": [hex_of(node) for node in claim.proof],
            "asset": SETTLEMENT_ASSET,
            "claimable": str(self._claims.claimable().get(account, 0)),
        }

    async def pour(self, name: str, account: str, amount_minor: int) -> str:
        """From the public development account of a local chain; OperatorError on any other."""
        chain_id = self._opened.deployment.chain_id
        if chain_id != LOCAL_CHAIN_ID:
            raise OperatorError(
                f"there is a faucet on a local chain ({LOCAL_CHAIN_ID}) only, and this is chain "
                f"{chain_id}: deposit with depositFor of {self._opened.deployment.escrow}"
            )
        wallets = self._opened.wallets()
        try:
            sent = await wallets.pour(name, account, amount_minor)
        except CallReverted as refused:
            raise OperatorError(f"the chain refuses this deposit: {refused}") from None
        # Nobody else looks after the funder's transactions, and a restarted chain may lose one.
        task = asyncio.create_task(self._see_through(wallets, sent.intent))
        self._pouring.add(task)
        task.add_done_callback(self._pouring.discard)
        return sent.tx_hash

    async def _see_through(self, wallets: TestWallets, intent: str) -> None:
        with contextlib.suppress(OhmsteadError):
            await wallets.funder.wait(intent, final=True)

    async def binding(self, owner: str, public_key: str) -> bytes:
        """Asked of the registry."""
        return await self._passports.digest(owner, public_key)

    async def passport(self, passport: StationPassport, r: int, s: int) -> Standing:
        """With the settler's key, which only pays the gas."""
        return await self._passports.submit(passport, r, s)

    async def standing(self, key_id: str) -> Standing:
        """As an epoch that closed now would see it."""
        return await self._passports.standing(key_id)

    def status(self) -> dict[str, Any]:
        """The settler's own words, and where the contracts are."""
        said, deployment = self._settler.status, self._opened.deployment
        return {
            "kind": "anvil" if self._opened.anvil else "rpc",
            "state": "frozen" if said.frozen else "open",
            "chain_id": deployment.chain_id,
            "rpc": self._opened.rpc.url,
            "settlement": deployment.settlement,
            "escrow": deployment.escrow,
            "registry": deployment.registry,
            "stablecoin": deployment.stablecoin,
            "booked_block": said.block,
            "steps": said.steps,
            "failures_in_a_row": said.failures,
            "failures": said.failures_ever,
            "last_error": said.last_error,
            "frozen": said.frozen,
            "alarms": list(said.alarms),
            "restarts": self._opened.anvil.restarts if self._opened.anvil else 0,
        }


class NoSettlement:
    """Stands in where there is no chain: ``reason`` empty, or not yet: what it waits for."""

    def __init__(self, reason: str = "") -> None:
        self._reason = reason

    async def close_epoch(self) -> int | None:
        """Refuse."""
        self._refuse()

    async def reconcile(self) -> dict[str, Any]:
        """Refuse."""
        self._refuse()

    async def receipt(self, session_id: str, with_records: bool) -> bytes:
        """Refuse."""
        self._refuse()

    async def bundle(self, number: int) -> bytes:
        """Refuse."""
        self._refuse()

    async def claim(self, account: str) -> dict[str, Any]:
        """Refuse."""
        self._refuse()

    async def pour(self, name: str, account: str, amount_minor: int) -> str:
        """Refuse."""
        self._refuse()

    async def binding(self, owner: str, public_key: str) -> bytes:
        """Refuse."""
        self._refuse()

    async def passport(self, passport: StationPassport, r: int, s: int) -> Standing:
        """Refuse."""
        self._refuse()

    async def standing(self, key_id: str) -> Standing:
        """Refuse."""
        self._refuse()

    def status(self) -> dict[str, Any]:
        """Say which of the two it is."""
        if not self._reason:
            return {"kind": "none", "state": "none"}
        return {"kind": "pending", "state": "waiting", "last_error": self._reason}

    def _refuse(self) -> NoReturn:
        if self._reason:
            raise ChainUnavailable(f"the chain is not there yet: {self._reason}")
        raise Problem(
            HTTPStatus.CONFLICT,
            "this house runs without a chain; start it with `ohmstead up --chain anvil` or a URL",
            "no-chain",
        )
