"""A restored house meets a chain that went on without it, and does nothing twice."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest

from ohmstead.adapters.chain.evm.anvil import find_anvil
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.operations.resuming import look_at_chain
from ohmstead.core.onchain import EpochRecord, EpochState, epoch_key
from ohmstead.core.restoration import Restoration
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.operations.freezing import Resume, freeze, resume
from tests.apps.cli.test_commands import Up, inside, ohmstead
from tests.apps.settler.town import all_tables, town

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
            with pytest.raises(OperatorError, match="stays frozen"):
                await store.run(resume, Resume("key", "", looked.problems))
            assert store.find(Restoration, 1, resumed_ms=0)

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
