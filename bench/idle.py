"""What an idle station costs: real WebSockets over loopback, opened by a second process.

Each station logs in, boots and reports its status, so that the session state of a connection and
the memory of its answers are in the figure; then nothing happens and the resident set of the
gateway's process is compared with that before. A second pass on the warm process shows what is
left behind by connections that have ended. The same again over TLS 1.3. A last
figure is of `ohmstead up` itself, each station in a transaction with readings: handlers, presence,
session, money and cached records included. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import os
import platform
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import structlog
import uvloop

from bench._network import loading, prepare, up
from bench._tls import client_context, issue
from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.config import OcppConfig, TlsConfig
from ohmstead.apps.gateway import Certificates, Gateway, Link
from ohmstead.apps.gateway.interface import CertificateWord, Stranger, Turned
from ohmstead.core.network import Station
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.frames import CallReceived, LateError, LateResult

GOAL_KB = 32
GOAL_TLS_KB = 70
READINGS = 3
SETTLING_S = 2.0
PASSWORD = b"p" * 40
MESSAGES = (
    b'[2,"%d-boot","BootNotification",{"reason":"PowerUp","chargingStation":'
    b'{"model":"M","vendorName":"V"}}]',
    b'[2,"%d-status","StatusNotification",{"timestamp":"2026-11-20T18:00:00Z",'
    b'"connectorStatus":"Available","evseId":1,"connectorId":1}]',
    b'[2,"%d-beat","Heartbeat",{}]',
)


class ImitatedPeer:
    """Answers {} to everything: the handlers' own state is not measured here."""

    __slots__ = ("_link",)

    async def handle(self, call: CallReceived) -> bytes:
        return b"{}"

    def connected(self, link: Link) -> None:
        self._link = link

    def disconnected(self, link: Link) -> None: ...

    def late(self, event: LateResult | LateError) -> None: ...


class ImitatedDirectory:
    """Knows every station, with one password."""

    def certificate_word(self, station_id: str, der: bytes) -> CertificateWord:
        return CertificateWord.GOOD

    def find(self, station_id: str) -> Station:
        return Station(station_id, "", (), "", ())

    def meet(self, stranger: Stranger) -> Turned:
        return Turned.UNKNOWN

    def password_ok(self, station: Station, password: bytes) -> bool:
        return password == PASSWORD

    def peer(self, station: Station, version: Version) -> ImitatedPeer:
        return ImitatedPeer()

    def available(self) -> bool:
        return True


def masked(text: bytes) -> bytes:
    """One client frame; a mask of zeros is a mask."""
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


async def open_one(
    port: int, number: int, context: ssl.SSLContext | None = None
) -> asyncio.StreamWriter:
    """Connect, log in, boot, report a status and beat once, each answered before the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4_096, ssl=context)
    name = f"station-{number:06}"
    credentials = base64.b64encode(name.encode() + b":" + PASSWORD).decode()
    writer.write(
        f"GET /ocpp/{name} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
        f"Sec-WebSocket-Protocol: ocpp2.0.1\r\nAuthorization: Basic {credentials}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"station {number} was not let in: {head!r}")
    for message in MESSAGES:
        writer.write(masked(message % number))
        await reader.readexactly((await reader.readexactly(2))[1])
    return writer


async def stations(port: int, count: int, at_once: int, certificate: str) -> None:
    """The second process: open all, say so, and hold them until told to end."""
    gate = asyncio.Semaphore(at_once)
    context = client_context(certificate, "1.3") if certificate else None

    async def one(number: int) -> asyncio.StreamWriter:
        async with gate:
            return await open_one(port, number, context)

    began = time.monotonic()
    opened = await asyncio.gather(*(one(number) for number in range(count)))
    print(f"{time.monotonic() - began:.3f}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for writer in opened:
        writer.transport.abort()


def rss_kb() -> int:
    """Return the resident set of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_024


async def one_pass(
    gateway: Gateway, port: int, count: int, at_once: int, certificate: str = ""
) -> dict[str, float]:
    """Measure once; returns kB for each connection and the seconds it took to open all."""
    gc.collect()
    before_kb = rss_kb()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.idle", "--port", str(port)),
        *("--stations", str(count), "--at-once", str(at_once), "--certificate", certificate),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None and child.stdin is not None
    cpu_s = time.process_time()
    opening_s = float(await child.stdout.readline() or 0)
    cpu_s = time.process_time() - cpu_s
    connected = len(gateway.connected())
    if connected != count:
        raise RuntimeError(f"{connected} of {count} stations are connected")
    gc.collect()
    held_kb = rss_kb() - before_kb
    swept_s = time.process_time()
    await asyncio.sleep(5)
    swept_s = time.process_time() - swept_s
    child.stdin.write(b"end\n")
    await child.wait()
    while gateway.connected():
        await asyncio.sleep(0.05)
    return {
        "kb_per_idle_connection": round(held_kb / count, 2),
        "opening_s": opening_s,
        "opening_cpu_us_each": round(cpu_s / count * 1e6),
        "idle_cpu_percent": round(swept_s / 5 * 100, 2),
    }


def with_active_sessions(count: int) -> float:
    """Return the kB of each connection of `ohmstead up` that has a session under way."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), count)
        with up(Path(folder)) as house:
            time.sleep(SETTLING_S)
            before_kb = house.rss_kb()
            with loading(house, "meter_values", count, READINGS) as load:
                load.say(str(SETTLING_S))
                time.sleep(SETTLING_S)
                return round((house.rss_kb() - before_kb) / count, 2)


async def measure(count: int, at_once: int) -> dict[str, object]:
    """Serve the gateway alone and measure twice."""
    gateway = Gateway(ImitatedDirectory(), SystemClock(), OcppConfig(handshakes_max=4_096))
    port = await gateway.start("127.0.0.1", 0)
    first = await one_pass(gateway, port, count, at_once)
    again = await one_pass(gateway, port, count, at_once)
    await gateway.stop()
    return {"bench": "idle", "stations": count, **first, "again": again}


async def measure_tls(count: int, at_once: int) -> dict[str, object]:
    """The same over TLS 1.3, in a process that held no connection before."""
    gateway = Gateway(ImitatedDirectory(), SystemClock(), OcppConfig(handshakes_max=4_096))
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = issue(Path(folder), "ecdsa")
        config = TlsConfig(certificate=certificate.name, key=key.name)
        certificates = Certificates(config, Path(folder))
        port = await gateway.start_tls("127.0.0.1", 0, certificates)
        first = await one_pass(gateway, port, count, at_once, str(certificate))
        again = await one_pass(gateway, port, count, at_once, str(certificate))
        await gateway.stop()
    return {**first, "again": again}


def in_another_process(count: int, at_once: int) -> dict[str, object]:
    """What :func:`measure_tls` finds; what plain connections left behind would be in its figure."""
    arguments = ("--stations", str(count), "--at-once", str(at_once), "--tls")
    command = [sys.executable, "-m", "bench.idle", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=2_000)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--tls", action="store_true", help="only the figures over TLS")
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--certificate", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    if options.port:
        client = stations(options.port, options.stations, options.at_once, options.certificate)
        asyncio.run(client)
    elif options.tls:
        print(json.dumps(uvloop.run(measure_tls(options.stations, options.at_once))))
    else:
        line = uvloop.run(measure(options.stations, options.at_once))
        active_kb = with_active_sessions(options.stations)
        idle_kb = float(str(line["kb_per_idle_connection"]))
        tls = in_another_process(options.stations, options.at_once)
        tls_kb = float(str(tls["kb_per_idle_connection"]))
        line |= {
            "over_tls": tls,
            "kb_per_connection_with_active_session": active_kb,
            "python": platform.python_version(),
            "goal": {"kb_per_idle_connection": GOAL_KB, "over_tls": GOAL_TLS_KB},
            "reached": max(idle_kb, active_kb) <= GOAL_KB and tls_kb <= GOAL_TLS_KB,
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
