"""Every command of the API at a virtual station: an answer of its schema, and it lives on."""

from __future__ import annotations

import asyncio
import json
import random

from ohmstead.apps.virtual.link import CsmsRefused
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.wire.ocpp.base import Version
from tests.apps.api.desk import walk
from tests.apps.gateway.floor import until
from tests.apps.stations.field import PASSWORD
from tests.apps.stations.minimal import EVERY, minimal
from tests.apps.virtual.test_every_action import ONLY_21
from tests.apps.virtual.test_station import BOTH
from tests.wire.ocpp.schemas import instance, schemas

FULLNESS = (0.2, 0.5, 1.0)  # how much of what may be absent is there
NOT_DONE = ("NotImplemented", "NotSupported")


def payloads(version, action):
    """The least payload, and fuller ones of the schema's making."""
    rng = random.Random(f"{version}/{action}")
    schema = schemas(Version(version))[f"{action}Request"]
    return [minimal(version, f"{action}Request")] + [
        json.loads(json.dumps(instance(rng, schema, schema, full), default=float))
        for full in FULLNESS
    ]


async def there(desk, station):
    """Wait until a station that is busy with a reset is back."""
    async with asyncio.timeout(20):
        await station.settled()
    await until(lambda: desk.house.queue.is_ready("S"))
    assert await station.heartbeat() > 0


class Listened(VirtualStation):
    """A station whose every refused message is noted: its follow-ups have to be right, too."""

    def __init__(self, *args):
        super().__init__(*args)
        self.told_wrong = []

    async def call(self, action, payload, message_id=""):
        try:
            return await super().call(action, payload, message_id)
        except CsmsRefused as refused:
            self.told_wrong.append((action, payload, str(refused)))
            raise


@BOTH
def test_every_command_is_answered_and_the_station_lives(version, tmp_path):
    broken = []

    async def scenario(desk):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: broken.append(context))
        url = f"ws://127.0.0.1:{desk.field.port}/ocpp"
        meters = {evse: VirtualMeter.from_seed("seed", f"M{evse}") for evse in (1, 2)}
        station = Listened("S", url, PASSWORD, version, meters, desk.field.clock)
        await station.connect()
        await station.boot()
        await there(desk, station)
        for action in (action for one, action in EVERY if one == version):
            answers = []
            for payload in payloads(version, action):
                path = f"/api/v1/stations/S/commands/{action}"
                answer = await desk.host.post(path, json=payload)
                answers.append((answer.status_code, answer.json().get("code", ""), answer.text))
                await there(desk, station)
            wanted = [(502, code) for code in NOT_DONE] if action in ONLY_21 else [(200, "")]
            assert all(one[:2] in wanted for one in answers), (action, answers)
        assert station.told_wrong == []
        await station.close()

    walk(tmp_path, scenario, lenient=False)
    assert broken == []
