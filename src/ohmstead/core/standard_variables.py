"""What the standards themselves say of a variable: the type of its value and what it may not be.

OCPP 1.6 tells no types over the wire; they are those of its chapter 9 and of its security
whitepaper. Of 2.x they are those of part 2, appendix 3.1 (controller components), where the
editions of 2.0.1 and 2.1 agree. Names that stand here nowhere, a vendor's among them, are free.
"""

from __future__ import annotations

from ohmstead.core.device_model import Variable, read_name

V16 = "1.6"
INTEGER, DECIMAL, BOOLEAN, MEMBERS = "integer", "decimal", "boolean", "MemberList"

# Counts, seconds, bytes: none of them is ever below zero (1.6 9.1.34 says so of one in words).
_WHOLE_16 = (
    "BlinkRepeat CertificateSignedMaxChainSize CertificateStoreMaxLength "
    "ChargeProfileMaxStackLevel ChargingScheduleMaxPeriods ClockAlignedDataInterval "
    "ConnectionTimeOut ConnectorPhaseRotationMaxLength GetConfigurationMaxKeys HeartbeatInterval "
    "LightIntensity LocalAuthListMaxLength MaxChargingProfilesInstalled MaxEnergyOnInvalidId "
    "MeterValueSampleInterval MeterValuesAlignedDataMaxLength MeterValuesSampledDataMaxLength "
    "MinimumStatusDuration NumberOfConnectors ResetRetries SecurityProfile "
    "SendLocalListMaxLength StopTxnAlignedDataMaxLength StopTxnSampledDataMaxLength "
    "SupportedFeatureProfilesMaxLength TransactionMessageAttempts "
    "TransactionMessageRetryInterval WebSocketPingInterval"
)
_TRUTH_16 = (
    "AdditionalRootCertificateCheck AllowOfflineTxForUnknownId AuthorizationCacheEnabled "
    "AuthorizeRemoteTxRequests ConnectorSwitch3to1PhaseSupported LocalAuthListEnabled "
    "LocalAuthorizeOffline LocalPreAuthorize ReserveConnectorZeroSupported "
    "StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId "
    "UnlockConnectorOnEVSideDisconnect"
)
_WHOLE_2X = {
    "AlignedDataCtrlr": "Interval TxEndedInterval",
    "AuthCacheCtrlr": "LifeTime",
    "AuthCtrlr": "AdditionalInfoItemsPerMessage",
    "ClockCtrlr": "TimeAdjustmentReportingThreshold",
    "DeviceDataCtrlr": "BytesPerMessage ItemsPerMessage ValueSize",
    "DisplayMessageCtrlr": "DisplayMessages PersonalMessageSize",
    "ISO15118Ctrlr": "MaxScheduleEntries",
    "LocalAuthListCtrlr": "BytesPerMessage Entries ItemsPerMessage Storage",
    "MonitoringCtrlr": "ActiveMonitoringLevel BytesPerMessage ItemsPerMessage "
    "OfflineQueuingSeverity",
    "OCPPCommCtrlr": "FieldLength HeartbeatInterval MessageAttemptInterval MessageAttempts "
    "MessageTimeout MinimumStatusDuration NetworkProfileConnectionAttempts OfflineThreshold "
    "RetryBackOffRandomRange RetryBackOffRepeatTimes RetryBackOffWaitMinimum "
    "WebSocketPingInterval",
    "SampledDataCtrlr": "TxEndedInterval TxUpdatedInterval",
    "SecurityCtrlr": "CertSigningRepeatTimes CertSigningWaitMinimum SecurityProfile",
    "SmartChargingCtrlr": "Entries PeriodsPerSchedule ProfileStackLevel",
    "TxCtrlr": "EVConnectionTimeOut MaxEnergyOnInvalidId",
}
_NUMBER_2X = {"SmartChargingCtrlr": "LimitChangeSignificance"}  # whole in 2.0.1, not in 2.1
_TRUTH_2X = {
    "AlignedDataCtrlr": "Available Enabled SendDuringIdle SignReadings",
    "AuthCacheCtrlr": "Available DisablePostAuthorize Enabled",
    "AuthCtrlr": "AuthorizeRemoteStart DisableRemoteAuthorization Enabled LocalAuthorizeOffline "
    "LocalPreAuthorize OfflineTxForUnknownIdEnabled",
    "CHAdeMOCtrlr": "Enabled SelftestActive",
    "CustomizationCtrlr": "CustomImplementationEnabled",
    "DisplayMessageCtrlr": "Available Enabled",
    "ISO15118Ctrlr": "CentralContractValidationAllowed ContractCertificateInstallationEnabled "
    "ContractValidationOffline Enabled PnCEnabled RequestMeteringReceipt SelftestActive "
    "V2GCertificateInstallationEnabled",
    "LocalAuthListCtrlr": "Available DisablePostAuthorize Enabled",
    "MonitoringCtrlr": "Available Enabled",
    "OCPPCommCtrlr": "QueueAllMessages UnlockOnEVSideDisconnect",
    "ReservationCtrlr": "Available Enabled NonEvseSpecific",
    "SampledDataCtrlr": "Available Enabled RegisterValuesWithoutPhases SignReadings",
    "SmartChargingCtrlr": "ACPhaseSwitchingSupported Available Enabled "
    "ExternalControlSignalsEnabled NotifyChargingLimitWithSchedules Phases3to1",
    "TariffCostCtrlr": "Available Enabled",
    "TxCtrlr": "StopTxOnEVSideDisconnect StopTxOnInvalidId TxBeforeAcceptedEnabled",
}
_TX_POINTS = "ParkingBayOccupancy,EVConnected,Authorized,DataSigned,PowerPathClosed,EnergyTransfer"
_MOST = {
    "lightintensity": "100",  # %
    "securityprofile": "3",
    "securityctrlr.securityprofile": "3",
    # Severities are 0 (Danger) to 9 (Debug).
    "monitoringctrlr.activemonitoringlevel": "9",
    "monitoringctrlr.offlinequeuingseverity": "9",
}


def _table(kind: str, low: str, names: list[str]) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    for name in names:
        high = _MOST.get(name.casefold(), "")
        one = Variable(name, data_type=kind, min_limit=low, max_limit=high)
        found[name.casefold()] = one
    return found


def _spelt(by_component: dict[str, str]) -> list[str]:
    return [f"{one}.{name}" for one, names in by_component.items() for name in names.split()]


_STANDARD_16 = {
    **_table(INTEGER, "0", _WHOLE_16.split()),
    **_table(BOOLEAN, "", _TRUTH_16.split()),
}
_STANDARD_2X = {
    **_table(INTEGER, "0", _spelt(_WHOLE_2X)),
    **_table(DECIMAL, "0", _spelt(_NUMBER_2X)),
    **_table(BOOLEAN, "", _spelt(_TRUTH_2X)),
    **{
        f"txctrlr.{name}".casefold(): Variable(name, data_type=MEMBERS, values=_TX_POINTS)
        for name in ("TxStartPoint", "TxStopPoint")
    },
}


def standard(protocol: str, name: str) -> Variable | None:
    """What the standard says of a variable by its name, in any case; None for one of a vendor."""
    if protocol == V16:
        return _STANDARD_16.get(name.casefold())
    parts = read_name(name)
    if parts is None or parts.attribute not in ("Actual", "Target"):
        return None
    return _STANDARD_2X.get(f"{parts.component}.{parts.variable}".casefold())


def typed(protocol: str, variable: Variable) -> Variable:
    """A variable with what the standard says of it, where its station says nothing of that kind.

    A station's own type goes before the standard's, and takes the standard's limits along only
    where the two types are one.
    """
    known = standard(protocol, variable.name)
    if known is None or (variable.data_type and variable.data_type != known.data_type):
        return variable
    return Variable(
        variable.name,
        variable.value,
        variable.mutability,
        known.data_type,
        variable.values or known.values,
        variable.min_limit or known.min_limit,
        variable.max_limit or known.max_limit,
        variable.unit,
        variable.is_hidden,
    )
