"""Every action a CSMS may ask for, from the generated tables, and which may be asked for twice."""

from __future__ import annotations

from collections.abc import Mapping

from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS as EVERY

ACTIONS: Mapping[Version, frozenset[str]] = {
    version: frozenset(name for name, action in table.items() if Side.CSMS in action.senders)
    for version, table in EVERY.items()
}

# OCPP has no question for "did you do that?". A queued command whose connection ended after it
# left is therefore sent again only if the second time changes nothing.
REPEATABLE = frozenset(
    {
        # questions
        "GetBaseReport",
        "GetChargingProfiles",
        "GetCompositeSchedule",
        "GetConfiguration",
        "GetDERControl",
        "GetDisplayMessages",
        "GetInstalledCertificateIds",
        "GetLocalListVersion",
        "GetMonitoringReport",
        "GetPeriodicEventStream",
        "GetReport",
        "GetTariffs",
        "GetTransactionStatus",
        "GetVariables",
        # uploads: the second replaces the first, or makes the same file once more
        "CustomerInformation",
        "GetDiagnostics",
        "GetLog",
        # a state to be in, wherever the station starts from
        "AdjustPeriodicEventStream",
        "CancelReservation",
        "CertificateSigned",
        "ChangeAvailability",
        "ChangeConfiguration",
        "ChangeTransactionTariff",
        "ClearCache",
        "ClearChargingProfile",
        "ClearDERControl",
        "ClearDisplayMessage",
        "ClearTariffs",
        "ClearVariableMonitoring",
        "CostUpdated",
        "DeleteCertificate",
        "InstallCertificate",
        "NotifyAllowedEnergyTransfer",
        "NotifyWebPaymentStarted",
        "RemoteStopTransaction",
        "RequestStopTransaction",
        "ReserveNow",  # the same reservationId replaces itself
        "SendLocalList",  # the same version again is refused at worst
        "SetChargingProfile",
        "SetDERControl",
        "SetDefaultTariff",
        "SetDisplayMessage",
        "SetMonitoringBase",
        "SetMonitoringLevel",
        "SetNetworkProfile",
        "SetVariables",
        "UnpublishFirmware",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
        # a message more
        "ExtendedTriggerMessage",
        "TriggerMessage",
    }
)
# Never sent twice, and why.
ONCE: Mapping[str, str] = {
    "AFRRSignal": "a signal holds from the moment it was sent",
    "DataTransfer": "nobody but the vendor knows what it does",
    "PublishFirmware": "it downloads again",
    "RemoteStartTransaction": "it could begin a second transaction",
    "RequestBatterySwap": "it could begin a second swap",
    "RequestStartTransaction": "it could begin a second transaction",
    "Reset": "the station would restart twice",
    "SetVariableMonitoring": "a monitor without an id would be made twice",
    "SignedUpdateFirmware": "it installs again",
    "UnlockConnector": "somebody may have plugged in meanwhile",
    "UpdateFirmware": "it installs again",
}
