"""What can be configured in a virtual station: 1.6 keys, 2.0.1 component variables.

Both are a table of names; a 2.0.1 name is ``Component.Variable``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ohmstead.wire.ocpp.base import Version


class Kind(enum.Enum):
    """What a value may be; the value is OCPP 2.0.1's name of the data type."""

    TEXT = "string"
    WHOLE = "integer"
    SWITCH = "boolean"
    SECRET = "secret"  # written, never read


class Change(enum.Enum):
    """What became of a change."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    READONLY = "readonly"
    UNFIT = "unfit"  # the value is none of its kind


@dataclass(slots=True)
class Setting:
    """One value, always text on the wire."""

    value: str
    kind: Kind
    readonly: bool = False

    def fits(self, value: str) -> bool:
        """Tell whether the value is of this setting's kind."""
        if self.kind is Kind.WHOLE:
            return value.isascii() and value.isdecimal()
        return self.kind is not Kind.SWITCH or value.lower() in ("true", "false")


class Settings:
    """The table of one station."""

    def __init__(self, version: Version, evses: int) -> None:
        rows = _ROWS_16 if version is Version.V16 else _ROWS_201
        self._rows = {name: Setting(value, kind, fixed) for name, value, kind, fixed in rows}
        if version is Version.V16:
            self._rows["NumberOfConnectors"] = Setting(str(evses), Kind.WHOLE, readonly=True)
            self.password_name = "AuthorizationKey"
            self.beat_name = "HeartbeatInterval"
        else:
            self.password_name = "SecurityCtrlr.BasicAuthPassword"
            self.beat_name = "OCPPCommCtrlr.HeartbeatInterval"

    def names(self) -> list[str]:
        """Return all names, in the table's order."""
        return list(self._rows)

    def get(self, name: str) -> Setting | None:
        """Return the setting, or None for a name that is not there."""
        return self._rows.get(name)

    def has_component(self, component: str) -> bool:
        """Tell whether a 2.0.1 component has any variable here."""
        return any(name.startswith(f"{component}.") for name in self._rows)

    def change(self, name: str, value: str) -> Change:
        """Set a value, if the name is there, may be written, and the value fits."""
        setting = self._rows.get(name)
        if setting is None:
            return Change.UNKNOWN
        if setting.readonly:
            return Change.READONLY
        if not setting.fits(value):
            return Change.UNFIT
        setting.value = value
        return Change.ACCEPTED


# name, value, kind, readonly
_ROWS_16 = (
    ("AuthorizationKey", "", Kind.SECRET, False),
    ("AuthorizeRemoteTxRequests", "false", Kind.SWITCH, True),
    ("ClockAlignedDataInterval", "0", Kind.WHOLE, False),
    ("ConnectionTimeOut", "60", Kind.WHOLE, False),
    ("GetConfigurationMaxKeys", "50", Kind.WHOLE, True),
    ("HeartbeatInterval", "300", Kind.WHOLE, False),
    ("LocalAuthorizeOffline", "true", Kind.SWITCH, False),
    ("LocalPreAuthorize", "false", Kind.SWITCH, False),
    ("MeterValueSampleInterval", "60", Kind.WHOLE, False),
    ("MeterValuesSampledData", "Energy.Active.Import.Register", Kind.TEXT, True),
    ("ResetRetries", "0", Kind.WHOLE, False),
    ("StopTransactionOnEVSideDisconnect", "true", Kind.SWITCH, False),
    ("StopTransactionOnInvalidId", "true", Kind.SWITCH, False),
    (
        "SupportedFeatureProfiles",
        "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
        Kind.TEXT,
        True,
    ),
    ("TransactionMessageAttempts", "3", Kind.WHOLE, True),
    ("TransactionMessageRetryInterval", "0", Kind.WHOLE, True),
    ("UnlockConnectorOnEVSideDisconnect", "true", Kind.SWITCH, False),
)
_ROWS_201 = (
    ("AlignedDataCtrlr.Interval", "0", Kind.WHOLE, False),
    ("AuthCtrlr.LocalAuthorizeOffline", "true", Kind.SWITCH, False),
    ("AuthCtrlr.LocalPreAuthorize", "false", Kind.SWITCH, False),
    ("ChargingStation.Model", "virtual station", Kind.TEXT, True),
    ("ChargingStation.VendorName", "Ohmstead", Kind.TEXT, True),
    ("OCPPCommCtrlr.HeartbeatInterval", "300", Kind.WHOLE, False),
    ("OCPPCommCtrlr.MessageAttempts", "3", Kind.WHOLE, True),
    ("OCPPCommCtrlr.MessageAttemptInterval", "0", Kind.WHOLE, True),
    ("OCPPCommCtrlr.OfflineThreshold", "0", Kind.WHOLE, False),
    ("SampledDataCtrlr.SignReadings", "true", Kind.SWITCH, True),
    ("SampledDataCtrlr.TxEndedMeasurands", "Energy.Active.Import.Register", Kind.TEXT, True),
    ("SampledDataCtrlr.TxStartedMeasurands", "Energy.Active.Import.Register", Kind.TEXT, True),
    ("SampledDataCtrlr.TxUpdatedInterval", "60", Kind.WHOLE, False),
    ("SecurityCtrlr.BasicAuthPassword", "", Kind.SECRET, False),
    ("SecurityCtrlr.SecurityProfile", "1", Kind.WHOLE, True),
    ("TxCtrlr.StopTxOnEVSideDisconnect", "true", Kind.SWITCH, False),
    ("TxCtrlr.StopTxOnInvalidId", "true", Kind.SWITCH, False),
    ("TxCtrlr.TxStartPoint", "Authorized", Kind.TEXT, True),
    ("TxCtrlr.TxStopPoint", "EVConnected,Authorized", Kind.TEXT, True),
)
