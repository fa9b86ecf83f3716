"""An offer of firmware in each version's words, and what its answer means."""

from __future__ import annotations

import re

from ohmstead.apps.gateway.interface import Answered, Disconnected, QueueFull, Refused
from ohmstead.apps.stations.capabilities.firmware import worded
from ohmstead.apps.stations.commands import Commanded
from ohmstead.core.rollout import Package
from ohmstead.core.station_update import StationUpdate, Told, UpdateEvent
from ohmstead.wire.ocpp import v16, v21, v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.codec import Strictness, decode_response
from ohmstead.wire.ocpp.faults import CallRefused
from ohmstead.wire.ocpp.times import format_time

_E = UpdateEvent
# A station that does not know the request, or must not obey it, will not know it the next time.
FOR_GOOD = frozenset({"NotImplemented", "NotSupported", "SecurityError"})
_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s?#]*@")
TRIGGERED = {"firmware": "FirmwareStatusNotification", "boot": "BootNotification"}


def offer_request(
    version: Version, update: StationUpdate, package: Package, location: str, now_ms: int
) -> tuple[str, Message]:
    """The action and its request.

    1.6 knows signed firmware by its security extension alone: SignedUpdateFirmware (whitepaper 5);
    2.0.1 L01 and 2.1 add the signature to the one request there is, L02 leaves it out.
    """
    when = format_time(now_ms)
    if version is Version.V16 and not package.signature:
        return "UpdateFirmware", v16.UpdateFirmwareRequest(location=location, retrieve_date=when)
    if version is Version.V16:
        firmware = v16.FirmwareType(
            location=location,
            retrieve_date_time=when,
            signing_certificate=package.certificate,
            signature=package.signature,
        )
        signed = v16.SignedUpdateFirmwareRequest(request_id=update.request_id, firmware=firmware)
        return "SignedUpdateFirmware", signed
    words = v21 if version is Version.V21 else v201
    of_2x = words.FirmwareType(
        location=location,
        retrieve_date_time=when,
        signing_certificate=package.certificate or None,
        signature=package.signature or None,
    )
    request = words.UpdateFirmwareRequest(request_id=update.request_id, firmware=of_2x)
    return "UpdateFirmware", request


def meaning(version: Version, action: str, done: Commanded) -> Told | None:
    """What an answer to an offer means; None where only the station's next words can tell."""
    outcome = done.outcome
    if isinstance(outcome, Refused):
        event = _E.REFUSED if outcome.code_text in FOR_GOOD else _E.FAILED
        return Told(event, f"{action} was answered with {outcome.code_text[:40]}")
    if isinstance(outcome, QueueFull) or (isinstance(outcome, Disconnected) and not outcome.sent):
        return Told(_E.UNSENT, "it had gone before it could be asked")
    if not isinstance(outcome, Answered) or done.problem:
        return None
    try:
        answer = decode_response(version, action, done.payload, Strictness.LENIENT)
    except CallRefused:
        return None
    match getattr(getattr(answer, "status", None), "value", ""):
        # 1.6 6.58: UpdateFirmware.conf has no fields. 2.0.1 L01.FR.24: AcceptedCanceled, when
        # another update gave way to this one.
        case "" | "Accepted" | "AcceptedCanceled":
            return Told(_E.TAKEN)
        case "InvalidCertificate" | "RevokedCertificate" as word:
            return Told(_E.REFUSED, worded(word, answer))
        case word:
            return Told(_E.FAILED, worded(word, answer))


def trigger_request(version: Version, what: str, signed: bool) -> tuple[str, bytes]:
    """Ask a station to say how its update goes, or what it runs."""
    payload = b'{"requestedMessage":"%s"}' % TRIGGERED[what].encode()
    # The 1.6 whitepaper's own trigger is the one that is answered in the words of signed firmware.
    is_extended = version is Version.V16 and signed and what == "firmware"
    return "ExtendedTriggerMessage" if is_extended else "TriggerMessage", payload


def without_password(location: str) -> str:
    """A location as it may be shown."""
    return _PASSWORD.sub(r"\1@", location)
