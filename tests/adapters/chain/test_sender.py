"""An intent lands once, whatever happens to the node, the chain or this process."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal

import pytest

from ohmstead.adapters.chain.evm.anvil import Anvil
from ohmstead.adapters.chain.evm.contracts import CallReverted
from ohmstead.adapters.chain.evm.finality import FinalByTag, FinalWhenDurable
from ohmstead.adapters.chain.evm.journal import MemoryTxJournal, TxRecord, TxState
from ohmstead.adapters.chain.evm.keys import LocalKey, Unsigned
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import Sender, SendPolicy
from ohmstead.adapters.chain.evm.shapes import CallRequest
from ohmstead.errors import ChainUnavailable, LocalProtocolError
from ohmstead.hashing import keccak

CHAIN_ID = 31337
_keys = itertools.count(1)
POLICY = SendPolicy(poll_s=0.02, stuck_blocks=3)


class Bench:
    """A fresh funded key with a sender on the shared anvil, whose mining the test holds."""

    def __init__(self, url):
        self.rpc = Rpc(url, CHAIN_ID)
        self.key = LocalKey(keccak(b"sender test %d" % next(_keys)))
        self.journal = MemoryTxJournal()
        self.notes = []
        self.to = "0x" + keccak(self.key.address.encode()).hex()[:40]

    async def __aenter__(self):
        await self.manual(False)
        await self.rpc.ask("anvil_setBalance", self.key.address, hex(10**20))
        self.sender = self.again()
        return self

    async def __aexit__(self, *error):
        await self.manual(False)
        await self.rpc.close()

    def again(self, rpc=None, journal=None, **policy):
        """A new sender over the same journal: what a restarted process has."""
        return Sender(
            rpc or self.rpc,
            self.key,
            journal or self.journal,
            FinalByTag(),
            SendPolicy(**{"poll_s": 0.02, "stuck_blocks": 3, **policy}),
            self.notes.append,
        )

    async def manual(self, on):
        await self.rpc.ask("evm_setAutomine", not on)
        await self.rpc.ask("evm_setIntervalMining", 0 if on else 1)

    async def mine(self, blocks=1):
        await self.rpc.ask("anvil_mine", hex(blocks))

    async def received(self):
        return await self.rpc.balance_wei(self.to)

    async def settle(self, sender, rounds=12):
        for _ in range(rounds):
            await sender.tick()
            await self.mine()

    async def foreign(self, nonce, fees_gwei=50):
        """A transaction of the same key that our journal does not know."""
        fee = fees_gwei * 10**9
        tx = Unsigned(CHAIN_ID, nonce, self.to, b"", 1_000_000, 21_000, fee, fee)
        attempt = self.key.sign(tx)
        await self.rpc.send_raw(attempt.raw)
        return attempt.hash


@pytest.fixture
def run(anvil):
    def runner(scenario):
        async def inside():
            async with Bench(anvil.url) as bench:
                await scenario(bench)

        asyncio.run(inside())

    return runner


def test_an_intent_submitted_twice_lands_once(run):
    async def scenario(b):
        first = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        assert await b.sender.submit("pay/1", b.to, b"", value_wei=7) == first
        done = await b.sender.wait("pay/1", final=True)
        assert (done.state, done.tx_hash, done.gas_used) == (TxState.FINAL, first.tx_hash, 21_000)
        assert await b.sender.submit("pay/1", b.to, b"", value_wei=7) == done
        assert await b.received() == 7
        with pytest.raises(LocalProtocolError, match="other content"):
            await b.sender.submit("pay/1", b.to, b"", value_wei=8)

    run(scenario)


def test_many_intents_take_nonces_in_order(run):
    async def scenario(b):
        await b.manual(True)
        for n in range(8):
            record = await b.sender.submit(f"pay/{n}", b.to, b"", value_wei=1)
            assert record.nonce == n
        await b.settle(b.sender, 5)
        assert await b.received() == 8
        assert {r.state for r in b.journal.records.values()} == {TxState.FINAL}

    run(scenario)


def test_a_dropped_transaction_is_sent_again(run):
    async def scenario(b):
        await b.manual(True)
        record = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        await b.rpc.ask("anvil_dropTransaction", record.tx_hash)
        assert await b.rpc.transaction(record.tx_hash) is None
        await b.mine()
        assert await b.received() == 0
        await b.settle(b.sender, 4)
        assert await b.received() == 7
        assert b.journal.records["pay/1"].tx_hash == record.tx_hash

    run(scenario)


def test_a_stuck_transaction_keeps_its_nonce_and_pays_more(run):
    async def scenario(b):
        await b.manual(True)
        base = (await b.rpc.head()).base_fee_wei
        first = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        behind = await b.sender.submit("pay/2", b.to, b"", value_wei=1)
        for _ in range(6):
            await b.rpc.ask("anvil_setNextBlockBaseFeePerGas", hex(40 * base + 10**9))
            await b.mine()
            await b.sender.tick()
        await b.settle(b.sender, 6)
        record = b.journal.records["pay/1"]
        assert record.state is TxState.FINAL
        assert record.nonce == first.nonce
        assert len(record.attempts) > 1
        for old, new in itertools.pairwise(record.attempts):
            assert new.max_fee_wei * 10 >= old.max_fee_wei * 11
            assert new.tip_wei * 10 >= old.tip_wei * 11
        assert b.journal.records["pay/2"].state is TxState.FINAL
        assert behind.nonce == first.nonce + 1
        assert await b.received() == 8

    run(scenario)


def test_the_fee_cap_holds_and_is_told(run):
    async def scenario(b):
        await b.manual(True)
        base = (await b.rpc.head()).base_fee_wei
        sender = b.again(max_fee_cap_wei=3 * base + 10**9)
        await sender.submit("pay/1", b.to, b"", value_wei=7)
        for _ in range(12):
            await b.rpc.ask("anvil_setNextBlockBaseFeePerGas", hex(100 * base + 10**11))
            await b.mine()
            await sender.tick()
        record = b.journal.records["pay/1"]
        assert record.state is TxState.PENDING
        assert all(a.max_fee_wei <= 3 * base + 10**9 for a in record.attempts)
        assert any("fee cap" in note for note in b.notes)
        await b.rpc.ask("anvil_setNextBlockBaseFeePerGas", hex(10**6))
        await b.mine()
        await b.settle(sender, 4)
        assert await b.received() == 7

    run(scenario)


def test_a_nonce_used_by_somebody_else_is_noticed_once_that_is_final(run):
    async def scenario(b):
        await b.manual(True)
        record = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        await b.rpc.ask("anvil_dropTransaction", record.tx_hash)
        await b.foreign(record.nonce)
        await b.mine()
        await b.sender.tick()
        assert b.journal.records["pay/1"].state is TxState.PENDING
        await b.settle(b.sender, 4)
        assert b.journal.records["pay/1"].state is TxState.REPLACED
        again = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        assert again.nonce == record.nonce + 1
        await b.settle(b.sender, 4)
        assert b.journal.records["pay/1"].state is TxState.FINAL
        assert await b.received() == 1_000_000 + 7

    run(scenario)


def test_a_reorganisation_that_gives_the_nonce_back_is_no_replacement(run):
    async def scenario(b):
        await b.manual(True)
        record = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        await b.rpc.ask("anvil_dropTransaction", record.tx_hash)
        snapshot = await b.rpc.ask("evm_snapshot")
        await b.foreign(record.nonce)
        await b.mine()
        await b.sender.tick()
        await b.rpc.ask("evm_revert", snapshot)
        await b.settle(b.sender, 5)
        assert b.journal.records["pay/1"].state is TxState.FINAL
        assert await b.received() == 7

    run(scenario)


def test_a_lost_foreign_transaction_leaves_a_gap_that_is_filled(run):
    async def scenario(b):
        await b.manual(True)
        snapshot = await b.rpc.ask("evm_snapshot")
        await b.foreign(0)
        await b.mine()
        record = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        assert record.nonce == 1
        await b.rpc.ask("evm_revert", snapshot)
        await b.settle(b.sender, 10)
        assert b.journal.records["pay/1"].state is TxState.FINAL
        assert await b.received() == 7
        assert any("gap" in note for note in b.notes)

    run(scenario)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_reorganisation_takes_a_transaction_back_and_it_lands_again(run, depth):
    async def scenario(b):
        await b.manual(True)
        await b.mine(4)
        await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        await b.mine()
        [record] = await b.sender.tick()
        assert record.state is TxState.INCLUDED
        await b.mine(depth - 1) if depth > 1 else None
        await b.rpc.ask("anvil_reorg", depth, [])
        assert await b.received() == 0
        [record] = await b.sender.tick()
        assert record.state is TxState.PENDING
        await b.settle(b.sender, 4)
        record = b.journal.records["pay/1"]
        assert record.state is TxState.FINAL
        assert (await b.rpc.block(record.block_number)).hash == record.block_hash
        assert await b.received() == 7

    run(scenario)


def test_a_transaction_that_fails_is_reverted_only_when_that_is_final(run):
    async def scenario(b):
        await b.manual(True)
        await b.sender.submit("fail/1", "", bytes.fromhex("5f5ffd"), gas=100_000)
        await b.mine()
        [record] = await b.sender.tick()
        assert (record.state, record.succeeded) == (TxState.INCLUDED, False)
        await b.settle(b.sender, 4)
        assert b.journal.records["fail/1"].state is TxState.REVERTED

    run(scenario)


def test_what_the_chain_would_refuse_is_not_signed(run):
    async def scenario(b):
        with pytest.raises(CallReverted):  # creation code that reverts: PUSH0 PUSH0 REVERT
            await b.sender.submit("fail/1", "", bytes.fromhex("5f5ffd"))
        assert b.journal.records == {}

    run(scenario)


class Killed(Exception):
    """The process ends here."""


class Mortal:
    """Passes calls on and dies at the n-th one, before or after it took effect."""

    def __init__(self, life, *targets):
        self.life = life
        self.targets = targets

    def wrap(self, target):
        outer = self

        class Wrapped:
            chain_id = getattr(target, "chain_id", None)

            def __getattr__(self, name):
                real = getattr(target, name)

                async def call(*arguments, **named):
                    outer.life -= 1
                    if outer.life == 0:
                        raise Killed
                    result = await real(*arguments, **named)
                    outer.life -= 1
                    if outer.life == 0:
                        raise Killed
                    return result

                return call

        return Wrapped()


async def carry_out(b, sender):
    await sender.submit("pay/1", b.to, b"", value_wei=7)
    await sender.submit("pay/2", b.to, b"", value_wei=1)
    for _ in range(5):
        await sender.tick()
        await b.mine()
    await sender.tick()


def test_killed_at_every_step_each_intent_lands_exactly_once(run):
    async def scenario(b):
        await b.manual(True)
        steps, base = 0, await b.received()
        for life in itertools.count(1):
            b.journal = MemoryTxJournal()
            mortal = Mortal(life)
            sender = b.again(mortal.wrap(b.rpc), mortal.wrap(b.journal))
            try:
                await carry_out(b, sender)
                break
            except Killed:
                steps += 1
            await carry_out(b, b.again())
            received = await b.received()
            assert received - base == 8, f"killed at step {life}"
            base = received
            assert {r.state for r in b.journal.records.values()} == {TxState.FINAL}
        assert steps > 40

    run(scenario)


def test_a_restarted_chain_that_lost_its_newest_blocks_gets_them_again(anvil_binary, tmp_path):
    async def scenario(chain):
        async with Bench(chain.url) as b:
            await b.mine()
            await asyncio.to_thread(chain.dump)
            finality = FinalWhenDurable(lambda: chain.durable.number)
            sender = Sender(b.rpc, b.key, b.journal, finality, POLICY, b.notes.append)
            for n in range(3):
                await sender.submit(f"pay/{n}", b.to, b"", value_wei=1)
                assert (await sender.wait(f"pay/{n}")).state is TxState.INCLUDED
            durable, restarts = chain.durable, chain.restarts
            assert all(r.block_number > durable.number for r in b.journal.records.values())
            os.kill(chain.pid, signal.SIGKILL)
            while chain.restarts == restarts:
                await asyncio.sleep(0.01)
            assert await b.received() == 0
            for n in range(3):
                await sender.wait(f"pay/{n}")
            assert await b.received() == 3
            assert {r.state for r in b.journal.records.values()} == {TxState.INCLUDED}
            await asyncio.to_thread(chain.dump)
            for n in range(3):
                assert (await sender.wait(f"pay/{n}", final=True)).state is TxState.FINAL
            os.kill(chain.pid, signal.SIGKILL)
            while chain.restarts == restarts + 1:
                await asyncio.sleep(0.01)
            assert await b.received() == 3

    with Anvil(anvil_binary, tmp_path, dump_every_s=3600, idle_dump_every_s=3600) as chain:
        asyncio.run(scenario(chain))


def test_a_chain_that_is_down_costs_nothing_but_time(run):
    async def scenario(b):
        record = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        dead = Rpc("http://127.0.0.1:1", CHAIN_ID)
        away = b.again(dead)
        with pytest.raises(ChainUnavailable):
            await away.submit("pay/2", b.to, b"", value_wei=1)
        with pytest.raises(ChainUnavailable):
            await away.tick()
        with pytest.raises(ChainUnavailable, match="still under way"):
            await away.wait("pay/1", timeout_s=0.1)
        await dead.close()
        assert list(b.journal.records.values()) == [record]
        assert (await b.sender.wait("pay/1", final=True)).state is TxState.FINAL

    run(scenario)


def test_a_record_moves_only_along_the_table():
    record = TxRecord("x", "0x", 0, "0x", b"", 0, 21_000, ())
    for state in (TxState.FINAL, TxState.REVERTED, TxState.PENDING):
        with pytest.raises(LocalProtocolError):
            record.moved(state)
    done = record.moved(TxState.INCLUDED).moved(TxState.FINAL)
    for state in TxState:
        with pytest.raises(LocalProtocolError):
            done.moved(state)


def test_gas_is_estimated_with_room(run):
    async def scenario(b):
        needed = await b.rpc.estimate_gas(CallRequest(b.key.address, b.to, b"", 7))
        record = await b.sender.submit("pay/1", b.to, b"", value_wei=7)
        assert needed < record.gas <= needed * 2

    run(scenario)
