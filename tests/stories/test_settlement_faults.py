"""The settler against everything that can break: itself, the chain, the way between them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal

import pytest

from ohmstead.adapters.chain.evm.anvil import Anvil
from ohmstead.adapters.chain.evm.journal import TxRecord, TxState
from ohmstead.core.header import Header
from ohmstead.core.onchain import (
    Anchored,
    ChainCursor,
    Claimed,
    Deposited,
    EpochState,
    Locked,
    LockState,
    Released,
    Returned,
)
from ohmstead.core.session import SessionState
from ohmstead.errors import ChainUnavailable, OperatorError
from ohmstead.frozen import replace
from ohmstead.ports import Decision
from tests.apps.settler.mortal import Killed, Life, MoodyRpc, MortalRpc, MortalStore
from tests.apps.settler.town import CHAIN_ID, HOST, MINUTE, town

HOURS = 60 * MINUTE


@pytest.fixture
def run(anvil, tmp_path):
    """Run a scenario in a fresh town on the shared chain, in a SQLite file."""

    def runner(scenario, **options):
        async def inside():
            async with town(anvil, tmp_path, **options) as place:
                await scenario(place)

        asyncio.run(inside())

    return runner


async def chain_events(t):
    head = await t.chain().head()
    return await t.chain().events(t.deployment.first_block, head.number)


async def works_to_the_unit(t, anchored):
    """What has to be true in the end, whatever happened on the way."""
    await t.final()
    await t.settler.step()
    found = await t.settler.reconcile()
    assert found.problems == ()
    events = await chain_events(t)
    seals = [event for event in events if isinstance(event, Anchored)]
    assert [seal.number for seal in seals] == list(range(1, anchored + 1))
    assert [seal.header_hash for seal in seals] == [
        t.epoch(number).header_hash for number in range(1, anchored + 1)
    ]
    ended = [event.lock_id for event in events if isinstance(event, Released | Returned)]
    assert len(ended) == len(set(ended))
    assert t.settler.status.alarms == ()
    assert t.settler.status.frozen == ""


async def die_at_every_point(t, store, rpc, life):
    """Run one step to its end, with a settler killed at its first point, its second, and so on."""
    for points in itertools.count(1):
        life.left = points
        settler = t.new_settler(store=store, rpc=rpc)
        try:
            await settler.step()
        except Killed:
            continue
        finally:
            life.left = 10**9
        return points


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_settler_killed_at_every_step_does_everything_once(anvil, tmp_path, kind):
    async def scenario(t):
        life = Life()
        store, rpc = MortalStore(t.store, life), MortalRpc(anvil.url, CHAIN_ID, life)
        deaths = 0
        await t.driver()
        _, spent = await t.walk_up("spender")
        _, unspent = await t.walk_up("leaver")
        booked = [0]

        async def step():
            nonlocal deaths
            deaths += await die_at_every_point(t, store, rpc, life)
            mirror = -t.balance("onchain:anvil")
            final = await t.chain().final_block()
            cursor = t.store.get(ChainCursor, "anvil")
            assert cursor.block_number <= final.number  # nothing is booked before it is final
            booked.append(mirror)

        await t.final()
        await step()
        assert booked[-1] == 120_000_000
        for number in (1, 2):
            await t.session(kwh=number)
            if number == 1:
                await t.session(await t.token_of(spent), kwh=2)
                await t.session(await t.token_of(unspent), kwh=0)
            t.clock.advance(2 * HOURS)
            for _ in range(9):
                await step()
                await t.final()
            assert t.epoch(number).state is EpochState.FINAL
        assert (t.lock(spent).state, t.lock(unspent).state) == (
            LockState.RELEASED,
            LockState.RETURNED,
        )
        assert not t.store.due_jobs(t.clock.now_ms(), 10)
        t.settler = t.new_settler()
        await t.claim_all()
        assert sum(t.epoch(n).total_minor for n in (1, 2)) == 2_500_000
        assert await t.coins(HOST) == 2_000_000
        await works_to_the_unit(t, 2)
        await rpc.close()
        assert deaths > 150

    async def inside():
        async with town(anvil, tmp_path if kind == "sqlite" else None) as place:
            await scenario(place)

    asyncio.run(inside())


def test_a_chain_that_is_down_is_waited_for(run):
    async def scenario(t):
        rpc = MoodyRpc(t.anvil.url, CHAIN_ID)
        settler = t.new_settler(rpc=rpc)
        await t.driver()
        await t.final()
        stop = asyncio.Event()
        task = asyncio.create_task(settler.run(stop))
        while not t.balance("onchain:anvil"):
            await asyncio.sleep(0.02)
        rpc.down = True
        id_ = await t.session()
        t.clock.advance(2 * HOURS)
        while settler.status.failures < 3:
            await asyncio.sleep(0.02)
        assert "nobody answers" in settler.status.last_error
        assert t.record(id_).epoch == 0
        rpc.down = False
        while t.epoch(1) is None or t.epoch(1).state is not EpochState.FINAL:
            await t.final()
            await asyncio.sleep(0.05)
        stop.set()
        await task
        assert settler.status.failures == 0
        assert settler.status.failures_ever >= 3
        await rpc.close()
        await works_to_the_unit(t, 1)

    run(scenario)


def test_a_chain_that_answers_nonsense_is_believed_nothing(run):
    async def scenario(t):
        rpc = MoodyRpc(t.anvil.url, CHAIN_ID, seed=4)
        _, lock_id = await t.walk_up()
        await t.driver()
        t.settler = t.new_settler(rpc=rpc)
        rpc.nonsense = 12

        async def steps(count):
            for _ in range(count):
                with contextlib.suppress(ChainUnavailable):
                    await t.settler.step()
                await t.final()

        await steps(6)
        rpc.nonsense = 0
        await t.settler.step()
        await t.session(kwh=3)
        await t.session(await t.token_of(lock_id))
        t.clock.advance(2 * HOURS)
        rpc.nonsense = 12
        await steps(25)
        rpc.nonsense = 0
        await t.settle(lambda: t.epoch(1) is not None and t.epoch(1).state is EpochState.FINAL)
        assert rpc.lied > 10
        await t.settler.close_epoch()
        await t.settle(lambda: t.settler._closer.last().state is EpochState.FINAL)
        await works_to_the_unit(t, t.settler._closer.last().number)
        await rpc.close()

    run(scenario)


def test_a_chain_killed_after_an_anchor_anchors_it_again(anvil_binary, tmp_path):
    async def scenario(anvil):
        async with town(anvil, tmp_path) as t:
            await t.driver()
            _, lock_id = await t.walk_up()
            await t.final()
            await t.settler.step()
            await t.session(kwh=3)
            await t.session(await t.token_of(lock_id), kwh=2)
            await t.settler.close_epoch()
            await t.settler.step()
            anchor = await t.settler._chain.wait("epoch/1/anchor")
            assert anchor.block > anvil.durable.number
            assert await t.chain().epoch_head() == 1
            os.kill(anvil.pid, signal.SIGKILL)
            while anvil.restarts == 0:
                await asyncio.sleep(0.01)
            assert await t.chain().epoch_head() == 0
            assert t.epoch(1).state is EpochState.CLOSED
            await t.settle(lambda: t.epoch(1).state is EpochState.FINAL)
            await t.epoch_until(2)
            assert t.lock(lock_id).state is LockState.RELEASED
            await t.claim_all()
            await works_to_the_unit(t, 2)

    folder = tmp_path / "chain"
    with Anvil(anvil_binary, folder, dump_every_s=3600, idle_dump_every_s=3600) as anvil:
        asyncio.run(scenario(anvil))


@contextlib.asynccontextmanager
async def held_mining(t):
    """The test decides when a block is mined."""
    await t.rpc.ask("evm_setAutomine", False)
    await t.rpc.ask("evm_setIntervalMining", 0)
    try:
        yield
    finally:
        await t.rpc.ask("evm_setAutomine", True)  # last: it would wait for the interval else


def test_a_dropped_transaction_is_sent_again(run):
    async def scenario(t):
        await t.driver()
        await t.final()
        await t.settler.step()
        await t.session()
        async with held_mining(t):
            await t.settler.close_epoch()
            await t.settler.step()
            sent = await t.settler._chain.status("epoch/1/anchor")
            assert sent.state is TxState.PENDING
            await t.rpc.ask("anvil_dropTransaction", sent.tx)
            await t.rpc.ask("anvil_mine", "0x1")
            assert await t.chain().epoch_head() == 0
            await t.settler.step()
            await t.rpc.ask("anvil_mine", "0x1")
            assert await t.chain().epoch_head() == 1
        await t.epoch_until(1)
        await works_to_the_unit(t, 1)

    run(scenario)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_reorganisation_before_finality_is_anchored_again(run, depth):
    async def scenario(t):
        await t.driver()
        await t.final(8)
        await t.settler.step()
        await t.session()
        async with held_mining(t):
            await t.rpc.ask("anvil_mine", "0x4")
            await t.settler.close_epoch()
            await t.settler.step()
            await t.rpc.ask("anvil_mine", hex(depth))
            await t.settler.step()
            assert await t.chain().epoch_head() == 1
            await t.rpc.ask("anvil_reorg", depth, [])
            assert await t.chain().epoch_head() == 0
            await t.settler.step()
            assert t.epoch(1).state is EpochState.CLOSED
        await t.epoch_until(1)
        await works_to_the_unit(t, 1)

    run(scenario)


def test_a_chain_that_forgot_what_was_final_freezes_the_settler(run):
    async def scenario(t):
        await t.driver()
        await t.final()
        await t.settler.step()
        good = t.store.get(ChainCursor, "anvil")
        bad = replace(good, block_hash="0x" + "ab" * 32)
        await t.store.run(lambda state, record, now: Decision(None, (record,)), bad)
        await t.session()
        t.clock.advance(2 * HOURS)
        before = t.balance("onchain:anvil")
        for _ in range(3):
            await t.final()
            report = await t.settler.step()
            assert report.booked == 0
        assert "was booked as final" in t.settler.status.frozen
        assert t.epoch(1) is None
        assert t.balance("onchain:anvil") == before
        with pytest.raises(OperatorError, match="booked as final"):
            await t.settler.reconcile()
        with pytest.raises(OperatorError, match="booked as final"):
            await t.settler.close_epoch()
        await t.store.run(lambda state, record, now: Decision(None, (record,)), good)
        await t.settle(lambda: t.epoch(1) is not None and t.epoch(1).state is EpochState.FINAL)
        await works_to_the_unit(t, 1)

    run(scenario)


def test_an_anchor_that_our_journal_forgot_is_not_sent_twice(run):
    async def scenario(t):
        await t.driver()
        await t.final()
        await t.settler.step()
        await t.session()
        record = await t.settler.close_epoch()
        header = Header.decode(bytes.fromhex(record.header[2:]))
        await t.chain().anchor("by another hand", header)
        await t.chain().wait("by another hand")
        await t.epoch_until(1)
        assert t.store.get(TxRecord, "epoch/1/anchor") is None
        assert not t.store.due_jobs(t.clock.now_ms(), 10)
        await works_to_the_unit(t, 1)

    run(scenario)


def test_another_content_under_our_number_freezes_with_its_name(run):
    async def scenario(t):
        await t.driver()
        await t.final()
        await t.settler.step()
        await t.session()
        record = await t.settler.close_epoch()
        header = Header.decode(bytes.fromhex(record.header[2:]))
        await t.chain().anchor("by another hand", replace(header, bundle=b"\1" * 32))
        await t.chain().wait("by another hand")
        for _ in range(3):
            await t.settler.step()
            await t.final()
        await t.settler.step()
        assert "epoch 1 on chain is not the one we closed" in t.settler.status.frozen
        assert t.epoch(1).state is EpochState.CLOSED

    run(scenario)


def test_a_lock_released_with_another_cost_raises_an_alarm(run):
    async def scenario(t):
        _, lock_id = await t.walk_up()
        await t.final()
        await t.settler.step()
        await t.session(await t.token_of(lock_id), kwh=4)
        await t.chain().release("by another hand", lock_id, 9_000_000)
        await t.chain().wait("by another hand")
        for _ in range(3):
            await t.settler.step()
            await t.final()
        await t.settler.step()
        [alarm] = t.settler.status.alarms
        assert "released with 9000000 instead of 2000000" in alarm
        again = t.new_settler()
        await again.step()
        assert again.status.alarms == (alarm,)

    run(scenario)


def test_an_escrow_that_cannot_pay_is_an_alarm_until_it_can(run):
    """A driver took the deposit out after the session, before its epoch was anchored."""

    async def scenario(t):
        driver = await t.driver(amount=5_000_000)
        await driver.request_withdrawal("notice", 5_000_000)
        await driver.wait("notice")
        await t.final()
        await t.settler.step()
        await t.session(kwh=4)
        await t.rpc.ask("anvil_mine", "0x2", hex(4_000))
        await driver.withdraw("out")
        await driver.wait("out")
        await t.final()
        await t.settler.step()
        assert t.balance(f"receivable:{driver.address}") == -2_000_000
        assert await t.settler.close_epoch() is not None
        await t.settler.step()
        assert "PoolTooSmall" in t.settler.status.alarms[0]
        await t.driver("another", 9_000_000)
        t.settler = t.new_settler()  # or wait for its pause to end
        await t.epoch_until(1)
        await works_to_the_unit(t, 1)

    run(scenario)


def test_a_wallet_that_reclaims_before_the_release_is_booked_and_no_payee_is_paid(run):
    async def scenario(t):
        wallet, lock_id = await t.walk_up(expires_s=2_000)
        await t.final()
        await t.settler.step()
        id_ = await t.session(await t.token_of(lock_id), kwh=4)
        assert t.balance(f"payee:{HOST}") == 1_600_000
        await t.rpc.ask("anvil_mine", "0x2", hex(2_000))  # past the expiry, before any step
        await t.settler.step()
        assert "LockExpired" in t.settler.status.alarms[0]
        await wallet.reclaim("reclaim", lock_id)
        await wallet.wait("reclaim")
        await t.final()
        await t.settler.step()
        await asyncio.sleep(1)
        await t.settle(lambda: not t.settler.status.alarms)
        assert t.record(id_).state is SessionState.REFUNDED
        assert "lock_reclaimed" in t.record(id_).findings
        assert t.balance(f"payee:{HOST}") == 0
        assert t.balance(f"receivable:{wallet.address}") == -2_000_000
        assert await t.coins(wallet.address) == 10_000_000
        assert await t.settler.close_epoch() is None
        await works_to_the_unit(t, 0)

    run(scenario)


def test_a_lock_reclaimed_while_its_session_is_in_doubt_is_given_up(run):
    async def scenario(t):
        wallet, lock_id = await t.walk_up(expires_s=2_000)
        await t.final()
        await t.settler.step()
        started = await t.start(await t.token_of(lock_id))
        t.clock.advance(MINUTE)
        await t.stop(started, 400)  # 400 kWh in a minute: in doubt
        assert t.record(started.session_id).state is SessionState.REVIEW
        await t.rpc.ask("anvil_mine", "0x2", hex(2_000))
        await wallet.reclaim("reclaim", lock_id)
        await wallet.wait("reclaim")
        await t.final()
        await t.settler.step()
        assert t.record(started.session_id).state is SessionState.REFUNDED
        await works_to_the_unit(t, 0)

    run(scenario)


def test_epoch_and_claim_in_one_range_are_booked_in_their_order(run):
    """A settler that was away finds anchor, finality and claim all at once."""

    async def scenario(t):
        await t.driver()
        await t.final()
        await t.settler.step()
        await t.session()
        await t.settler.close_epoch()
        await t.settler.step()
        chain = t.settler._chain
        await chain.wait("epoch/1/anchor")
        block = await chain.block((await chain.status("epoch/1/anchor")).block)
        built = await t.settler.archive.get(1)
        seal = built.header.seal(block.time_s)
        await t.rpc.ask("anvil_mine", "0x3", "0x1")
        assert await chain.epoch_is_final(1, seal)
        proof = built.claim_proof(bytes.fromhex(HOST[2:]), 0)
        await chain.claim_balance("claim", 1, seal, proof.balance, proof.balance_proof)
        await chain.wait("claim")
        kinds = [type(event) for event in await chain_events(t)]
        assert kinds == [Deposited, Anchored, Claimed]
        await t.final()
        report = await t.settler.step()
        assert report.booked == 2
        assert t.epoch(1).state is EpochState.FINAL
        assert t.balance(f"claimable:{HOST}") == 0
        await works_to_the_unit(t, 1)

    run(scenario)


def test_a_step_books_a_chain_that_went_far_ahead(run, monkeypatch):
    async def scenario(t):
        monkeypatch.setattr("ohmstead.apps.settler.booking.RANGE_MAX", 3)
        await t.driver()
        await t.walk_up()
        await t.final(20)
        report = await t.settler.step()
        assert report.booked == 2
        kinds = [type(event) for event in await chain_events(t)]
        assert kinds == [Deposited, Locked]
        await works_to_the_unit(t, 0)

    run(scenario)
