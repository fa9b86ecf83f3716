"""Stations that speak TLS, and a bare TLS server beside which ours is measured.

    python -m bench._tls serve CERTIFICATE KEY
    python -m bench._tls storm PORT CERTIFICATE VERSION STATIONS ESTABLISHED
    python -m bench._tls bare PORT CERTIFICATE VERSION STATIONS

``serve`` makes handshakes, sends one byte and holds the connection; it prints its port. ``storm``
opens the established stations and prints "ready"; at the line "go" all others connect at the same
moment, log in, boot and report two statuses, each message answered before the next, while the
established ones go on sending heartbeats; then it prints what was seen. ``bare`` only makes the
handshakes. Both hold their connections until a second line.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import json
import ssl
import sys
import time
from pathlib import Path
from typing import cast

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench._frames import BOOT_201
from bench._network import PASSWORD, station_id
from ohmstead.apps.config import TlsConfig
from ohmstead.apps.gateway.tls import build_context

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
BACKLOG = 4_096
STATUS = (
    b'[2,"s%d","StatusNotification",{"timestamp":"2026-11-20T18:00:00Z",'
    b'"connectorStatus":"Available","evseId":1,"connectorId":%d}]'
)
HEARTBEAT = b'[2,"h%d","Heartbeat",{}]'
RETRY_S = 1.0
TRIES_MAX = 60


def issue(folder: Path, kind: str) -> tuple[Path, Path]:
    """Write a self-signed certificate of this machine and its key; ``kind`` is ecdsa or rsa."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "ecdsa":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{kind}.crt", folder / f"{kind}.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    form = PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    return certificate, private


def client_context(certificate: str, version: str) -> ssl.SSLContext:
    """What a station trusts and speaks; it never resumes a session."""
    context = ssl.create_default_context(cafile=certificate)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    return context


def masked(text: bytes) -> bytes:
    """One client frame; a mask of zeros is a mask."""
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


class TlsStation:
    """One station on one connection."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext | None) -> None:
        self.name, self.port, self.context = name, port, context
        self.answer_s = 0.0  # the longest wait for an answer
        self.tries = 0

    async def connect(self) -> None:
        """Connect and log in, again and again until it is let in."""
        while True:
            self.tries += 1
            try:
                await self._connect()
                return
            except (OSError, EOFError):
                if self.tries >= TRIES_MAX:
                    raise
                await asyncio.sleep(RETRY_S)

    async def _connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.context, limit=4_096
        )
        credentials = base64.b64encode(self.name.encode() + b":" + PASSWORD).decode()
        self.writer.write(
            f"GET /ocpp/{self.name} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n"
            f"Authorization: Basic {credentials}\r\n\r\n".encode()
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(head.partition(b"\r\n")[0].decode())

    async def ask(self, message: bytes) -> None:
        """Send a call and wait for its result."""
        began_s = time.perf_counter()
        self.writer.write(masked(message))
        while True:
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            body = await self.reader.readexactly(size)
            if first & 0x0F == 1 and not body.startswith(b"[2,"):  # no ping, and no call
                break
        self.answer_s = max(self.answer_s, time.perf_counter() - began_s)
        if not body.startswith(b"[3,"):
            raise RuntimeError(f"{self.name} was refused: {body!r}")

    async def reconnect(self) -> float:
        """All that a station says when it is back; returns when it was through."""
        await self.connect()
        await self.ask(BOOT_201)
        for connector in (1, 2):
            await self.ask(STATUS % (connector, connector))
        return time.perf_counter()

    async def beat(self) -> None:
        """Go on as a station does that has been connected for long."""
        number = 0
        while True:
            number += 1
            await self.ask(HEARTBEAT % number)
            await asyncio.sleep(1)


async def next_line() -> None:
    await asyncio.to_thread(sys.stdin.readline)


async def storm(port: int, context: ssl.SSLContext, count: int, established: int) -> None:
    """The whole fleet comes back at the same moment."""
    names = [station_id(number) for number in range(count + established)]
    old = [TlsStation(name, port, context) for name in names[count:]]
    for station in old:
        await station.reconnect()
        station.answer_s = 0.0
    print("ready", flush=True)
    await next_line()
    beating = [asyncio.create_task(station.beat()) for station in old]
    new = [TlsStation(name, port, context) for name in names[:count]]
    began_s = time.perf_counter()
    ends = await asyncio.gather(*(station.reconnect() for station in new))
    waits = sorted(end - began_s for end in ends)
    dropped = sum(task.done() for task in beating)
    seen = {
        "real_s": round(waits[-1], 3),
        "median_s": round(waits[len(waits) // 2], 3),
        "longest_answer_s": round(max(station.answer_s for station in new), 3),
        "tries": sum(station.tries for station in new),
        "established": len(old),
        "established_dropped": dropped,
        "established_longest_answer_s": round(max((one.answer_s for one in old), default=0), 3),
    }
    print(json.dumps(seen), flush=True)
    await next_line()
    for task in beating:
        task.cancel()


async def bare(port: int, context: ssl.SSLContext, count: int) -> None:
    """So many handshakes at the same moment, and nothing else."""

    async def one() -> asyncio.StreamWriter:
        for _ in range(TRIES_MAX):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                await reader.readexactly(1)
                return writer
            except (OSError, EOFError):
                await asyncio.sleep(RETRY_S)
        raise RuntimeError("the bare server does not answer")

    print("ready", flush=True)
    await next_line()
    began_s = time.perf_counter()
    held = await asyncio.gather(*(one() for _ in range(count)))
    print(json.dumps({"real_s": round(time.perf_counter() - began_s, 3)}), flush=True)
    await next_line()
    held.clear()


class Greeting(asyncio.Protocol):
    """Says one byte and listens."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(b"\n")


async def serve(certificate: str, key: str) -> None:
    """Handshakes with the settings of our own listener."""
    config = TlsConfig(certificate=certificate, key=key)
    context = build_context(config, Path())
    server = await asyncio.get_running_loop().create_server(
        Greeting, "127.0.0.1", 0, ssl=context, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "serve":
        uvloop.run(serve(rest[0], rest[1]))
    port, context, count = int(rest[0]), client_context(rest[1], rest[2]), int(rest[3])
    if what == "storm":
        uvloop.run(storm(port, context, count, int(rest[4])))
    else:
        uvloop.run(bare(port, context, count))


if __name__ == "__main__":
    main()
