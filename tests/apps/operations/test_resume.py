"""A restored house meets a chain that went on without it, and does nothing twice."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from ohmstead.adapters.chain.evm.anvil import find_anvil
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.api.settlement import OpenSettlement
from ohmstead.apps.cli import operations
from ohmstead.apps.operations.resuming import look_at_chain
from ohmstead.apps.settler import OpenedChain
from ohmstead.core.onchain import EpochRecord, EpochState, epoch_key
from ohmstead.core.restoration import Restoration
from ohmstead.core.session import SessionState
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.operations.freezing import Resume, freeze, resume
from tests.apps.api.desk import desk, problem
from tests.apps.cli.test_commands import Up, inside, ohmstead
from tests.apps.settler.town import MINUTE, POLICY, all_tables, town

DRIVER = "0x" + "cd" * 20


@asynccontextmanager
async def restored(t, path):
    """The store of a house that begins again from a copy of this town's."""
    store = SqliteStore.open(path, all_tables(), t.clock)
    try:
        await store.run(freeze, Restoration(t.clock.now_ms(), 1, "digest"))
        yield store
    finally:
        await store.close()


def run(anvil, folder, scenario):
    async def inside_town():
        async with town(anvil, folder) as t:
            await t.driver()
            await t.final()
            await t.settler.step()
            await scenario(t, folder / "copy.db")

    asyncio.run(inside_town())


def test_an_epoch_that_was_anchored_after_the_backup_is_not_anchored_again(anvil, tmp_path):
    async def scenario(t, copy):
        await t.session()
        assert (await t.settler.close_epoch()).number == 1
        await t.store.snapshot(copy)  # its outbox still wants epoch 1 anchored
        await t.epoch_until(1)
        async with restored(t, copy) as store:
            chain = t.chain(store)
            sent = await t.rpc.nonce(t.key.address)
            looked = await look_at_chain(store, chain)
            assert looked.problems == ()
            assert looked.chain.mirror_minor == 100_000_000
            assert store.get(EpochRecord, epoch_key(1)).state is not EpochState.CLOSED
            await store.run(resume, Resume("key", "", looked.problems))
            settler = t.new_settler(store, chain)
            for _ in range(4):
                await settler.step()
                await t.final()
            assert not settler.status.frozen
            assert store.due_jobs(t.clock.now_ms(), 10) == []
            assert await t.rpc.nonce(t.key.address) == sent
            # And what comes next goes on where the chain stands.
            t.store, t.settler, old = store, settler, t.store
            await t.session()
            assert (await t.epoch_until(2)).number == 2
            assert await t.rpc.nonce(t.key.address) == sent + 1
            assert (await settler.reconcile()).holds
            t.store = old

    run(anvil, tmp_path, scenario)


def test_an_epoch_the_backup_has_never_heard_of_keeps_the_house_frozen(anvil, tmp_path):
    async def scenario(t, copy):
        await t.session()
        await t.store.snapshot(copy)
        await t.epoch_until(1)
        async with restored(t, copy) as store:
            looked = await look_at_chain(store, t.chain(store))
            [problem] = looked.problems
            assert "epoch 1 on chain is not the one we closed" in problem
            assert looked.stuck == problem
            with pytest.raises(OperatorError, match="stays frozen"):
                await store.run(resume, Resume("key", "", looked.problems))
            assert store.find(Restoration, 1, resumed_ms=0)

    run(anvil, tmp_path, scenario)


def test_who_accepts_an_unknown_epoch_goes_on_charging_and_closes_no_second_one(anvil, tmp_path):
    async def scenario(t, copy):
        await t.session()
        await t.store.snapshot(copy)
        await t.epoch_until(1)
        async with restored(t, copy) as store:
            chain = t.chain(store)
            looked = await look_at_chain(store, chain)
            await store.run(resume, Resume("key", "no newer backup", looked.problems, True))
            sent = await t.rpc.nonce(t.key.address)
            settler = t.new_settler(store, chain)
            for ask in (settler.close_epoch, settler.reconcile):  # even before the first step
                with pytest.raises(OperatorError, match="epoch 1 on chain is not the one we"):
                    await ask()
            t.store, old = store, t.store
            session = await t.session()
            assert t.record(session).state is SessionState.SETTLED
            for _ in range(3):
                t.clock.advance(5 * 60 * MINUTE)
                assert (await settler.step()).closed is None
                assert "epoch 1 on chain is not the one we closed" in settler.status.frozen
                await t.final()
            with pytest.raises(OperatorError, match="restore a newer backup"):
                await settler.close_epoch()
            assert t.epoch(1) is None
            assert t.record(session).epoch == 0
            assert await t.rpc.nonce(t.key.address) == sent
            t.store = old

    run(anvil, tmp_path, scenario)


def test_the_api_says_what_stays_frozen_for_whoever_accepts_an_unknown_epoch(anvil, tmp_path):
    async def scenario(t, copy):
        await t.session()
        (tmp_path / "new").mkdir()
        await t.store.snapshot(copy)
        await t.epoch_until(1)
        store = WatchedStore.open(copy, all_tables(), t.clock)
        await store.run(freeze, Restoration(t.clock.now_ms(), 1, "digest"))
        chain = t.chain(store)
        settler = t.new_settler(store, chain)
        opened = OpenedChain(
            *(t.rpc, t.deployment, t.finality, t.journal, chain, chain, None, POLICY)
        )
        settlement = OpenSettlement(store, settler, opened)
        what = {"store": store, "clock": t.clock, "furnish": False}
        async with desk(tmp_path / "new", settlement, **what) as it:
            it.house.chain = opened
            said = problem(await it.admin.post("/api/v1/resume", json={}), 409, "books-do-not-hold")
            assert "Accepted, stations are served and drivers charge" in said["detail"]
            assert "no epoch is closed" in said["detail"]
            assert (said["holds"], said["settles"]) == (False, False)
            body = {"accept_problems": True, "why": "there is no newer backup"}
            done = (await it.admin.post("/api/v1/resume", json=body)).json()
            assert (done["frozen"], done["settles"]) == (False, False)
            assert "no epoch is closed" in done["meanwhile"]
            assert done["accepted"] == said["problems"]
            closed = problem(await it.admin.post("/api/v1/epochs"), 409)
            assert "epoch 1 on chain is not the one we closed" in closed["detail"]
            assert "restore a newer backup" in closed["detail"]
            await settler.step()
            shown = (await it.read.get("/api/v1/status")).json()["chain"]
            assert shown["state"] == "frozen"
            assert "epoch 1 on chain is not the one we closed" in shown["frozen"]

    run(anvil, tmp_path, scenario)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"settles": True, "block_number": 7}, "✓ the books hold\nThe house works again.\n"),
        ({"settles": True}, "has no chain yet to compare\nThe house works again.\n"),
        ({"settles": False}, "The house works again, and its settler does not:\n"),
    ],
)
def test_resume_says_in_the_terminal_what_works_again(found, said, monkeypatch, capsys):
    sums = dict.fromkeys(("mirror", "booked_on_chain", "claimable"), "0")
    holds = {"holds": found["settles"], "problems": [] if found["settles"] else ["epoch 1"]}
    answer = {"frozen": False, "meanwhile": "no epoch is closed", **sums, **holds, **found}
    house = SimpleNamespace(post=lambda path, body: answer)
    monkeypatch.setattr(operations, "Api", lambda directory, key: house)
    operations.resume(why="a drill")
    printed = capsys.readouterr()
    assert printed.out.endswith(said)
    assert ("no epoch is closed." in printed.err) is not found["settles"]


def test_an_unknown_epoch_counts_before_its_block_is_final(anvil, tmp_path):
    async def scenario(t, copy):
        await t.session()
        await t.store.snapshot(copy)
        await t.settler.close_epoch()
        while not await t.settler._chain.epoch_head():
            await t.settler.step()
            await t.rpc.ask("anvil_mine", "0x1", "0x1")  # a block, and no dump that makes it final
        async with restored(t, copy) as store:
            chain = t.chain(store)
            looked = await look_at_chain(store, chain)
            assert looked.problems == (looked.stuck,)
            assert looked.stuck.startswith("epoch 1 stands on chain, and none is known here")
            settler = t.new_settler(store, chain)
            with pytest.raises(OperatorError, match="epoch 1 stands on chain"):
                await settler.close_epoch()
            t.clock.advance(5 * 60 * MINUTE)
            assert (await settler.step()).closed is None
            assert settler.status.frozen.startswith("epoch 1 stands on chain")
            assert store.find(EpochRecord, 1) == []

    run(anvil, tmp_path, scenario)


def test_a_person_backs_up_a_running_network_restores_it_and_resumes(tmp_path):
    try:
        find_anvil()
    except OhmsteadError as absent:
        pytest.skip(str(absent))
    old, new, file = tmp_path / "old", tmp_path / "new", tmp_path / "backup.tar"
    ohmstead("init", "--profile", "trial", "--dir", old)
    with Up(old, "--chain", "anvil") as up:
        inside("faucet", DRIVER, "50", "--wait", "--dir", old)
        said = inside("backup", file, "--with-keys", "--dir", old).stdout
        assert "chain/gen-" in said
        up.stop()
    assert "It is frozen" in inside("restore", file, "--dir", new).stdout
    again = inside("restore", file, "--dir", new, code=1)
    assert "is not empty" in again.stderr
    with Up(new, "--chain", "anvil") as up:
        status = inside("status", "--dir", new)
        assert "frozen" in status.stdout + status.stderr
        assert json.loads(inside("status", "--json", "--dir", new).stdout)["chain"]["steps"] == 0
        refused = inside("epoch", "close", "--dir", new, code=1)
        assert "frozen until `ohmstead resume`" in refused.stderr
        asked = inside("resume", "--dir", new, code=2)  # not at a terminal, and nothing said
        assert "--because" in asked.stderr
        done = inside("resume", "--because", "a drill", "--dir", new).stdout
        assert "the ledger says   50000000" in done
        assert done.endswith("✓ the books hold\nThe house works again.\n")
        assert "agree to the unit" in inside("reconcile", "--dir", new).stdout
        deadline = time.monotonic() + 30
        while not json.loads(inside("status", "--json", "--dir", new).stdout)["chain"]["steps"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        code, log = up.stop()
        assert (code, "Traceback" in log) == (0, False)
