"""The certification cases of OCPP 2.0.1 for a CSMS that are played here, and those that are not."""

from __future__ import annotations

from ohmstead.core.session import SessionState
from tests.stories import octt_201_more
from tests.stories.octt import Asked, Case, Does, Expects, Operator, Reconnects, Says, Wait
from tests.stories.octt_201_words import (
    ACCEPTED,
    CUSTOM,
    HASH,
    INSTALLS,
    LONG,
    OTHER,
    SIGNED_BEGIN,
    TX,
    accept,
    asked_status,
    authorize,
    authorized,
    available,
    available_event,
    base_report,
    boot,
    charging,
    connector,
    customer,
    ended,
    event,
    firmware,
    got,
    group_up,
    grouped,
    installed,
    kept_events,
    log,
    meter_values,
    network_profile,
    nothing_billed,
    plugged,
    proven,
    queue,
    remote,
    report,
    reset,
    sampled,
    settled,
    stands,
    started,
    status,
    stop_authorized,
    told_firmware,
    told_of_customer,
    trigger,
    under_way,
    unpaid,
    unplugged,
    update,
    updated,
    uploaded,
    variable,
    without_evse,
)

CASES = {
    "TC_B_01": Case("a cold boot is accepted", [boot(), status(), Says("Heartbeat", {}, {})]),
    "TC_B_02": Case(
        "a cold boot is pending, is configured, and is accepted",
        [
            boot("Pending"),
            Asked("SetVariables", {"setVariableData": [variable(attributeValue="60")]},
                  {"setVariableResult": [variable(attributeStatus="Accepted")]}),
            *base_report("FullInventory"),
            Does(accept),
            boot(),
            status(),
        ],
        admission="Pending",
    ),
    "TC_B_06": Case("one variable is read", [
        Asked("GetVariables", {"getVariableData": [variable()]}, {"getVariableResult": [got()]})]),
    "TC_B_07": Case("several variables are read", [
        Asked("GetVariables", {"getVariableData": [variable(), variable(OTHER)]},
              {"getVariableResult": [got(), got(OTHER, "true")]})]),
    "TC_B_09": Case("one variable is set", [
        Asked("SetVariables", {"setVariableData": [variable(attributeValue="123")]},
              {"setVariableResult": [variable(attributeStatus="Accepted")]})]),
    "TC_B_10": Case("several variables are set", [
        Asked("SetVariables",
              {"setVariableData": [variable(attributeValue="123"),
                                   variable(OTHER, attributeValue="false")]},
              {"setVariableResult": [variable(attributeStatus="Accepted"),
                                     variable(OTHER, attributeStatus="Accepted")]})]),
    "TC_B_12": Case("the configuration inventory is reported in parts",
                    base_report("ConfigurationInventory")),
    "TC_B_13": Case("the full inventory is reported in parts", base_report("FullInventory")),
    "TC_B_20": Case("an idle station resets when idle",
                    [reset(), boot(reason="RemoteReset"), status()]),
    "TC_B_21": Case("a charging station resets when it has become idle", [
        started(), *charging(), reset(word="Scheduled"), *unplugged(2),
        boot(reason="ScheduledReset"), status()], settled),
    "TC_B_22": Case("a charging station resets at once, which ends its transaction", [
        started(), *charging(), reset("Immediate"),
        ended(2, "ResetCommand", "ImmediateReset", uid=None), boot(reason="RemoteReset"),
        status("Occupied"), status(evse=2)],
        lambda site, _: site.session(TX).state is SessionState.REVIEW),
    "TC_B_25": Case("an idle evse resets", [reset(evse=1), status()]),
    "TC_B_26": Case("a charging evse resets when idle", [
        started(), *charging(), reset(word="Scheduled", evse=1), *unplugged(2)], settled),
    "TC_B_27": Case("a charging evse resets at once", [
        started(), *charging(), reset("Immediate", evse=1),
        ended(2, "ResetCommand", "ImmediateReset", uid=None), status()]),
    "TC_B_30": Case("what is not accepted gets SecurityError", [
        boot("Rejected"),
        Says("StatusNotification", status().payload, error="SecurityError"),
        Says("NotifyEvent", available_event().payload, error="SecurityError"),
        Says("Heartbeat", {}, error="SecurityError")], admission="Rejected"),
    "TC_B_31": Case("what is pending is let in by an operator, and asked to boot at once", [
        boot("Pending"), trigger("BootNotification"), boot("Pending", "Triggered"),
        Operator("PATCH", "stations/S", {"admission": "accepted"},
                 answers={"TriggerMessage": ACCEPTED}),
        Expects("TriggerMessage", ACCEPTED, {"requestedMessage": "BootNotification"}, count=2),
        boot(reason="Triggered"), status(), available_event()],
        connector("Available"), admission="Pending"),
    "TC_B_42": Case("a network profile is set", [network_profile("Accepted")]),
    "TC_B_44": Case("a network profile fails, and the operator reads so",
                    [network_profile("Failed")]),
    "TC_C_02": Case("an unknown card is told so", [
        authorize("NOBODY", "Unknown"), started(uid="NOBODY", answer="Unknown")], unpaid),
    "TC_C_06": Case("a blocked card is told so", [
        authorize("LOST", "Blocked"), started(uid="LOST", answer="Blocked")], unpaid),
    "TC_C_07": Case("an expired card is told so", [
        authorize("OLD", "Expired"), started(uid="OLD", answer="Expired")], unpaid),
    "TC_C_08": Case("a card known to the station's cache charges without Authorize", [
        *plugged(), updated(1, "Authorized", uid="CARD", answer="Accepted"), *charging(2),
        ended(3)], settled),
    "TC_C_20": Case("a card the cache accepted and we do not is told no by the event's answer", [
        *plugged(), updated(1, "Authorized", uid="NOBODY", answer="Unknown"), Wait(1),
        ended(2, "Deauthorized", "DeAuthorized", 0, None)], unpaid),
    "TC_C_37": Case("the cache is cleared", [Asked("ClearCache", {}, ACCEPTED)]),
    "TC_C_38": Case("the cache is not cleared", [
        Asked("ClearCache", {}, {"status": "Rejected"})]),
    "TC_C_39": Case("another card of the group ends what the first began", [
        Does(group_up), *plugged(), grouped(authorize("SECOND")),
        grouped(updated(1, "Authorized", uid="CARD")), *charging(2),
        grouped(authorize("SECOND")), grouped(updated(3, "StopAuthorized", uid="SECOND")),
        updated(4, "ChargingStateChanged", "EVConnected"), status(),
        ended(5, "EVCommunicationLost", "EVDisconnected", uid=None)], settled),
    "TC_E_01": Case("begins when the power path closes", [
        authorize(), status("Occupied"), started("ChargingStateChanged", "SuspendedEVSE"),
        *charging(), ended(2)], settled),
    "TC_E_02": Case("begins with the energy", [
        authorize(), status("Occupied"), started("ChargingStateChanged", "Charging"), Wait(30),
        ended(1)], settled),
    "TC_E_03": Case("cable first, card second", [
        status("Occupied"), started("CablePluggedIn", uid=None), authorize(),
        updated(1, "Authorized", uid="CARD", answer="Accepted"), *charging(2), ended(3)], settled),
    "TC_E_04": Case("card first, cable second", [
        authorize(), started("Authorized", "Idle"), status("Occupied"),
        updated(1, "CablePluggedIn", "EVConnected"), *charging(2), ended(3)], settled),
    "TC_E_07": Case("ends when the power path opens, locally", [
        *LONG[:-1], ended(2, "StopAuthorized", "Local")], settled),
    "TC_E_08": Case("ends when the energy stops, after a card was shown", [
        *LONG[:-1], stop_authorized(2),
        event("Ended", 3, "ChargingStateChanged", "EVConnected", 4_000, reason="Local")], settled),
    "TC_E_09": Case("begins when the car is connected", [
        *plugged(), *authorized(), *charging(2), ended(3)], settled),
    "TC_E_10": Case("begins when it is authorised", [
        authorize(), started("Authorized", "Idle"), *charging(), ended(2)], settled),
    "TC_E_11": Case("begins when the meter has signed", [
        authorize(), status("Occupied"),
        event("Started", 0, "SignedDataReceived", uid="CARD", answer="Accepted",
              meterValue=[sampled(0, "Transaction.Begin", "B")]),
        updated(1, "ChargingStateChanged", "Charging"), Wait(30),
        ended(2, meterValue=[sampled(4_000, "Transaction.End", "E")], wh=None)],
        proven, meter=True),
    "TC_E_12": Case("begins when the bay is occupied", [
        started("EVDetected", "Idle", uid=None),
        updated(1, "Authorized", uid="CARD", answer="Accepted"), *charging(2), ended(3)], settled),
    "TC_E_14": Case("ends when the cable leaves the station", [*LONG[:-1], *unplugged(2)], settled),
    "TC_E_15": Case("ends when the same card is shown", [
        *LONG[:-1], authorize(), ended(2, "StopAuthorized", "Local")], settled),
    "TC_E_16": Case("ends because the card is refused", [
        started(uid="NOBODY", answer="Unknown"),
        ended(1, "Deauthorized", "DeAuthorized", 0, None)], unpaid),
    "TC_E_17": Case("ends because the car left while it took nothing", [
        *LONG[:-1], updated(2, "ChargingStateChanged", "SuspendedEV"),
        event("Ended", 3, "EVCommunicationLost", "Idle", 4_000, reason="EVDisconnected")],
        settled),
    "TC_E_19": Case("ends when the bay is left", [
        *LONG[:-1], stop_authorized(2), updated(3, "ChargingStateChanged", "EVConnected"),
        status(), updated(4, "EVCommunicationLost", "Idle", 4_000),
        ended(5, "EVDeparted", "Local", uid=None)], settled),
    "TC_E_20": Case("ends when the cable leaves the car", [
        *LONG[:-1], updated(2, "ChargingStateChanged", "SuspendedEV"), *unplugged(3)], settled),
    "TC_E_21": Case("ends because we ask for it", [
        *LONG[:-1], Asked("RequestStopTransaction", {"transactionId": TX}, ACCEPTED),
        ended(2, "RemoteStop", "Remote")], settled),
    "TC_E_22": Case("ends because the car takes no more", [
        *SIGNED_BEGIN,
        event("Ended", 2, "ChargingStateChanged", "SuspendedEV", reason="StoppedByEV",
              meterValue=[sampled(4_000, "Transaction.End", "E")])], proven, meter=True),
    "TC_E_22 (unsigned)": Case("the same without a meter that signs", [
        *LONG[:-1],
        event("Ended", 2, "ChargingStateChanged", "SuspendedEV", 4_000, reason="StoppedByEV")],
        settled),
    "TC_E_26": Case("a cable that leaves the car only suspends, and it charges on", [
        *LONG[:-1], updated(2, "ChargingStateChanged", "SuspendedEV"),
        updated(3, "EVCommunicationLost", "Idle", 2_000), status(),
        updated(4, "CablePluggedIn", "EVConnected"),
        updated(5, "ChargingStateChanged", "Charging", 2_000), Wait(30),
        ended(6)], settled),
    "TC_E_29": Case("a transaction goes on, with messages waiting, after the socket was lost", [
        *LONG[:-1], Reconnects(5, {"GetTransactionStatus": queue(True, True)}),
        Expects("GetTransactionStatus", queue(True, True), {"transactionId": TX}),
        updated(2, "MeterValuePeriodic", "Charging", 2_000, offline=True)], under_way),
    "TC_E_30": Case("a transaction goes on, with nothing waiting",
                    [*LONG[:-1], asked_status(True, False)], under_way),
    "TC_E_31": Case("a transaction is over, with messages waiting, after the socket was lost", [
        *LONG[:-1], Reconnects(5, {"GetTransactionStatus": queue(False, True)}),
        Expects("GetTransactionStatus", queue(False, True), {"transactionId": TX}),
        event("Ended", 4, "EVCommunicationLost", "Idle", 4_000, reason="EVDisconnected",
              offline=True),
        asked_status(False, True),
        updated(2, "StopAuthorized", uid="CARD", offline=True),
        updated(3, "ChargingStateChanged", "EVConnected", offline=True)], settled),
    "TC_E_33": Case("messages of some transaction wait, after the socket was lost", [
        *LONG[:-1], Reconnects(5, {"GetTransactionStatus": queue(None, True)}),
        Expects("GetTransactionStatus", queue(None, True), {"transactionId": TX}),
        asked_status(None, True, named=False),
        updated(2, "MeterValuePeriodic", "Charging", 2_000, offline=True)], under_way),
    "TC_E_34": Case("no messages wait", [asked_status(None, False, named=False)]),
    "TC_E_38": Case("the car is not ready at first", [
        authorize(), started("Authorized", "Idle"), status("Occupied"),
        updated(1, "CablePluggedIn", "EVConnected"),
        updated(2, "ChargingStateChanged", "SuspendedEV"), *charging(3), ended(4)], settled),
    "TC_E_39": Case("ends because no car came", [
        authorize(), started("Authorized", "Idle"), Wait(2),
        ended(1, "EVConnectTimeout", "Timeout", 0, None)],
        lambda site, _: site.session(TX).state is SessionState.VOID),
    "TC_E_53": Case("a transaction begins with seqNo 0, as the one before did", [
        *LONG, Wait(5),
        event("Started", 0, "Authorized", "EVConnected", 4_000, "CARD", answer="Accepted",
              info={"transactionId": "TX-2"}), Wait(5),
        ended(1, wh=5_000, info={"transactionId": "TX-2"})],
        lambda site, _: site.session("TX-2").findings == ()),
    "TC_F_01": Case("started by us, the cable is in already", [
        status("Occupied"), started("CablePluggedIn", uid=None), remote(ACCEPTED | {
            "transactionId": TX}),
        updated(1, "RemoteStart", uid="CARD", answer="Accepted", info={"remoteStartId": 7}),
        *charging(2), ended(3)], settled),
    "TC_F_02": Case("started by us, and the station asks whether it may", [
        remote(), authorize(), started("RemoteStart", "Idle", info={"remoteStartId": 7}),
        updated(1, "CablePluggedIn", "EVConnected"), *charging(2), ended(3)], settled),
    "TC_F_03": Case("started by us, and the station does not ask", [
        remote(), started("RemoteStart", "Idle", info={"remoteStartId": 7}),
        updated(1, "CablePluggedIn", "EVConnected"), *charging(2), ended(3)], settled),
    "TC_F_04": Case("started by us, and no cable came", [
        remote(), started("RemoteStart", "Idle", info={"remoteStartId": 7}), Wait(2),
        updated(1, "EVConnectTimeout"), ended(2, "EVConnectTimeout", "Timeout", 0, None)],
        lambda site, _: site.session(TX).state is SessionState.VOID),
    "TC_F_06": Case("a connector is unlocked", [
        Asked("UnlockConnector", {"evseId": 1, "connectorId": 1}, {"status": "Unlocked"})]),
    "TC_F_11": Case("values of one evse are triggered",
                    [trigger("MeterValues", evse=1), meter_values(context="Trigger")]),
    "TC_F_12": Case("values of all evses are triggered", [
        trigger("MeterValues"), meter_values(1, "Trigger"), meter_values(2, "Trigger")]),
    "TC_F_13": Case("the event of one evse is triggered", [
        *LONG[:-1], trigger("TransactionEvent", evse=1),
        updated(2, "Trigger", "Charging", 2_000, context="Trigger")], under_way),
    "TC_F_14": Case("the events of all evses are triggered", [
        *LONG[:-1], trigger("TransactionEvent"),
        updated(2, "Trigger", "Charging", 2_000, context="Trigger")], under_way),
    "TC_F_15": Case("the upload state is triggered", [
        trigger("LogStatusNotification"), Says("LogStatusNotification", {"status": "Idle"}, {})],
        stands("log", "Idle", -1)),
    "TC_F_18": Case("the firmware state is triggered", [
        trigger("FirmwareStatusNotification"),
        Says("FirmwareStatusNotification", {"status": "Idle"}, {})],
        stands("firmware", "Idle", -1)),
    "TC_F_20": Case("a heartbeat is triggered",
                    [trigger("Heartbeat"), Says("Heartbeat", {}, {})]),
    "TC_F_23": Case("the state of a free connector is triggered",
                    [trigger("StatusNotification", evse=1), status()], connector("Available")),
    "TC_F_24": Case("the state of a taken connector is triggered", [
        status("Occupied"), trigger("StatusNotification", evse=1), status("Occupied")],
        connector("Occupied")),
    "TC_F_27": Case("a message the station cannot be triggered to send",
                    [trigger("TransactionEvent", "NotImplemented")]),
    "TC_G_03": Case("an evse goes out of service",
                    [available("Inoperative", evse=1), status("Unavailable")],
                    connector("Unavailable")),
    "TC_G_04": Case("an evse comes back", [available("Operative", evse=1), status()],
                    connector("Available")),
    "TC_G_05": Case("a station goes out of service", [
        available("Inoperative"), status("Unavailable"), status("Unavailable", 2)],
        connector("Unavailable", 2)),
    "TC_G_06": Case("a station comes back", [available("Operative"), status()],
                    connector("Available")),
    "TC_G_07": Case("a connector goes out of service", [
        available("Inoperative", evse=1, number=1), status("Unavailable")],
        connector("Unavailable")),
    "TC_G_08": Case("a connector comes back",
                    [available("Operative", evse=1, number=1), status()], connector("Available")),
    "TC_G_11": Case("an evse goes out of service after its transaction", [
        *LONG[:-1], available("Inoperative", "Scheduled", evse=1), ended(2),
        status("Unavailable")], settled),
    "TC_G_14": Case("a station goes out of service after its transaction", [
        *LONG[:-1], available("Inoperative", "Scheduled"), ended(2), status("Unavailable")],
        settled),
    "TC_G_17": Case("a connector goes out of service after its transaction", [
        *LONG[:-1], available("Inoperative", "Scheduled", evse=1, number=1), ended(2),
        status("Unavailable")], settled),
    "TC_G_20": Case("a lock that fails is told as an event", [
        authorize(),
        Says("NotifyEvent", {
            "generatedAt": "$now", "seqNo": 0, "eventData": [{
                "eventId": 1, "timestamp": "$now", "trigger": "Alerting", "actualValue": "true",
                "component": {"name": "ConnectorPlugRetentionLock"},
                "variable": {"name": "Problem"},
                "eventNotificationType": "HardWiredNotification"}]}, {})],
        kept_events(1)),
    "TC_J_01": Case("values on the clock bill nobody", [
        *(meter_values(evse) for evse in (0, 1, 2)), Wait(15), meter_values(), Wait(15),
        meter_values()], nothing_billed),
    "TC_J_02": Case("values on the clock within a transaction", [
        *LONG[:-1], meter_values(0), meter_values(2),
        updated(2, "MeterValueClock", wh=2_000, context="Sample.Clock"), ended(3)], settled),
    "TC_J_03": Case("values on the clock come with the end", [
        *LONG[:-1], *unplugged(2, sampled(3_000, "Sample.Clock"),
                               sampled(4_000, "Transaction.End"))], settled),
    "TC_J_04": Case("signed values on the clock come with the end", [
        *SIGNED_BEGIN, *unplugged(2, sampled(3_000, "Sample.Clock", "C"),
                                  sampled(4_000, "Transaction.End", "E"))], proven, meter=True),
    "TC_J_07": Case("the begin's register comes with the start",
                    [*plugged(), *authorized(), *charging(2), ended(3)], settled),
    "TC_J_08": Case("the begin's register comes when the evse is known", [
        authorize(), without_evse(event("Started", 0, "Authorized", uid="CARD", answer="Accepted")),
        status("Occupied"),
        updated(1, "CablePluggedIn", "EVConnected",
                meterValue=[sampled(0, "Transaction.Begin", "B")]),
        updated(2, "ChargingStateChanged", "Charging"), Wait(30),
        ended(3, wh=None, meterValue=[sampled(4_000, "Transaction.End", "E")])],
        proven, meter=True),
    "TC_J_08 (unsigned)": Case("the same without a meter that signs", [
        authorize(), without_evse(event("Started", 0, "Authorized", uid="CARD", answer="Accepted")),
        status("Occupied"),
        updated(1, "CablePluggedIn", "EVConnected", 0, context="Transaction.Begin"), *charging(2),
        ended(3)], settled),
    "TC_J_09": Case("registers come under way", [
        started(), *charging(), updated(2, "MeterValuePeriodic", wh=2_000), Wait(5),
        updated(3, "MeterValuePeriodic", wh=2_500), Wait(5),
        updated(4, "MeterValuePeriodic", wh=3_000), ended(5)], settled),
    "TC_J_10": Case("registers under way come with the end", [
        *LONG[:-1], *unplugged(2, sampled(3_000, "Sample.Periodic"),
                               sampled(4_000, "Transaction.End"))], settled),
    "TC_J_11": Case("signed registers under way come with the end", [
        *SIGNED_BEGIN, *unplugged(2, sampled(3_000, "Sample.Periodic", "C"),
                                  sampled(4_000, "Transaction.End", "E"))], proven, meter=True),
    "TC_L_01": Case("a firmware update goes well", firmware(
        "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting",
        "Installed"), stands("firmware", "Installed", 5)),
    "TC_L_02": Case("a firmware update is to be installed later", firmware(
        "Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing",
        "Installed"), stands("firmware", "Installed", 5)),
    "TC_L_03": Case("a firmware update is to be loaded later", firmware(
        "DownloadScheduled", "Downloading", "Downloaded", "Installed"),
        stands("firmware", "Installed", 5)),
    "TC_L_04": Case("a firmware update's certificate is revoked", [update("RevokedCertificate")]),
    "TC_L_05": Case("a firmware update's certificate is invalid", [
        update("InvalidCertificate"),
        Says("SecurityEventNotification",
             {"type": "InvalidFirmwareSigningCertificate", "timestamp": "$now"}, {})],
        kept_events(1)),
    "TC_L_06": Case("a firmware update's signature is invalid", [
        *firmware("Downloading", "Downloaded", "InvalidSignature"),
        Says("SecurityEventNotification",
             {"type": "InvalidFirmwareSignature", "timestamp": "$now"}, {})],
        stands("firmware", "InvalidSignature", 5)),
    "TC_L_07": Case("a firmware update cannot be loaded",
                    firmware("Downloading", "DownloadFailed"),
                    stands("firmware", "DownloadFailed", 5)),
    "TC_L_08": Case("a firmware update does not verify",
                    firmware("Downloaded", "InstallVerificationFailed"),
                    stands("firmware", "InstallVerificationFailed", 5)),
    "TC_L_09": Case("a firmware update cannot be installed",
                    firmware("Downloaded", "Installing", "InstallationFailed"),
                    stands("firmware", "InstallationFailed", 5)),
    "TC_L_10": Case("a firmware update takes the place of another", [
        *firmware("Downloading"), update("AcceptedCanceled"), *told_firmware("Downloading"),
        *INSTALLS], stands("firmware", "Installed", 5)),
    "TC_L_11": Case("a firmware update cannot take the place of another", [
        *firmware("Downloading"), update("Rejected"), *INSTALLS],
        stands("firmware", "Installed", 5)),
    "TC_L_13": Case("a firmware update waits for a transaction, and nobody begins another", [
        *LONG[:-1], *firmware("DownloadScheduled"), status("Unavailable", 2), *unplugged(2),
        *told_firmware("Downloading"), *INSTALLS, status(evse=2)], settled),
    "TC_M_01": Case("our root is installed", [installed("CSMSRootCertificate")]),
    "TC_M_02": Case("the maker's root is installed", [installed("ManufacturerRootCertificate")]),
    "TC_M_05": Case("a root cannot be installed", [installed("CSMSRootCertificate", "Failed")]),
    "TC_M_13": Case("the maker's roots are listed", [
        Asked("GetInstalledCertificateIds", {"certificateType": ["ManufacturerRootCertificate"]},
              ACCEPTED | {"certificateHashDataChain": [
                  {"certificateType": "ManufacturerRootCertificate",
                   "certificateHashData": HASH}]})]),
    "TC_M_18": Case("all certificates are listed", [
        Asked("GetInstalledCertificateIds", {}, ACCEPTED | {"certificateHashDataChain": [
            {"certificateType": "CSMSRootCertificate", "certificateHashData": HASH}]})]),
    "TC_M_19": Case("there is no such certificate", [
        Asked("GetInstalledCertificateIds", {}, {"status": "NotFound"})]),
    "TC_M_20": Case("a certificate is deleted", [
        Asked("DeleteCertificate", {"certificateHashData": HASH}, ACCEPTED)]),
    "TC_M_21": Case("a certificate cannot be deleted", [
        Asked("DeleteCertificate", {"certificateHashData": HASH}, {"status": "Failed"})]),
    "TC_N_25": Case("a diagnostics log is uploaded", [log(), *uploaded("Uploading", "Uploaded")],
                    stands("log", "Uploaded", 6)),
    "TC_N_27": Case("what a station knows of a customer is read",
                    [customer(), told_of_customer()], report("customer_information")),
    "TC_N_28": Case("a station knows nothing of a customer",
                    [customer(), told_of_customer("")], report("customer_information")),
    "TC_N_29": Case("a station does not say what it knows of a customer",
                    [customer(word="Rejected")]),
    "TC_N_30": Case("what a station knows of a customer is read and deleted",
                    [customer(is_clear=True), told_of_customer()],
                    report("customer_information")),
    "TC_N_31": Case("there was nothing to delete", [customer(is_clear=True), told_of_customer("")],
                    report("customer_information")),
    "TC_N_32": Case("what a station knows of a customer is deleted unread",
                    [customer(is_report=False, is_clear=True), told_of_customer("")]),
    "TC_N_34": Case("a log is refused", [log(word="Rejected")]),
    "TC_N_35": Case("a security log is uploaded",
                    [log("SecurityLog"), *uploaded("Uploading", "Uploaded")],
                    stands("log", "Uploaded", 6)),
    "TC_N_36": Case("a second log takes the place of the first", [
        log(), *uploaded("Uploading"), log("DiagnosticsLog", "AcceptedCanceled", 9),
        *uploaded("AcceptedCanceled"), *uploaded("Uploading", "Uploaded", request=9)],
        stands("log", "Uploaded", 9)),
    "TC_N_62": Case("a customer is named by an identifier",
                    [customer(is_clear=True, customerIdentifier="C-1"), told_of_customer()],
                    report("customer_information")),
    "TC_P_02": Case("a vendor's message that nobody knows here", [
        Says("DataTransfer", {"vendorId": "org.example", "messageId": "x", "data": "y"},
             {"status": "UnknownVendorId"})]),
    "TC_P_03": Case("custom data is let through", [
        Says("StatusNotification", status().payload | CUSTOM, {}),
        event("Started", 0, "Authorized", wh=0, uid="CARD", answer="Accepted", info=CUSTOM,
              **CUSTOM)], under_way),
}  # fmt: skip

CASES |= octt_201_more.CASES

# Held by tests of their own.
_BEHAVIOURS, _TLS = "tests/stories/test_behaviours.py", "tests/apps/gateway/test_tls.py"
_MESSAGES = "tests/apps/stations/test_station_messages.py"
_CONTRACTS = "tests/apps/pki/test_contracts.py"
_PASSWORD = (
    f"{_BEHAVIOURS}::test_behaviour_22_a_wrong_password_or_an_unknown_station_never_gets_a_socket"
)
_MASTER = "tests/stories/test_master_pass.py"
_CAR = f"{_CONTRACTS}::test_a_cars_request_goes_to_the_pool_and_its_answer_to_the_car"
_HASHES = f"{_CONTRACTS}::test_hashes_of_a_chain_the_station_checked_are_asked_about"
ELSEWHERE = {
    "TC_A_01": _PASSWORD,
    "TC_A_02": _PASSWORD,
    "TC_A_03": _PASSWORD,
    "TC_A_04": f"{_TLS}::test_profile_2_is_a_password_over_tls",
    "TC_A_06": f"{_TLS}::test_tls_1_1_is_refused",
    "TC_A_07": f"{_TLS}::test_profile_3_is_a_certificate_that_names_the_station",
    # Unknown, expired, and of another name; the same station is let in with its own.
    "TC_A_08": f"{_TLS}::test_a_certificate_of_another_ca_is_refused",
    "TC_A_08 (expired)": f"{_TLS}::test_an_expired_certificate_is_refused",
    "TC_A_08 (name)": f"{_TLS}::test_a_certificate_of_another_station_or_operator_is_refused",
    "TC_A_09": "tests/apps/onboarding/test_rotation.py"
    "::test_old_and_new_are_let_in_until_the_station_has_used_the_new_one",
    "TC_A_10": "tests/apps/onboarding/test_rotation.py"
    "::test_a_password_that_the_station_refuses_never_holds",
    "TC_A_11": f"{_MESSAGES}"
    "::test_a_station_asks_for_a_certificate_and_gets_it_and_renews_it_in_time",
    "TC_A_12": "tests/apps/pki/test_station_certificates.py"
    "::test_a_v2g_certificate_is_renewed_in_time",
    "TC_A_14": f"{_MESSAGES}::test_what_the_station_does_not_take_is_told",
    "TC_A_19": "tests/stories/test_security_upgrade.py"
    "::test_a_raised_security_profile_holds_and_the_old_one_is_refused",
    "TC_C_50": _HASHES,
    "TC_C_51": _HASHES,
    "TC_C_52": f"{_CONTRACTS}::test_a_car_with_a_good_contract_charges",
    "TC_C_47": f"{_MASTER}::test_a_master_pass_ends_all_that_charges",
    "TC_C_48": f"{_MASTER}::test_a_master_pass_ends_the_one_that_was_chosen",
    "TC_C_49": f"{_MASTER}::test_a_master_pass_ends_all_that_charges",
    "TC_M_24": f"{_CONTRACTS}::test_a_station_is_handed_the_responders_answer",
    "TC_M_26": _CAR,
    "TC_M_28": _CAR,
}
# Not played, and why.
GAPS = {
    "TC_K_53": "we plan nothing for what cars ask over ISO 15118",
    "TC_K_55": "we plan nothing for what cars ask over ISO 15118",
    "TC_K_57": "we plan nothing for what cars ask over ISO 15118",
    "TC_K_58": "we plan nothing for what cars ask over ISO 15118",
    "TC_K_59": "we plan nothing for what cars ask over ISO 15118",
}
# Numbers that part 6 of 2023-06-30 does not have for a CSMS: whole blocks, and these of others.
LATER_BLOCKS = "DHIKO"
LATER = {
    "A": (12,),
    "C": (50, 51, 52),
    "L": (17, 19, 20, 21, 22, 23, 24),
    "M": (3, 4, 12, 14, 15, 16, 17, 24, 26, 28),
    "N": (1, 2, 3, 5, 8, 9, 16, 17, 18, 21, 24, 44, 46, 47, 48, 49, 50, 60, 63),
}


def is_later(case):
    """Whether a number is of a later list than part 6 of 2023-06-30."""
    block, number = case.split()[0].split("_")[1:]
    return block in LATER_BLOCKS or int(number) in LATER.get(block, ())
