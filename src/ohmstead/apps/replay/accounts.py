"""Whose money is spent: deposits of account holders, and locks of wallets that walk up.

The cards of a file are many; here some share an account, as those of a family or a fleet do. All
wallets exist on the local chain only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from ohmstead.adapters.chain.evm.testwallets import TestWallet, TestWallets
from ohmstead.apps.boot import House
from ohmstead.apps.replay.plan import Plan, PlannedSession
from ohmstead.apps.settler import OpenedChain
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.onchain import Lock
from ohmstead.core.session import PayerKind
from ohmstead.errors import ChainUnavailable
from ohmstead.flows.onboarding import TokenForLock, put_id_token, token_for_lock
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak, sha256

ACCOUNTS_MAX = 24
DEPOSIT_MINOR = 2_000_000_000
WALK_UP_WALLETS_MAX = 10
LOCK_MINOR = 150_000_000  # more than a session of the largest evse costs in a day
LOCK_SECONDS_MIN = 3_600  # block time is real: a replayed day must not outlive a lock
AT_ONCE = 6  # wallets that talk to the chain at the same time
LOCKS_AHEAD = 10
POLL_S = 0.05


class Purse(Frozen):
    """A deposit that differs from the usual, for the drivers of some misbehaviours."""

    driver: str
    deposit_minor: int


class Accounts:
    """Every payer of a plan: wallets on the chain, id_tokens in the house."""

    def __init__(
        self, plan: Plan, seed: str, house: House, opened: OpenedChain, purses: Sequence[Purse]
    ) -> None:
        self._seed = seed
        self._house = house
        self._opened = opened
        self._wallets: TestWallets = opened.wallets()
        self._purses = {purse.driver: purse.deposit_minor for purse in purses}
        sessions = plan.sessions
        drivers = {s.driver for s in sessions if s.payer is PayerKind.PREPAID}
        self._account_of = {driver: self._account(driver) for driver in sorted(drivers)}
        self.walk_ups = tuple(s for s in sessions if s.payer is PayerKind.WALLET_LOCK)
        self.wallets: dict[str, TestWallet] = {}
        self.walk_up_minted: dict[str, int] = {}  # wallet name -> what it had before its locks
        self.deposited_minor = 0
        self.locked_minor = 0
        self._tokens: dict[int, asyncio.Future[str]] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._ahead = asyncio.Semaphore(LOCKS_AHEAD)

    async def open(self) -> None:
        """Open all wallets, deposit for the account holders and hand out their id_tokens."""
        deposits = {
            account: self._purses.get(driver, DEPOSIT_MINOR)
            for driver, account in self._account_of.items()
        }
        await asyncio.gather(*(self._deposit(name, minor) for name, minor in deposits.items()))
        count = min(WALK_UP_WALLETS_MAX, len(self.walk_ups))
        each = -(-len(self.walk_ups) // count) if count else 0
        self.walk_up_minted = {f"walk-up {n}": each * LOCK_MINOR for n in range(count)}
        await asyncio.gather(*(self._open(*each) for each in self.walk_up_minted.items()))
        for driver, account in self._account_of.items():
            payer = self.wallets[account].address
            token = IdToken(driver, TokenStatus.ACCEPTED, payer, PayerKind.PREPAID)
            await self._house.store.run(put_id_token, token)

    async def top_up(self, driver: str, amount_minor: int) -> None:
        """Deposit once more for a driver's account; booked when it is final."""
        wallet = self.wallets[self._account_of[driver]]
        name = f"top-up/{self._seed}/{driver}/{amount_minor}"
        await wallet.mint(f"{name}/mint", amount_minor)
        await wallet.wait(f"{name}/mint")
        await wallet.deposit(name, amount_minor)
        await wallet.wait(name, final=True)
        self.deposited_minor += amount_minor

    def payer_of(self, driver: str) -> str:
        """Return the address behind an id_token."""
        return self.wallets[self._account_of[driver]].address

    # Walk-up wallets: a lock on chain for each session, made a little before it begins.

    async def make_locks(self) -> None:
        """Lock for one walk-up session after the other, not too far ahead of their begin."""
        await asyncio.gather(*(self._lock(number) for number in range(len(self.walk_ups))))

    async def token_for(self, session: PlannedSession) -> str:
        """Return the id_token that spends this session's lock, once the lock is final."""
        try:
            return await self._token(session.number)
        finally:
            self._ahead.release()

    def _token(self, number: int) -> asyncio.Future[str]:
        return self._tokens.setdefault(number, asyncio.get_running_loop().create_future())

    async def _lock(self, place: int) -> None:
        session = self.walk_ups[place]
        await self._ahead.acquire()
        wallet = self.wallets[f"walk-up {place % min(WALK_UP_WALLETS_MAX, len(self.walk_ups))}"]
        lock_id = "0x" + keccak(f"{self._seed}/lock/{session.number}".encode()).hex()
        intent = f"lock/{lock_id}"
        length_s = max(LOCK_SECONDS_MIN, self._house.config.money.session_max_s)
        while True:  # the chain may be away for a while, and may lose its newest blocks
            with contextlib.suppress(ChainUnavailable):
                async with self._gate:
                    expires_s = (await self._opened.chain.head()).time_s + length_s
                    await wallet.lock(intent, lock_id, LOCK_MINOR, expires_s)
                break
            await asyncio.sleep(POLL_S)
        await wallet.wait(intent, final=True)
        self.locked_minor += LOCK_MINOR
        while self._house.store.get(Lock, lock_id) is None:  # until its block is final and booked
            await asyncio.sleep(POLL_S)
        command = TokenForLock(lock_id, f"W-{lock_id[2:18]}")
        token = await self._house.store.run(token_for_lock, command)
        self._token(session.number).set_result(token.uid)

    async def _open(self, name: str, amount_minor: int) -> TestWallet:
        async with self._gate:
            wallet = await self._wallets.open(name, amount_minor)
        self.wallets[name] = wallet
        return wallet

    async def _deposit(self, name: str, amount_minor: int) -> None:
        wallet = await self._open(name, amount_minor)
        intent = f"deposit/{self._seed}/{name}"
        async with self._gate:
            await wallet.deposit(intent, amount_minor)
            await wallet.wait(intent)
        self.deposited_minor += amount_minor

    def _account(self, driver: str) -> str:
        if driver in self._purses:
            return f"account {driver}"
        digest = sha256(f"{self._seed}/account/{driver}".encode())
        return f"account {int.from_bytes(digest[:8]) % ACCOUNTS_MAX}"
