"""The load: stations in one process that keep a server busy, each with one CALL under way.

    python -m bench._load PORT WORKLOAD STATIONS SECONDS [RATE]

Reads a line before each of its phases and prints one after it, so that whoever started it can look
at the server's processor time in between. A workload makes each station's frames before the
clock starts; WORKLOAD is one of WORKLOADS below.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench._network import PASSWORD, RATED_W, id_tag, station_id

TEXT, CLOSE = WSMsgType.TEXT, WSMsgType.CLOSE
INTERVAL_S = 60
FRAMES_MAX = 3_000  # of one station
BOOT = b'[2,"boot","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"Load"}]'
START = (
    b'[2,"start","StartTransaction",{"connectorId":1,"idTag":"%b","meterStart":0,"timestamp":"%b"}]'
)
METER_VALUES = (
    b'[2,"%d-%d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%b",'
    b'"sampledValue":[{"value":"%d","context":"Sample.Periodic","format":"Raw","measurand":'
    b'"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"},'
    b'{"value":"21980.5","measurand":"Power.Active.Import","unit":"W"},'
    b'{"value":"31.8","measurand":"Current.Import","phase":"L1","unit":"A"},'
    b'{"value":"230.2","measurand":"Voltage","phase":"L1","unit":"V"},'
    b'{"value":"54","measurand":"SoC","location":"EV","unit":"Percent"}]}]}]'
)


def time_text(moment: datetime) -> bytes:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z".encode()


def meter_values(number: int, transaction: int, begun: datetime) -> Iterator[bytes]:
    """Plain readings, one each minute, at the rated power."""
    step_wh = RATED_W // 60
    for at in range(1, FRAMES_MAX + 1):
        moment = time_text(begun + timedelta(seconds=at * INTERVAL_S))
        yield METER_VALUES % (number, at, transaction, moment, at * step_wh)


Frames = Callable[[int, int, datetime], Iterator[bytes]]
WORKLOADS: dict[str, Frames] = {"meter_values": meter_values}


class Station(WSListener):
    """One station: what it has to send, and when the call under way left."""

    def __init__(self, number: int, load: Load) -> None:
        self.number, self.load = number, load
        self.frames: list[bytes] = []
        self.sent_s = 0.0
        self.answer: asyncio.Future[bytes] | None = None
        self.busy = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is TEXT:
            self.answered(frame.get_payload_as_bytes())
        elif frame.msg_type is CLOSE:
            self.load.fail(f"station {self.number} was closed: {frame.get_close_message()!r}")

    def answered(self, data: bytes) -> None:
        if data[1:2] != b"3":
            self.load.fail(f"station {self.number} was refused: {data!r}")
        elif self.answer is not None:
            self.answer.set_result(data)
            self.answer = None
        else:
            self.busy = False
            self.load.count(self)

    async def ask(self, frame: bytes) -> bytes:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.send(TEXT, frame)
        return await self.answer

    def send_next(self) -> None:
        if self.frames:
            self.busy = True
            self.sent_s = time.perf_counter()
            self.transport.send(TEXT, self.frames.pop())


class Load:
    """All stations of this process."""

    def __init__(self, port: int, frames: Frames) -> None:
        self.port, self.frames = port, frames
        self.stations: list[Station] = []
        self.waits_s: list[float] = []
        self.running = False

    def fail(self, why: str) -> None:
        if self.running:
            print(why, file=sys.stderr, flush=True)
            raise SystemExit(why)

    def count(self, station: Station) -> None:
        self.waits_s.append(time.perf_counter() - station.sent_s)
        if self.running:
            station.send_next()

    async def connect(self, number: int) -> None:
        name = station_id(number)
        credentials = base64.b64encode(name.encode() + b":" + PASSWORD).decode()
        headers = {
            "Sec-WebSocket-Protocol": "ocpp1.6",
            "Authorization": f"Basic {credentials}",
        }
        url = f"ws://127.0.0.1:{self.port}/ocpp/{name}"
        _, station = await ws_connect(lambda: Station(number, self), url, extra_headers=headers)
        await station.ask(BOOT)
        begun = datetime.now(UTC)
        tag = id_tag(number).encode()
        started = json.loads(await station.ask(START % (tag, time_text(begun))))[2]
        frames = list(self.frames(number, started["transactionId"], begun))
        station.frames = frames[::-1]
        self.stations.append(station)

    async def closed_loop(self, seconds: float) -> None:
        """Each station sends its next frame when the last one is answered."""
        self.running = True
        for station in self.stations:
            station.send_next()
        await asyncio.sleep(seconds)
        self.running = False
        while any(station.busy for station in self.stations):
            await asyncio.sleep(0.005)


async def told() -> str:
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


async def main(port: int, workload: str, stations: int, seconds: float) -> None:
    load = Load(port, WORKLOADS[workload])
    gate = asyncio.Semaphore(50)

    async def one(number: int) -> None:
        async with gate:
            await load.connect(number)

    await asyncio.gather(*(one(number) for number in range(stations)))
    print("ready", flush=True)
    while await told():
        load.waits_s.clear()
        began_s = time.perf_counter()
        await load.closed_loop(seconds)
        real_s = time.perf_counter() - began_s
        waits = sorted(load.waits_s)
        ends = {"p50_ms": len(waits) // 2, "p99_ms": len(waits) * 99 // 100}
        seen = {name: round(waits[at] * 1e3, 2) for name, at in ends.items()}
        print(json.dumps({"answered": len(waits), "real_s": real_s, **seen}), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
