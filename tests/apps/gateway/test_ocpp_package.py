"""An independent station, the ChargePoint of the ``ocpp`` package, talks with the gateway."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import ocpp.exceptions
import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on

from ohmstead.apps.gateway import Answered, Refused
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from tests.apps.gateway.floor import TestDirectory, TestPeer, serving

TIME = "2026-11-20T18:00:00Z"


class Answers(TestPeer):
    """Answers what its station says; knows nothing about charging."""

    __test__ = False

    async def handle(self, call):
        self.handled.append(call)
        match call.action:
            case "BootNotification":
                return b'{"status":"Accepted","currentTime":"%b","interval":300}' % TIME.encode()
            case "Heartbeat":
                await asyncio.sleep(0)
                return b'{"currentTime":"%b"}' % TIME.encode()
        raise CallRefused(ErrorCode.NOT_SUPPORTED, "not here")


class Station16(ocpp.v16.ChargePoint):
    @on("Reset")
    def reset(self, type):
        return ocpp.v16.call_result.Reset("Accepted")


class Station21(ocpp.v21.ChargePoint):
    @on("Reset")
    def reset(self, type, **_):
        return ocpp.v21.call_result.Reset("Scheduled")

    @on("ClearCache")
    def clear_cache(self, **_):
        # The package itself leaves unanswered in 2.1 what it has no handler for.
        raise ocpp.exceptions.NotImplementedError


class Station201(ocpp.v201.ChargePoint):
    @on("Reset")
    def reset(self, type, **_):
        return ocpp.v201.call_result.Reset("Scheduled")


@asynccontextmanager
async def charge_point(floor, kind, protocol):
    async with floor.station("S1", protocols=[protocol]) as socket:
        point = kind("S1", socket)
        reading = asyncio.create_task(point.start())
        try:
            yield point
        finally:
            reading.cancel()


CASES = [
    pytest.param(ocpp.v16, Station16, "ocpp1.6", {"type": "Soft"}, "Accepted", id="1.6"),
    pytest.param(ocpp.v201, Station201, "ocpp2.0.1", {"type": "OnIdle"}, "Scheduled", id="2.0.1"),
    pytest.param(ocpp.v21, Station21, "ocpp2.1", {"type": "OnIdle"}, "Scheduled", id="2.1"),
]


def boot(version):
    if version is ocpp.v16:
        return version.call.BootNotification("Model", "Vendor")
    return version.call.BootNotification({"model": "Model", "vendorName": "Vendor"}, "PowerUp")


@pytest.mark.parametrize(("version", "kind", "protocol", "reset", "status"), CASES)
async def test_a_charge_point_of_another_house_boots_beats_and_is_reset(
    version, kind, protocol, reset, status
):
    async with serving(TestDirectory(Answers)) as floor:
        async with charge_point(floor, kind, protocol) as point:
            answer = await point.call(boot(version))
            assert (answer.status, answer.interval) == ("Accepted", 300)
            link = floor.gateway.link("S1")
            beats = asyncio.create_task(heartbeats(version, point))
            for _ in range(5):
                outcome = await link.call("Reset", json.dumps(reset).encode())
                assert isinstance(outcome, Answered)
                assert json.loads(outcome.payload) == {"status": status}
            outcome = await link.call("ClearCache", b"{}")
            assert isinstance(outcome, Refused)
            assert outcome.code is ErrorCode.NOT_IMPLEMENTED
            assert await beats == [TIME] * 5
            with pytest.raises(ocpp.exceptions.NotSupportedError):
                await point.call(version.call.DataTransfer("Vendor"), suppress=False)
        assert len(floor.peer().handled) == 7


async def heartbeats(version, point):
    return [(await point.call(version.call.Heartbeat())).current_time for _ in range(5)]
