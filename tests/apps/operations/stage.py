"""A whole house with its office and API, and an ear on the other side that hears what it tells."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.api.app import build
from ohmstead.apps.api.server import ApiServer
from ohmstead.apps.api.settlement import NoSettlement
from ohmstead.apps.boot import House
from ohmstead.apps.config import Config, MoneyConfig, WebhooksConfig
from tests.apps.api.desk import Desk
from tests.apps.stations.field import Field
from tests.flows.world import NOON

HERE = WebhooksConfig(allow=("127.0.0.0/8",), timeout_s=1)


class Ear:
    """An HTTP server that keeps what it hears; ``status`` is what it says to the next request."""

    def __init__(self):
        self.heard, self.statuses, self.status, self.mute = [], [], 204, False
        self.server = None

    async def open(self, context=None):
        self.server = await asyncio.start_server(self._hear, "127.0.0.1", 0, ssl=context)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook?x=1"
        return self

    async def _hear(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        if self.mute:
            await asyncio.sleep(3)
        status = self.statuses.pop(0) if self.statuses else self.status
        self.heard.append((head[0], headers, body, status))
        writer.write(f"HTTP/1.1 {status} So\r\nLocation: {self.url}\r\n\r\n".encode())
        writer.close()

    @property
    def types(self):
        return [json.loads(body)["type"] for _, _, body, status in self.heard if status < 300]

    def data(self, topic):
        bodies = [json.loads(body) for _, _, body, _ in self.heard]
        return [body["data"] for body in bodies if body["type"] == topic]

    async def hears(self, count):
        async with asyncio.timeout(20):
            while len(self.heard) < count:
                await asyncio.sleep(0.02)


def is_signed(heard, secret):
    """As any Standard Webhooks library checks it."""
    _, headers, body, _ = heard
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{mac}"


@asynccontextmanager
async def stage(folder, webhooks=HERE, clock=None, furnished=False, **sections):
    """A furnished house on ports of the system's choice."""
    clock = clock or ManualClock(NOON)
    money = MoneyConfig(hold_minor="10000000")
    config = Config(money=money, webhooks=webhooks, **sections)
    house = await House.open(folder, clock, config)
    app = build(house, lambda: NoSettlement())
    server = ApiServer(app)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(house.stop)
        http = await server.start("127.0.0.1", 0)
        stack.push_async_callback(server.stop)
        field = Field(house, clock, await house.start("127.0.0.1:0"))
        if not furnished:
            await field.furnish()
        it = Desk(field, app, f"http://127.0.0.1:{http}")
        await it.admit(stack)
        yield it


def walk(folder, scenario, **what):
    """Run ``scenario(desk)`` in a house from start to end."""

    async def whole():
        async with stage(folder, **what) as it:
            await scenario(it)

    asyncio.run(whole())


def contexts(folder, days=1):
    """TLS for 127.0.0.1: the server's, and that of a client who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "sink.pem").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "sink.pem")
    return server, ssl.create_default_context(cadata=pem.decode())
