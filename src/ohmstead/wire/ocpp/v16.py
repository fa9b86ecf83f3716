"""Every message of OCPP 1.6, as checked structs.

Generated from the OCPP 1.6 schemas in the ocpp package by tools/gen_ocpp.py; do not edit.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from ohmstead.wire.ocpp.base import (
    Action,
    Actions,
    DateTime,
    Int,
    Maybe,
    Message,
    Number,
    Side,
    check_number,
)

Text20 = Annotated[str, Meta(max_length=20)]
Text25 = Annotated[str, Meta(max_length=25)]
Text40 = Annotated[str, Meta(max_length=40)]
Text50 = Annotated[str, Meta(max_length=50)]
Text128 = Annotated[str, Meta(max_length=128)]
Text255 = Annotated[str, Meta(max_length=255)]
Text500 = Annotated[str, Meta(max_length=500)]
Text512 = Annotated[str, Meta(max_length=512)]
Text800 = Annotated[str, Meta(max_length=800)]
Text5500 = Annotated[str, Meta(max_length=5500)]
Text10000 = Annotated[str, Meta(max_length=10000)]

STATION = frozenset({Side.STATION})
CSMS = frozenset({Side.CSMS})
BOTH = frozenset({Side.STATION, Side.CSMS})


class AuthorizationStatus(enum.StrEnum):
    """``AuthorizationStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"


class AvailabilityStatus(enum.StrEnum):
    """``AvailabilityStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class AvailabilityType(enum.StrEnum):
    """``AvailabilityType`` of OCPP 1.6."""

    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class CancelReservationStatus(enum.StrEnum):
    """``CancelReservationStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateSignedStatusEnumType(enum.StrEnum):
    """``CertificateSignedStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateUseEnumType(enum.StrEnum):
    """``CertificateUseEnumType`` of OCPP 1.6."""

    CENTRAL_SYSTEM_ROOT_CERTIFICATE = "CentralSystemRootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"


class ChargePointErrorCode(enum.StrEnum):
    """``ChargePointErrorCode`` of OCPP 1.6."""

    CONNECTOR_LOCK_FAILURE = "ConnectorLockFailure"
    EV_COMMUNICATION_ERROR = "EVCommunicationError"
    GROUND_FAILURE = "GroundFailure"
    HIGH_TEMPERATURE = "HighTemperature"
    INTERNAL_ERROR = "InternalError"
    LOCAL_LIST_CONFLICT = "LocalListConflict"
    NO_ERROR = "NoError"
    OTHER_ERROR = "OtherError"
    OVER_CURRENT_FAILURE = "OverCurrentFailure"
    POWER_METER_FAILURE = "PowerMeterFailure"
    POWER_SWITCH_FAILURE = "PowerSwitchFailure"
    READER_FAILURE = "ReaderFailure"
    RESET_FAILURE = "ResetFailure"
    UNDER_VOLTAGE = "UnderVoltage"
    OVER_VOLTAGE = "OverVoltage"
    WEAK_SIGNAL = "WeakSignal"


class ChargePointStatus(enum.StrEnum):
    """``ChargePointStatus`` of OCPP 1.6."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class ChargingProfileKind(enum.StrEnum):
    """``ChargingProfileKind`` of OCPP 1.6."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class ChargingProfilePurpose(enum.StrEnum):
    """``ChargingProfilePurpose`` of OCPP 1.6."""

    CHARGE_POINT_MAX_PROFILE = "ChargePointMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"


class ChargingProfileStatus(enum.StrEnum):
    """``ChargingProfileStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"


class ChargingRateUnit(enum.StrEnum):
    """``ChargingRateUnit`` of OCPP 1.6."""

    A = "A"
    W = "W"


class ClearCacheStatus(enum.StrEnum):
    """``ClearCacheStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearChargingProfileStatus(enum.StrEnum):
    """``ClearChargingProfileStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class ConfigurationStatus(enum.StrEnum):
    """``ConfigurationStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    REBOOT_REQUIRED = "RebootRequired"
    NOT_SUPPORTED = "NotSupported"


class DataTransferStatus(enum.StrEnum):
    """``DataTransferStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class DeleteCertificateStatusEnumType(enum.StrEnum):
    """``DeleteCertificateStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class DiagnosticsStatus(enum.StrEnum):
    """``DiagnosticsStatus`` of OCPP 1.6."""

    IDLE = "Idle"
    UPLOADED = "Uploaded"
    UPLOAD_FAILED = "UploadFailed"
    UPLOADING = "Uploading"


class FirmwareStatus(enum.StrEnum):
    """``FirmwareStatus`` of OCPP 1.6."""

    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADING = "Downloading"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLING = "Installing"
    INSTALLED = "Installed"


class FirmwareStatusEnumType(enum.StrEnum):
    """``FirmwareStatusEnumType`` of OCPP 1.6."""

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


class GenericStatusEnumType(enum.StrEnum):
    """``GenericStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class GetCompositeScheduleStatus(enum.StrEnum):
    """``GetCompositeScheduleStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class GetInstalledCertificateStatusEnumType(enum.StrEnum):
    """``GetInstalledCertificateStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class HashAlgorithmEnumType(enum.StrEnum):
    """``HashAlgorithmEnumType`` of OCPP 1.6."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class InstallCertificateStatusEnumType(enum.StrEnum):
    """``InstallCertificateStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    REJECTED = "Rejected"


class Location(enum.StrEnum):
    """``Location`` of OCPP 1.6."""

    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"
    BODY = "Body"


class LogEnumType(enum.StrEnum):
    """``LogEnumType`` of OCPP 1.6."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"


class LogStatusEnumType(enum.StrEnum):
    """``LogStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"


class Measurand(enum.StrEnum):
    """``Measurand`` of OCPP 1.6."""

    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    POWER_FACTOR = "Power.Factor"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_EXPORT = "Current.Export"
    CURRENT_OFFERED = "Current.Offered"
    VOLTAGE = "Voltage"
    FREQUENCY = "Frequency"
    TEMPERATURE = "Temperature"
    SOC = "SoC"
    RPM = "RPM"


class MessageTrigger(enum.StrEnum):
    """``MessageTrigger`` of OCPP 1.6."""

    BOOT_NOTIFICATION = "BootNotification"
    DIAGNOSTICS_STATUS_NOTIFICATION = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    STATUS_NOTIFICATION = "StatusNotification"


class MessageTriggerEnumType(enum.StrEnum):
    """``MessageTriggerEnumType`` of OCPP 1.6."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGE_POINT_CERTIFICATE = "SignChargePointCertificate"
    STATUS_NOTIFICATION = "StatusNotification"


class Phase(enum.StrEnum):
    """``Phase`` of OCPP 1.6."""

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


class ReadingContext(enum.StrEnum):
    """``ReadingContext`` of OCPP 1.6."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"
    OTHER = "Other"


class Reason(enum.StrEnum):
    """``Reason`` of OCPP 1.6."""

    EMERGENCY_STOP = "EmergencyStop"
    EV_DISCONNECTED = "EVDisconnected"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    UNLOCK_COMMAND = "UnlockCommand"
    DE_AUTHORIZED = "DeAuthorized"


class RecurrencyKind(enum.StrEnum):
    """``RecurrencyKind`` of OCPP 1.6."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class RegistrationStatus(enum.StrEnum):
    """``RegistrationStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class RemoteStartStopStatus(enum.StrEnum):
    """``RemoteStartStopStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ReservationStatus(enum.StrEnum):
    """``ReservationStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class ResetStatus(enum.StrEnum):
    """``ResetStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ResetType(enum.StrEnum):
    """``ResetType`` of OCPP 1.6."""

    HARD = "Hard"
    SOFT = "Soft"


class TriggerMessageStatus(enum.StrEnum):
    """``TriggerMessageStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class TriggerMessageStatusEnumType(enum.StrEnum):
    """``TriggerMessageStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_IMPLEMENTED = "NotImplemented"


class UnitOfMeasure(enum.StrEnum):
    """``UnitOfMeasure`` of OCPP 1.6."""

    WH = "Wh"
    KWH = "kWh"
    VARH = "varh"
    KVARH = "kvarh"
    W = "W"
    KW = "kW"
    VA = "VA"
    KVA = "kVA"
    VAR = "var"
    KVAR = "kvar"
    A = "A"
    V = "V"
    K = "K"
    CELCIUS = "Celcius"
    CELSIUS = "Celsius"
    FAHRENHEIT = "Fahrenheit"
    PERCENT = "Percent"
    HERTZ = "Hertz"


class UnlockStatus(enum.StrEnum):
    """``UnlockStatus`` of OCPP 1.6."""

    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    NOT_SUPPORTED = "NotSupported"


class UpdateFirmwareStatusEnumType(enum.StrEnum):
    """``UpdateFirmwareStatusEnumType`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class UpdateStatus(enum.StrEnum):
    """``UpdateStatus`` of OCPP 1.6."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_SUPPORTED = "NotSupported"
    VERSION_MISMATCH = "VersionMismatch"


class UpdateType(enum.StrEnum):
    """``UpdateType`` of OCPP 1.6."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class UploadLogStatusEnumType(enum.StrEnum):
    """``UploadLogStatusEnumType`` of OCPP 1.6."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOADED = "Uploaded"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADING = "Uploading"


class ValueFormat(enum.StrEnum):
    """``ValueFormat`` of OCPP 1.6."""

    RAW = "Raw"
    SIGNED_DATA = "SignedData"


class AuthorizeRequest(Message):
    """The Authorize request of OCPP 1.6."""

    id_tag: Text20


class IdTagInfo(Message):
    """``IdTagInfo`` of OCPP 1.6."""

    status: AuthorizationStatus
    expiry_date: Maybe[DateTime] = None
    parent_id_tag: Maybe[Text20] = None


class AuthorizeResponse(Message):
    """The Authorize response of OCPP 1.6."""

    id_tag_info: IdTagInfo


class BootNotificationRequest(Message):
    """The BootNotification request of OCPP 1.6."""

    charge_point_vendor: Text20
    charge_point_model: Text20
    charge_point_serial_number: Maybe[Text25] = None
    charge_box_serial_number: Maybe[Text25] = None
    firmware_version: Maybe[Text50] = None
    iccid: Maybe[Text20] = None
    imsi: Maybe[Text20] = None
    meter_type: Maybe[Text25] = None
    meter_serial_number: Maybe[Text25] = None


class BootNotificationResponse(Message):
    """The BootNotification response of OCPP 1.6."""

    status: RegistrationStatus
    current_time: DateTime
    interval: Int


class CancelReservationRequest(Message):
    """The CancelReservation request of OCPP 1.6."""

    reservation_id: Int


class CancelReservationResponse(Message):
    """The CancelReservation response of OCPP 1.6."""

    status: CancelReservationStatus


class CertificateSignedRequest(Message):
    """The CertificateSigned request of OCPP 1.6."""

    certificate_chain: Text10000


class CertificateSignedResponse(Message):
    """The CertificateSigned response of OCPP 1.6."""

    status: CertificateSignedStatusEnumType


class ChangeAvailabilityRequest(Message):
    """The ChangeAvailability request of OCPP 1.6."""

    connector_id: Int
    type: AvailabilityType


class ChangeAvailabilityResponse(Message):
    """The ChangeAvailability response of OCPP 1.6."""

    status: AvailabilityStatus


class ChangeConfigurationRequest(Message):
    """The ChangeConfiguration request of OCPP 1.6."""

    key: Text50
    value: Text500


class ChangeConfigurationResponse(Message):
    """The ChangeConfiguration response of OCPP 1.6."""

    status: ConfigurationStatus


class ClearCacheRequest(Message):
    """The ClearCache request of OCPP 1.6."""


class ClearCacheResponse(Message):
    """The ClearCache response of OCPP 1.6."""

    status: ClearCacheStatus


class ClearChargingProfileRequest(Message):
    """The ClearChargingProfile request of OCPP 1.6."""

    id: Maybe[Int] = None
    connector_id: Maybe[Int] = None
    charging_profile_purpose: Maybe[ChargingProfilePurpose] = None
    stack_level: Maybe[Int] = None


class ClearChargingProfileResponse(Message):
    """The ClearChargingProfile response of OCPP 1.6."""

    status: ClearChargingProfileStatus


class DataTransferRequest(Message):
    """The DataTransfer request of OCPP 1.6."""

    vendor_id: Text255
    message_id: Maybe[Text50] = None
    data: Maybe[str] = None


class DataTransferResponse(Message):
    """The DataTransfer response of OCPP 1.6."""

    status: DataTransferStatus
    data: Maybe[str] = None


class CertificateHashDataType(Message):
    """``CertificateHashDataType`` of OCPP 1.6."""

    hash_algorithm: HashAlgorithmEnumType
    issuer_name_hash: Text128
    issuer_key_hash: Text128
    serial_number: Text40


class DeleteCertificateRequest(Message):
    """The DeleteCertificate request of OCPP 1.6."""

    certificate_hash_data: CertificateHashDataType


class DeleteCertificateResponse(Message):
    """The DeleteCertificate response of OCPP 1.6."""

    status: DeleteCertificateStatusEnumType


class DiagnosticsStatusNotificationRequest(Message):
    """The DiagnosticsStatusNotification request of OCPP 1.6."""

    status: DiagnosticsStatus


class DiagnosticsStatusNotificationResponse(Message):
    """The DiagnosticsStatusNotification response of OCPP 1.6."""


class ExtendedTriggerMessageRequest(Message):
    """The ExtendedTriggerMessage request of OCPP 1.6."""

    requested_message: MessageTriggerEnumType
    connector_id: Maybe[Int] = None


class ExtendedTriggerMessageResponse(Message):
    """The ExtendedTriggerMessage response of OCPP 1.6."""

    status: TriggerMessageStatusEnumType


class FirmwareStatusNotificationRequest(Message):
    """The FirmwareStatusNotification request of OCPP 1.6."""

    status: FirmwareStatus


class FirmwareStatusNotificationResponse(Message):
    """The FirmwareStatusNotification response of OCPP 1.6."""


class GetCompositeScheduleRequest(Message):
    """The GetCompositeSchedule request of OCPP 1.6."""

    connector_id: Int
    duration: Int
    charging_rate_unit: Maybe[ChargingRateUnit] = None


class ChargingSchedulePeriod(Message):
    """``ChargingSchedulePeriod`` of OCPP 1.6."""

    start_period: Int
    limit: Number
    number_phases: Maybe[Int] = None

    def __post_init__(self) -> None:
        check_number("limit", self.limit, multiple_of="0.1")


class ChargingSchedule(Message):
    """``ChargingSchedule`` of OCPP 1.6."""

    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: list[ChargingSchedulePeriod]
    duration: Maybe[Int] = None
    start_schedule: Maybe[DateTime] = None
    min_charging_rate: Maybe[Number] = None

    def __post_init__(self) -> None:
        check_number("minChargingRate", self.min_charging_rate, multiple_of="0.1")


class GetCompositeScheduleResponse(Message):
    """The GetCompositeSchedule response of OCPP 1.6."""

    status: GetCompositeScheduleStatus
    connector_id: Maybe[Int] = None
    schedule_start: Maybe[DateTime] = None
    charging_schedule: Maybe[ChargingSchedule] = None


class GetConfigurationRequest(Message):
    """The GetConfiguration request of OCPP 1.6."""

    key: Maybe[list[Text50]] = None


class KeyValue(Message):
    """``KeyValue`` of OCPP 1.6."""

    key: Text50
    readonly: bool
    value: Maybe[Text500] = None


class GetConfigurationResponse(Message):
    """The GetConfiguration response of OCPP 1.6."""

    configuration_key: Maybe[list[KeyValue]] = None
    unknown_key: Maybe[list[Text50]] = None


class GetDiagnosticsRequest(Message):
    """The GetDiagnostics request of OCPP 1.6."""

    location: str
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None
    start_time: Maybe[DateTime] = None
    stop_time: Maybe[DateTime] = None


class GetDiagnosticsResponse(Message):
    """The GetDiagnostics response of OCPP 1.6."""

    file_name: Maybe[Text255] = None


class GetInstalledCertificateIdsRequest(Message):
    """The GetInstalledCertificateIds request of OCPP 1.6."""

    certificate_type: CertificateUseEnumType


class GetInstalledCertificateIdsResponse(Message):
    """The GetInstalledCertificateIds response of OCPP 1.6."""

    status: GetInstalledCertificateStatusEnumType
    certificate_hash_data: Maybe[Annotated[list[CertificateHashDataType], Meta(min_length=1)]] = (
        None
    )


class GetLocalListVersionRequest(Message):
    """The GetLocalListVersion request of OCPP 1.6."""


class GetLocalListVersionResponse(Message):
    """The GetLocalListVersion response of OCPP 1.6."""

    list_version: Int


class LogParametersType(Message):
    """``LogParametersType`` of OCPP 1.6."""

    remote_location: Text512
    oldest_timestamp: Maybe[DateTime] = None
    latest_timestamp: Maybe[DateTime] = None


class GetLogRequest(Message):
    """The GetLog request of OCPP 1.6."""

    log: LogParametersType
    log_type: LogEnumType
    request_id: Int
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None


class GetLogResponse(Message):
    """The GetLog response of OCPP 1.6."""

    status: LogStatusEnumType
    filename: Maybe[Text255] = None


class HeartbeatRequest(Message):
    """The Heartbeat request of OCPP 1.6."""


class HeartbeatResponse(Message):
    """The Heartbeat response of OCPP 1.6."""

    current_time: DateTime


class InstallCertificateRequest(Message):
    """The InstallCertificate request of OCPP 1.6."""

    certificate_type: CertificateUseEnumType
    certificate: Text5500


class InstallCertificateResponse(Message):
    """The InstallCertificate response of OCPP 1.6."""

    status: InstallCertificateStatusEnumType


class LogStatusNotificationRequest(Message):
    """The LogStatusNotification request of OCPP 1.6."""

    status: UploadLogStatusEnumType
    request_id: Maybe[Int] = None


class LogStatusNotificationResponse(Message):
    """The LogStatusNotification response of OCPP 1.6."""


class SampledValue(Message):
    """``SampledValue`` of OCPP 1.6."""

    value: str
    context: Maybe[ReadingContext] = None
    format: Maybe[ValueFormat] = None
    measurand: Maybe[Measurand] = None
    phase: Maybe[Phase] = None
    location: Maybe[Location] = None
    unit: Maybe[UnitOfMeasure] = None


class MeterValue(Message):
    """``MeterValue`` of OCPP 1.6."""

    timestamp: DateTime
    sampled_value: Annotated[list[SampledValue], Meta(min_length=1)]


class MeterValuesRequest(Message):
    """The MeterValues request of OCPP 1.6."""

    connector_id: Int
    meter_value: Annotated[list[MeterValue], Meta(min_length=1)]
    transaction_id: Maybe[Int] = None


class MeterValuesResponse(Message):
    """The MeterValues response of OCPP 1.6."""


class ChargingProfile(Message):
    """``ChargingProfile`` of OCPP 1.6."""

    charging_profile_id: Int
    stack_level: Int
    charging_profile_purpose: ChargingProfilePurpose
    charging_profile_kind: ChargingProfileKind
    charging_schedule: ChargingSchedule
    transaction_id: Maybe[Int] = None
    recurrency_kind: Maybe[RecurrencyKind] = None
    valid_from: Maybe[DateTime] = None
    valid_to: Maybe[DateTime] = None


class RemoteStartTransactionRequest(Message):
    """The RemoteStartTransaction request of OCPP 1.6."""

    id_tag: Text20
    connector_id: Maybe[Int] = None
    charging_profile: Maybe[ChargingProfile] = None


class RemoteStartTransactionResponse(Message):
    """The RemoteStartTransaction response of OCPP 1.6."""

    status: RemoteStartStopStatus


class RemoteStopTransactionRequest(Message):
    """The RemoteStopTransaction request of OCPP 1.6."""

    transaction_id: Int


class RemoteStopTransactionResponse(Message):
    """The RemoteStopTransaction response of OCPP 1.6."""

    status: RemoteStartStopStatus


class ReserveNowRequest(Message):
    """The ReserveNow request of OCPP 1.6."""

    connector_id: Int
    expiry_date: DateTime
    id_tag: Text20
    reservation_id: Int
    parent_id_tag: Maybe[Text20] = None


class ReserveNowResponse(Message):
    """The ReserveNow response of OCPP 1.6."""

    status: ReservationStatus


class ResetRequest(Message):
    """The Reset request of OCPP 1.6."""

    type: ResetType


class ResetResponse(Message):
    """The Reset response of OCPP 1.6."""

    status: ResetStatus


class SecurityEventNotificationRequest(Message):
    """The SecurityEventNotification request of OCPP 1.6."""

    type: Text50
    timestamp: DateTime
    tech_info: Maybe[Text255] = None


class SecurityEventNotificationResponse(Message):
    """The SecurityEventNotification response of OCPP 1.6."""


class AuthorizationData(Message):
    """``AuthorizationData`` of OCPP 1.6."""

    id_tag: Text20
    id_tag_info: Maybe[IdTagInfo] = None


class SendLocalListRequest(Message):
    """The SendLocalList request of OCPP 1.6."""

    list_version: Int
    update_type: UpdateType
    local_authorization_list: Maybe[list[AuthorizationData]] = None


class SendLocalListResponse(Message):
    """The SendLocalList response of OCPP 1.6."""

    status: UpdateStatus


class SetChargingProfileRequest(Message):
    """The SetChargingProfile request of OCPP 1.6."""

    connector_id: Int
    cs_charging_profiles: ChargingProfile


class SetChargingProfileResponse(Message):
    """The SetChargingProfile response of OCPP 1.6."""

    status: ChargingProfileStatus


class SignCertificateRequest(Message):
    """The SignCertificate request of OCPP 1.6."""

    csr: Text5500


class SignCertificateResponse(Message):
    """The SignCertificate response of OCPP 1.6."""

    status: GenericStatusEnumType


class SignedFirmwareStatusNotificationRequest(Message):
    """The SignedFirmwareStatusNotification request of OCPP 1.6."""

    status: FirmwareStatusEnumType
    request_id: Maybe[Int] = None


class SignedFirmwareStatusNotificationResponse(Message):
    """The SignedFirmwareStatusNotification response of OCPP 1.6."""


class FirmwareType(Message):
    """``FirmwareType`` of OCPP 1.6."""

    location: Text512
    retrieve_date_time: DateTime
    signing_certificate: Text5500
    signature: Text800
    install_date_time: Maybe[DateTime] = None


class SignedUpdateFirmwareRequest(Message):
    """The SignedUpdateFirmware request of OCPP 1.6."""

    request_id: Int
    firmware: FirmwareType
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None


class SignedUpdateFirmwareResponse(Message):
    """The SignedUpdateFirmware response of OCPP 1.6."""

    status: UpdateFirmwareStatusEnumType


class StartTransactionRequest(Message):
    """The StartTransaction request of OCPP 1.6."""

    connector_id: Int
    id_tag: Text20
    meter_start: Int
    timestamp: DateTime
    reservation_id: Maybe[Int] = None


class StartTransactionResponse(Message):
    """The StartTransaction response of OCPP 1.6."""

    id_tag_info: IdTagInfo
    transaction_id: Int


class StatusNotificationRequest(Message):
    """The StatusNotification request of OCPP 1.6."""

    connector_id: Int
    error_code: ChargePointErrorCode
    status: ChargePointStatus
    info: Maybe[Text50] = None
    timestamp: Maybe[DateTime] = None
    vendor_id: Maybe[Text255] = None
    vendor_error_code: Maybe[Text50] = None


class StatusNotificationResponse(Message):
    """The StatusNotification response of OCPP 1.6."""


class TransactionMeterValue(Message):
    """``TransactionMeterValue`` of OCPP 1.6."""

    timestamp: DateTime
    sampled_value: list[SampledValue]


class StopTransactionRequest(Message):
    """The StopTransaction request of OCPP 1.6."""

    meter_stop: Int
    timestamp: DateTime
    transaction_id: Int
    id_tag: Maybe[Text20] = None
    reason: Maybe[Reason] = None
    transaction_data: Maybe[list[TransactionMeterValue]] = None


class StopTransactionResponse(Message):
    """The StopTransaction response of OCPP 1.6."""

    id_tag_info: Maybe[IdTagInfo] = None


class TriggerMessageRequest(Message):
    """The TriggerMessage request of OCPP 1.6."""

    requested_message: MessageTrigger
    connector_id: Maybe[Int] = None


class TriggerMessageResponse(Message):
    """The TriggerMessage response of OCPP 1.6."""

    status: TriggerMessageStatus


class UnlockConnectorRequest(Message):
    """The UnlockConnector request of OCPP 1.6."""

    connector_id: Int


class UnlockConnectorResponse(Message):
    """The UnlockConnector response of OCPP 1.6."""

    status: UnlockStatus


class UpdateFirmwareRequest(Message):
    """The UpdateFirmware request of OCPP 1.6."""

    location: str
    retrieve_date: DateTime
    retries: Maybe[Int] = None
    retry_interval: Maybe[Int] = None


class UpdateFirmwareResponse(Message):
    """The UpdateFirmware response of OCPP 1.6."""


ACTIONS: Actions = {
    action.name: action
    for action in (
        Action("Authorize", AuthorizeRequest, AuthorizeResponse, STATION),
        Action("BootNotification", BootNotificationRequest, BootNotificationResponse, STATION),
        Action("CancelReservation", CancelReservationRequest, CancelReservationResponse, CSMS),
        Action("CertificateSigned", CertificateSignedRequest, CertificateSignedResponse, CSMS),
        Action("ChangeAvailability", ChangeAvailabilityRequest, ChangeAvailabilityResponse, CSMS),
        Action(
            "ChangeConfiguration", ChangeConfigurationRequest, ChangeConfigurationResponse, CSMS
        ),
        Action("ClearCache", ClearCacheRequest, ClearCacheResponse, CSMS),
        Action(
            "ClearChargingProfile", ClearChargingProfileRequest, ClearChargingProfileResponse, CSMS
        ),
        Action("DataTransfer", DataTransferRequest, DataTransferResponse, BOTH),
        Action("DeleteCertificate", DeleteCertificateRequest, DeleteCertificateResponse, CSMS),
        Action(
            "DiagnosticsStatusNotification",
            DiagnosticsStatusNotificationRequest,
            DiagnosticsStatusNotificationResponse,
            STATION,
        ),
        Action(
            "ExtendedTriggerMessage",
            ExtendedTriggerMessageRequest,
            ExtendedTriggerMessageResponse,
            CSMS,
        ),
        Action(
            "FirmwareStatusNotification",
            FirmwareStatusNotificationRequest,
            FirmwareStatusNotificationResponse,
            STATION,
        ),
        Action(
            "GetCompositeSchedule", GetCompositeScheduleRequest, GetCompositeScheduleResponse, CSMS
        ),
        Action("GetConfiguration", GetConfigurationRequest, GetConfigurationResponse, CSMS),
        Action("GetDiagnostics", GetDiagnosticsRequest, GetDiagnosticsResponse, CSMS),
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
            "RemoteStartTransaction",
            RemoteStartTransactionRequest,
            RemoteStartTransactionResponse,
            CSMS,
        ),
        Action(
            "RemoteStopTransaction",
            RemoteStopTransactionRequest,
            RemoteStopTransactionResponse,
            CSMS,
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
        Action("SignCertificate", SignCertificateRequest, SignCertificateResponse, STATION),
        Action(
            "SignedFirmwareStatusNotification",
            SignedFirmwareStatusNotificationRequest,
            SignedFirmwareStatusNotificationResponse,
            STATION,
        ),
        Action(
            "SignedUpdateFirmware", SignedUpdateFirmwareRequest, SignedUpdateFirmwareResponse, CSMS
        ),
        Action("StartTransaction", StartTransactionRequest, StartTransactionResponse, STATION),
        Action(
            "StatusNotification", StatusNotificationRequest, StatusNotificationResponse, STATION
        ),
        Action("StopTransaction", StopTransactionRequest, StopTransactionResponse, STATION),
        Action("TriggerMessage", TriggerMessageRequest, TriggerMessageResponse, CSMS),
        Action("UnlockConnector", UnlockConnectorRequest, UnlockConnectorResponse, CSMS),
        Action("UpdateFirmware", UpdateFirmwareRequest, UpdateFirmwareResponse, CSMS),
    )
}
