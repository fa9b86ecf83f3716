"""Every message of OCPP 2.1, as checked structs.

Generated from the OCPP 2.1 schemas in the ocpp package by tools/gen_ocpp.py; do not edit.
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
    Side,
    Unconfirmed,
    check_number,
)
from ohmstead.wire.ocpp.v201 import APNAuthenticationEnumType as APNAuthenticationEnumType
from ohmstead.wire.ocpp.v201 import AttributeEnumType as AttributeEnumType
from ohmstead.wire.ocpp.v201 import AuthorizationStatusEnumType as AuthorizationStatusEnumType
from ohmstead.wire.ocpp.v201 import (
    AuthorizeCertificateStatusEnumType as AuthorizeCertificateStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import BootNotificationRequest as BootNotificationRequest
from ohmstead.wire.ocpp.v201 import BootReasonEnumType as BootReasonEnumType
from ohmstead.wire.ocpp.v201 import (
    CancelReservationStatusEnumType as CancelReservationStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import CertificateActionEnumType as CertificateActionEnumType
from ohmstead.wire.ocpp.v201 import CertificateHashDataType as CertificateHashDataType
from ohmstead.wire.ocpp.v201 import (
    CertificateSignedStatusEnumType as CertificateSignedStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import (
    ChangeAvailabilityStatusEnumType as ChangeAvailabilityStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import ChargingProfileStatusEnumType as ChargingProfileStatusEnumType
from ohmstead.wire.ocpp.v201 import ChargingRateUnitEnumType as ChargingRateUnitEnumType
from ohmstead.wire.ocpp.v201 import ChargingStateEnumType as ChargingStateEnumType
from ohmstead.wire.ocpp.v201 import ChargingStationType as ChargingStationType
from ohmstead.wire.ocpp.v201 import ClearCacheRequest as ClearCacheRequest
from ohmstead.wire.ocpp.v201 import ClearCacheStatusEnumType as ClearCacheStatusEnumType
from ohmstead.wire.ocpp.v201 import (
    ClearChargingProfileStatusEnumType as ClearChargingProfileStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import ClearedChargingLimitResponse as ClearedChargingLimitResponse
from ohmstead.wire.ocpp.v201 import ClearMonitoringStatusEnumType as ClearMonitoringStatusEnumType
from ohmstead.wire.ocpp.v201 import ComponentCriterionEnumType as ComponentCriterionEnumType
from ohmstead.wire.ocpp.v201 import ConnectorStatusEnumType as ConnectorStatusEnumType
from ohmstead.wire.ocpp.v201 import ConsumptionCostType as ConsumptionCostType
from ohmstead.wire.ocpp.v201 import CostKindEnumType as CostKindEnumType
from ohmstead.wire.ocpp.v201 import CostType as CostType
from ohmstead.wire.ocpp.v201 import CostUpdatedRequest as CostUpdatedRequest
from ohmstead.wire.ocpp.v201 import CostUpdatedResponse as CostUpdatedResponse
from ohmstead.wire.ocpp.v201 import CustomDataType as CustomDataType
from ohmstead.wire.ocpp.v201 import (
    CustomerInformationStatusEnumType as CustomerInformationStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import DataEnumType as DataEnumType
from ohmstead.wire.ocpp.v201 import DataTransferRequest as DataTransferRequest
from ohmstead.wire.ocpp.v201 import DataTransferStatusEnumType as DataTransferStatusEnumType
from ohmstead.wire.ocpp.v201 import DeleteCertificateRequest as DeleteCertificateRequest
from ohmstead.wire.ocpp.v201 import (
    DeleteCertificateStatusEnumType as DeleteCertificateStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import EventNotificationEnumType as EventNotificationEnumType
from ohmstead.wire.ocpp.v201 import EventTriggerEnumType as EventTriggerEnumType
from ohmstead.wire.ocpp.v201 import FirmwareStatusEnumType as FirmwareStatusEnumType
from ohmstead.wire.ocpp.v201 import (
    FirmwareStatusNotificationResponse as FirmwareStatusNotificationResponse,
)
from ohmstead.wire.ocpp.v201 import (
    GenericDeviceModelStatusEnumType as GenericDeviceModelStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import GenericStatusEnumType as GenericStatusEnumType
from ohmstead.wire.ocpp.v201 import GetBaseReportRequest as GetBaseReportRequest
from ohmstead.wire.ocpp.v201 import GetCertificateStatusEnumType as GetCertificateStatusEnumType
from ohmstead.wire.ocpp.v201 import (
    GetChargingProfileStatusEnumType as GetChargingProfileStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import (
    GetDisplayMessagesStatusEnumType as GetDisplayMessagesStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import (
    GetInstalledCertificateStatusEnumType as GetInstalledCertificateStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import GetLocalListVersionRequest as GetLocalListVersionRequest
from ohmstead.wire.ocpp.v201 import GetLocalListVersionResponse as GetLocalListVersionResponse
from ohmstead.wire.ocpp.v201 import GetTransactionStatusRequest as GetTransactionStatusRequest
from ohmstead.wire.ocpp.v201 import GetTransactionStatusResponse as GetTransactionStatusResponse
from ohmstead.wire.ocpp.v201 import GetVariableStatusEnumType as GetVariableStatusEnumType
from ohmstead.wire.ocpp.v201 import HashAlgorithmEnumType as HashAlgorithmEnumType
from ohmstead.wire.ocpp.v201 import HeartbeatRequest as HeartbeatRequest
from ohmstead.wire.ocpp.v201 import HeartbeatResponse as HeartbeatResponse
from ohmstead.wire.ocpp.v201 import (
    InstallCertificateStatusEnumType as InstallCertificateStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import (
    Iso15118EVCertificateStatusEnumType as Iso15118EVCertificateStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import LogStatusEnumType as LogStatusEnumType
from ohmstead.wire.ocpp.v201 import LogStatusNotificationResponse as LogStatusNotificationResponse
from ohmstead.wire.ocpp.v201 import MessagePriorityEnumType as MessagePriorityEnumType
from ohmstead.wire.ocpp.v201 import MeterValuesResponse as MeterValuesResponse
from ohmstead.wire.ocpp.v201 import ModemType as ModemType
from ohmstead.wire.ocpp.v201 import MonitoringBaseEnumType as MonitoringBaseEnumType
from ohmstead.wire.ocpp.v201 import MonitoringCriterionEnumType as MonitoringCriterionEnumType
from ohmstead.wire.ocpp.v201 import MutabilityEnumType as MutabilityEnumType
from ohmstead.wire.ocpp.v201 import NotifyChargingLimitResponse as NotifyChargingLimitResponse
from ohmstead.wire.ocpp.v201 import (
    NotifyCustomerInformationResponse as NotifyCustomerInformationResponse,
)
from ohmstead.wire.ocpp.v201 import NotifyDisplayMessagesResponse as NotifyDisplayMessagesResponse
from ohmstead.wire.ocpp.v201 import NotifyEventResponse as NotifyEventResponse
from ohmstead.wire.ocpp.v201 import NotifyMonitoringReportResponse as NotifyMonitoringReportResponse
from ohmstead.wire.ocpp.v201 import NotifyReportResponse as NotifyReportResponse
from ohmstead.wire.ocpp.v201 import OCPPTransportEnumType as OCPPTransportEnumType
from ohmstead.wire.ocpp.v201 import OperationalStatusEnumType as OperationalStatusEnumType
from ohmstead.wire.ocpp.v201 import PhaseEnumType as PhaseEnumType
from ohmstead.wire.ocpp.v201 import PublishFirmwareStatusEnumType as PublishFirmwareStatusEnumType
from ohmstead.wire.ocpp.v201 import (
    PublishFirmwareStatusNotificationResponse as PublishFirmwareStatusNotificationResponse,
)
from ohmstead.wire.ocpp.v201 import ReadingContextEnumType as ReadingContextEnumType
from ohmstead.wire.ocpp.v201 import RecurrencyKindEnumType as RecurrencyKindEnumType
from ohmstead.wire.ocpp.v201 import RegistrationStatusEnumType as RegistrationStatusEnumType
from ohmstead.wire.ocpp.v201 import RelativeTimeIntervalType as RelativeTimeIntervalType
from ohmstead.wire.ocpp.v201 import ReportBaseEnumType as ReportBaseEnumType
from ohmstead.wire.ocpp.v201 import ReportChargingProfilesResponse as ReportChargingProfilesResponse
from ohmstead.wire.ocpp.v201 import RequestStartStopStatusEnumType as RequestStartStopStatusEnumType
from ohmstead.wire.ocpp.v201 import RequestStopTransactionRequest as RequestStopTransactionRequest
from ohmstead.wire.ocpp.v201 import (
    ReservationStatusUpdateResponse as ReservationStatusUpdateResponse,
)
from ohmstead.wire.ocpp.v201 import ReserveNowStatusEnumType as ReserveNowStatusEnumType
from ohmstead.wire.ocpp.v201 import ResetStatusEnumType as ResetStatusEnumType
from ohmstead.wire.ocpp.v201 import SalesTariffEntryType as SalesTariffEntryType
from ohmstead.wire.ocpp.v201 import (
    SecurityEventNotificationRequest as SecurityEventNotificationRequest,
)
from ohmstead.wire.ocpp.v201 import (
    SecurityEventNotificationResponse as SecurityEventNotificationResponse,
)
from ohmstead.wire.ocpp.v201 import SendLocalListStatusEnumType as SendLocalListStatusEnumType
from ohmstead.wire.ocpp.v201 import SetMonitoringBaseRequest as SetMonitoringBaseRequest
from ohmstead.wire.ocpp.v201 import SetMonitoringStatusEnumType as SetMonitoringStatusEnumType
from ohmstead.wire.ocpp.v201 import (
    SetNetworkProfileStatusEnumType as SetNetworkProfileStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import SetVariableStatusEnumType as SetVariableStatusEnumType
from ohmstead.wire.ocpp.v201 import StatusNotificationResponse as StatusNotificationResponse
from ohmstead.wire.ocpp.v201 import TransactionEventEnumType as TransactionEventEnumType
from ohmstead.wire.ocpp.v201 import TriggerMessageStatusEnumType as TriggerMessageStatusEnumType
from ohmstead.wire.ocpp.v201 import UnitOfMeasureType as UnitOfMeasureType
from ohmstead.wire.ocpp.v201 import UnlockStatusEnumType as UnlockStatusEnumType
from ohmstead.wire.ocpp.v201 import UnpublishFirmwareRequest as UnpublishFirmwareRequest
from ohmstead.wire.ocpp.v201 import UnpublishFirmwareResponse as UnpublishFirmwareResponse
from ohmstead.wire.ocpp.v201 import (
    UnpublishFirmwareStatusEnumType as UnpublishFirmwareStatusEnumType,
)
from ohmstead.wire.ocpp.v201 import UpdateEnumType as UpdateEnumType
from ohmstead.wire.ocpp.v201 import UpdateFirmwareStatusEnumType as UpdateFirmwareStatusEnumType
from ohmstead.wire.ocpp.v201 import UploadLogStatusEnumType as UploadLogStatusEnumType
from ohmstead.wire.ocpp.v201 import VariableAttributeType as VariableAttributeType
from ohmstead.wire.ocpp.v201 import VariableType as VariableType
from ohmstead.wire.ocpp.v201 import VPNEnumType as VPNEnumType

Text3 = Annotated[str, Meta(max_length=3)]
Text6 = Annotated[str, Meta(max_length=6)]
Text8 = Annotated[str, Meta(max_length=8)]
Text16 = Annotated[str, Meta(max_length=16)]
Text20 = Annotated[str, Meta(max_length=20)]
Text25 = Annotated[str, Meta(max_length=25)]
Text32 = Annotated[str, Meta(max_length=32)]
Text36 = Annotated[str, Meta(max_length=36)]
Text40 = Annotated[str, Meta(max_length=40)]
Text48 = Annotated[str, Meta(max_length=48)]
Text50 = Annotated[str, Meta(max_length=50)]
Text60 = Annotated[str, Meta(max_length=60)]
Text64 = Annotated[str, Meta(max_length=64)]
Text80 = Annotated[str, Meta(max_length=80)]
Text88 = Annotated[str, Meta(max_length=88)]
Text100 = Annotated[str, Meta(max_length=100)]
Text128 = Annotated[str, Meta(max_length=128)]
Text160 = Annotated[str, Meta(max_length=160)]
Text200 = Annotated[str, Meta(max_length=200)]
Text255 = Annotated[str, Meta(max_length=255)]
Text256 = Annotated[str, Meta(max_length=256)]
Text500 = Annotated[str, Meta(max_length=500)]
Text512 = Annotated[str, Meta(max_length=512)]
Text800 = Annotated[str, Meta(max_length=800)]
Text1000 = Annotated[str, Meta(max_length=1000)]
Text1024 = Annotated[str, Meta(max_length=1024)]
Text2000 = Annotated[str, Meta(max_length=2000)]
Text2500 = Annotated[str, Meta(max_length=2500)]
Text5500 = Annotated[str, Meta(max_length=5500)]
Text10000 = Annotated[str, Meta(max_length=10000)]
Text11000 = Annotated[str, Meta(max_length=11000)]
Text17000 = Annotated[str, Meta(max_length=17000)]
Text18000 = Annotated[str, Meta(max_length=18000)]
Text32768 = Annotated[str, Meta(max_length=32768)]

STATION = frozenset({Side.STATION})
CSMS = frozenset({Side.CSMS})
BOTH = frozenset({Side.STATION, Side.CSMS})


class BatterySwapEventEnumType(enum.StrEnum):
    """``BatterySwapEventEnumType`` of OCPP 2.1."""

    BATTERY_IN = "BatteryIn"
    BATTERY_OUT = "BatteryOut"
    BATTERY_OUT_TIMEOUT = "BatteryOutTimeout"


class CertificateSigningUseEnumType(enum.StrEnum):
    """``CertificateSigningUseEnumType`` of OCPP 2.1."""

    CHARGING_STATION_CERTIFICATE = "ChargingStationCertificate"
    V2_G_CERTIFICATE = "V2GCertificate"
    V2_G20_CERTIFICATE = "V2G20Certificate"


class CertificateStatusEnumType(enum.StrEnum):
    """``CertificateStatusEnumType`` of OCPP 2.1."""

    GOOD = "Good"
    REVOKED = "Revoked"
    UNKNOWN = "Unknown"
    FAILED = "Failed"


class CertificateStatusSourceEnumType(enum.StrEnum):
    """``CertificateStatusSourceEnumType`` of OCPP 2.1."""

    CRL = "CRL"
    OCSP = "OCSP"


class ChargingProfileKindEnumType(enum.StrEnum):
    """``ChargingProfileKindEnumType`` of OCPP 2.1."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


class ChargingProfilePurposeEnumType(enum.StrEnum):
    """``ChargingProfilePurposeEnumType`` of OCPP 2.1."""

    CHARGING_STATION_EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    CHARGING_STATION_MAX_PROFILE = "ChargingStationMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"
    PRIORITY_CHARGING = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class ClearMessageStatusEnumType(enum.StrEnum):
    """``ClearMessageStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"
    REJECTED = "Rejected"


class ControlModeEnumType(enum.StrEnum):
    """``ControlModeEnumType`` of OCPP 2.1."""

    SCHEDULED_CONTROL = "ScheduledControl"
    DYNAMIC_CONTROL = "DynamicControl"


class CostDimensionEnumType(enum.StrEnum):
    """``CostDimensionEnumType`` of OCPP 2.1."""

    ENERGY = "Energy"
    MAX_CURRENT = "MaxCurrent"
    MIN_CURRENT = "MinCurrent"
    MAX_POWER = "MaxPower"
    MIN_POWER = "MinPower"
    IDLE_T_IME = "IdleTIme"
    CHARGING_TIME = "ChargingTime"


class DERControlEnumType(enum.StrEnum):
    """``DERControlEnumType`` of OCPP 2.1."""

    ENTER_SERVICE = "EnterService"
    FREQ_DROOP = "FreqDroop"
    FREQ_WATT = "FreqWatt"
    FIXED_PF_ABSORB = "FixedPFAbsorb"
    FIXED_PF_INJECT = "FixedPFInject"
    FIXED_VAR = "FixedVar"
    GRADIENTS = "Gradients"
    HF_MUST_TRIP = "HFMustTrip"
    HF_MAY_TRIP = "HFMayTrip"
    HV_MUST_TRIP = "HVMustTrip"
    HV_MOM_CESS = "HVMomCess"
    HV_MAY_TRIP = "HVMayTrip"
    LIMIT_MAX_DISCHARGE = "LimitMaxDischarge"
    LF_MUST_TRIP = "LFMustTrip"
    LV_MUST_TRIP = "LVMustTrip"
    LV_MOM_CESS = "LVMomCess"
    LV_MAY_TRIP = "LVMayTrip"
    POWER_MONITORING_MUST_TRIP = "PowerMonitoringMustTrip"
    VOLT_VAR = "VoltVar"
    VOLT_WATT = "VoltWatt"
    WATT_PF = "WattPF"
    WATT_VAR = "WattVar"


class DERControlStatusEnumType(enum.StrEnum):
    """``DERControlStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"
    NOT_FOUND = "NotFound"


class DERUnitEnumType(enum.StrEnum):
    """``DERUnitEnumType`` of OCPP 2.1."""

    NOT_APPLICABLE = "Not_Applicable"
    PCT_MAX_W = "PctMaxW"
    PCT_MAX_VAR = "PctMaxVar"
    PCT_W_AVAIL = "PctWAvail"
    PCT_VAR_AVAIL = "PctVarAvail"
    PCT_EFFECTIVE_V = "PctEffectiveV"


class DayOfWeekEnumType(enum.StrEnum):
    """``DayOfWeekEnumType`` of OCPP 2.1."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class DisplayMessageStatusEnumType(enum.StrEnum):
    """``DisplayMessageStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED_MESSAGE_FORMAT = "NotSupportedMessageFormat"
    REJECTED = "Rejected"
    NOT_SUPPORTED_PRIORITY = "NotSupportedPriority"
    NOT_SUPPORTED_STATE = "NotSupportedState"
    UNKNOWN_TRANSACTION = "UnknownTransaction"
    LANGUAGE_NOT_SUPPORTED = "LanguageNotSupported"


class EnergyTransferModeEnumType(enum.StrEnum):
    """``EnergyTransferModeEnumType`` of OCPP 2.1."""

    AC_SINGLE_PHASE = "AC_single_phase"
    AC_TWO_PHASE = "AC_two_phase"
    AC_THREE_PHASE = "AC_three_phase"
    DC = "DC"
    AC_BPT = "AC_BPT"
    AC_BPT_DER = "AC_BPT_DER"
    AC_DER = "AC_DER"
    DC_BPT = "DC_BPT"
    DC_ACDP = "DC_ACDP"
    DC_ACDP_BPT = "DC_ACDP_BPT"
    WPT = "WPT"


class EvseKindEnumType(enum.StrEnum):
    """``EvseKindEnumType`` of OCPP 2.1."""

    AC = "AC"
    DC = "DC"


class GetCertificateIdUseEnumType(enum.StrEnum):
    """``GetCertificateIdUseEnumType`` of OCPP 2.1."""

    V2_G_ROOT_CERTIFICATE = "V2GRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    V2_G_CERTIFICATE_CHAIN = "V2GCertificateChain"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"
    OEM_ROOT_CERTIFICATE = "OEMRootCertificate"


class GridEventFaultEnumType(enum.StrEnum):
    """``GridEventFaultEnumType`` of OCPP 2.1."""

    CURRENT_IMBALANCE = "CurrentImbalance"
    LOCAL_EMERGENCY = "LocalEmergency"
    LOW_INPUT_POWER = "LowInputPower"
    OVER_CURRENT = "OverCurrent"
    OVER_FREQUENCY = "OverFrequency"
    OVER_VOLTAGE = "OverVoltage"
    PHASE_ROTATION = "PhaseRotation"
    REMOTE_EMERGENCY = "RemoteEmergency"
    UNDER_FREQUENCY = "UnderFrequency"
    UNDER_VOLTAGE = "UnderVoltage"
    VOLTAGE_IMBALANCE = "VoltageImbalance"


class InstallCertificateUseEnumType(enum.StrEnum):
    """``InstallCertificateUseEnumType`` of OCPP 2.1."""

    V2_G_ROOT_CERTIFICATE = "V2GRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"
    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    OEM_ROOT_CERTIFICATE = "OEMRootCertificate"


class IslandingDetectionEnumType(enum.StrEnum):
    """``IslandingDetectionEnumType`` of OCPP 2.1."""

    NO_ANTI_ISLANDING_SUPPORT = "NoAntiIslandingSupport"
    RO_CO_F = "RoCoF"
    UVP_OVP = "UVP_OVP"
    UFP_OFP = "UFP_OFP"
    VOLTAGE_VECTOR_SHIFT = "VoltageVectorShift"
    ZERO_CROSSING_DETECTION = "ZeroCrossingDetection"
    OTHER_PASSIVE = "OtherPassive"
    IMPEDANCE_MEASUREMENT = "ImpedanceMeasurement"
    IMPEDANCE_AT_FREQUENCY = "ImpedanceAtFrequency"
    SLIP_MODE_FREQUENCY_SHIFT = "SlipModeFrequencyShift"
    SANDIA_FREQUENCY_SHIFT = "SandiaFrequencyShift"
    SANDIA_VOLTAGE_SHIFT = "SandiaVoltageShift"
    FREQUENCY_JUMP = "FrequencyJump"
    RCLQ_FACTOR = "RCLQFactor"
    OTHER_ACTIVE = "OtherActive"


class LocationEnumType(enum.StrEnum):
    """``LocationEnumType`` of OCPP 2.1."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"
    UPSTREAM = "Upstream"


class LogEnumType(enum.StrEnum):
    """``LogEnumType`` of OCPP 2.1."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"
    DATA_COLLECTOR_LOG = "DataCollectorLog"


class MeasurandEnumType(enum.StrEnum):
    """``MeasurandEnumType`` of OCPP 2.1."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_EXPORT_OFFERED = "Current.Export.Offered"
    CURRENT_EXPORT_MINIMUM = "Current.Export.Minimum"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_IMPORT_OFFERED = "Current.Import.Offered"
    CURRENT_IMPORT_MINIMUM = "Current.Import.Minimum"
    CURRENT_OFFERED = "Current.Offered"
    DISPLAY_PRESENT_SOC = "Display.PresentSOC"
    DISPLAY_MINIMUM_SOC = "Display.MinimumSOC"
    DISPLAY_TARGET_SOC = "Display.TargetSOC"
    DISPLAY_MAXIMUM_SOC = "Display.MaximumSOC"
    DISPLAY_REMAINING_TIME_TO_MINIMUM_SOC = "Display.RemainingTimeToMinimumSOC"
    DISPLAY_REMAINING_TIME_TO_TARGET_SOC = "Display.RemainingTimeToTargetSOC"
    DISPLAY_REMAINING_TIME_TO_MAXIMUM_SOC = "Display.RemainingTimeToMaximumSOC"
    DISPLAY_CHARGING_COMPLETE = "Display.ChargingComplete"
    DISPLAY_BATTERY_ENERGY_CAPACITY = "Display.BatteryEnergyCapacity"
    DISPLAY_INLET_HOT = "Display.InletHot"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_ACTIVE_IMPORT_CABLE_LOSS = "Energy.Active.Import.CableLoss"
    ENERGY_ACTIVE_IMPORT_LOCAL_GENERATION_REGISTER = "Energy.Active.Import.LocalGeneration.Register"
    ENERGY_ACTIVE_NET = "Energy.Active.Net"
    ENERGY_ACTIVE_SETPOINT_INTERVAL = "Energy.Active.Setpoint.Interval"
    ENERGY_APPARENT_EXPORT = "Energy.Apparent.Export"
    ENERGY_APPARENT_IMPORT = "Energy.Apparent.Import"
    ENERGY_APPARENT_NET = "Energy.Apparent.Net"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_REACTIVE_NET = "Energy.Reactive.Net"
    ENERGY_REQUEST_TARGET = "EnergyRequest.Target"
    ENERGY_REQUEST_MINIMUM = "EnergyRequest.Minimum"
    ENERGY_REQUEST_MAXIMUM = "EnergyRequest.Maximum"
    ENERGY_REQUEST_MINIMUM_V2_X = "EnergyRequest.Minimum.V2X"
    ENERGY_REQUEST_MAXIMUM_V2_X = "EnergyRequest.Maximum.V2X"
    ENERGY_REQUEST_BULK = "EnergyRequest.Bulk"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_ACTIVE_SETPOINT = "Power.Active.Setpoint"
    POWER_ACTIVE_RESIDUAL = "Power.Active.Residual"
    POWER_EXPORT_MINIMUM = "Power.Export.Minimum"
    POWER_EXPORT_OFFERED = "Power.Export.Offered"
    POWER_FACTOR = "Power.Factor"
    POWER_IMPORT_OFFERED = "Power.Import.Offered"
    POWER_IMPORT_MINIMUM = "Power.Import.Minimum"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    SOC = "SoC"
    VOLTAGE = "Voltage"
    VOLTAGE_MINIMUM = "Voltage.Minimum"
    VOLTAGE_MAXIMUM = "Voltage.Maximum"


class MessageFormatEnumType(enum.StrEnum):
    """``MessageFormatEnumType`` of OCPP 2.1."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"
    QRCODE = "QRCODE"


class MessageStateEnumType(enum.StrEnum):
    """``MessageStateEnumType`` of OCPP 2.1."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"
    SUSPENDED = "Suspended"
    DISCHARGING = "Discharging"


class MessageTriggerEnumType(enum.StrEnum):
    """``MessageTriggerEnumType`` of OCPP 2.1."""

    BOOT_NOTIFICATION = "BootNotification"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    SIGN_CHARGING_STATION_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_V2_G_CERTIFICATE = "SignV2GCertificate"
    SIGN_V2_G20_CERTIFICATE = "SignV2G20Certificate"
    STATUS_NOTIFICATION = "StatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"
    SIGN_COMBINED_CERTIFICATE = "SignCombinedCertificate"
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION = "PublishFirmwareStatusNotification"
    CUSTOM_TRIGGER = "CustomTrigger"


class MobilityNeedsModeEnumType(enum.StrEnum):
    """``MobilityNeedsModeEnumType`` of OCPP 2.1."""

    EVCC = "EVCC"
    EVCC_SECC = "EVCC_SECC"


class MonitorEnumType(enum.StrEnum):
    """``MonitorEnumType`` of OCPP 2.1."""

    UPPER_THRESHOLD = "UpperThreshold"
    LOWER_THRESHOLD = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"
    TARGET_DELTA = "TargetDelta"
    TARGET_DELTA_RELATIVE = "TargetDeltaRelative"


class NotifyAllowedEnergyTransferStatusEnumType(enum.StrEnum):
    """``NotifyAllowedEnergyTransferStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class NotifyEVChargingNeedsStatusEnumType(enum.StrEnum):
    """``NotifyEVChargingNeedsStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    PROCESSING = "Processing"
    NO_CHARGING_PROFILE = "NoChargingProfile"


class OCPPInterfaceEnumType(enum.StrEnum):
    """``OCPPInterfaceEnumType`` of OCPP 2.1."""

    WIRED0 = "Wired0"
    WIRED1 = "Wired1"
    WIRED2 = "Wired2"
    WIRED3 = "Wired3"
    WIRELESS0 = "Wireless0"
    WIRELESS1 = "Wireless1"
    WIRELESS2 = "Wireless2"
    WIRELESS3 = "Wireless3"
    ANY = "Any"


class OCPPVersionEnumType(enum.StrEnum):
    """``OCPPVersionEnumType`` of OCPP 2.1."""

    OCPP12 = "OCPP12"
    OCPP15 = "OCPP15"
    OCPP16 = "OCPP16"
    OCPP20 = "OCPP20"
    OCPP201 = "OCPP201"
    OCPP21 = "OCPP21"


class OperationModeEnumType(enum.StrEnum):
    """``OperationModeEnumType`` of OCPP 2.1."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"


class PaymentStatusEnumType(enum.StrEnum):
    """``PaymentStatusEnumType`` of OCPP 2.1."""

    SETTLED = "Settled"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    FAILED = "Failed"


class PowerDuringCessationEnumType(enum.StrEnum):
    """``PowerDuringCessationEnumType`` of OCPP 2.1."""

    ACTIVE = "Active"
    REACTIVE = "Reactive"


class PreconditioningStatusEnumType(enum.StrEnum):
    """``PreconditioningStatusEnumType`` of OCPP 2.1."""

    UNKNOWN = "Unknown"
    READY = "Ready"
    NOT_READY = "NotReady"
    PRECONDITIONING = "Preconditioning"


class PriorityChargingStatusEnumType(enum.StrEnum):
    """``PriorityChargingStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_PROFILE = "NoProfile"


class ReasonEnumType(enum.StrEnum):
    """``ReasonEnumType`` of OCPP 2.1."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    MASTER_PASS = "MasterPass"
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
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
    REQ_ENERGY_TRANSFER_REJECTED = "ReqEnergyTransferRejected"


class ReservationUpdateStatusEnumType(enum.StrEnum):
    """``ReservationUpdateStatusEnumType`` of OCPP 2.1."""

    EXPIRED = "Expired"
    REMOVED = "Removed"
    NO_TRANSACTION = "NoTransaction"


class ResetEnumType(enum.StrEnum):
    """``ResetEnumType`` of OCPP 2.1."""

    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"
    IMMEDIATE_AND_RESUME = "ImmediateAndResume"


class TariffChangeStatusEnumType(enum.StrEnum):
    """``TariffChangeStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    TOO_MANY_ELEMENTS = "TooManyElements"
    CONDITION_NOT_SUPPORTED = "ConditionNotSupported"
    TX_NOT_FOUND = "TxNotFound"
    NO_CURRENCY_CHANGE = "NoCurrencyChange"


class TariffClearStatusEnumType(enum.StrEnum):
    """``TariffClearStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_TARIFF = "NoTariff"


class TariffCostEnumType(enum.StrEnum):
    """``TariffCostEnumType`` of OCPP 2.1."""

    NORMAL_COST = "NormalCost"
    MIN_COST = "MinCost"
    MAX_COST = "MaxCost"


class TariffGetStatusEnumType(enum.StrEnum):
    """``TariffGetStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_TARIFF = "NoTariff"


class TariffKindEnumType(enum.StrEnum):
    """``TariffKindEnumType`` of OCPP 2.1."""

    DEFAULT_TARIFF = "DefaultTariff"
    DRIVER_TARIFF = "DriverTariff"


class TariffSetStatusEnumType(enum.StrEnum):
    """``TariffSetStatusEnumType`` of OCPP 2.1."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    TOO_MANY_ELEMENTS = "TooManyElements"
    CONDITION_NOT_SUPPORTED = "ConditionNotSupported"
    DUPLICATE_TARIFF_ID = "DuplicateTariffId"


class TriggerReasonEnumType(enum.StrEnum):
    """``TriggerReasonEnumType`` of OCPP 2.1."""

    ABNORMAL_CONDITION = "AbnormalCondition"
    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    COST_LIMIT_REACHED = "CostLimitReached"
    DEAUTHORIZED = "Deauthorized"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    EV_DEPARTED = "EVDeparted"
    EV_DETECTED = "EVDetected"
    LIMIT_SET = "LimitSet"
    METER_VALUE_CLOCK = "MeterValueClock"
    METER_VALUE_PERIODIC = "MeterValuePeriodic"
    OPERATION_MODE_CHANGED = "OperationModeChanged"
    REMOTE_START = "RemoteStart"
    REMOTE_STOP = "RemoteStop"
    RESET_COMMAND = "ResetCommand"
    RUNNING_COST = "RunningCost"
    SIGNED_DATA_RECEIVED = "SignedDataReceived"
    SOC_LIMIT_REACHED = "SoCLimitReached"
    STOP_AUTHORIZED = "StopAuthorized"
    TARIFF_CHANGED = "TariffChanged"
    TARIFF_NOT_ACCEPTED = "TariffNotAccepted"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TRIGGER = "Trigger"
    TX_RESUMED = "TxResumed"
    UNLOCK_COMMAND = "UnlockCommand"


class AFRRSignalRequest(Message):
    """The AFRRSignal request of OCPP 2.1."""

    timestamp: DateTime
    signal: Int
    custom_data: Maybe[CustomDataType] = None


class StatusInfoType(Message):
    """``StatusInfoType`` of OCPP 2.1."""

    reason_code: Text20
    additional_info: Maybe[Text1024] = None
    custom_data: Maybe[CustomDataType] = None


class AFRRSignalResponse(Message):
    """The AFRRSignal response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class PeriodicEventStreamParamsType(Message):
    """``PeriodicEventStreamParamsType`` of OCPP 2.1."""

    interval: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    values: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class AdjustPeriodicEventStreamRequest(Message):
    """The AdjustPeriodicEventStream request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    params: PeriodicEventStreamParamsType
    custom_data: Maybe[CustomDataType] = None


class AdjustPeriodicEventStreamResponse(Message):
    """The AdjustPeriodicEventStream response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class AdditionalInfoType(Message):
    """``AdditionalInfoType`` of OCPP 2.1."""

    additional_id_token: Text255
    type: Text50
    custom_data: Maybe[CustomDataType] = None


class IdTokenType(Message):
    """``IdTokenType`` of OCPP 2.1."""

    id_token: Text255
    type: Text20
    additional_info: Maybe[Annotated[list[AdditionalInfoType], Meta(min_length=1)]] = None
    custom_data: Maybe[CustomDataType] = None


class OCSPRequestDataType(Message):
    """``OCSPRequestDataType`` of OCPP 2.1."""

    hash_algorithm: HashAlgorithmEnumType
    issuer_name_hash: Text128
    issuer_key_hash: Text128
    serial_number: Text40
    responder_url: Text2000 = field(name="responderURL")
    custom_data: Maybe[CustomDataType] = None


class AuthorizeRequest(Message):
    """The Authorize request of OCPP 2.1."""

    id_token: IdTokenType
    certificate: Maybe[Text10000] = None
    iso15118_certificate_hash_data: Maybe[
        Annotated[list[OCSPRequestDataType], Meta(min_length=1, max_length=4)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class MessageContentType(Message):
    """``MessageContentType`` of OCPP 2.1."""

    format: MessageFormatEnumType
    content: Text1024
    language: Maybe[Text8] = None
    custom_data: Maybe[CustomDataType] = None


class IdTokenInfoType(Message):
    """``IdTokenInfoType`` of OCPP 2.1."""

    status: AuthorizationStatusEnumType
    cache_expiry_date_time: Maybe[DateTime] = None
    charging_priority: Maybe[Int] = None
    group_id_token: Maybe[IdTokenType] = None
    language1: Maybe[Text8] = None
    language2: Maybe[Text8] = None
    evse_id: Maybe[Annotated[list[Annotated[int, Meta(ge=0, le=INT_MAX)]], Meta(min_length=1)]] = (
        None
    )
    personal_message: Maybe[MessageContentType] = None
    custom_data: Maybe[CustomDataType] = None


class TariffConditionsType(Message):
    """``TariffConditionsType`` of OCPP 2.1."""

    start_time_of_day: Maybe[str] = None
    end_time_of_day: Maybe[str] = None
    day_of_week: Maybe[Annotated[list[DayOfWeekEnumType], Meta(min_length=1, max_length=7)]] = None
    valid_from_date: Maybe[str] = None
    valid_to_date: Maybe[str] = None
    evse_kind: Maybe[EvseKindEnumType] = None
    min_energy: Maybe[Number] = None
    max_energy: Maybe[Number] = None
    min_current: Maybe[Number] = None
    max_current: Maybe[Number] = None
    min_power: Maybe[Number] = None
    max_power: Maybe[Number] = None
    min_time: Maybe[Int] = None
    max_time: Maybe[Int] = None
    min_charging_time: Maybe[Int] = None
    max_charging_time: Maybe[Int] = None
    min_idle_time: Maybe[Int] = None
    max_idle_time: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class TariffEnergyPriceType(Message):
    """``TariffEnergyPriceType`` of OCPP 2.1."""

    price_kwh: Number
    conditions: Maybe[TariffConditionsType] = None
    custom_data: Maybe[CustomDataType] = None


class TaxRateType(Message):
    """``TaxRateType`` of OCPP 2.1."""

    type: Text20
    tax: Number
    stack: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class TariffEnergyType(Message):
    """``TariffEnergyType`` of OCPP 2.1."""

    prices: Annotated[list[TariffEnergyPriceType], Meta(min_length=1)]
    tax_rates: Maybe[Annotated[list[TaxRateType], Meta(min_length=1, max_length=5)]] = None
    custom_data: Maybe[CustomDataType] = None


class TariffTimePriceType(Message):
    """``TariffTimePriceType`` of OCPP 2.1."""

    price_minute: Number
    conditions: Maybe[TariffConditionsType] = None
    custom_data: Maybe[CustomDataType] = None


class TariffTimeType(Message):
    """``TariffTimeType`` of OCPP 2.1."""

    prices: Annotated[list[TariffTimePriceType], Meta(min_length=1)]
    tax_rates: Maybe[Annotated[list[TaxRateType], Meta(min_length=1, max_length=5)]] = None
    custom_data: Maybe[CustomDataType] = None


class TariffConditionsFixedType(Message):
    """``TariffConditionsFixedType`` of OCPP 2.1."""

    start_time_of_day: Maybe[str] = None
    end_time_of_day: Maybe[str] = None
    day_of_week: Maybe[Annotated[list[DayOfWeekEnumType], Meta(min_length=1, max_length=7)]] = None
    valid_from_date: Maybe[str] = None
    valid_to_date: Maybe[str] = None
    evse_kind: Maybe[EvseKindEnumType] = None
    payment_brand: Maybe[Text20] = None
    payment_recognition: Maybe[Text20] = None
    custom_data: Maybe[CustomDataType] = None


class TariffFixedPriceType(Message):
    """``TariffFixedPriceType`` of OCPP 2.1."""

    price_fixed: Number
    conditions: Maybe[TariffConditionsFixedType] = None
    custom_data: Maybe[CustomDataType] = None


class TariffFixedType(Message):
    """``TariffFixedType`` of OCPP 2.1."""

    prices: Annotated[list[TariffFixedPriceType], Meta(min_length=1)]
    tax_rates: Maybe[Annotated[list[TaxRateType], Meta(min_length=1, max_length=5)]] = None
    custom_data: Maybe[CustomDataType] = None


class PriceType(Message):
    """``PriceType`` of OCPP 2.1."""

    excl_tax: Maybe[Number] = None
    incl_tax: Maybe[Number] = None
    tax_rates: Maybe[Annotated[list[TaxRateType], Meta(min_length=1, max_length=5)]] = None
    custom_data: Maybe[CustomDataType] = None


class TariffType(Message):
    """``TariffType`` of OCPP 2.1."""

    tariff_id: Text60
    currency: Text3
    description: Maybe[Annotated[list[MessageContentType], Meta(min_length=1, max_length=10)]] = (
        None
    )
    energy: Maybe[TariffEnergyType] = None
    valid_from: Maybe[DateTime] = None
    charging_time: Maybe[TariffTimeType] = None
    idle_time: Maybe[TariffTimeType] = None
    fixed_fee: Maybe[TariffFixedType] = None
    reservation_time: Maybe[TariffTimeType] = None
    reservation_fixed: Maybe[TariffFixedType] = None
    min_cost: Maybe[PriceType] = None
    max_cost: Maybe[PriceType] = None
    custom_data: Maybe[CustomDataType] = None


class AuthorizeResponse(Message):
    """The Authorize response of OCPP 2.1."""

    id_token_info: IdTokenInfoType
    certificate_status: Maybe[AuthorizeCertificateStatusEnumType] = None
    allowed_energy_transfer: Maybe[
        Annotated[list[EnergyTransferModeEnumType], Meta(min_length=1)]
    ] = None
    tariff: Maybe[TariffType] = None
    custom_data: Maybe[CustomDataType] = None


class BatteryDataType(Message):
    """``BatteryDataType`` of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    serial_number: Text50
    so_c: Number
    so_h: Number
    production_date: Maybe[DateTime] = None
    vendor_info: Maybe[Text500] = None
    custom_data: Maybe[CustomDataType] = None

    def __post_init__(self) -> None:
        check_number("soC", self.so_c, minimum=0, maximum=100)
        check_number("soH", self.so_h, minimum=0, maximum=100)


class BatterySwapRequest(Message):
    """The BatterySwap request of OCPP 2.1."""

    battery_data: Annotated[list[BatteryDataType], Meta(min_length=1)]
    event_type: BatterySwapEventEnumType
    id_token: IdTokenType
    request_id: Int
    custom_data: Maybe[CustomDataType] = None


class BatterySwapResponse(Message):
    """The BatterySwap response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class BootNotificationResponse(Message):
    """The BootNotification response of OCPP 2.1."""

    current_time: DateTime
    interval: Int
    status: RegistrationStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class CancelReservationRequest(Message):
    """The CancelReservation request of OCPP 2.1."""

    reservation_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class CancelReservationResponse(Message):
    """The CancelReservation response of OCPP 2.1."""

    status: CancelReservationStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class CertificateSignedRequest(Message):
    """The CertificateSigned request of OCPP 2.1."""

    certificate_chain: Text10000
    certificate_type: Maybe[CertificateSigningUseEnumType] = None
    request_id: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class CertificateSignedResponse(Message):
    """The CertificateSigned response of OCPP 2.1."""

    status: CertificateSignedStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class EVSEType(Message):
    """``EVSEType`` of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    connector_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class ChangeAvailabilityRequest(Message):
    """The ChangeAvailability request of OCPP 2.1."""

    operational_status: OperationalStatusEnumType
    evse: Maybe[EVSEType] = None
    custom_data: Maybe[CustomDataType] = None


class ChangeAvailabilityResponse(Message):
    """The ChangeAvailability response of OCPP 2.1."""

    status: ChangeAvailabilityStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ChangeTransactionTariffRequest(Message):
    """The ChangeTransactionTariff request of OCPP 2.1."""

    tariff: TariffType
    transaction_id: Text36
    custom_data: Maybe[CustomDataType] = None


class ChangeTransactionTariffResponse(Message):
    """The ChangeTransactionTariff response of OCPP 2.1."""

    status: TariffChangeStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearCacheResponse(Message):
    """The ClearCache response of OCPP 2.1."""

    status: ClearCacheStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearChargingProfileType(Message):
    """``ClearChargingProfileType`` of OCPP 2.1."""

    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    charging_profile_purpose: Maybe[ChargingProfilePurposeEnumType] = None
    stack_level: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class ClearChargingProfileRequest(Message):
    """The ClearChargingProfile request of OCPP 2.1."""

    charging_profile_id: Maybe[Int] = None
    charging_profile_criteria: Maybe[ClearChargingProfileType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearChargingProfileResponse(Message):
    """The ClearChargingProfile response of OCPP 2.1."""

    status: ClearChargingProfileStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearDERControlRequest(Message):
    """The ClearDERControl request of OCPP 2.1."""

    is_default: bool
    control_type: Maybe[DERControlEnumType] = None
    control_id: Maybe[Text36] = None
    custom_data: Maybe[CustomDataType] = None


class ClearDERControlResponse(Message):
    """The ClearDERControl response of OCPP 2.1."""

    status: DERControlStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearDisplayMessageRequest(Message):
    """The ClearDisplayMessage request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class ClearDisplayMessageResponse(Message):
    """The ClearDisplayMessage response of OCPP 2.1."""

    status: ClearMessageStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearTariffsRequest(Message):
    """The ClearTariffs request of OCPP 2.1."""

    tariff_ids: Maybe[Annotated[list[Text60], Meta(min_length=1)]] = None
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class ClearTariffsResultType(Message):
    """``ClearTariffsResultType`` of OCPP 2.1."""

    status: TariffClearStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    tariff_id: Maybe[Text60] = None
    custom_data: Maybe[CustomDataType] = None


class ClearTariffsResponse(Message):
    """The ClearTariffs response of OCPP 2.1."""

    clear_tariffs_result: Annotated[list[ClearTariffsResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class ClearVariableMonitoringRequest(Message):
    """The ClearVariableMonitoring request of OCPP 2.1."""

    id: Annotated[list[Annotated[int, Meta(ge=0, le=INT_MAX)]], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class ClearMonitoringResultType(Message):
    """``ClearMonitoringResultType`` of OCPP 2.1."""

    status: ClearMonitoringStatusEnumType
    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ClearVariableMonitoringResponse(Message):
    """The ClearVariableMonitoring response of OCPP 2.1."""

    clear_monitoring_result: Annotated[list[ClearMonitoringResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class ClearedChargingLimitRequest(Message):
    """The ClearedChargingLimit request of OCPP 2.1."""

    charging_limit_source: Text20
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class ClosePeriodicEventStreamRequest(Message):
    """The ClosePeriodicEventStream request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class ClosePeriodicEventStreamResponse(Message):
    """The ClosePeriodicEventStream response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class CustomerInformationRequest(Message):
    """The CustomerInformation request of OCPP 2.1."""

    request_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    report: bool
    clear: bool
    customer_certificate: Maybe[CertificateHashDataType] = None
    id_token: Maybe[IdTokenType] = None
    customer_identifier: Maybe[Text64] = None
    custom_data: Maybe[CustomDataType] = None


class CustomerInformationResponse(Message):
    """The CustomerInformation response of OCPP 2.1."""

    status: CustomerInformationStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class DataTransferResponse(Message):
    """The DataTransfer response of OCPP 2.1."""

    status: DataTransferStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    data: Maybe[msgspec.Raw] = None
    custom_data: Maybe[CustomDataType] = None


class DeleteCertificateResponse(Message):
    """The DeleteCertificate response of OCPP 2.1."""

    status: DeleteCertificateStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class FirmwareStatusNotificationRequest(Message):
    """The FirmwareStatusNotification request of OCPP 2.1."""

    status: FirmwareStatusEnumType
    request_id: Maybe[Int] = None
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class Get15118EVCertificateRequest(Message):
    """The Get15118EVCertificate request of OCPP 2.1."""

    iso15118_schema_version: Text50
    action: CertificateActionEnumType
    exi_request: Text11000
    maximum_contract_certificate_chains: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    prioritized_emai_ds: Maybe[Annotated[list[Text255], Meta(min_length=1, max_length=8)]] = field(
        default=None, name="prioritizedEMAIDs"
    )
    custom_data: Maybe[CustomDataType] = None


class Get15118EVCertificateResponse(Message):
    """The Get15118EVCertificate response of OCPP 2.1."""

    status: Iso15118EVCertificateStatusEnumType
    exi_response: Text17000
    status_info: Maybe[StatusInfoType] = None
    remaining_contracts: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class GetBaseReportResponse(Message):
    """The GetBaseReport response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class CertificateStatusRequestInfoType(Message):
    """``CertificateStatusRequestInfoType`` of OCPP 2.1."""

    certificate_hash_data: CertificateHashDataType
    source: CertificateStatusSourceEnumType
    urls: Annotated[list[Text2000], Meta(min_length=1, max_length=5)]
    custom_data: Maybe[CustomDataType] = None


class GetCertificateChainStatusRequest(Message):
    """The GetCertificateChainStatus request of OCPP 2.1."""

    certificate_status_requests: Annotated[
        list[CertificateStatusRequestInfoType], Meta(min_length=1, max_length=4)
    ]
    custom_data: Maybe[CustomDataType] = None


class CertificateStatusType(Message):
    """``CertificateStatusType`` of OCPP 2.1."""

    certificate_hash_data: CertificateHashDataType
    source: CertificateStatusSourceEnumType
    status: CertificateStatusEnumType
    next_update: DateTime
    custom_data: Maybe[CustomDataType] = None


class GetCertificateChainStatusResponse(Message):
    """The GetCertificateChainStatus response of OCPP 2.1."""

    certificate_status: Annotated[list[CertificateStatusType], Meta(min_length=1, max_length=4)]
    custom_data: Maybe[CustomDataType] = None


class GetCertificateStatusRequest(Message):
    """The GetCertificateStatus request of OCPP 2.1."""

    ocsp_request_data: OCSPRequestDataType
    custom_data: Maybe[CustomDataType] = None


class GetCertificateStatusResponse(Message):
    """The GetCertificateStatus response of OCPP 2.1."""

    status: GetCertificateStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    ocsp_result: Maybe[Text18000] = None
    custom_data: Maybe[CustomDataType] = None


class ChargingProfileCriterionType(Message):
    """``ChargingProfileCriterionType`` of OCPP 2.1."""

    charging_profile_purpose: Maybe[ChargingProfilePurposeEnumType] = None
    stack_level: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    charging_profile_id: Maybe[Annotated[list[Int], Meta(min_length=1)]] = None
    charging_limit_source: Maybe[Annotated[list[Text20], Meta(min_length=1, max_length=4)]] = None
    custom_data: Maybe[CustomDataType] = None


class GetChargingProfilesRequest(Message):
    """The GetChargingProfiles request of OCPP 2.1."""

    request_id: Int
    charging_profile: ChargingProfileCriterionType
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class GetChargingProfilesResponse(Message):
    """The GetChargingProfiles response of OCPP 2.1."""

    status: GetChargingProfileStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class GetCompositeScheduleRequest(Message):
    """The GetCompositeSchedule request of OCPP 2.1."""

    duration: Int
    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    charging_rate_unit: Maybe[ChargingRateUnitEnumType] = None
    custom_data: Maybe[CustomDataType] = None


class V2XFreqWattPointType(Message):
    """``V2XFreqWattPointType`` of OCPP 2.1."""

    frequency: Number
    power: Number
    custom_data: Maybe[CustomDataType] = None


class V2XSignalWattPointType(Message):
    """``V2XSignalWattPointType`` of OCPP 2.1."""

    signal: Int
    power: Number
    custom_data: Maybe[CustomDataType] = None


class ChargingSchedulePeriodType(Message):
    """``ChargingSchedulePeriodType`` of OCPP 2.1."""

    start_period: Int
    limit: Maybe[Number] = None
    limit_l2: Maybe[Number] = field(default=None, name="limit_L2")
    limit_l3: Maybe[Number] = field(default=None, name="limit_L3")
    number_phases: Maybe[Annotated[int, Meta(ge=0, le=3)]] = None
    phase_to_use: Maybe[Annotated[int, Meta(ge=0, le=3)]] = None
    discharge_limit: Maybe[Number] = None
    discharge_limit_l2: Maybe[Number] = field(default=None, name="dischargeLimit_L2")
    discharge_limit_l3: Maybe[Number] = field(default=None, name="dischargeLimit_L3")
    setpoint: Maybe[Number] = None
    setpoint_l2: Maybe[Number] = field(default=None, name="setpoint_L2")
    setpoint_l3: Maybe[Number] = field(default=None, name="setpoint_L3")
    setpoint_reactive: Maybe[Number] = None
    setpoint_reactive_l2: Maybe[Number] = field(default=None, name="setpointReactive_L2")
    setpoint_reactive_l3: Maybe[Number] = field(default=None, name="setpointReactive_L3")
    preconditioning_request: Maybe[bool] = None
    evse_sleep: Maybe[bool] = None
    v2x_baseline: Maybe[Number] = None
    operation_mode: Maybe[OperationModeEnumType] = None
    v2x_freq_watt_curve: Maybe[
        Annotated[list[V2XFreqWattPointType], Meta(min_length=1, max_length=20)]
    ] = None
    v2x_signal_watt_curve: Maybe[
        Annotated[list[V2XSignalWattPointType], Meta(min_length=1, max_length=20)]
    ] = None
    custom_data: Maybe[CustomDataType] = None

    def __post_init__(self) -> None:
        check_number("dischargeLimit", self.discharge_limit, maximum=0)
        check_number("dischargeLimit_L2", self.discharge_limit_l2, maximum=0)
        check_number("dischargeLimit_L3", self.discharge_limit_l3, maximum=0)


class CompositeScheduleType(Message):
    """``CompositeScheduleType`` of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    duration: Int
    schedule_start: DateTime
    charging_rate_unit: ChargingRateUnitEnumType
    charging_schedule_period: Annotated[list[ChargingSchedulePeriodType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class GetCompositeScheduleResponse(Message):
    """The GetCompositeSchedule response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    schedule: Maybe[CompositeScheduleType] = None
    custom_data: Maybe[CustomDataType] = None


class GetDERControlRequest(Message):
    """The GetDERControl request of OCPP 2.1."""

    request_id: Int
    is_default: Maybe[bool] = None
    control_type: Maybe[DERControlEnumType] = None
    control_id: Maybe[Text36] = None
    custom_data: Maybe[CustomDataType] = None


class GetDERControlResponse(Message):
    """The GetDERControl response of OCPP 2.1."""

    status: DERControlStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class GetDisplayMessagesRequest(Message):
    """The GetDisplayMessages request of OCPP 2.1."""

    request_id: Int
    id: Maybe[Annotated[list[Annotated[int, Meta(ge=0, le=INT_MAX)]], Meta(min_length=1)]] = None
    priority: Maybe[MessagePriorityEnumType] = None
    state: Maybe[MessageStateEnumType] = None
    custom_data: Maybe[CustomDataType] = None


class GetDisplayMessagesResponse(Message):
    """The GetDisplayMessages response of OCPP 2.1."""

    status: GetDisplayMessagesStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class GetInstalledCertificateIdsRequest(Message):
    """The GetInstalledCertificateIds request of OCPP 2.1."""

    certificate_type: Maybe[Annotated[list[GetCertificateIdUseEnumType], Meta(min_length=1)]] = None
    custom_data: Maybe[CustomDataType] = None


class CertificateHashDataChainType(Message):
    """``CertificateHashDataChainType`` of OCPP 2.1."""

    certificate_hash_data: CertificateHashDataType
    certificate_type: GetCertificateIdUseEnumType
    child_certificate_hash_data: Maybe[
        Annotated[list[CertificateHashDataType], Meta(min_length=1, max_length=4)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class GetInstalledCertificateIdsResponse(Message):
    """The GetInstalledCertificateIds response of OCPP 2.1."""

    status: GetInstalledCertificateStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    certificate_hash_data_chain: Maybe[
        Annotated[list[CertificateHashDataChainType], Meta(min_length=1)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class LogParametersType(Message):
    """``LogParametersType`` of OCPP 2.1."""

    remote_location: Text2000
    oldest_timestamp: Maybe[DateTime] = None
    latest_timestamp: Maybe[DateTime] = None
    custom_data: Maybe[CustomDataType] = None


class GetLogRequest(Message):
    """The GetLog request of OCPP 2.1."""

    log: LogParametersType
    log_type: LogEnumType
    request_id: Int
    retries: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    retry_interval: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class GetLogResponse(Message):
    """The GetLog response of OCPP 2.1."""

    status: LogStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    filename: Maybe[Text255] = None
    custom_data: Maybe[CustomDataType] = None


class ComponentType(Message):
    """``ComponentType`` of OCPP 2.1."""

    name: Text50
    evse: Maybe[EVSEType] = None
    instance: Maybe[Text50] = None
    custom_data: Maybe[CustomDataType] = None


class ComponentVariableType(Message):
    """``ComponentVariableType`` of OCPP 2.1."""

    component: ComponentType
    variable: Maybe[VariableType] = None
    custom_data: Maybe[CustomDataType] = None


class GetMonitoringReportRequest(Message):
    """The GetMonitoringReport request of OCPP 2.1."""

    request_id: Int
    component_variable: Maybe[Annotated[list[ComponentVariableType], Meta(min_length=1)]] = None
    monitoring_criteria: Maybe[
        Annotated[list[MonitoringCriterionEnumType], Meta(min_length=1, max_length=3)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class GetMonitoringReportResponse(Message):
    """The GetMonitoringReport response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class GetPeriodicEventStreamRequest(Message):
    """The GetPeriodicEventStream request of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class ConstantStreamDataType(Message):
    """``ConstantStreamDataType`` of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    params: PeriodicEventStreamParamsType
    variable_monitoring_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class GetPeriodicEventStreamResponse(Message):
    """The GetPeriodicEventStream response of OCPP 2.1."""

    constant_stream_data: Maybe[Annotated[list[ConstantStreamDataType], Meta(min_length=1)]] = None
    custom_data: Maybe[CustomDataType] = None


class GetReportRequest(Message):
    """The GetReport request of OCPP 2.1."""

    request_id: Int
    component_variable: Maybe[Annotated[list[ComponentVariableType], Meta(min_length=1)]] = None
    component_criteria: Maybe[
        Annotated[list[ComponentCriterionEnumType], Meta(min_length=1, max_length=4)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class GetReportResponse(Message):
    """The GetReport response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class GetTariffsRequest(Message):
    """The GetTariffs request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class TariffAssignmentType(Message):
    """``TariffAssignmentType`` of OCPP 2.1."""

    tariff_id: Text60
    tariff_kind: TariffKindEnumType
    valid_from: Maybe[DateTime] = None
    evse_ids: Maybe[Annotated[list[Annotated[int, Meta(ge=0, le=INT_MAX)]], Meta(min_length=1)]] = (
        None
    )
    id_tokens: Maybe[Annotated[list[Text255], Meta(min_length=1)]] = None
    custom_data: Maybe[CustomDataType] = None


class GetTariffsResponse(Message):
    """The GetTariffs response of OCPP 2.1."""

    status: TariffGetStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    tariff_assignments: Maybe[Annotated[list[TariffAssignmentType], Meta(min_length=1)]] = None
    custom_data: Maybe[CustomDataType] = None


class GetVariableDataType(Message):
    """``GetVariableDataType`` of OCPP 2.1."""

    component: ComponentType
    variable: VariableType
    attribute_type: Maybe[AttributeEnumType] = None
    custom_data: Maybe[CustomDataType] = None


class GetVariablesRequest(Message):
    """The GetVariables request of OCPP 2.1."""

    get_variable_data: Annotated[list[GetVariableDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class GetVariableResultType(Message):
    """``GetVariableResultType`` of OCPP 2.1."""

    attribute_status: GetVariableStatusEnumType
    component: ComponentType
    variable: VariableType
    attribute_status_info: Maybe[StatusInfoType] = None
    attribute_type: Maybe[AttributeEnumType] = None
    attribute_value: Maybe[Text2500] = None
    custom_data: Maybe[CustomDataType] = None


class GetVariablesResponse(Message):
    """The GetVariables response of OCPP 2.1."""

    get_variable_result: Annotated[list[GetVariableResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class InstallCertificateRequest(Message):
    """The InstallCertificate request of OCPP 2.1."""

    certificate_type: InstallCertificateUseEnumType
    certificate: Text10000
    custom_data: Maybe[CustomDataType] = None


class InstallCertificateResponse(Message):
    """The InstallCertificate response of OCPP 2.1."""

    status: InstallCertificateStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class LogStatusNotificationRequest(Message):
    """The LogStatusNotification request of OCPP 2.1."""

    status: UploadLogStatusEnumType
    request_id: Maybe[Int] = None
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SignedMeterValueType(Message):
    """``SignedMeterValueType`` of OCPP 2.1."""

    signed_meter_data: Text32768
    encoding_method: Text50
    signing_method: Maybe[Text50] = None
    public_key: Maybe[Text2500] = None
    custom_data: Maybe[CustomDataType] = None


class SampledValueType(Message):
    """``SampledValueType`` of OCPP 2.1."""

    value: Number
    measurand: Maybe[MeasurandEnumType] = None
    context: Maybe[ReadingContextEnumType] = None
    phase: Maybe[PhaseEnumType] = None
    location: Maybe[LocationEnumType] = None
    signed_meter_value: Maybe[SignedMeterValueType] = None
    unit_of_measure: Maybe[UnitOfMeasureType] = None
    custom_data: Maybe[CustomDataType] = None


class MeterValueType(Message):
    """``MeterValueType`` of OCPP 2.1."""

    sampled_value: Annotated[list[SampledValueType], Meta(min_length=1)]
    timestamp: DateTime
    custom_data: Maybe[CustomDataType] = None


class MeterValuesRequest(Message):
    """The MeterValues request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    meter_value: Annotated[list[MeterValueType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class NotifyAllowedEnergyTransferRequest(Message):
    """The NotifyAllowedEnergyTransfer request of OCPP 2.1."""

    transaction_id: Text36
    allowed_energy_transfer: Annotated[list[EnergyTransferModeEnumType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class NotifyAllowedEnergyTransferResponse(Message):
    """The NotifyAllowedEnergyTransfer response of OCPP 2.1."""

    status: NotifyAllowedEnergyTransferStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class LimitAtSoCType(Message):
    """``LimitAtSoCType`` of OCPP 2.1."""

    soc: Annotated[int, Meta(ge=0, le=100)]
    limit: Number
    custom_data: Maybe[CustomDataType] = None


class SalesTariffType(Message):
    """``SalesTariffType`` of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    sales_tariff_entry: Annotated[list[SalesTariffEntryType], Meta(min_length=1, max_length=1024)]
    sales_tariff_description: Maybe[Text32] = None
    num_e_price_levels: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class RationalNumberType(Message):
    """``RationalNumberType`` of OCPP 2.1."""

    exponent: Int
    value: Int
    custom_data: Maybe[CustomDataType] = None


class PriceRuleType(Message):
    """``PriceRuleType`` of OCPP 2.1."""

    energy_fee: RationalNumberType
    power_range_start: RationalNumberType
    parking_fee_period: Maybe[Int] = None
    carbon_dioxide_emission: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    renewable_generation_percentage: Maybe[Annotated[int, Meta(ge=0, le=100)]] = None
    parking_fee: Maybe[RationalNumberType] = None
    custom_data: Maybe[CustomDataType] = None


class PriceRuleStackType(Message):
    """``PriceRuleStackType`` of OCPP 2.1."""

    duration: Int
    price_rule: Annotated[list[PriceRuleType], Meta(min_length=1, max_length=8)]
    custom_data: Maybe[CustomDataType] = None


class TaxRuleType(Message):
    """``TaxRuleType`` of OCPP 2.1."""

    tax_rule_id: Annotated[int, Meta(ge=0, le=INT_MAX)] = field(name="taxRuleID")
    applies_to_energy_fee: bool
    applies_to_parking_fee: bool
    applies_to_overstay_fee: bool
    applies_to_minimum_maximum_cost: bool
    tax_rate: RationalNumberType
    tax_rule_name: Maybe[Text100] = None
    tax_included_in_price: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class OverstayRuleType(Message):
    """``OverstayRuleType`` of OCPP 2.1."""

    overstay_fee: RationalNumberType
    start_time: Int
    overstay_fee_period: Int
    overstay_rule_description: Maybe[Text32] = None
    custom_data: Maybe[CustomDataType] = None


class OverstayRuleListType(Message):
    """``OverstayRuleListType`` of OCPP 2.1."""

    overstay_rule: Annotated[list[OverstayRuleType], Meta(min_length=1, max_length=5)]
    overstay_power_threshold: Maybe[RationalNumberType] = None
    overstay_time_threshold: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class AdditionalSelectedServicesType(Message):
    """``AdditionalSelectedServicesType`` of OCPP 2.1."""

    service_fee: RationalNumberType
    service_name: Text80
    custom_data: Maybe[CustomDataType] = None


class AbsolutePriceScheduleType(Message):
    """``AbsolutePriceScheduleType`` of OCPP 2.1."""

    time_anchor: DateTime
    price_schedule_id: Annotated[int, Meta(ge=0, le=INT_MAX)] = field(name="priceScheduleID")
    currency: Text3
    language: Text8
    price_algorithm: Text2000
    price_rule_stacks: Annotated[list[PriceRuleStackType], Meta(min_length=1, max_length=1024)]
    price_schedule_description: Maybe[Text160] = None
    minimum_cost: Maybe[RationalNumberType] = None
    maximum_cost: Maybe[RationalNumberType] = None
    tax_rules: Maybe[Annotated[list[TaxRuleType], Meta(min_length=1, max_length=10)]] = None
    overstay_rule_list: Maybe[OverstayRuleListType] = None
    additional_selected_services: Maybe[
        Annotated[list[AdditionalSelectedServicesType], Meta(min_length=1, max_length=5)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class PriceLevelScheduleEntryType(Message):
    """``PriceLevelScheduleEntryType`` of OCPP 2.1."""

    duration: Int
    price_level: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class PriceLevelScheduleType(Message):
    """``PriceLevelScheduleType`` of OCPP 2.1."""

    price_level_schedule_entries: Annotated[
        list[PriceLevelScheduleEntryType], Meta(min_length=1, max_length=100)
    ]
    time_anchor: DateTime
    price_schedule_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    number_of_price_levels: Annotated[int, Meta(ge=0, le=INT_MAX)]
    price_schedule_description: Maybe[Text32] = None
    custom_data: Maybe[CustomDataType] = None


class ChargingScheduleType(Message):
    """``ChargingScheduleType`` of OCPP 2.1."""

    id: Int
    charging_rate_unit: ChargingRateUnitEnumType
    charging_schedule_period: Annotated[
        list[ChargingSchedulePeriodType], Meta(min_length=1, max_length=1024)
    ]
    limit_at_soc: Maybe[LimitAtSoCType] = field(default=None, name="limitAtSoC")
    start_schedule: Maybe[DateTime] = None
    duration: Maybe[Int] = None
    min_charging_rate: Maybe[Number] = None
    power_tolerance: Maybe[Number] = None
    signature_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    digest_value: Maybe[Text88] = None
    use_local_time: Maybe[bool] = None
    randomized_delay: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    sales_tariff: Maybe[SalesTariffType] = None
    absolute_price_schedule: Maybe[AbsolutePriceScheduleType] = None
    price_level_schedule: Maybe[PriceLevelScheduleType] = None
    custom_data: Maybe[CustomDataType] = None


class ChargingLimitType(Message):
    """``ChargingLimitType`` of OCPP 2.1."""

    charging_limit_source: Text20
    is_local_generation: Maybe[bool] = None
    is_grid_critical: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyChargingLimitRequest(Message):
    """The NotifyChargingLimit request of OCPP 2.1."""

    charging_limit: ChargingLimitType
    charging_schedule: Maybe[Annotated[list[ChargingScheduleType], Meta(min_length=1)]] = None
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyCustomerInformationRequest(Message):
    """The NotifyCustomerInformation request of OCPP 2.1."""

    data: Text512
    seq_no: Annotated[int, Meta(ge=0, le=INT_MAX)]
    generated_at: DateTime
    request_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyDERAlarmRequest(Message):
    """The NotifyDERAlarm request of OCPP 2.1."""

    control_type: DERControlEnumType
    timestamp: DateTime
    grid_event_fault: Maybe[GridEventFaultEnumType] = None
    alarm_ended: Maybe[bool] = None
    extra_info: Maybe[Text200] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyDERAlarmResponse(Message):
    """The NotifyDERAlarm response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class NotifyDERStartStopRequest(Message):
    """The NotifyDERStartStop request of OCPP 2.1."""

    control_id: Text36
    started: bool
    timestamp: DateTime
    superseded_ids: Maybe[Annotated[list[Text36], Meta(min_length=1, max_length=24)]] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyDERStartStopResponse(Message):
    """The NotifyDERStartStop response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class MessageInfoType(Message):
    """``MessageInfoType`` of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    priority: MessagePriorityEnumType
    message: MessageContentType
    display: Maybe[ComponentType] = None
    state: Maybe[MessageStateEnumType] = None
    start_date_time: Maybe[DateTime] = None
    end_date_time: Maybe[DateTime] = None
    transaction_id: Maybe[Text36] = None
    message_extra: Maybe[Annotated[list[MessageContentType], Meta(min_length=1, max_length=4)]] = (
        None
    )
    custom_data: Maybe[CustomDataType] = None


class NotifyDisplayMessagesRequest(Message):
    """The NotifyDisplayMessages request of OCPP 2.1."""

    request_id: Int
    message_info: Maybe[Annotated[list[MessageInfoType], Meta(min_length=1)]] = None
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class ACChargingParametersType(Message):
    """``ACChargingParametersType`` of OCPP 2.1."""

    energy_amount: Number
    ev_min_current: Number
    ev_max_current: Number
    ev_max_voltage: Number
    custom_data: Maybe[CustomDataType] = None


class DERChargingParametersType(Message):
    """``DERChargingParametersType`` of OCPP 2.1."""

    ev_supported_der_control: Maybe[Annotated[list[DERControlEnumType], Meta(min_length=1)]] = (
        field(default=None, name="evSupportedDERControl")
    )
    ev_over_excited_max_discharge_power: Maybe[Number] = None
    ev_over_excited_power_factor: Maybe[Number] = None
    ev_under_excited_max_discharge_power: Maybe[Number] = None
    ev_under_excited_power_factor: Maybe[Number] = None
    max_apparent_power: Maybe[Number] = None
    max_charge_apparent_power: Maybe[Number] = None
    max_charge_apparent_power_l2: Maybe[Number] = field(
        default=None, name="maxChargeApparentPower_L2"
    )
    max_charge_apparent_power_l3: Maybe[Number] = field(
        default=None, name="maxChargeApparentPower_L3"
    )
    max_discharge_apparent_power: Maybe[Number] = None
    max_discharge_apparent_power_l2: Maybe[Number] = field(
        default=None, name="maxDischargeApparentPower_L2"
    )
    max_discharge_apparent_power_l3: Maybe[Number] = field(
        default=None, name="maxDischargeApparentPower_L3"
    )
    max_charge_reactive_power: Maybe[Number] = None
    max_charge_reactive_power_l2: Maybe[Number] = field(
        default=None, name="maxChargeReactivePower_L2"
    )
    max_charge_reactive_power_l3: Maybe[Number] = field(
        default=None, name="maxChargeReactivePower_L3"
    )
    min_charge_reactive_power: Maybe[Number] = None
    min_charge_reactive_power_l2: Maybe[Number] = field(
        default=None, name="minChargeReactivePower_L2"
    )
    min_charge_reactive_power_l3: Maybe[Number] = field(
        default=None, name="minChargeReactivePower_L3"
    )
    max_discharge_reactive_power: Maybe[Number] = None
    max_discharge_reactive_power_l2: Maybe[Number] = field(
        default=None, name="maxDischargeReactivePower_L2"
    )
    max_discharge_reactive_power_l3: Maybe[Number] = field(
        default=None, name="maxDischargeReactivePower_L3"
    )
    min_discharge_reactive_power: Maybe[Number] = None
    min_discharge_reactive_power_l2: Maybe[Number] = field(
        default=None, name="minDischargeReactivePower_L2"
    )
    min_discharge_reactive_power_l3: Maybe[Number] = field(
        default=None, name="minDischargeReactivePower_L3"
    )
    nominal_voltage: Maybe[Number] = None
    nominal_voltage_offset: Maybe[Number] = None
    max_nominal_voltage: Maybe[Number] = None
    min_nominal_voltage: Maybe[Number] = None
    ev_inverter_manufacturer: Maybe[Text50] = None
    ev_inverter_model: Maybe[Text50] = None
    ev_inverter_serial_number: Maybe[Text50] = None
    ev_inverter_sw_version: Maybe[Text50] = None
    ev_inverter_hw_version: Maybe[Text50] = None
    ev_islanding_detection_method: Maybe[
        Annotated[list[IslandingDetectionEnumType], Meta(min_length=1)]
    ] = None
    ev_islanding_trip_time: Maybe[Number] = None
    ev_maximum_level1_dc_injection: Maybe[Number] = field(
        default=None, name="evMaximumLevel1DCInjection"
    )
    ev_duration_level1_dc_injection: Maybe[Number] = field(
        default=None, name="evDurationLevel1DCInjection"
    )
    ev_maximum_level2_dc_injection: Maybe[Number] = field(
        default=None, name="evMaximumLevel2DCInjection"
    )
    ev_duration_level2_dc_injection: Maybe[Number] = field(
        default=None, name="evDurationLevel2DCInjection"
    )
    ev_reactive_susceptance: Maybe[Number] = None
    ev_session_total_discharge_energy_available: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class EVPriceRuleType(Message):
    """``EVPriceRuleType`` of OCPP 2.1."""

    energy_fee: Number
    power_range_start: Number
    custom_data: Maybe[CustomDataType] = None


class EVAbsolutePriceScheduleEntryType(Message):
    """``EVAbsolutePriceScheduleEntryType`` of OCPP 2.1."""

    duration: Int
    ev_price_rule: Annotated[list[EVPriceRuleType], Meta(min_length=1, max_length=8)]
    custom_data: Maybe[CustomDataType] = None


class EVAbsolutePriceScheduleType(Message):
    """``EVAbsolutePriceScheduleType`` of OCPP 2.1."""

    time_anchor: DateTime
    currency: Text3
    ev_absolute_price_schedule_entries: Annotated[
        list[EVAbsolutePriceScheduleEntryType], Meta(min_length=1, max_length=1024)
    ]
    price_algorithm: Text2000
    custom_data: Maybe[CustomDataType] = None


class EVPowerScheduleEntryType(Message):
    """``EVPowerScheduleEntryType`` of OCPP 2.1."""

    duration: Int
    power: Number
    custom_data: Maybe[CustomDataType] = None


class EVPowerScheduleType(Message):
    """``EVPowerScheduleType`` of OCPP 2.1."""

    ev_power_schedule_entries: Annotated[
        list[EVPowerScheduleEntryType], Meta(min_length=1, max_length=1024)
    ]
    time_anchor: DateTime
    custom_data: Maybe[CustomDataType] = None


class EVEnergyOfferType(Message):
    """``EVEnergyOfferType`` of OCPP 2.1."""

    ev_power_schedule: EVPowerScheduleType
    ev_absolute_price_schedule: Maybe[EVAbsolutePriceScheduleType] = None
    custom_data: Maybe[CustomDataType] = None


class DCChargingParametersType(Message):
    """``DCChargingParametersType`` of OCPP 2.1."""

    ev_max_current: Number
    ev_max_voltage: Number
    ev_max_power: Maybe[Number] = None
    ev_energy_capacity: Maybe[Number] = None
    energy_amount: Maybe[Number] = None
    state_of_charge: Maybe[Annotated[int, Meta(ge=0, le=100)]] = None
    full_soc: Maybe[Annotated[int, Meta(ge=0, le=100)]] = field(default=None, name="fullSoC")
    bulk_soc: Maybe[Annotated[int, Meta(ge=0, le=100)]] = field(default=None, name="bulkSoC")
    custom_data: Maybe[CustomDataType] = None


class V2XChargingParametersType(Message):
    """``V2XChargingParametersType`` of OCPP 2.1."""

    min_charge_power: Maybe[Number] = None
    min_charge_power_l2: Maybe[Number] = field(default=None, name="minChargePower_L2")
    min_charge_power_l3: Maybe[Number] = field(default=None, name="minChargePower_L3")
    max_charge_power: Maybe[Number] = None
    max_charge_power_l2: Maybe[Number] = field(default=None, name="maxChargePower_L2")
    max_charge_power_l3: Maybe[Number] = field(default=None, name="maxChargePower_L3")
    min_discharge_power: Maybe[Number] = None
    min_discharge_power_l2: Maybe[Number] = field(default=None, name="minDischargePower_L2")
    min_discharge_power_l3: Maybe[Number] = field(default=None, name="minDischargePower_L3")
    max_discharge_power: Maybe[Number] = None
    max_discharge_power_l2: Maybe[Number] = field(default=None, name="maxDischargePower_L2")
    max_discharge_power_l3: Maybe[Number] = field(default=None, name="maxDischargePower_L3")
    min_charge_current: Maybe[Number] = None
    max_charge_current: Maybe[Number] = None
    min_discharge_current: Maybe[Number] = None
    max_discharge_current: Maybe[Number] = None
    min_voltage: Maybe[Number] = None
    max_voltage: Maybe[Number] = None
    ev_target_energy_request: Maybe[Number] = None
    ev_min_energy_request: Maybe[Number] = None
    ev_max_energy_request: Maybe[Number] = None
    ev_min_v2_x_energy_request: Maybe[Number] = None
    ev_max_v2_x_energy_request: Maybe[Number] = None
    target_soc: Maybe[Annotated[int, Meta(ge=0, le=100)]] = field(default=None, name="targetSoC")
    custom_data: Maybe[CustomDataType] = None


class ChargingNeedsType(Message):
    """``ChargingNeedsType`` of OCPP 2.1."""

    requested_energy_transfer: EnergyTransferModeEnumType
    ac_charging_parameters: Maybe[ACChargingParametersType] = None
    der_charging_parameters: Maybe[DERChargingParametersType] = None
    ev_energy_offer: Maybe[EVEnergyOfferType] = None
    dc_charging_parameters: Maybe[DCChargingParametersType] = None
    v2x_charging_parameters: Maybe[V2XChargingParametersType] = None
    available_energy_transfer: Maybe[
        Annotated[list[EnergyTransferModeEnumType], Meta(min_length=1)]
    ] = None
    control_mode: Maybe[ControlModeEnumType] = None
    mobility_needs_mode: Maybe[MobilityNeedsModeEnumType] = None
    departure_time: Maybe[DateTime] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyEVChargingNeedsRequest(Message):
    """The NotifyEVChargingNeeds request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=1, le=INT_MAX)]
    charging_needs: ChargingNeedsType
    max_schedule_tuples: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    timestamp: Maybe[DateTime] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyEVChargingNeedsResponse(Message):
    """The NotifyEVChargingNeeds response of OCPP 2.1."""

    status: NotifyEVChargingNeedsStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyEVChargingScheduleRequest(Message):
    """The NotifyEVChargingSchedule request of OCPP 2.1."""

    time_base: DateTime
    charging_schedule: ChargingScheduleType
    evse_id: Annotated[int, Meta(ge=1, le=INT_MAX)]
    selected_charging_schedule_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    power_tolerance_acceptance: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyEVChargingScheduleResponse(Message):
    """The NotifyEVChargingSchedule response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class EventDataType(Message):
    """``EventDataType`` of OCPP 2.1."""

    event_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    timestamp: DateTime
    trigger: EventTriggerEnumType
    actual_value: Text2500
    component: ComponentType
    event_notification_type: EventNotificationEnumType
    variable: VariableType
    cause: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    tech_code: Maybe[Text50] = None
    tech_info: Maybe[Text500] = None
    cleared: Maybe[bool] = None
    transaction_id: Maybe[Text36] = None
    variable_monitoring_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    severity: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyEventRequest(Message):
    """The NotifyEvent request of OCPP 2.1."""

    generated_at: DateTime
    seq_no: Annotated[int, Meta(ge=0, le=INT_MAX)]
    event_data: Annotated[list[EventDataType], Meta(min_length=1)]
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class VariableMonitoringType(Message):
    """``VariableMonitoringType`` of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    transaction: bool
    value: Number
    type: MonitorEnumType
    severity: Annotated[int, Meta(ge=0, le=INT_MAX)]
    event_notification_type: EventNotificationEnumType
    custom_data: Maybe[CustomDataType] = None


class MonitoringDataType(Message):
    """``MonitoringDataType`` of OCPP 2.1."""

    component: ComponentType
    variable: VariableType
    variable_monitoring: Annotated[list[VariableMonitoringType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class NotifyMonitoringReportRequest(Message):
    """The NotifyMonitoringReport request of OCPP 2.1."""

    request_id: Int
    seq_no: Annotated[int, Meta(ge=0, le=INT_MAX)]
    generated_at: DateTime
    monitor: Maybe[Annotated[list[MonitoringDataType], Meta(min_length=1)]] = None
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class StreamDataElementType(Message):
    """``StreamDataElementType`` of OCPP 2.1."""

    t: Number
    v: Text2500
    custom_data: Maybe[CustomDataType] = None


class NotifyPeriodicEventStream(Message):
    """``NotifyPeriodicEventStream`` of OCPP 2.1."""

    data: Annotated[list[StreamDataElementType], Meta(min_length=1)]
    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    pending: Annotated[int, Meta(ge=0, le=INT_MAX)]
    basetime: DateTime
    custom_data: Maybe[CustomDataType] = None


class NotifyPriorityChargingRequest(Message):
    """The NotifyPriorityCharging request of OCPP 2.1."""

    transaction_id: Text36
    activated: bool
    custom_data: Maybe[CustomDataType] = None


class NotifyPriorityChargingResponse(Message):
    """The NotifyPriorityCharging response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class VariableCharacteristicsType(Message):
    """``VariableCharacteristicsType`` of OCPP 2.1."""

    data_type: DataEnumType
    supports_monitoring: bool
    unit: Maybe[Text16] = None
    min_limit: Maybe[Number] = None
    max_limit: Maybe[Number] = None
    max_elements: Maybe[Annotated[int, Meta(ge=1, le=INT_MAX)]] = None
    values_list: Maybe[Text1000] = None
    custom_data: Maybe[CustomDataType] = None


class ReportDataType(Message):
    """``ReportDataType`` of OCPP 2.1."""

    component: ComponentType
    variable: VariableType
    variable_attribute: Annotated[list[VariableAttributeType], Meta(min_length=1, max_length=4)]
    variable_characteristics: Maybe[VariableCharacteristicsType] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyReportRequest(Message):
    """The NotifyReport request of OCPP 2.1."""

    request_id: Int
    generated_at: DateTime
    seq_no: Annotated[int, Meta(ge=0, le=INT_MAX)]
    report_data: Maybe[Annotated[list[ReportDataType], Meta(min_length=1)]] = None
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class AddressType(Message):
    """``AddressType`` of OCPP 2.1."""

    name: Text50
    address1: Text100
    city: Text100
    country: Text50
    address2: Maybe[Text100] = None
    postal_code: Maybe[Text20] = None
    custom_data: Maybe[CustomDataType] = None


class NotifySettlementRequest(Message):
    """The NotifySettlement request of OCPP 2.1."""

    psp_ref: Text255
    status: PaymentStatusEnumType
    settlement_amount: Number
    settlement_time: DateTime
    transaction_id: Maybe[Text36] = None
    status_info: Maybe[Text500] = None
    receipt_id: Maybe[Text50] = None
    receipt_url: Maybe[Text2000] = None
    vat_company: Maybe[AddressType] = None
    vat_number: Maybe[Text20] = None
    custom_data: Maybe[CustomDataType] = None


class NotifySettlementResponse(Message):
    """The NotifySettlement response of OCPP 2.1."""

    receipt_url: Maybe[Text2000] = None
    receipt_id: Maybe[Text50] = None
    custom_data: Maybe[CustomDataType] = None


class NotifyWebPaymentStartedRequest(Message):
    """The NotifyWebPaymentStarted request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    timeout: Int
    custom_data: Maybe[CustomDataType] = None


class NotifyWebPaymentStartedResponse(Message):
    """The NotifyWebPaymentStarted response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class OpenPeriodicEventStreamRequest(Message):
    """The OpenPeriodicEventStream request of OCPP 2.1."""

    constant_stream_data: ConstantStreamDataType
    custom_data: Maybe[CustomDataType] = None


class OpenPeriodicEventStreamResponse(Message):
    """The OpenPeriodicEventStream response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class PublishFirmwareRequest(Message):
    """The PublishFirmware request of OCPP 2.1."""

    location: Text2000
    checksum: Text32
    request_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    retries: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    retry_interval: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class PublishFirmwareResponse(Message):
    """The PublishFirmware response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class PublishFirmwareStatusNotificationRequest(Message):
    """The PublishFirmwareStatusNotification request of OCPP 2.1."""

    status: PublishFirmwareStatusEnumType
    location: Maybe[Annotated[list[Text2000], Meta(min_length=1)]] = None
    request_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class PullDynamicScheduleUpdateRequest(Message):
    """The PullDynamicScheduleUpdate request of OCPP 2.1."""

    charging_profile_id: Int
    custom_data: Maybe[CustomDataType] = None


class ChargingScheduleUpdateType(Message):
    """``ChargingScheduleUpdateType`` of OCPP 2.1."""

    limit: Maybe[Number] = None
    limit_l2: Maybe[Number] = field(default=None, name="limit_L2")
    limit_l3: Maybe[Number] = field(default=None, name="limit_L3")
    discharge_limit: Maybe[Number] = None
    discharge_limit_l2: Maybe[Number] = field(default=None, name="dischargeLimit_L2")
    discharge_limit_l3: Maybe[Number] = field(default=None, name="dischargeLimit_L3")
    setpoint: Maybe[Number] = None
    setpoint_l2: Maybe[Number] = field(default=None, name="setpoint_L2")
    setpoint_l3: Maybe[Number] = field(default=None, name="setpoint_L3")
    setpoint_reactive: Maybe[Number] = None
    setpoint_reactive_l2: Maybe[Number] = field(default=None, name="setpointReactive_L2")
    setpoint_reactive_l3: Maybe[Number] = field(default=None, name="setpointReactive_L3")
    custom_data: Maybe[CustomDataType] = None

    def __post_init__(self) -> None:
        check_number("dischargeLimit", self.discharge_limit, maximum=0)
        check_number("dischargeLimit_L2", self.discharge_limit_l2, maximum=0)
        check_number("dischargeLimit_L3", self.discharge_limit_l3, maximum=0)


class PullDynamicScheduleUpdateResponse(Message):
    """The PullDynamicScheduleUpdate response of OCPP 2.1."""

    status: ChargingProfileStatusEnumType
    schedule_update: Maybe[ChargingScheduleUpdateType] = None
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ChargingProfileType(Message):
    """``ChargingProfileType`` of OCPP 2.1."""

    id: Int
    stack_level: Annotated[int, Meta(ge=0, le=INT_MAX)]
    charging_profile_purpose: ChargingProfilePurposeEnumType
    charging_profile_kind: ChargingProfileKindEnumType
    charging_schedule: Annotated[list[ChargingScheduleType], Meta(min_length=1, max_length=3)]
    recurrency_kind: Maybe[RecurrencyKindEnumType] = None
    valid_from: Maybe[DateTime] = None
    valid_to: Maybe[DateTime] = None
    transaction_id: Maybe[Text36] = None
    max_offline_duration: Maybe[Int] = None
    invalid_after_offline_duration: Maybe[bool] = None
    dyn_update_interval: Maybe[Int] = None
    dyn_update_time: Maybe[DateTime] = None
    price_schedule_signature: Maybe[Text256] = None
    custom_data: Maybe[CustomDataType] = None


class ReportChargingProfilesRequest(Message):
    """The ReportChargingProfiles request of OCPP 2.1."""

    request_id: Int
    charging_limit_source: Text20
    charging_profile: Annotated[list[ChargingProfileType], Meta(min_length=1)]
    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class DERCurvePointsType(Message):
    """``DERCurvePointsType`` of OCPP 2.1."""

    x: Number
    y: Number
    custom_data: Maybe[CustomDataType] = None


class HysteresisType(Message):
    """``HysteresisType`` of OCPP 2.1."""

    hysteresis_high: Maybe[Number] = None
    hysteresis_low: Maybe[Number] = None
    hysteresis_delay: Maybe[Number] = None
    hysteresis_gradient: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class ReactivePowerParamsType(Message):
    """``ReactivePowerParamsType`` of OCPP 2.1."""

    v_ref: Maybe[Number] = None
    autonomous_v_ref_enable: Maybe[bool] = None
    autonomous_v_ref_time_constant: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class VoltageParamsType(Message):
    """``VoltageParamsType`` of OCPP 2.1."""

    hv10_min_mean_value: Maybe[Number] = None
    hv10_min_mean_trip_delay: Maybe[Number] = None
    power_during_cessation: Maybe[PowerDuringCessationEnumType] = None
    custom_data: Maybe[CustomDataType] = None


class DERCurveType(Message):
    """``DERCurveType`` of OCPP 2.1."""

    curve_data: Annotated[list[DERCurvePointsType], Meta(min_length=1, max_length=10)]
    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    y_unit: DERUnitEnumType
    hysteresis: Maybe[HysteresisType] = None
    reactive_power_params: Maybe[ReactivePowerParamsType] = None
    voltage_params: Maybe[VoltageParamsType] = None
    response_time: Maybe[Number] = None
    start_time: Maybe[DateTime] = None
    duration: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class DERCurveGetType(Message):
    """``DERCurveGetType`` of OCPP 2.1."""

    curve: DERCurveType
    id: Text36
    curve_type: DERControlEnumType
    is_default: bool
    is_superseded: bool
    custom_data: Maybe[CustomDataType] = None


class EnterServiceType(Message):
    """``EnterServiceType`` of OCPP 2.1."""

    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    high_voltage: Number
    low_voltage: Number
    high_freq: Number
    low_freq: Number
    delay: Maybe[Number] = None
    random_delay: Maybe[Number] = None
    ramp_rate: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class EnterServiceGetType(Message):
    """``EnterServiceGetType`` of OCPP 2.1."""

    enter_service: EnterServiceType
    id: Text36
    custom_data: Maybe[CustomDataType] = None


class FixedPFType(Message):
    """``FixedPFType`` of OCPP 2.1."""

    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    displacement: Number
    excitation: bool
    start_time: Maybe[DateTime] = None
    duration: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class FixedPFGetType(Message):
    """``FixedPFGetType`` of OCPP 2.1."""

    fixed_pf: FixedPFType = field(name="fixedPF")
    id: Text36
    is_default: bool
    is_superseded: bool
    custom_data: Maybe[CustomDataType] = None


class FixedVarType(Message):
    """``FixedVarType`` of OCPP 2.1."""

    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    setpoint: Number
    unit: DERUnitEnumType
    start_time: Maybe[DateTime] = None
    duration: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class FixedVarGetType(Message):
    """``FixedVarGetType`` of OCPP 2.1."""

    fixed_var: FixedVarType
    id: Text36
    is_default: bool
    is_superseded: bool
    custom_data: Maybe[CustomDataType] = None


class FreqDroopType(Message):
    """``FreqDroopType`` of OCPP 2.1."""

    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    over_freq: Number
    under_freq: Number
    over_droop: Number
    under_droop: Number
    response_time: Number
    start_time: Maybe[DateTime] = None
    duration: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class FreqDroopGetType(Message):
    """``FreqDroopGetType`` of OCPP 2.1."""

    freq_droop: FreqDroopType
    id: Text36
    is_default: bool
    is_superseded: bool
    custom_data: Maybe[CustomDataType] = None


class GradientType(Message):
    """``GradientType`` of OCPP 2.1."""

    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    gradient: Number
    soft_gradient: Number
    custom_data: Maybe[CustomDataType] = None


class GradientGetType(Message):
    """``GradientGetType`` of OCPP 2.1."""

    gradient: GradientType
    id: Text36
    custom_data: Maybe[CustomDataType] = None


class LimitMaxDischargeType(Message):
    """``LimitMaxDischargeType`` of OCPP 2.1."""

    priority: Annotated[int, Meta(ge=0, le=INT_MAX)]
    pct_max_discharge_power: Maybe[Number] = None
    power_monitoring_must_trip: Maybe[DERCurveType] = None
    start_time: Maybe[DateTime] = None
    duration: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class LimitMaxDischargeGetType(Message):
    """``LimitMaxDischargeGetType`` of OCPP 2.1."""

    id: Text36
    is_default: bool
    is_superseded: bool
    limit_max_discharge: LimitMaxDischargeType
    custom_data: Maybe[CustomDataType] = None


class ReportDERControlRequest(Message):
    """The ReportDERControl request of OCPP 2.1."""

    request_id: Int
    curve: Maybe[Annotated[list[DERCurveGetType], Meta(min_length=1, max_length=24)]] = None
    enter_service: Maybe[
        Annotated[list[EnterServiceGetType], Meta(min_length=1, max_length=24)]
    ] = None
    fixed_pf_absorb: Maybe[Annotated[list[FixedPFGetType], Meta(min_length=1, max_length=24)]] = (
        field(default=None, name="fixedPFAbsorb")
    )
    fixed_pf_inject: Maybe[Annotated[list[FixedPFGetType], Meta(min_length=1, max_length=24)]] = (
        field(default=None, name="fixedPFInject")
    )
    fixed_var: Maybe[Annotated[list[FixedVarGetType], Meta(min_length=1, max_length=24)]] = None
    freq_droop: Maybe[Annotated[list[FreqDroopGetType], Meta(min_length=1, max_length=24)]] = None
    gradient: Maybe[Annotated[list[GradientGetType], Meta(min_length=1, max_length=24)]] = None
    limit_max_discharge: Maybe[
        Annotated[list[LimitMaxDischargeGetType], Meta(min_length=1, max_length=24)]
    ] = None
    tbc: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class ReportDERControlResponse(Message):
    """The ReportDERControl response of OCPP 2.1."""

    custom_data: Maybe[CustomDataType] = None


class RequestBatterySwapRequest(Message):
    """The RequestBatterySwap request of OCPP 2.1."""

    id_token: IdTokenType
    request_id: Int
    custom_data: Maybe[CustomDataType] = None


class RequestBatterySwapResponse(Message):
    """The RequestBatterySwap response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class RequestStartTransactionRequest(Message):
    """The RequestStartTransaction request of OCPP 2.1."""

    id_token: IdTokenType
    remote_start_id: Int
    evse_id: Maybe[Annotated[int, Meta(ge=1, le=INT_MAX)]] = None
    group_id_token: Maybe[IdTokenType] = None
    charging_profile: Maybe[ChargingProfileType] = None
    custom_data: Maybe[CustomDataType] = None


class RequestStartTransactionResponse(Message):
    """The RequestStartTransaction response of OCPP 2.1."""

    status: RequestStartStopStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    transaction_id: Maybe[Text36] = None
    custom_data: Maybe[CustomDataType] = None


class RequestStopTransactionResponse(Message):
    """The RequestStopTransaction response of OCPP 2.1."""

    status: RequestStartStopStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ReservationStatusUpdateRequest(Message):
    """The ReservationStatusUpdate request of OCPP 2.1."""

    reservation_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    reservation_update_status: ReservationUpdateStatusEnumType
    custom_data: Maybe[CustomDataType] = None


class ReserveNowRequest(Message):
    """The ReserveNow request of OCPP 2.1."""

    id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    expiry_date_time: DateTime
    id_token: IdTokenType
    connector_type: Maybe[Text20] = None
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    group_id_token: Maybe[IdTokenType] = None
    custom_data: Maybe[CustomDataType] = None


class ReserveNowResponse(Message):
    """The ReserveNow response of OCPP 2.1."""

    status: ReserveNowStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class ResetRequest(Message):
    """The Reset request of OCPP 2.1."""

    type: ResetEnumType
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class ResetResponse(Message):
    """The Reset response of OCPP 2.1."""

    status: ResetStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class AuthorizationData(Message):
    """``AuthorizationData`` of OCPP 2.1."""

    id_token: IdTokenType
    id_token_info: Maybe[IdTokenInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SendLocalListRequest(Message):
    """The SendLocalList request of OCPP 2.1."""

    version_number: Int
    update_type: UpdateEnumType
    local_authorization_list: Maybe[Annotated[list[AuthorizationData], Meta(min_length=1)]] = None
    custom_data: Maybe[CustomDataType] = None


class SendLocalListResponse(Message):
    """The SendLocalList response of OCPP 2.1."""

    status: SendLocalListStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetChargingProfileRequest(Message):
    """The SetChargingProfile request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    charging_profile: ChargingProfileType
    custom_data: Maybe[CustomDataType] = None


class SetChargingProfileResponse(Message):
    """The SetChargingProfile response of OCPP 2.1."""

    status: ChargingProfileStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetDERControlRequest(Message):
    """The SetDERControl request of OCPP 2.1."""

    is_default: bool
    control_id: Text36
    control_type: DERControlEnumType
    curve: Maybe[DERCurveType] = None
    enter_service: Maybe[EnterServiceType] = None
    fixed_pf_absorb: Maybe[FixedPFType] = field(default=None, name="fixedPFAbsorb")
    fixed_pf_inject: Maybe[FixedPFType] = field(default=None, name="fixedPFInject")
    fixed_var: Maybe[FixedVarType] = None
    freq_droop: Maybe[FreqDroopType] = None
    gradient: Maybe[GradientType] = None
    limit_max_discharge: Maybe[LimitMaxDischargeType] = None
    custom_data: Maybe[CustomDataType] = None


class SetDERControlResponse(Message):
    """The SetDERControl response of OCPP 2.1."""

    status: DERControlStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    superseded_ids: Maybe[Annotated[list[Text36], Meta(min_length=1, max_length=24)]] = None
    custom_data: Maybe[CustomDataType] = None


class SetDefaultTariffRequest(Message):
    """The SetDefaultTariff request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    tariff: TariffType
    custom_data: Maybe[CustomDataType] = None


class SetDefaultTariffResponse(Message):
    """The SetDefaultTariff response of OCPP 2.1."""

    status: TariffSetStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetDisplayMessageRequest(Message):
    """The SetDisplayMessage request of OCPP 2.1."""

    message: MessageInfoType
    custom_data: Maybe[CustomDataType] = None


class SetDisplayMessageResponse(Message):
    """The SetDisplayMessage response of OCPP 2.1."""

    status: DisplayMessageStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringBaseResponse(Message):
    """The SetMonitoringBase response of OCPP 2.1."""

    status: GenericDeviceModelStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringLevelRequest(Message):
    """The SetMonitoringLevel request of OCPP 2.1."""

    severity: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringLevelResponse(Message):
    """The SetMonitoringLevel response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class APNType(Message):
    """``APNType`` of OCPP 2.1."""

    apn: Text2000
    apn_authentication: APNAuthenticationEnumType
    apn_user_name: Maybe[Text50] = None
    apn_password: Maybe[Text64] = None
    sim_pin: Maybe[Int] = None
    preferred_network: Maybe[Text6] = None
    use_only_preferred_network: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class VPNType(Message):
    """``VPNType`` of OCPP 2.1."""

    server: Text2000
    user: Text50
    password: Text64
    key: Text255
    type: VPNEnumType
    group: Maybe[Text50] = None
    custom_data: Maybe[CustomDataType] = None


class NetworkConnectionProfileType(Message):
    """``NetworkConnectionProfileType`` of OCPP 2.1."""

    ocpp_interface: OCPPInterfaceEnumType
    ocpp_transport: OCPPTransportEnumType
    message_timeout: Int
    ocpp_csms_url: Text2000
    security_profile: Annotated[int, Meta(ge=0, le=INT_MAX)]
    apn: Maybe[APNType] = None
    ocpp_version: Maybe[OCPPVersionEnumType] = None
    identity: Maybe[Text48] = None
    basic_auth_password: Maybe[Text64] = None
    vpn: Maybe[VPNType] = None
    custom_data: Maybe[CustomDataType] = None


class SetNetworkProfileRequest(Message):
    """The SetNetworkProfile request of OCPP 2.1."""

    configuration_slot: Int
    connection_data: NetworkConnectionProfileType
    custom_data: Maybe[CustomDataType] = None


class SetNetworkProfileResponse(Message):
    """The SetNetworkProfile response of OCPP 2.1."""

    status: SetNetworkProfileStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringDataType(Message):
    """``SetMonitoringDataType`` of OCPP 2.1."""

    value: Number
    type: MonitorEnumType
    severity: Annotated[int, Meta(ge=0, le=INT_MAX)]
    component: ComponentType
    variable: VariableType
    id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    periodic_event_stream: Maybe[PeriodicEventStreamParamsType] = None
    transaction: Maybe[bool] = None
    custom_data: Maybe[CustomDataType] = None


class SetVariableMonitoringRequest(Message):
    """The SetVariableMonitoring request of OCPP 2.1."""

    set_monitoring_data: Annotated[list[SetMonitoringDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SetMonitoringResultType(Message):
    """``SetMonitoringResultType`` of OCPP 2.1."""

    status: SetMonitoringStatusEnumType
    type: MonitorEnumType
    component: ComponentType
    variable: VariableType
    severity: Annotated[int, Meta(ge=0, le=INT_MAX)]
    id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetVariableMonitoringResponse(Message):
    """The SetVariableMonitoring response of OCPP 2.1."""

    set_monitoring_result: Annotated[list[SetMonitoringResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SetVariableDataType(Message):
    """``SetVariableDataType`` of OCPP 2.1."""

    attribute_value: Text2500
    component: ComponentType
    variable: VariableType
    attribute_type: Maybe[AttributeEnumType] = None
    custom_data: Maybe[CustomDataType] = None


class SetVariablesRequest(Message):
    """The SetVariables request of OCPP 2.1."""

    set_variable_data: Annotated[list[SetVariableDataType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SetVariableResultType(Message):
    """``SetVariableResultType`` of OCPP 2.1."""

    attribute_status: SetVariableStatusEnumType
    component: ComponentType
    variable: VariableType
    attribute_type: Maybe[AttributeEnumType] = None
    attribute_status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class SetVariablesResponse(Message):
    """The SetVariables response of OCPP 2.1."""

    set_variable_result: Annotated[list[SetVariableResultType], Meta(min_length=1)]
    custom_data: Maybe[CustomDataType] = None


class SignCertificateRequest(Message):
    """The SignCertificate request of OCPP 2.1."""

    csr: Text5500
    certificate_type: Maybe[CertificateSigningUseEnumType] = None
    hash_root_certificate: Maybe[CertificateHashDataType] = None
    request_id: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class SignCertificateResponse(Message):
    """The SignCertificate response of OCPP 2.1."""

    status: GenericStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class StatusNotificationRequest(Message):
    """The StatusNotification request of OCPP 2.1."""

    timestamp: DateTime
    connector_status: ConnectorStatusEnumType
    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    connector_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class CostDimensionType(Message):
    """``CostDimensionType`` of OCPP 2.1."""

    type: CostDimensionEnumType
    volume: Number
    custom_data: Maybe[CustomDataType] = None


class ChargingPeriodType(Message):
    """``ChargingPeriodType`` of OCPP 2.1."""

    start_period: DateTime
    dimensions: Maybe[Annotated[list[CostDimensionType], Meta(min_length=1)]] = None
    tariff_id: Maybe[Text60] = None
    custom_data: Maybe[CustomDataType] = None


class TotalPriceType(Message):
    """``TotalPriceType`` of OCPP 2.1."""

    excl_tax: Maybe[Number] = None
    incl_tax: Maybe[Number] = None
    custom_data: Maybe[CustomDataType] = None


class TotalCostType(Message):
    """``TotalCostType`` of OCPP 2.1."""

    currency: Text3
    type_of_cost: TariffCostEnumType
    total: TotalPriceType
    fixed: Maybe[PriceType] = None
    energy: Maybe[PriceType] = None
    charging_time: Maybe[PriceType] = None
    idle_time: Maybe[PriceType] = None
    reservation_time: Maybe[PriceType] = None
    reservation_fixed: Maybe[PriceType] = None
    custom_data: Maybe[CustomDataType] = None


class TotalUsageType(Message):
    """``TotalUsageType`` of OCPP 2.1."""

    energy: Number
    charging_time: Int
    idle_time: Int
    reservation_time: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class CostDetailsType(Message):
    """``CostDetailsType`` of OCPP 2.1."""

    total_cost: TotalCostType
    total_usage: TotalUsageType
    charging_periods: Maybe[Annotated[list[ChargingPeriodType], Meta(min_length=1)]] = None
    failure_to_calculate: Maybe[bool] = None
    failure_reason: Maybe[Text500] = None
    custom_data: Maybe[CustomDataType] = None


class TransactionLimitType(Message):
    """``TransactionLimitType`` of OCPP 2.1."""

    max_cost: Maybe[Number] = None
    max_energy: Maybe[Number] = None
    max_time: Maybe[Int] = None
    max_soc: Maybe[Annotated[int, Meta(ge=0, le=100)]] = field(default=None, name="maxSoC")
    custom_data: Maybe[CustomDataType] = None


class TransactionType(Message):
    """``TransactionType`` of OCPP 2.1."""

    transaction_id: Text36
    charging_state: Maybe[ChargingStateEnumType] = None
    time_spent_charging: Maybe[Int] = None
    stopped_reason: Maybe[ReasonEnumType] = None
    remote_start_id: Maybe[Int] = None
    operation_mode: Maybe[OperationModeEnumType] = None
    tariff_id: Maybe[Text60] = None
    transaction_limit: Maybe[TransactionLimitType] = None
    custom_data: Maybe[CustomDataType] = None


class TransactionEventRequest(Message):
    """The TransactionEvent request of OCPP 2.1."""

    event_type: TransactionEventEnumType
    timestamp: DateTime
    trigger_reason: TriggerReasonEnumType
    seq_no: Annotated[int, Meta(ge=0, le=INT_MAX)]
    transaction_info: TransactionType
    cost_details: Maybe[CostDetailsType] = None
    meter_value: Maybe[Annotated[list[MeterValueType], Meta(min_length=1)]] = None
    offline: Maybe[bool] = None
    number_of_phases_used: Maybe[Annotated[int, Meta(ge=0, le=3)]] = None
    cable_max_current: Maybe[Int] = None
    reservation_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    preconditioning_status: Maybe[PreconditioningStatusEnumType] = None
    evse_sleep: Maybe[bool] = None
    evse: Maybe[EVSEType] = None
    id_token: Maybe[IdTokenType] = None
    custom_data: Maybe[CustomDataType] = None


class TransactionEventResponse(Message):
    """The TransactionEvent response of OCPP 2.1."""

    total_cost: Maybe[Number] = None
    charging_priority: Maybe[Int] = None
    id_token_info: Maybe[IdTokenInfoType] = None
    transaction_limit: Maybe[TransactionLimitType] = None
    updated_personal_message: Maybe[MessageContentType] = None
    updated_personal_message_extra: Maybe[
        Annotated[list[MessageContentType], Meta(min_length=1, max_length=4)]
    ] = None
    custom_data: Maybe[CustomDataType] = None


class TriggerMessageRequest(Message):
    """The TriggerMessage request of OCPP 2.1."""

    requested_message: MessageTriggerEnumType
    evse: Maybe[EVSEType] = None
    custom_trigger: Maybe[Text50] = None
    custom_data: Maybe[CustomDataType] = None


class TriggerMessageResponse(Message):
    """The TriggerMessage response of OCPP 2.1."""

    status: TriggerMessageStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class UnlockConnectorRequest(Message):
    """The UnlockConnector request of OCPP 2.1."""

    evse_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    connector_id: Annotated[int, Meta(ge=0, le=INT_MAX)]
    custom_data: Maybe[CustomDataType] = None


class UnlockConnectorResponse(Message):
    """The UnlockConnector response of OCPP 2.1."""

    status: UnlockStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class UpdateDynamicScheduleRequest(Message):
    """The UpdateDynamicSchedule request of OCPP 2.1."""

    charging_profile_id: Int
    schedule_update: ChargingScheduleUpdateType
    custom_data: Maybe[CustomDataType] = None


class UpdateDynamicScheduleResponse(Message):
    """The UpdateDynamicSchedule response of OCPP 2.1."""

    status: ChargingProfileStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class FirmwareType(Message):
    """``FirmwareType`` of OCPP 2.1."""

    location: Text2000
    retrieve_date_time: DateTime
    install_date_time: Maybe[DateTime] = None
    signing_certificate: Maybe[Text5500] = None
    signature: Maybe[Text800] = None
    custom_data: Maybe[CustomDataType] = None


class UpdateFirmwareRequest(Message):
    """The UpdateFirmware request of OCPP 2.1."""

    request_id: Int
    firmware: FirmwareType
    retries: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    retry_interval: Maybe[Int] = None
    custom_data: Maybe[CustomDataType] = None


class UpdateFirmwareResponse(Message):
    """The UpdateFirmware response of OCPP 2.1."""

    status: UpdateFirmwareStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class UsePriorityChargingRequest(Message):
    """The UsePriorityCharging request of OCPP 2.1."""

    transaction_id: Text36
    activate: bool
    custom_data: Maybe[CustomDataType] = None


class UsePriorityChargingResponse(Message):
    """The UsePriorityCharging response of OCPP 2.1."""

    status: PriorityChargingStatusEnumType
    status_info: Maybe[StatusInfoType] = None
    custom_data: Maybe[CustomDataType] = None


class VatNumberValidationRequest(Message):
    """The VatNumberValidation request of OCPP 2.1."""

    vat_number: Text20
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


class VatNumberValidationResponse(Message):
    """The VatNumberValidation response of OCPP 2.1."""

    vat_number: Text20
    status: GenericStatusEnumType
    company: Maybe[AddressType] = None
    status_info: Maybe[StatusInfoType] = None
    evse_id: Maybe[Annotated[int, Meta(ge=0, le=INT_MAX)]] = None
    custom_data: Maybe[CustomDataType] = None


ACTIONS: Actions = {
    action.name: action
    for action in (
        Action("AFRRSignal", AFRRSignalRequest, AFRRSignalResponse, CSMS),
        Action(
            "AdjustPeriodicEventStream",
            AdjustPeriodicEventStreamRequest,
            AdjustPeriodicEventStreamResponse,
            CSMS,
        ),
        Action("Authorize", AuthorizeRequest, AuthorizeResponse, STATION),
        Action("BatterySwap", BatterySwapRequest, BatterySwapResponse, STATION),
        Action("BootNotification", BootNotificationRequest, BootNotificationResponse, STATION),
        Action("CancelReservation", CancelReservationRequest, CancelReservationResponse, CSMS),
        Action("CertificateSigned", CertificateSignedRequest, CertificateSignedResponse, CSMS),
        Action("ChangeAvailability", ChangeAvailabilityRequest, ChangeAvailabilityResponse, CSMS),
        Action(
            "ChangeTransactionTariff",
            ChangeTransactionTariffRequest,
            ChangeTransactionTariffResponse,
            CSMS,
        ),
        Action("ClearCache", ClearCacheRequest, ClearCacheResponse, CSMS),
        Action(
            "ClearChargingProfile", ClearChargingProfileRequest, ClearChargingProfileResponse, CSMS
        ),
        Action("ClearDERControl", ClearDERControlRequest, ClearDERControlResponse, CSMS),
        Action(
            "ClearDisplayMessage", ClearDisplayMessageRequest, ClearDisplayMessageResponse, CSMS
        ),
        Action("ClearTariffs", ClearTariffsRequest, ClearTariffsResponse, CSMS),
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
        Action(
            "ClosePeriodicEventStream",
            ClosePeriodicEventStreamRequest,
            ClosePeriodicEventStreamResponse,
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
            "GetCertificateChainStatus",
            GetCertificateChainStatusRequest,
            GetCertificateChainStatusResponse,
            STATION,
        ),
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
        Action("GetDERControl", GetDERControlRequest, GetDERControlResponse, CSMS),
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
        Action(
            "GetPeriodicEventStream",
            GetPeriodicEventStreamRequest,
            GetPeriodicEventStreamResponse,
            CSMS,
        ),
        Action("GetReport", GetReportRequest, GetReportResponse, CSMS),
        Action("GetTariffs", GetTariffsRequest, GetTariffsResponse, CSMS),
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
            "NotifyAllowedEnergyTransfer",
            NotifyAllowedEnergyTransferRequest,
            NotifyAllowedEnergyTransferResponse,
            CSMS,
        ),
        Action(
            "NotifyChargingLimit", NotifyChargingLimitRequest, NotifyChargingLimitResponse, STATION
        ),
        Action(
            "NotifyCustomerInformation",
            NotifyCustomerInformationRequest,
            NotifyCustomerInformationResponse,
            STATION,
        ),
        Action("NotifyDERAlarm", NotifyDERAlarmRequest, NotifyDERAlarmResponse, STATION),
        Action(
            "NotifyDERStartStop", NotifyDERStartStopRequest, NotifyDERStartStopResponse, STATION
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
        Action(
            "NotifyPriorityCharging",
            NotifyPriorityChargingRequest,
            NotifyPriorityChargingResponse,
            STATION,
        ),
        Action("NotifyReport", NotifyReportRequest, NotifyReportResponse, STATION),
        Action("NotifySettlement", NotifySettlementRequest, NotifySettlementResponse, STATION),
        Action(
            "NotifyWebPaymentStarted",
            NotifyWebPaymentStartedRequest,
            NotifyWebPaymentStartedResponse,
            CSMS,
        ),
        Action(
            "OpenPeriodicEventStream",
            OpenPeriodicEventStreamRequest,
            OpenPeriodicEventStreamResponse,
            STATION,
        ),
        Action("PublishFirmware", PublishFirmwareRequest, PublishFirmwareResponse, CSMS),
        Action(
            "PublishFirmwareStatusNotification",
            PublishFirmwareStatusNotificationRequest,
            PublishFirmwareStatusNotificationResponse,
            STATION,
        ),
        Action(
            "PullDynamicScheduleUpdate",
            PullDynamicScheduleUpdateRequest,
            PullDynamicScheduleUpdateResponse,
            STATION,
        ),
        Action(
            "ReportChargingProfiles",
            ReportChargingProfilesRequest,
            ReportChargingProfilesResponse,
            STATION,
        ),
        Action("ReportDERControl", ReportDERControlRequest, ReportDERControlResponse, STATION),
        Action("RequestBatterySwap", RequestBatterySwapRequest, RequestBatterySwapResponse, CSMS),
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
        Action("SetDERControl", SetDERControlRequest, SetDERControlResponse, CSMS),
        Action("SetDefaultTariff", SetDefaultTariffRequest, SetDefaultTariffResponse, CSMS),
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
        Action(
            "UpdateDynamicSchedule",
            UpdateDynamicScheduleRequest,
            UpdateDynamicScheduleResponse,
            CSMS,
        ),
        Action("UpdateFirmware", UpdateFirmwareRequest, UpdateFirmwareResponse, CSMS),
        Action(
            "UsePriorityCharging", UsePriorityChargingRequest, UsePriorityChargingResponse, CSMS
        ),
        Action(
            "VatNumberValidation", VatNumberValidationRequest, VatNumberValidationResponse, STATION
        ),
    )
}

UNCONFIRMED: Unconfirmed = {
    "NotifyPeriodicEventStream": NotifyPeriodicEventStream,
}
