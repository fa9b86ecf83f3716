"""docs/recipes/answer-a-vendors-message.md does what it says, as it is written there."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

from ohmstead.apps import config as configuration
from tests.apps.stations.field import V16, V21, V201
from tests.apps.transfers.test_hooks import house_with, say

PAGE = Path(__file__).parents[3] / "docs" / "recipes" / "answer-a-vendors-message.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
DEADLINE_S = 20


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_receiver_of_the_recipe_answers_and_checks_the_signature(tmp_path):
    (toml, receiver) = BLOCKS[0][1], BLOCKS[1][1]
    port = free_port()
    found = configuration.parse(toml.replace("8099", str(port)).encode(), "network.toml")

    async def scenario():
        async with house_with(tmp_path, *found.data_transfer, allow=found.webhooks.allow) as field:
            (one,) = field.house.hooks.hooks
            env = {"HOOK_SECRET": field.house.hooks.secret_text(one.config), "PORT": str(port)}
            serving = subprocess.Popen(
                [sys.executable, "-c", receiver], env=env, stderr=subprocess.DEVNULL
            )
            try:
                await listening(port)
                for version in (V16, V201, V21):
                    async with field.station(version) as station:
                        answer = await say(station, "x", "SolarForecast")
                        told = {"station": "S", "kw": 4}
                        text = '{"station":"S","kw":4}'
                        assert answer["data"] == (text if version == V16 else told)
                        other = await say(station, "x", "Weather")
                        assert other["status"] == "UnknownMessageId"
                field.house.hooks._pepper = b"another house"
                async with field.station(V201) as station:
                    assert (await say(station, "x", "SolarForecast"))["status"] == "Rejected"
                    assert "401" in one.problem
            finally:
                serving.kill()
                serving.wait(DEADLINE_S)

    asyncio.run(scenario())


async def listening(port):
    for _ in range(DEADLINE_S * 20):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.05)
    raise AssertionError("the receiver of the recipe never listened")
