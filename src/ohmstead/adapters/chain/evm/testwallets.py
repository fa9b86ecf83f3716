"""Drivers' wallets for the LOCAL chain only: keys that anybody can compute, money from nothing.

They let a demo and the tests play account holders (mint, deposit) and walk-up wallets (lock,
reclaim). The test stablecoin refuses to exist on any chain but 31337, and so does this module.
"""

from __future__ import annotations

from ohmstead.adapters.chain.evm.contracts import artifact
from ohmstead.adapters.chain.evm.deploy import Deployment
from ohmstead.adapters.chain.evm.finality import Finality
from ohmstead.adapters.chain.evm.journal import TxJournal, TxRecord
from ohmstead.adapters.chain.evm.keys import LocalKey
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import Sender, SendPolicy
from ohmstead.errors import OperatorError
from ohmstead.hashing import keccak

LOCAL_CHAIN_ID = 31337
# The first development account of anvil, known to the whole world.
FUNDER_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
WEI_PER_WALLET = 10**18
_UINT256_MAX = 2**256 - 1


def wallet_key(name: str) -> LocalKey:
    """Return the key of a named test wallet; it is no secret."""
    return LocalKey(keccak(b"ohmstead test wallet: " + name.encode()))


class TestWallet:
    """One wallet; every method is an intent, submitted at once and waited for by :meth:`wait`."""

    __test__ = False

    def __init__(self, name: str, sender: Sender, deployment: Deployment) -> None:
        self.name = name
        self.address = sender.address
        self._sender = sender
        self._deployment = deployment

    async def mint(self, intent: str, amount: int) -> TxRecord:
        """Make ``amount`` minor units of the test stablecoin for this wallet."""
        return await self._submit(intent, "TestStablecoin", "mint", self.address, amount)

    async def approve(self, intent: str) -> TxRecord:
        """Let the escrow take any amount from this wallet."""
        arguments = (self._deployment.escrow, _UINT256_MAX)
        return await self._submit(intent, "TestStablecoin", "approve", *arguments)

    async def deposit(self, intent: str, amount: int, asset: int = 0) -> TxRecord:
        """Put money into the escrow for sessions to come."""
        return await self._submit(intent, "ChargingEscrow", "deposit", asset, amount)

    async def deposit_for(self, intent: str, account: str, amount: int, asset: int = 0) -> TxRecord:
        """Put this wallet's money into the escrow for another account's sessions."""
        return await self._submit(intent, "ChargingEscrow", "depositFor", account, asset, amount)

    async def lock(
        self, intent: str, lock_id: str, amount: int, expiry_s: int, asset: int = 0
    ) -> TxRecord:
        """Lock the most that one session may cost, until ``expiry_s`` of block time."""
        arguments = (bytes.fromhex(lock_id.removeprefix("0x")), asset, amount, expiry_s)
        return await self._submit(intent, "ChargingEscrow", "lock", *arguments)

    async def reclaim(self, intent: str, lock_id: str) -> TxRecord:
        """Take a lock back after its expiry."""
        data = bytes.fromhex(lock_id.removeprefix("0x"))
        return await self._submit(intent, "ChargingEscrow", "reclaim", data)

    async def request_withdrawal(self, intent: str, amount: int, asset: int = 0) -> TxRecord:
        """Give notice that a deposit shall come back."""
        return await self._submit(intent, "ChargingEscrow", "requestWithdrawal", asset, amount)

    async def withdraw(self, intent: str, asset: int = 0) -> TxRecord:
        """Take the deposit out after the notice."""
        return await self._submit(intent, "ChargingEscrow", "withdraw", asset)

    async def wait(self, intent: str, *, final: bool = False, timeout_s: float = 60) -> TxRecord:
        """Tick until an intent is in a block (``final``: for good)."""
        return await self._sender.wait(intent, final=final, timeout_s=timeout_s)

    async def tick(self) -> list[TxRecord]:
        """Look after everything of this wallet that is under way, once."""
        return await self._sender.tick()

    async def _submit(self, intent: str, contract: str, name: str, *rest: object) -> TxRecord:
        to = {
            "TestStablecoin": self._deployment.stablecoin,
            "ChargingEscrow": self._deployment.escrow,
        }[contract]
        return await self._sender.submit(
            intent, to, artifact(contract).function(name).encode(*rest)
        )


class TestWallets:
    """Opens wallets and gives them coin for gas, from the chain's public development account."""

    __test__ = False

    def __init__(
        self,
        rpc: Rpc,
        deployment: Deployment,
        journal: TxJournal,
        finality: Finality,
        policy: SendPolicy | None = None,
    ) -> None:
        if rpc.chain_id != LOCAL_CHAIN_ID:
            raise OperatorError(f"test wallets exist on chain {LOCAL_CHAIN_ID} only")
        self._rpc = rpc
        self._deployment = deployment
        self._journal = journal
        self._finality = finality
        self._policy = policy
        self.funder = self._sender(LocalKey(FUNDER_KEY))

    async def open(self, name: str, amount: int) -> TestWallet:
        """Return a wallet that has gas, ``amount`` of the stablecoin and an approved escrow.

        Doing it again, also after a crash, goes on where it stopped.
        """
        key = wallet_key(name)
        await fund(self.funder, key.address)
        wallet = TestWallet(name, self._sender(key), self._deployment)
        await wallet.mint(f"wallet/{name}/mint", amount)
        await wallet.approve(f"wallet/{name}/approve")
        await wallet.wait(f"wallet/{name}/approve")
        return wallet

    async def pour(self, name: str, account: str, amount: int) -> TxRecord:
        """Deposit ``amount`` minor units for any account, out of nothing; once for each name.

        Answers when the deposit is submitted. Doing it again goes on where it stopped.
        """
        faucet = TestWallet("faucet", self.funder, self._deployment)
        await faucet.approve("faucet/approve")
        await faucet.mint(f"faucet/{name}/mint", amount)
        for intent in ("faucet/approve", f"faucet/{name}/mint"):
            await faucet.wait(intent)
        return await faucet.deposit_for(f"faucet/{name}/deposit", account, amount)

    def _sender(self, key: LocalKey) -> Sender:
        return Sender(self._rpc, key, self._journal, self._finality, self._policy)


async def fund(funder: Sender, address: str) -> None:
    """Give an address (a deployer, a settler, a wallet) the coin for its gas, once."""
    intent = f"wallet/{address}/gas"
    await funder.submit(intent, address, b"", value_wei=WEI_PER_WALLET)
    await funder.wait(intent)
