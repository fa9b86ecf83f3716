"""A gateway given an SSL context serves wss (security profile 2)."""

from __future__ import annotations

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.config import OcppConfig
from ohmstead.apps.gateway import Gateway
from tests.apps.gateway.floor import PASSWORD, QUICK, TestDirectory, ask, basic, close_code


@pytest.fixture
def contexts(tmp_path):
    """A server's and a client's context around one self-signed certificate for loopback."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(loopback, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=str(pem))
    return server, client


async def test_a_station_is_served_over_tls(contexts):
    server, client = contexts
    gateway = Gateway(TestDirectory(), ManualClock(), OcppConfig(frame_bytes_max=65_536), QUICK)
    port = await gateway.start("127.0.0.1", 0, server)
    async with connect(
        f"wss://127.0.0.1:{port}/ocpp/S1",
        ssl=client,
        subprotocols=["ocpp1.6"],
        additional_headers={"Authorization": basic("S1", PASSWORD)},
        proxy=None,
    ) as station:
        payload = {"text": "x" * 60_000}
        assert await ask(station, "1", "Echo", payload) == [3, "1", payload]
        await station.send("x" * 70_000)
        assert await close_code(station) == 1009
    await gateway.stop()
