"""A chain is opened, deployed to once, found again, and refused when it is not the same."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat

import pytest

from ohmstead.adapters.chain.evm.deploy import check_deployment
from ohmstead.adapters.chain.evm.finality import FinalByDepth, FinalByTag, FinalWhenDurable
from ohmstead.adapters.chain.evm.journal import TxRecord
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import SendPolicy
from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.apps.config import ChainConfig, Config
from ohmstead.apps.settler import open_chain
from ohmstead.apps.settler.opening import local_key, settler_key
from ohmstead.core.onchain import ChainCursor, EpochRecord, EpochState
from ohmstead.errors import ChainUnavailable, OperatorError
from ohmstead.ports import Decision
from tests.apps.settler.mortal import Killed, Life, MortalStore
from tests.apps.settler.town import all_tables

FAST = SendPolicy(poll_s=0.02)


def fresh_store():
    return MemoryStore(all_tables(), SystemClock())


def config(**chain):
    return Config(chain=ChainConfig(**{"window_s": 2, "thaw_s": 60, **chain}))


async def opened(folder, store, **chain):
    return await open_chain(config(**chain), folder, store, policy=FAST)


def test_the_embedded_chain_is_deployed_to_once_and_found_again(anvil_binary, tmp_path):
    async def scenario():
        store = fresh_store()
        first = await opened(tmp_path, store)
        deployment = first.deployment
        assert isinstance(first.finality, FinalWhenDurable)
        assert (await first.chain.final_block()).number >= deployment.block
        assert await first.chain.window_s() == 2
        assert first.registrar is not first.chain
        assert first.ledger.settlement == deployment.settlement
        wallet = await first.wallets().open("driver", 5_000_000)
        assert wallet.address
        await first.make_durable()
        await first.close()
        again = await opened(tmp_path, store)
        assert again.deployment == deployment
        assert await again.rpc.nonce(local_key("deployer").address) == 8
        await check_deployment(again.rpc, again.deployment)
        await again.close()

        with pytest.raises(OperatorError, match=r"fixed at 2 and 60.*set them back"):
            await opened(tmp_path, store, window_s=3)
        path = tmp_path / "deployment.json"
        whole = path.read_text()
        path.write_text(whole[: len(whole) // 2])
        with pytest.raises(OperatorError, match=r"deployment\.json cannot be read"):
            await opened(tmp_path, store)
        path.write_text(json.dumps({**json.loads(whole), "format": "ohmstead-deployment/9"}))
        with pytest.raises(OperatorError, match="this version reads"):
            await opened(tmp_path, store)
        elsewhere = json.loads(whole)
        elsewhere["deployment"]["chain_id"] = 1
        path.write_text(json.dumps(elsewhere))
        with pytest.raises(OperatorError, match=r"is of chain 1, and .* is chain 31337"):
            await opened(tmp_path, store)
        path.write_text(whole)
        shutil.rmtree(tmp_path / "chain")
        with pytest.raises(OperatorError, match="has lost the contracts"):
            await opened(tmp_path, store)

    asyncio.run(scenario())


def test_an_opening_that_dies_anywhere_goes_on_where_it_stopped(anvil_binary, tmp_path):
    async def scenario():
        store, life, deaths = fresh_store(), Life(), 0
        for points in (2, 5, 9, 14, 20, 27, 35, 44, 10**9):
            life.left = points
            try:
                found = await opened(tmp_path, MortalStore(store, life))
                break
            except Killed:
                deaths += 1
                assert not (tmp_path / "deployment.json").exists()
        assert deaths > 4
        assert await found.rpc.nonce(local_key("deployer").address) == 8
        assert (tmp_path / "deployment.json").exists()
        await found.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", ["anvil", "rpc"])
def test_books_that_know_contracts_get_no_new_ones_where_the_file_is_missing(kind, tmp_path):
    async def scenario():
        for record in (
            ChainCursor("anvil", 7, "0x" + "aa" * 32),
            EpochRecord(1, EpochState.FINAL, "0x", "0x", 1, 1, 0, 0, 1, 1, 0, "0x"),
        ):
            store = fresh_store()
            await store.run(lambda _state, one, _now_ms: Decision(None, (one,)), record)
            with pytest.raises(OperatorError, match=r"deployment\.json is missing.*put the file"):
                await opened(tmp_path, store, kind=kind, url="http://127.0.0.1:1")
        assert not (tmp_path / "chain").exists()

    asyncio.run(scenario())


def test_a_network_without_a_chain_has_no_settler(tmp_path):
    assert asyncio.run(opened(tmp_path, fresh_store(), kind="none")) is None


def test_a_chain_of_others_is_opened_with_a_key_of_our_own(anvil, tmp_path):
    async def scenario():
        store, rpc = fresh_store(), Rpc(anvil.url, 31337)
        where = {"kind": "rpc", "url": anvil.url}
        with pytest.raises(OperatorError, match="has no coin for gas"):
            await opened(tmp_path, store, **where)
        key_file = tmp_path / "keys" / "settler.key"
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        address = settler_key(tmp_path).address
        assert address != local_key("settler").address
        await rpc.ask("anvil_setBalance", address, hex(10**20))
        task = asyncio.create_task(opened(tmp_path, store, **where))
        while not task.done():
            await rpc.ask("anvil_mine", "0x2", "0x1")
            await asyncio.sleep(0.05)
        found = await task
        assert isinstance(found.finality, FinalByTag)
        assert found.anvil is None
        assert found.chain is found.registrar
        assert all(r.sender == address for r in store.find(TxRecord, 100))
        await found.make_durable()
        await found.close()
        again = await opened(tmp_path, store, **where, final="depth", final_depth=3)
        assert again.deployment == found.deployment
        assert again.finality == FinalByDepth(3)
        await again.close()

        key_file.chmod(0o644)
        with pytest.raises(OperatorError, match="chmod 600"):
            await opened(tmp_path, store, **where)
        key_file.chmod(0o600)
        key_file.write_text("not a key")
        with pytest.raises(OperatorError, match="64 hex digits"):
            await opened(tmp_path, store, **where)
        await rpc.close()

    asyncio.run(scenario())


def test_a_chain_that_does_not_answer_is_unavailable(tmp_path):
    with pytest.raises(ChainUnavailable):
        asyncio.run(opened(tmp_path, fresh_store(), kind="rpc", url="http://127.0.0.1:1"))
