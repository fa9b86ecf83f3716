"""A virtual station answers every action a CSMS has, and keeps what it was given."""

from __future__ import annotations

import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.apps.gateway.interface import Answered, Refused
from ohmstead.wire.ocpp.codec import decode_response
from ohmstead.wire.ocpp.faults import ErrorCode
from tests.apps.gateway.floor import until
from tests.apps.stations.minimal import EVERY, minimal
from tests.apps.virtual.test_against_gateway import BOTH, story

FUTURE, PAST = "2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
SPECIAL = {"Reset"}  # the station goes away for it


def certificate(key=None, name="root"):
    """A self-signed certificate; of ``key``, a public one, if given."""
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, key or own.public_key(), 77)
    builder = builder.not_valid_before(now).not_valid_after(now.replace(year=2036))
    made = builder.sign(own, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def asking(scenario, version):
    """Run ``scenario(ask, desk, station)`` with a booted station."""

    async def whole(desk, gateway, station):
        await station.connect()
        await station.boot()

        async def ask(action, payload=None):
            link = gateway.link("ST-1")
            outcome = await link.call(action, json.dumps(payload or {}).encode())
            if isinstance(outcome, Refused):
                return outcome
            assert isinstance(outcome, Answered), outcome
            decode_response(station.version, action, outcome.payload)  # strictly
            return json.loads(outcome.payload)

        await scenario(ask, desk, station)

    story(version, whole)


ACTIONS_OF = {version: {action for one, action in EVERY if one == version} for version, _ in EVERY}
ONLY_21 = ACTIONS_OF["2.1"] - ACTIONS_OF["2.0.1"]  # the virtual station is a 2.0.1 one at heart


@BOTH
def test_every_action_is_answered_by_its_schema_and_never_refused(version):
    async def scenario(ask, desk, station):
        for one, action in EVERY:
            if one == version and action not in SPECIAL and action not in ONLY_21:
                answer = await ask(action, minimal(version, f"{action}Request"))
                assert isinstance(answer, dict), (action, answer)
        for unknown, code in (
            ("Dance", ErrorCode.NOT_IMPLEMENTED),
            ("Heartbeat", ErrorCode.NOT_SUPPORTED),
        ):
            assert (await ask(unknown)).code is code
        if version == "2.1":
            refused = await ask("ClearTariffs", {})
            assert refused.code is ErrorCode.NOT_SUPPORTED
        assert (await ask("DataTransfer", {})).code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION

    asking(scenario, version)


@BOTH
def test_reservations_are_kept_refused_and_cancelled(version):
    is_16 = version == "1.6"

    def reserve(number, evse=1, until=FUTURE):
        if is_16:
            return {
                "connectorId": evse, "expiryDate": until, "idTag": "X", "reservationId": number
            }  # fmt: skip
        token = {"idToken": "X", "type": "Central"}
        return {"id": number, "expiryDateTime": until, "idToken": token, "evseId": evse}

    async def scenario(ask, desk, station):
        for payload, word in (
            (reserve(1), "Accepted"),
            (reserve(1), "Accepted"),
            (reserve(2), "Occupied"),
            (reserve(3, evse=9), "Rejected"),
            (reserve(4, until=PAST), "Rejected"),
        ):
            assert (await ask("ReserveNow", payload))["status"] == word
        for word in ("Accepted", "Rejected"):
            answer = await ask("CancelReservation", {"reservationId": 1})
            assert answer["status"] == word

    asking(scenario, version)


@BOTH
def test_the_local_list_has_a_version_and_takes_differences(version):
    is_16 = version == "1.6"
    number, shown = ("listVersion",) * 2 if is_16 else ("versionNumber",) * 2

    async def scenario(ask, desk, station):
        async def send(at, kind):
            return (await ask("SendLocalList", {number: at, "updateType": kind}))["status"]

        assert (await ask("GetLocalListVersion"))[shown] == 0
        assert await send(5, "Full") == "Accepted"
        assert await send(5, "Differential") == "VersionMismatch"
        assert await send(6, "Differential") == "Accepted"
        assert (await ask("GetLocalListVersion"))[shown] == 6

    asking(scenario, version)


@BOTH
def test_a_charging_profile_is_kept_counted_and_cleared(version):
    is_16 = version == "1.6"
    period = [{"startPeriod": 0, "limit": 7.4}]
    common = {
        "stackLevel": 2,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
    }
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": period}
    if is_16:
        profile = {"chargingProfileId": 7, "chargingSchedule": schedule, **common}
        put = {"connectorId": 1, "csChargingProfiles": profile}
        where, clear, key = {"connectorId": 1}, {"id": 7}, "csChargingProfiles"
    else:
        profile = {"id": 7, "chargingSchedule": [{"id": 1, **schedule}], **common}
        put = {"evseId": 1, "chargingProfile": profile}
        where, clear, key = {"evseId": 1}, {"chargingProfileId": 7}, "chargingProfile"

    async def scenario(ask, desk, station):
        assert (await ask("SetChargingProfile", put))["status"] == "Accepted"
        of_tx = put | {key: profile | {"chargingProfilePurpose": "TxProfile"}}
        assert (await ask("SetChargingProfile", of_tx))["status"] == "Rejected"
        nowhere = {name: 9 if value == 1 else value for name, value in put.items()}
        assert (await ask("SetChargingProfile", nowhere))["status"] == "Rejected"
        answer = await ask("GetCompositeSchedule", where | {"duration": 600})
        told = answer["chargingSchedule" if is_16 else "schedule"]
        assert told["chargingSchedulePeriod"] == period
        if not is_16:
            wanted = {"requestId": 3, "chargingProfile": {"stackLevel": 2}}
            assert (await ask("GetChargingProfiles", wanted))["status"] == "Accepted"
            await until(lambda: said(desk, "ReportChargingProfiles"))
            wanted["chargingProfile"] = {"stackLevel": 9}
            assert (await ask("GetChargingProfiles", wanted))["status"] == "NoProfiles"
        assert (await ask("ClearChargingProfile", clear))["status"] == "Accepted"
        assert (await ask("ClearChargingProfile", clear))["status"] == "Unknown"

    asking(scenario, version)


def said(desk, action):
    return [payload for name, payload in desk.said if name == action]


@BOTH
def test_firmware_is_installed_or_its_download_fails_and_each_step_is_told(version):
    is_16 = version == "1.6"

    def update(location):
        if is_16:
            return {"location": location, "retrieveDate": PAST}
        return {"requestId": 4, "firmware": {"location": location, "retrieveDateTime": PAST}}

    async def scenario(ask, desk, station):
        await ask("UpdateFirmware", update("https://host/fails.bin"))
        told = "FirmwareStatusNotification"
        await until(lambda: len(said(desk, told)) == 2)
        await ask("UpdateFirmware", update("https://host/v2.bin?x=1"))
        await until(lambda: len(said(desk, told)) == 6)
        steps = [one["status"] for one in said(desk, told)]
        assert steps[:2] == ["Downloading", "DownloadFailed"]
        assert steps[2:] == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert station.plate.firmware == "v2.bin"

    asking(scenario, version)


@BOTH
def test_a_log_is_uploaded_and_said_so(version):
    async def scenario(ask, desk, station):
        payload = {"log": {"remoteLocation": "https://host/x"}, "logType": "DiagnosticsLog"}
        answer = await ask("GetLog", payload | {"requestId": 8})
        assert (answer["status"], answer["filename"]) == ("Accepted", "ST-1.log")
        await until(lambda: len(said(desk, "LogStatusNotification")) == 2)
        steps = [(one["status"], one["requestId"]) for one in said(desk, "LogStatusNotification")]
        assert steps == [("Uploading", 8), ("Uploaded", 8)]

    asking(scenario, version)


@BOTH
def test_a_root_certificate_is_installed_listed_and_deleted_once(version):
    is_16 = version == "1.6"
    use = "CentralSystemRootCertificate" if is_16 else "CSMSRootCertificate"
    kind = {"certificateType": use if is_16 else [use]}

    async def scenario(ask, desk, station):
        async def install(pem):
            return (await ask("InstallCertificate", {"certificateType": use, "certificate": pem}))[
                "status"
            ]

        assert (await ask("GetInstalledCertificateIds", kind))["status"] == "NotFound"
        assert await install("no certificate") == "Rejected"
        assert await install(certificate()) == "Accepted"
        answer = await ask("GetInstalledCertificateIds", kind)
        [found] = answer["certificateHashData" if is_16 else "certificateHashDataChain"]
        named = found if is_16 else found["certificateHashData"]
        assert named["serialNumber"] == f"{77:x}"
        for word in ("Accepted", "NotFound"):
            answer = await ask("DeleteCertificate", {"certificateHashData": named})
            assert answer["status"] == word

    asking(scenario, version)


@BOTH
def test_a_station_asks_for_a_certificate_and_takes_only_that_of_its_own_key(version):
    ask_for, kind = (
        ("ExtendedTriggerMessage", "SignChargePointCertificate")
        if version == "1.6"
        else ("TriggerMessage", "SignChargingStationCertificate")
    )

    async def scenario(ask, desk, station):
        assert (await ask(ask_for, {"requestedMessage": kind}))["status"] == "Accepted"
        await until(lambda: said(desk, "SignCertificate"))
        request = x509.load_pem_x509_csr(said(desk, "SignCertificate")[0]["csr"].encode())
        for pem, word in (
            (certificate(), "Rejected"),
            (certificate(request.public_key(), "ST-1"), "Accepted"),
            (certificate(request.public_key(), "ST-1"), "Rejected"),
        ):
            assert (await ask("CertificateSigned", {"certificateChain": pem}))["status"] == word

    asking(scenario, version)


def test_monitors_messages_and_reports_of_201_are_kept_and_told():
    where = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    level = {"value": 5, "type": "UpperThreshold", "severity": 3, **where}
    text = {"format": "UTF8", "content": "closed"}

    async def scenario(ask, desk, station):
        wrong = level | {"variable": {"name": "No"}}
        answer = await ask("SetVariableMonitoring", {"setMonitoringData": [level, level, wrong]})
        words = [one["status"] for one in answer["setMonitoringResult"]]
        assert words == ["Accepted", "Duplicate", "UnknownVariable"]
        number = answer["setMonitoringResult"][0]["id"]
        assert (await ask("GetMonitoringReport", {"requestId": 1}))["status"] == "Accepted"
        await until(lambda: said(desk, "NotifyMonitoringReport"))
        answer = await ask("ClearVariableMonitoring", {"id": [number, 99]})
        words = [one["status"] for one in answer["clearMonitoringResult"]]
        assert words == ["Accepted", "NotFound"]
        shown = {"id": 2, "priority": "AlwaysFront", "message": text}
        assert (await ask("SetDisplayMessage", {"message": shown}))["status"] == "Accepted"
        of_tx = {"message": shown | {"transactionId": "none"}}
        assert (await ask("SetDisplayMessage", of_tx))["status"] == "UnknownTransaction"
        assert (await ask("GetDisplayMessages", {"requestId": 2}))["status"] == "Accepted"
        await until(lambda: said(desk, "NotifyDisplayMessages"))
        assert (await ask("ClearDisplayMessage", {"id": 2}))["status"] == "Accepted"
        assert (await ask("ClearDisplayMessage", {"id": 2}))["status"] == "Unknown"
        assert (await ask("GetDisplayMessages", {"requestId": 3}))["status"] == "Unknown"
        wanted = {"requestId": 5, "componentVariable": [where]}
        assert (await ask("GetReport", wanted))["status"] == "Accepted"
        await until(lambda: said(desk, "NotifyReport"))
        assert (await ask("GetReport", {"requestId": 6}))["status"] == "EmptyResultSet"

    asking(scenario, "2.0.1")


@pytest.mark.parametrize("wanted", ["DiagnosticsStatusNotification", "FirmwareStatusNotification"])
def test_a_16_station_says_that_no_file_is_under_way_when_asked(wanted):
    async def scenario(ask, desk, station):
        answer = await ask("TriggerMessage", {"requestedMessage": wanted})
        assert answer["status"] == "Accepted"
        await until(lambda: said(desk, wanted))
        assert said(desk, wanted) == [{"status": "Idle"}]

    asking(scenario, "1.6")
