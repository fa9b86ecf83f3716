"""A small directory and peers for the gateway's tests, and stations on real sockets."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
from contextlib import asynccontextmanager

import websockets
from websockets.asyncio.client import connect

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway import Gateway, Limits
from ohmstead.apps.gateway.interface import CertificateWord
from ohmstead.core.network import Station
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode

PASSWORD = b"correct horse battery"
QUICK = Limits(sweep_ms=20, close_ms=500)
NOW_MS = 1_790_000_000_000
UNTIL_S = 20  # what must come about does so by then, on a machine however busy


class TestPeer:
    """Answers ``Echo`` with what it was sent; everything it is told it keeps."""

    __test__ = False

    def __init__(self, directory, station, version):
        self.directory, self.station, self.version = directory, station, version
        self.handled, self.links, self.ended, self.lates = [], [], [], []
        self.gate = None  # an asyncio.Event that ``Slow`` waits for

    async def handle(self, call):
        self.handled.append(call)
        match call.action:
            case "Slow":
                self.gate = self.gate or asyncio.Event()
                await self.gate.wait()
            case "Refuse":
                raise CallRefused(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "not like this")
            case "Break":
                raise RuntimeError("a secret of the house")
            case "Store":
                await asyncio.sleep(0)
                self.directory.check()
            case "StoreAtOnce":
                self.directory.check()
        return bytes(call.payload)

    def connected(self, link):
        self.links.append(link)

    def disconnected(self, link):
        self.ended.append(link)

    def late(self, event):
        self.lates.append(event)


class TestDirectory:
    """Knows the stations ``S0`` to ``S9``, and some with harder names; one password for all."""

    __test__ = False

    def __init__(self, peer=TestPeer):
        names = [f"S{number}" for number in range(10)] + [
            "RDAM 123",
            "a*b-c_d=e+f|g@h.i",
            "CP",
            "CP:5",
        ]
        self.stations = {name: Station(name, "", (), "", ()) for name in names}
        self.stored = True
        self.failing = None
        self.peers = []
        self.asked = []
        self._peer = peer

    def find(self, station_id):
        return self.stations.get(station_id)

    def certificate_word(self, station_id, der):
        return CertificateWord.GOOD

    def password_ok(self, station, password):
        self.asked.append(station.id)
        return password == PASSWORD

    def peer(self, station, version):
        peer = self._peer(self, station, version)
        self.peers.append(peer)
        return peer

    def available(self):
        return self.stored

    def check(self):
        if self.failing is not None:
            raise self.failing


class Floor:
    """A running gateway and what it was given."""

    def __init__(self, gateway, directory, port):
        self.gateway, self.directory, self.port = gateway, directory, port
        self.url = f"ws://127.0.0.1:{port}/ocpp/"

    def peer(self):
        """The peer of the newest connection."""
        return self.directory.peers[-1]

    def station(self, name="S1", protocols=("ocpp2.0.1",), password=PASSWORD, user=None, **options):
        """A ``websockets`` client connection, to be entered or awaited."""
        headers = {}
        if password is not None:
            headers["Authorization"] = basic(name if user is None else user, password)
        return connect(
            self.url + name.replace(" ", "%20").replace("|", "%7C"),
            subprotocols=list(protocols) or None,
            additional_headers=headers,
            **({"compression": None, "proxy": None, "ping_interval": None} | options),
        )

    async def request(self, target, *headers, method="GET"):
        """Send a bare HTTP request; return status, headers and body of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
        writer.write("\r\n".join(lines).encode("latin-1"))
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *rest = head.decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        return int(status.split()[1]), fields, body.decode()

    async def raw(self, name="S1", protocol="ocpp2.0.1"):
        """Upgrade by hand; return reader and writer of a socket that sends any bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [
            f"GET /ocpp/{name} HTTP/1.1",
            "Host: localhost",
            *upgrade_headers(name, protocol=protocol),
            "",
            "",
        ]
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        return reader, writer


@asynccontextmanager
async def serving(directory=None, limits=QUICK, **config):
    directory = directory or TestDirectory()
    gateway = Gateway(directory, ManualClock(NOW_MS), OcppConfig(**config), limits)
    port = await gateway.start("127.0.0.1", 0)
    try:
        yield Floor(gateway, directory, port)
    finally:
        await gateway.stop(drain_s=1)


def basic(user, password):
    user = user if isinstance(user, bytes) else user.encode()
    return "Basic " + base64.b64encode(user + b":" + password).decode()


def upgrade_headers(name="S1", password=PASSWORD, protocol="ocpp2.0.1", **changes):
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
        "Authorization": basic(name, password),
    }
    if protocol:
        fields["Sec-WebSocket-Protocol"] = protocol
    fields |= {key.replace("_", "-"): value for key, value in changes.items()}
    return [f"{key}: {value}" for key, value in fields.items() if value is not None]


def frame(opcode, payload=b"", fin=True, bits=0):
    """One masked client frame (the mask is all zeros, which masks nothing)."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 1 << 16:
        size = bytes([0x80 | 126]) + length.to_bytes(2, "big")
    else:
        size = bytes([0x80 | 127]) + length.to_bytes(8, "big")
    return bytes([(0x80 if fin else 0) | bits | opcode]) + size + bytes(4) + payload


async def read_frame(reader):
    """Read one server frame: opcode and payload."""
    first, size = await reader.readexactly(2)
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    elif size == 127:
        size = int.from_bytes(await reader.readexactly(8), "big")
    return first & 0x0F, await reader.readexactly(size)


async def close_code(websocket):
    """Wait for the server's Close; return its code."""
    try:
        while True:
            await asyncio.wait_for(websocket.recv(), 10)
    except websockets.ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def until(condition):
    """Wait for what must come about; raises AssertionError, with its source, where it does not."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + UNTIL_S
    while not condition():
        if loop.time() > deadline_s:
            raise AssertionError(f"not within {UNTIL_S} s: {source_of(condition)}")
        await asyncio.sleep(0.005)


def source_of(condition):
    """The line of a test that a condition stands on, as a person would look it up."""
    try:
        return inspect.getsource(condition).strip()
    except (OSError, TypeError):  # made at run time
        return repr(condition)


def call(message_id, action="Echo", payload=None):
    return json.dumps([2, message_id, action, payload if payload is not None else {}])


async def ask(websocket, message_id, action="Echo", payload=None):
    await websocket.send(call(message_id, action, payload))
    return await receive(websocket)


async def receive(websocket):
    return json.loads(await asyncio.wait_for(websocket.recv(), 10))
