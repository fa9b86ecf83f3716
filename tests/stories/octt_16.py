"""The certification cases of OCPP 1.6 for a central system: those played here, and those not."""

from __future__ import annotations

from ohmstead.core.session import SessionState
from ohmstead.core.station_log import StationEvent, StationLog
from tests.flows.world import KWH
from tests.stories.octt import Asked, Case, Says, Wait

ACCEPTED = {"status": "Accepted"}
SIGNED_FIRMWARE = {
    "location": "https://firmware.example/1.bin",
    "retrieveDateTime": "$now",
    "signingCertificate": "-----BEGIN CERTIFICATE-----",
    "signature": "c2ln",
}
HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa",
    "issuerKeyHash": "bb",
    "serialNumber": "01",
}


def boot():
    return Says("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}, ACCEPTED)


def status(word="Available", connector=1, error="NoError"):
    told = {"connectorId": connector, "errorCode": error, "status": word, "timestamp": "$now"}
    return Says("StatusNotification", told, {})


def authorize(tag="CARD", word="Accepted"):
    return Says("Authorize", {"idTag": tag}, {"idTagInfo": {"status": word}})


def start(tag="CARD", word="Accepted", connector=1, **more):
    told = {"connectorId": connector, "idTag": tag, "meterStart": 0, "timestamp": "$now"}
    return Says("StartTransaction", told | more, {"idTagInfo": {"status": word}})


def stop(reason="Local", wh=4_000, tag="CARD"):
    told = {"transactionId": "$tx", "meterStop": wh, "timestamp": "$now", "reason": reason}
    word = {"CARD": "Accepted", "LOST": "Blocked", "NOBODY": "Invalid"}.get(tag)
    answer = {"idTagInfo": {"status": word}} if word else {}
    return Says("StopTransaction", told | ({"idTag": tag} if tag else {}), answer)


def values(wh=1_000):
    sample = [{"timestamp": "$now", "sampledValue": [{"value": str(wh)}]}]
    told = {"connectorId": 1, "transactionId": "$tx", "meterValue": sample}
    return Says("MeterValues", told, {})


def unlock(word, connector=1):
    return Asked("UnlockConnector", {"connectorId": connector}, {"status": word})


def change(word, key="HeartbeatInterval", value="60"):
    return Asked("ChangeConfiguration", {"key": key, "value": value}, {"status": word})


def trigger(message, word="Accepted", extended=False):
    action = "ExtendedTriggerMessage" if extended else "TriggerMessage"
    return Asked(action, {"requestedMessage": message}, {"status": word})


def remote_start(word="Accepted", **more):
    payload = {"idTag": "CARD", "connectorId": 1} | more
    return Asked("RemoteStartTransaction", payload, {"status": word})


def remote_stop(word="Accepted"):
    return Asked("RemoteStopTransaction", {"transactionId": "$tx"}, {"status": word})


def local_list(word, kind="Full"):
    entries = [{"idTag": "CARD", "idTagInfo": ACCEPTED}]
    payload = {"listVersion": 2, "updateType": kind, "localAuthorizationList": entries}
    return Asked("SendLocalList", payload, {"status": word})


def firmware(*words):
    asked = {"location": "https://firmware.example/1.bin", "retrieveDate": "$now"}
    said = [Says("FirmwareStatusNotification", {"status": word}, {}) for word in words]
    return [Asked("UpdateFirmware", asked, {}), *said]


def signed_firmware(*words):
    asked = {"requestId": 5, "firmware": SIGNED_FIRMWARE}
    said = [
        Says("SignedFirmwareStatusNotification", {"status": word, "requestId": 5}, {})
        for word in words
    ]
    return [Asked("SignedUpdateFirmware", asked, ACCEPTED), *said]


def diagnostics(*words):
    asked = {"location": "https://logs.example/up"}
    said = [Says("DiagnosticsStatusNotification", {"status": word}, {}) for word in words]
    return [Asked("GetDiagnostics", asked, {"fileName": "d.zip"}), *said]


def reserve(word="Accepted", connector=1, **more):
    payload = {"connectorId": connector, "expiryDate": "$soon", "idTag": "CARD", "reservationId": 3}
    return Asked("ReserveNow", payload | more, {"status": word})


def cancel(word="Accepted"):
    return Asked("CancelReservation", {"reservationId": 3}, {"status": word})


def profile(purpose="TxDefaultProfile", **more):
    periods = [{"startPeriod": 0, "limit": 6.0}]
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    } | more


def set_profile(**more):
    payload = {"connectorId": 1, "csChargingProfiles": profile(**more)}
    return Asked("SetChargingProfile", payload, ACCEPTED)


def security(kind):
    return Says("SecurityEventNotification", {"type": kind, "timestamp": "$now"}, {})


def install(kind):
    payload = {"certificateType": kind, "certificate": "-----BEGIN CERTIFICATE-----"}
    return Asked("InstallCertificate", payload, ACCEPTED)


def reset(kind):
    return Asked("Reset", {"type": kind}, ACCEPTED)


def settled(site, actor):
    session = site.session(str(actor.known["$tx"]))
    assert session.state is SessionState.SETTLED, session
    assert site.bill(session.transaction_id).energy_mwh == 4 * KWH and site.books_balance()


def unpaid(site, actor):
    tx = actor.known.get("$tx")
    session = site.session(str(tx)) if tx else None
    assert session is None or (session.holds == 0 and session.hold_minor == 0)
    assert site.books_balance()


def in_state(word):
    def look(site, actor):
        assert site.session(str(actor.known["$tx"])).state is SessionState(word)

    return look


def connector(word):
    def look(site, _actor):
        assert site.house.stations.presence["S"].connectors[1, 1].status == word

    return look


def stands(about, word, request=-1):
    def look(site, _actor):
        states = {s.about: (s.status, s.request_id) for s in site.store.get(StationLog, "S").states}
        assert states[about] == (word, request)

    return look


def told_security(site, _actor):
    assert [event.log for event in site.store.find(StationEvent, 10)] == ["security"]


CHARGES = [start(), status("Charging"), Wait(30)]
CASES = {
    "TC_001": Case("a cold boot",
                   [boot(), status(connector=0), status(), Says("Heartbeat", {}, {})]),
    "TC_003": Case("plug first",
                   [status("Preparing"), authorize(), *CHARGES, stop(), status()], settled),
    "TC_004_1": Case("card first",
                     [authorize(), status("Preparing"), *CHARGES, stop(), status()], settled),
    "TC_004_2": Case("card first, and no cable came",
                     [authorize(), status("Preparing"), status()], unpaid),
    "TC_005_1": Case("the cable leaves the car", [
        *CHARGES, status("SuspendedEV"), stop("EVDisconnected"), status()], settled),
    "TC_007": Case("a card the station's cache knows",
                   [status("Preparing"), *CHARGES, stop(), status()], settled),
    "TC_010": Case("started by us, the cable is in", [
        status("Preparing"), remote_start(), authorize(), *CHARGES, stop()], settled),
    "TC_011_1": Case("started by us, before the cable", [
        remote_start(), status("Preparing"), *CHARGES, stop()], settled),
    "TC_011_2": Case("started by us, and no cable came",
                     [remote_start(), status("Preparing"), status()], unpaid),
    "TC_012": Case("stopped by us", [
        *CHARGES, remote_stop(), stop("Remote", tag=None), status("Finishing"), status()],
        settled),
    "TC_013": Case("a hard reset ends the transaction", [
        *CHARGES, reset("Hard"), stop("HardReset", tag=None), boot(), status()],
        in_state("review")),
    "TC_014": Case("a soft reset ends the transaction", [
        *CHARGES, reset("Soft"), stop("SoftReset", tag=None), boot(), status()],
        in_state("review")),
    "TC_017_1": Case("a connector is unlocked", [unlock("Unlocked")]),
    "TC_017_2": Case("a fixed cable cannot be unlocked", [unlock("NotSupported")]),
    "TC_018_1": Case("unlocking ends the transaction", [
        *CHARGES, unlock("Unlocked"), stop("UnlockCommand", tag=None), status()],
        in_state("review")),
    "TC_019_1": Case("the configuration is read", [
        Asked("GetConfiguration", {}, {"configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"}]})]),
    "TC_019_2": Case("one key is read", [
        Asked("GetConfiguration", {"key": ["HeartbeatInterval"]}, {"configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "300"}]})]),
    "TC_021": Case("a key is set", [change("Accepted")]),
    "TC_023_1": Case("an unknown card is told so", [
        authorize("NOBODY", "Invalid"), start("NOBODY", "Invalid")], unpaid),
    "TC_023_2": Case("an expired card is told so", [
        authorize("OLD", "Expired"), start("OLD", "Expired")], unpaid),
    "TC_023_3": Case("a blocked card is told so", [
        authorize("LOST", "Blocked"), start("LOST", "Blocked")], unpaid),
    "TC_024": Case("a lock fails before the start", [
        authorize(), status("Faulted", error="ConnectorLockFailure")], connector("Faulted")),
    "TC_026": Case("a start by us is refused", [remote_start("Rejected")], unpaid),
    "TC_028": Case("a stop by us is refused", [*CHARGES, remote_stop("Rejected")],
                   in_state("active")),
    "TC_030": Case("a connector cannot be unlocked", [unlock("UnlockFailed")]),
    "TC_031": Case("there is no such connector", [unlock("NotSupported", 9)]),
    "TC_032_1": Case("after a power cut the stop is sent", [
        *CHARGES, boot(), stop("PowerLoss", tag=None), status()], in_state("review")),
    "TC_037_1": Case("a start that was kept offline", [
        Wait(1), start(), Wait(30), stop()], settled),
    "TC_037_3": Case("a start that was kept offline, of a card nobody knows", [
        start("NOBODY", "Invalid"), stop("DeAuthorized", 0, "NOBODY")], unpaid),
    "TC_039": Case("a whole transaction that was kept offline", [
        start(timestamp="2023-11-14T21:00:00Z"), values(), stop()], settled),
    "TC_040_1": Case("a key the station does not know", [change("NotSupported", "Nonsense")]),
    "TC_040_2": Case("a value the station does not take", [change("Rejected", value="-1")]),
    "TC_042_1": Case("no local list", [Asked("GetLocalListVersion", {}, {"listVersion": -1})]),
    "TC_042_2": Case("an empty local list",
                     [Asked("GetLocalListVersion", {}, {"listVersion": 0})]),
    "TC_043_1": Case("no local list can be sent", [local_list("NotSupported")]),
    "TC_043_3": Case("a local list fails", [local_list("Failed")]),
    "TC_043_4": Case("a whole local list", [local_list("Accepted")]),
    "TC_043_5": Case("a change of a local list", [local_list("Accepted", "Differential")]),
    "TC_044_1": Case("a firmware update goes well", firmware(
        "Downloading", "Downloaded", "Installing", "Installed"), stands("firmware", "Installed")),
    "TC_044_2": Case("a firmware update cannot be loaded",
                     firmware("Downloading", "DownloadFailed"),
                     stands("firmware", "DownloadFailed")),
    "TC_044_3": Case("a firmware update cannot be installed",
                     firmware("Downloaded", "Installing", "InstallationFailed"),
                     stands("firmware", "InstallationFailed")),
    "TC_045_1": Case("diagnostics are uploaded", diagnostics("Uploading", "Uploaded"),
                     stands("diagnostics", "Uploaded")),
    "TC_045_2": Case("diagnostics cannot be uploaded", diagnostics("Uploading", "UploadFailed"),
                     stands("diagnostics", "UploadFailed")),
    "TC_046": Case("a reserved connector is used", [
        reserve(), status("Reserved"), authorize(), start(reservationId=3), Wait(30), stop()],
        settled),
    "TC_047": Case("a reservation expires", [reserve(), status("Reserved"), Wait(30), status()],
                   connector("Available")),
    "TC_048_1": Case("a faulted connector is not reserved", [reserve("Faulted")]),
    "TC_048_2": Case("a taken connector is not reserved", [reserve("Occupied")]),
    "TC_048_3": Case("a connector out of service is not reserved", [reserve("Unavailable")]),
    "TC_048_4": Case("a reservation is refused", [reserve("Rejected")]),
    "TC_049": Case("a reserved station is used", [
        reserve(connector=0), start(reservationId=3), Wait(30), stop()], settled),
    "TC_051": Case("a reservation is cancelled", [
        reserve(), status("Reserved"), cancel(), status()], connector("Available")),
    "TC_052": Case("there was no reservation to cancel", [cancel("Rejected")]),
    "TC_053": Case("a reservation for a group of cards", [
        reserve(parentIdTag="GROUP"), start(reservationId=3), Wait(30), stop()], settled),
    "TC_054": Case("messages are triggered", [
        trigger("MeterValues"), status(), trigger("Heartbeat"), Says("Heartbeat", {}, {}),
        trigger("StatusNotification"), status(), trigger("DiagnosticsStatusNotification"),
        Says("DiagnosticsStatusNotification", {"status": "Idle"}, {}),
        trigger("FirmwareStatusNotification"),
        Says("FirmwareStatusNotification", {"status": "Idle"}, {}),
        trigger("BootNotification"), boot()], stands("firmware", "Idle")),
    "TC_055": Case("a trigger is refused", [trigger("MeterValues", "Rejected")]),
    "TC_056": Case("a default profile is set", [set_profile()]),
    "TC_057": Case("a transaction's profile is set", [
        *CHARGES, set_profile(purpose="TxProfile", transactionId="$tx"), stop()], settled),
    "TC_059": Case("started by us with a profile", [
        remote_start(chargingProfile=profile("TxProfile")), *CHARGES, stop()], settled),
    "TC_061": Case("the cache is cleared", [Asked("ClearCache", {}, ACCEPTED)]),
    "TC_064": Case("a vendor's message that nobody knows here", [
        Says("DataTransfer", {"vendorId": "org.example", "messageId": "x"},
             {"status": "UnknownVendorId"})]),
    "TC_066": Case("the composite schedule is asked", [
        Asked("GetCompositeSchedule", {"connectorId": 1, "duration": 300},
              ACCEPTED | {"connectorId": 1, "chargingSchedule": {
                  "chargingRateUnit": "A",
                  "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}})]),
    "TC_067": Case("a profile is cleared", [Asked("ClearChargingProfile", {"id": 1}, ACCEPTED)]),
    "TC_075_1": Case("the maker's root is installed", [install("ManufacturerRootCertificate")]),
    "TC_075_2": Case("our root is installed", [install("CentralSystemRootCertificate")]),
    "TC_076": Case("a certificate is deleted", [
        Asked("DeleteCertificate", {"certificateHashData": HASH}, ACCEPTED)]),
    "TC_077": Case("our certificate for it is invalid, and it says so",
                   [security("InvalidChargePointCertificate")], told_security),
    "TC_078": Case("our own certificate is invalid, and it says so",
                   [security("InvalidCentralSystemCertificate")], told_security),
    "TC_079": Case("the security log is uploaded", [
        Asked("GetLog", {"logType": "SecurityLog", "requestId": 6,
                         "log": {"remoteLocation": "https://logs.example/up"}}, ACCEPTED),
        Says("LogStatusNotification", {"status": "Uploading", "requestId": 6}, {}),
        Says("LogStatusNotification", {"status": "Uploaded", "requestId": 6}, {})],
        stands("log", "Uploaded", 6)),
    "TC_080": Case("a signed firmware update goes well", signed_firmware(
        "Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"),
        stands("firmware", "Installed", 5)),
    "TC_081": Case("a signed firmware update's signature is invalid", [
        *signed_firmware("Downloading", "Downloaded", "InvalidSignature"),
        security("InvalidFirmwareSignature")], stands("firmware", "InvalidSignature", 5)),
}  # fmt: skip

# Held by tests of their own.
_BEHAVIOURS, _TLS = "tests/stories/test_behaviours.py", "tests/apps/gateway/test_tls.py"
ELSEWHERE = {
    "TC_073": "tests/apps/onboarding/test_rotation.py"
    "::test_old_and_new_are_let_in_until_the_station_has_used_the_new_one",
    "TC_074": "tests/apps/stations/test_station_messages.py"
    "::test_a_station_asks_for_a_certificate_and_gets_it_and_renews_it_in_time",
    "TC_083": "tests/stories/test_security_upgrade.py"
    "::test_a_raised_security_profile_holds_and_the_old_one_is_refused",
    "TC_085": f"{_BEHAVIOURS}"
    "::test_behaviour_22_a_wrong_password_or_an_unknown_station_never_gets_a_socket",
    "TC_086": f"{_TLS}::test_profile_2_is_a_password_over_tls",
    "TC_087": f"{_TLS}::test_profile_3_is_a_certificate_that_names_the_station",
    "TC_088": f"{_BEHAVIOURS}::test_behaviour_21_without_a_common_subprotocol_nobody_charges",
}
# Not played, and why: none.
GAPS: dict[str, str] = {}
