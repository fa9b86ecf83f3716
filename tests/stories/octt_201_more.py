"""More cases of OCPP 2.0.1: lists, reservations, cost, profiles, monitoring, display messages."""

from __future__ import annotations

from ohmstead.core.local_list import LocalList
from ohmstead.core.reservation import Reservation, key_of
from ohmstead.flows.charging_profiles import StationProfiles
from tests.flows.world import DRIVER
from tests.stories.octt import Asked, Case, Does, Operator, Says, Wait
from tests.stories.octt_201_words import (
    ACCEPTED,
    HASH,
    LONG,
    TX,
    authorize,
    charging,
    connector,
    customer,
    ended,
    group_up,
    installed,
    kept_events,
    remote,
    report,
    settled,
    stands,
    started,
    status,
    token,
    told_of_customer,
    updated,
    variable,
)


def local_list(word="Accepted", kind="Full", cards=("CARD",), with_info=True):
    info = {"idTokenInfo": {"status": "Accepted"}} if with_info else {}
    entries = [{"idToken": token(card)} | info for card in cards]
    payload = {"versionNumber": 2, "updateType": kind}
    payload |= {"localAuthorizationList": entries} if entries else {}
    return Asked("SendLocalList", payload, {"status": word})


def card(uid):
    """An operator lets a card charge where a station cannot ask."""
    body = {"payer": DRIVER, "offline_at": ["S"]}
    return Operator("PUT", f"id-tokens/{uid}", body)


def list_of(number, kind, *cards):
    """The SendLocalList of these cards, at the least."""
    sent = {"versionNumber": number, "updateType": kind}
    entries = [{"idToken": {"idToken": uid}} for uid in cards]
    return ("SendLocalList", sent | ({"localAuthorizationList": entries} if entries else {}))


def lists(has, *sent):
    """An operator has a list brought up to date; the station has version ``has`` of one.

    It has not booted, so that nothing of it is brought up to date by itself meanwhile.
    """
    unknown = variable("ItemsPerMessage", attributeStatus="UnknownVariable")
    answers = {
        "GetVariables": {"getVariableResult": [unknown]},
        "GetLocalListVersion": {"versionNumber": has},
        "SendLocalList": ACCEPTED,
    }
    first = [("GetVariables", {}), ("GetLocalListVersion", {})]
    return Operator(
        *("POST", "stations/S/local-list/sync"),
        answers=answers,
        asked=[*first, *sent],
        shows={"up_to_date": True},
    )


def listed_are(*cards):
    def look(site, _actor):
        assert [entry.uid for entry in site.store.get(LocalList, "S").entries] == list(cards)

    return look


def reserve(word="Accepted", evse=1, number=3, **more):
    payload = {"id": number, "expiryDateTime": "$soon", "idToken": token("CARD")}
    payload |= {"evseId": evse} if evse else {}
    return Asked("ReserveNow", payload | more, {"status": word})


def reserves(word="Accepted", status=201, **more):
    """An operator reserves an evse; the station is asked at least this."""
    wanted = {"evseId": 1, "expiryDateTime": "$soon", "idToken": token("CARD")} | more
    return Operator(
        *("POST", "stations/S/reservations"),
        {"evse": 1, "id_token": "CARD", "expires": "$soon"},
        answers={"ReserveNow": {"status": word}},
        asked=[("ReserveNow", wanted)],
        status=status,
    )


def reserved_is(word, after=None):
    def look(site, actor):
        assert site.store.get(Reservation, key_of(actor.known["$number"])).state.value == word
        if after is not None:
            after(site, actor)

    return look


def reservation(word):
    told = {"reservationId": "$number", "reservationUpdateStatus": word}
    return Says("ReservationStatusUpdate", told, {})


RESERVED = [
    authorize(),
    started(reservationId=3),
    *charging(),
    ended(2),
]


def schedule(limit=6.0):
    periods = [{"startPeriod": 0, "limit": limit}]
    return {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}


def profile(purpose="TxDefaultProfile", number=1, kind="Absolute", **more):
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule()],
    } | more


def set_profile(word="Accepted", evse=1, **more):
    payload = {"evseId": evse, "chargingProfile": profile(**more)}
    return Asked("SetChargingProfile", payload, {"status": word})


PROFILES = "stations/S/charging-profiles"


def sets_profile(
    word="Accepted", status=200, evse=1, number=1, level=0, purpose="TxDefaultProfile", **more
):
    """An operator sets a profile; the station is sent it."""
    periods = [{"start_s": 0, "limit": "6"}]
    schedule = {"unit": "A", "start": "2023-11-14T22:00:00Z", "periods": periods}
    body = {"evse": evse, "id": number, "stack_level": level, "purpose": purpose}
    sent = {"id": number, "stackLevel": level, "chargingProfilePurpose": purpose}
    limits = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
    sent |= {"chargingSchedule": [limits]}
    if "transaction_id" in more:
        sent |= {"transactionId": more["transaction_id"]}
    if "kind" in more:
        sent |= {"chargingProfileKind": more["kind"], "recurrencyKind": more["recurrency"]}
    return Operator(
        *("PUT", PROFILES, body | {"schedule": schedule} | more),
        answers={"SetChargingProfile": {"status": word}} if word else {},
        asked=[("SetChargingProfile", {"evseId": evse, "chargingProfile": sent})],
        status=status,
    )


def clears_profile(word, query, asked):
    """An operator clears profiles; the station is asked this."""
    return Operator(
        *("DELETE", PROFILES),
        answers={"ClearChargingProfile": {"status": word}},
        asked=[("ClearChargingProfile", asked)],
        shows={"status": word},
        query=query,
    )


def installed_are(*numbers):
    def look(site, _actor):
        known = site.store.get(StationProfiles, "S")
        found = [one.profile.id for one in known.installed] if known is not None else []
        assert sorted(found) == list(numbers)

    return look


BY_PURPOSE = {
    "evseId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
}


QUERY = {"evse": 1, "purpose": "TxDefaultProfile", "stack_level": 0}


def get_profiles(evse=None, source="CSO", **which):
    payload = {"requestId": 11, "chargingProfile": which}
    payload |= {} if evse is None else {"evseId": evse}
    told = {"requestId": 11, "chargingLimitSource": source, "evseId": evse or 1}
    found = profile(which.get("chargingProfilePurpose", "TxDefaultProfile"))
    return [
        Asked("GetChargingProfiles", payload, ACCEPTED),
        Says("ReportChargingProfiles", told | {"chargingProfile": [found], "tbc": False}, {}),
    ]


REPORTED = {
    "requestId": "$request",
    "chargingLimitSource": "CSO",
    "evseId": 1,
    "chargingProfile": [profile(number=9)],
    "tbc": False,
}


def composite(evse):
    planned = {
        "evseId": evse,
        "duration": 300,
        "scheduleStart": "2023-11-14T22:13:20Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
    }
    payload = {"duration": 300, "evseId": evse}
    return Asked("GetCompositeSchedule", payload, ACCEPTED | {"schedule": planned})


def limited(word="EMS", evse=1, **more):
    told = {"chargingLimit": {"chargingLimitSource": word}, "evseId": evse}
    return Says("NotifyChargingLimit", told | more, {})


def released(word="EMS", evse=1):
    return Says("ClearedChargingLimit", {"chargingLimitSource": word, "evseId": evse}, {})


def publish(*words, answer="Accepted"):
    payload = {"location": "https://firmware.example/1.bin", "checksum": "ab", "requestId": 2}
    said = []
    for word in words:
        where = {"location": ["http://lc.local/1.bin"]} if word == "Published" else {}
        told = {"status": word, "requestId": 2} | where
        said.append(Says("PublishFirmwareStatusNotification", told, {}))
    return [Asked("PublishFirmware", payload, {"status": answer}), *said]


def unpublish(word):
    return Asked("UnpublishFirmware", {"checksum": "ab"}, {"status": word})


def listed(*kinds):
    asked = {"certificateType": list(kinds)} if kinds else {}
    found = [{"certificateType": kind, "certificateHashData": HASH} for kind in kinds]
    return Asked(
        "GetInstalledCertificateIds", asked, ACCEPTED | {"certificateHashDataChain": found}
    )


TEMPERATURE = {"component": {"name": "Connector"}, "variable": {"name": "Temperature"}}


def monitoring(**which):
    monitor = {"id": 5, "transaction": False, "value": 90, "type": "UpperThreshold", "severity": 2}
    told = {"requestId": 12, "seqNo": 0, "generatedAt": "$now", "tbc": True}
    data = TEMPERATURE | {"variableMonitoring": [monitor]}
    return [
        Asked("GetMonitoringReport", {"requestId": 12} | which, ACCEPTED),
        Says("NotifyMonitoringReport", told | {"monitor": [data]}, {}),
        Says("NotifyMonitoringReport", told | {"seqNo": 1, "tbc": False}, {}),
    ]


def set_monitor(*kinds):
    asked = [{"value": 90, "type": kind, "severity": 2} | TEMPERATURE for kind in kinds]
    told = [
        {"id": number, "status": "Accepted", "type": kind, "severity": 2} | TEMPERATURE
        for number, kind in enumerate(kinds)
    ]
    return Asked(
        "SetVariableMonitoring", {"setMonitoringData": asked}, {"setMonitoringResult": told}
    )


def alarm(number=1, trigger="Alerting", kind="CustomMonitor", **more):
    data = {
        "eventId": number,
        "timestamp": "$now",
        "trigger": trigger,
        "actualValue": "95",
        "eventNotificationType": kind,
    }
    told = {"generatedAt": "$now", "seqNo": 0, "eventData": [data | TEMPERATURE | more]}
    return Says("NotifyEvent", told, {})


def show(word="Accepted", priority="NormalCycle", **more):
    words = {"format": "UTF8", "language": "en", "content": "Hello"}
    message = {"id": 21, "priority": priority, "message": words} | more
    return Asked("SetDisplayMessage", {"message": message}, {"status": word})


def shown(word="Accepted", **which):
    words = {"format": "UTF8", "content": "Hello"}
    info = {"id": 21, "priority": "NormalCycle", "message": words}
    asked = Asked("GetDisplayMessages", {"requestId": 13} | which, {"status": word})
    told = Says("NotifyDisplayMessages", {"requestId": 13, "messageInfo": [info]}, {})
    return [asked, told] if word == "Accepted" else [asked]


def clear_message(word):
    return Asked("ClearDisplayMessage", {"id": 21}, {"status": word})


def unmonitor(*words):
    told = [{"id": number, "status": word} for number, word in enumerate(words)]
    ids = list(range(len(words)))
    return Asked("ClearVariableMonitoring", {"id": ids}, {"clearMonitoringResult": told})


MONITORS = report("monitors")
MESSAGES = report("display_messages")
CASES = {
    "TC_D_01": Case("a whole local list",
                    [card("A1"), lists(0, list_of(1, "Full", "A1"))], listed_are("A1")),
    "TC_D_02": Case("cards are added to a local list", [
        card("A1"), lists(0, list_of(1, "Full", "A1")), card("B2"),
        lists(1, list_of(2, "Differential", "B2"))], listed_are("A1", "B2")),
    "TC_D_03": Case("cards are taken from a local list", [
        card("A1"), card("B2"), lists(0, list_of(1, "Full", "A1", "B2")),
        Operator("DELETE", "id-tokens/A1", status=204),
        lists(1, list_of(2, "Differential", "A1"))], listed_are("B2")),
    "TC_D_04": Case("an empty local list", [lists(0, list_of(1, "Full"))], listed_are()),
    "TC_D_08": Case("a local list's version is what it should be, and nothing is sent", [
        card("A1"), lists(0, list_of(1, "Full", "A1")), lists(1)], listed_are("A1")),
    "TC_D_09": Case("there is no local list any more, and it is sent again", [
        card("A1"), lists(0, list_of(1, "Full", "A1")), lists(0, list_of(2, "Full", "A1"))],
        listed_are("A1")),
    "TC_H_01": Case("a reserved evse is used", [
        reserves(), status("Reserved"), authorize(), started(reservationId="$number"),
        *charging(), ended(2)], reserved_is("used", settled)),
    "TC_H_07": Case("a reservation is not used", [
        reserves(), status("Reserved"), Wait(30), reservation("Expired"), status()],
        reserved_is("expired", connector("Available"))),
    "TC_H_08": Case("any evse is reserved", [reserve(evse=None), *RESERVED], settled),
    "TC_H_14": Case("as many reservations as evses", [
        reserve(evse=None), reserve(evse=None, number=4), status("Reserved"),
        status("Reserved", 2)], connector("Reserved", 2)),
    "TC_H_15": Case("a type of connector is reserved", [
        reserve(evse=None, connectorType="cType2"), *RESERVED], settled),
    "TC_H_17": Case("a reservation is cancelled", [
        reserves(), status("Reserved"),
        Operator("DELETE", "stations/S/reservations/$number",
                 answers={"CancelReservation": ACCEPTED},
                 asked=[("CancelReservation", {"reservationId": "$number"})]), status()],
        reserved_is("cancelled", connector("Available"))),
    "TC_H_19": Case("a group's reservation is used by another card of it", [
        Does(group_up), reserves(groupIdToken=token("FAMILY", "Central")), status("Reserved"),
        authorize("SECOND"), started(uid="SECOND", reservationId="$number"), *charging(),
        ended(2)], reserved_is("used", settled)),
    "TC_H_20": Case("a fault ends a reservation", [
        reserves(), status("Reserved"), status("Faulted"), reservation("Removed")],
        reserved_is("cancelled", connector("Faulted"))),
    "TC_H_22": Case("a reservation is refused", [
        reserves("Rejected", status=409),
        Operator("GET", "stations/S/reservations", shows={"items": [{"state": "refused"}]})]),
    "TC_I_01": Case("the running cost is shown", [
        *LONG[:-1], Asked("CostUpdated", {"totalCost": 1.5, "transactionId": TX}, {})]),
    "TC_I_02": Case("the final cost comes with the answer to the end", [
        *LONG[:-1], Says("TransactionEvent", ended(2).payload, {"totalCost": 2.0})], settled),
    "TC_K_01": Case("a default profile for an evse", [sets_profile()], installed_are(1)),
    "TC_K_02": Case("a transaction's profile without a transaction is refused",
                    [set_profile("Rejected", purpose="TxProfile", transactionId=TX)]),
    "TC_K_03": Case("a profile for the whole station",
                    [sets_profile(evse=0, purpose="ChargingStationMaxProfile")], installed_are(1)),
    "TC_K_04": Case("a profile takes the place of another",
                    [sets_profile(), sets_profile(level=2)], installed_are(1)),
    "TC_K_05": Case("a profile is cleared by its id", [
        sets_profile(), sets_profile(number=2, level=1),
        clears_profile("Accepted", {"id": 1}, {"chargingProfileId": 1})], installed_are(2)),
    "TC_K_06": Case("a profile is cleared by its purpose", [
        sets_profile(), sets_profile(number=2, level=1),
        clears_profile("Accepted", QUERY, {"chargingProfileCriteria": BY_PURPOSE})],
        installed_are(2)),
    "TC_K_08": Case("there was no profile to clear", [
        clears_profile("Unknown", QUERY, {"chargingProfileCriteria": BY_PURPOSE})],
        installed_are()),
    "TC_K_10": Case("a default profile for all evses", [sets_profile(evse=0)], installed_are(1)),
    "TC_K_15": Case("a station has no smart charging, and the operator reads so",
                    [sets_profile("", status=502)], installed_are()),
    "TC_K_19": Case("a profile that returns each day",
                    [sets_profile(kind="Recurring", recurrency="Daily")], installed_are(1)),
    "TC_K_29": Case("the station's profiles are read",
                    get_profiles(0, chargingProfilePurpose="TxDefaultProfile")),
    "TC_K_30": Case("an evse's profiles are read",
                    get_profiles(1, chargingProfilePurpose="TxDefaultProfile")),
    "TC_K_31": Case("all profiles are read, and compared with ours", [
        sets_profile(),
        Operator("POST", f"{PROFILES}/report", answers={"GetChargingProfiles": ACCEPTED},
                 asked=[("GetChargingProfiles", {})], status=202),
        Says("ReportChargingProfiles", REPORTED, {}),
        Operator("GET", PROFILES, shows={"report": {"state": "complete", "unknown": [[1, 9]]}})]),
    "TC_K_32": Case("a profile is read by its id", get_profiles(chargingProfileId=[1])),
    "TC_K_33": Case("profiles are read by stack level", get_profiles(1, stackLevel=0)),
    "TC_K_34": Case("profiles are read by source",
                    get_profiles(1, chargingLimitSource=["CSO"])),
    "TC_K_35": Case("profiles are read by purpose",
                    get_profiles(1, chargingProfilePurpose="TxDefaultProfile")),
    "TC_K_36": Case("profiles are read by purpose and stack level",
                    get_profiles(1, chargingProfilePurpose="TxDefaultProfile", stackLevel=0)),
    "TC_K_37": Case("started by us with a profile", [
        Asked("RequestStartTransaction", remote().payload | {
            "chargingProfile": profile("TxProfile")}, ACCEPTED),
        started("RemoteStart", "EVConnected", info={"remoteStartId": 7}), *charging(), ended(2)],
        settled),
    "TC_K_43": Case("an evse's composite schedule beside ours", [
        sets_profile(),
        Operator("GET", "stations/S/composite-schedule", query={"evse": 1, "duration_s": 300},
                 answers={"GetCompositeSchedule": composite(1).answer},
                 asked=[("GetCompositeSchedule",
                         {"duration": 300, "evseId": 1, "chargingRateUnit": "A"})],
                 shows={"agrees": True})]),
    "TC_K_44": Case("a station's composite schedule", [composite(0)]),
    "TC_K_48": Case("somebody else limits the station", [limited()],
                    stands("charging_limit/EMS@1", "Limited", -1)),
    "TC_K_50": Case("somebody else's limit is gone", [limited(), released()],
                    stands("charging_limit/EMS@1", "Cleared", -1)),
    "TC_K_51": Case("somebody else's limit is gone while a car charges", [
        *LONG[:-1], limited(), released(), updated(2, "ChargingRateChanged", wh=2_000), ended(3)],
        settled),
    "TC_K_52": Case("somebody else's limit comes with its schedule, and is read", [
        limited(chargingSchedule=[schedule()]),
        *get_profiles(1, "EMS", chargingProfilePurpose="ChargingStationExternalConstraints")],
        stands("charging_limit/EMS@1", "Limited", -1)),
    "TC_K_60": Case("a transaction's profile ends with it", [
        *LONG[:-1], sets_profile(purpose="TxProfile", transaction_id=TX),
        Operator("GET", PROFILES, shows={"installed": [{"id": 1}]}), ended(2)], settled),
    "TC_K_70": Case("several profiles", [
        sets_profile(), sets_profile(evse=0, number=2, purpose="ChargingStationMaxProfile"),
        sets_profile(number=3, level=1)], installed_are(1, 2, 3)),
    "TC_L_17": Case("firmware is published",
                    publish("Downloading", "Downloaded", "ChecksumVerified", "Published"),
                    stands("publish_firmware", "Published", 2)),
    "TC_L_19": Case("published firmware's checksum is wrong",
                    publish("Downloaded", "InvalidChecksum"),
                    stands("publish_firmware", "InvalidChecksum", 2)),
    "TC_L_20": Case("firmware cannot be published", publish("Downloaded", "PublishFailed"),
                    stands("publish_firmware", "PublishFailed", 2)),
    "TC_L_21": Case("firmware is withdrawn", [unpublish("Unpublished")]),
    "TC_L_22": Case("there was no firmware to withdraw", [unpublish("NoFirmware")]),
    "TC_L_23": Case("firmware that is being loaded is not withdrawn",
                    [unpublish("DownloadOngoing")]),
    "TC_L_24": Case("firmware to publish cannot be loaded", publish("DownloadFailed"),
                    stands("publish_firmware", "DownloadFailed", 2)),
    "TC_M_03": Case("a V2G root is installed", [installed("V2GRootCertificate")]),
    "TC_M_04": Case("a mobility operator's root is installed", [installed("MORootCertificate")]),
    "TC_M_12": Case("our roots are listed", [listed("CSMSRootCertificate")]),
    "TC_M_14": Case("V2G roots are listed", [listed("V2GRootCertificate")]),
    "TC_M_15": Case("V2G chains are listed", [listed("V2GCertificateChain")]),
    "TC_M_16": Case("mobility operators' roots are listed", [listed("MORootCertificate")]),
    "TC_M_17": Case("several kinds of roots are listed",
                    [listed("CSMSRootCertificate", "ManufacturerRootCertificate")]),
    "TC_N_01": Case("monitors of a kind are reported",
                    monitoring(monitoringCriteria=["ThresholdMonitoring"]), MONITORS),
    "TC_N_02": Case("monitors of a variable are reported",
                    monitoring(componentVariable=[TEMPERATURE]), MONITORS),
    "TC_N_03": Case("monitors of a kind and variable are reported",
                    monitoring(monitoringCriteria=["ThresholdMonitoring"],
                               componentVariable=[TEMPERATURE]), MONITORS),
    "TC_N_05": Case("a base of monitors is set", [
        Asked("SetMonitoringBase", {"monitoringBase": "All"}, ACCEPTED)]),
    "TC_N_08": Case("a monitor is set", [set_monitor("UpperThreshold")]),
    "TC_N_09": Case("several monitors are set", [set_monitor("UpperThreshold", "LowerThreshold")]),
    "TC_N_16": Case("a level is set", [Asked("SetMonitoringLevel", {"severity": 4}, ACCEPTED)]),
    "TC_N_17": Case("a level is refused", [
        Asked("SetMonitoringLevel", {"severity": 9}, {"status": "Rejected"})]),
    "TC_N_18": Case("several monitors are cleared", [unmonitor("Accepted", "NotFound")]),
    "TC_N_21": Case("a hard-wired monitor alerts",
                    [alarm(kind="HardWiredMonitor", variableMonitoringId=5)], kept_events(1)),
    "TC_N_24": Case("a periodic monitor is set and tells",
                    [set_monitor("Periodic"), alarm(trigger="Periodic")], kept_events(1)),
    "TC_N_44": Case("a monitor cannot be cleared", [unmonitor("Rejected")]),
    "TC_N_46": Case("a customer is forgotten, and leaves the local list", [
        customer(is_report=False, is_clear=True), told_of_customer(""),
        local_list(kind="Differential", with_info=False)]),
    "TC_N_47": Case("all monitors are reported", monitoring(), MONITORS),
    "TC_N_48": Case("a variable that is only written alerts", [alarm(actualValue="")],
                    kept_events(1)),
    "TC_N_49": Case("a threshold is left again after a reboot",
                    [alarm(1), Wait(1), alarm(2, cleared=True)], kept_events(2)),
    "TC_N_50": Case("a periodic monitor tells each time", [
        alarm(1, "Periodic"), Wait(1), alarm(2, "Periodic")], kept_events(2)),
    "TC_N_60": Case("monitors of kinds and variables are reported",
                    monitoring(monitoringCriteria=["DeltaMonitoring", "PeriodicMonitoring"],
                               componentVariable=[TEMPERATURE]), MONITORS),
    "TC_N_63": Case("a customer is named by a certificate",
                    [customer(is_clear=True, customerCertificate=HASH), told_of_customer()],
                    report("customer_information")),
    "TC_O_01": Case("a message is shown", [show()]),
    "TC_O_02": Case("all messages are read", shown(), MESSAGES),
    "TC_O_03": Case("there are no messages", shown("Unknown")),
    "TC_O_04": Case("a message is cleared", [clear_message("Accepted")]),
    "TC_O_05": Case("there was no such message", [clear_message("Unknown")]),
    "TC_O_06": Case("a message for a transaction", [*LONG[:-1], show(transactionId=TX)]),
    "TC_O_07": Case("a message is read by its id", shown(id=[21]), MESSAGES),
    "TC_O_08": Case("messages are read by priority", shown(priority="NormalCycle"), MESSAGES),
    "TC_O_09": Case("messages are read by state", shown(state="Charging"), MESSAGES),
    "TC_O_10": Case("a message for a transaction that is none",
                    [show("UnknownTransaction", transactionId="TX-9")]),
    "TC_O_11": Case("nothing fits", shown("Unknown", state="Faulted")),
    "TC_O_12": Case("a message takes the place of another", [show(), show()]),
    "TC_O_13": Case("a message from a time on", [show(startDateTime="$now")]),
    "TC_O_14": Case("a message until a time", [show(endDateTime="$now")]),
    "TC_O_17": Case("a priority that is not there",
                    [show("NotSupportedPriority", "AlwaysFront")]),
    "TC_O_18": Case("a state that is not there", [show("NotSupportedState", state="Faulted")]),
    "TC_O_19": Case("a format that is not there", [show("NotSupportedMessageFormat")]),
    "TC_O_25": Case("a message for a state", [show(state="Charging")]),
    "TC_O_26": Case("a message is refused", [show("Rejected")]),
    "TC_O_27": Case("a transaction's message from a time on",
                    [*LONG[:-1], show(transactionId=TX, startDateTime="$now")]),
    "TC_O_28": Case("a transaction's message until a time",
                    [*LONG[:-1], show(transactionId=TX, endDateTime="$now")]),
}  # fmt: skip
