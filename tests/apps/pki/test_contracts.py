"""Plug & Charge: a car's contract certificate, from a station's socket to the pool and back."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import PayerKind
from ohmstead.core.station_log import StationEvent
from ohmstead.flows import onboarding
from tests.apps.pki.pool import Server, hash_data
from tests.apps.stations.field import V21, V201, running
from tests.flows.world import DRIVER, MINUTE, NOON

EMAID = "DEABCC12345678"
BOTH = pytest.mark.parametrize("version", [V201, V21])
DAY = 24 * 60  # minutes


def by_file(server, folder, **more):
    """A configuration that trusts the test PKI by file and asks its responder."""
    (folder / "roots.pem").write_text(server.pki.mo_root.pem + server.pki.v2g_root.pem)
    return {"roots": "roots.pem", "ocsp_hosts": (server.host,), "timeout_s": 20, **more}


async def register(field, uid=EMAID, status=TokenStatus.ACCEPTED, kind="eMAID"):
    token = IdToken(uid, status, DRIVER, PayerKind.PREPAID, type=kind)
    await field.run(onboarding.put_id_token, token)


def chain_of(server, name=EMAID, issuer=None, **how):
    pki = server.pki
    leaf = pki.leaf(name, issuer or pki.mo_2, **how)
    return leaf, leaf.pem + pki.mo_2.pem + pki.mo_1.pem


async def authorize(station, emaid=EMAID, **more):
    payload = {"idToken": {"idToken": emaid, "type": "eMAID"}, **more}
    answer = (await station.send("Authorize", payload))[2]
    return answer["idTokenInfo"]["status"], answer.get("certificateStatus")


@BOTH
async def test_a_car_with_a_good_contract_charges(version, server, tmp_path):
    _, chain = chain_of(server)
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(version) as station,
    ):
        await register(field, "DE-ABC-C12345678-8")
        said = await authorize(station, certificate=chain)
        assert said == ("Accepted", "Accepted")
        # The leaf, and each authority that names a responder.
        assert server.paths() == ["/ocsp"] * 3
        assert await authorize(station, certificate=chain) == said
        assert len(server.paths()) == 3  # kept until their next update


async def test_a_contract_is_known_however_it_is_written_and_charges_once(server, tmp_path):
    """What a car, its contract and our list say of one contract, each in its own spelling."""
    _, chain = chain_of(server, "DE-ABC-C12345678")
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        await register(field, "DE*ABC*C12345678")
        said = await authorize(station, "deabcc123456788", certificate=chain)
        assert said == ("Accepted", "Accepted")
        event = {
            "eventType": "Started",
            "timestamp": "2026-11-21T12:00:00Z",
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "T1"},
            "evse": {"id": 1},
            "idToken": {"idToken": EMAID, "type": "eMAID"},
        }
        told = (await station.send("TransactionEvent", event))[2]
        assert told["idTokenInfo"]["status"] == "Accepted"
        assert field.session("T1").id_token == "DE*ABC*C12345678"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (TokenStatus.BLOCKED, ("Blocked", "ContractCancelled")),
        (TokenStatus.EXPIRED, ("Expired", "ContractCancelled")),
        (TokenStatus.INVALID, ("Unknown", "ContractCancelled")),
        (None, ("Unknown", "ContractCancelled")),
    ],
)
async def test_a_good_certificate_of_a_contract_that_is_not_accepted(
    status, said, server, tmp_path
):
    """Errata 2023-12, C07.FR.13."""
    _, chain = chain_of(server)
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        if status is not None:
            await register(field, status=status)
        assert await authorize(station, certificate=chain) == said


async def test_a_contract_without_money_is_accepted_as_a_contract(server, tmp_path):
    """Errata 2023-12, C07.FR.14: the certificate's status says nothing about the money."""
    _, chain = chain_of(server)
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        token = IdToken(EMAID, TokenStatus.ACCEPTED, f"0x{9:040x}", PayerKind.PREPAID, type="eMAID")
        await field.run(onboarding.put_id_token, token)
        assert await authorize(station, certificate=chain) == ("NoCredit", "Accepted")


def expired(server):
    return chain_of(server, days=1)[1]


def foreign(server):
    from ohmstead.apps.testpki import TestAuthorities

    other = TestAuthorities(NOON)
    leaf = other.leaf(EMAID, other.mo_2)
    return leaf.pem + other.mo_2.pem + other.mo_1.pem  # the same names, other keys


def unknown(server):
    root = server.pki.authority("TEST nobody's root", None, 2)
    return server.pki.leaf(EMAID, root).pem


BAD = {
    "expired": (expired, ("Expired", "CertificateExpired")),
    "of a root of the same name": (foreign, ("Invalid", "CertChainError")),
    "of a root nobody trusts": (unknown, ("Invalid", "CertChainError")),
    "of another contract": (
        lambda server: chain_of(server, "DEABCC99999999")[1],
        ("Invalid", "CertChainError"),
    ),
    "without what stands above it": (
        lambda server: chain_of(server)[0].pem,
        ("Invalid", "CertChainError"),
    ),
    "an authority": (
        lambda server: server.pki.authority(EMAID, server.pki.mo_1, 0).pem + server.pki.mo_1.pem,
        ("Invalid", "CertChainError"),
    ),
    "signed by a contract": (
        lambda server: server.pki.leaf(EMAID, chain_of(server)[0]).pem + chain_of(server)[1],
        ("Invalid", "CertChainError"),
    ),
    "no certificate": (lambda server: "hello", ("Invalid", "CertChainError")),
    "an empty PEM": (
        lambda server: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        ("Invalid", "CertChainError"),
    ),
}


@pytest.mark.parametrize("what", list(BAD))
async def test_a_certificate_that_is_not_good_charges_nobody(what, server, tmp_path):
    """Errata 2023-12, C07.FR.15 and C07.FR.17."""
    make, said = BAD[what]
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        await register(field)
        if what == "expired":
            chain = make(server)
            field.wait(2 * DAY)
            server.now_ms = field.now
        else:
            chain = make(server)
        assert await authorize(station, certificate=chain) == said
        (event,) = field.store.find(StationEvent, 10)
        assert event.code == said[1] and event.text  # why, for the operator


@pytest.mark.parametrize("place", ["leaf", "authority"])
async def test_a_revoked_certificate_charges_nobody(place, server, tmp_path):
    """Errata 2023-12, C07.FR.16."""
    leaf, chain = chain_of(server)
    lost = leaf if place == "leaf" else server.pki.mo_1
    server.revoked.add(lost.certificate.serial_number)
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        await register(field)
        said = await authorize(station, certificate=chain)
        assert said == ("Invalid", "CertificateRevoked")


@BOTH
async def test_hashes_of_a_chain_the_station_checked_are_asked_about(version, server, tmp_path):
    """C07.FR.05; the issuer is proven by what the responder brings along."""
    leaf, _ = chain_of(server)
    data = hash_data(leaf.certificate, server.pki.mo_2.certificate, f"{server.url}/ocsp")
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(version) as station,
    ):
        await register(field)
        said = await authorize(station, iso15118CertificateHashData=[data])
        assert said == ("Accepted", "Accepted")
        server.revoked.add(leaf.certificate.serial_number)
        field.wait(2 * 60)  # what was kept is out of date
        server.now_ms = field.now
        field.house.services.contracts.pki._responders._kept.clear()
        said = await authorize(station, iso15118CertificateHashData=[data])
        assert said == ("Invalid", "CertificateRevoked")


LIES = {
    "of a stranger": lambda server: setattr(server, "signer", server.pki.cpo_2),
    "of a contract of the same authority": lambda server: setattr(
        server, "signer", server.pki.leaf("TEST nobody", server.pki.mo_2)
    ),
    "out of date": lambda server: setattr(server, "now_ms", NOON - 1_000 * MINUTE),
    "of a time to come": lambda server: setattr(server, "now_ms", NOON + 1_000 * MINUTE),
    "none": lambda server: server.faults.extend([(200, b"hello")] * 9),
    "an error": lambda server: server.faults.extend([(503, b"")] * 9),
    "elsewhere": lambda server: server.faults.extend([(302, b"")] * 9),
    "endless": lambda server: server.faults.extend([(200, bytes(20_000))] * 9),
}


@pytest.mark.parametrize("lie", list(LIES))
@pytest.mark.parametrize("mode", ["hard", "soft"])
async def test_an_answer_that_proves_nothing_counts_as_the_operator_said(
    lie, mode, server, tmp_path
):
    _, chain = chain_of(server)
    LIES[lie](server)
    async with (
        running(tmp_path, pki=by_file(server, tmp_path, revocation=mode)) as field,
        field.station(V201) as station,
    ):
        await register(field)
        said = await authorize(station, certificate=chain)
        assert said == (
            ("Accepted", "Accepted") if mode == "soft" else ("Invalid", "CertChainError")
        )


async def test_no_host_is_asked_that_the_operator_did_not_name(server, tmp_path):
    """A responder's URL comes from a stranger: nothing on our networks is reached by it."""
    leaf, chain = chain_of(server)
    issuer = server.pki.mo_2.certificate
    config = by_file(server, tmp_path) | {"ocsp_hosts": ("ocsp.example",)}
    async with (
        running(tmp_path, pki=config) as field,
        field.station(V201) as station,
    ):
        await register(field)
        assert await authorize(station, certificate=chain) == ("Invalid", "CertChainError")
        for url in (
            f"{server.url}/ocsp",
            f"http://ocsp.example@{server.host}/ocsp",
            f"http://{server.host}/?ocsp.example",
            "file:///etc/passwd",
            "http://ocsp.example:8080/",
            "http://[::1",
            "",
            "http://ocsp.example\r\nHost: other/",
        ):
            data = hash_data(leaf.certificate, issuer, url)
            told = (await station.send("GetCertificateStatus", {"ocspRequestData": data}))[2]
            assert told["status"] == "Failed"
            assert told["statusInfo"]["reasonCode"] == "OcspHostNotAllowed", url
        assert server.asked == []


async def test_a_station_is_handed_the_responders_answer(server, tmp_path):
    """2.0.1 M06."""
    leaf, _ = chain_of(server)
    data = hash_data(leaf.certificate, server.pki.mo_2.certificate, f"{server.url}/ocsp")
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        told = (await station.send("GetCertificateStatus", {"ocspRequestData": data}))[2]
        assert told["status"] == "Accepted" and base64.b64decode(told["ocspResult"])[:1] == b"\x30"
        bad = data | {"serialNumber": "not hex"}
        told = (await station.send("GetCertificateStatus", {"ocspRequestData": bad}))[2]
        assert told["statusInfo"]["reasonCode"] == "BadHashData"
        assert "serialNumber" in told["statusInfo"]["additionalInfo"]


async def test_chains_are_not_checked_here_where_the_operator_says_so(server, tmp_path):
    _, chain = chain_of(server)
    config = by_file(server, tmp_path, central_validation=False)
    async with (
        running(tmp_path, pki=config) as field,
        field.station(V201) as station,
    ):
        await register(field)
        assert await authorize(station, certificate=chain) == ("Invalid", "CertChainError")
        assert await authorize(station) == ("Accepted", None)
        assert server.asked == []


async def test_a_card_whose_number_looks_like_an_emaid_is_no_contract(server, tmp_path):
    _, chain = chain_of(server)
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V201) as station,
    ):
        await register(field, kind="ISO14443")
        said = await authorize(station, certificate=chain)
        assert said == ("Unknown", "ContractCancelled")


async def test_contracts_of_15118_20_are_signed_on_another_curve(tmp_path):
    with Server(NOON, generation=20) as server:
        _, chain = chain_of(server)
        async with (
            running(tmp_path, pki=by_file(server, tmp_path)) as field,
            field.station(V21) as station,
        ):
            await register(field)
            assert await authorize(station, certificate=chain) == ("Accepted", "Accepted")


# The pool.


def by_pool(server, **more):
    return {"pool_url": server.url, "ocsp_hosts": (server.host,), "timeout_s": 20, **more}


@BOTH
async def test_a_cars_request_goes_to_the_pool_and_its_answer_to_the_car(version, server, tmp_path):
    """2.0.1 M01 and M02."""
    (tmp_path / "keys").mkdir(exist_ok=True)
    (tmp_path / "keys" / "pki.token").write_text("s3cret\n")
    asked = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "exiRequest": "AAEC"}
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(version) as station,
    ):
        for action in ("Install", "Update"):
            told = await station.send("Get15118EVCertificate", asked | {"action": action})
            assert told[2] == {"status": "Accepted", "exiResponse": server.exi}
        _, body, headers = server.asked[0]
        assert b'"certificateInstallationReq":"AAEC"' in body and b"2013:MsgDef" in body
        assert headers["Authorization"] == "Bearer s3cret"
        assert b"certificateUpdateReq" in server.asked[1][1]


async def test_the_pools_roots_are_trusted_and_its_makers_roots_are_not(server, tmp_path):
    _, chain = chain_of(server)
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201) as station,
    ):
        await register(field)
        assert await authorize(station, certificate=chain) == ("Accepted", "Accepted")
        _, other = chain_of(server, issuer=server.pki.cpo_1)  # "OEM" in the pool's list
        assert await authorize(station, certificate=other) == ("Invalid", "CertChainError")
        assert server.paths().count("/v1/root/rootCerts") == 1
        roots = await field.house.services.contracts.roots()
        assert {one.common_name for one in roots} == {"TEST MO Root", "TEST V2G Root"}


POOL_FAULTS = {
    "PkiTokenRefused": [(401, b"")],
    "PkiRefused": [(400, b"no such car")],
    "BadPkiAnswer": [(200, b"<html>")],
    "NoContract": [(200, b'{"CCPResponse":{"emaidContent":[]}}')],
    "PkiUnreachable": [(500, b"")] * 3,
}


@pytest.mark.parametrize("code", list(POOL_FAULTS))
async def test_a_pool_that_does_not_help_is_failed_with_a_reason(code, server, tmp_path):
    asked = {"iso15118SchemaVersion": "x", "exiRequest": "AAEC", "action": "Install"}
    server.faults = list(POOL_FAULTS[code])
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201) as station,
    ):
        told = (await station.send("Get15118EVCertificate", asked))[2]
        assert (told["status"], told["statusInfo"]["reasonCode"]) == ("Failed", code)
        assert told["statusInfo"]["additionalInfo"]
        told = (await station.send("Get15118EVCertificate", asked))[2]
        assert told["status"] == "Accepted"  # the next car is served


async def test_a_pool_that_hiccups_is_asked_again(server, tmp_path):
    asked = {"iso15118SchemaVersion": "x", "exiRequest": "AAEC", "action": "Install"}
    server.faults = [(503, b"")]
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201) as station,
    ):
        told = (await station.send("Get15118EVCertificate", asked))[2]
        assert told["status"] == "Accepted"


async def test_a_pool_that_keeps_failing_is_left_alone_for_a_while(server, tmp_path):
    asked = {"iso15118SchemaVersion": "x", "exiRequest": "AAEC", "action": "Install"}
    server.faults = [(500, b"")] * 100
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201) as station,
    ):
        for _ in range(2):
            await station.send("Get15118EVCertificate", asked)
        count = len(server.asked)
        told = (await station.send("Get15118EVCertificate", asked))[2]
        assert told["statusInfo"]["reasonCode"] == "PkiResting"
        assert len(server.asked) == count <= 6


async def test_an_answer_that_is_too_long_for_a_station_is_not_sent(server, tmp_path):
    asked = {"iso15118SchemaVersion": "x", "exiRequest": "AAEC", "action": "Install"}
    server.exi = base64.b64encode(bytes(6_000)).decode()
    async with (
        running(tmp_path, pki=by_pool(server)) as field,
        field.station(V201) as old,
        field.station(V21, "OTHER") as new,
    ):
        told = (await old.send("Get15118EVCertificate", asked))[2]
        assert told["statusInfo"]["reasonCode"] == "AnswerTooLong"
        told = (await new.send("Get15118EVCertificate", asked))[2]
        assert told["status"] == "Accepted"


def test_the_test_pki_writes_der_others_read(server):
    assert server.pki.mo_root.certificate.public_bytes(Encoding.DER)[:1] == b"\x30"


async def test_a_2_1_station_asks_about_a_whole_chain_at_once(server, tmp_path):
    leaf, _ = chain_of(server)
    pki = server.pki

    def asked(one, issuer, source="OCSP", url=f"{server.url}/ocsp"):
        data = hash_data(one.certificate, issuer.certificate, "")
        del data["responderURL"]
        return {"certificateHashData": data, "source": source, "urls": [url]}

    server.revoked.add(pki.mo_1.certificate.serial_number)
    chain = [
        asked(leaf, pki.mo_2),
        asked(pki.mo_1, pki.mo_root),
        asked(pki.mo_2, pki.mo_1, "CRL"),
        asked(pki.mo_2, pki.mo_1, url="http://elsewhere.example/"),
    ]
    async with (
        running(tmp_path, pki=by_file(server, tmp_path)) as field,
        field.station(V21) as station,
    ):
        request = {"certificateStatusRequests": chain}
        told = (await station.send("GetCertificateChainStatus", request))[2]["certificateStatus"]
        assert [one["status"] for one in told] == ["Good", "Revoked", "Failed", "Failed"]
        assert [one["source"] for one in told] == ["OCSP", "OCSP", "CRL", "OCSP"]
        assert all(one["nextUpdate"].endswith("Z") for one in told)
        assert told[0]["certificateHashData"] == chain[0]["certificateHashData"]
