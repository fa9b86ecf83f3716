"""What stations tell besides charging, over a real socket, and how an operator reads it."""

from __future__ import annotations

import base64
import datetime

import ocpp.v201
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from ocpp.routing import on
from typer.testing import CliRunner

from ohmstead.apps.cli.main import app
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.apps.stations.directory import HANDLERS
from ohmstead.apps.stations.renewals import LOOK_MS
from ohmstead.core.station_log import (
    EVENTS_MAX,
    SECURITY_MAX,
    StationCertificate,
    StationEvent,
    StationLog,
)
from ohmstead.errors import ConfigError, OperatorError
from ohmstead.flows.certificates import Issue, issue
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS
from tests.apps.api.desk import desk
from tests.apps.gateway.floor import until
from tests.apps.stations.field import V16, V201, ask, iso, running
from tests.flows.world import NOON

DER = serialization.Encoding.DER
both = pytest.mark.parametrize("version", [V16, V201])
DAY_MIN = 24 * 60


async def said(station, action, payload):
    """Send and insist on a CALLRESULT; returns its payload."""
    reply = await station.send(action, payload)
    assert reply[0] == 3, reply
    return reply[2]


def states(field, station="S"):
    head = field.store.get(StationLog, station)
    return {s.about: (s.status, s.request_id) for s in head.states} if head else {}


def events(field):
    found = field.store.find(StationEvent, 10_000)
    return sorted(found, key=lambda event: (event.log, event.number))


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
def test_every_message_that_a_station_may_send_has_a_handler(version):
    may_send = {name for name, action in ACTIONS[version].items() if Side.STATION in action.senders}
    assert may_send <= set(HANDLERS[version])


FIRMWARE = {
    V16: [
        ("FirmwareStatusNotification", {"status": "Downloading"}, ("Downloading", -1)),
        (
            "SignedFirmwareStatusNotification",
            {"status": "Installed", "requestId": 7},
            ("Installed", 7),
        ),
    ],
    V201: [
        (
            "FirmwareStatusNotification",
            {"status": "Downloading", "requestId": 7},
            ("Downloading", 7),
        ),
        ("FirmwareStatusNotification", {"status": "Installed", "requestId": 7}, ("Installed", 7)),
    ],
}  # fmt: skip


@both
async def test_the_last_firmware_state_stands_and_its_history_is_told(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        for action, payload, expected in FIRMWARE[version]:
            assert await said(station, action, payload) == {}
            await said(station, action, payload)  # the same state again is no event
            assert states(field)["firmware"] == expected
        told = [(event.kind, event.code) for event in events(field)]
        codes = ["Downloading" if version == V16 else "Downloading #7", "Installed #7"]
        assert told == [("firmware", code) for code in codes]


@both
async def test_the_last_upload_state_stands_with_its_request(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        await said(station, "LogStatusNotification", {"status": "Uploaded", "requestId": 3})
        assert states(field)["log"] == ("Uploaded", 3)
        if version == V16:
            await said(station, "DiagnosticsStatusNotification", {"status": "UploadFailed"})
            assert states(field)["diagnostics"] == ("UploadFailed", -1)


@both
async def test_a_security_event_is_kept_once_and_apart(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        event = {"type": "TamperDetectionActivated", "timestamp": iso(NOON), "techInfo": "door"}
        for _ in range(2):
            await said(station, "SecurityEventNotification", event)
        (kept,) = events(field)
        assert (kept.log, kept.code, kept.text, kept.at_ms) == (
            "security",
            "TamperDetectionActivated",
            "door",
            NOON,
        )
        refused = await station.send("SecurityEventNotification", event | {"timestamp": "noon"})
        assert refused[2] == "PropertyConstraintViolation" and len(events(field)) == 1


def alarm(number, text="95", **more):
    return {
        "eventId": number,
        "timestamp": iso(NOON + number),
        "trigger": "Alerting",
        "actualValue": text,
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "Temperature", "instance": "inlet"},
        "eventNotificationType": "CustomMonitor",
    } | more


def notify(*alarms, seq=0, **more):
    return {"generatedAt": iso(NOON), "seqNo": seq, "eventData": list(alarms)} | more


async def test_an_event_carries_the_severity_of_its_monitor(tmp_path):
    async with running(tmp_path) as field, field.station(V201) as station:
        monitor = {"id": 5, "transaction": False, "value": 90, "type": "UpperThreshold"}
        data = {
            "component": {"name": "Connector"},
            "variable": {"name": "Temperature"},
            "variableMonitoring": [monitor | {"severity": 2}],
        }
        report = {"requestId": 1, "seqNo": 0, "generatedAt": iso(NOON), "monitor": [data]}
        await said(station, "NotifyMonitoringReport", report)
        first = alarm(1, variableMonitoringId=5, techCode="E42", transactionId="T1")
        await said(station, "NotifyEvent", notify(first, alarm(2, cleared=True), tbc=True))
        await said(station, "NotifyEvent", notify(alarm(2, cleared=True), alarm(3), seq=1))
        one, two, three = events(field)
        assert (one.severity, two.severity, three.severity) == (2, -1, -1)
        assert (one.component, one.variable) == ("Connector@1.2", "Temperature[inlet]")
        assert (one.code, one.text, one.transaction_id) == ("E42", "Alerting 95", "T1")
        assert two.text == "cleared Alerting 95"


async def test_a_chatty_station_keeps_its_newest_events_and_all_its_security_events(tmp_path):
    async with running(tmp_path) as field, field.station(V201) as station:
        secure = {"type": "FirmwareUpdated", "timestamp": iso(NOON)}
        await said(station, "SecurityEventNotification", secure)
        for begin in range(0, EVENTS_MAX + 100, 100):
            many = [alarm(begin + number) for number in range(100)]
            await said(station, "NotifyEvent", notify(*many))
        kept = events(field)
        assert len(kept) == EVENTS_MAX + 1 and SECURITY_MAX > EVENTS_MAX
        assert field.store.get(StationLog, "S").events == EVENTS_MAX + 100
        assert min(event.number for event in kept if event.log == "events") == 100


async def test_the_events_are_read_newest_first_a_page_at_a_time(tmp_path):
    async with desk(tmp_path) as it, it.field.station(V201) as station:
        field = it.field
        for number in range(5):
            field.wait(1)
            await said(station, "NotifyEvent", notify(alarm(number)))
            event = {"type": "MemoryExhaustion", "timestamp": iso(field.now)}
            await said(station, "SecurityEventNotification", event)
        path, seen, cursor = "/api/v1/stations/S/events", [], ""
        while cursor is not None:
            answer = await it.read.get(path, params={"limit": 3, "cursor": cursor})
            page = answer.json()
            assert answer.status_code == 200 and len(page["items"]) <= 3
            seen += page["items"]
            cursor = page["next"]
        received = [item["received"] for item in seen]
        assert len(seen) == 10 and received == sorted(received, reverse=True)
        assert len({(item["log"], item["number"]) for item in seen}) == 10
        only = (await it.read.get(path, params={"log": "security"})).json()["items"]
        assert [item["number"] for item in only] == [4, 3, 2, 1, 0]
        for params in ({"cursor": "!"}, {"cursor": "MQ"}, {"log": "secret"}):
            assert (await it.read.get(path, params=params)).status_code == 400
        assert (await it.read.get("/api/v1/stations/NONE/events")).status_code == 404
        assert (await it.nobody.get(path)).status_code == 401
        await said(station, "FirmwareStatusNotification", {"status": "Idle"})
        shown = (await it.read.get("/api/v1/stations/S")).json()["states"]
        assert [(s["about"], s["status"], s["request"]) for s in shown] == [
            ("firmware", "Idle", None)
        ]


async def test_a_report_is_whole_when_all_its_parts_came_in_whatever_order(tmp_path):
    async with desk(tmp_path) as it, it.field.station(V201) as station:
        path = "/api/v1/stations/S/reports/customer_information"
        assert (await it.host.get(path)).status_code == 404

        def part(seq, text, tbc, request=9):
            told = {"requestId": request, "seqNo": seq, "generatedAt": iso(NOON), "data": text}
            return told | {"tbc": tbc}

        await said(station, "NotifyCustomerInformation", part(0, "a", True))
        await said(station, "NotifyCustomerInformation", part(2, "c", False))
        assert (await it.host.get(path)).json()["complete"] is False
        await said(station, "NotifyCustomerInformation", part(1, "b", True))
        told = (await it.host.get(path)).json()
        assert (told["request"], told["complete"]) == (9, True)
        assert list(told["items"].values()) == ["a", "b", "c"]
        await said(station, "NotifyCustomerInformation", part(0, "other", False, request=10))
        assert list((await it.host.get(path)).json()["items"].values()) == ["other"]
        assert (await it.read.get(path)).status_code == 403  # it is about a person


async def test_display_messages_are_merged_over_their_parts(tmp_path):
    async with desk(tmp_path) as it, it.field.station(V201) as station:

        def shown(number):
            words = {"format": "UTF8", "content": f"Hello {number}"}
            return {"id": number, "priority": "AlwaysFront", "message": words}

        first = {"requestId": 4, "messageInfo": [shown(1)], "tbc": True}
        await said(station, "NotifyDisplayMessages", first)
        await said(station, "NotifyDisplayMessages", {"requestId": 4, "messageInfo": [shown(2)]})
        told = (await it.host.get("/api/v1/stations/S/reports/display_messages")).json()
        assert told["complete"] and told["items"]["2"]["content"] == "Hello 2"
        assert sorted(told["items"]) == ["1", "2"]


async def test_limits_and_schedules_of_others_are_told(tmp_path):
    async with running(tmp_path) as field, field.station(V201) as station:
        periods = [{"startPeriod": 0, "limit": 16.5}]
        schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
        limit = {"chargingLimitSource": "SO", "isGridCritical": True}
        told = {"chargingLimit": limit, "evseId": 1, "chargingSchedule": [schedule]}
        await said(station, "NotifyChargingLimit", told)
        assert states(field)["charging_limit/SO@1"] == ("GridCritical", -1)
        assert "16.5 A" in events(field)[0].text
        cleared = {"chargingLimitSource": "SO", "evseId": 1}
        await said(station, "ClearedChargingLimit", cleared)
        assert states(field)["charging_limit/SO@1"] == ("Cleared", -1)
        needs = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC"}}
        assert (await said(station, "NotifyEVChargingNeeds", needs))["status"] == "Rejected"
        chosen = {"timeBase": iso(NOON), "evseId": 1, "chargingSchedule": schedule}
        assert (await said(station, "NotifyEVChargingSchedule", chosen))["status"] == "Accepted"
        update = {"reservationId": 12, "reservationUpdateStatus": "Expired"}
        assert await said(station, "ReservationStatusUpdate", update) == {}
        assert states(field)["reservation"] == ("Expired", 12)
        published = {"status": "Published", "location": ["http://lc.local/fw"], "requestId": 2}
        await said(station, "PublishFirmwareStatusNotification", published)
        assert states(field)["publish_firmware"] == ("Published", 2)


async def test_what_nothing_stands_behind_is_failed_with_its_reason(tmp_path):
    async with running(tmp_path) as field, field.station(V201) as station:
        asked = {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "ab" * 32,
            "issuerKeyHash": "cd" * 32,
            "serialNumber": "1",
            "responderURL": "http://ocsp.example",
        }
        told = await said(station, "GetCertificateStatus", {"ocspRequestData": asked})
        assert (told["status"], told["statusInfo"]["reasonCode"]) == ("Failed", "NoOcspResponder")
        exi = {"iso15118SchemaVersion": "urn:iso", "action": "Install", "exiRequest": "AAAA"}
        told = await said(station, "Get15118EVCertificate", exi)
        assert (told["status"], told["statusInfo"]["reasonCode"]) == ("Failed", "NoPkiConfigured")


# Certificates.


def csr_of(name="S", key=None, algorithm=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = made.sign(key, algorithm or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


class Certified(ocpp.v201.ChargePoint):
    """Takes the certificates it is given, and remembers what it was asked."""

    word = "Accepted"

    def __init__(self, *args):
        super().__init__(*args)
        self.chains, self.triggers = [], []

    @on("CertificateSigned")
    def certificate_signed(self, certificate_chain, **_):
        self.chains.append(certificate_chain)
        return ocpp.v201.call_result.CertificateSigned(status=self.word)

    @on("TriggerMessage")
    def trigger_message(self, requested_message, **_):
        self.triggers.append(requested_message)
        return ocpp.v201.call_result.TriggerMessage(status="Accepted")


class Certified16(ocpp.v16.ChargePoint):
    def __init__(self, *args):
        super().__init__(*args)
        self.chains, self.triggers = [], []

    @on("CertificateSigned")
    def certificate_signed(self, certificate_chain, **_):
        self.chains.append(certificate_chain)
        return ocpp.v16.call_result.CertificateSigned(status="Accepted")

    @on("ExtendedTriggerMessage")
    def extended_trigger_message(self, requested_message, **_):
        self.triggers.append(requested_message)
        return ocpp.v16.call_result.ExtendedTriggerMessage(status="Accepted")


KINDS = {V16: Certified16, V201: Certified}


def certificates(field):
    return field.store.find(StationCertificate, 100)


@both
async def test_a_station_asks_for_a_certificate_and_gets_it_and_renews_it_in_time(
    version, tmp_path
):
    authority = FileAuthority.make(tmp_path, "Test", NOON)
    async with desk(tmp_path) as it, it.field.station(version, kind=KINDS[version]) as station:
        field = it.field
        csr = csr_of()
        assert (await said(station, "SignCertificate", {"csr": csr}))["status"] == "Accepted"
        await until(lambda: certificates(field)[0].state == "accepted")
        (chain,) = station.point.chains
        leaf = x509.load_pem_x509_certificate(chain.encode())
        leaf.verify_directly_issued_by(authority.certificate)
        assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "S"
        year = datetime.timedelta(days=365)
        assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= year + year / 365
        shown = (await it.read.get("/api/v1/stations/S/certificates")).json()["items"]
        assert [item["state"] for item in shown] == ["accepted"]
        # The same CSR again, because its answer was lost: the same certificate.
        await said(station, "SignCertificate", {"csr": csr})
        await until(lambda: len(station.point.chains) == 2)
        assert station.point.chains[1] == chain
        assert len(certificates(field)) == 1
        await until(lambda: certificates(field)[0].state == "accepted")
        await field.house.renewals.sweep()
        assert station.point.triggers == []
        field.wait(336 * DAY_MIN)
        for _ in range(2):
            await field.house.renewals.sweep()
            field.clock.advance(LOOK_MS)
        assert len(station.point.triggers) == 1  # once a day
        assert station.point.triggers[0].startswith("SignCharg")


async def test_a_certificate_waits_for_a_station_that_went_away(tmp_path):
    FileAuthority.make(tmp_path, "Test", NOON)
    async with running(tmp_path) as field:
        async with field.socket(V201) as socket:
            reply = await ask(socket, "1", "SignCertificate", {"csr": csr_of()})
            assert reply[2]["status"] == "Accepted"
        assert certificates(field)[0].state == "issued"
        field.wait(5)
        async with field.station(V201, kind=Certified) as station:
            await until(lambda: station.point.chains)
            await until(lambda: certificates(field)[0].state == "accepted")


async def test_what_the_station_does_not_take_is_told(tmp_path):
    FileAuthority.make(tmp_path, "Test", NOON)
    unwilling = type("Unwilling", (Certified,), {"word": "Rejected"})
    async with running(tmp_path) as field, field.station(V201, kind=unwilling) as station:
        await said(station, "SignCertificate", {"csr": csr_of()})
        await until(lambda: certificates(field)[0].state == "rejected")
        await until(lambda: events(field)[-1].code == "Rejected")


def tampered():
    der = bytearray(x509.load_pem_x509_csr(csr_of().encode()).public_bytes(DER))
    der[-1] ^= 1  # the end of its signature
    text = base64.encodebytes(bytes(der)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize(
    ("why", "make"),
    [
        ("CsrUnreadable", lambda: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END"),
        ("CsrUnreadable", lambda: "no CSR \N{SNOWMAN}"),
        ("CsrWrongName", lambda: csr_of("OTHER")),
        ("CsrWrongName", lambda: csr_of("s")),
        ("CsrWeakKey", lambda: csr_of(key=rsa.generate_private_key(65_537, 1_024))),
        ("CsrWeakKey", lambda: csr_of(key=ec.generate_private_key(ec.SECP192R1()))),
        ("CsrBadSignature", tampered),
    ],
)
async def test_a_csr_that_is_not_what_it_should_be_is_rejected_and_told(why, make, tmp_path):
    FileAuthority.make(tmp_path, "Test", NOON)
    async with running(tmp_path) as field, field.station(V201) as station:
        told = await said(station, "SignCertificate", {"csr": make()})
        assert (told["status"], told["statusInfo"]["reasonCode"]) == ("Rejected", why)
        assert certificates(field) == []
        assert [(event.log, event.code) for event in events(field)] == [("security", why)]


@both
async def test_without_an_authority_a_csr_is_rejected_and_says_so(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        told = await said(station, "SignCertificate", {"csr": csr_of()})
        assert told["status"] == "Rejected"
        assert events(field)[0].code == "NoAuthority" and "ca init" in events(field)[0].text
        if version == V201:
            v2g = {"csr": csr_of(), "certificateType": "V2GCertificate"}
            told = await said(station, "SignCertificate", v2g)
            assert told["statusInfo"]["reasonCode"] == "NoV2gAuthority"


async def test_a_station_has_room_for_so_many_certificates(tmp_path):
    async with running(tmp_path) as field:
        for number in range(40):
            asked = Issue("S", f"{number:064x}", "PEM", f"{number:x}", NOON + 1)
            await field.run(issue, asked)
        kept = certificates(field)
        assert sorted(certificate.number for certificate in kept) == list(range(8, 40))


def test_an_authority_is_made_once_and_read_again(tmp_path):
    made = FileAuthority.make(tmp_path, "Test", NOON)
    assert FileAuthority.load(tmp_path).certificate == made.certificate
    assert (tmp_path / "keys" / "ca.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(OperatorError, match="already"):
        FileAuthority.make(tmp_path, "Test", NOON)
    (tmp_path / "ca.pem").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        FileAuthority.load(tmp_path)
    assert FileAuthority.load(tmp_path / "elsewhere") is None


def test_an_operator_makes_the_authority_and_prints_it(tmp_path):
    runner = CliRunner()
    assert runner.invoke(app, ["init", "--dir", str(tmp_path)]).exit_code == 0
    absent = runner.invoke(app, ["ca", "show", "--dir", str(tmp_path)])
    assert "ca init" in str(absent.exception)
    made = runner.invoke(app, ["ca", "init", "--dir", str(tmp_path)])
    assert made.exit_code == 0 and "P-256" not in made.stderr
    assert "already" in str(runner.invoke(app, ["ca", "init", "--dir", str(tmp_path)]).exception)
    shown = runner.invoke(app, ["ca", "show", "--dir", str(tmp_path)])
    certificate = x509.load_pem_x509_certificate(shown.stdout.encode())
    assert certificate == FileAuthority.load(tmp_path).certificate
