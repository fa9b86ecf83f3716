"""Every message of OCPP 2.0.1, as checked structs.

Generated from the OCPP 2.0.1 schemas in the ocpp package by tools/gen_ocpp.py; do not edit.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta, field

from ohmstead.wire.ocpp.base import (
    INT_MAX,
    Action,
    Actions,
    DateTime,
    Int,
    Maybe,
    Message,
    Number,
    OpenMessage,
    Side,
)

Text6 = Annotated[str, Meta(max_length=6)]
Text8 = Annotated[str, Meta(max_length=8)]
Text16 = Annotated[str, Meta(max_length=16)]
Text20 = Annotated[str, Meta(max_length=20)]
Text25 = Annotated[str, Meta(max_length=25)]
Text32 = Annotated[str, Meta(max_length=32)]
Text36 = Annotated[str, Meta(max_length=36)]
Text40 = Annotated[str, Meta(max_length=40)]
Text50 = Annotated[str, Meta(max_length=50)]
Text64 = Annotated[str, Meta(max_length=64)]
Text128 = Annotated[str, Meta(max_length=128)]
Text255 = Annotated[str, Meta(max_length=255)]
Text500 = Annotated[str, Meta(max_length=500)]
Text512 = Annotated[str, Meta(max_length=512)]
Text800 = Annotated[str, Meta(max_length=800)]
Text1000 = Annotated[str, Meta(max_length=1000)]
Text2500 = Annotated[str, Meta(max_length=2500)]
Text5500 = Annotated[str, Meta(max_length=5500)]
Text5600 = Annotated[str, Meta(max_length=5600)]
Text7500 = Annotated[str, Meta(max_length=7500)]
Text10000 = Annotated[str, Meta(max_length=10000)]

STATION = frozenset({Side.STATION})
CSMS = frozenset({Side.CSMS})
BOTH = frozenset({Side.STATION, Side.CSMS})


class APNAuthenticationEnumType(enum.StrEnum):
    """``APNAuthenticationEnumType`` of OCPP 2.0.1."""

    CHAP = "CHAP"
    NONE = "NONE"
    PAP = "PAP"
    AUTO = "AUTO"


class AttributeEnumType(enum.StrEnum):
    """``AttributeEnumType`` of OCPP 2.0.1."""

    ACTUAL = "Actual"
    TARGET = "Target"
    MIN_SET = "MinSet"
    MAX_SET = "MaxSet"


class AuthorizationStatusEnumType(enum.StrEnum):
    """``AuthorizationStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class AuthorizeCertificateStatusEnumType(enum.StrEnum):
    """``AuthorizeCertificateStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    SIGNATURE_ERROR = "SignatureError"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    NO_CERTIFICATE_AVAILABLE = "NoCertificateAvailable"
    CERT_CHAIN_ERROR = "CertChainError"
    CONTRACT_CANCELLED = "ContractCancelled"


class BootReasonEnumType(enum.StrEnum):
    """``BootReasonEnumType`` of OCPP 2.0.1."""

    APPLICATION_RESET = "ApplicationReset"
    FIRMWARE_UPDATE = "FirmwareUpdate"
    LOCAL_RESET = "LocalReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    WATCHDOG = "Watchdog"


class CancelReservationStatusEnumType(enum.StrEnum):
    """``CancelReservationStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateActionEnumType(enum.StrEnum):
    """``CertificateActionEnumType`` of OCPP 2.0.1."""

    INSTALL = "Install"
    UPDATE = "Update"


class CertificateSignedStatusEnumType(enum.StrEnum):
    """``CertificateSignedStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateSigningUseEnumType(enum.StrEnum):
    """``CertificateSigningUseEnumType`` of OCPP 2.0.1."""

    CHARGING_STATION_CERTIFICATE = "ChargingStationCertificate"
    V2_G_CERTIFICATE = "V2GCertificate"


class ChangeAvailabilityStatusEnumType(enum.StrEnum):
    """``ChangeAvailabilityStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class ChargingLimitSourceEnumType(enum.StrEnum):
    """``ChargingLimitSourceEnumType`` of OCPP 2.0.1."""

    EMS = "EMS"
    OTHER = "Other"
    SO = "SO"
    CSO = "CSO"


class ChargingProfileKindEnumType(enum.StrEnum):
    """``ChargingProfileKindEnumType`` of OCPP 2.0.1."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class ChargingProfilePurposeEnumType(enum.StrEnum):
    """``ChargingProfilePurposeEnumType`` of OCPP 2.0.1."""

    CHARGING_STATION_EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    CHARGING_STATION_MAX_PROFILE = "ChargingStationMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"


class ChargingProfileStatusEnumType(enum.StrEnum):
    """``ChargingProfileStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ChargingRateUnitEnumType(enum.StrEnum):
    """``ChargingRateUnitEnumType`` of OCPP 2.0.1."""

    W = "W"
    A = "A"


class ChargingStateEnumType(enum.StrEnum):
    """``ChargingStateEnumType`` of OCPP 2.0.1."""

    CHARGING = "Charging"
    EV_CONNECTED = "EVConnected"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    IDLE = "Idle"


class ClearCacheStatusEnumType(enum.StrEnum):
    """``ClearCacheStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearChargingProfileStatusEnumType(enum.StrEnum):
    """``ClearChargingProfileStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class ClearMessageStatusEnumType(enum.StrEnum):
    """``ClearMessageStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class ClearMonitoringStatusEnumType(enum.StrEnum):
    """``ClearMonitoringStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_FOUND = "NotFound"


class ComponentCriterionEnumType(enum.StrEnum):
    """``ComponentCriterionEnumType`` of OCPP 2.0.1."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class ConnectorEnumType(enum.StrEnum):
    """``ConnectorEnumType`` of OCPP 2.0.1."""

    C_CCS1 = "cCCS1"
    C_CCS2 = "cCCS2"
    C_G105 = "cG105"
    C_TESLA = "cTesla"
    C_TYPE1 = "cType1"
    C_TYPE2 = "cType2"
    S309_1_P_16_A = "s309-1P-16A"
    S309_1_P_32_A = "s309-1P-32A"
    S309_3_P_16_A = "s309-3P-16A"
    S309_3_P_32_A = "s309-3P-32A"
    S_BS1361 = "sBS1361"
    S_CEE_7_7 = "sCEE-7-7"
    S_TYPE2 = "sType2"
    S_TYPE3 = "sType3"
    OTHER1_PH_MAX16_A = "Other1PhMax16A"
    OTHER1_PH_OVER16_A = "Other1PhOver16A"
    OTHER3_PH = "Other3Ph"
    PAN = "Pan"
    W_INDUCTIVE = "wInductive"
    W_RESONANT = "wResonant"
    UNDETERMINED = "Undetermined"
    UNKNOWN = "Unknown"


class ConnectorStatusEnumType(enum.StrEnum):
    """``ConnectorStatusEnumType`` of OCPP 2.0.1."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class CostKindEnumType(enum.StrEnum):
    """``CostKindEnumType`` of OCPP 2.0.1."""

    CARBON_DIOXIDE_EMISSION = "CarbonDioxideEmission"
    RELATIVE_PRICE_PERCENTAGE = "RelativePricePercentage"
    RENEWABLE_GENERATION_PERCENTAGE = "RenewableGenerationPercentage"


class CustomerInformationStatusEnumType(enum.StrEnum):
    """``CustomerInformationStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    INVALID = "Invalid"


class DataEnumType(enum.StrEnum):
    """``DataEnumType`` of OCPP 2.0.1."""

    STRING = "string"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"
    OPTION_LIST = "OptionList"
    SEQUENCE_LIST = "SequenceList"
    MEMBER_LIST = "MemberList"


class DataTransferStatusEnumType(enum.StrEnum):
    """``DataTransferStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class DeleteCertificateStatusEnumType(enum.StrEnum):
    """``DeleteCertificateStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class DisplayMessageStatusEnumType(enum.StrEnum):
    """``DisplayMessageStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED_MESSAGE_FORMAT = "NotSupportedMessageFormat"
    REJECTED = "Rejected"
    NOT_SUPPORTED_PRIORITY = "NotSupportedPriority"
    NOT_SUPPORTED_STATE = "NotSupportedState"
    UNKNOWN_TRANSACTION = "UnknownTransaction"


class EnergyTransferModeEnumType(enum.StrEnum):
    """``EnergyTransferModeEnumType`` of OCPP 2.0.1."""

    DC = "DC"
    AC_SINGLE_PHASE = "AC_single_phase"
    AC_TWO_PHASE = "AC_two_phase"
    AC_THREE_PHASE = "AC_three_phase"


class EventNotificationEnumType(enum.StrEnum):
    """``EventNotificationEnumType`` of OCPP 2.0.1."""

    HARD_WIRED_NOTIFICATION = "HardWiredNotification"
    HARD_WIRED_MONITOR = "HardWiredMonitor"
    PRECONFIGURED_MONITOR = "PreconfiguredMonitor"
    CUSTOM_MONITOR = "CustomMonitor"


class EventTriggerEnumType(enum.StrEnum):
    """``EventTriggerEnumType`` of OCPP 2.0.1."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


class FirmwareStatusEnumType(enum.StrEnum):
    """``FirmwareStatusEnumType`` of OCPP 2.0.1."""

    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOAD_PAUSED = "DownloadPaused"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    INVALID_SIGNATURE = "InvalidSignature"
    SIGNATURE_VERIFIED = "SignatureVerified"


class GenericDeviceModelStatusEnumType(enum.StrEnum):
    """``GenericDeviceModelStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"
    EMPTY_RESULT_SET = "EmptyResultSet"


class GenericStatusEnumType(enum.StrEnum):
    """``GenericStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class GetCertificateIdUseEnumType(enum.StrEnum):
    """``GetCertificateIdUseEnumType`` of OCPP 2.0.1."""

    V2_G_ROOT_CERTIFICATE = "V2GRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    V2_G_CERTIFICATE_CHAIN = "V2GCertificateChain"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"


class GetCertificateStatusEnumType(enum.StrEnum):
    """``GetCertificateStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"


class GetChargingProfileStatusEnumType(enum.StrEnum):
    """``GetChargingProfileStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    NO_PROFILES = "NoProfiles"


class GetDisplayMessagesStatusEnumType(enum.StrEnum):
    """``GetDisplayMessagesStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class GetInstalledCertificateStatusEnumType(enum.StrEnum):
    """``GetInstalledCertificateStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class GetVariableStatusEnumType(enum.StrEnum):
    """``GetVariableStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"


class HashAlgorithmEnumType(enum.StrEnum):
    """``HashAlgorithmEnumType`` of OCPP 2.0.1."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class IdTokenEnumType(enum.StrEnum):
    """``IdTokenEnumType`` of OCPP 2.0.1."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"


class InstallCertificateStatusEnumType(enum.StrEnum):
    """``InstallCertificateStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    FAILED = "Failed"


class InstallCertificateUseEnumType(enum.StrEnum):
    """``InstallCertificateUseEnumType`` of OCPP 2.0.1."""

    V2_G_ROOT_CERTIFICATE = "V2GRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"


class Iso15118EVCertificateStatusEnumType(enum.StrEnum):
    """``Iso15118EVCertificateStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"


class LocationEnumType(enum.StrEnum):
    """``LocationEnumType`` of OCPP 2.0.1."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"


class LogEnumType(enum.StrEnum):
    """``LogEnumType`` of OCPP 2.0.1."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"


class LogStatusEnumType(enum.StrEnum):
    """``LogStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class MeasurandEnumType(enum.StrEnum):
    """``MeasurandEnumType`` of OCPP 2.0.1."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_ACTIVE_NET = "Energy.Active.Net"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    ENERGY_REACTIVE_NET = "Energy.Reactive.Net"
    ENERGY_APPARENT_NET = "Energy.Apparent.Net"
    ENERGY_APPARENT_IMPORT = "Energy.Apparent.Import"
    ENERGY_APPARENT_EXPORT = "Energy.Apparent.Export"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_FACTOR = "Power.Factor"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    SOC = "SoC"
    VOLTAGE = "Voltage"


class MessageFormatEnumType(enum.StrEnum):
    """``MessageFormatEnumType`` of OCPP 2.0.1."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"


class MessagePriorityEnumType(enum.StrEnum):
    """``MessagePriorityEnumType`` of OCPP 2.0.1."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL_CYCLE = "NormalCycle"


class MessageStateEnumType(enum.StrEnum):
    """``MessageStateEnumType`` of OCPP 2.0.1."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"


class MessageTriggerEnumType(enum.StrEnum):
    """``MessageTriggerEnumType`` of OCPP 2.0.1."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGING_STATION_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_V2_G_CERTIFICATE = "SignV2GCertificate"
    STATUS_NOTIFICATION = "StatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"
    SIGN_COMBINED_CERTIFICATE = "SignCombinedCertificate"
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION = "PublishFirmwareStatusNotification"


class MonitorEnumType(enum.StrEnum):
    """``MonitorEnumType`` of OCPP 2.0.1."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"


class MonitoringBaseEnumType(enum.StrEnum):
    """``MonitoringBaseEnumType`` of OCPP 2.0.1."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class MonitoringCriterionEnumType(enum.StrEnum):
    """``MonitoringCriterionEnumType`` of OCPP 2.0.1."""

    THRESHOLD_MONITORING = "ThresholdMonitoring"
    DELTA_MONITORING = "DeltaMonitoring"
    PERIODIC_MONITORING = "PeriodicMonitoring"


class MutabilityEnumType(enum.StrEnum):
    """``MutabilityEnumType`` of OCPP 2.0.1."""

    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"
    READ_WRITE = "ReadWrite"


class NotifyEVChargingNeedsStatusEnumType(enum.StrEnum):
    """``NotifyEVChargingNeedsStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    PROCESSING = "Processing"


class OCPPInterfaceEnumType(enum.StrEnum):
    """``OCPPInterfaceEnumType`` of OCPP 2.0.1."""

    WIRED0 = "Wired0"
    WIRED1 = "Wired1"
    WIRED2 = "Wired2"
    WIRED3 = "Wired3"
    WIRELESS0 = "Wireless0"
    WIRELESS1 = "Wireless1"
    WIRELESS2 = "Wireless2"
    WIRELESS3 = "Wireless3"


class OCPPTransportEnumType(enum.StrEnum):
    """``OCPPTransportEnumType`` of OCPP 2.0.1."""

    JSON = "JSON"
    SOAP = "SOAP"


class OCPPVersionEnumType(enum.StrEnum):
    """``OCPPVersionEnumType`` of OCPP 2.0.1."""

    OCPP12 = "OCPP12"
    OCPP15 = "OCPP15"
    OCPP16 = "OCPP16"
    OCPP20 = "OCPP20"


class OperationalStatusEnumType(enum.StrEnum):
    """``OperationalStatusEnumType`` of OCPP 2.0.1."""

    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class PhaseEnumType(enum.StrEnum):
    """``PhaseEnumType`` of OCPP 2.0.1."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    N = "N"
    L1_N = "L1-N"
    L2_N = "L2-N"
    L3_N = "L3-N"
    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L1 = "L3-L1"


class PublishFirmwareStatusEnumType(enum.StrEnum):
    """``PublishFirmwareStatusEnumType`` of OCPP 2.0.1."""

    IDLE = "Idle"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADING = "Downloading"
    DOWNLOADED = "Downloaded"
    PUBLISHED = "Published"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOAD_PAUSED = "DownloadPaused"
    INVALID_CHECKSUM = "InvalidChecksum"
    CHECKSUM_VERIFIED = "ChecksumVerified"
    PUBLISH_FAILED = "PublishFailed"


class ReadingContextEnumType(enum.StrEnum):
    """``ReadingContextEnumType`` of OCPP 2.0.1."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"


class ReasonEnumType(enum.StrEnum):
    """``ReasonEnumType`` of OCPP 2.0.1."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
    MASTER_PASS = "MasterPass"
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    POWER_QUALITY = "PowerQuality"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOC_LIMIT_REACHED = "SOCLimitReached"
    STOPPED_BY_EV = "StoppedByEV"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TIMEOUT = "Timeout"


class RecurrencyKindEnumType(enum.StrEnum):
    """``RecurrencyKindEnumType`` of OCPP 2.0.1."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class RegistrationStatusEnumType(enum.StrEnum):
    """``RegistrationStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class ReportBaseEnumType(enum.StrEnum):
    """``ReportBaseEnumType`` of OCPP 2.0.1."""

    CONFIGURATION_INVENTORY = "ConfigurationInventory"
    FULL_INVENTORY = "FullInventory"
    SUMMARY_INVENTORY = "SummaryInventory"


class RequestStartStopStatusEnumType(enum.StrEnum):
    """``RequestStartStopStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ReservationUpdateStatusEnumType(enum.StrEnum):
    """``ReservationUpdateStatusEnumType`` of OCPP 2.0.1."""

    EXPIRED = "Expired"
    REMOVED = "Removed"


class ReserveNowStatusEnumType(enum.StrEnum):
    """``ReserveNowStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class ResetEnumType(enum.StrEnum):
    """``ResetEnumType`` of OCPP 2.0.1."""

    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"


class ResetStatusEnumType(enum.StrEnum):
    """``ResetStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class SendLocalListStatusEnumType(enum.StrEnum):
    """``SendLocalListStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    VERSION_MISMATCH = "VersionMismatch"


class SetMonitoringStatusEnumType(enum.StrEnum):
    """``SetMonitoringStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    UNSUPPORTED_MONITOR_TYPE = "UnsupportedMonitorType"
    REJECTED = "Rejected"
    DUPLICATE = "Duplicate"


class SetNetworkProfileStatusEnumType(enum.StrEnum):
    """``SetNetworkProfileStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    FAILED = "Failed"


class SetVariableStatusEnumType(enum.StrEnum):
    """``SetVariableStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"
    REBOOT_REQUIRED = "RebootRequired"


class TransactionEventEnumType(enum.StrEnum):
    """``TransactionEventEnumType`` of OCPP 2.0.1."""

    ENDED = "Ended"
    STARTED = "Started"
    UPDATED = "Updated"


class TriggerMessageStatusEnumType(enum.StrEnum):
    """``TriggerMessageStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class TriggerReasonEnumType(enum.StrEnum):
    """``TriggerReasonEnumType`` of OCPP 2.0.1."""

    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    EV_DEPARTED = "EVDeparted"
    EV_DETECTED = "EVDetected"
    REMOTE_STOP = "RemoteStop"
    REMOTE_START = "RemoteStart"
    ABNORMAL_CONDITION = "AbnormalCondition"
    SIGNED_DATA_RECEIVED = "SignedDataReceived"
    RESET_COMMAND = "ResetCommand"


class UnlockStatusEnumType(enum.StrEnum):
    """``UnlockStatusEnumType`` of OCPP 2.0.1."""

    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    ONGOING_AUTHORIZED_TRANSACTION = "OngoingAuthorizedTransaction"
    UNKNOWN_CONNECTOR = "UnknownConnector"


class UnpublishFirmwareStatusEnumType(enum.StrEnum):
    """``UnpublishFirmwareStatusEnumType`` of OCPP 2.0.1."""

    DOWNLOAD_ONGOING = "DownloadOngoing"
    NO_FIRMWARE = "NoFirmware"
    UNPUBLISHED = "Unpublished"


class UpdateEnumType(enum.StrEnum):
    """``UpdateEnumType`` of OCPP 2.0.1."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class UpdateFirmwareStatusEnumType(enum.StrEnum):
    """``UpdateFirmwareStatusEnumType`` of OCPP 2.0.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class UploadLogStatusEnumType(enum.StrEnum):
    """``UploadLogStatusEnumType`` of OCPP 2.0.1."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class VPNEnumType(enum.StrEnum):
    """``VPNEnumType`` of OCPP 2.0.1."""

    IK_EV2 = "IKEv2"
    IP_SEC = "IPSec"
    L2_TP = "L2TP"
    PPTP = "PPTP"


class CustomDataType(OpenMessage):
    """``CustomDataType`` of OCPP 2.0.1."""

    vendor_id: Text255


class AdditionalInfoType(Message):
    """``AdditionalInfoType`` of OCPP 2.0.1."""

    additional_id_token: Text36
    type: Text50
    custom_data: Maybe[CustomDataType] = None


class IdTokenType(Message):
    """``IdTokenType`` of OCPP 2.0.1."""

    id_token: Text36
    type: IdTokenEnumType
    custom_data: Maybe[CustomDataType] = None
    additional_info: Maybe[Annotated[list[AdditionalInfoType], Meta(min_length=1)]] = None


class OCSPRequestDataType(Message):
    """``OCSPRequestDataType`` of OCPP 2.0.1."""

    hash_algorithm: HashAlgorithmEnumType
    issuer_name_hash: Text128
    issuer_key_hash: Text128
    serial_number: Text40
    responder_url: Text512 = field(name="responderURL")
    custom_data: Maybe[CustomDataType] = None


class AuthorizeRequest(Message):
    """The Authorize request of OCPP 2.0.1."""

    id_token: IdTokenType
    custom_data: Maybe[CustomDataType] = None
    certificate: Maybe[Text5500] = None
    iso15118_certificate_hash_data: Maybe[
        Annotated[list[OCSPRequestDataType], Meta(min_length=1, max_length=4)]
    ] = None


class MessageContentType(Message):
    """``MessageContentType`` of OCPP 2.0.1."""

    format: MessageFormatEnumType
    content: Text512
    custom_data: Maybe[CustomDataType] = None
    language: Maybe[Text8] = None


class IdTokenInfoType(Message):
    """``IdTokenInfoType`` of OCPP 2.0.1."""

    status: AuthorizationStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    cache_expiry_date_time: Maybe[DateTime] = None
    charging_priority: Maybe[Int] = None
    language1: Maybe[Text8] = None
    evse_id: Maybe[Annotated[list[Int], Meta(min_length=1)]] = None
    group_id_token: Maybe[IdTokenType] = None
    language2: Maybe[Text8] = None
    personal_message: Maybe[MessageContentType] = None


class AuthorizeResponse(Message):
    """The Authorize response of OCPP 2.0.1."""

    id_token_info: IdTokenInfoType
    custom_data: Maybe[CustomDataType] = None
    certificate_status: Maybe[AuthorizeCertificateStatusEnumType] = None


class ModemType(Message):
    """``ModemType`` of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    iccid: Maybe[Text20] = None
    imsi: Maybe[Text20] = None


class ChargingStationType(Message):
    """``ChargingStationType`` of OCPP 2.0.1."""

    model: Text20
    vendor_name: Text50
    custom_data: Maybe[CustomDataType] = None
    serial_number: Maybe[Text25] = None
    modem: Maybe[ModemType] = None
    firmware_version: Maybe[Text50] = None


class BootNotificationRequest(Message):
    """The BootNotification request of OCPP 2.0.1."""

    charging_station: ChargingStationType
    reason: BootReasonEnumType
    custom_data: Maybe[CustomDataType] = None


class StatusInfoType(Message):
    """``StatusInfoType`` of OCPP 2.0.1."""

    reason_code: Text20
    custom_data: Maybe[CustomDataType] = None
    additional_info: Maybe[Text512] = None


class BootNotificationResponse(Message):
    """The BootNotification response of OCPP 2.0.1."""

    current_time: DateTime
    interval: Int
    status: RegistrationStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class CancelReservationRequest(Message):
    """The CancelReservation request of OCPP 2.0.1."""

    reservation_id: Int
    custom_data: Maybe[CustomDataType] = None


class CancelReservationResponse(Message):
    """The CancelReservation response of OCPP 2.0.1."""

    status: CancelReservationStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class CertificateSignedRequest(Message):
    """The CertificateSigned request of OCPP 2.0.1."""

    certificate_chain: Text10000
    custom_data: Maybe[CustomDataType] = None
    certificate_type: Maybe[CertificateSigningUseEnumType] = None


class CertificateSignedResponse(Message):
    """The CertificateSigned response of OCPP 2.0.1."""

    status: CertificateSignedStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class EVSEType(Message):
    """``EVSEType`` of OCPP 2.0.1."""

    id: Int
    custom_data: Maybe[CustomDataType] = None
    connector_id: Maybe[Int] = None


class ChangeAvailabilityRequest(Message):
    """The ChangeAvailability request of OCPP 2.0.1."""

    operational_status: OperationalStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    evse: Maybe[EVSEType] = None


class ChangeAvailabilityResponse(Message):
    """The ChangeAvailability response of OCPP 2.0.1."""

    status: ChangeAvailabilityStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ClearCacheRequest(Message):
    """The ClearCache request of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class ClearCacheResponse(Message):
    """The ClearCache response of OCPP 2.0.1."""

    status: ClearCacheStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ClearChargingProfileType(Message):
    """``ClearChargingProfileType`` of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    evse_id: Maybe[Int] = None
    charging_profile_purpose: Maybe[ChargingProfilePurposeEnumType] = None
    stack_level: Maybe[Int] = None


class ClearChargingProfileRequest(Message):
    """The ClearChargingProfile request of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    charging_profile_id: Maybe[Int] = None
    charging_profile_criteria: Maybe[ClearChargingProfileType] = None


class ClearChargingProfileResponse(Message):
    """The ClearChargingProfile response of OCPP 2.0.1."""

    status: ClearChargingProfileStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ClearDisplayMessageRequest(Message):
    """The ClearDisplayMessage request of OCPP 2.0.1."""

    id: Int
    custom_data: Maybe[CustomDataType] = None


class ClearDisplayMessageResponse(Message):
    """The ClearDisplayMessage response of OCPP 2.0.1."""

    status: ClearMessageStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ClearVariableMonitoringRequest(Message):
    """The ClearVariableMonitoring request of OCPP 2.0.1."""

    id: Annotated[list[Int], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class ClearMonitoringResultType(Message):
    """``ClearMonitoringResultType`` of OCPP 2.0.1."""

    status: ClearMonitoringStatusEnumType
    id: Int
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ClearVariableMonitoringResponse(Message):
    """The ClearVariableMonitoring response of OCPP 2.0.1."""

    clear_monitoring_result: Annotated[list[ClearMonitoringResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class ClearedChargingLimitRequest(Message):
    """The ClearedChargingLimit request of OCPP 2.0.1."""

    charging_limit_source: ChargingLimitSourceEnumType
    custom_data: Maybe[CustomDataType] = None
    evse_id: Maybe[Int] = None


class ClearedChargingLimitResponse(Message):
    """The ClearedChargingLimit response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class CostUpdatedRequest(Message):
    """The CostUpdated request of OCPP 2.0.1."""

    total_cost: Number
    transaction_id: Text36
    custom_data: Maybe[CustomDataType] = None


class CostUpdatedResponse(Message):
    """The CostUpdated response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class CertificateHashDataType(Message):
    """``CertificateHashDataType`` of OCPP 2.0.1."""

    hash_algorithm: HashAlgorithmEnumType
    issuer_name_hash: Text128
    issuer_key_hash: Text128
    serial_number: Text40
    custom_data: Maybe[CustomDataType] = None


class CustomerInformationRequest(Message):
    """The CustomerInformation request of OCPP 2.0.1."""

    request_id: Int
    report: bool
    clear: bool
    custom_data: Maybe[CustomDataType] = None
    customer_certificate: Maybe[CertificateHashDataType] = None
    id_token: Maybe[IdTokenType] = None
    customer_identifier: Maybe[Text64] = None


class CustomerInformationResponse(Message):
    """The CustomerInformation response of OCPP 2.0.1."""

    status: CustomerInformationStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class DataTransferRequest(Message):
    """The DataTransfer request of OCPP 2.0.1."""

    vendor_id: Text255
    custom_data: Maybe[CustomDataType] = None
    message_id: Maybe[Text50] = None
    data: Maybe[msgspec.Raw] = None


class DataTransferResponse(Message):
    """The DataTransfer response of OCPP 2.0.1."""

    status: DataTransferStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None
    data: Maybe[msgspec.Raw] = None


class DeleteCertificateRequest(Message):
    """The DeleteCertificate request of OCPP 2.0.1."""

    certificate_hash_data: CertificateHashDataType
    custom_data: Maybe[CustomDataType] = None


class DeleteCertificateResponse(Message):
    """The DeleteCertificate response of OCPP 2.0.1."""

    status: DeleteCertificateStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class FirmwareStatusNotificationRequest(Message):
    """The FirmwareStatusNotification request of OCPP 2.0.1."""

    status: FirmwareStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    request_id: Maybe[Int] = None


class FirmwareStatusNotificationResponse(Message):
    """The FirmwareStatusNotification response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class Get15118EVCertificateRequest(Message):
    """The Get15118EVCertificate request of OCPP 2.0.1."""

    iso15118_schema_version: Text50
    action: CertificateActionEnumType
    exi_request: Text5600
    custom_data: Maybe[CustomDataType] = None


class Get15118EVCertificateResponse(Message):
    """The Get15118EVCertificate response of OCPP 2.0.1."""

    status: Iso15118EVCertificateStatusEnumType
    exi_response: Text7500
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class GetBaseReportRequest(Message):
    """The GetBaseReport request of OCPP 2.0.1."""

    request_id: Int
    report_base: ReportBaseEnumType
    custom_data: Maybe[CustomDataType] = None


class GetBaseReportResponse(Message):
    """The GetBaseReport response of OCPP 2.0.1."""

    status: GenericDeviceModelStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class GetCertificateStatusRequest(Message):
    """The GetCertificateStatus request of OCPP 2.0.1."""

    ocsp_request_data: OCSPRequestDataType
    custom_data: Maybe[CustomDataType] = None


class GetCertificateStatusResponse(Message):
    """The GetCertificateStatus response of OCPP 2.0.1."""

    status: GetCertificateStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None
    ocsp_result: Maybe[Text5500] = None


class ChargingProfileCriterionType(Message):
    """``ChargingProfileCriterionType`` of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    charging_profile_purpose: Maybe[ChargingProfilePurposeEnumType] = None
    stack_level: Maybe[Int] = None
    charging_profile_id: Maybe[Annotated[list[Int], Meta(min_length=1)]] = None
    charging_limit_source: Maybe[
        Annotated[list[ChargingLimitSourceEnumType], Meta(min_length=1, max_length=4)]
    ] = None


class GetChargingProfilesRequest(Message):
    """The GetChargingProfiles request of OCPP 2.0.1."""

    request_id: Int
    charging_profile: ChargingProfileCriterionType
    custom_data: Maybe[CustomDataType] = None
    evse_id: Maybe[Int] = None


class GetChargingProfilesResponse(Message):
    """The GetChargingProfiles response of OCPP 2.0.1."""

    status: GetChargingProfileStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class GetCompositeScheduleRequest(Message):
    """The GetCompositeSchedule request of OCPP 2.0.1."""

    duration: Int
    evse_id: Int
    custom_data: Maybe[CustomDataType] = None
    charging_rate_unit: Maybe[ChargingRateUnitEnumType] = None


class ChargingSchedulePeriodType(Message):
    """``ChargingSchedulePeriodType`` of OCPP 2.0.1."""

    start_period: Int
    limit: Number
    custom_data: Maybe[CustomDataType] = None
    number_phases: Maybe[Int] = None
    phase_to_use: Maybe[Int] = None


class CompositeScheduleType(Message):
    """``CompositeScheduleType`` of OCPP 2.0.1."""

    charging_schedule_period: Annotated[list[ChargingSchedulePeriodType], Meta(min_length=1)]
    evse_id: Int
    duration: Int
    schedule_start: DateTime
    charging_rate_unit: ChargingRateUnitEnumType
    custom_data: Maybe[CustomDataType] = None


class GetCompositeScheduleResponse(Message):
    """The GetCompositeSchedule response of OCPP 2.0.1."""

    status: GenericStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None
    schedule: Maybe[CompositeScheduleType] = None


class GetDisplayMessagesRequest(Message):
    """The GetDisplayMessages request of OCPP 2.0.1."""

    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    id: Maybe[Annotated[list[Int], Meta(min_length=1)]] = None
    priority: Maybe[MessagePriorityEnumType] = None
    state: Maybe[MessageStateEnumType] = None


class GetDisplayMessagesResponse(Message):
    """The GetDisplayMessages response of OCPP 2.0.1."""

    status: GetDisplayMessagesStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class GetInstalledCertificateIdsRequest(Message):
    """The GetInstalledCertificateIds request of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    certificate_type: Maybe[Annotated[list[GetCertificateIdUseEnumType], Meta(min_length=1)]] = None


class CertificateHashDataChainType(Message):
    """``CertificateHashDataChainType`` of OCPP 2.0.1."""

    certificate_hash_data: CertificateHashDataType
    certificate_type: GetCertificateIdUseEnumType
    custom_data: Maybe[CustomDataType] = None
    child_certificate_hash_data: Maybe[
        Annotated[list[CertificateHashDataType], Meta(min_length=1, max_length=4)]
    ] = None


class GetInstalledCertificateIdsResponse(Message):
    """The GetInstalledCertificateIds response of OCPP 2.0.1."""

    status: GetInstalledCertificateStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None
    certificate_hash_data_chain: Maybe[
        Annotated[list[CertificateHashDataChainType], Meta(min_length=1)]
    ] = None


class GetLocalListVersionRequest(Message):
    """The GetLocalListVersion request of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class GetLocalListVersionResponse(Message):
    """The GetLocalListVersion response of OCPP 2.0.1."""

    version_number: Int
    custom_data: Maybe[CustomDataType] = None


class LogParametersType(Message):
    """``LogParametersType`` of OCPP 2.0.1."""

    remote_location: Text512
    custom_data: Maybe[CustomDataType] = None
    oldest_timestamp: Maybe[DateTime] = None
    latest_timestamp: Maybe[DateTime] = None


class GetLogRequest(Message):
    """The GetLog request of OCPP 2.0.1."""

    log: LogParametersType
    log_type: LogEnumType
    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None


class GetLogResponse(Message):
    """The GetLog response of OCPP 2.0.1."""

    status: LogStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None
    filename: Maybe[Text255] = None


class ComponentType(Message):
    """``ComponentType`` of OCPP 2.0.1."""

    name: Text50
    custom_data: Maybe[CustomDataType] = None
    evse: Maybe[EVSEType] = None
    instance: Maybe[Text50] = None


class VariableType(Message):
    """``VariableType`` of OCPP 2.0.1."""

    name: Text50
    custom_data: Maybe[CustomDataType] = None
    instance: Maybe[Text50] = None


class ComponentVariableType(Message):
    """``ComponentVariableType`` of OCPP 2.0.1."""

    component: ComponentType
    custom_data: Maybe[CustomDataType] = None
    variable: Maybe[VariableType] = None


class GetMonitoringReportRequest(Message):
    """The GetMonitoringReport request of OCPP 2.0.1."""

    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    component_variable: Maybe[Annotated[list[ComponentVariableType], Meta(min_length=1)]] = None
    monitoring_criteria: Maybe[
        Annotated[list[MonitoringCriterionEnumType], Meta(min_length=1, max_length=3)]
    ] = None


class GetMonitoringReportResponse(Message):
    """The GetMonitoringReport response of OCPP 2.0.1."""

    status: GenericDeviceModelStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class GetReportRequest(Message):
    """The GetReport request of OCPP 2.0.1."""

    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    component_variable: Maybe[Annotated[list[ComponentVariableType], Meta(min_length=1)]] = None
    component_criteria: Maybe[
        Annotated[list[ComponentCriterionEnumType], Meta(min_length=1, max_length=4)]
    ] = None


class GetReportResponse(Message):
    """The GetReport response of OCPP 2.0.1."""

    status: GenericDeviceModelStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class GetTransactionStatusRequest(Message):
    """The GetTransactionStatus request of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    transaction_id: Maybe[Text36] = None


class GetTransactionStatusResponse(Message):
    """The GetTransactionStatus response of OCPP 2.0.1."""

    messages_in_queue: bool
    custom_data: Maybe[CustomDataType] = None
    ongoing_indicator: Maybe[bool] = None


class GetVariableDataType(Message):
    """``GetVariableDataType`` of OCPP 2.0.1."""

    component: ComponentType
    variable: VariableType
    custom_data: Maybe[CustomDataType] = None
    attribute_type: Maybe[AttributeEnumType] = None


class GetVariablesRequest(Message):
    """The GetVariables request of OCPP 2.0.1."""

    get_variable_data: Annotated[list[GetVariableDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class GetVariableResultType(Message):
    """``GetVariableResultType`` of OCPP 2.0.1."""

    attribute_status: GetVariableStatusEnumType
    component: ComponentType
    variable: VariableType
    custom_data: Maybe[CustomDataType] = None
    attribute_status_info: Maybe[StatusInfoType] = None
    attribute_type: Maybe[AttributeEnumType] = None
    attribute_value: Maybe[Text2500] = None


class GetVariablesResponse(Message):
    """The GetVariables response of OCPP 2.0.1."""

    get_variable_result: Annotated[list[GetVariableResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class HeartbeatRequest(Message):
    """The Heartbeat request of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class HeartbeatResponse(Message):
    """The Heartbeat response of OCPP 2.0.1."""

    current_time: DateTime
    custom_data: Maybe[CustomDataType] = None


class InstallCertificateRequest(Message):
    """The InstallCertificate request of OCPP 2.0.1."""

    certificate_type: InstallCertificateUseEnumType
    certificate: Text5500
    custom_data: Maybe[CustomDataType] = None


class InstallCertificateResponse(Message):
    """The InstallCertificate response of OCPP 2.0.1."""

    status: InstallCertificateStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class LogStatusNotificationRequest(Message):
    """The LogStatusNotification request of OCPP 2.0.1."""

    status: UploadLogStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    request_id: Maybe[Int] = None


class LogStatusNotificationResponse(Message):
    """The LogStatusNotification response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class SignedMeterValueType(Message):
    """``SignedMeterValueType`` of OCPP 2.0.1."""

    signed_meter_data: Text2500
    signing_method: Text50
    encoding_method: Text50
    public_key: Text2500
    custom_data: Maybe[CustomDataType] = None


class UnitOfMeasureType(Message):
    """``UnitOfMeasureType`` of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    unit: Maybe[Text20] = None
    multiplier: Maybe[Int] = None


class SampledValueType(Message):
    """``SampledValueType`` of OCPP 2.0.1."""

    value: Number
    custom_data: Maybe[CustomDataType] = None
    context: Maybe[ReadingContextEnumType] = None
    measurand: Maybe[MeasurandEnumType] = None
    phase: Maybe[PhaseEnumType] = None
    location: Maybe[LocationEnumType] = None
    signed_meter_value: Maybe[SignedMeterValueType] = None
    unit_of_measure: Maybe[UnitOfMeasureType] = None


class MeterValueType(Message):
    """``MeterValueType`` of OCPP 2.0.1."""

    sampled_value: Annotated[list[SampledValueType], Meta(min_length=1)]
    timestamp: DateTime
    custom_data: Maybe[CustomDataType] = None


class MeterValuesRequest(Message):
    """The MeterValues request of OCPP 2.0.1."""

    evse_id: Int
    meter_value: Annotated[list[MeterValueType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class MeterValuesResponse(Message):
    """The MeterValues response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class RelativeTimeIntervalType(Message):
    """``RelativeTimeIntervalType`` of OCPP 2.0.1."""

    start: Int
    custom_data: Maybe[CustomDataType] = None
    duration: Maybe[Int] = None


class CostType(Message):
    """``CostType`` of OCPP 2.0.1."""

    cost_kind: CostKindEnumType
    amount: Int
    custom_data: Maybe[CustomDataType] = None
    amount_multiplier: Maybe[Int] = None


class ConsumptionCostType(Message):
    """``ConsumptionCostType`` of OCPP 2.0.1."""

    start_value: Number
    cost: Annotated[list[CostType], Meta(min_length=1, max_length=3)]
    custom_data: Maybe[CustomDataType] = None


class SalesTariffEntryType(Message):
    """``SalesTariffEntryType`` of OCPP 2.0.1."""

    relative_time_interval: RelativeTimeIntervalType
    custom_data: Maybe[CustomDataType] = None
    e_price_level: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    consumption_cost: Maybe[
        Annotated[list[ConsumptionCostType], Meta(min_length=1, max_length=3)]
    ] = None


class SalesTariffType(Message):
    """``SalesTariffType`` of OCPP 2.0.1."""

    id: Int
    sales_tariff_entry: Annotated[list[SalesTariffEntryType], Meta(min_length=1, max_length=1024)]
    custom_data: Maybe[CustomDataType] = None
    sales_tariff_description: Maybe[Text32] = None
    num_e_price_levels: Maybe[Int] = None


class ChargingScheduleType(Message):
    """``ChargingScheduleType`` of OCPP 2.0.1."""

    id: Int
    charging_rate_unit: ChargingRateUnitEnumType
    charging_schedule_period: Annotated[
        list[ChargingSchedulePeriodType], Meta(min_length=1, max_length=1024)
    ]
    custom_data: Maybe[CustomDataType] = None
    start_schedule: Maybe[DateTime] = None
    duration: Maybe[Int] = None
    min_charging_rate: Maybe[Number] = None
    sales_tariff: Maybe[SalesTariffType] = None


class ChargingLimitType(Message):
    """``ChargingLimitType`` of OCPP 2.0.1."""

    charging_limit_source: ChargingLimitSourceEnumType
    custom_data: Maybe[CustomDataType] = None
    is_grid_critical: Maybe[bool] = None


class NotifyChargingLimitRequest(Message):
    """The NotifyChargingLimit request of OCPP 2.0.1."""

    charging_limit: ChargingLimitType
    custom_data: Maybe[CustomDataType] = None
    charging_schedule: Maybe[Annotated[list[ChargingScheduleType], Meta(min_length=1)]] = None
    evse_id: Maybe[Int] = None


class NotifyChargingLimitResponse(Message):
    """The NotifyChargingLimit response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class NotifyCustomerInformationRequest(Message):
    """The NotifyCustomerInformation request of OCPP 2.0.1."""

    data: Text512
    seq_no: Int
    generated_at: DateTime
    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    tbc: Maybe[bool] = None


class NotifyCustomerInformationResponse(Message):
    """The NotifyCustomerInformation response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class MessageInfoType(Message):
    """``MessageInfoType`` of OCPP 2.0.1."""

    id: Int
    priority: MessagePriorityEnumType
    message: MessageContentType
    custom_data: Maybe[CustomDataType] = None
    display: Maybe[ComponentType] = None
    state: Maybe[MessageStateEnumType] = None
    start_date_time: Maybe[DateTime] = None
    end_date_time: Maybe[DateTime] = None
    transaction_id: Maybe[Text36] = None


class NotifyDisplayMessagesRequest(Message):
    """The NotifyDisplayMessages request of OCPP 2.0.1."""

    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    message_info: Maybe[Annotated[list[MessageInfoType], Meta(min_length=1)]] = None
    tbc: Maybe[bool] = None


class NotifyDisplayMessagesResponse(Message):
    """The NotifyDisplayMessages response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class ACChargingParametersType(Message):
    """``ACChargingParametersType`` of OCPP 2.0.1."""

    energy_amount: Int
    ev_min_current: Int
    ev_max_current: Int
    ev_max_voltage: Int
    custom_data: Maybe[CustomDataType] = None


class DCChargingParametersType(Message):
    """``DCChargingParametersType`` of OCPP 2.0.1."""

    ev_max_current: Int
    ev_max_voltage: Int
    custom_data: Maybe[CustomDataType] = None
    energy_amount: Maybe[Int] = None
    ev_max_power: Maybe[Int] = None
    state_of_charge: Maybe[Annotated[int, Meta(ge=0, le=100)]] = None
    ev_energy_capacity: Maybe[Int] = None
    full_soc: Maybe[Annotated[int, Meta(ge=0, le=100)]] = field(default=None, name="fullSoC")
    bulk_soc: Maybe[Annotated[int, Meta(ge=0, le=100)]] = field(default=None, name="bulkSoC")


class ChargingNeedsType(Message):
    """``ChargingNeedsType`` of OCPP 2.0.1."""

    requested_energy_transfer: EnergyTransferModeEnumType
    custom_data: Maybe[CustomDataType] = None
    ac_charging_parameters: Maybe[ACChargingParametersType] = None
    dc_charging_parameters: Maybe[DCChargingParametersType] = None
    departure_time: Maybe[DateTime] = None


class NotifyEVChargingNeedsRequest(Message):
    """The NotifyEVChargingNeeds request of OCPP 2.0.1."""

    charging_needs: ChargingNeedsType
    evse_id: Int
    custom_data: Maybe[CustomDataType] = None
    max_schedule_tuples: Maybe[Int] = None


class NotifyEVChargingNeedsResponse(Message):
    """The NotifyEVChargingNeeds response of OCPP 2.0.1."""

    status: NotifyEVChargingNeedsStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class NotifyEVChargingScheduleRequest(Message):
    """The NotifyEVChargingSchedule request of OCPP 2.0.1."""

    time_base: DateTime
    charging_schedule: ChargingScheduleType
    evse_id: Int
    custom_data: Maybe[CustomDataType] = None


class NotifyEVChargingScheduleResponse(Message):
    """The NotifyEVChargingSchedule response of OCPP 2.0.1."""

    status: GenericStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class EventDataType(Message):
    """``EventDataType`` of OCPP 2.0.1."""

    event_id: Int
    timestamp: DateTime
    trigger: EventTriggerEnumType
    actual_value: Text2500
    component: ComponentType
    event_notification_type: EventNotificationEnumType
    variable: VariableType
    custom_data: Maybe[CustomDataType] = None
    cause: Maybe[Int] = None
    tech_code: Maybe[Text50] = None
    tech_info: Maybe[Text500] = None
    cleared: Maybe[bool] = None
    transaction_id: Maybe[Text36] = None
    variable_monitoring_id: Maybe[Int] = None


class NotifyEventRequest(Message):
    """The NotifyEvent request of OCPP 2.0.1."""

    generated_at: DateTime
    seq_no: Int
    event_data: Annotated[list[EventDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None
    tbc: Maybe[bool] = None


class NotifyEventResponse(Message):
    """The NotifyEvent response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class VariableMonitoringType(Message):
    """``VariableMonitoringType`` of OCPP 2.0.1."""

    id: Int
    transaction: bool
    value: Number
    type: MonitorEnumType
    severity: Int
    custom_data: Maybe[CustomDataType] = None


class MonitoringDataType(Message):
    """``MonitoringDataType`` of OCPP 2.0.1."""

    component: ComponentType
    variable: VariableType
    variable_monitoring: Annotated[list[VariableMonitoringType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class NotifyMonitoringReportRequest(Message):
    """The NotifyMonitoringReport request of OCPP 2.0.1."""

    request_id: Int
    seq_no: Int
    generated_at: DateTime
    custom_data: Maybe[CustomDataType] = None
    monitor: Maybe[Annotated[list[MonitoringDataType], Meta(min_length=1)]] = None
    tbc: Maybe[bool] = None


class NotifyMonitoringReportResponse(Message):
    """The NotifyMonitoringReport response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class VariableAttributeType(Message):
    """``VariableAttributeType`` of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    type: Maybe[AttributeEnumType] = None
    value: Maybe[Text2500] = None
    mutability: Maybe[MutabilityEnumType] = None
    persistent: Maybe[bool] = None
    constant: Maybe[bool] = None


class VariableCharacteristicsType(Message):
    """``VariableCharacteristicsType`` of OCPP 2.0.1."""

    data_type: DataEnumType
    supports_monitoring: bool
    custom_data: Maybe[CustomDataType] = None
    unit: Maybe[Text16] = None
    min_limit: Maybe[Number] = None
    max_limit: Maybe[Number] = None
    values_list: Maybe[Text1000] = None


class ReportDataType(Message):
    """``ReportDataType`` of OCPP 2.0.1."""

    component: ComponentType
    variable: VariableType
    variable_attribute: Annotated[list[VariableAttributeType], Meta(min_length=1, max_length=4)]
    custom_data: Maybe[CustomDataType] = None
    variable_characteristics: Maybe[VariableCharacteristicsType] = None


class NotifyReportRequest(Message):
    """The NotifyReport request of OCPP 2.0.1."""

    request_id: Int
    generated_at: DateTime
    seq_no: Int
    custom_data: Maybe[CustomDataType] = None
    report_data: Maybe[Annotated[list[ReportDataType], Meta(min_length=1)]] = None
    tbc: Maybe[bool] = None


class NotifyReportResponse(Message):
    """The NotifyReport response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class PublishFirmwareRequest(Message):
    """The PublishFirmware request of OCPP 2.0.1."""

    location: Text512
    checksum: Text32
    request_id: Int
    custom_data: Maybe[CustomDataType] = None
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None


class PublishFirmwareResponse(Message):
    """The PublishFirmware response of OCPP 2.0.1."""

    status: GenericStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class PublishFirmwareStatusNotificationRequest(Message):
    """The PublishFirmwareStatusNotification request of OCPP 2.0.1."""

    status: PublishFirmwareStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    location: Maybe[Annotated[list[Text512], Meta(min_length=1)]] = None
    request_id: Maybe[Int] = None


class PublishFirmwareStatusNotificationResponse(Message):
    """The PublishFirmwareStatusNotification response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class ChargingProfileType(Message):
    """``ChargingProfileType`` of OCPP 2.0.1."""

    id: Int
    stack_level: Int
    charging_profile_purpose: ChargingProfilePurposeEnumType
    charging_profile_kind: ChargingProfileKindEnumType
    charging_schedule: Annotated[list[ChargingScheduleType], Meta(min_length=1, max_length=3)]
    custom_data: Maybe[CustomDataType] = None
    recurrency_kind: Maybe[RecurrencyKindEnumType] = None
    valid_from: Maybe[DateTime] = None
    valid_to: Maybe[DateTime] = None
    transaction_id: Maybe[Text36] = None


class ReportChargingProfilesRequest(Message):
    """The ReportChargingProfiles request of OCPP 2.0.1."""

    request_id: Int
    charging_limit_source: ChargingLimitSourceEnumType
    charging_profile: Annotated[list[ChargingProfileType], Meta(min_length=1)]
    evse_id: Int
    custom_data: Maybe[CustomDataType] = None
    tbc: Maybe[bool] = None


class ReportChargingProfilesResponse(Message):
    """The ReportChargingProfiles response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class RequestStartTransactionRequest(Message):
    """The RequestStartTransaction request of OCPP 2.0.1."""

    id_token: IdTokenType
    remote_start_id: Int
    custom_data: Maybe[CustomDataType] = None
    evse_id: Maybe[Int] = None
    group_id_token: Maybe[IdTokenType] = None
    charging_profile: Maybe[ChargingProfileType] = None


class RequestStartTransactionResponse(Message):
    """The RequestStartTransaction response of OCPP 2.0.1."""

    status: RequestStartStopStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None
    transaction_id: Maybe[Text36] = None


class RequestStopTransactionRequest(Message):
    """The RequestStopTransaction request of OCPP 2.0.1."""

    transaction_id: Text36
    custom_data: Maybe[CustomDataType] = None


class RequestStopTransactionResponse(Message):
    """The RequestStopTransaction response of OCPP 2.0.1."""

    status: RequestStartStopStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ReservationStatusUpdateRequest(Message):
    """The ReservationStatusUpdate request of OCPP 2.0.1."""

    reservation_id: Int
    reservation_update_status: ReservationUpdateStatusEnumType
    custom_data: Maybe[CustomDataType] = None


class ReservationStatusUpdateResponse(Message):
    """The ReservationStatusUpdate response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class ReserveNowRequest(Message):
    """The ReserveNow request of OCPP 2.0.1."""

    id: Int
    expiry_date_time: DateTime
    id_token: IdTokenType
    custom_data: Maybe[CustomDataType] = None
    connector_type: Maybe[ConnectorEnumType] = None
    evse_id: Maybe[Int] = None
    group_id_token: Maybe[IdTokenType] = None


class ReserveNowResponse(Message):
    """The ReserveNow response of OCPP 2.0.1."""

    status: ReserveNowStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class ResetRequest(Message):
    """The Reset request of OCPP 2.0.1."""

    type: ResetEnumType
    custom_data: Maybe[CustomDataType] = None
    evse_id: Maybe[Int] = None


class ResetResponse(Message):
    """The Reset response of OCPP 2.0.1."""

    status: ResetStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class SecurityEventNotificationRequest(Message):
    """The SecurityEventNotification request of OCPP 2.0.1."""

    type: Text50
    timestamp: DateTime
    custom_data: Maybe[CustomDataType] = None
    tech_info: Maybe[Text255] = None


class SecurityEventNotificationResponse(Message):
    """The SecurityEventNotification response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class AuthorizationData(Message):
    """``AuthorizationData`` of OCPP 2.0.1."""

    id_token: IdTokenType
    custom_data: Maybe[CustomDataType] = None
    id_token_info: Maybe[IdTokenInfoType] = None


class SendLocalListRequest(Message):
    """The SendLocalList request of OCPP 2.0.1."""

    version_number: Int
    update_type: UpdateEnumType
    custom_data: Maybe[CustomDataType] = None
    local_authorization_list: Maybe[Annotated[list[AuthorizationData], Meta(min_length=1)]] = None


class SendLocalListResponse(Message):
    """The SendLocalList response of OCPP 2.0.1."""

    status: SendLocalListStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class SetChargingProfileRequest(Message):
    """The SetChargingProfile request of OCPP 2.0.1."""

    evse_id: Int
    charging_profile: ChargingProfileType
    custom_data: Maybe[CustomDataType] = None


class SetChargingProfileResponse(Message):
    """The SetChargingProfile response of OCPP 2.0.1."""

    status: ChargingProfileStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class SetDisplayMessageRequest(Message):
    """The SetDisplayMessage request of OCPP 2.0.1."""

    message: MessageInfoType
    custom_data: Maybe[CustomDataType] = None


class SetDisplayMessageResponse(Message):
    """The SetDisplayMessage response of OCPP 2.0.1."""

    status: DisplayMessageStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class SetMonitoringBaseRequest(Message):
    """The SetMonitoringBase request of OCPP 2.0.1."""

    monitoring_base: MonitoringBaseEnumType
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringBaseResponse(Message):
    """The SetMonitoringBase response of OCPP 2.0.1."""

    status: GenericDeviceModelStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class SetMonitoringLevelRequest(Message):
    """The SetMonitoringLevel request of OCPP 2.0.1."""

    severity: Int
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringLevelResponse(Message):
    """The SetMonitoringLevel response of OCPP 2.0.1."""

    status: GenericStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class APNType(Message):
    """``APNType`` of OCPP 2.0.1."""

    apn: Text512
    apn_authentication: APNAuthenticationEnumType
    custom_data: Maybe[CustomDataType] = None
    apn_user_name: Maybe[Text20] = None
    apn_password: Maybe[Text20] = None
    sim_pin: Maybe[Int] = None
    preferred_network: Maybe[Text6] = None
    use_only_preferred_network: Maybe[bool] = None


class VPNType(Message):
    """``VPNType`` of OCPP 2.0.1."""

    server: Text512
    user: Text20
    password: Text20
    key: Text255
    type: VPNEnumType
    custom_data: Maybe[CustomDataType] = None
    group: Maybe[Text20] = None


class NetworkConnectionProfileType(Message):
    """``NetworkConnectionProfileType`` of OCPP 2.0.1."""

    ocpp_version: OCPPVersionEnumType
    ocpp_transport: OCPPTransportEnumType
    ocpp_csms_url: Text512
    message_timeout: Int
    security_profile: Int
    ocpp_interface: OCPPInterfaceEnumType
    custom_data: Maybe[CustomDataType] = None
    apn: Maybe[APNType] = None
    vpn: Maybe[VPNType] = None


class SetNetworkProfileRequest(Message):
    """The SetNetworkProfile request of OCPP 2.0.1."""

    configuration_slot: Int
    connection_data: NetworkConnectionProfileType
    custom_data: Maybe[CustomDataType] = None


class SetNetworkProfileResponse(Message):
    """The SetNetworkProfile response of OCPP 2.0.1."""

    status: SetNetworkProfileStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class SetMonitoringDataType(Message):
    """``SetMonitoringDataType`` of OCPP 2.0.1."""

    value: Number
    type: MonitorEnumType
    severity: Int
    component: ComponentType
    variable: VariableType
    custom_data: Maybe[CustomDataType] = None
    id: Maybe[Int] = None
    transaction: Maybe[bool] = None


class SetVariableMonitoringRequest(Message):
    """The SetVariableMonitoring request of OCPP 2.0.1."""

    set_monitoring_data: Annotated[list[SetMonitoringDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringResultType(Message):
    """``SetMonitoringResultType`` of OCPP 2.0.1."""

    status: SetMonitoringStatusEnumType
    type: MonitorEnumType
    component: ComponentType
    variable: VariableType
    severity: Int
    custom_data: Maybe[CustomDataType] = None
    id: Maybe[Int] = None
    status_info: Maybe[StatusInfoType] = None


class SetVariableMonitoringResponse(Message):
    """The SetVariableMonitoring response of OCPP 2.0.1."""

    set_monitoring_result: Annotated[list[SetMonitoringResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SetVariableDataType(Message):
    """``SetVariableDataType`` of OCPP 2.0.1."""

    attribute_value: Text1000
    component: ComponentType
    variable: VariableType
    custom_data: Maybe[CustomDataType] = None
    attribute_type: Maybe[AttributeEnumType] = None


class SetVariablesRequest(Message):
    """The SetVariables request of OCPP 2.0.1."""

    set_variable_data: Annotated[list[SetVariableDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SetVariableResultType(Message):
    """``SetVariableResultType`` of OCPP 2.0.1."""

    attribute_status: SetVariableStatusEnumType
    component: ComponentType
    variable: VariableType
    custom_data: Maybe[CustomDataType] = None
    attribute_type: Maybe[AttributeEnumType] = None
    attribute_status_info: Maybe[StatusInfoType] = None


class SetVariablesResponse(Message):
    """The SetVariables response of OCPP 2.0.1."""

    set_variable_result: Annotated[list[SetVariableResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SignCertificateRequest(Message):
    """The SignCertificate request of OCPP 2.0.1."""

    csr: Text5500
    custom_data: Maybe[CustomDataType] = None
    certificate_type: Maybe[CertificateSigningUseEnumType] = None


class SignCertificateResponse(Message):
    """The SignCertificate response of OCPP 2.0.1."""

    status: GenericStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class StatusNotificationRequest(Message):
    """The StatusNotification request of OCPP 2.0.1."""

    timestamp: DateTime
    connector_status: ConnectorStatusEnumType
    evse_id: Int
    connector_id: Int
    custom_data: Maybe[CustomDataType] = None


class StatusNotificationResponse(Message):
    """The StatusNotification response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None


class TransactionType(Message):
    """``TransactionType`` of OCPP 2.0.1."""

    transaction_id: Text36
    custom_data: Maybe[CustomDataType] = None
    charging_state: Maybe[ChargingStateEnumType] = None
    time_spent_charging: Maybe[Int] = None
    stopped_reason: Maybe[ReasonEnumType] = None
    remote_start_id: Maybe[Int] = None


class TransactionEventRequest(Message):
    """The TransactionEvent request of OCPP 2.0.1."""

    event_type: TransactionEventEnumType
    timestamp: DateTime
    trigger_reason: TriggerReasonEnumType
    seq_no: Int
    transaction_info: TransactionType
    custom_data: Maybe[CustomDataType] = None
    meter_value: Maybe[Annotated[list[MeterValueType], Meta(min_length=1)]] = None
    offline: Maybe[bool] = None
    number_of_phases_used: Maybe[Int] = None
    cable_max_current: Maybe[Int] = None
    reservation_id: Maybe[Int] = None
    evse: Maybe[EVSEType] = None
    id_token: Maybe[IdTokenType] = None


class TransactionEventResponse(Message):
    """The TransactionEvent response of OCPP 2.0.1."""

    custom_data: Maybe[CustomDataType] = None
    total_cost: Maybe[Number] = None
    charging_priority: Maybe[Int] = None
    id_token_info: Maybe[IdTokenInfoType] = None
    updated_personal_message: Maybe[MessageContentType] = None


class TriggerMessageRequest(Message):
    """The TriggerMessage request of OCPP 2.0.1."""

    requested_message: MessageTriggerEnumType
    custom_data: Maybe[CustomDataType] = None
    evse: Maybe[EVSEType] = None


class TriggerMessageResponse(Message):
    """The TriggerMessage response of OCPP 2.0.1."""

    status: TriggerMessageStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class UnlockConnectorRequest(Message):
    """The UnlockConnector request of OCPP 2.0.1."""

    evse_id: Int
    connector_id: Int
    custom_data: Maybe[CustomDataType] = None


class UnlockConnectorResponse(Message):
    """The UnlockConnector response of OCPP 2.0.1."""

    status: UnlockStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


class UnpublishFirmwareRequest(Message):
    """The UnpublishFirmware request of OCPP 2.0.1."""

    checksum: Text32
    custom_data: Maybe[CustomDataType] = None


class UnpublishFirmwareResponse(Message):
    """The UnpublishFirmware response of OCPP 2.0.1."""

    status: UnpublishFirmwareStatusEnumType
    custom_data: Maybe[CustomDataType] = None


class FirmwareType(Message):
    """``FirmwareType`` of OCPP 2.0.1."""

    location: Text512
    retrieve_date_time: DateTime
    custom_data: Maybe[CustomDataType] = None
    install_date_time: Maybe[DateTime] = None
    signing_certificate: Maybe[Text5500] = None
    signature: Maybe[Text800] = None


class UpdateFirmwareRequest(Message):
    """The UpdateFirmware request of OCPP 2.0.1."""

    request_id: Int
    firmware: FirmwareType
    custom_data: Maybe[CustomDataType] = None
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None


class UpdateFirmwareResponse(Message):
    """The UpdateFirmware response of OCPP 2.0.1."""

    status: UpdateFirmwareStatusEnumType
    custom_data: Maybe[CustomDataType] = None
    status_info: Maybe[StatusInfoType] = None


ACTIONS: Actions = {
    action.name: action
    for action in (
        Action("Authorize", AuthorizeRequest, AuthorizeResponse, STATION),
        Action("BootNotification", BootNotificationRequest, BootNotificationResponse, STATION),
        Action("CancelReservation", CancelReservationRequest, CancelReservationResponse, CSMS),
        Action("CertificateSigned", CertificateSignedRequest, CertificateSignedResponse, CSMS),
        Action("ChangeAvailability", ChangeAvailabilityRequest, ChangeAvailabilityResponse, CSMS),
        Action("ClearCache", ClearCacheRequest, ClearCacheResponse, CSMS),
        Action(
            "ClearChargingProfile", ClearChargingProfileRequest, ClearChargingProfileResponse, CSMS
        ),
        Action(
            "ClearDisplayMessage", ClearDisplayMessageRequest, ClearDisplayMessageResponse, CSMS
        ),
        Action(
            "ClearVariableMonitoring",
            ClearVariableMonitoringRequest,
            ClearVariableMonitoringResponse,
            CSMS,
        ),
        Action(
            "ClearedChargingLimit",
            ClearedChargingLimitRequest,
            ClearedChargingLimitResponse,
            STATION,
        ),
        Action("CostUpdated", CostUpdatedRequest, CostUpdatedResponse, CSMS),
        Action(
            "CustomerInformation", CustomerInformationRequest, CustomerInformationResponse, CSMS
        ),
        Action("DataTransfer", DataTransferRequest, DataTransferResponse, BOTH),
        Action("DeleteCertificate", DeleteCertificateRequest, DeleteCertificateResponse, CSMS),
        Action(
            "FirmwareStatusNotification",
            FirmwareStatusNotificationRequest,
            FirmwareStatusNotificationResponse,
            STATION,
        ),
        Action(
            "Get15118EVCertificate",
            Get15118EVCertificateRequest,
            Get15118EVCertificateResponse,
            STATION,
        ),
        Action("GetBaseReport", GetBaseReportRequest, GetBaseReportResponse, CSMS),
        Action(
            "GetCertificateStatus",
            GetCertificateStatusRequest,
            GetCertificateStatusResponse,
            STATION,
        ),
        Action(
            "GetChargingProfiles", GetChargingProfilesRequest, GetChargingProfilesResponse, CSMS
        ),
        Action(
            "GetCompositeSchedule", GetCompositeScheduleRequest, GetCompositeScheduleResponse, CSMS
        ),
        Action("GetDisplayMessages", GetDisplayMessagesRequest, GetDisplayMessagesResponse, CSMS),
        Action(
            "GetInstalledCertificateIds",
            GetInstalledCertificateIdsRequest,
            GetInstalledCertificateIdsResponse,
            CSMS,
        ),
        Action(
            "GetLocalListVersion", GetLocalListVersionRequest, GetLocalListVersionResponse, CSMS
        ),
        Action("GetLog", GetLogRequest, GetLogResponse, CSMS),
        Action(
            "GetMonitoringReport", GetMonitoringReportRequest, GetMonitoringReportResponse, CSMS
        ),
        Action("GetReport", GetReportRequest, GetReportResponse, CSMS),
        Action(
            "GetTransactionStatus", GetTransactionStatusRequest, GetTransactionStatusResponse, CSMS
        ),
        Action("GetVariables", GetVariablesRequest, GetVariablesResponse, CSMS),
        Action("Heartbeat", HeartbeatRequest, HeartbeatResponse, STATION),
        Action("InstallCertificate", InstallCertificateRequest, InstallCertificateResponse, CSMS),
        Action(
            "LogStatusNotification",
            LogStatusNotificationRequest,
            LogStatusNotificationResponse,
            STATION,
        ),
        Action("MeterValues", MeterValuesRequest, MeterValuesResponse, STATION),
        Action(
            "NotifyChargingLimit", NotifyChargingLimitRequest, NotifyChargingLimitResponse, STATION
        ),
        Action(
            "NotifyCustomerInformation",
            NotifyCustomerInformationRequest,
            NotifyCustomerInformationResponse,
            STATION,
        ),
        Action(
            "NotifyDisplayMessages",
            NotifyDisplayMessagesRequest,
            NotifyDisplayMessagesResponse,
            STATION,
        ),
        Action(
            "NotifyEVChargingNeeds",
            NotifyEVChargingNeedsRequest,
            NotifyEVChargingNeedsResponse,
            STATION,
        ),
        Action(
            "NotifyEVChargingSchedule",
            NotifyEVChargingScheduleRequest,
            NotifyEVChargingScheduleResponse,
            STATION,
        ),
        Action("NotifyEvent", NotifyEventRequest, NotifyEventResponse, STATION),
        Action(
            "NotifyMonitoringReport",
            NotifyMonitoringReportRequest,
            NotifyMonitoringReportResponse,
            STATION,
        ),
        Action("NotifyReport", NotifyReportRequest, NotifyReportResponse, STATION),
        Action("PublishFirmware", PublishFirmwareRequest, PublishFirmwareResponse, CSMS),
        Action(
            "PublishFirmwareStatusNotification",
            PublishFirmwareStatusNotificationRequest,
            PublishFirmwareStatusNotificationResponse,
            STATION,
        ),
        Action(
            "ReportChargingProfiles",
            ReportChargingProfilesRequest,
            ReportChargingProfilesResponse,
            STATION,
        ),
        Action(
            "RequestStartTransaction",
            RequestStartTransactionRequest,
            RequestStartTransactionResponse,
            CSMS,
        ),
        Action(
            "RequestStopTransaction",
            RequestStopTransactionRequest,
            RequestStopTransactionResponse,
            CSMS,
        ),
        Action(
            "ReservationStatusUpdate",
            ReservationStatusUpdateRequest,
            ReservationStatusUpdateResponse,
            STATION,
        ),
        Action("ReserveNow", ReserveNowRequest, ReserveNowResponse, CSMS),
        Action("Reset", ResetRequest, ResetResponse, CSMS),
        Action(
            "SecurityEventNotification",
            SecurityEventNotificationRequest,
            SecurityEventNotificationResponse,
            STATION,
        ),
        Action("SendLocalList", SendLocalListRequest, SendLocalListResponse, CSMS),
        Action("SetChargingProfile", SetChargingProfileRequest, SetChargingProfileResponse, CSMS),
        Action("SetDisplayMessage", SetDisplayMessageRequest, SetDisplayMessageResponse, CSMS),
        Action("SetMonitoringBase", SetMonitoringBaseRequest, SetMonitoringBaseResponse, CSMS),
        Action("SetMonitoringLevel", SetMonitoringLevelRequest, SetMonitoringLevelResponse, CSMS),
        Action("SetNetworkProfile", SetNetworkProfileRequest, SetNetworkProfileResponse, CSMS),
        Action(
            "SetVariableMonitoring",
            SetVariableMonitoringRequest,
            SetVariableMonitoringResponse,
            CSMS,
        ),
        Action("SetVariables", SetVariablesRequest, SetVariablesResponse, CSMS),
        Action("SignCertificate", SignCertificateRequest, SignCertificateResponse, STATION),
        Action(
            "StatusNotification", StatusNotificationRequest, StatusNotificationResponse, STATION
        ),
        Action("TransactionEvent", TransactionEventRequest, TransactionEventResponse, STATION),
        Action("TriggerMessage", TriggerMessageRequest, TriggerMessageResponse, CSMS),
        Action("UnlockConnector", UnlockConnectorRequest, UnlockConnectorResponse, CSMS),
        Action("UnpublishFirmware", UnpublishFirmwareRequest, UnpublishFirmwareResponse, CSMS),
        Action("UpdateFirmware", UpdateFirmwareRequest, UpdateFirmwareResponse, CSMS),
    )
}
