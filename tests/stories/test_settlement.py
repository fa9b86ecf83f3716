"""From a deposit to a claimed share: real contracts on a real anvil, both stores."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.core.onchain import EpochState, LockState
from ohmstead.core.session import SessionState
from tests.apps.settler.town import HOST, TREASURY, town


@pytest.fixture(params=["memory", "sqlite"])
def run(request, anvil, tmp_path):
    """Run a scenario in a fresh town on the shared chain."""

    def runner(scenario, **options):
        async def inside():
            folder = tmp_path if request.param == "sqlite" else None
            async with town(anvil, folder, **options) as place:
                await scenario(place)

        asyncio.run(inside())

    return runner


def test_money_goes_from_a_deposit_through_an_epoch_to_the_payees(run):
    async def scenario(t):
        driver = await t.driver()
        await t.settler.step()
        assert t.balance(f"payer:{driver.address}") == 0  # nothing is booked before it is final
        await t.bind_meter()
        await t.final()
        await t.settler.step()
        assert t.balance(f"payer:{driver.address}") == 100_000_000

        ids = [await t.session(signed=True), await t.session(kwh=7), await t.session(signed=True)]
        assert [t.record(id_).state for id_ in ids] == [SessionState.SETTLED] * 3
        epoch = await t.settler.close_epoch()
        assert (epoch.receipt_count, epoch.total_minor) == (3, 7_500_000)
        assert (epoch.proven_mwh, epoch.unproven_mwh) == (8_000_000, 7_000_000)
        await t.settler.step()
        assert t.epoch(1).state is EpochState.CLOSED
        assert t.claims.claimable() == {}
        await t.epoch_until(1)
        assert t.claims.claimable() == {HOST: 6_000_000, TREASURY: 1_500_000}
        await t.claim_all()
        assert await t.coins(HOST) == 6_000_000
        assert await t.coins(TREASURY) == 1_500_000
        assert t.claims.claimable() == {}
        assert await t.claims.claim_all(t.settler._chain) == ()
        assert t.settler.status.alarms == ()
        found = await t.settler.reconcile()
        assert found.problems == ()
        assert found.mirror_minor == 92_500_000

    run(scenario)


def test_a_walk_up_wallet_gets_its_remainder_back(run):
    async def scenario(t):
        wallet, lock_id = await t.walk_up(amount=10_000_000)
        await t.final()
        await t.settler.step()
        token = await t.token_of(lock_id)
        id_ = await t.session(token, kwh=6)
        assert t.record(id_).state is SessionState.SETTLED
        assert await t.settler.close_epoch() is None  # its lock has not been released yet
        await t.settle(lambda: t.lock(lock_id).state is LockState.RELEASED)
        assert await t.coins(wallet.address) == 7_000_000
        await t.epoch_until(1)
        await t.claim_all()
        assert await t.coins(HOST) >= 2_400_000
        found = await t.settler.reconcile()
        assert (found.problems, found.mirror_minor) == ((), 0)
        assert not t.store.due_jobs(t.clock.now_ms(), 10)

    run(scenario)
