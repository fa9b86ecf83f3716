"""The load: stations in one process that keep a server busy, each with one CALL under way.

    python -m bench._load PORT WORKLOAD STATIONS FRAMES

Makes FRAMES for each station, connects, prints "ready". Then each line it reads is one phase:
``SECONDS`` is a closed loop, ``SECONDS RATE`` sends at that rate whatever the answers do; it prints
what was answered as one line of JSON. With ``acked`` as the line it prints the ids answered so far.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import time
from datetime import UTC, datetime

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench._frames import BEFORE_NOW, WORKLOADS, Workload, meter_values, start_frame
from bench._network import PASSWORD, station_id

TEXT = WSMsgType.TEXT
CONNECTING_MAX = 50
TICK_S = 0.001


class Station(WSListener):
    """One station: what it has to send, and when the call under way left."""

    def __init__(self, number: int, load: Load) -> None:
        self.number, self.load = number, load
        self.frames: list[bytes] = []
        self.sent_s = 0.0
        self.asked: asyncio.Future[bytes] | None = None
        self.busy = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not TEXT:
            return
        data = frame.get_payload_as_bytes()
        if data[1:2] == b"2":
            self.obey(data)
            return
        if self.asked is not None:
            self.asked.set_result(data)
            self.asked = None
            return
        self.busy = False
        self.load.answered(self, data)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.load.lost()

    def obey(self, data: bytes) -> None:
        """Accept a command at once, whatever calls of its own are under way (behaviour 2)."""
        at = data.index(b'"') + 1
        answer = b'[3,"%b",{"status":"Accepted"}]' % data[at : data.index(b'"', at)]
        self.transport.send(TEXT, answer)

    async def ask(self, frame: bytes) -> bytes:
        asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.asked = asked
        self.transport.send(TEXT, frame)
        answer = await asked
        if answer[1:2] != b"3":
            raise RuntimeError(f"station {self.number} was refused: {answer!r}")
        return answer

    def send_next(self, due_s: float = 0) -> None:
        if self.frames:
            self.busy = True
            self.sent_s = due_s or time.perf_counter()
            self.transport.send(TEXT, self.frames.pop())


class Load:
    """All stations of this process."""

    def __init__(self, port: int, workload: Workload, frames: int) -> None:
        self.port, self.workload, self.frames = port, workload, frames
        self.stations: list[Station] = []
        self.waits_s: list[float] = []
        self.acked: list[str] = []
        self.refused = 0
        self.overrun = 0
        self.closed_loop = False
        self.is_lost = False

    def lost(self) -> None:
        self.is_lost = True

    def answered(self, station: Station, data: bytes) -> None:
        self.waits_s.append(time.perf_counter() - station.sent_s)
        if data[1:2] == b"3":
            self.acked.append(data[4 : data.index(b'"', 4)].decode())
        else:
            self.refused += 1
            print(f"refused: {data[:200]!r}", file=sys.stderr, flush=True)
        if self.closed_loop:
            station.send_next()

    async def connect(self, number: int) -> None:
        name, workload = station_id(number), self.workload
        credentials = base64.b64encode(name.encode() + b":" + PASSWORD).decode()
        headers = {
            "Sec-WebSocket-Protocol": workload.subprotocol,
            "Authorization": f"Basic {credentials}",
        }
        url = f"ws://127.0.0.1:{self.port}/ocpp/{name}"
        station = Station(number, self)
        await ws_connect(lambda: station, url, extra_headers=headers)
        await station.ask(workload.boot)
        if workload.frames is not None:
            frames = workload.frames(number, self.frames)
            if workload.begins:
                await station.ask(next(frames))
        else:
            begun = datetime.now(UTC) - BEFORE_NOW
            started = json.loads(await station.ask(start_frame(number, begun)))[2]
            frames = meter_values(number, started["transactionId"], begun, self.frames)
        station.frames = list(frames)[::-1]
        self.stations.append(station)

    async def phase(self, seconds: float, per_s: float) -> dict[str, float]:
        """Send for some seconds, wait for what is under way, and say what was seen."""
        self.waits_s.clear()
        self.overrun = 0
        began_s = time.perf_counter()
        if per_s:
            await self._at_a_rate(began_s, seconds, per_s)
        else:
            await self._one_after_the_other(seconds)
        real_s = time.perf_counter() - began_s
        while any(station.busy for station in self.stations) and not self.is_lost:
            await asyncio.sleep(TICK_S)
        # What could not even be sent waited at least as long as anything.
        waits = sorted(self.waits_s + [seconds] * self.overrun)
        seen = {"answered": len(self.waits_s), "refused": self.refused, "real_s": real_s}
        if per_s:
            seen["overrun"] = self.overrun
        for name, percent in (("p50_ms", 50), ("p99_ms", 99), ("max_ms", 100)):
            at = min(len(waits) * percent // 100, len(waits) - 1)
            seen[name] = round(waits[at] * 1e3, 2) if waits else -1
        return seen

    async def _one_after_the_other(self, seconds: float) -> None:
        """Closed loop: each station sends its next frame when the last one is answered."""
        self.closed_loop = True
        for station in self.stations:
            station.send_next()
        ends_s = time.perf_counter() + seconds
        while time.perf_counter() < ends_s and not self.is_lost:
            await asyncio.sleep(0.01)
        self.closed_loop = False

    async def _at_a_rate(self, began_s: float, seconds: float, per_s: float) -> None:
        """Open loop: a frame counts from when it was due. A station that still waits is passed
        over, and the next one sends; there must be enough of them."""
        at = 0
        for sent in range(round(seconds * per_s)):
            due_s = began_s + sent / per_s
            while time.perf_counter() < due_s:
                await asyncio.sleep(TICK_S)
            for _ in self.stations:
                station = self.stations[at % len(self.stations)]
                at += 1
                if not station.busy:
                    station.send_next(due_s)
                    break
            else:
                self.overrun += 1  # never sent: every station still waits for an answer


async def main(port: int, workload: str, stations: int, frames: int) -> None:
    load = Load(port, WORKLOADS[workload], frames)
    gate = asyncio.Semaphore(CONNECTING_MAX)

    async def one(number: int) -> None:
        async with gate:
            await load.connect(number)

    await asyncio.gather(*(one(number) for number in range(stations)))
    print("ready", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).split():
        if line == ["acked"]:
            print(json.dumps(load.acked), flush=True)
        else:
            seconds, per_s = float(line[0]), float(line[1]) if len(line) > 1 else 0.0
            print(json.dumps(await load.phase(seconds, per_s)), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
