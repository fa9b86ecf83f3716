"""The O that our authority writes is the one that our door asks for (2.0.1 A00.FR.509)."""

from __future__ import annotations

import structlog.testing
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.cli.main import app
from ohmstead.apps.config import TlsConfig
from ohmstead.apps.running.reloading import reload
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.apps.stations.unfit import unfit, why_untrusted
from ohmstead.frozen import replace
from tests.apps.api.desk import desk
from tests.apps.gateway.pki import Pki
from tests.apps.pki.test_station_certificates import certified, kept, until
from tests.apps.pki.test_tls_door import connect, door, let_in, refused
from tests.apps.stations.field import V201, running
from tests.apps.stations.test_station_messages import csr_of
from tests.flows.world import NOON

ACME = "ACME Charging"
OWN = "ChargingStationCertificate"


def organization(chain):
    subject = x509.load_pem_x509_certificate(chain.encode()).subject
    return subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value


async def ask_for_one(field, station, csr):
    count = len(station.point.taken)
    asked = {"csr": csr, "certificateType": OWN}
    assert (await station.send("SignCertificate", asked))[2]["status"] == "Accepted"
    await until(lambda: len(station.point.taken) > count)
    await until(lambda: kept(field)[-1].state == "accepted")
    return station.point.taken[-1]["certificate_chain"]


async def test_what_our_authority_issues_is_let_in_where_an_organization_is_asked_for(tmp_path):
    FileAuthority.make(tmp_path, "trial", SystemClock().now_ms())
    pki, key = Pki(tmp_path, "servers"), ec.generate_private_key(ec.SECP256R1())
    both = tmp_path / "both.pem"
    both.write_bytes(pki.ca.read_bytes() + (tmp_path / "ca.pem").read_bytes())
    async with door(tmp_path, pki, "off", client_ca="both.pem", organization=ACME) as field:
        async with field.station(V201, kind=certified(V201)) as station:
            chain = await ask_for_one(field, station, csr_of("S", key))
        assert organization(chain) == ACME
        files = tmp_path / "s.crt", tmp_path / "s.key"
        files[0].write_text(chain)
        form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        files[1].write_bytes(key.private_bytes(*form))
        await let_in(field, pki, *files)
        stranger = pki.issue("S", organization="Others")[:2]
        status, why = await refused(connect(field, pki, *stranger))
        assert status == 403 and "organization" in why


async def test_a_station_that_comes_again_with_its_csr_gets_the_o_of_now(tmp_path):
    FileAuthority.make(tmp_path, "trial", NOON)
    csr = csr_of("S")
    async with running(tmp_path) as field, field.station(V201, kind=certified(V201)) as station:
        assert organization(await ask_for_one(field, station, csr)) == "trial"
        field.house.services.authority.organization = ACME
        assert organization(await ask_for_one(field, station, csr)) == ACME
        assert organization(await ask_for_one(field, station, csr)) == ACME
        assert len(kept(field)) == 2


async def test_a_certificate_that_the_door_would_refuse_is_told_and_asked_for_anew(tmp_path):
    FileAuthority.make(tmp_path, "trial", NOON)
    async with desk(tmp_path) as it, it.field.station(V201, kind=certified(V201)) as station:
        house, path = it.house, "/api/v1/stations/S"
        await ask_for_one(it.field, station, csr_of("S"))
        assert await unfit(house.store, house.config.ocpp.tls, it.field.now) == []
        config = house.config
        asked_for = replace(config, ocpp=replace(config.ocpp, tls=TlsConfig(organization=ACME)))
        with structlog.testing.capture_logs() as logs:
            house.config = asked_for
            house.look_at_certificates()
            await until(lambda: any("would be refused" in one["event"] for one in logs))
        (told,) = [one for one in logs if "would be refused" in one["event"]]
        assert told["certificates"] == ["S has the organization (O) 'trial', not 'ACME Charging'"]
        answer = await it.host.patch(path, json={"security_profile": 3})
        assert answer.status_code == 409
        assert "locked out" in answer.json()["detail"] and "'trial'" in answer.json()["detail"]
        assert (await it.host.get(path)).json()["security_profile"] == 1
        await house.renewals.sweep()
        assert station.point.triggers == ["SignChargingStationCertificate"]
        await ask_for_one(it.field, station, csr_of("S"))
        assert (await it.host.patch(path, json={"security_profile": 3})).status_code == 200


async def test_a_reload_looks_at_the_certificates_too(tmp_path):
    async with running(tmp_path) as field:
        seen = []
        field.house.look_at_certificates = lambda: seen.append(field.house.config)
        config = field.house.config
        fresh = replace(config, ocpp=replace(config.ocpp, retry_s=7))
        assert reload(field.house, config, fresh, lambda _: None).changed == ("ocpp.retry_s",)
        assert seen == [fresh]


def test_an_authority_says_whose_o_it_writes_and_whether_it_is_let_in(tmp_path):
    pki = Pki(tmp_path, "others")
    name = f'certificate = "x"\nkey = "y"\nclient_ca = "{pki.ca.name}"\n'
    (tmp_path / "network.toml").write_text(
        f'[ocpp.tls]\nbind = "127.0.0.1:0"\n{name}organization = "{ACME}"\n'
    )
    made = CliRunner().invoke(app, ["ca", "init", "--dir", str(tmp_path)])
    assert made.exit_code == 0, made.exception
    assert f"'{ACME}', from ocpp.tls.organization" in made.stdout
    assert "does not hold the certificate of our own authority" in made.stdout
    authority = FileAuthority.load(tmp_path)
    assert organization((tmp_path / "ca.pem").read_text()) == ACME
    for file, word in (("ca.pem", ""), (pki.ca.name, "add ca.pem"), ("absent", ""), ("", "")):
        said = why_untrusted(authority, TlsConfig(bind="x", client_ca=file), tmp_path)
        assert (word in said) if word else said == ""
