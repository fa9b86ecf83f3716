"""What a pool or a responder may answer: certificates, or a PkiUnavailable that says why."""

from __future__ import annotations

import asyncio
import base64
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.adapters.pki.http import FAILURES_MAX, Answer, Http
from ohmstead.adapters.pki.pool import Pool, _certificates
from ohmstead.adapters.pki.responders import Responders
from ohmstead.errors import PkiUnavailable
from tests.apps.pki.pool import Server
from tests.flows.world import NOON


@pytest.fixture
def server():
    with Server(NOON) as made:
        yield made


def csr_of(key=None):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SECC")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    made = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


async def code_of(asked):
    with pytest.raises(PkiUnavailable) as refused:
        await asked
    assert len(refused.value.code) <= 20 and str(refused.value)
    return refused.value.code


@given(st.binary(max_size=400))
def test_any_bytes_are_certificates_or_a_reason(raw):
    for body in (raw, b"\x30" + raw, base64.b64encode(raw), b"-----BEGIN PKCS7-----" + raw):
        with pytest.raises(PkiUnavailable):
            _certificates(Answer(200, body))


def test_certificates_come_in_every_wrapping_there_is():
    with Server(NOON) as server:
        both = [server.pki.cpo_2.certificate, server.pki.cpo_1.certificate]
    der = pkcs7.serialize_certificates(both, Encoding.DER)
    for body in (
        der,
        base64.encodebytes(der),
        pkcs7.serialize_certificates(both, Encoding.PEM),
        b"".join(one.public_bytes(Encoding.PEM) for one in both),
        both[0].public_bytes(Encoding.DER),
        base64.b64encode(both[0].public_bytes(Encoding.DER)),
    ):
        names = [one.common_name for one in _certificates(Answer(200, body))]
        assert "TEST CPO Sub 2" in names


async def test_a_chain_is_leaf_first_and_without_its_root(server):
    pool = Pool(server.url, lambda: "", 20)
    chain = await pool.sign_v2g(csr_of(), 2)
    names = [
        one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        for one in x509.load_pem_x509_certificates(chain.encode())
    ]
    assert names == ["SECC", "TEST CPO Sub 2", "TEST CPO Sub 1"]
    await pool.close()


async def test_a_pool_that_signs_another_key_is_not_believed(server):
    pool = Pool(server.url, lambda: "", 20)
    signed = server.pki.leaf("SECC", server.pki.cpo_2).certificate.public_bytes(Encoding.DER)
    server.faults = [(200, base64.b64encode(signed))]
    assert await code_of(pool.sign_v2g(csr_of(), 2)) == "BadPkiAnswer"
    assert await code_of(pool.sign_v2g("no csr", 2)) == "CsrUnreadable"
    await pool.close()


async def test_where_things_are_at_a_pool_can_be_told(server):
    pool = Pool(server.url, lambda: "", 20, "/cpo/{request}/{generation}")
    assert await code_of(pool.sign_v2g(csr_of(), 20)) == "PkiRefused"
    assert server.paths() == ["/cpo/simpleenroll/ISO15118-20"]
    await pool.close()


async def test_roots_of_before_are_used_while_the_pool_is_away(server):
    pool = Pool(server.url, lambda: "", 20)
    server.faults = [(500, b"")] * 3
    assert await code_of(pool.roots()) == "PkiUnreachable"
    found = await asyncio.gather(*(pool.roots() for _ in range(5)))
    assert len({tuple(roots) for roots in found}) == 1 and len(found[0]) == 2
    assert len(server.paths()) == 4  # five asked, and one was sent
    pool._roots_until_s = time.monotonic() - 1
    server.faults = [(500, b"")] * 3
    assert await pool.roots() == found[0]
    await pool.close()


@pytest.mark.parametrize(
    "told",
    [
        b"[]",
        b"{}",
        b'{"RootCertificateCollection":{"rootCertificates":[{"caCertificate":"\xc3\xa9"}]}}',
        b'{"RootCertificateCollection":{"rootCertificates":[{"caCertificate":"A"}]}}',
        b"[" * 100_000,
    ],
)
async def test_roots_that_are_none_are_a_reason(told, server):
    pool = Pool(server.url, lambda: "", 20)
    server.faults = [(200, told)]
    assert await code_of(pool.roots()) == "BadPkiAnswer"
    await pool.close()


async def test_who_does_not_listen_is_given_up_and_then_left_alone():
    http = Http(1, 1_000)
    for _ in range(FAILURES_MAX):
        assert await code_of(http.ask("GET", "http://127.0.0.1:9/", {})) == "PkiUnreachable"
    assert await code_of(http.ask("GET", "http://127.0.0.1:9/", {})) == "PkiResting"
    assert await code_of(http.ask("GET", "http://[", {})) == "PkiUnreachable"
    await http.close()


async def test_who_says_nothing_is_given_up_in_time():
    async def silent(_reader, writer):
        await asyncio.sleep(30)
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    http = Http(1, 1_000)
    assert await code_of(http.ask("GET", f"http://127.0.0.1:{port}/", {})) == "PkiUnreachable"
    await http.close()
    listening.close()


@given(st.text(max_size=80))
def test_any_text_leads_to_a_host_of_the_list_or_nowhere(text):
    asker = Responders(("ocsp.example", "other.example:8080"), 1, lambda: NOON)
    for url in (text, f"http://{text}", f"http://ocsp.example{text}", f"http://{text}@x/"):
        if asker.may_ask(url):
            import httpx

            found = httpx.URL(url)
            where = (found.host.lower(), found.port)
            assert where in {
                ("ocsp.example", None),
                ("ocsp.example", 80),
                ("ocsp.example", 443),
                ("other.example", 8080),
            }, url


def test_ports_of_the_list_are_meant():
    asker = Responders(("ocsp.example", "other.example:8080"), 1, lambda: NOON)
    assert asker.may_ask("HTTP://OCSP.example/x")
    assert asker.may_ask("https://ocsp.example:443")
    assert asker.may_ask("http://other.example:8080/")
    for url in (
        "http://other.example/",
        "http://ocsp.example:8080/",
        "ftp://ocsp.example/",
        "http://ocsp.example.evil/",
        "http://evil/ocsp.example",
        "http://a@ocsp.example/",
        "//ocsp.example/",
    ):
        assert not asker.may_ask(url), url


async def test_who_asks_a_wrong_responder_spoils_nothing_for_others(server):
    from ohmstead.wire.pki.certificate import read_certificate
    from ohmstead.wire.pki.status import id_of

    issuer, leaf = server.pki.mo_2, server.pki.leaf("DEABCC12345678", server.pki.mo_2)
    named = id_of(read_certificate(leaf.certificate), read_certificate(issuer.certificate))
    asker = Responders((server.host,), 20, lambda: NOON)
    assert await code_of(asker.ask(named, f"{server.url}/elsewhere")) == "NoOcspAnswer"
    assert await code_of(asker.ask(named, f"{server.url}/elsewhere")) == "NoOcspAnswer"
    found = await asyncio.gather(*(asker.ask(named, f"{server.url}/ocsp") for _ in range(4)))
    assert len(set(found)) == 1
    assert server.paths() == ["/elsewhere", "/ocsp"]
    await asker.close()
