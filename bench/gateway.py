"""What a message costs in the gateway: CPU of its process for each CALL that is answered.

A second process keeps some stations busy over loopback, each sending the next TransactionEvent
when the last is answered. Measured are a handler that answers at once, one that has to wait (as
for a commit), and for comparison a bare picows server that only echoes. What the gateway adds is
the difference from the bare server. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway import Gateway
from ohmstead.core.network import Station
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.frames import CallReceived

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, as make does

from bench.idle import ImitatedDirectory, ImitatedPeer, masked, open_one

GOAL_US = 25
EVENT = (
    b'[2,"%d-%d","TransactionEvent",{"eventType":"Updated","timestamp":"2026-11-20T18:00:00Z",'
    b'"triggerReason":"MeterValuePeriodic","seqNo":%d,"transactionInfo":{"transactionId":"tx-1",'
    b'"chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":'
    b'"2026-11-20T18:00:00Z","sampledValue":[{"value":1234.5,"measurand":"Energy.Active.Import.'
    b'Register","unitOfMeasure":{"unit":"Wh"}},{"value":11040.0,"measurand":"Power.Active.Import"'
    b"}]}]}]"
)


class WaitingPeer(ImitatedPeer):
    """Waits for one turn of the loop before it answers, as for a commit that is quick."""

    __slots__ = ()

    async def handle(self, call: CallReceived) -> bytes:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
        return b"{}"


class WaitingDirectory(ImitatedDirectory):
    """Gives every station a peer that waits."""

    def peer(self, station: Station, version: Version) -> ImitatedPeer:
        return WaitingPeer()


class Echo(WSListener):
    """The floor: a frame in, an answer out, nothing read."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, b'[3,"' + frame.get_payload_as_bytes()[4:8] + b'",{}]')


def echo(_: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    response = WSUpgradeResponse.create_101_response([("Sec-WebSocket-Protocol", "ocpp2.0.1")])
    return WSUpgradeResponseWithListener(response, Echo())


class Busy(asyncio.Protocol):
    """A station that sends the next event when the last one is answered."""

    def __init__(self, number: int, count: int) -> None:
        self.number, self.count, self.sent = number, count, 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.send()

    def send(self) -> None:
        if self.sent == self.count:
            self.done.set_result(None)
            return
        self.sent += 1
        self.transport.write(masked(EVENT % (self.number, self.sent, self.sent)))


async def stations(port: int, count: int, messages: int) -> None:
    """The second process: connect, say so, wait for the word, send everything, say so."""
    busy = []
    for number in range(count):
        writer = await open_one(port, number)
        protocol = Busy(number, messages)
        writer.transport.set_protocol(protocol)
        protocol.transport = writer.transport
        busy.append((writer, protocol))
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for _, protocol in busy:
        protocol.send()
    await asyncio.gather(*(protocol.done for _, protocol in busy))
    print("done", flush=True)


async def cost_us(port: int, count: int, messages: int) -> dict[str, float]:
    """Return this process's CPU for each message, in microseconds, and messages per second."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--port", str(port)),
        *("--stations", str(count), "--messages", str(messages)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None and child.stdin is not None
    await child.stdout.readline()
    cpu_s, real_s = time.process_time(), time.monotonic()
    child.stdin.write(b"go\n")
    if await child.stdout.readline() != b"done\n":
        raise RuntimeError("the stations did not get all their answers")
    cpu_s, real_s = time.process_time() - cpu_s, time.monotonic() - real_s
    await child.wait()
    total = count * messages
    return {"cpu_us": cpu_s / total * 1e6, "per_s": total / real_s}


async def measure(count: int, messages: int, rounds: int) -> None:
    """Take the best of some rounds of each, print."""
    ports: dict[str, int] = {}
    server = await ws_create_server(echo, "127.0.0.1", 0, read_buffer_init_size=2_048)
    ports["bare_echo"] = server.sockets[0].getsockname()[1]
    gateways = []
    directories: dict[str, Callable[[], ImitatedDirectory]] = {
        "at_once": ImitatedDirectory,
        "waiting": WaitingDirectory,
    }
    for name, directory in directories.items():
        gateway = Gateway(directory(), SystemClock(), OcppConfig())
        ports[name] = await gateway.start("127.0.0.1", 0)
        gateways.append(gateway)
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name, port in ports.items():
            seen = await cost_us(port, count, messages)
            if name not in best or seen["cpu_us"] < best[name]["cpu_us"]:
                best[name] = seen
    for gateway in gateways:
        await gateway.stop()
    overhead_us = best["waiting"]["cpu_us"] - best["bare_echo"]["cpu_us"]
    line: dict[str, object] = {"bench": "gateway", "stations": count, "messages": messages}
    for name, seen in best.items():
        line[name] = {"cpu_us": round(seen["cpu_us"], 1), "per_s": round(seen["per_s"])}
    line |= {
        "overhead_at_once_us": round(best["at_once"]["cpu_us"] - best["bare_echo"]["cpu_us"], 1),
        "overhead_waiting_us": round(overhead_us, 1),
        "python": platform.python_version(),
        "goal": {"overhead_waiting_us": GOAL_US},
        "reached": overhead_us <= GOAL_US,
    }
    print(json.dumps(line))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=50)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    if options.port:
        uvloop.run(stations(options.port, options.stations, options.messages))
    else:
        uvloop.run(measure(options.stations, options.messages, options.rounds))


if __name__ == "__main__":
    main()
