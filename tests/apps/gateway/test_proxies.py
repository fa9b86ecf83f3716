"""What trusted proxies say counts, and what others say does not."""

from __future__ import annotations

import asyncio
import base64
import socket

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from multidict import CIMultiDict

from ohmstead.apps.config import OcppConfig, parse
from ohmstead.apps.gateway.forwarded import forwarded
from ohmstead.apps.gateway.origin import ClientCertificate, Networks, Origin
from ohmstead.apps.gateway.upgrade import UpgradeRefused
from ohmstead.errors import ConfigError
from ohmstead.frozen import replace
from tests.apps.gateway.floor import TestDirectory, serving, until, upgrade_headers
from tests.apps.gateway.pki import DAY, Pki
from tests.apps.gateway.test_tls import tls_floor
from tests.wire.test_proxy import header, tls

PROXY = "10.0.0.5"
TRUSTED = Networks(("10.0.0.0/8", "2001:db8::/32"))
LOCAL = ("127.0.0.0/8",)


def seen(*fields, peer=PROXY):
    return forwarded(Origin(peer), CIMultiDict(fields), TRUSTED)


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path)


def client_cert(certificate):
    der = certificate.public_bytes(Encoding.DER)
    return f":{base64.b64encode(der).decode()}:"


def test_the_clients_address_is_the_nearest_that_is_no_proxy():
    assert seen(("X-Forwarded-For", "203.0.113.9")).address == "203.0.113.9"
    assert seen(("X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.7")).address == "203.0.113.9"
    assert seen(("x-forwarded-for", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2")).address == "2.2.2.2"
    assert seen(("X-Forwarded-For", "[2001:db9::1]")).address == "2001:db9::1"
    assert seen(("X-Forwarded-For", "10.0.0.9")).address == "10.0.0.9"
    assert seen().address == PROXY
    many = ", ".join(["10.0.0.9"] * 100)
    with pytest.raises(UpgradeRefused):  # nobody is behind a hundred proxies
        seen(("X-Forwarded-For", many))


def test_a_trusted_proxy_says_whether_the_station_spoke_tls():
    assert seen(("X-Forwarded-Proto", "wss")).is_encrypted
    assert seen(("X-Forwarded-Proto", "http, https")).is_encrypted
    assert not seen(("X-Forwarded-Proto", "https, http")).is_encrypted
    assert not seen().is_encrypted


def test_a_proxys_own_tls_and_certificate_are_not_the_stations():
    own = Origin(PROXY, True, ClientCertificate("proxy-1"))
    said = CIMultiDict([("X-Forwarded-Proto", "http")])
    assert forwarded(own, said, TRUSTED) == Origin(PROXY)
    assert forwarded(own, CIMultiDict(), TRUSTED) == Origin(PROXY, True)
    elsewhere = replace(own, address="203.0.113.9")  # no proxy: a station
    assert forwarded(elsewhere, said, TRUSTED) == elsewhere


def test_a_trusted_proxy_hands_on_the_certificate(pki):
    _, _, certificate = pki.issue("S1", organization="ACME")
    origin = seen(("Client-Cert", client_cert(certificate)))
    der = certificate.public_bytes(Encoding.DER)
    assert origin.certificate == ClientCertificate("S1", "ACME", der) and origin.is_encrypted


def test_from_others_these_headers_mean_nothing(pki):
    _, _, certificate = pki.issue("S1")
    stranger = Origin("203.0.113.9")
    fields = [
        ("X-Forwarded-For", "nonsense"),
        ("X-Forwarded-Proto", "https"),
        ("Client-Cert", client_cert(certificate)),
    ]
    assert forwarded(stranger, CIMultiDict(fields), TRUSTED) == stranger
    assert forwarded(Origin("::ffff:10.0.0.5"), CIMultiDict(fields[1:2]), TRUSTED).is_encrypted
    assert not forwarded(Origin(""), CIMultiDict(fields[1:2]), TRUSTED).is_encrypted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-For", "203.0.113.9:1234x"),
        ("X-Forwarded-For", "unknown"),
        ("X-Forwarded-For", ""),
        ("Client-Cert", "MIIB"),
        ("Client-Cert", ":"),
        ("Client-Cert", "::"),
        ("Client-Cert", ":not base64:"),
        ("Client-Cert", ":AAAA:"),
        ("Client-Cert", ":" + "A" * 10_000 + ":"),
        ("Client-Cert", ":é:"),
    ],
)
def test_a_trusted_proxys_header_that_cannot_be_read_is_refused(name, value):
    with pytest.raises(UpgradeRefused) as refused:
        seen((name, value))
    assert refused.value.status == 400 and "proxy" in str(refused.value)


def test_an_expired_certificate_behind_a_proxy_is_refused(pki):
    _, _, certificate = pki.issue("S1", until=-DAY)
    with pytest.raises(UpgradeRefused) as refused:
        seen(("Client-Cert", client_cert(certificate)))
    assert refused.value.status == 403


def test_a_subject_that_names_two_stations_names_none(pki):
    _, _, certificate = pki.issue("S1")
    name = x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "S2")
    pki.name, kept = x509.Name([*certificate.subject, name]), pki.name
    two = pki._builder(pki.name, pki.key, DAY).sign(pki.key, x509.base.hashes.SHA256())
    pki.name = kept
    origin = seen(("Client-Cert", client_cert(two)))
    assert origin.certificate.common_name == ""


async def test_a_certificate_behind_a_proxy_is_security_profile_3(pki):
    _, _, certificate = pki.issue("S1")
    headers = upgrade_headers(Authorization=None)
    directory = TestDirectory()
    for name, station in directory.stations.items():
        directory.stations[name] = replace(station, security_profile=3)
    async with serving(directory, trusted_proxies=LOCAL) as floor:
        shown = f"Client-Cert: {client_cert(certificate)}"
        status, _, _ = await floor.request("/ocpp/S2", *headers, shown)
        assert status == 403
        status, _, body = await floor.request("/ocpp/S1", *headers)
        assert status == 403 and "certificate" in body
        reader, writer = await raw(floor.port, "/ocpp/S1", [*headers, shown])
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        (connection,) = await connected(floor)
        assert connection.profile == 3
        writer.close()
    async with serving(directory) as floor:  # nobody is trusted
        status, _, body = await floor.request("/ocpp/S1", *headers, shown)
        assert status == 403 and "certificate" in body


async def connected(floor):
    await until(floor.gateway.connected)
    return floor.gateway.connected()


async def raw(port, target, headers, before=b"", **options):
    """Send something before the request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    writer.write(before + "\r\n".join(lines).encode())
    return reader, writer


async def test_failures_are_counted_by_the_address_behind_the_proxy():
    wrong = [*upgrade_headers(password=b"wrong"), "X-Forwarded-For: 203.0.113.9"]
    other = [*upgrade_headers(password=b"wrong"), "X-Forwarded-For: 203.0.113.10"]
    async with serving(trusted_proxies=LOCAL) as floor:
        codes = [(await floor.request("/ocpp/S1", *wrong))[0] for _ in range(6)]
        assert codes == [401] * 5 + [429]
        assert (await floor.request("/ocpp/S1", *other))[0] == 401


PROXIED = {"trusted_proxies": LOCAL, "proxy_protocol": True}


async def test_a_proxy_header_names_the_stations_address():
    async with serving(**PROXIED) as floor:
        reader, writer = await raw(floor.port, "/ocpp/S1", upgrade_headers(), header())
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        (connection,) = await connected(floor)
        assert connection.address == "203.0.113.9"
        writer.close()


async def test_a_proxy_header_may_come_in_pieces():
    async with serving(**PROXIED) as floor:
        reader, writer = await asyncio.open_connection("127.0.0.1", floor.port)
        for byte in header():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        lines = ["GET /ocpp/S1 HTTP/1.1", "Host: x", *upgrade_headers(), "", ""]
        writer.write("\r\n".join(lines).encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        writer.close()


async def test_a_listener_for_proxies_takes_nothing_without_their_header():
    async with serving(**PROXIED) as floor:
        for before in (b"", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", header(command=0x22)):
            reader, writer = await raw(floor.port, "/ocpp/S1", upgrade_headers(), before)
            assert await ended(reader)
            writer.close()
        assert floor.directory.asked == []


async def ended(reader):
    """Whether the connection ended without a word."""
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
    except ConnectionResetError:
        return True


async def test_a_proxy_header_from_somebody_else_is_refused():
    proxies = {"trusted_proxies": ("10.0.0.0/8",), "proxy_protocol": True}
    async with serving(**proxies) as floor:
        with structlog.testing.capture_logs() as logs:
            reader, writer = await raw(floor.port, "/ocpp/S1", upgrade_headers(), header())
            assert await ended(reader)
            await until(lambda: logs)
        assert "trusted_proxies" in logs[0]["reason"]
        writer.close()


async def test_a_balancer_may_hand_tls_through_behind_its_header(pki):
    certificate, key, _ = pki.issue("S1")
    context = pki.client(certificate, key)
    async with tls_floor(
        pki, least=3, proxy_protocol=True, ocpp={"trusted_proxies": LOCAL}
    ) as floor:
        connection = socket.create_connection(("127.0.0.1", floor.tls_port))
        connection.sendall(header())
        async with floor.station(sock=connection, ssl=context, password=None) as station:
            assert station.state.name == "OPEN"
            (seen_now,) = await connected(floor)
            assert (seen_now.address, seen_now.profile) == ("203.0.113.9", 3)


async def test_a_balancer_may_end_tls_and_name_the_certificate_in_its_header():
    directory = TestDirectory()
    directory.stations["S1"] = replace(directory.stations["S1"], security_profile=3)
    async with serving(directory, **PROXIED) as floor:
        bare = upgrade_headers(Authorization=None)
        before = header(header()[16:] + tls(name=b"S1"))
        reader, writer = await raw(floor.port, "/ocpp/S1", bare, before)
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        writer.close()
        before = header(header()[16:] + tls(name=b"S1", verify=1))
        reader, writer = await raw(floor.port, "/ocpp/S1", bare, before)
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()


async def test_a_proxy_that_says_nothing_is_given_up():
    from tests.apps.gateway.floor import QUICK

    async with serving(limits=replace(QUICK, handshake_ms=100), **PROXIED) as floor:
        reader, writer = await asyncio.open_connection("127.0.0.1", floor.port)
        writer.write(header()[:9])
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


def test_a_network_that_is_none_is_named_with_its_line():
    text = b'[ocpp]\ntrusted_proxies = ["10.0.0.1/8"]\n'
    with pytest.raises(ConfigError, match=r"x:2: key ocpp.trusted_proxies: .*host bits set"):
        parse(text, "x")
    with pytest.raises(ConfigError, match=r"x:2: key ocpp.open_networks"):
        parse(b'[ocpp]\nopen_networks = ["everywhere"]\n', "x")
    assert parse(b"", "x").ocpp == OcppConfig()
    with pytest.raises(ConfigError, match=r"x:2: key ocpp.tls.bind: expected HOST:PORT"):
        parse(b'[ocpp.tls]\nbind = "9443"\ncertificate = "a"\nkey = "b"\n', "x")
    with pytest.raises(ConfigError, match=r"key ocpp.tls.certificate: needed when"):
        parse(b'[ocpp.tls]\nbind = "a:9443"\n', "x")
    with pytest.raises(ConfigError, match=r"key ocpp.tls.key: one for each"):
        parse(b'[ocpp.tls]\nbind = "a:9443"\ncertificate = ["a", "b"]\nkey = "b"\n', "x")
