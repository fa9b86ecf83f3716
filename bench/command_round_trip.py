"""How long a command takes from the API to a station and back, while 1,000 stations report.

Each command is a POST over HTTP to `/stations/{id}/commands/ChangeAvailability`; it is checked,
written down, sent, answered by the station at once, written down again and answered. Open loop: a
command counts from the moment it was due. Meanwhile every station sends a reading now and then,
each durable before its answer, and waits for no command. The server is `ohmstead up` with its
default configuration. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from bench._network import SMOKE, Loading, Served, cpu_model, loading, prepare, station_id, up
from ohmstead.apps.cli.client import read_key, running

GOAL_P99_MS = 50
READINGS_PER_S = 20 if SMOKE else 1_000
CONNECTIONS = 4 if SMOKE else 32
WARM_UP_S = 0.2 if SMOKE else 3.0
BODY = b'{"connectorId":1,"type":"Operative"}'
REQUEST = (
    b"POST /api/v1/stations/%b/commands/ChangeAvailability HTTP/1.1\r\nHost: %b\r\n"
    b"Authorization: Bearer %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
)


class Desk:
    """HTTP connections that are kept open; each carries one command at a time."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.key = parts.hostname or "", parts.port or 80, key.encode()
        self.free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self.free = asyncio.Queue()
        self.waits_s: list[float] = []

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            self.free.put_nowait(await asyncio.open_connection(self.host, self.port))

    async def command(self, name: str, due_s: float) -> None:
        """Send one; raises RuntimeError for any other answer than the station's."""
        reader, writer = await self.free.get()
        head = (name.encode(), self.host.encode(), self.key, len(BODY), BODY)
        writer.write(REQUEST % head)
        said = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(said.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        self.waits_s.append(time.perf_counter() - due_s)
        self.free.put_nowait((reader, writer))
        if not said.startswith(b"http/1.1 200") or body != b'{"status":"Accepted"}':
            raise RuntimeError(f"{name} answered {said[:40]!r} {body[:300]!r}")

    def close(self) -> None:
        while not self.free.empty():
            self.free.get_nowait()[1].close()


async def commands(desk: Desk, stations: int, seconds: float, per_s: float) -> None:
    """One command after the other to each station in turn, whatever the answers do."""
    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for sent in range(round(seconds * per_s)):
            due_s = began_s + sent / per_s
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            group.create_task(desk.command(station_id(sent * 7 % stations), due_s))


async def measure(
    house: Served, load: Loading, folder: Path, options: argparse.Namespace
) -> dict[str, float]:
    """Return what was seen of the commands and of the readings beside them."""
    desk = Desk(running(folder), read_key(folder, ""))
    await desk.open()

    async def together(seconds: float) -> dict[str, float]:
        desk.waits_s.clear()
        saying = asyncio.to_thread(load.say, f"{seconds} {READINGS_PER_S}")
        seen, _ = await asyncio.gather(
            saying, commands(desk, options.stations, seconds, options.per_s)
        )
        return dict(seen)

    await together(WARM_UP_S)
    cpu_s = house.cpu_s()
    seen = await together(options.seconds)
    cpu_s = house.cpu_s() - cpu_s
    desk.close()
    waits = sorted(desk.waits_s)
    at = {
        f"{name}_ms": round(waits[min(len(waits) * percent // 100, len(waits) - 1)] * 1e3, 2)
        for name, percent in (("p50", 50), ("p99", 99), ("max", 100))
    }
    readings = {f"readings_{name}": seen[name] for name in ("answered", "refused", "p99_ms")}
    core = {"server_cpu_of_one_core": round(cpu_s / seen["real_s"], 2)}
    return {"commands": len(waits), **at, **readings, **core}


def main() -> None:
    """Measure, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=20 if SMOKE else 1_000)
    parser.add_argument("--seconds", type=float, default=0.5 if SMOKE else 15)
    parser.add_argument("--per-s", type=float, default=20 if SMOKE else 100)
    options = parser.parse_args()
    frames = 2 + round((options.seconds + WARM_UP_S) * READINGS_PER_S * 2 / options.stations)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.stations)
        with (
            up(folder) as house,
            loading(house, "meter_values", options.stations, frames) as load,
        ):
            seen = uvloop.run(measure(house, load, folder, options))
    if seen["readings_refused"]:
        raise RuntimeError(f"{seen['readings_refused']} readings were refused")
    line: dict[str, object] = {
        "bench": "command_round_trip",
        "value": seen["p99_ms"],
        "unit": f"ms, p99 from POST to the station's answer, {options.per_s:g} commands a second",
        "goal": {"p99_ms": GOAL_P99_MS},
        "reached": seen["p99_ms"] <= GOAL_P99_MS,
        **seen,
        "stations": options.stations,
        "readings_per_s": READINGS_PER_S,
        "notes": "open loop, from the moment a command was due; loopback, no TLS; load, stations "
        "and HTTP clients on the same two cores as the server",
        "load_average": round(os.getloadavg()[0], 2),
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
