"""Ledger and contracts agree, whatever happens in whatever order."""

from __future__ import annotations

import asyncio
import random

import pytest

from ohmstead.core.ledger import Account
from ohmstead.core.network import Evse, Station
from ohmstead.core.onchain import ChainCursor, EpochState, LockState
from ohmstead.core.reservation import ReservationEvent
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding
from ohmstead.flows.reservations import Happened, Reserve, happened, reserve
from tests.apps.settler.town import MINUTE, town
from tests.conftest import DEEP
from tests.flows.test_reservation_fee import SHARES, tariff

SEEDS = range(40) if DEEP else range(3)
EVENTS = 24
EVSES = (Evse(1, 22_000),)


class Chance:
    """Draws what happens next: deposits, locks, sessions, epochs, claims, withdrawals, days."""

    def __init__(self, t, seed):
        self.t, self.random = t, random.Random(seed)
        self.drivers, self.locks, self.count = [], [], 0

    async def happen(self):
        names = ["deposit", "lock", "session", "session", "walk", "close", "claim", "reclaim"]
        names += ["reserve", "reserve"]
        await getattr(self, self.random.choice(names))()
        if self.random.random() < 0.6:
            await self.t.settler.step()
        if self.random.random() < 0.5:
            await self.t.final()

    def fresh(self):
        self.count += 1
        return f"n{self.count}"

    async def deposit(self):
        name = self.fresh()
        await self.t.driver(name, self.random.randrange(1_000_000, 20_000_000))
        self.drivers.append(name)

    async def lock(self):
        amount, expires_s = self.random.randrange(1, 9_000_000), self.random.choice([1_900, 90_000])
        self.locks.append(await self.t.walk_up(self.fresh(), amount, expires_s))

    async def session(self):
        if self.drivers:
            await self.t.session(self.random.choice(self.drivers), self.random.randrange(40))

    async def walk(self):
        for _, lock_id in self.locks:
            lock = self.t.lock(lock_id)
            if lock and lock.state is LockState.OPEN and not lock.session_id:
                token = await self.t.token_of(lock_id)
                await self.t.session(token, self.random.randrange(12))
                return

    async def reserve(self):
        """A reservation with a fee, and what becomes of it."""
        if not self.drivers:
            return
        t = self.t
        if t.store.get(Station, "FEE") is None:
            await t.store.run(onboarding.add_tariff, tariff())
            await t.store.run(onboarding.add_station, Station("FEE", "", EVSES, "FEE", SHARES))
        driver, minutes = self.random.choice(self.drivers), self.random.choice([5, 30, 60])
        expires_ms, id_ = t.clock.now_ms() + 60 * MINUTE, f"S-{t.tag}-{self.fresh()}"
        command = Reserve("FEE", 1, driver, expires_ms, fresh_session_id=id_)
        try:
            made = await t.store.run(reserve, command)
        except OperatorError:
            return  # without the money for it
        event = ReservationEvent.CANCELLED if minutes < 60 else ReservationEvent.TIME_OVER
        for what in (ReservationEvent.ACCEPTED, event, event):
            await t.store.run(happened, Happened(made.number, "FEE", what))
            if what is not event:
                t.clock.advance(minutes * MINUTE)

    async def close(self):
        await self.t.settler.step()
        await self.t.settler.close_epoch()

    async def claim(self):
        await self.t.claims.claim_all(self.t.settler._chain)

    async def reclaim(self):
        await self.t.rpc.ask("anvil_mine", "0x2", hex(1_900))
        for wallet, lock_id in self.locks:
            info = await self.t.chain().lock_info(lock_id)
            head = await self.t.chain().head()
            if info.is_open and info.expiry_s < head.time_s:
                await wallet.reclaim(f"reclaim/{lock_id}", lock_id)
                await wallet.wait(f"reclaim/{lock_id}")
                return

    async def settle_all(self):
        """Everything under way comes to its end."""
        t = self.t
        for _ in range(30):
            await t.final()
            await t.settler.step()
            closed = await t.settler.close_epoch()
            last = t.settler._closer.last()
            if closed is None and (last is None or last.state is EpochState.FINAL):
                break
        await t.claim_all()


def run(anvil, scenario):
    async def inside():
        async with town(anvil) as place:
            await scenario(place)

    asyncio.run(inside())


@pytest.mark.parametrize("seed", SEEDS)
def test_invariant_7_the_contracts_hold_at_least_what_is_unclaimed(anvil, seed):
    async def scenario(t):
        chance = Chance(t, seed)
        for _ in range(EVENTS):
            await chance.happen()
            cursor = t.store.get(ChainCursor, "anvil")
            if cursor is None:
                continue
            held = await t.chain().holdings(0, at=cursor.block_number)
            claimable = sum(t.claims.claimable().values())
            owed = sum(
                account.available
                for account in t.store.find(Account, 10_000)
                if account.code in ("claimable", "payer", "payee") and account.available > 0
            )
            accounts = t.store.find(Account, 10_000)
            lost = -sum(a.available for a in accounts if a.code == "receivable")
            assert claimable <= held.settlement
            assert owed - lost <= held.escrow + held.settlement
        await chance.settle_all()
        assert t.settler.status.frozen == ""
        assert t.claims.claimable() == {}

    run(anvil, scenario)


@pytest.mark.parametrize("seed", SEEDS)
def test_invariant_8_the_mirror_equals_the_chain_at_the_last_final_block(anvil, seed):
    async def scenario(t):
        chance = Chance(t, 1_000 + seed)
        for _ in range(EVENTS):
            await chance.happen()
            cursor = t.store.get(ChainCursor, "anvil")
            if cursor is None:
                continue
            held = await t.chain().holdings(0, at=cursor.block_number)
            assert -t.balance("onchain:anvil") == held.escrow + held.settlement
            assert (await t.settler.reconcile()).problems == ()
        await chance.settle_all()
        assert (await t.settler.reconcile()).problems == ()
        assert t.settler.status.frozen == ""
        t.clock.advance(MINUTE)

    run(anvil, scenario)
