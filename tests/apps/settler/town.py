"""A network with a real chain: contracts on anvil, a store, wallets, sessions through the flows.

Blocks become final when the test says so (:meth:`Town.final`), so nothing waits for a clock.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.adapters.chain.evm.contracts import artifact
from ohmstead.adapters.chain.evm.deploy import ZERO_ADDRESS, DeploymentPlan, deploy
from ohmstead.adapters.chain.evm.finality import FinalWhenDurable
from ohmstead.adapters.chain.evm.keys import LocalKey
from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.adapters.chain.evm.sender import Sender, SendPolicy
from ohmstead.adapters.chain.evm.shapes import CallRequest
from ohmstead.adapters.chain.evm.testwallets import FUNDER_KEY, TestWallets, fund
from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.config import MoneyConfig
from ohmstead.apps.settler import (
    SETTLER_TABLES,
    ClaimDesk,
    ReceiptDesk,
    Settler,
    StationPassport,
    StoreTxJournal,
    register_meter,
)
from ohmstead.apps.stations.verifier import examine
from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Evse, IdToken, NetworkPolicy, Station, TokenStatus
from ohmstead.core.onchain import EpochRecord, EpochState, Lock, epoch_key
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.core.session import PayerKind, Session, Share
from ohmstead.core.tariff import Component, Dimension, Element, Tariff
from ohmstead.flows import onboarding
from ohmstead.flows.charging import start, stop
from ohmstead.flows.charging.progress import Readings, record_readings
from ohmstead.flows.receipts import Issuer
from ohmstead.hashing import keccak
from ohmstead.units import Asset, Price
from tests.flows.world import Meter

ASSET = Asset("tUSD", 6)
ZONE = ZoneInfo("Europe/Zurich")
HOST, TREASURY = (f"0x{n:02x}" + "00" * 18 + f"{n:02x}" for n in (0x11, 0x22))
KWH = 1_000_000
MINUTE = 60_000
NOON = 1_700_000_000_000
CHAIN_ID = 31337
WINDOW_S, THAW_S = 2, 3_600
POLICY = SendPolicy(poll_s=0.02)
_seeds = itertools.count(1000)


def all_tables():
    known = {table.kind for table in TABLES}
    return (*TABLES, *(table for table in SETTLER_TABLES if table.kind not in known))


class Town:
    """One network; every method is one thing that happens in it."""

    def __init__(self, anvil, store, clock):
        self.anvil, self.store, self.clock = anvil, store, clock
        self.tag = secrets.token_hex(6)
        self.rpc = Rpc(anvil.url, CHAIN_ID)
        self.finality = FinalWhenDurable(lambda: anvil.durable.number)
        self.journal = StoreTxJournal(store)
        self.key = LocalKey(keccak(f"settler {self.tag}".encode()))
        self.meter = Meter(seed=next(_seeds))
        self.keys = ()
        self.cards = {}
        self.numbers = itertools.count(1)
        self.register_mwh = 0

    # -- building it ------------------------------------------------------------------------

    async def found(self, money=None):
        deployer = LocalKey(keccak(f"deployer {self.tag}".encode()))
        funder = self.sender(LocalKey(FUNDER_KEY))
        for key in (deployer, self.key):
            await fund(funder, key.address)
        plan = DeploymentPlan(self.key.address, self.key.address, WINDOW_S, THAW_S)
        self.deployment = await deploy(self.rpc, self.sender(deployer), plan, final=False)
        d = self.deployment
        ledger = LedgerRef(d.chain_id, d.settlement, d.registry, d.escrow)
        self.issuer = Issuer("commons", ledger, b"secret", {HOST: "host"})
        self.money = money or MoneyConfig(epoch_s=3600)
        self.wallets = TestWallets(self.rpc, d, self.journal, self.finality, POLICY)
        await self.furnish()
        self.settler = self.new_settler()
        return self

    async def furnish(self):
        hold, floor = 10_000_000, 1_000_000
        day = 24 * 60 * MINUTE
        policy = NetworkPolicy(ASSET, "anvil", hold, floor, day, 2 * day, MINUTE, 5 * MINUTE)
        await self.store.run(onboarding.set_policy, policy)
        element = Element((Component(Dimension.ENERGY, Price(50, 2)),))
        await self.store.run(onboarding.add_tariff, Tariff("T", ASSET, (element,)))
        shares = (Share(TREASURY, 2_000), Share(HOST, 8_000, rest=True))
        for name in ("ST", "PLAIN"):
            station = Station(name, "", (Evse(1, 22_000),), "T", shares)
            await self.store.run(onboarding.add_station, station)
        public = self.meter.public
        key = MeterKey(
            public.key_id, "secp256r1", public.der_hex, Tier.SOFT, self.meter.serial, "ST", 0
        )
        await self.store.run(onboarding.add_meter, onboarding.AddMeter(key, 1))
        self.keys = (key,)

    def sender(self, key, store=None, rpc=None):
        journal = StoreTxJournal(store or self.store)
        return Sender(rpc or self.rpc, key, journal, self.finality, POLICY)

    def chain(self, store=None, rpc=None):
        rpc = rpc or self.rpc
        return EvmChain(rpc, self.deployment, self.finality, self.sender(self.key, store, rpc))

    def new_settler(self, store=None, chain=None, rpc=None, **options):
        store = store or self.store
        chain = chain or self.chain(store, rpc)
        return Settler(store, self.clock, chain, self.issuer, self.money, pause_s=0.02, **options)

    async def bind_meter(self):
        private = self.meter.private

        def sign(digest):
            return decode_dss_signature(private.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))

        passport = StationPassport(HOST, self.meter.public.der_hex, 22_000, b"document")
        chain = self.settler._chain
        status = await register_meter(chain, passport, sign)
        assert (await chain.wait(status.intent)).succeeded
        return status

    # -- the chain --------------------------------------------------------------------------

    async def final(self, blocks=3):
        """Everything so far becomes final."""
        await self.rpc.ask("anvil_mine", hex(blocks), "0x1")
        await asyncio.to_thread(self.anvil.dump)

    async def wallet(self, name, amount):
        return await self.wallets.open(f"{name}/{self.tag}", amount)

    async def driver(self, name="driver", amount=100_000_000):
        """An account holder with a deposit (not yet final) and a card."""
        wallet = await self.wallet(name, amount)
        await wallet.deposit(f"{name}/{self.tag}/deposit", amount)
        await wallet.wait(f"{name}/{self.tag}/deposit")
        token = IdToken(name, TokenStatus.ACCEPTED, wallet.address, PayerKind.PREPAID)
        await self.store.run(onboarding.put_id_token, token)
        return wallet

    async def walk_up(self, name="walker", amount=10_000_000, expires_s=3_600):
        """A wallet that locks the most one session may cost; returns wallet and lock id."""
        wallet = await self.wallet(name, amount)
        lock_id = "0x" + keccak(f"{name}/{self.tag}".encode()).hex()
        now_s = (await self.settler._chain.head()).time_s
        intent = f"lock/{lock_id}"
        await wallet.lock(intent, lock_id, amount, now_s + expires_s)
        await wallet.wait(intent)
        return wallet, lock_id

    async def token_of(self, lock_id):
        command = onboarding.TokenForLock(lock_id, f"W-{lock_id[2:12]}")
        return (await self.store.run(onboarding.token_for_lock, command)).uid

    # -- sessions ---------------------------------------------------------------------------

    async def session(self, token="driver", kwh=4, minutes=30, signed=False):
        """A whole session; returns its id. ``signed`` happens at the station with a meter."""
        started = await self.start(token, signed)
        self.clock.advance(minutes * MINUTE)
        await self.stop(started, kwh, signed)
        return started.session_id

    async def start(self, token="driver", signed=False):
        station, at, number = ("ST" if signed else "PLAIN"), self.clock.now_ms(), next(self.numbers)
        begin = self.register_mwh
        seen = f"{station}/start/{number}"
        command = start.Start(
            f"S-{self.tag}-{number:04d}",
            *(station, 1, "1.6", "", token, at, begin, False, seen, seen),
        )
        started = await self.store.run(start.start, command)
        if signed:
            record = self.evidence(self.meter.sign((at, "B", begin)))
            what = Readings("ST", started.transaction_id, (), record, seen + "r", "{}", ZONE)
            await self.store.run(record_readings, what)
        return started

    async def stop(self, started, kwh, signed=False):
        station, at = ("ST" if signed else "PLAIN"), self.clock.now_ms()
        self.register_mwh += kwh * KWH
        record = ()
        if signed:
            record = self.evidence(self.meter.sign((at, "E", self.register_mwh)))
        digest = f"{started.session_id}/{self.register_mwh}"
        command = stop.Stop(
            station,
            started.transaction_id,
            *(at, self.register_mwh, record, True, digest, digest, "{}", ZONE),
        )
        return await self.store.run(stop.stop, command)

    def evidence(self, *records):
        return tuple(examine(record, self.keys) for record in records)

    # -- looking ----------------------------------------------------------------------------

    def record(self, session_id):
        return self.store.get(Session, session_id)

    def bill(self, session_id):
        return self.store.get(Bill, session_id)

    def lock(self, lock_id):
        return self.store.get(Lock, lock_id)

    def epoch(self, number):
        return self.store.get(EpochRecord, epoch_key(number))

    def balance(self, name):
        account = self.store.get(Account, f"{name}@tUSD")
        return account.available if account else 0

    async def coins(self, address):
        return await coins(self.rpc, self.deployment, address)

    @property
    def claims(self):
        return ClaimDesk(self.store, self.settler.archive)

    @property
    def receipts(self):
        return ReceiptDesk(self.store, self.settler.archive)

    # -- letting it happen ------------------------------------------------------------------

    async def settle(self, done, steps=40):
        """Step, with everything becoming final in between, until ``done()``."""
        for _ in range(steps):
            report = await self.settler.step()
            if done():
                return report
            await self.final()
        raise AssertionError(f"not done after {steps} steps: {self.settler.status}")

    async def epoch_until(self, number, state=EpochState.FINAL):
        """Close what is ready as epoch ``number`` and bring it to ``state`` or beyond."""
        if self.epoch(number) is None:
            closed = await self.settler.close_epoch()
            assert closed is not None
            assert closed.number == number
        enough = {state, EpochState.FINAL}
        await self.settle(lambda: self.epoch(number).state in enough)
        return self.epoch(number)

    async def claim_all(self):
        claimed = await self.claims.claim_all(self.settler._chain)
        for claiming in claimed:
            assert (await self.settler._chain.wait(claiming.status.intent)).succeeded
        await self.final()
        await self.settler.step()
        return claimed

    async def close(self):
        await self.rpc.close()
        await self.store.close()


async def coins(rpc, deployment, address):
    """The stablecoin of an address, in minor units."""
    function = artifact("TestStablecoin").function("balanceOf")
    request = CallRequest(ZERO_ADDRESS, deployment.stablecoin, function.encode(address))
    return function.decode_result(await rpc.call(request))[0]


@asynccontextmanager
async def town(anvil, folder=None, money=None):
    """A founded town; in a SQLite file under ``folder``, or in memory."""
    clock = ManualClock(NOON)
    if folder is None:
        store = MemoryStore(all_tables(), clock)
    else:
        store = SqliteStore.open(folder / "town.db", all_tables(), clock)
    place = Town(anvil, store, clock)
    try:
        yield await place.found(money)
    finally:
        await place.close()
