"""A node that drains says so, and one that handed on has nothing left that another would need."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.cli.serving import Process
from ohmstead.apps.config import Config, parse
from ohmstead.apps.node import Node
from ohmstead.errors import StoreUnavailable

NOON = 1_790_000_000_000
TEXT = b"[chain]\nkind = 'none'\n[http]\nbind = '127.0.0.1:0'\n[ocpp]\nbind = '127.0.0.1:0'\n"


async def opened(folder):
    return await Node.open(folder, clock=ManualClock(NOON), config=parse(TEXT, "network.toml"))


async def ready(ports):
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.get(f"http://127.0.0.1:{ports.http}/readyz")
    return answer.status_code, answer.json()


async def test_a_node_that_drains_says_so_while_it_still_answers(tmp_path):
    node = await opened(tmp_path)
    try:
        ports = await node.start()
        assert await ready(ports) == (200, {"status": "ready"})
        await node.drain(asyncio.Event())
        status, problem = await ready(ports)
        assert status == 503
        assert "draining" in problem["type"]
    finally:
        await node.stop()


async def test_the_next_node_goes_on_at_the_same_ports_once_the_store_is_let_go(tmp_path):
    before = await opened(tmp_path)
    ports = await before.start()
    with pytest.raises(StoreUnavailable, match="in use"):
        await opened(tmp_path)
    handed = before.listening()
    await before.hand_on()
    waiting = asyncio.create_task(ready(ports))  # in the kernel's queue
    after = await opened(tmp_path)
    try:
        again = await after.start(handed=handed)
        assert again == ports
        assert await waiting == (200, {"status": "ready"})
        await before.fade(asyncio.Event())
        assert await ready(ports) == (200, {"status": "ready"})
    finally:
        await after.stop()
    with pytest.raises(httpx.ConnectError):
        await ready(ports)


async def test_a_second_sigterm_hastens_and_ctrl_c_does_not_wait(tmp_path):
    def process():
        return Process(tmp_path, Config, None, None, lambda _: None)

    patient = process()
    patient._terminate()
    assert (patient._stop.is_set(), patient._hurry.is_set()) == (True, False)
    patient._terminate()
    assert patient._hurry.is_set()
    hasty = process()
    hasty._interrupt()
    assert (hasty._stop.is_set(), hasty._hurry.is_set()) == (True, True)
    hasty._hang_up()  # before it serves: said in the log, and nothing else
