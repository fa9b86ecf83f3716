"""The ledger that the settler sees: epochs, locks, claims and events of one EVM deployment.

Reading never believes a block before it is final unless the name says ``latest``; writing takes the
caller's idempotency key, the intent. Addresses, hashes and lock ids are lower-case ``0x`` hex text
where they are keys, bytes where they are hashed; amounts are minor units of an asset's index.
Every method raises ChainUnavailable; writes raise CallReverted when a contract refuses at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ohmstead.adapters.chain.evm.contracts import artifact, revert_of
from ohmstead.adapters.chain.evm.deploy import ZERO_ADDRESS, Deployment, check_deployment
from ohmstead.adapters.chain.evm.events import EVENTS_OF, read_event
from ohmstead.adapters.chain.evm.finality import Finality
from ohmstead.adapters.chain.evm.journal import TxRecord, TxState
from ohmstead.adapters.chain.evm.rpc import LATEST, BlockTag, Rpc, RpcRefused
from ohmstead.adapters.chain.evm.sender import Sender
from ohmstead.adapters.chain.evm.shapes import Block, CallRequest
from ohmstead.core.header import Header, Seal
from ohmstead.core.leaves import Balance, Entry
from ohmstead.core.onchain import BlockRef, ChainEvent
from ohmstead.errors import ChainUnavailable
from ohmstead.frozen import Frozen

# A node answers logs of a few thousand blocks at once; public ones refuse more.
LOG_BLOCKS_MAX = 2_000
# eth_estimateGas finds the least gas that does not revert, and a caught failure does not revert:
# with an estimate, the inner transfer of a release or a claim could run out of gas unseen.
GAS_OF_LOCK_END = 250_000
GAS_OF_CLAIM = 250_000
CLAIMS_MAX = 60  # in one transaction: EIP-7825 allows 16.7 M gas


class TxStatus(Frozen):
    """What became of an intent; ``block`` is -1 and ``gas_used`` 0 until it is in a block."""

    intent: str
    state: TxState
    succeeded: bool
    tx: str
    block: int
    gas_used: int
    fee_wei: int


class LockInfo(Frozen):
    """A lock as the contract keeps it; an ended one keeps wallet and expiry, not its amount."""

    wallet: str
    asset: int
    amount: int
    expiry_s: int
    is_open: bool


class Holdings(Frozen):
    """What the two contracts hold of an asset at one block, and what their books say they owe.

    ``pool + locked + owed <= escrow`` and ``settled - paid <= settlement``; they are equal unless
    somebody sent tokens to the contracts without being asked to.
    """

    escrow: int
    settlement: int
    pool: int
    locked: int
    owed: int
    settled: int
    paid: int


class ClaimArguments(Frozen):
    """One claim of an entry, provable against the epoch's seal."""

    number: int
    seal: Seal
    index: int
    entry: Entry
    proof: tuple[bytes, ...]


class PassportRequest(Frozen):
    """A station to register; ``public_key`` is x || y, ``location_cell`` an H3 cell.

    Either ``signature`` (r, low s) over the registry's binding digest, or the sha-256 of the OCMF
    record whose ``ID`` carries the binding, which only the registrar may register.
    """

    owner: str
    curve: int
    public_key: bytes
    rated_w: int
    location_cell: int
    registration_hash: bytes
    home_ledger: bytes
    metadata_uri: str
    signature: tuple[bytes, bytes] | None = None
    ocmf_record: bytes = bytes(32)


class EvmChain:
    """One deployment on one chain, seen and acted on with the settler's key."""

    def __init__(
        self, rpc: Rpc, deployment: Deployment, finality: Finality, sender: Sender
    ) -> None:
        self.deployment = deployment
        self._rpc = rpc
        self._finality = finality
        self._sender = sender

    # -- blocks ---------------------------------------------------------------------------------

    async def check(self) -> None:
        """Raise ChainUnavailable unless chain id and contracts are the network's."""
        await self._rpc.check_chain()
        await check_deployment(self._rpc, self.deployment)

    async def head(self) -> BlockRef:
        """Return the newest block, which may still go away."""
        return _ref(await self._rpc.head())

    async def block(self, number: int) -> BlockRef | None:
        """Return a block, None above the head."""
        block = await self._rpc.block(number)
        return None if block is None else _ref(block)

    async def final_block(self) -> BlockRef | None:
        """Return the newest final block, None before there is one."""
        number = await self._finality.final_block(self._rpc)
        return None if number < 0 else await self.block(number)

    async def events(self, first: int, last: int) -> tuple[ChainEvent, ...]:
        """Return everything that moved money or anchored in these blocks, in chain order.

        Ask for final blocks only: others can still lose their events.
        """
        sources = list(self._sources())
        found: list[ChainEvent] = []
        for start in range(first, last + 1, LOG_BLOCKS_MAX):
            end = min(start + LOG_BLOCKS_MAX - 1, last)
            for log in await self._rpc.logs(sources, start, end):
                event = read_event(self._sources()[log.address], log)
                if event is not None:
                    found.append(event)
        return tuple(found)

    # -- epochs and claims ----------------------------------------------------------------------

    async def window_s(self) -> int:
        """Return the seconds from anchoring to finality; it never changes."""
        return _number(await self._read("Settlement", "window"))

    async def epoch_head(self, at: BlockTag = LATEST) -> int:
        """Return the number of the newest epoch, 0 before the first."""
        return _number(await self._read("Settlement", "head", at=at))

    async def epoch_seal(self, number: int, at: BlockTag = LATEST) -> bytes:
        """Return the seal's hash, 32 zero bytes where there is no such epoch."""
        seal: bytes = (await self._read("Settlement", "seals", number, at=at))[0]
        return seal

    async def epoch_is_final(self, number: int, seal: Seal) -> bool:
        """Whether a claim against this seal would be accepted now."""
        return bool((await self._read("Settlement", "isFinal", number, _seal(seal)))[0])

    async def claimed(self, account: str, asset: int) -> int:
        """Return what the account was paid for all time, as of the newest block."""
        return _number(await self._read("Settlement", "claimed", account, asset))

    async def anchor(self, intent: str, header: Header) -> TxStatus:
        """Propose an epoch; the contract refuses another number, parent or total by name."""
        return await self._write(intent, "Settlement", "anchor", _header(header))

    async def claim(self, intent: str, claim: ClaimArguments) -> TxStatus:
        """Pay an account what its entry proves beyond what it was paid, which may be nothing."""
        return await self._write(intent, "Settlement", "claim", *_claim(claim))

    async def claim_balance(
        self, intent: str, number: int, seal: Seal, balance: Balance, proof: Sequence[bytes]
    ) -> TxStatus:
        """The same from a leaf of the tree of balances."""
        leaf = (balance.account, balance.asset, balance.cumulative, balance.last_entry_index)
        arguments = (number, _seal(seal), *leaf, list(proof))
        return await self._write(intent, "Settlement", "claimBalance", *arguments)

    async def claim_many(self, intent: str, claims: Sequence[ClaimArguments]) -> TxStatus:
        """Up to :data:`CLAIMS_MAX` claims; one that fails does not stop the others."""
        assert 0 < len(claims) <= CLAIMS_MAX
        gas = GAS_OF_CLAIM * (len(claims) + 1)
        tuples = [_claim(claim) for claim in claims]
        return await self._write(intent, "Settlement", "claimMany", tuples, gas=gas)

    # -- locks and money ------------------------------------------------------------------------

    async def lock_info(self, lock_id: str, at: BlockTag = LATEST) -> LockInfo | None:
        """Return a lock, None where there never was one of this id."""
        [found] = await self._read("ChargingEscrow", "lockOf", _id(lock_id), at=at)
        wallet, expiry, asset, state, amount = found
        if state == 0:
            return None
        return LockInfo(wallet, asset, amount, expiry, state == 1)

    async def release(self, intent: str, lock_id: str, cost: int) -> TxStatus:
        """End a lock with its session's cost; the remainder returns to the wallet by itself."""
        return await self._end_lock(intent, "release", _id(lock_id), cost)

    async def refund(self, intent: str, lock_id: str) -> TxStatus:
        """End a lock with everything back at the wallet."""
        return await self._end_lock(intent, "refund", _id(lock_id))

    async def holdings(self, asset: int, at: BlockTag = LATEST) -> Holdings:
        """Return what both contracts hold at one block.

        A restarted embedded chain does not keep the state of blocks before its restart: that is
        ChainUnavailable until a newer block is final, about three seconds later.
        """
        tokens = [
            _number(await self._read("TestStablecoin", "balanceOf", address, at=at))
            for address in (self.deployment.escrow, self.deployment.settlement)
        ]
        [escrow] = await self._read("ChargingEscrow", "bookOf", asset, at=at)
        [settlement] = await self._read("Settlement", "bookOf", asset, at=at)
        return Holdings(*tokens, *escrow, *settlement)

    # -- stations -------------------------------------------------------------------------------

    async def registry_version(self, at: BlockTag = LATEST) -> int:
        """Return the version that every change of any passport raises."""
        return _number(await self._read("StationRegistry", "version", at=at))

    async def is_registered(self, key_id: bytes, version: int) -> bool:
        """Whether a meter key was registered, not replaced and not suspended at a version."""
        return bool((await self._read("StationRegistry", "isRegisteredAt", key_id, version))[0])

    async def passport_id(self, key_id: bytes) -> int:
        """Return the passport that a key is or was bound to, 0 if none."""
        return _number(await self._read("StationRegistry", "passportIdOf", key_id))

    async def binding_digest(self, home_ledger: bytes, owner: str, key_id: bytes) -> bytes:
        """Return what the meter key signs next, to be bound to this registry and owner."""
        nonce = _number(await self._read("StationRegistry", "nonceOf", key_id))
        digest: bytes = (
            await self._read("StationRegistry", "bindingDigest", home_ledger, owner, nonce)
        )[0]
        return digest

    async def register_station(self, intent: str, request: PassportRequest) -> TxStatus:
        """Mint a station's passport."""
        station = (
            request.rated_w,
            request.location_cell,
            request.registration_hash,
            request.home_ledger,
            request.metadata_uri,
        )
        r, s = request.signature or (bytes(32), bytes(32))
        arguments = (
            request.owner,
            (request.curve, request.public_key),
            station,
            (r, s, request.ocmf_record),
        )
        return await self._write(intent, "StationRegistry", "register", *arguments)

    # -- what was sent --------------------------------------------------------------------------

    async def status(self, intent: str) -> TxStatus | None:
        """Return what is known of an intent, without asking the chain."""
        record = await self._sender.status(intent)
        return None if record is None else tx_status(record)

    async def tick(self) -> tuple[TxStatus, ...]:
        """Look after everything under way, once; returns what changed its state."""
        return tuple(tx_status(record) for record in await self._sender.tick())

    async def wait(self, intent: str, *, final: bool = False, timeout_s: float = 60) -> TxStatus:
        """Tick until an intent is in a block (``final``: for good)."""
        return tx_status(await self._sender.wait(intent, final=final, timeout_s=timeout_s))

    async def close(self) -> None:
        """Close the connections."""
        await self._rpc.close()

    # -- inside ---------------------------------------------------------------------------------

    def _sources(self) -> dict[str, str]:
        addresses = {name: self._address(name) for name in EVENTS_OF}
        return {address: name for name, address in addresses.items()}

    def _address(self, contract: str) -> str:
        return {
            "TestStablecoin": self.deployment.stablecoin,
            "StationRegistry": self.deployment.registry,
            "ChargingEscrow": self.deployment.escrow,
            "Settlement": self.deployment.settlement,
        }[contract]

    async def _read(
        self, contract: str, name: str, *arguments: object, at: BlockTag = LATEST
    ) -> tuple[Any, ...]:
        function = artifact(contract).function(name)
        request = CallRequest(ZERO_ADDRESS, self._address(contract), function.encode(*arguments))
        try:
            return function.decode_result(await self._rpc.call(request, at))
        except RpcRefused as refused:
            # A view that reverts is not the contract we think it is.
            raise ChainUnavailable(f"{name}: {revert_of(refused) or refused}") from refused

    async def _end_lock(self, intent: str, name: str, *arguments: object) -> TxStatus:
        """Try the call first, because an explicit gas limit skips the estimate that would."""
        request = CallRequest(
            self._sender.address,
            self.deployment.escrow,
            artifact("ChargingEscrow").function(name).encode(*arguments),
        )
        if await self._sender.status(intent) is None:
            try:
                await self._rpc.call(request)
            except RpcRefused as refused:
                if reverted := revert_of(refused):
                    raise reverted from refused
                raise
        return await self._write(intent, "ChargingEscrow", name, *arguments, gas=GAS_OF_LOCK_END)

    async def _write(
        self, intent: str, contract: str, name: str, *arguments: object, gas: int = 0
    ) -> TxStatus:
        data = artifact(contract).function(name).encode(*arguments)
        return tx_status(await self._sender.submit(intent, self._address(contract), data, gas=gas))


def tx_status(record: TxRecord) -> TxStatus:
    """Return what a caller may know of a record."""
    return TxStatus(
        record.intent,
        record.state,
        record.succeeded,
        record.tx_hash,
        record.block_number,
        record.gas_used,
        record.gas_used * record.gas_price_wei,
    )


def _ref(block: Block) -> BlockRef:
    return BlockRef(block.number, block.hash, block.timestamp_s)


def _number(result: tuple[Any, ...]) -> int:
    return int(result[0])


def _id(lock_id: str) -> bytes:
    return bytes.fromhex(lock_id.removeprefix("0x"))


def _header(header: Header) -> tuple[object, ...]:
    totals = tuple((t.credits, t.burns, t.spends, t.settled) for t in header.totals)
    return (
        header.number,
        header.parent,
        header.receipts,
        header.receipt_count,
        header.entries,
        header.entry_count,
        header.balances,
        header.balance_count,
        totals,
        header.rewards,
        header.proven_mwh,
        header.unproven_mwh,
        header.registry_version,
        header.bundle,
    )


def _seal(seal: Seal) -> tuple[object, ...]:
    return (seal.entries, seal.balances, seal.entry_count, seal.proposed_at_s, seal.header)


def _claim(claim: ClaimArguments) -> tuple[object, ...]:
    e = claim.entry
    entry = (
        *(e.lane, e.account, e.receipt, e.slot, e.amount),
        *(e.total, e.cumulative, e.prev_epoch, e.prev_index),
    )
    return (claim.number, _seal(claim.seal), claim.index, entry, list(claim.proof))
