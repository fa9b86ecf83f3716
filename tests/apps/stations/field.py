"""A running house with real sockets, and stations of another make to send it frames.

The stations are ``ChargePoint`` of the ``ocpp`` package: it checks every answer of ours against the
official schemas. :class:`Station` words the same doings in either version.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import secrets
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import ocpp.exceptions
import ocpp.v16
import ocpp.v21
import ocpp.v201
import websockets
from ocpp.charge_point import remove_nones, serialize_as_dict, snake_to_camel_case
from websockets.asyncio.client import connect

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.adapters.store.writer import Options
from ohmstead.apps.boot import House, policy_from
from ohmstead.apps.config import (
    ChainConfig,
    Config,
    FilesConfig,
    MoneyConfig,
    OcppConfig,
    PkiConfig,
)
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.services import secret_mac
from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account
from ohmstead.core.meter import MeterKey, SignedReading, Tier
from ohmstead.core.network import (
    Admission,
    Evse,
    IdToken,
    Quarantined,
    TokenStatus,
    TransactionRef,
)
from ohmstead.core.network import Station as StationRecord
from ohmstead.core.onchain import BlockRef, ChainCursor, Deposited, EventId, Locked
from ohmstead.core.session import PayerKind, Session, Share
from ohmstead.core.tariff import Component, Dimension, Element, Tariff
from ohmstead.flows import mirror, onboarding
from ohmstead.flows.charging import kept
from ohmstead.units import Price
from tests.apps.gateway.floor import basic
from tests.flows.world import DRIVER, HOST, MINUTE, NOON, TREASURY, WALLET, Meter

V16, V201, V21 = "1.6", "2.0.1", "2.1"
VERSIONS = [V16, V201, V21]
PACKAGES = {V16: ocpp.v16, V201: ocpp.v201, V21: ocpp.v21}
PASSWORD = b"correct horse battery"
HOUR = 60 * MINUTE
WH = 1_000
QUICK = Options(busy_ms=20, probe_ms=5)
POOR = f"0x{9:040x}"
ADMISSIONS = {admission.value: admission for admission in Admission}


class ChargePoint21(ocpp.v21.ChargePoint):
    """The package leaves unanswered, in 2.1 only, what its station does not do."""

    async def _handle_call(self, message):
        if message.action not in self.route_map:
            raise ocpp.exceptions.NotImplementedError
        return await super()._handle_call(message)


POINTS = {V16: ocpp.v16.ChargePoint, V201: ocpp.v201.ChargePoint, V21: ChargePoint21}


class Field:
    """The house and all that was registered in it; its clock is moved by hand."""

    def __init__(self, house, clock, port):
        self.house, self.clock, self.port = house, clock, port
        self.store = house.store
        self.meter = Meter()
        self.numbers = itertools.count(1)

    @property
    def now(self):
        return self.clock.now_ms()

    def wait(self, minutes):
        self.clock.advance(minutes * MINUTE)

    async def run(self, flow, command):
        return await self.store.run(flow, command)

    async def furnish(self, meter=True, evse_w=22_000, lenient=True, admission="Accepted"):
        """Register station S (its meter if wanted) and OTHER, a tariff, cards and money."""
        asset = self.house.config.asset
        element = Element((Component(Dimension.ENERGY, Price(50, 2)),))
        await self.run(onboarding.add_tariff, Tariff("T", asset, (element,)))
        shares = (Share(TREASURY, 2_000), Share(HOST, 8_000, rest=True))
        for name in ("S", "OTHER"):
            mac = secret_mac(self.house.pepper, name, PASSWORD)
            station = StationRecord(
                name,
                mac,
                (Evse(1, evse_w), Evse(2, evse_w)),
                "T",
                shares,
                time_zone="Europe/Zurich",
                lenient=lenient,
                admission=ADMISSIONS[admission],
            )
            await self.run(onboarding.add_station, station)
        if meter:
            public = self.meter.public
            key = MeterKey(
                public.key_id, "secp256r1", public.der_hex, Tier.SOFT, self.meter.serial, "S", 0
            )
            await self.run(onboarding.add_meter, onboarding.AddMeter(key, 1))
        for uid, status, payer, expires_ms in (
            ("CARD", TokenStatus.ACCEPTED, DRIVER, 0),
            ("POOR", TokenStatus.ACCEPTED, POOR, 0),
            ("LOST", TokenStatus.BLOCKED, DRIVER, 0),
            ("OLD", TokenStatus.ACCEPTED, DRIVER, NOON - 1),
        ):
            token = IdToken(uid, status, payer, PayerKind.PREPAID, expires_ms=expires_ms)
            await self.run(onboarding.put_id_token, token)
        await self.deposit(100_000_000)

    async def book(self, *events):
        since = self.store.get(ChainCursor, "anvil")
        number = since.block_number + 1 if since else 1
        block = BlockRef(number, f"0x{number:064x}", number)
        return await self.run(mirror.book_final, mirror.BookFinal(since, block, events))

    def event(self):
        number = next(self.numbers)
        return EventId(number, f"0x{number:064x}", 0)

    async def deposit(self, amount, account=DRIVER):
        await self.book(Deposited(self.event(), account, 0, amount))

    async def lock(self, amount, lock_id="0xl0c4"):
        await self.book(Locked(self.event(), lock_id, WALLET, 0, amount, 2_000_000_000))
        command = onboarding.TokenForLock(lock_id, f"W-{lock_id}")
        return (await self.run(onboarding.token_for_lock, command)).uid

    # What the store says.

    def session(self, transaction, station="S"):
        ref = self.store.get(TransactionRef, f"{station}/{transaction}")
        return self.store.get(Session, ref.session_id) if ref else None

    def sessions(self):
        return self.store.find(Session, 1_000)

    def bill(self, transaction):
        return self.store.get(Bill, self.session(transaction).id)

    def samples(self, transaction):
        return kept.readings_of(self.store, self.session(transaction))

    def signed(self):
        return self.store.find(SignedReading, 1_000)

    def quarantine(self):
        return [item.reason for item in self.store.find(Quarantined, 1_000)]

    def kept(self):
        return self.store.find(Quarantined, 1_000)

    def balance(self, name):
        account = self.store.get(Account, f"{name}@tUSD")
        return account.available if account else 0

    def accounts(self):
        return self.store.find(Account, 10_000)

    def books_balance(self):
        """Invariant 1: every debit is somebody's credit."""
        accounts = self.accounts()
        posted = sum(a.debits_posted - a.credits_posted for a in accounts)
        pending = sum(a.debits_pending - a.credits_pending for a in accounts)
        return (posted, pending) == (0, 0)

    # Stations.

    def socket(self, version=V201, name="S", password=PASSWORD, user=None, **options):
        protocol = f"ocpp{version}" if version in VERSIONS else version
        headers = {"Authorization": basic(user or name, password)} if password else {}
        return connect(
            f"ws://127.0.0.1:{self.port}/ocpp/{quote(name, safe='')}",
            additional_headers=headers,
            **(
                {"compression": None, "proxy": None, "ping_interval": None}
                | {"subprotocols": [protocol]}
                | options
            ),
        )

    @asynccontextmanager
    async def station(self, version, name="S", boot=True, kind=None):
        """A charge point of the ``ocpp`` package, connected and booted."""
        async with self.socket(version, name) as socket:
            point = (kind or POINTS[version])(name, socket)
            reading = asyncio.create_task(_read(point))
            station = Station(self, version, name, point, socket)
            try:
                if boot:
                    await station.boot()
                yield station
            finally:
                reading.cancel()

    def link(self, name="S"):
        return self.house.gateway.link(name)

    async def command(self, action, payload=None, name="S", timeout_ms=None):
        raw = json.dumps(payload or {}).encode()
        return await commands.command(self.house.gateway, name, action, raw, timeout_ms)


async def _read(point):
    with contextlib.suppress(websockets.ConnectionClosed):
        await point.start()


class Station:
    """What a station says, in its own version's words."""

    def __init__(self, field, version, name, point, socket):
        self.field, self.version, self.name = field, version, name
        self.point, self.socket = point, socket
        self.is_16 = version == V16
        self.call = PACKAGES[version].call
        self.seqs = {}

    async def say(self, message, **options):
        return await self.point.call(message, suppress=False, **options)

    async def send(self, action, payload, message_id=None):
        """Send any payload, past the package's own checks; returns the answer as JSON."""
        message_id = message_id or secrets.token_hex(8)
        text = payload if isinstance(payload, str) else json.dumps(payload)
        await self.socket.send(f'[2,"{message_id}","{action}",{text}]')
        answer = await self.point._get_specific_response(message_id, 10)
        return json.loads(answer.to_json())

    async def boot(self):
        if self.is_16:
            return await self.say(self.call.BootNotification("Model", "Vendor"))
        return await self.say(
            self.call.BootNotification({"model": "Model", "vendorName": "Vendor"}, "PowerUp")
        )

    async def heartbeat(self):
        return await self.say(self.call.Heartbeat())

    async def authorize(self, token):
        if self.is_16:
            return (await self.say(self.call.Authorize(token))).id_tag_info["status"]
        answer = await self.say(self.call.Authorize({"idToken": token, "type": "ISO14443"}))
        return answer.id_token_info["status"]

    async def status(self, state="Available"):
        if self.is_16:
            return await self.say(self.call.StatusNotification(1, "NoError", state))
        return await self.say(self.call.StatusNotification(iso(self.field.now), state, 1, 1))

    def start_of(
        self, token="CARD", wh=0, at_ms=None, evse=1, tx=None, record=None, offline=False, seq=None
    ):
        """The message that begins a transaction."""
        at = self.field.now if at_ms is None else at_ms
        if self.is_16:
            return self.call.StartTransaction(evse, token, wh, iso(at))
        tx = tx or secrets.token_hex(6)
        self.last_tx = tx
        return self.event("Started", tx, wh, at, token, record, evse, offline, seq, "Begin")

    def event(
        self, kind, tx, wh, at, token=None, record=None, evse=None, offline=False, seq=None,
        context="Periodic", reason=None,
    ):  # fmt: skip
        if seq is None:
            seq = self.seqs[tx] = self.seqs.get(tx, -1) + 1
        trigger = {"Started": "CablePluggedIn", "Updated": "MeterValuePeriodic"}
        info = {"transactionId": tx} | ({"stoppedReason": reason} if reason else {})
        return self.call.TransactionEvent(
            event_type=kind,
            timestamp=iso(at),
            trigger_reason=trigger.get(kind, "EVDeparted"),
            seq_no=seq,
            transaction_info=info,
            meter_value=values_201(wh, at, record, context),
            offline=offline or None,
            evse={"id": evse} if evse else None,
            id_token={"idToken": token, "type": "ISO14443"} if token else None,
        )

    async def start(self, token="CARD", wh=0, **how):
        """Begin; returns the transaction id and the word about the id_token."""
        record = how.pop("record", None)
        if not self.is_16:
            answer = await self.say(self.start_of(token, wh, record=record, **how))
            info = answer.id_token_info
            return self.last_tx, info["status"] if info else None
        answer = await self.say(self.start_of(token, wh, **how))
        tx = str(answer.transaction_id)
        if record:
            await self.values(tx, wh, record=record, context="Begin")
        return tx, answer.id_tag_info["status"]

    def values_of(self, tx, wh, at_ms=None, record=None, context="Periodic", **how):
        at = self.field.now if at_ms is None else at_ms
        if self.is_16:
            values = values_16(wh, at, record, context)
            return self.call.MeterValues(1, values, transaction_id=int(tx))
        return self.event("Updated", tx, wh, at, record=record, context=context, **how)

    async def values(self, tx, wh, **how):
        return await self.say(self.values_of(tx, wh, **how))

    def stop_of(self, tx, wh, at_ms=None, token="CARD", record=None, reason="Local", **how):
        at = self.field.now if at_ms is None else at_ms
        if self.is_16:
            data = values_16(wh, at, record, "End") if record else None
            return self.call.StopTransaction(
                wh, iso(at), int(tx), reason=reason, id_tag=token, transaction_data=data
            )
        return self.event("Ended", tx, wh, at, token, record, reason=reason, context="End", **how)

    async def stop(self, tx, wh, **how):
        return await self.say(self.stop_of(tx, wh, **how))

    async def charge(self, wh=4_000, minutes=30, begin_wh=0, token="CARD", signed=True, **how):
        """A whole session; returns its transaction id."""
        field, meter = self.field, self.field.meter
        first = meter.sign((field.now, "B", begin_wh * WH)) if signed else None
        tx, _ = await self.start(token, begin_wh, record=first, **how)
        field.wait(minutes)
        last = meter.sign((field.now, "E", (begin_wh + wh) * WH)) if signed else None
        await self.stop(tx, begin_wh + wh, record=last, token=token)
        return tx


@asynccontextmanager
async def running(folder, store=None, clock=None, furnish=True, **what):
    """A house in ``folder``, serving; what is registered follows ``what``."""
    clock = clock or ManualClock(NOON)
    # Stations are read when a test asks for it, so that its frames are its own.
    ocpp_config = OcppConfig(**({"read_configuration": "request"} | what.pop("ocpp", {})))
    config = Config(
        chain=ChainConfig(kind="anvil"),
        ocpp=ocpp_config,
        money=MoneyConfig(hold_minor="10000000"),
        pki=PkiConfig(**what.pop("pki", {})),
        files=what.pop("files", None) or FilesConfig(),
    )
    store = store or WatchedStore.open(folder / "ohmstead.db", TABLES, clock, QUICK)
    house = House(folder, config, store, clock)
    if furnish:
        await store.run(onboarding.set_policy, policy_from(config))
    port = await house.start("127.0.0.1:0")
    field = Field(house, clock, port)
    try:
        if furnish:
            await field.furnish(**what)
        yield field
    finally:
        await house.stop()


def iso(at_ms):
    text = datetime.fromtimestamp(at_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at_ms % 1_000:03d}Z"


def values_16(wh, at, record=None, context="Periodic"):
    where = "Sample.Periodic" if context == "Periodic" else f"Transaction.{context}"
    samples = [{"value": str(wh), "context": where, "unit": "Wh"}] if wh is not None else []
    if record:
        samples.append({"value": record.decode(), "format": "SignedData", "context": where})
    return [{"timestamp": iso(at), "sampledValue": samples}] if samples else []


def values_201(wh, at, record=None, context="Periodic"):
    where = "Sample.Periodic" if context == "Periodic" else f"Transaction.{context}"
    sample = {"value": 0 if wh is None else wh, "context": where, "unitOfMeasure": {"unit": "Wh"}}
    if wh is None:
        return None
    if record:
        sample["signedMeterValue"] = {
            "signedMeterData": base64.b64encode(record).decode(),
            "signingMethod": "ECDSA-secp256r1-SHA256",
            "encodingMethod": "OCMF",
            "publicKey": "",
        }
    return [{"timestamp": iso(at), "sampledValue": [sample]}]


def payload_of(message):
    """The JSON a message of the package becomes."""
    return remove_nones(snake_to_camel_case(serialize_as_dict(message)))


async def ask(socket, message_id, action, payload):
    """Send a CALL on a bare socket and wait for the reply; calls of ours stay unanswered."""
    await socket.send(json.dumps([2, message_id, action, payload]))
    while (frame := json.loads(await asyncio.wait_for(socket.recv(), 10)))[0] == 2:
        pass
    return frame
