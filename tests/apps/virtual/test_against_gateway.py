"""The virtual station and our own gateway, under uvloop as in production."""

from __future__ import annotations

import asyncio
import json

import pytest
import uvloop

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway.interface import Answered
from ohmstead.apps.gateway.server import Gateway
from ohmstead.apps.virtual.link import UpgradeRefused
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.core.network import Evse, Station
from ohmstead.errors import StoreUnavailable
from ohmstead.wire.ocpp.base import Side
from ohmstead.wire.ocpp.codec import decode_request

AT_MS = 1_790_000_000_000
NOW = "2026-11-20T12:00:00.000Z"
BOTH = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])


class Desk:
    """A Directory and a Peer in one: checks each payload strictly and keeps it."""

    def __init__(self):
        self.said = []
        self.unavailable = 0  # how many of the next transaction messages find no store
        self.open = True
        self.transactions = 0

    def find(self, station_id):
        evse = Evse(1, 11_000)
        return Station(station_id, "", (evse,), "t", ()) if station_id == "ST-1" else None

    def password_ok(self, station, password):
        return password == b"secret:\xff"

    def available(self):
        return self.open

    def peer(self, station, version):
        self.version = version
        return self

    def connected(self, link): ...
    def disconnected(self, link): ...
    def late(self, event): ...

    async def handle(self, call):
        if self.unavailable and call.action in ("StopTransaction", "TransactionEvent"):
            self.unavailable -= 1
            raise StoreUnavailable("the disk is full")
        decode_request(self.version, call.action, call.payload, sender=Side.STATION)
        self.said.append((call.action, json.loads(bytes(call.payload))))
        match call.action:
            case "BootNotification":
                return json.dumps(
                    {"status": "Accepted", "currentTime": NOW, "interval": 300}
                ).encode()
            case "StartTransaction":
                self.transactions += 1
                answer = {"transactionId": self.transactions, "idTagInfo": {"status": "Accepted"}}
                return json.dumps(answer).encode()
            case "Heartbeat":
                return json.dumps({"currentTime": NOW}).encode()
        return b"{}"


def story(version, scenario, password=b"secret:\xff"):
    async def run():
        desk = Desk()
        clock = ManualClock(AT_MS)
        gateway = Gateway(desk, clock, OcppConfig())
        port = await gateway.start("127.0.0.1", 0)
        meter = VirtualMeter.from_seed("seed", "M-1")
        url = f"ws://127.0.0.1:{port}/ocpp"
        station = VirtualStation("ST-1", url, password, version, {1: meter}, clock)
        try:
            async with asyncio.timeout(60):
                await scenario(desk, gateway, station)
        finally:
            await station.close()
            await gateway.stop(1)

    uvloop.run(run())


@BOTH
def test_a_session_passes_the_strictest_reading(version):
    async def scenario(desk, gateway, station):
        await station.connect()
        await station.boot()
        tx = await station.start(1, "DRIVER-1", AT_MS)
        await station.meter_values(tx, 500_000, AT_MS + 1_000, signed=True)
        await station.stop(tx, 900_000, AT_MS + 2_000)
        assert station.refused == []
        assert station.queued == 0
        if version == "1.6":
            kinds = ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
        else:
            kinds = ["TransactionEvent"] * 3
        heard = [action for action, _ in desk.said]
        assert [a for a in heard if a in kinds] == kinds

    story(version, scenario)


@BOTH
def test_a_full_disk_closes_with_1013_and_the_stop_comes_again_word_for_word(version):
    async def scenario(desk, gateway, station):
        await station.connect()
        await station.boot()
        tx = await station.start(1, "DRIVER-1", AT_MS)
        desk.unavailable = 2
        await station.stop(tx, 900_000, AT_MS + 2_000)
        assert desk.unavailable == 0
        assert station.queued == 0
        stops = [
            payload
            for action, payload in desk.said
            if action == "StopTransaction" or payload.get("eventType") == "Ended"
        ]
        assert len(stops) == 1
        assert "offline" not in stops[0]
        assert station.uplink.connections == 3

    story(version, scenario)


@BOTH
def test_a_drop_in_mid_session_loses_nothing(version):
    async def scenario(desk, gateway, station):
        await station.connect()
        await station.boot()
        tx = await station.start(1, "DRIVER-1", AT_MS)
        asked = asyncio.create_task(station.meter_values(tx, 100_000, AT_MS + 1_000))
        await asyncio.sleep(0)  # it is on its way
        await station.drop()
        await asked
        await station.stop(tx, 900_000, AT_MS + 2_000)
        assert station.queued == 2
        await station.connect()
        assert station.queued == 0
        action, last = [s for s in desk.said if s[0] not in ("StatusNotification",)][-1]
        assert last["timestamp"] == "2026-09-21T14:13:22.000Z"
        if version != "1.6":
            assert (last["eventType"], last["offline"], last["seqNo"]) == ("Ended", True, 2)
        else:
            assert action == "StopTransaction"

    story(version, scenario)


def test_a_gateway_that_goes_away_for_long_does_not_hold_up_a_close():
    async def scenario(desk, gateway, station):
        await station.connect()
        await station.boot()
        await gateway.stop(1)
        tx = asyncio.create_task(station.start(1, "DRIVER-1", AT_MS))
        while station.connected:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.5)  # some tries later
        await station.close()
        await tx
        assert station.queued == 2
        assert not station.connected

    story("1.6", scenario)


def test_commands_reach_the_station_and_are_obeyed():
    async def scenario(desk, gateway, station):
        await station.connect()
        await station.boot()
        link = gateway.link("ST-1")
        outcome = await link.call("RemoteStartTransaction", b'{"idTag":"DRIVER-2"}')
        assert outcome == Answered(b'{"status":"Accepted"}')
        while not any(action == "MeterValues" for action, _ in desk.said):
            await asyncio.sleep(0.005)
        tx = station.places[1].transaction
        assert tx.id_token == "DRIVER-2"

    story("1.6", scenario)


def test_a_gateway_without_a_store_is_refused_with_503_and_found_again():
    async def scenario(desk, gateway, station):
        desk.open = False
        with pytest.raises(UpgradeRefused) as refused:
            await station.connect()
        assert refused.value.status == 503
        desk.open = True
        await station.connect()
        assert (await station.boot()).status == "Accepted"

    story("2.0.1", scenario)


def test_a_wrong_password_is_refused_with_401():
    async def scenario(desk, gateway, station):
        with pytest.raises(UpgradeRefused) as refused:
            await station.connect()
        assert refused.value.status == 401

    story("1.6", scenario, password="wrong")
