"""Money goes in, is spent by an epoch, and comes out, on real contracts on a real anvil."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import signal

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from ohmstead.adapters.chain.evm.anvil import Anvil
from ohmstead.adapters.chain.evm.chain import ClaimArguments, EvmChain, PassportRequest
from ohmstead.adapters.chain.evm.contracts import CallReverted
from ohmstead.adapters.chain.evm.deploy import (
    DeploymentPlan,
    check_deployment,
    created_address,
    deploy,
)
from ohmstead.adapters.chain.evm.finality import FinalWhenDurable
from ohmstead.adapters.chain.evm.journal import MemoryTxJournal, TxState
from ohmstead.adapters.chain.evm.keys import LocalKey
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import Sender, SendPolicy
from ohmstead.adapters.chain.evm.testwallets import FUNDER_KEY, TestWallets, fund
from ohmstead.core.epoch import Receipt, build
from ohmstead.core.leaves import Direction, Slot, lane_of
from ohmstead.core.merkle import ZERO
from ohmstead.core.onchain import Anchored, Claimed, Deposited, Locked, Released, Returned
from ohmstead.errors import ChainUnavailable, LocalProtocolError, OperatorError
from ohmstead.frozen import replace
from ohmstead.hashing import keccak

CHAIN_ID = 31337
POLICY = SendPolicy(poll_s=0.02)
WINDOW_S, THAW_S = 1, 60
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_networks = itertools.count(1)


class Network:
    """A fresh deployment on an anvil, with its settler's chain and its drivers' wallets."""

    def __init__(self, anvil):
        self.anvil = anvil
        self.tag = f"{next(_networks)}"
        self.rpc = Rpc(anvil.url, CHAIN_ID)
        self.journal = MemoryTxJournal()
        self.finality = FinalWhenDurable(lambda: anvil.durable.number)
        self.deployer = LocalKey(keccak(f"deployer {self.tag}".encode()))
        self.settler = LocalKey(keccak(f"settler {self.tag}".encode()))

    def sender(self, key, rpc=None, journal=None):
        return Sender(rpc or self.rpc, key, journal or self.journal, self.finality, POLICY)

    def plan(self):
        return DeploymentPlan(self.settler.address, self.settler.address, WINDOW_S, THAW_S)

    async def __aenter__(self):
        funder = self.sender(LocalKey(FUNDER_KEY))
        for key in (self.deployer, self.settler):
            await fund(funder, key.address)
        deployer = self.sender(self.deployer)
        self.deployment = await deploy(self.rpc, deployer, self.plan(), final=False)
        self.chain = EvmChain(self.rpc, self.deployment, self.finality, self.sender(self.settler))
        self.wallets = TestWallets(self.rpc, self.deployment, self.journal, self.finality, POLICY)
        return self

    async def __aexit__(self, *error):
        await self.rpc.close()

    async def wallet(self, name, amount=1_000_000):
        return await self.wallets.open(f"{name}/{self.tag}", amount)

    def lock_id(self, name):
        return "0x" + keccak(f"{name}/{self.tag}".encode()).hex()

    async def events(self):
        head = await self.chain.head()
        return await self.chain.events(self.deployment.first_block, head.number)

    async def until_final(self, number, seal):
        while not await self.chain.epoch_is_final(number, seal):
            await asyncio.sleep(0.1)


@pytest.fixture
def run(anvil):
    def runner(scenario):
        async def inside():
            async with Network(anvil) as network:
                await scenario(network)

        asyncio.run(inside())

    return runner


def payee(name):
    return keccak(name.encode())[-20:]


def address(account):
    return "0x" + account.hex()


def epoch_of(number, parent, payers, heads, settled, amount=1000):
    """An epoch in which each payer pays a host 90 % and a network 10 %."""
    receipts = []
    for place, payer in enumerate(payers):
        slots = (
            Slot(lane_of(0, Direction.CREDIT), payee("host"), amount * 9 // 10),
            Slot(lane_of(0, Direction.CREDIT), payee("network"), amount // 10),
            Slot(lane_of(0, Direction.SPEND), payer, amount),
        )
        words = [keccak(b"%d %d %d" % (number, place, k)) for k in range(3)]
        receipts.append(Receipt(*words, slots, bytes(32), 1, 0, 5_000_000))
    return build(number, parent, receipts, heads, settled, 1, bytes(32))


def test_a_deposit_is_spent_by_an_epoch_and_claimed_to_the_unit(run):
    async def scenario(n):
        await n.chain.check()
        driver = await n.wallet("driver", 1_000_000)
        await driver.deposit("deposit", 500_000)
        await driver.wait("deposit")
        account = bytes.fromhex(driver.address[2:])
        first = epoch_of(1, ZERO, [account] * 3, {}, (0, 0))
        sent = await n.chain.anchor("anchor/1", first.header)
        assert await n.chain.anchor("anchor/1", first.header) == sent
        anchored = await n.chain.wait("anchor/1")
        assert (anchored.state, anchored.succeeded) == (TxState.INCLUDED, True)
        at = await n.chain.block(anchored.block)
        seal = first.header.seal(at.time_s)
        assert await n.chain.epoch_seal(1) == seal.hash()
        assert await n.chain.epoch_head() == 1

        second = epoch_of(2, seal.hash(), [account] * 2, first.heads, (3000, 0))
        await n.chain.anchor("anchor/2", second.header)
        anchored = await n.chain.wait("anchor/2")
        seal2 = second.header.seal((await n.chain.block(anchored.block)).time_s)
        await n.until_final(2, seal2)

        host = second.claim_proof(payee("host"), 0)
        claim = ClaimArguments(2, seal2, host.index, host.entry, host.proof)
        await n.chain.claim("claim/host", claim)
        network = second.claim_proof(payee("network"), 0)
        await n.chain.claim_balance(
            "claim/network", 2, seal2, network.balance, network.balance_proof
        )
        for intent in ("claim/host", "claim/network"):
            assert (await n.chain.wait(intent)).succeeded
        assert await n.chain.claimed(address(payee("host")), 0) == 4500
        assert await n.chain.claimed(address(payee("network")), 0) == 500
        await n.chain.claim_many("claim/again", [claim, claim])
        assert (await n.chain.wait("claim/again")).succeeded
        assert await n.chain.claimed(address(payee("host")), 0) == 4500

        found = await n.events()
        kinds = [type(event) for event in found]
        assert kinds == [Deposited, Anchored, Anchored, Claimed, Claimed]
        assert (found[0].account, found[0].asset, found[0].amount) == (driver.address, 0, 500_000)
        assert found[1].header_hash == "0x" + first.header.hash().hex()
        assert found[2].seal_hash == "0x" + seal2.hash().hex()
        assert found[3].account == address(payee("host"))
        held = await n.chain.holdings(0)
        assert (held.escrow, held.settlement) == (495_000, 0)
        assert (held.pool, held.locked, held.settled, held.paid) == (495_000, 0, 5000, 5000)

    run(scenario)


def test_a_lock_ends_once_by_release_refund_or_reclaim(run):
    async def scenario(n):
        wallet = await n.wallet("walk-up", 3000)
        now = (await n.chain.head()).time_s
        ids = [n.lock_id(name) for name in ("release", "refund", "reclaim")]
        for lock_id, expiry in zip(ids, (now + 3600, now + 3600, now + 4), strict=True):
            await wallet.lock(f"lock/{lock_id}", lock_id, 1000, expiry)
            await wallet.wait(f"lock/{lock_id}")
        found = await n.chain.lock_info(ids[0])
        assert (found.wallet, found.asset, found.amount) == (wallet.address, 0, 1000)
        assert (found.expiry_s, found.is_open) == (now + 3600, True)
        assert await n.chain.lock_info(n.lock_id("none")) is None

        with pytest.raises(CallReverted) as above:
            await n.chain.release("release/too-much", ids[0], 1001)
        assert above.value.name == "CostAboveLock"
        await n.chain.release("release/1", ids[0], 400)
        await n.chain.refund("refund/1", ids[1])
        assert (await n.chain.wait("release/1")).succeeded
        assert (await n.chain.wait("refund/1")).succeeded
        assert await n.chain.release("release/1", ids[0], 400) == await n.chain.status("release/1")
        with pytest.raises(CallReverted) as ended:
            await n.chain.release("release/2", ids[0], 400)
        assert ended.value.name == "LockNotOpen"
        while (await n.chain.head()).time_s < now + 4:
            await asyncio.sleep(0.1)
        await wallet.reclaim("reclaim/1", ids[2])
        await wallet.wait("reclaim/1")

        ends = (await n.events())[3:]
        assert [type(event) for event in ends] == [Released, Returned, Returned]
        assert (ends[0].lock_id, ends[0].cost, ends[0].remainder) == (ids[0], 400, 600)
        assert [event.reclaimed for event in ends[1:]] == [False, True]
        locked = [event for event in await n.events() if isinstance(event, Locked)]
        assert [event.lock_id for event in locked] == ids
        held = await n.chain.holdings(0)
        assert (held.escrow, held.pool, held.locked, held.owed) == (400, 400, 0, 0)

    run(scenario)


def test_what_the_contract_refuses_is_told_by_name_and_not_sent(run):
    async def scenario(n):
        epoch = epoch_of(1, ZERO, [payee("driver")], {}, (0, 0))
        with pytest.raises(CallReverted) as poor:
            await n.chain.anchor("anchor/1", epoch.header)
        assert poor.value.name == "PoolTooSmall"
        wrong = replace(epoch.header, number=7)
        with pytest.raises(CallReverted) as number:
            await n.chain.anchor("anchor/7", wrong)
        assert number.value.arguments == {"given": 7, "expected": 1}
        assert await n.chain.status("anchor/1") is None

    run(scenario)


def test_two_contents_for_one_epoch_cannot_both_be_anchored(run):
    async def scenario(n):
        driver = await n.wallet("driver")
        await driver.deposit("deposit", 500_000)
        await driver.wait("deposit")
        account = bytes.fromhex(driver.address[2:])
        one = epoch_of(1, ZERO, [account], {}, (0, 0))
        other = epoch_of(1, ZERO, [account] * 2, {}, (0, 0))
        await n.chain.anchor("anchor/1", one.header)
        with pytest.raises(LocalProtocolError, match="other content"):
            await n.chain.anchor("anchor/1", other.header)
        await n.chain.wait("anchor/1")
        with pytest.raises(CallReverted) as twice:
            await n.chain.anchor("anchor/1/again", other.header)
        assert twice.value.name == "WrongNumber"

    run(scenario)


def test_a_station_is_registered_by_its_meters_own_signature(run):
    async def scenario(n):
        meter = ec.generate_private_key(ec.SECP256R1())
        point = meter.public_key().public_numbers()
        public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        key_id = keccak((1).to_bytes(32, "big") + public)
        home = keccak(n.deployment.ledger.encode())
        owner = address(payee("host"))
        digest = await n.chain.binding_digest(home, owner, key_id)
        r, s = decode_dss_signature(meter.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))
        s = min(s, P256_ORDER - s)
        signature = (r.to_bytes(32, "big"), s.to_bytes(32, "big"))
        request = PassportRequest(
            owner, 1, public, 22_000, 0x8A1FA4926007FFF, keccak(b"r"), home, "ipfs://x", signature
        )
        await n.chain.register_station("passport/1", request)
        assert (await n.chain.wait("passport/1")).succeeded
        version = await n.chain.registry_version()
        assert await n.chain.is_registered(key_id, version)
        assert not await n.chain.is_registered(key_id, version - 1)
        assert await n.chain.passport_id(key_id) == 1
        with pytest.raises(CallReverted) as taken:
            await n.chain.register_station("passport/2", request)
        assert taken.value.name == "KeyTaken"
        other = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
        forged = replace(
            request, public_key=other.x.to_bytes(32, "big") + other.y.to_bytes(32, "big")
        )
        with pytest.raises(CallReverted) as wrong:
            await n.chain.register_station("passport/3", forged)
        assert wrong.value.name == "WrongSignature"
        ocmf = replace(forged, signature=None, ocmf_record=hashlib.sha256(b"record").digest())
        await n.chain.register_station("passport/4", ocmf)
        assert (await n.chain.wait("passport/4")).succeeded

    run(scenario)


def test_only_the_settler_anchors(run):
    async def scenario(n):
        stranger = LocalKey(keccak(b"stranger"))
        await fund(n.wallets.funder, stranger.address)
        chain = EvmChain(n.rpc, n.deployment, n.finality, n.sender(stranger))
        epoch = epoch_of(1, ZERO, [payee("driver")], {}, (0, 0))
        with pytest.raises(CallReverted) as refused:
            await chain.anchor("anchor/1", epoch.header)
        assert refused.value.name == "AccessControlUnauthorizedAccount"

    run(scenario)


def test_a_chain_without_our_contracts_is_refused(run):
    async def scenario(n):
        for field in ("stablecoin", "registry", "escrow", "settlement"):
            elsewhere = replace(n.deployment, **{field: address(payee("nowhere"))})
            with pytest.raises(ChainUnavailable, match="has no contract"):
                await check_deployment(n.rpc, elsewhere)
        swapped = replace(n.deployment, settlement=n.deployment.registry)
        with pytest.raises(ChainUnavailable, match="another network"):
            await check_deployment(n.rpc, swapped)

    run(scenario)


def test_a_deployment_that_dies_anywhere_goes_on_where_it_stopped(run):
    class Killed(Exception):
        pass

    class MortalJournal(MemoryTxJournal):
        life = 10**9

        async def put(self, record):
            await super().put(record)
            self.life -= 1
            if self.life == 0:
                raise Killed

    async def scenario(n):
        key = LocalKey(keccak(f"second deployer {n.tag}".encode()))
        await fund(n.wallets.funder, key.address)
        journal = MortalJournal()
        for life in itertools.count(1):
            journal.life = 1 + life % 3
            try:
                sender = n.sender(key, journal=journal)
                deployment = await deploy(n.rpc, sender, n.plan(), final=False)
                break
            except Killed:
                continue
        assert life > 5
        assert len(journal.records) == 8
        assert await n.rpc.nonce(key.address) == 8
        created = [created_address(key.address, nonce) for nonce in range(4)]
        assert created == [
            deployment.stablecoin,
            deployment.registry,
            deployment.escrow,
            deployment.settlement,
        ]
        assert deployment.first_block <= deployment.block

    run(scenario)


def test_test_wallets_refuse_every_chain_but_the_local_one(run):
    async def scenario(n):
        with pytest.raises(OperatorError, match="31337 only"):
            TestWallets(Rpc("http://127.0.0.1:1", 1), n.deployment, n.journal, n.finality)

    run(scenario)


def test_an_anchor_lost_in_a_restart_is_anchored_again_and_final_only_when_durable(
    anvil_binary, tmp_path
):
    async def scenario(anvil):
        async with Network(anvil) as n:
            driver = await n.wallet("driver")
            await driver.deposit("deposit", 500_000)
            await driver.wait("deposit")
            await asyncio.to_thread(anvil.dump)
            epoch = epoch_of(1, ZERO, [bytes.fromhex(driver.address[2:])], {}, (0, 0))
            await n.chain.anchor("anchor/1", epoch.header)
            lost = await n.chain.wait("anchor/1")
            assert lost.block > anvil.durable.number
            os.kill(anvil.pid, signal.SIGKILL)
            while anvil.restarts == 0:
                await asyncio.sleep(0.01)
            assert await n.chain.epoch_head() == 0
            again = await n.chain.wait("anchor/1")
            assert await n.chain.epoch_head() == 1
            assert again.tx == lost.tx
            final = await n.chain.final_block()
            assert final.number <= anvil.durable.number < again.block
            await asyncio.to_thread(anvil.dump)
            done = await n.chain.wait("anchor/1", final=True)
            assert done.state is TxState.FINAL
            final = await n.chain.final_block()
            assert final.number >= done.block
            events = await n.chain.events(n.deployment.first_block, final.number)
            [anchored] = [event for event in events if isinstance(event, Anchored)]
            assert anchored.seal_hash == "0x" + (await n.chain.epoch_seal(1)).hex()
            held = await n.chain.holdings(0, final.number)
            assert (held.escrow, held.settlement) == (499_000, 1000)

    with Anvil(anvil_binary, tmp_path, dump_every_s=3600, idle_dump_every_s=3600) as anvil:
        asyncio.run(scenario(anvil))
