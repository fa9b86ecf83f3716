"""What the cases of OCPP 2.0.1 are told in: messages of a station, questions to it, looks after."""

from __future__ import annotations

from ohmstead.core.network import Admission, IdToken, TokenStatus
from ohmstead.core.session import PayerKind, SessionState
from ohmstead.core.station_log import StationEvent, StationLog
from ohmstead.flows.onboarding import put_id_token
from ohmstead.flows.stations import ChangeStation, change_station
from tests.flows.world import DRIVER, KWH
from tests.stories.octt import Asked, Says, Wait

TX = "TX-1"
ACCEPTED = {"status": "Accepted"}


def boot(status="Accepted", reason="PowerUp"):
    told = {"reason": reason, "chargingStation": {"model": "M", "vendorName": "V"}}
    return Says("BootNotification", told, {"status": status})


def status(word="Available", evse=1, connector=1):
    told = {"timestamp": "$now", "connectorStatus": word, "evseId": evse}
    return Says("StatusNotification", told | {"connectorId": connector}, {})


def token(uid, kind="ISO14443"):
    return {"idToken": uid, "type": kind}


def authorize(uid="CARD", word="Accepted"):
    return Says("Authorize", {"idToken": token(uid)}, {"idTokenInfo": {"status": word}})


def sampled(wh, context, signed=""):
    """A register; ``signed`` B or E: with what the registered meter signs of it, now."""
    sample = {"value": wh, "context": context}
    if signed:
        signature = {"signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}
        data = f"$signed {signed} {wh}"
        sample["signedMeterValue"] = {"signedMeterData": data} | signature
    return {"timestamp": "$now", "sampledValue": [sample]}


def event(kind, seq, trigger, state=None, wh=None, uid=None, reason=None, answer=None, **more):
    info = {"transactionId": TX}
    info |= {"chargingState": state} if state else {}
    info |= {"stoppedReason": reason} if reason else {}
    told = {
        "eventType": kind,
        "timestamp": "$now",
        "triggerReason": trigger,
        "seqNo": seq,
        "transactionInfo": info | more.pop("info", {}),
        "evse": {"id": 1, "connectorId": 1},
    }
    if wh is not None:
        contexts = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}
        context = more.pop("context", contexts.get(kind, "Sample.Periodic"))
        told["meterValue"] = [sampled(wh, context)]
    if uid:
        told["idToken"] = token(uid)
    word = {"idTokenInfo": {"status": answer}} if answer else {}
    return Says("TransactionEvent", told | more, word)


def started(trigger="Authorized", state="EVConnected", uid="CARD", answer="Accepted", **more):
    answer = answer if uid else None
    return event("Started", 0, trigger, state, 0, uid, answer=answer, **more)


def updated(seq, trigger, state=None, wh=None, **more):
    return event("Updated", seq, trigger, state, wh, **more)


def ended(seq, trigger="StopAuthorized", reason="Local", wh=4_000, uid="CARD", **more):
    answer = "Accepted" if uid == "CARD" else None
    return event("Ended", seq, trigger, None, wh, uid, reason, answer, **more)


def charging(seq=1):
    return [updated(seq, "ChargingStateChanged", "Charging", 0), Wait(30)]


def plugged(uid=None):
    """The car is connected before anybody said who pays."""
    return [status("Occupied"), started("CablePluggedIn", uid=uid)]


def authorized(seq=1, uid="CARD"):
    return [authorize(uid), updated(seq, "Authorized", uid=uid, answer="Accepted")]


def stop_authorized(seq, uid="CARD"):
    return updated(seq, "StopAuthorized", uid=uid, answer="Accepted")


def unplugged(seq, *values, uid="CARD"):
    """A driver stops with their card, and the end comes when the cable is out."""
    told = list(values) or [sampled(4_000, "Transaction.End")]
    return [
        stop_authorized(seq, uid),
        updated(seq + 1, "ChargingStateChanged", "EVConnected"),
        status(),
        event("Ended", seq + 2, "EVCommunicationLost", "Idle", reason="EVDisconnected",
              meterValue=told),
    ]  # fmt: skip


def settled(site, _actor):
    session = site.session(TX)
    assert session.state is SessionState.SETTLED, session
    assert site.bill(TX).energy_mwh == 4 * KWH and site.books_balance()


def proven(site, actor):
    """Settled, by what the meter signed."""
    settled(site, actor)
    assert site.bill(TX).tier == "soft"


def under_way(site, _actor):
    assert site.session(TX).state is SessionState.ACTIVE


def unpaid(site, _actor):
    """The station was told no, and nothing was held."""
    session = site.session(TX)
    assert session is None or (session.holds == 0 and session.hold_minor == 0)
    assert site.books_balance()


def stands(about, word, request):
    def look(site, _actor):
        states = {s.about: (s.status, s.request_id) for s in site.store.get(StationLog, "S").states}
        assert states[about] == (word, request)

    return look


def connector(word, evse=1, number=1):
    def look(site, _actor):
        assert site.house.stations.presence["S"].connectors[evse, number].status == word

    return look


def report(kind):
    def look(site, _actor):
        assert site.house.stations.presence["S"].reports[kind].complete

    return look


async def accept(site):
    await site.run(change_station, ChangeStation("S", admission=Admission.ACCEPTED))
    site.house.services.registry.forget("S")


async def group_up(site):
    """CARD and SECOND are of one group."""
    for uid in ("CARD", "SECOND"):
        card = IdToken(uid, TokenStatus.ACCEPTED, DRIVER, PayerKind.PREPAID, group="FAMILY")
        await site.run(put_id_token, card)


OTHER = "AuthorizeRemoteStart"  # of another component than the rest


def grouped(said):
    """The same, and the answer names the group."""
    info = {"status": "Accepted", "groupIdToken": {"idToken": "FAMILY"}}
    return Says(said.action, said.payload, {"idTokenInfo": info})


def without_evse(said):
    told = {name: member for name, member in said.payload.items() if name != "evse"}
    return Says(said.action, told, said.answer)


def available_event(evse=1):
    """A connector's state as 2.0.1 prefers to tell it."""
    place = {"id": evse, "connectorId": 1}
    data = {
        "eventId": 1,
        "timestamp": "$now",
        "trigger": "Delta",
        "actualValue": "Available",
        "component": {"name": "Connector", "evse": place},
        "variable": {"name": "AvailabilityState"},
        "eventNotificationType": "HardWiredNotification",
    }
    return Says("NotifyEvent", {"generatedAt": "$now", "seqNo": 0, "eventData": [data]}, {})


def variable(name="OfflineThreshold", **more):
    component = "AuthCtrlr" if name == OTHER else "OCPPCommCtrlr"
    return {"component": {"name": component}, "variable": {"name": name}} | more


def got(name="OfflineThreshold", value="300"):
    return variable(name, attributeStatus="Accepted", attributeValue=value)


def base_report(kind):
    data = variable(variableAttribute=[{"value": "300"}])
    first = {"requestId": 1, "generatedAt": "$now", "seqNo": 0, "tbc": True, "reportData": [data]}
    return [
        Asked("GetBaseReport", {"requestId": 1, "reportBase": kind}, ACCEPTED),
        Says("NotifyReport", first, {}),
        Says("NotifyReport", first | {"seqNo": 1, "tbc": False}, {}),
    ]


def reset(kind="OnIdle", word="Accepted", evse=None):
    return Asked("Reset", {"type": kind} | ({"evseId": evse} if evse else {}), {"status": word})


def available(kind, word="Accepted", evse=None, number=None):
    place = {"id": evse} | ({"connectorId": number} if number else {}) if evse else None
    payload = {"operationalStatus": kind} | ({"evse": place} if place else {})
    return Asked("ChangeAvailability", payload, {"status": word})


def trigger(message, word="Accepted", evse=None):
    payload = {"requestedMessage": message} | ({"evse": {"id": evse}} if evse else {})
    return Asked("TriggerMessage", payload, {"status": word})


def meter_values(evse=1, context="Sample.Clock", **sample):
    values = [{"value": 1_000, "context": context} | sample]
    told = {"evseId": evse, "meterValue": [{"timestamp": "$now", "sampledValue": values}]}
    return Says("MeterValues", told, {})


def remote(answer=None):
    payload = {"remoteStartId": 7, "idToken": token("CARD", "Central"), "evseId": 1}
    return Asked("RequestStartTransaction", payload, answer or ACCEPTED)


def update(word="Accepted"):
    firmware = {
        "location": "https://firmware.example/1.bin",
        "retrieveDateTime": "$now",
        "signingCertificate": "-----BEGIN CERTIFICATE-----",
        "signature": "c2ln",
    }
    return Asked("UpdateFirmware", {"requestId": 5, "firmware": firmware}, {"status": word})


def told_firmware(*words):
    return [
        Says("FirmwareStatusNotification", {"status": word, "requestId": 5}, {}) for word in words
    ]


INSTALLS = [
    *told_firmware("Downloaded", "SignatureVerified", "Installing", "InstallRebooting"),
    boot(reason="FirmwareUpdate"),
    status(),
    *told_firmware("Installed"),
]


def firmware(*words):
    return [update(), *told_firmware(*words)]


def log(kind="DiagnosticsLog", word="Accepted", request=6):
    where = {"remoteLocation": "https://logs.example/up"}
    payload = {"logType": kind, "requestId": request, "log": where}
    return Asked("GetLog", payload, {"status": word})


def uploaded(*words, request=6):
    return [
        Says("LogStatusNotification", {"status": word, "requestId": request}, {}) for word in words
    ]


def customer(is_report=True, is_clear=False, word="Accepted", **who):
    payload = {"requestId": 8, "report": is_report, "clear": is_clear}
    who = who or {"idToken": token("CARD")}
    return Asked("CustomerInformation", payload | who, {"status": word})


def told_of_customer(data="CARD was here"):
    told = {"requestId": 8, "seqNo": 0, "generatedAt": "$now", "tbc": False, "data": data}
    return Says("NotifyCustomerInformation", told, {})


def installed(kind, word="Accepted"):
    payload = {"certificateType": kind, "certificate": "-----BEGIN CERTIFICATE-----"}
    return Asked("InstallCertificate", payload, {"status": word})


HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "aa",
    "issuerKeyHash": "bb",
    "serialNumber": "01",
}


def queue(ongoing, queued):
    """What a station says of a transaction, or without ``ongoing`` of any."""
    known = {} if ongoing is None else {"ongoingIndicator": ongoing}
    return {"messagesInQueue": queued} | known


def asked_status(ongoing, queued, named=True):
    payload = {"transactionId": TX} if named else {}
    return Asked("GetTransactionStatus", payload, queue(ongoing, queued))


def network_profile(word):
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    payload = {"configurationSlot": 1, "connectionData": data}
    return Asked("SetNetworkProfile", payload, {"status": word})


def nothing_billed(site, _actor):
    assert site.sessions() == []


def kept_events(count):
    def look(site, _actor):
        assert len(site.store.find(StationEvent, 1_000)) == count

    return look


LONG = [started(), *charging(), ended(2)]
SIGNED_BEGIN = [
    event(
        "Started",
        0,
        "Authorized",
        "EVConnected",
        uid="CARD",
        answer="Accepted",
        meterValue=[sampled(0, "Transaction.Begin", "B")],
    ),
    updated(1, "ChargingStateChanged", "Charging"),
    Wait(30),
]
CUSTOM = {"customData": {"vendorId": "org.example", "more": [1]}}
