"""TLS from a virtual station's side: profiles 2 and 3, and one sentence for what goes wrong."""

from __future__ import annotations

import asyncio
import datetime
from contextlib import asynccontextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.virtual.link import UpgradeRefused
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.apps.virtual.tls import Trouble, client_context
from ohmstead.apps.virtual.trial import Trial, why_refused
from ohmstead.errors import OperatorError
from tests.apps.gateway import pki as making
from tests.apps.gateway.floor import PASSWORD
from tests.apps.gateway.pki import DAY, Pki
from tests.apps.gateway.test_tls import V12, V13, tls_floor

ENCRYPTED = BestAvailableEncryption(b"secret")


@pytest.fixture
def pki(tmp_path):
    return Pki(tmp_path)


@pytest.fixture
def others(tmp_path):
    """A CA with another key and the same name."""
    (tmp_path / "others").mkdir()
    return Pki(tmp_path / "others")


def station_of(url, context, password=PASSWORD):
    return VirtualStation("S1", url, password, "2.0.1", {}, ManualClock(), ssl_context=context)


async def sentence(url, context, password=PASSWORD):
    """What a person reads, and the trouble, when a station is not let in."""
    station = station_of(url, context, password)
    with pytest.raises(UpgradeRefused) as refused:
        await station.connect()
    trial = Trial("S1", password and "x", url, "2.0.1", "", None)
    return str(why_refused(trial, refused.value)), refused.value.tls


@pytest.mark.parametrize("version", [V12, V13], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
@pytest.mark.parametrize("profile", [2, 3])
async def test_a_station_connects_by_password_or_certificate(pki, profile, kind, version):
    server, server_key, _ = pki.issue("gateway", kind=kind)
    async with tls_floor(pki, certificate=server.name, key=server_key.name, least=profile) as floor:
        pair = pki.issue("S1", kind=kind)[:2] if profile == 3 else (None, None)
        context = client_context(pki.ca, *pair)
        context.maximum_version = version
        station = station_of(floor.url, context, None if profile == 3 else PASSWORD)
        await station.connect()
        (connected,) = floor.gateway.connected()
        assert connected.profile == profile
        await station.close()


async def test_a_server_whose_ca_was_not_given_names_the_option(pki, others):
    async with tls_floor(pki) as floor:
        for context in (client_context(None, None, None), client_context(others.ca, None, None)):
            said, finding = await sentence(floor.url, context)
            assert finding.trouble is Trouble.UNTRUSTED
            assert said.endswith("give the certificate of the CA that signed it with --ca FILE")


async def test_the_servers_own_certificate_can_be_trusted_alone(pki):
    async with tls_floor(pki) as floor:
        context = client_context(pki.folder / "gateway.crt", None, None)
        station = station_of(floor.url, context)
        await station.connect()
        await station.close()


async def test_a_certificate_that_expired_or_is_for_another_name_is_told_as_that(pki, monkeypatch):
    old, old_key, _ = pki.issue("old", until=-datetime.timedelta(hours=1))
    async with tls_floor(pki, certificate=old.name, key=old_key.name) as floor:
        said, finding = await sentence(floor.url, client_context(pki.ca, None, None))
        assert finding.trouble is Trouble.DATES and "has expired" in said
    elsewhere = x509.SubjectAlternativeName([x509.DNSName("elsewhere.example")])
    monkeypatch.setattr(making, "LOOPBACK", elsewhere)
    other, other_key, _ = pki.issue("other")
    async with tls_floor(pki, certificate=other.name, key=other_key.name) as floor:
        said, finding = await sentence(floor.url, client_context(pki.ca, None, None))
        assert finding.trouble is Trouble.NAME and said.endswith("it is for with --url")


@pytest.mark.parametrize("version", [V12, V13], ids=["TLS 1.2", "TLS 1.3"])
async def test_a_certificate_the_server_does_not_trust_is_told_as_that(pki, others, version):
    async with tls_floor(pki, least=3) as floor:
        for issuer, until in ((others, DAY), (pki, -datetime.timedelta(hours=1))):
            certificate, key, _ = issuer.issue("S1", until=until, file="shown")
            context = client_context(pki.ca, certificate, key)
            context.maximum_version = version
            said, finding = await sentence(floor.url, context, None)
            assert finding.trouble is Trouble.REFUSED and "may not trust --cert" in said


async def test_a_certificate_of_another_station_is_refused_in_the_servers_words(pki):
    async with tls_floor(pki) as floor:
        certificate, key, _ = pki.issue("S2")
        said, _ = await sentence(floor.url, client_context(pki.ca, certificate, key), None)
        assert "the certificate's common name (CN) is not this station's id" in said
        said, _ = await sentence(floor.url, client_context(pki.ca, None, None), None)
        assert "takes no certificate of S1" in said
        said, _ = await sentence(floor.url, client_context(pki.ca, None, None), b"wrong")
        assert "this is not the password of S1" in said


@asynccontextmanager
async def plain_server():
    """Something at an address that is no TLS listener: it answers HTTP at once and hangs up."""

    async def answer(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_server_without_tls_and_one_with_are_told_apart(pki):
    async with plain_server() as port:
        said, finding = await sentence(
            f"wss://127.0.0.1:{port}/ocpp", client_context(pki.ca, None, None)
        )
        assert finding.trouble is Trouble.NO_TLS and "ws:// for one without" in said
    async with tls_floor(pki) as floor:
        said, _ = await sentence(floor.url.replace("wss:", "ws:"), None)
        assert "closed the connection without an answer" in said


def encrypted(pki):
    path = pki.folder / "encrypted.key"
    private = load_pem_private_key((pki.folder / "S1.key").read_bytes(), None)
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, ENCRYPTED))
    return path


def test_each_file_that_cannot_be_used_is_named_with_its_option(pki, others):
    certificate, key, _ = pki.issue("S1")
    _, foreign_key, _ = others.issue("S1")
    text = pki.folder / "text.pem"
    text.write_text("no PEM\n")
    absent = pki.folder / "absent.pem"
    for given, told in (
        ((absent, None, None), f"--ca {absent}: No such file or directory"),
        ((text, None, None), f"--ca {text}: not a certificate in PEM; give"),
        ((key, None, None), f"--ca {key}: not a certificate in PEM; give"),
        ((None, certificate, None), "--cert needs --key beside it"),
        ((None, None, key), "--key needs --cert beside it"),
        ((None, absent, key), f"--cert {absent}: No such file or directory"),
        ((None, text, key), f"--cert {text}: not a certificate in PEM; give"),
        ((None, certificate, absent), f"--key {absent}: No such file or directory"),
        ((None, certificate, text), f"--key {text}: not a private key in PEM"),
        ((None, certificate, encrypted(pki)), "the key is encrypted; write it out with"),
        ((None, certificate, foreign_key), f"--key {foreign_key}: not the key of the first"),
    ):
        with pytest.raises(OperatorError) as refused:
            client_context(*given)
        assert told in str(refused.value)
