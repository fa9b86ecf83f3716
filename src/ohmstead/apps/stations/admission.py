"""Behaviour 12: what a station may say while it is pending or rejected.

"nothing but boot and what was triggered; otherwise SecurityError - but transaction messages of an
authenticated pending or rejected station are stored as evidence before the error".
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
OF_TRANSACTIONS = frozenset(
    {"MeterValues", "StartTransaction", "StopTransaction", "TransactionEvent"}
)
BOOT = "BootNotification"

log = structlog.get_logger()


async def check_admission(services: Services, station: Station, call: CallReceived) -> None:
    """Let pass what a station that is not accepted may say; raises CallRefused for the rest, and
    StoreUnavailable while its evidence cannot be kept."""
    action, admission = call.action, station.admission
    if action == BOOT or _was_asked_for(services, station, action):
        return
    if action in OF_TRANSACTIONS:
        payload = bytes(call.payload)
        text = payload.decode("utf-8", "replace")
        told = TurnedAway(station.id, admission, text, _transaction_of(payload))
        if not await services.store.run(keep_turned_away, told):
            log.warning("no room for its evidence", station=station.id, action=action)
    word = admission.value.lower()
    reason = f"this station is {word}: send BootNotification until it is accepted"
    raise CallRefused(ErrorCode.SECURITY_ERROR, reason)


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
    return str(value) if isinstance(value, str | int) and value != -1 else ""
