"""Security profiles 2 and 3 over real sockets, with certificates of a CA made for each test."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from contextlib import asynccontextmanager

import pytest
import structlog
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.config import OcppConfig, TlsConfig
from ohmstead.apps.gateway import Certificates, Gateway
from ohmstead.errors import ConfigError
from ohmstead.frozen import replace
from tests.apps.gateway.floor import (
    NOW_MS,
    QUICK,
    Floor,
    TestDirectory,
    ask,
    close_code,
    until,
)
from tests.apps.gateway.pki import DAY, Pki

NOT_LET_IN = (ssl.SSLError, ConnectionResetError, ConnectionClosed, InvalidMessage, EOFError)
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path)


@asynccontextmanager
async def tls_floor(pki, limits=QUICK, least=None, ocpp=None, **tls):
    """A gateway with a TLS listener; ``least`` is the security profile of each station."""
    if "certificate" not in tls:
        certificate, key, _ = pki.issue("gateway")
        tls |= {"certificate": certificate.name, "key": key.name}
    tls = {"bind": "127.0.0.1:0", "client_ca": pki.ca.name} | tls
    config = OcppConfig(frame_bytes_max=65_536, tls=TlsConfig(**tls), **(ocpp or {}))
    directory = TestDirectory()
    if least is not None:
        for name, station in directory.stations.items():
            directory.stations[name] = replace(station, security_profile=least)
    gateway = Gateway(directory, ManualClock(NOW_MS), config, limits)
    certificates = Certificates(config.tls, pki.folder)
    try:
        floor = Floor(gateway, directory, await gateway.start("127.0.0.1", 0))
        port = await gateway.start_tls("127.0.0.1", 0, certificates)
        floor.tls_port, floor.certificates = port, certificates
        floor.plain_url, floor.url = floor.url, f"wss://127.0.0.1:{port}/ocpp/"
        yield floor
    finally:
        await gateway.stop(drain_s=1)


async def status_of(connecting):
    with pytest.raises(InvalidStatus) as refused:
        await connecting
    return refused.value.response.status_code, refused.value.response.body.decode()


async def turned_away(connecting):
    """The TLS handshake fails; with TLS 1.3 the station hears of it only when it reads."""
    with pytest.raises(NOT_LET_IN):
        await connecting


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
@pytest.mark.parametrize("version", [V12, V13])
async def test_profile_2_is_a_password_over_tls(pki, kind, version):
    certificate, key, _ = pki.issue("gateway", kind=kind)
    async with tls_floor(pki, certificate=certificate.name, key=key.name, least=2) as floor:
        async with floor.station(ssl=pki.client(version=version)) as station:
            payload = {"text": "x" * 60_000}
            assert await ask(station, "1", "Echo", payload) == [3, "1", payload]
            assert floor.gateway.connected()[0].profile == 2
            await station.send("x" * 70_000)
            assert await close_code(station) == 1009
        status, why = await status_of(floor.station(ssl=pki.client(), password=b"wrong"))
        assert status == 401 and "password" in why


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
@pytest.mark.parametrize("version", [V12, V13])
async def test_profile_3_is_a_certificate_that_names_the_station(pki, kind, version):
    certificate, key, _ = pki.issue("S1", kind=kind)
    async with tls_floor(pki, least=3, organization="ACME") as floor:
        context = pki.client(certificate, key, version=version)
        async with floor.station(ssl=context, password=None) as station:
            assert (await ask(station, "1"))[0] == 3
            assert floor.gateway.connected()[0].profile == 3
        assert floor.directory.asked == []  # no password was looked at


@pytest.mark.parametrize("name", ["CP:5", "RDAM 123"])
async def test_a_certificate_may_name_any_station_that_may_be_registered(pki, name):
    certificate, key, _ = pki.issue(name, file="odd")
    other, other_key, _ = pki.issue("CP", file="short")
    async with tls_floor(pki, least=3, organization="ACME") as floor:
        status, _ = await status_of(
            floor.station(name, ssl=pki.client(other, other_key), password=None)
        )
        assert status == 403
        context = pki.client(certificate, key)
        async with floor.station(name, ssl=context, password=None) as station:
            assert (await ask(station, "1"))[0] == 3


async def test_a_certificate_of_another_station_or_operator_is_refused(pki):
    certificate, key, _ = pki.issue("S2")
    foreign, foreign_key, _ = pki.issue("S1", organization="Others")
    async with tls_floor(pki, organization="ACME") as floor:
        status, why = await status_of(floor.station(ssl=pki.client(certificate, key)))
        assert status == 403 and "CN" in why
        status, why = await status_of(floor.station(ssl=pki.client(foreign, foreign_key)))
        assert status == 403 and "(O)" in why
        assert floor.directory.asked == []  # a right password does not mend it


async def test_an_expired_certificate_is_refused(pki):
    certificate, key, _ = pki.issue("S1", until=-DAY)
    async with tls_floor(pki) as floor:
        with structlog.testing.capture_logs() as logs:
            await turned_away(floor.station(ssl=pki.client(certificate, key)))
            await until(lambda: logs)
    assert "expired" in logs[0]["reason"]


async def test_a_certificate_of_another_ca_is_refused(pki, tmp_path):
    other = Pki(tmp_path, "another CA")
    certificate, key, _ = other.issue("S1")
    async with tls_floor(pki, least=3) as floor:
        await turned_away(floor.station(ssl=pki.client(certificate, key)))
        certificate, key, _ = pki.issue("S1")
        async with floor.station(ssl=pki.client(certificate, key)) as station:
            assert (await ask(station, "1"))[0] == 3


async def test_a_revoked_certificate_is_refused_and_the_others_are_not(pki):
    lost, lost_key, lost_certificate = pki.issue("S1")
    kept, kept_key, _ = pki.issue("S2")
    revoked = pki.revoke(lost_certificate)
    async with tls_floor(pki, least=3, revoked=revoked.name) as floor:
        with structlog.testing.capture_logs() as logs:
            await turned_away(floor.station(ssl=pki.client(lost, lost_key)))
            await until(lambda: logs)
        assert "revoked" in logs[0]["reason"]
        async with floor.station("S2", ssl=pki.client(kept, kept_key)) as station:
            assert (await ask(station, "1"))[0] == 3


@pytest.mark.parametrize("version", [V12, V13])
async def test_a_revocation_holds_from_the_next_handshake_and_no_socket_drops(pki, version):
    lost, lost_key, lost_certificate = pki.issue("S1")
    kept, kept_key, _ = pki.issue("S2")
    client = pki.client(lost, lost_key, version=version)
    async with (
        tls_floor(pki, least=3, revoked=pki.revoke().name) as floor,
        floor.station("S2", ssl=pki.client(kept, kept_key)) as standing,
    ):
        async with floor.station(ssl=client) as station:
            assert (await ask(station, "1"))[0] == 3
        context = floor.certificates.context
        pki.revoke(lost_certificate)
        await until(lambda: floor.certificates.context is not context)
        await turned_away(floor.station(ssl=client))
        assert (await ask(standing, "1"))[0] == 3


async def test_a_renewed_certificate_is_shown_without_dropping_a_socket(pki):
    async with tls_floor(pki) as floor, floor.station(ssl=pki.client()) as standing:
        context = floor.certificates.context
        certificate, _, new = pki.issue("gateway", file="newer")
        # A certificate without its key, as a moment of every renewal: the old one goes on.
        (pki.folder / "gateway.crt").write_bytes(certificate.read_bytes())
        await asyncio.sleep(0.1)
        assert floor.certificates.context is context
        (pki.folder / "gateway.key").write_bytes((pki.folder / "newer.key").read_bytes())
        await until(lambda: floor.certificates.context is not context)
        async with floor.station("S2", ssl=pki.client()) as station:
            shown = station.transport.get_extra_info("ssl_object").getpeercert()
            assert int(shown["serialNumber"], 16) == new.serial_number
        assert (await ask(standing, "1"))[0] == 3


async def handshake(floor, context):
    """A bare TLS handshake; returns the suite that was agreed on."""
    _, writer = await asyncio.open_connection("127.0.0.1", floor.tls_port, ssl=context)
    name = writer.transport.get_extra_info("cipher")[0]
    writer.close()
    return name


async def test_tls_1_1_is_refused(pki):
    context = pki.client(ciphers="ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with tls_floor(pki) as floor:
        await turned_away(handshake(floor, context))


async def test_the_lowest_version_may_be_1_3(pki):
    async with tls_floor(pki, min_version="1.3") as floor:
        await turned_away(handshake(floor, pki.client(version=V12)))
        assert await handshake(floor, pki.client(version=V13))


@pytest.mark.parametrize(
    ("kind", "suite"),
    [
        ("ecdsa", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ecdsa", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("rsa", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("rsa", "ECDHE-RSA-AES256-GCM-SHA384"),
    ],
)
async def test_the_forward_secret_suites_are_there_for_both_kinds_of_certificate(pki, kind, suite):
    certificate, key, _ = pki.issue("gateway", kind=kind)
    async with tls_floor(pki, certificate=certificate.name, key=key.name) as floor:
        assert await handshake(floor, pki.client(version=V12, ciphers=suite)) == suite


@pytest.mark.parametrize(
    "suite", ["ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "AES128-SHA", "DHE-RSA-AES128-SHA"]
)
async def test_a_weak_suite_is_refused(pki, suite):
    certificate, key, _ = pki.issue("gateway", kind="rsa")
    files = {"certificate": certificate.name, "key": key.name}
    async with tls_floor(pki, policy="whitepaper", **files) as floor:
        await turned_away(handshake(floor, pki.client(version=V12, ciphers=suite)))


async def test_suites_without_forward_secrecy_are_for_those_who_ask_for_them(pki):
    certificate, key, _ = pki.issue("gateway", kind="rsa")
    files = {"certificate": certificate.name, "key": key.name}
    suites = ("AES128-GCM-SHA256", "AES256-GCM-SHA384")  # A00.FR.317 names both
    old = {suite: pki.client(version=V12, ciphers=suite) for suite in suites}
    async with tls_floor(pki, **files) as floor:
        for suite in suites:
            await turned_away(handshake(floor, old[suite]))
    async with tls_floor(pki, policy="whitepaper", **files) as floor:
        for suite in suites:
            assert await handshake(floor, old[suite]) == suite


async def test_one_listener_shows_an_rsa_and_an_ecdsa_certificate(pki):
    pairs = [pki.issue("gateway", kind=kind, file=kind) for kind in ("rsa", "ecdsa")]
    names = [tuple(file.name for file in files) for files in list(zip(*pairs, strict=True))[:2]]
    async with tls_floor(pki, certificate=names[0], key=names[1]) as floor:
        for suite in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"):
            assert await handshake(floor, pki.client(version=V12, ciphers=suite)) == suite


async def test_a_station_is_never_accepted_below_its_own_profile(pki):
    async with tls_floor(pki, least=2) as floor:
        floor.url, tls_url = floor.plain_url, floor.url
        status, why = await status_of(floor.station())
        assert status == 403 and "profile 2" in why
        floor.url = tls_url
        async with floor.station(ssl=pki.client()) as station:
            assert (await ask(station, "1"))[0] == 3
    async with tls_floor(pki, least=3) as floor:
        status, why = await status_of(floor.station(ssl=pki.client()))
        assert status == 403 and "certificate" in why
        assert floor.directory.asked == []  # its password would be of no use


async def test_a_station_may_come_with_more_than_it_has_to(pki):
    certificate, key, _ = pki.issue("S1")
    async with (
        tls_floor(pki, least=1) as floor,
        floor.station(ssl=pki.client(certificate, key), password=None) as station,
    ):
        assert (await ask(station, "1"))[0] == 3
        assert floor.gateway.connected()[0].profile == 3


async def test_profile_0_needs_the_stations_word_and_the_networks(pki):
    async with tls_floor(pki, least=0, ocpp={"open_networks": ("127.0.0.0/8",)}) as floor:
        floor.url = floor.plain_url
        async with floor.station(password=None) as station:
            assert (await ask(station, "1"))[0] == 3
            assert floor.gateway.connected()[0].profile == 0
        floor.directory.stations["S2"] = replace(floor.directory.stations["S2"], security_profile=1)
        assert (await status_of(floor.station("S2", password=None)))[0] == 401
    async with tls_floor(pki, least=0, ocpp={"open_networks": ("10.0.0.0/8",)}) as floor:
        floor.url = floor.plain_url
        assert (await status_of(floor.station(password=None)))[0] == 401
        async with floor.station() as station:  # its password is as good as ever
            assert (await ask(station, "1"))[0] == 3


async def test_a_handshake_that_stalls_is_given_up(pki):
    async with tls_floor(pki, limits=replace(QUICK, handshake_ms=100)) as floor:
        reader, writer = await asyncio.open_connection("127.0.0.1", floor.tls_port)
        writer.write(b"\x16\x03\x01")  # the beginning of a ClientHello
        await until(lambda: len(floor.gateway._connecting) == 1)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        assert len(floor.gateway._connecting) == 0
        writer.close()


async def test_handshakes_beyond_the_limit_wait_outside(pki):
    async with tls_floor(pki, ocpp={"handshakes_max": 2}) as floor:
        held = [await asyncio.open_connection("127.0.0.1", floor.tls_port) for _ in range(2)]
        await until(lambda: len(floor.gateway._connecting) == 2)
        late = asyncio.create_task(floor.station(ssl=pki.client()).__aenter__())
        await asyncio.sleep(0.1)
        assert not late.done() and len(floor.gateway._connecting) == 2
        held.pop()[1].close()
        station = await asyncio.wait_for(late, 5)
        assert (await ask(station, "1"))[0] == 3
        await station.close()
        held.pop()[1].close()


async def test_who_only_holds_handshakes_open_shuts_nobody_out(pki):
    slow = replace(QUICK, handshake_slow_tls_ms=100)
    async with tls_floor(pki, limits=slow, ocpp={"handshakes_max": 2}) as floor:
        held = [await asyncio.open_connection("127.0.0.1", floor.tls_port) for _ in range(10)]
        async with floor.station(ssl=pki.client()) as station:
            assert (await ask(station, "1"))[0] == 3
        for _, writer in held:
            writer.close()


async def test_plain_text_on_the_tls_port_ends_the_connection_alone(pki):
    async with tls_floor(pki) as floor, floor.station(ssl=pki.client()) as standing:
        reader, writer = await asyncio.open_connection("127.0.0.1", floor.tls_port)
        writer.write(b"GET /ocpp/S1 HTTP/1.1\r\n\r\n")
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert (await ask(standing, "1"))[0] == 3


def configured(pki, **changes):
    certificate, key, _ = pki.issue("gateway")
    fields = {"bind": "x:1", "certificate": certificate.name, "key": key.name, **changes}
    return Certificates(TlsConfig(**fields), pki.folder)


def test_each_file_that_cannot_be_used_is_named_with_what_to_do(pki, tmp_path):
    other = Pki(tmp_path, "another CA")
    _, other_key, _ = pki.issue("other")
    locked = load_pem_private_key(other_key.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (tmp_path / "locked.key").write_bytes(locked)
    (tmp_path / "not.pem").write_text("hello")
    good = {"client_ca": pki.ca.name}
    foreign = other.revoke().rename(tmp_path / "foreign.crl")
    old = pki.revoke(until=-DAY).rename(tmp_path / "old.crl")
    for changes, words in [
        ({"certificate": "absent.crt"}, "absent.crt: No such file.*ocpp.tls.certificate"),
        ({"certificate": "not.pem"}, "not.pem: expected a PEM certificate"),
        ({"key": "absent.key"}, "absent.key: No such file.*ocpp.tls.key"),
        ({"key": "not.pem"}, "not.pem: not a private key in PEM"),
        ({"key": "other.key"}, "other.key: not the key of the first certificate"),
        ({"key": "locked.key"}, "locked.key: the key is encrypted.*openssl pkey"),
        ({"client_ca": "not.pem"}, "not.pem: expected PEM CA certificates"),
        ({"revoked": "not.pem"}, "set both"),
        (good | {"revoked": "not.pem"}, "not.pem: no revocation list in PEM"),
        (good | {"revoked": foreign.name}, "not signed by a CA"),
        (good | {"revoked": old.name}, "fetch a new one"),
    ]:
        with pytest.raises(ConfigError, match=words):
            configured(pki, **changes)
