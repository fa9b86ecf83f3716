"""A gateway that stops lets its stations go one after the other, and loses no call of theirs."""

from __future__ import annotations

import asyncio
import json

import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway import Certificates, Gateway
from ohmstead.apps.gateway.draining import CLOSED_PER_S, in_turn, spread_s
from tests.apps.gateway.floor import NOW_MS, QUICK, Floor, serving, upgrade_headers
from tests.apps.gateway.pki import Pki
from tests.apps.gateway.test_tls import tls_floor

PATIENCE_S = 10


def call(message_id, action="Echo", payload=None):
    return json.dumps([2, message_id, action, payload or {}])


async def answer(station):
    return json.loads(await asyncio.wait_for(station.recv(), PATIENCE_S))


async def code_of(station):
    """The close code the station is told."""
    with pytest.raises(websockets.ConnectionClosed):
        while True:
            await asyncio.wait_for(station.recv(), PATIENCE_S)
    return station.close_code


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


class Many:
    """Connected stations, and the order in which they were let go."""

    def __init__(self, floor, count):
        self._floor, self._count = floor, count

    async def __aenter__(self):
        self.stations = [await self._floor.station(f"S{n}") for n in range(self._count)]
        return self.stations

    async def __aexit__(self, *_):
        for station in self.stations:
            await station.close()


async def test_a_drain_closes_every_socket_with_1012_and_refuses_newcomers_with_a_time_to_wait():
    async with serving() as floor, Many(floor, 5) as stations:
        await floor.gateway.drain(30, asyncio.Event())
        assert [await code_of(station) for station in stations] == [1012] * 5
        status, headers, body = await floor.request("/ocpp/S1", *upgrade_headers("S1"))
        assert (status, body) == (503, "the server is restarting\n")
        assert 1 <= int(headers["retry-after"]) <= 2


async def test_who_is_not_yet_let_go_is_served():
    hurry = asyncio.Event()
    async with serving() as floor, Many(floor, 4) as stations:
        draining = asyncio.create_task(floor.gateway.drain(3_600, hurry))
        await until(lambda: len(floor.gateway.connected()) < 4)
        for station in stations:
            try:
                await station.send(call("1", payload={"n": 7}))
                assert await answer(station) == [3, "1", {"n": 7}]
            except websockets.ConnectionClosed:
                assert station.close_code == 1012
        hurry.set()
        await draining
        assert {await code_of(station) for station in stations} == {1012}


async def test_the_call_being_worked_on_is_answered_before_its_socket_is_closed():
    async with serving() as floor, floor.station("S1") as busy:
        slow = floor.peer()
        await busy.send(call("1", "Slow", {"n": 1}))
        await until(lambda: slow.gate is not None)
        await floor.gateway.drain(0, asyncio.Event())
        assert len(floor.gateway.connected()) == 1
        slow.gate.set()
        assert await answer(busy) == [3, "1", {"n": 1}]
        assert await code_of(busy) == 1012


async def test_what_is_handed_on_is_accepted_by_the_next_and_calls_are_kept_for_it():
    async with serving() as floor, floor.station("S1") as busy, floor.station("S2") as idle:
        slow = floor.directory.peers[0]
        await busy.send(call("1", "Slow", {"n": 1}))
        await until(lambda: slow.gate is not None)
        listening = floor.gateway.listening()
        handing = asyncio.create_task(floor.gateway.hand_on(30))
        await until(lambda: floor.gateway._registry.handed_on)
        knocking = asyncio.create_task(connected(floor, "S3"))  # nobody accepts it yet
        slow.gate.set()
        await handing
        assert await answer(busy) == [3, "1", {"n": 1}]  # decided here, so answered here
        floor.directory.stored = False  # the store is the successor's now
        await asyncio.sleep(3 * QUICK.sweep_ms / 1_000)
        await idle.send(call("2", payload={"n": 2}))
        assert await code_of(idle) == 1012  # unanswered: it asks again
        assert [heard.action for heard in slow.handled] == ["Slow"]
        assert floor.directory.peers[1].handled == []

        after = type(floor.directory)()
        gateway = Gateway(after, ManualClock(NOW_MS), OcppConfig(), QUICK)
        port = await gateway.start("127.0.0.1", 0, listening["ocpp"])
        assert port == floor.port
        next_floor = Floor(gateway, after, port)
        try:
            newcomer = await asyncio.wait_for(knocking, PATIENCE_S)
            async with next_floor.station("S2") as again:
                await again.send(call("2", payload={"n": 2}))
                assert await answer(again) == [3, "2", {"n": 2}]
            await newcomer.send(call("3", payload={"n": 3}))
            assert await answer(newcomer) == [3, "3", {"n": 3}]
            await newcomer.close()
            await floor.gateway.drain(0, asyncio.Event())
            assert await code_of(busy) == 1012
        finally:
            await gateway.stop(1)


async def test_a_listener_with_tls_is_handed_on_like_the_plain_one(tmp_path):
    pki = Pki(tmp_path)
    async with tls_floor(pki) as floor, floor.station("S1", ssl=pki.client()) as old:
        listening = floor.gateway.listening()
        await floor.gateway.hand_on(1)
        knocking = asyncio.create_task(connected(floor, "S2", ssl=pki.client()))
        after = type(floor.directory)()
        gateway = Gateway(after, ManualClock(NOW_MS), floor.gateway._config, QUICK)
        try:
            certificates = Certificates(floor.gateway._config.tls, tmp_path)
            assert await gateway.start("127.0.0.1", 0, listening["ocpp"]) == floor.port
            port = await gateway.start_tls("127.0.0.1", 0, certificates, listening["ocpp_tls"])
            assert port == floor.tls_port
            newcomer = await asyncio.wait_for(knocking, PATIENCE_S)
            await newcomer.send(call("1", payload={"n": 1}))
            assert await answer(newcomer) == [3, "1", {"n": 1}]
            assert gateway.connected()[0].profile == 2
            await old.send(call("2"))
            assert await code_of(old) == 1012
            await newcomer.close()
        finally:
            await gateway.stop(1)


async def connected(floor, name, **options):
    return await floor.station(name, **options)


async def test_a_handler_that_does_not_end_does_not_keep_the_successor_waiting():
    async with serving() as floor, floor.station("S1") as busy:
        await busy.send(call("1", "Slow"))
        await until(lambda: floor.peer().gate is not None)
        await floor.gateway.hand_on(0.02)
        assert not floor.gateway._registry.work
        await busy.send(call("2"))
        assert await code_of(busy) == 1012  # and no answer before it


def test_a_few_stations_are_not_spread_over_the_time_a_fleet_needs():
    assert spread_s(0, 30) == 0
    assert spread_s(10, 30) == 10 / CLOSED_PER_S
    assert spread_s(100_000, 30) == 30


@given(st.integers(0, 60), st.floats(0, 0.005), st.booleans())
def test_everybody_leaves_once_whatever_the_haste(count, seconds, is_hurried):
    gone = []

    async def drain():
        hurry = asyncio.Event()
        if is_hurried:
            hurry.set()
        await in_turn(range(count), seconds, hurry, gone.append)

    asyncio.run(drain())
    assert gone == list(range(count))
