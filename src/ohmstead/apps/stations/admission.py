"""Behaviour 12: what a station may say while it is pending or rejected, and what is kept of it.

"nothing but boot and what was triggered; otherwise SecurityError - but transaction messages of an
authenticated pending or rejected station are stored as evidence before the error". So are those of
an accepted one that cannot be read: "a station's stop is always recorded".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from ohmstead.apps.stations.asked import TRIGGERS
from ohmstead.apps.stations.services import Services
from ohmstead.core.network import Admission, Station
from ohmstead.flows.turned_away import TurnedAway, keep_turned_away
from ohmstead.units import MS_PER_S
from ohmstead.wire.ocpp.codec import OF_TRANSACTIONS
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.frames import CallReceived

TRIGGERED_MS = 600 * MS_PER_S  # how long after we asked for a message it is one we asked for

# 2.0.1 B02.FR.09 and B03.FR.07 let pass what was triggered: the requests that trigger messages.
_ASKED_BY: Mapping[str, str] = {
    "CustomerInformation": "NotifyCustomerInformation",
    "GetBaseReport": "NotifyReport",
    "GetDiagnostics": "DiagnosticsStatusNotification",
    "GetDisplayMessages": "NotifyDisplayMessages",
    "GetLog": "LogStatusNotification",
    "GetMonitoringReport": "NotifyMonitoringReport",
    "GetReport": "NotifyReport",
    "SignedUpdateFirmware": "SignedFirmwareStatusNotification",
    "UpdateFirmware": "FirmwareStatusNotification",
}
# What TriggerMessage names otherwise than its message: 2.0.1 MessageTriggerEnumType, and the
# security whitepaper's of 1.6.
_CALLED: Mapping[str, str] = {
    "SignChargePointCertificate": "SignCertificate",
    "SignChargingStationCertificate": "SignCertificate",
    "SignCombinedCertificate": "SignCertificate",
    "SignV2GCertificate": "SignCertificate",
    "SignV2G20Certificate": "SignCertificate",
}
BOOT = "BootNotification"
TRANSACTION_ID_MAX = 255  # characters; 2.x allows 36

log = structlog.get_logger()


async def check_admission(services: Services, station: Station, call: CallReceived) -> None:
    """Let pass what a station that is not accepted may say; raises CallRefused for the rest, and
    StoreUnavailable while its evidence cannot be kept."""
    action, admission = call.action, station.admission
    if action == BOOT or _was_asked_for(services, station, action):
        return
    word = admission.value.lower()
    reason = f"this station is {word}: send BootNotification until it is accepted"
    refused = CallRefused(ErrorCode.SECURITY_ERROR, reason)
    await keep_refused(services, station, call, refused)
    raise refused


async def keep_refused(
    services: Services, station: Station, call: CallReceived, refused: CallRefused
) -> None:
    """Keep a message of a transaction before its CALLERROR goes out, the same one once; raises
    StoreUnavailable while nothing can be kept."""
    if call.action not in OF_TRANSACTIONS:
        return
    payload = bytes(call.payload)
    told = TurnedAway(
        station_id=station.id,
        admission=station.admission,
        payload=payload.decode("utf-8", "replace"),
        transaction_id=_transaction_of(payload),
        action=call.action,
        refusal=f"{refused.code.value}: {refused.description}",
        is_reading=call.action == "MeterValues" or _member(payload, "eventType") == "Updated",
    )
    if not await services.store.run(keep_turned_away, told):
        log.warning("no room for its evidence", station=station.id, action=call.action)


def _was_asked_for(services: Services, station: Station, action: str) -> bool:
    """Whether one of our last commands to this station asked for such a message."""
    since_ms = services.clock.now_ms() - TRIGGERED_MS
    for asked in services.asked.of(services.store, station.id):
        if asked.sent_ms < since_ms:
            continue
        if asked.action in TRIGGERS:
            if _CALLED.get(asked.wanted, asked.wanted) == action:
                return True
        elif station.admission is Admission.PENDING and _ASKED_BY.get(asked.action) == action:
            return True
    return False


def _transaction_of(payload: bytes) -> str:
    """The transaction a message names, "" if it names none that could be looked for."""
    return _member(payload, "transactionId") or _member(payload, "transactionInfo", "transactionId")


def _member(payload: bytes, *path: str) -> str:
    try:
        value: Any = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return ""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    text = str(value) if isinstance(value, str | int) and value != -1 else ""
    return text if len(text) <= TRANSACTION_ID_MAX else ""
