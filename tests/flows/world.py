"""A network of one station in memory: real signatures, real flows, a clock moved by hand."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.apps.stations.verifier import examine
from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.network import Evse, IdToken, NetworkPolicy, Station, TokenStatus
from ohmstead.core.onchain import BlockRef, ChainCursor, Deposited, EventId, Locked
from ohmstead.core.session import PayerKind, Session, Share
from ohmstead.core.tariff import Component, Dimension, Element, Tariff
from ohmstead.flows import mirror, onboarding
from ohmstead.flows.charging import start, stop
from ohmstead.flows.charging.progress import Readings, record_readings
from ohmstead.frozen import replace
from ohmstead.units import Asset, Price
from ohmstead.wire import ocmf
from ohmstead.wire.ocmf.keys import public_key

ASSET = Asset("tUSD", 6)
ZONE = ZoneInfo("Europe/Zurich")
HOST, TREASURY, DRIVER, WALLET = (f"0x{n:02x}" + "00" * 18 + f"{n:02x}" for n in (1, 2, 3, 4))
KWH = 1_000_000
MINUTE = 60_000
NOON = 1_700_000_000_000


class Meter:
    """A meter with its key: signs what it is told."""

    def __init__(self, serial="M1", seed=7):
        self.private = ec.derive_private_key(seed, ec.SECP256R1())
        self.public = public_key(self.private.public_key())
        self.serial, self.page = serial, 0

    def sign(self, *entries, page=None):
        self.page = self.page + 1 if page is None else page
        identity = ocmf.Identity("ohmstead virtual", "G1", "1", self.serial)
        rows = [ocmf.Entry(at_ms, tx, mwh) for at_ms, tx, mwh in entries]
        return ocmf.sign_record(ocmf.p256_signer(self.private), identity, self.page, rows)


class World:
    """One network; every method is one thing that happens in it."""

    def __init__(self, signed=True, evse_w=22_000, flat_minor=0):
        self.clock = ManualClock(NOON)
        self.store = MemoryStore(TABLES, self.clock)
        self.meter = Meter()
        self.keys = ()
        self.numbers = iter(range(1, 10_000))
        policy = NetworkPolicy(
            ASSET,
            "anvil",
            10_000_000,
            1_000_000,
            24 * 60 * MINUTE,
            48 * 60 * MINUTE,
            MINUTE,
            5 * MINUTE,
        )
        self.run(onboarding.set_policy, policy)
        parts = [Component(Dimension.ENERGY, Price(50, 2))]
        if flat_minor:
            parts.append(Component(Dimension.FLAT, Price(flat_minor, 6)))
        self.run(onboarding.add_tariff, Tariff("T", ASSET, (Element(tuple(parts)),)))
        shares = (Share(TREASURY, 2_000), Share(HOST, 8_000, rest=True))
        self.run(onboarding.add_station, Station("ST", "", (Evse(1, evse_w),), "T", shares))
        self.run(onboarding.add_station, Station("OTHER", "", (Evse(1, evse_w),), "T", shares))
        token = IdToken("CARD", TokenStatus.ACCEPTED, DRIVER, PayerKind.PREPAID)
        self.run(onboarding.put_id_token, token)
        if signed:
            key = MeterKey(
                self.meter.public.key_id,
                "secp256r1",
                self.meter.public.der_hex,
                Tier.SOFT,
                self.meter.serial,
                "ST",
                0,
            )
            self.run(onboarding.add_meter, onboarding.AddMeter(key, 1))
            self.keys = (key,)
        self.deposit(100_000_000)

    def run(self, flow, command):
        return asyncio.run(self.store.run(flow, command))

    def wait(self, minutes):
        self.clock.advance(minutes * MINUTE)

    @property
    def now(self):
        return self.clock.now_ms()

    def book(self, *events):
        since = self.store.get(ChainCursor, "anvil")
        number = since.block_number + 1 if since else 1
        block = BlockRef(number, f"0x{number:064x}", number)
        return self.run(mirror.book_final, mirror.BookFinal(since, block, events))

    def event(self):
        number = next(self.numbers)
        return EventId(number, f"0x{number:064x}", 0)

    def deposit(self, amount, account=DRIVER):
        self.book(Deposited(self.event(), account, 0, amount))

    def lock(self, amount, lock_id="0xl0c4"):
        self.book(Locked(self.event(), lock_id, WALLET, 0, amount, 2_000_000_000))
        return self.run(
            onboarding.token_for_lock, onboarding.TokenForLock(lock_id, f"W-{lock_id}")
        ).uid

    def start(self, mwh=0, token="card", evse=1, **changes):
        at = changes.pop("at_ms", self.now)
        seen = f"ST/start/{at}/{mwh}/{token}/{evse}"
        command = start.Start(
            f"S-{next(self.numbers)}", "ST", evse, "1.6", "", token, at, mwh, False, seen, seen
        )
        return self.run(start.start, replace(command, **changes))

    def evidence(self, *records):
        return tuple(examine(record, self.keys) for record in records)

    def readings(self, transaction, *values, evidence=(), **changes):
        command = Readings("ST", transaction, values, evidence, f"{values}{evidence}", "{}", ZONE)
        return self.run(record_readings, replace(command, **changes))

    def stop(self, transaction, mwh, evidence=(), approved=True, **changes):
        at = changes.pop("at_ms", self.now)
        digest = changes.pop("digest", f"{at}/{mwh}/{[e.payload_sha256 for e in evidence]}")
        command = stop.Stop(
            "ST", transaction, at, mwh, evidence, approved, f"ST/stop/{digest}", digest, "{}", ZONE
        )
        return self.run(stop.stop, replace(command, **changes))

    def signed_session(self, begin_mwh=0, energy_mwh=4 * KWH, minutes=30, token="card"):
        """A whole honest session; returns its Started."""
        started = self.start(begin_mwh, token)
        first = self.meter.sign((self.now, "B", begin_mwh))
        self.readings(started.transaction_id, evidence=self.evidence(first))
        self.wait(minutes)
        last = self.meter.sign((self.now, "E", begin_mwh + energy_mwh))
        self.stop(started.transaction_id, begin_mwh + energy_mwh, self.evidence(last))
        return started

    def session(self, started):
        return self.store.get(Session, started.session_id)

    def bill(self, started):
        return self.store.get(Bill, started.session_id)

    def balance(self, name):
        account = self.store.get(Account, f"{name}@tUSD")
        return account.available if account else 0

    def accounts(self):
        return self.store.find(Account, 10_000)
