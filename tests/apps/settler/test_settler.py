"""When an epoch closes, what time alone does, and what a running settler survives."""

from __future__ import annotations

import asyncio

import pytest

from ohmstead.adapters.chain.evm.chain import Holdings
from ohmstead.adapters.chain.evm.journal import Attempt, TxRecord, TxState
from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.apps.config import MoneyConfig
from ohmstead.apps.settler import SETTLER_TABLES, StoreTxJournal
from ohmstead.apps.settler.reconcile import TrialBalance, compare, trial_balance
from ohmstead.core.ledger import Account
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.onchain import EpochState
from ohmstead.core.session import PayerKind, SessionState
from ohmstead.core.split import split
from ohmstead.flows import onboarding
from ohmstead.frozen import replace
from ohmstead.ports import Decision, Job
from tests.apps.settler.town import ASSET, HOST, MINUTE, TREASURY, town
from tests.flows.world import World

HOUR = 60 * MINUTE


def run(anvil, scenario, **options):
    async def inside():
        async with town(anvil, **options) as place:
            await scenario(place)

    asyncio.run(inside())


async def with_money(t):
    await t.driver()
    await t.final()
    await t.settler.step()


def test_an_epoch_closes_an_hour_after_its_first_session(anvil):
    async def scenario(t):
        await with_money(t)
        t.clock.advance(5 * HOUR)
        assert (await t.settler.step()).closed is None  # nothing to close
        await t.session()
        await t.session()
        t.clock.advance(20 * MINUTE)
        assert (await t.settler.step()).closed is None
        t.clock.advance(11 * MINUTE)
        closed = (await t.settler.step()).closed
        assert closed.receipt_count == 2
        await t.epoch_until(1)
        await t.session()
        assert (await t.settler.step()).closed is None
        t.clock.advance(HOUR)
        assert (await t.settler.step()).closed.number == 2

    run(anvil, scenario)


def test_an_epoch_closes_early_when_it_is_full(anvil):
    async def scenario(t):
        await with_money(t)
        ids = [await t.session() for _ in range(5)]
        closed = (await t.settler.step()).closed
        assert closed.receipt_count == 2
        assert (await t.settler.step()).closed is None  # the parent is not anchored yet
        assert await t.settler.close_epoch() is None
        await t.settle(lambda: t.epoch(2) is not None)
        await t.epoch_until(2)
        await t.epoch_until(3)
        assert [t.record(id_).epoch for id_ in ids] == [1, 1, 2, 2, 3]

    run(anvil, scenario, money=MoneyConfig(epoch_s=3600, epoch_sessions_max=2))


def test_a_large_epoch_is_built_in_a_process_of_its_own(anvil, monkeypatch):
    async def scenario(t):
        await with_money(t)
        await t.session()
        await t.session()
        monkeypatch.setattr("ohmstead.apps.settler.epochs.THREAD_MAX", 1)
        closed = await t.settler.close_epoch()
        assert closed.receipt_count == 2
        await t.epoch_until(1)
        assert (await t.settler.reconcile()).holds

    run(anvil, scenario)


def test_a_session_that_fits_no_epoch_waits_alone(anvil):
    async def scenario(t):
        await with_money(t)
        good, bad = await t.session(), await t.session()
        bill = t.bill(bad)
        await t.store.run(put, replace(bill, parts=(("0x" + "00" * 20, 2_000_000),)))
        broken = replace(
            t.record(bad), shares=(replace(t.record(bad).shares[1], payee="0x" + "00" * 20),)
        )
        await t.store.run(put, broken)
        await t.epoch_until(1)
        assert t.record(good).epoch == 1
        assert t.record(bad).epoch == 0
        [alarm] = t.settler.status.alarms
        assert f"session {bad} fits no epoch" in alarm
        assert "the zero address holds nothing" in alarm

    run(anvil, scenario)


def put(_state, record, _now):
    return Decision(None, (record,))


def test_a_contested_session_never_enters_an_epoch_by_accident(anvil, monkeypatch):
    async def scenario(t):
        await with_money(t)
        id_ = await t.session()
        closer = t.settler._closer
        real = closer._plan

        def contest_meanwhile(*arguments):
            asyncio.run_coroutine_threadsafe(
                t.store.run(put, replace(t.record(id_), state=SessionState.CONTESTED)), loop
            ).result()
            return real(*arguments)

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(closer, "_plan", contest_meanwhile)
        assert await t.settler.close_epoch() is None
        assert t.epoch(1) is None

    run(anvil, scenario)


def test_holds_run_out_and_debts_are_collected_when_money_comes(anvil):
    async def scenario(t):
        driver = await t.driver(amount=2_000_000)
        await t.final()
        await t.settler.step()
        started = await t.start()
        assert t.record(started.session_id).state is SessionState.ACTIVE
        t.clock.advance(73 * HOUR)
        report = await t.settler.step()
        assert report.expired == 1
        assert t.record(started.session_id).state is SessionState.EXPIRED
        await t.stop(started, 6)
        assert t.record(started.session_id).state is SessionState.OWED
        assert (await t.settler.step()).collected == 0
        await driver.mint("more", 5_000_000)
        await driver.deposit("more money", 5_000_000)
        await driver.wait("more money")
        await t.final()
        report = await t.settler.step()
        assert (report.booked, report.collected) == (1, 1)
        assert t.record(started.session_id).state is SessionState.SETTLED
        await t.epoch_until(1)
        assert (await t.settler.reconcile()).problems == ()
        parts = split(3_000_000, {TREASURY: 2_000}, HOST)
        assert t.claims.claimable() == parts

    run(anvil, scenario)


def test_a_running_settler_survives_an_outage_of_the_store(anvil):
    async def scenario(t):
        await with_money(t)
        notes = []
        settler = t.new_settler(on_note=notes.append)
        stop = asyncio.Event()
        task = asyncio.create_task(settler.run(stop))
        await t.session()
        t.store.imitate_outage("the disk is full")
        t.clock.advance(2 * HOUR)
        while settler.status.failures < 2:
            await asyncio.sleep(0.01)
        assert notes == ["the disk is full"]  # said once
        t.store.imitate_outage("")
        while t.epoch(1) is None or t.epoch(1).state is not EpochState.FINAL:
            await t.final()
            await asyncio.sleep(0.05)
        stop.set()
        await task
        assert settler.status.failures == 0

    run(anvil, scenario)


def test_jobs_of_others_are_left_alone(anvil):
    async def scenario(t):
        await with_money(t)
        job = Job("S-1/remote_stop", "station:ST", "stop", {})
        await t.store.run(lambda state, command, now: Decision(None, jobs=(job,)), None)
        await t.settler.step()
        assert [one.id for one in t.store.due_jobs(t.clock.now_ms(), 10)] == [job.id]

    run(anvil, scenario)


def test_a_blocked_card_pays_nothing_and_settles_nothing(anvil):
    async def scenario(t):
        await with_money(t)
        token = IdToken("bad", TokenStatus.BLOCKED, "0x" + "ab" * 20, PayerKind.PREPAID)
        await t.store.run(onboarding.put_id_token, token)
        id_ = await t.session("bad")
        assert t.record(id_).state is SessionState.OWED
        assert await t.settler.close_epoch() is None

    run(anvil, scenario)


def record(intent, sender, state):
    attempt = Attempt("0x1", b"\2raw", 2**70, 1)
    return TxRecord(intent, sender, 3, "0xto", b"data", 2**80, 21_000, (attempt,), state)


def test_the_journal_keeps_records_whole_and_finds_the_open_ones():
    async def scenario():
        journal = StoreTxJournal(MemoryStore(SETTLER_TABLES, ManualClock()))
        kept = [
            record(f"{sender}/{state.value}", sender, state)
            for sender in ("0xa", "0xb")
            for state in TxState
        ]
        for one in kept:
            await journal.put(one)
        assert [await journal.get(one.intent) for one in kept] == kept
        assert await journal.get("nothing") is None
        assert {one.state for one in await journal.open("0xa")} == {
            TxState.PENDING,
            TxState.INCLUDED,
        }
        assert {one.sender for one in await journal.open("0xa")} == {"0xa"}

    asyncio.run(scenario())


EVEN = Holdings(escrow=70, settlement=30, pool=60, locked=10, owed=0, settled=50, paid=20)


@pytest.mark.parametrize(
    ("book", "held", "problem"),
    [
        (TrialBalance(100, 30, ()), EVEN, ""),
        (TrialBalance(101, 30, ()), EVEN, "the mirror says 101, the contracts 100"),
        (TrialBalance(100, 31, ()), EVEN, "payees may claim 31, the contract has 30"),
        (TrialBalance(100, 30, ()), replace(EVEN, escrow=69), "the escrow owes 70: 69"),
        (TrialBalance(100, 30, ()), replace(EVEN, owed=1), "the escrow owes 71: 70"),
        (TrialBalance(100, 30, ()), replace(EVEN, settlement=29), "the settlement owes 30: 29"),
        (TrialBalance(100, 30, ()), replace(EVEN, escrow=71, settlement=31), ""),  # a gift
        (TrialBalance(100, 30, ("x is not closed",)), EVEN, "x is not closed"),
    ],
)
def test_a_reconciliation_names_what_does_not_agree(book, held, problem):
    found = compare(7, book, held)
    assert found.holds == (not problem)
    assert list(found.problems) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"debits_posted": 1}, "debits exceed credits by 1 tUSD/6 (posted)"),
        ({"credits_pending": 1}, "debits exceed credits by -1 tUSD/6 (pending)"),
        ({"debits_pending": 10**12}, "is at -"),
    ],
)
def test_a_trial_balance_sees_a_single_unit(changes, problem):
    world = World(signed=False)
    world.start()
    assert world.run(trial_balance, None).problems == ()
    account = world.store.get(Account, "payer:0x0300000000000000000000000000000000000003@tUSD")
    changed = {name: getattr(account, name) + by for name, by in changes.items()}
    world.run(put, replace(account, **changed))
    found = world.run(trial_balance, None).problems
    assert any(problem in one for one in found), found


def test_a_trial_balance_sees_an_escrow_that_was_forgotten():
    world = World(signed=False)
    started = world.start()
    session = world.session(started)
    world.run(put, replace(session, state=SessionState.SETTLED))
    assert world.run(trial_balance, None).problems == (
        f"escrow:{session.id}@{ASSET.code} is not closed",
    )
