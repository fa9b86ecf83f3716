"""Our own authority takes certificates back; operators see and change what stations trust."""

from __future__ import annotations

import asyncio
import datetime
import json
from contextlib import asynccontextmanager

import ocpp.v16
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from ocpp.routing import on
from typer.testing import CliRunner

from ohmstead.apps.cli.main import app
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.apps.stations.revoking import CRL_EVERY_MS, CRL_FILE
from ohmstead.apps.testpki import FOLDER, TestAuthorities
from ohmstead.core.revocation import Revocation
from ohmstead.errors import OhmsteadError
from ohmstead.wire.pki.certificate import read_certificate, read_pem
from ohmstead.wire.pki.status import id_of, read_answer
from tests.apps.api.desk import desk
from tests.apps.pki.test_station_certificates import certified, kept, sign, until
from tests.apps.stations.field import V16, V21, V201
from tests.apps.stations.test_station_messages import csr_of
from tests.flows.world import NOON

OWN = "ChargingStationCertificate"


async def given(field, station):
    """A certificate that the station took."""
    count = len(kept(field))
    assert (await sign(station, csr_of(), OWN))["status"] == "Accepted"
    await until(lambda: len(kept(field)) > count and kept(field)[-1].state == "accepted")
    return kept(field)[-1]


@asynccontextmanager
async def office(folder, version=V201):
    """A house with an authority, its API, and a station that takes certificates."""
    authority = FileAuthority.make(folder, "Test", NOON)
    async with (
        desk(folder) as it,
        it.field.station(version, kind=certified(version)) as station,
    ):
        yield it, station, authority


async def test_a_revoked_certificate_is_on_the_list_and_ocsp_says_so(tmp_path):
    async with office(tmp_path) as (it, station, authority):
        one = await given(it.field, station)
        other = await given(it.field, station)
        path = f"/api/v1/stations/S/certificates/{one.serial}/revoke"
        for _ in range(2):  # twice is once
            told = await it.admin.post(path, json={"reason": "keyCompromise"})
            assert told.status_code == 200 and told.json()["revoked"]
        crl = x509.load_pem_x509_crl((tmp_path / CRL_FILE).read_bytes())
        assert crl.is_signature_valid(authority.certificate.public_key())
        assert [entry.serial_number for entry in crl] == [int(one.serial, 16)]
        served = await it.nobody.get("/api/v1/pki/ca.crl")
        again = x509.load_der_x509_crl(served.content)
        assert again.get_revoked_certificate_by_serial_number(int(one.serial, 16))

        own = read_certificate(authority.certificate)
        for certificate, word in ((one, "revoked"), (other, "good")):
            leaf = read_pem(certificate.chain)[0]
            asked = ocsp.OCSPRequestBuilder().add_certificate(
                leaf.x509, authority.certificate, hashes.SHA256()
            )
            raw = asked.build().public_bytes(Encoding.DER)
            answer = (await it.nobody.post("/api/v1/pki/ocsp", content=raw)).content
            found = read_answer(answer, id_of(leaf, own), [own], [], it.field.now)
            assert (found.word, found.is_proven) == (word, True)
            asked = ocsp.OCSPRequestBuilder().add_certificate(
                leaf.x509,
                authority.certificate,
                hashes.SHA1(),
            )
            raw = asked.build().public_bytes(Encoding.DER)
            answer = (await it.nobody.post("/api/v1/pki/ocsp", content=raw)).content
            status = ocsp.load_der_ocsp_response(answer).certificate_status
            assert status.name.lower() == word
        shown = (await it.read.get("/api/v1/stations/S/certificates")).json()["items"]
        assert [bool(item["revoked"]) for item in shown] == [False, True]


async def test_a_key_that_was_revoked_is_not_signed_again(tmp_path):
    async with office(tmp_path) as (it, station, _):
        csr = csr_of()
        await sign(station, csr, OWN)
        await until(lambda: kept(it.field) and kept(it.field)[0].state == "accepted")
        serial = kept(it.field)[0].serial
        await it.admin.post(f"/api/v1/stations/S/certificates/{serial}/revoke", json={})
        told = await sign(station, csr, OWN)
        assert told["statusInfo"]["reasonCode"] == "CsrRevoked"
        assert (await sign(station, csr_of(), OWN))["status"] == "Accepted"


async def test_what_is_not_ours_cannot_be_revoked(tmp_path):
    async with office(tmp_path) as (it, station, _):
        one = await given(it.field, station)
        told = await it.admin.post("/api/v1/stations/S/certificates/abc/revoke", json={})
        assert told.status_code == 400 and "station certificates" in told.json()["detail"]
        path = f"/api/v1/stations/S/certificates/{one.serial}/revoke"
        told = await it.admin.post(path, json={"reason": "because"})
        assert told.status_code == 400 and "keyCompromise" in told.json()["detail"]
        assert (await it.read.post(path, json={})).status_code == 403
        path = f"/api/v1/stations/OTHER/certificates/{one.serial}/revoke"
        assert (await it.admin.post(path, json={})).status_code == 400
        assert it.field.store.find(Revocation, 10) == []


async def test_the_list_never_runs_out_and_forgets_what_has_ended(tmp_path):
    async with office(tmp_path) as (it, station, _):
        one = await given(it.field, station)
        await it.admin.post(f"/api/v1/stations/S/certificates/{one.serial}/revoke", json={})
        for days in (1, 400):
            it.field.clock.advance(days * CRL_EVERY_MS)
            it.field.house.revoking.sweep()
            crl = x509.load_pem_x509_crl((tmp_path / CRL_FILE).read_bytes())
            left = crl.next_update_utc.timestamp() * 1_000 - it.field.now
            assert left > datetime.timedelta(days=6).total_seconds() * 1_000
            assert len(crl) == (1 if days == 1 else 0)


async def test_what_is_no_ocsp_request_is_told_so(tmp_path):
    async with office(tmp_path) as (it, _, _):
        for raw in (b"", b"hello", b"\x30\x00", b"\x30" * 5_000):
            answer = (await it.nobody.post("/api/v1/pki/ocsp", content=raw)).content
            word = ocsp.load_der_ocsp_response(answer).response_status
            assert word is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


async def test_ocsp_says_nothing_of_others_certificates(tmp_path):
    pki = TestAuthorities(NOON)
    async with office(tmp_path) as (it, _, _):
        for algorithm in (hashes.SHA1(), hashes.SHA256()):
            asked = ocsp.OCSPRequestBuilder().add_certificate(
                pki.mo_1.certificate, pki.mo_root.certificate, algorithm
            )
            raw = asked.build().public_bytes(Encoding.DER)
            answer = (await it.nobody.post("/api/v1/pki/ocsp", content=raw)).content
            word = ocsp.load_der_ocsp_response(answer).response_status
            assert word is ocsp.OCSPResponseStatus.UNAUTHORIZED


async def test_without_an_authority_there_is_nothing_to_ask(tmp_path):
    async with desk(tmp_path) as it:
        for answer in (
            await it.nobody.get("/api/v1/pki/ca.crl"),
            await it.nobody.post("/api/v1/pki/ocsp", content=b""),
        ):
            assert answer.status_code == 404 and "ca init" in answer.json()["detail"]


# What a person types.


@pytest.fixture
def typed(tmp_path):
    """Types a command at the house of this folder, from a thread as the house is in the loop."""

    async def run(it, *words, code=0):
        url = str(it.admin.base_url).rstrip("/")
        (tmp_path / "run.json").write_text(json.dumps({"http": url}))
        key = it.admin.headers["Authorization"].split()[1]
        arguments = [*map(str, words), "--dir", str(tmp_path), "--key", key]
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        if code:
            assert isinstance(done.exception, OhmsteadError), done.output
            return str(done.exception)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    return run


def with_roots(version):
    """A station that keeps roots."""
    import ocpp.v21
    import ocpp.v201

    results = (ocpp.v21 if version == V21 else ocpp.v201).call_result

    class Rooted(certified(version)):
        def __init__(self, *args):
            super().__init__(*args)
            self.roots = {}

        @on("InstallCertificate")
        def install(self, certificate_type, certificate, **_):
            one = read_pem(certificate)[0]
            named = id_of(one, one)
            data = {
                "hashAlgorithm": "SHA256",
                "issuerNameHash": named.name_hash.hex(),
                "issuerKeyHash": named.key_hash.hex(),
                "serialNumber": f"{named.serial:X}",
            }
            self.roots[data["serialNumber"]] = (certificate_type, data)
            return results.InstallCertificate(status="Accepted")

        @on("GetInstalledCertificateIds")
        def installed(self, **_):
            chain = [
                {"certificateType": kind, "certificateHashData": data}
                for kind, data in self.roots.values()
            ]
            return results.GetInstalledCertificateIds(
                status="Accepted" if chain else "NotFound",
                certificate_hash_data_chain=chain or None,
            )

        @on("DeleteCertificate")
        def delete(self, certificate_hash_data, **_):
            number = certificate_hash_data["serial_number"]
            known = self.roots.pop(number, None)
            return results.DeleteCertificate(status="Accepted" if known else "NotFound")

    return Rooted


async def test_an_operator_installs_lists_and_deletes_roots_by_name(tmp_path, typed):
    """2.0.1 M03, M04, M05."""
    authority = FileAuthority.make(tmp_path, "Test", NOON)
    roots = tmp_path / FOLDER / "mo-root.pem"
    made = CliRunner().invoke(app, ["pki", "test-init", "--dir", str(tmp_path)])
    assert made.exit_code == 0 and "[pki]" in made.stdout and "TEST" in made.stdout
    again = CliRunner().invoke(app, ["pki", "test-init", "--dir", str(tmp_path)])
    assert "already" in str(again.exception)
    assert (tmp_path / FOLDER / "contract.key").stat().st_mode & 0o777 == 0o600
    async with (
        desk(tmp_path, pki={"roots": f"{FOLDER}/roots.pem"}) as it,
        it.field.station(V21, kind=with_roots(V21)) as station,
    ):
        assert "TEST MO Root" in await typed(it, "pki", "roots")
        said = await typed(it, "pki", "install", "S", roots, "--use", "MORootCertificate")
        assert "trusts TEST MO Root" in said
        own = tmp_path / "ca.pem"
        await typed(it, "pki", "install", "S", own, "--use", "CSMSRootCertificate")
        await given(it.field, station)
        said = await typed(it, "station", "certificates", "S")
        assert "TEST MO Root" in said and "MORootCertificate" in said and "accepted" in said
        assert authority.certificate.subject.rfc4514_string().split("CN=")[1].split(",")[0] in said
        told = json.loads(await typed(it, "station", "certificates", "S", "--json"))
        assert len(told["installed"]) == 2 and len(told["issued"]) == 1
        serial = told["installed"][0]["certificateHashData"]["serialNumber"]
        assert "forgot" in await typed(it, "pki", "delete", "S", serial.lower())
        assert "has no certificate" in await typed(it, "pki", "delete", "S", serial, code=1)
        assert "serial number" in await typed(it, "pki", "delete", "S", "xyz", code=1)
        wrong = tmp_path / FOLDER / "contract.pem"
        said = await typed(it, "pki", "install", "S", wrong, "--use", "MORootCertificate", code=1)
        assert "root certificate" in said
        serial = told["issued"][0]["serial"]
        said = await typed(it, "ca", "revoke", "S", serial, "--reason", "superseded")
        assert "revoked since" in said
        assert "revoked" in await typed(it, "station", "certificates", "S")


async def test_an_older_station_is_asked_for_each_kind_of_root_it_trusts(tmp_path, typed):
    """OCPP 1.6 has one kind in each request, and only two of them."""
    asked = []

    class Trusting(ocpp.v16.ChargePoint):
        @on("GetInstalledCertificateIds")
        def ids(self, certificate_type):
            asked.append(certificate_type)
            if certificate_type != "CentralSystemRootCertificate":
                return ocpp.v16.call_result.GetInstalledCertificateIds(status="NotFound")
            words = ("issuer_name_hash", "issuer_key_hash", "serial_number")
            data = {"hash_algorithm": "SHA256", **dict.fromkeys(words, "ab")}
            return ocpp.v16.call_result.GetInstalledCertificateIds(
                status="Accepted", certificate_hash_data=[data]
            )

    async with desk(tmp_path) as it, it.field.station(V16, kind=Trusting):
        said = await typed(it, "station", "certificates", "S")
        assert "not known now" not in said and "CentralSystemRootCertificate" in said
        assert asked == ["CentralSystemRootCertificate", "ManufacturerRootCertificate"]


async def test_what_an_absent_station_was_given_is_shown_all_the_same(tmp_path, typed):
    async with office(tmp_path) as (it, station, _):
        one = await given(it.field, station)
        await station.socket.close()
        await until(lambda: it.field.link() is None)
        said = await typed(it, "station", "certificates", "S")
        assert one.serial in said and "not connected; try again when it is back" in said
        assert "queue" not in said
        root = tmp_path / "ca.pem"
        said = await typed(it, "pki", "install", "S", root, "--use", "CSMSRootCertificate", code=1)
        assert "not connected" in said and "queue" not in said


def test_certificates_say_where_their_revocation_can_be_asked_about(tmp_path):
    authority = FileAuthority.make(tmp_path, "Test", NOON)
    bare = read_pem(authority.issue(("S",), csr_of(), NOON).chain)[0]
    assert bare.ocsp_urls == ()
    authority.public_url = "https://charge.example"
    one = read_pem(authority.issue(("S",), csr_of(), NOON).chain)[0]
    assert one.ocsp_urls == ("https://charge.example/api/v1/pki/ocsp",)
    points = one.x509.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name[0].value == "https://charge.example/api/v1/pki/ca.crl"


async def test_a_request_with_any_byte_changed_is_answered(tmp_path):
    async with office(tmp_path) as (it, station, authority):
        one = await given(it.field, station)
        leaf = read_pem(one.chain)[0].x509
        asked = ocsp.OCSPRequestBuilder().add_certificate(
            leaf, authority.certificate, hashes.SHA256()
        )
        good = asked.build().public_bytes(Encoding.DER)
        for place in range(len(good)):
            for change in (0x01, 0x80, 0xFF):
                raw = bytearray(good)
                raw[place] ^= change
                answer = it.field.house.revoking.answer(bytes(raw))
                ocsp.load_der_ocsp_response(answer)
