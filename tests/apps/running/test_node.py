"""A node that drains says so, and one that handed on has nothing left that another would need."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.cli import up
from ohmstead.apps.cli.serving import Process
from ohmstead.apps.config import Config, parse
from ohmstead.apps.node import Node
from ohmstead.apps.running.control import NAME
from ohmstead.apps.running.takeover import Predecessor
from ohmstead.errors import OperatorError, StoreUnavailable

NOON = 1_790_000_000_000
PATIENCE_S = 30
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


async def test_a_house_that_cannot_be_handed_on_is_opened_again_at_the_same_ports(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(up, "collect_garbage_rarely", lambda: None)  # of this process

    async def broken():
        raise RuntimeError("a defect of ours")

    process = Process(tmp_path, lambda: parse(TEXT, "network.toml"), None, None, lambda _: None)
    running = asyncio.create_task(process.run())
    try:
        before = await where(tmp_path)
        first = process._node
        first.house.hand_on = broken
        successor = await Predecessor.meet(tmp_path, {"http": before, "ocpp": "127.0.0.1:0"})
        with pytest.raises(OperatorError, match="did not let go"):
            await successor.let_go()
        async with asyncio.timeout(PATIENCE_S):
            while process._node is first or not (tmp_path / NAME).exists():
                await asyncio.sleep(0.01)
        assert await where(tmp_path) == before
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            assert (await client.get(f"http://{before}/readyz")).status_code == 200
    finally:
        process._interrupt()
        await running
    assert not (tmp_path / NAME).exists()


async def where(folder):
    """Where the API is, once the house says so."""
    async with asyncio.timeout(PATIENCE_S):
        while not (folder / "run.json").exists():
            await asyncio.sleep(0.01)
    return json.loads((folder / "run.json").read_text())["http"].removeprefix("http://")
