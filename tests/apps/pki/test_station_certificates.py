"""Certificates of stations: those of ISO 15118 by way of the pool, serial numbers, revocation."""

from __future__ import annotations

import asyncio
import base64

import ocpp.v21
import ocpp.v201
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from ocpp.routing import on

from ohmstead.apps.config import TlsConfig
from ohmstead.apps.stations.authority import (
    FileAuthority,
    Unsuitable,
    suitable,
    suitable_for_v2g,
)
from ohmstead.apps.stations.renewals import LOOK_MS
from ohmstead.core.station_log import StationCertificate
from tests.apps.pki.pool import Server, hash_data
from tests.apps.pki.test_contracts import BOTH, by_pool
from tests.apps.stations.field import POINTS, V21, V201, running
from tests.apps.stations.test_station_messages import csr_of
from tests.flows.world import NOON

DAY = 24 * 60  # minutes


def certified(version, word="Accepted"):
    """A station that takes certificates, and remembers what it was asked."""
    results = (ocpp.v21 if version == V21 else ocpp.v201).call_result

    class Certified(POINTS[version]):
        def __init__(self, *args):
            super().__init__(*args)
            self.taken, self.triggers = [], []

        @on("CertificateSigned")
        def certificate_signed(self, **told):
            self.taken.append(told)
            return results.CertificateSigned(status=word)

        @on("TriggerMessage")
        def trigger_message(self, requested_message, **_):
            self.triggers.append(requested_message)
            return results.TriggerMessage(status="Accepted")

    return Certified


async def until(condition):
    """Wait for what must come about; ten seconds are for a full machine."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def kept(field):
    return field.store.find(StationCertificate, 100)


def ec_csr(name="DE*ABC*E1", key=None):
    return csr_of(name, key or ec.generate_private_key(ec.SECP256R1()))


async def sign(station, csr, kind="V2GCertificate", **more):
    return (await station.send("SignCertificate", {"csr": csr, "certificateType": kind, **more}))[2]


@BOTH
async def test_a_station_gets_its_v2g_certificate_from_the_pool(version, server, tmp_path):
    """2.0.1 A02 with certificateType V2GCertificate; 2.1 has its requestId back."""
    more = {"requestId": 7} if version == V21 else {}
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(version, kind=certified(version)) as station,
    ):
        csr = ec_csr()
        assert await sign(station, csr, **more) == {"status": "Accepted"}
        assert await sign(station, csr, **more) == {"status": "Accepted"}  # its answer was lost
        await until(lambda: any(one.state == "accepted" for one in kept(field)))
        told = station.point.taken[0]
        assert told["certificate_type"] == "V2GCertificate"
        assert told.get("request_id") == more.get("requestId")
        leaf, *above = x509.load_pem_x509_certificates(told["certificate_chain"].encode())
        leaf.verify_directly_issued_by(server.pki.cpo_2.certificate)
        assert above == [server.pki.cpo_2.certificate, server.pki.cpo_1.certificate]  # no root
        assert server.paths().count("/.well-known/cpo/simpleenroll") == 1
        assert len(kept(field)) == 1


async def test_a_pool_that_is_away_is_waited_for_and_the_station_is_not(server, tmp_path):
    server.faults = [(503, b"")] * 3
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201, kind=certified(V201)) as station,
    ):
        assert (await sign(station, ec_csr()))["status"] == "Accepted"
        await until(lambda: len(server.asked) >= 3)
        await until(lambda: field.store.due_jobs(field.now + 60_000, 10)[0].due_ms > field.now)
        assert kept(field)[0].state == "wanted"
        field.wait(1)
        await until(lambda: kept(field)[0].state == "accepted")


async def test_what_the_pool_will_not_sign_is_told_to_the_operator(server, tmp_path):
    server.faults = [(400, b"")]
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201, kind=certified(V201)) as station,
    ):
        assert (await sign(station, ec_csr()))["status"] == "Accepted"
        await until(lambda: kept(field)[0].state == "failed")
        assert (await sign(station, ec_csr()))["status"] == "Accepted"
        await until(lambda: any(one.state == "accepted" for one in kept(field)))


@pytest.mark.parametrize(
    ("why", "kind", "key"),
    [
        ("CsrWeakKey", "V2GCertificate", lambda: rsa.generate_private_key(65_537, 2_048)),
        ("CsrWeakKey", "V2GCertificate", lambda: ec.generate_private_key(ec.SECP521R1())),
        ("CsrWeakKey", "V2G20Certificate", lambda: ec.generate_private_key(ec.SECP256R1())),
    ],
)
async def test_a_v2g_csr_has_a_key_that_iso_15118_knows(why, kind, key, server, tmp_path):
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V21) as station,
    ):
        told = await sign(station, ec_csr(key=key()), kind)
        assert (told["status"], told["statusInfo"]["reasonCode"]) == ("Rejected", why)
        assert kept(field) == [] and server.asked == []


async def test_a_station_has_three_requests_at_the_pool_at_most(server, tmp_path):
    server.faults = [(503, b"")] * 1_000
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201, kind=certified(V201)) as station,
    ):
        words = [(await sign(station, ec_csr()))["status"] for _ in range(5)]
        assert words == ["Accepted"] * 3 + ["Rejected"] * 2
        assert len(kept(field)) == 3


async def test_a_station_chooses_its_root_and_only_of_those_we_trust(server, tmp_path):
    """2.1: hashRootCertificate, of a V2G root and of our own authority."""
    authority = FileAuthority.make(tmp_path, "Test", NOON)

    def root(one):
        data = hash_data(one, one, "")
        del data["responderURL"]
        return {"hashRootCertificate": data}

    own, v2g = authority.certificate, server.pki.v2g_root.certificate
    station_csr = csr_of("S")
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V21, kind=certified(V21)) as station,
    ):
        assert (await sign(station, ec_csr(), **root(v2g)))["status"] == "Accepted"
        told = await sign(station, ec_csr(), **root(own))
        assert told["statusInfo"]["reasonCode"] == "UnknownRoot"
        name = "ChargingStationCertificate"
        assert (await sign(station, station_csr, name, **root(own)))["status"] == "Accepted"
        told = await sign(station, csr_of("S"), name, **root(v2g))
        assert told["statusInfo"]["reasonCode"] == "UnknownRoot"


@BOTH
async def test_a_v2g_certificate_is_renewed_in_time(version, server, tmp_path):
    async with (
        running(tmp_path, pki=by_pool(server, renew_days=10)) as field,
        field.station(version, kind=certified(version)) as station,
    ):
        await sign(station, ec_csr())
        await until(lambda: any(one.state == "accepted" for one in kept(field)))
        field.wait(79 * DAY)  # of 90
        await field.house.renewals.sweep()
        assert station.point.triggers == []
        field.wait(2 * DAY)
        for _ in range(3):
            await field.house.renewals.sweep()
            field.clock.advance(LOOK_MS)
        assert station.point.triggers == ["SignV2GCertificate"]
        field.wait(DAY)
        await field.house.renewals.sweep()
        assert len(station.point.triggers) == 2  # nothing came of it, so it is asked again


async def test_a_serial_number_is_a_name_where_the_operator_says_so(tmp_path):
    """2.0.1 A00.FR.405 and A00.FR.511."""
    FileAuthority.make(tmp_path, "Test", NOON)

    async def boot(station, serial):
        about = {"model": "M", "vendorName": "V", "serialNumber": serial}
        boot = {"reason": "PowerUp", "chargingStation": about}
        assert (await station.send("BootNotification", boot))[2]["status"] == "Accepted"

    for names, said in (("id", "Rejected"), ("serial", "Accepted")):
        async with (
            running(tmp_path, furnish=names == "id", ocpp={"tls": TlsConfig(names=names)}) as field,
            field.station(V201, boot=False) as station,
        ):
            await boot(station, "SN-1")
            assert (await sign(station, csr_of("SN-1"), "ChargingStationCertificate"))[
                "status"
            ] == said
            told = await sign(station, csr_of("SN-2"), "ChargingStationCertificate")
            assert told["statusInfo"]["reasonCode"] == "CsrWrongName"
            if names == "serial":
                # Nobody becomes another station by telling its id or its number.
                for serial in ("OTHER", "SN-9"):
                    async with field.station(V201, "OTHER", boot=False) as other:
                        await boot(other, "SN-9")
                    await boot(station, serial)
                    told = await sign(station, csr_of(serial), "ChargingStationCertificate")
                    assert told["statusInfo"]["reasonCode"] == "CsrWrongName"


def test_the_pool_of_these_tests_is_real():
    with Server(NOON) as made:
        assert made.port > 0


CSR = csr_of("S")
TYPES = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE"]


@given(st.data())
def test_a_csr_with_any_byte_changed_is_signed_or_refused_by_name(data):
    der = bytearray(x509.load_pem_x509_csr(CSR.encode()).public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    kind = data.draw(st.sampled_from(TYPES))
    text = base64.encodebytes(bytes(der)).decode()
    for csr in (f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n", text):
        for judge in (
            lambda csr: suitable(("S",), csr),
            lambda csr: suitable_for_v2g(csr, 2),
            lambda csr: suitable_for_v2g(csr, 20),
        ):
            try:
                judge(csr)
            except Unsuitable as refused:
                assert len(refused.code) <= 20


@given(st.text(max_size=200))
def test_any_text_is_no_csr(text):
    with pytest.raises(Unsuitable):
        suitable(("S",), text)
