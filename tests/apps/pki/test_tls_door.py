"""The door for stations with certificates: who was revoked does not come in, and nobody waits."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.boot import House, policy_from
from ohmstead.apps.config import ChainConfig, Config, OcppConfig, PkiConfig, TlsConfig
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.flows import certificates, onboarding
from tests.apps.gateway.floor import upgrade_headers
from tests.apps.gateway.pki import DAY, Pki
from tests.apps.pki.test_station_certificates import until
from tests.apps.stations.field import QUICK, Field, ask
from tests.apps.stations.test_station_messages import csr_of
from tests.wire.test_proxy import header, tls

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Responder:
    """An OCSP responder of the stations' CA, on a real port."""

    def __init__(self, pki):
        self.pki, self.revoked, self.asked, self.broken = pki, set(), 0, False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                answer = b"" if outer.broken else outer.answer(ocsp.load_der_ocsp_request(raw))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, asked):
        now = datetime.datetime.now(datetime.UTC)
        gone = asked.serial_number in self.revoked
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if gone else ocsp.OCSPCertStatus.GOOD,
            this_update=now,
            next_update=now + DAY,
            revocation_time=now if gone else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.pki.certificate)
        return builder.sign(self.pki.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def close(self):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path, "stations")


@pytest.fixture
def responder(pki):
    made = Responder(pki)
    yield made
    made.close()


def issue(pki, responder, name="S"):
    """A station's certificate that names its responder; its files."""
    certificate, key, _ = pki.issue(name)
    signed = x509.load_pem_x509_certificate(certificate.read_bytes())
    access = x509.AccessDescription(
        x509.oid.AuthorityInformationAccessOID.OCSP,
        x509.UniformResourceIdentifier(f"http://{responder.host}/"),
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(signed.subject)
        .issuer_name(signed.issuer)
        .public_key(signed.public_key())
        .serial_number(signed.serial_number)
        .not_valid_before(signed.not_valid_before_utc)
        .not_valid_after(signed.not_valid_after_utc)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        .sign(pki.key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    return certificate, key, made


@asynccontextmanager
async def door(folder, pki, mode, responder=None, client_ca=None, ocpp=None, organization=""):
    server, key, _ = pki.issue("gateway")
    tls = TlsConfig(
        bind="127.0.0.1:0",
        certificate=server.name,
        key=key.name,
        client_ca=client_ca or pki.ca.name,
        ocsp=mode,
        organization=organization,
    )
    hosts = (responder.host,) if responder else ()
    config = Config(
        chain=ChainConfig(kind="anvil"),
        ocpp=OcppConfig(tls=tls, **(ocpp or {})),
        pki=PkiConfig(ocsp_hosts=hosts, timeout_s=20),
    )
    clock = SystemClock()
    store = WatchedStore.open(folder / "ohmstead.db", TABLES, clock, QUICK)
    house = House(folder, config, store, clock)
    await store.run(onboarding.set_policy, policy_from(config))
    port = await house.start("127.0.0.1:0")
    field = Field(house, clock, port)
    try:
        await field.furnish()
        yield field
    finally:
        await house.stop()


def connect(field, pki, certificate, key):
    """A station with its certificate, on the port with TLS."""
    from websockets.asyncio.client import connect as dial

    context = ssl.create_default_context(cafile=str(pki.ca))
    context.load_cert_chain(certificate, key)
    return dial(
        f"wss://127.0.0.1:{field.house.tls_port}/ocpp/S",
        ssl=context,
        subprotocols=["ocpp2.0.1"],
        compression=None,
        proxy=None,
    )


async def refused(connection):
    with pytest.raises(InvalidStatus) as error:
        await connection
    response = error.value.response
    return response.status_code, response.body.decode()


async def let_in(field, pki, certificate, key):
    """Come again until the answer is there, as a station does."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with connect(field, pki, certificate, key) as socket:
                    assert (await ask(socket, "1", "Heartbeat", {}))[0] == 3
                    return
            except InvalidStatus as error:
                assert error.response.status_code == 503
                assert error.response.headers["Retry-After"] == "5"
                await asyncio.sleep(0.02)


async def test_hard_nobody_comes_in_before_the_responder_spoke(pki, responder, tmp_path):
    certificate, key, _ = issue(pki, responder)
    async with door(tmp_path, pki, "hard", responder) as field:
        status, why = await refused(connect(field, pki, certificate, key))
        assert status == 503 and "asked" in why
        await let_in(field, pki, certificate, key)
        await let_in(field, pki, certificate, key)
        assert responder.asked == 1  # what it said is kept


async def test_a_revoked_station_is_refused(pki, responder, tmp_path):
    certificate, key, made = issue(pki, responder)
    responder.revoked.add(made.serial_number)
    async with door(tmp_path, pki, "hard", responder) as field:
        await refused(connect(field, pki, certificate, key))
        await until(lambda: responder.asked == 1 and not field.house.stations.standing._asking)
        status, why = await refused(connect(field, pki, certificate, key))
        assert status == 403 and "revoked" in why


async def test_soft_a_station_comes_in_at_once_and_goes_when_it_was_revoked(
    pki, responder, tmp_path
):
    certificate, key, made = issue(pki, responder)
    responder.revoked.add(made.serial_number)
    async with door(tmp_path, pki, "soft", responder) as field:
        async with connect(field, pki, certificate, key) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 10)
            assert closed.value.rcvd.code == 1008
        status, why = await refused(connect(field, pki, certificate, key))
        assert status == 403 and "revoked" in why


@pytest.mark.parametrize("mode", ["hard", "soft"])
async def test_a_responder_that_is_broken_shuts_out_by_hard_alone(mode, pki, responder, tmp_path):
    responder.broken = True
    certificate, key, _ = issue(pki, responder)
    async with door(tmp_path, pki, mode, responder) as field:
        if mode == "soft":
            async with connect(field, pki, certificate, key) as socket:
                assert (await ask(socket, "1", "Heartbeat", {}))[0] == 3
                await until(lambda: responder.asked == 1)
                assert (await ask(socket, "2", "Heartbeat", {}))[0] == 3
            return
        await refused(connect(field, pki, certificate, key))
        await until(lambda: responder.asked and not field.house.stations.standing._asking)
        status, why = await refused(connect(field, pki, certificate, key))
        assert status == 503 and "cannot be found out" in why


async def test_what_our_own_authority_revoked_is_refused_without_asking_anybody(pki, tmp_path):
    authority = FileAuthority.make(tmp_path, "Test", SystemClock().now_ms())
    key = ec.generate_private_key(ec.SECP256R1())
    issued = authority.issue(("S",), csr_of("S", key), SystemClock().now_ms())
    (tmp_path / "s.crt").write_text(issued.chain)
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "s.key").write_bytes(raw)
    files = tmp_path / "s.crt", tmp_path / "s.key"
    async with door(tmp_path, pki, "off", client_ca="ca.pem") as field:
        await let_in(field, pki, *files)
        made = certificates.Issue("S", "00", issued.chain, issued.serial, issued.not_after_ms)
        await field.run(certificates.issue, made)
        await field.run(certificates.revoke, certificates.Revoke("S", issued.serial))
        status, why = await refused(connect(field, pki, *files))
        assert status == 403 and "revoked" in why


async def test_a_name_from_a_proxy_is_refused_once_every_certificate_of_it_was_revoked(
    tmp_path, pki
):
    """A proxy that ends TLS tells the name by PROXY v2 and no certificate."""
    authority = FileAuthority.make(tmp_path, "Test", SystemClock().now_ms())

    def given(name, number):
        key = ec.generate_private_key(ec.SECP256R1())
        issued = authority.issue((name,), csr_of(name, key), SystemClock().now_ms())
        until_ms = issued.not_after_ms
        return certificates.Issue(name, f"{number:02d}", issued.chain, issued.serial, until_ms)

    async def status(field, name="S"):
        reader, writer = await asyncio.open_connection("127.0.0.1", field.port)
        lines = [
            f"GET /ocpp/{name} HTTP/1.1",
            "Host: x",
            *upgrade_headers(name, Authorization=None),
        ]
        writer.write(header(header()[16:] + tls(name=name.encode())))
        writer.write("\r\n".join([*lines, "", ""]).encode())
        line = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        return int(line.split()[1])

    proxies = {"proxy_protocol": True, "trusted_proxies": ("127.0.0.0/8",)}
    async with door(tmp_path, pki, "off", ocpp=proxies) as field:
        assert await status(field) == 101  # another authority's, for all we know
        first, second = given("S", 1), given("S", 2)
        for one in (first, second):
            await field.run(certificates.issue, one)
        await field.run(certificates.revoke, certificates.Revoke("S", first.serial))
        assert await status(field) == 101  # it may have the other one
        await field.run(certificates.revoke, certificates.Revoke("S", second.serial))
        assert await status(field) == 403
        assert "revoked" in field.house.gateway.wire.of("S").frames[-1][2]
        assert await status(field, "OTHER") == 101
        await field.run(certificates.issue, given("S", 3))
        assert await status(field) == 101
