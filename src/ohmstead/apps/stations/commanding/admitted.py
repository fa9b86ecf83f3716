"""What a station that is not accepted may be asked; behaviour 12, seen from our side.

2.0.1 B02.FR.01: while pending it may be asked for information (B06 to B08) and its configuration
may be changed (B05); TriggerMessage reaches it too, also one that was rejected (B03, F06). 1.6, 4.2
says the same of pending ones, and that nothing may be begun by remote.
"""

from __future__ import annotations

from ohmstead.core.network import Admission
from ohmstead.errors import OperatorError

TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})
# What waits in the queue goes by itself, so by the letter of the specifications.
SETTING_UP = TRIGGERS | {
    "ChangeConfiguration",
    "GetBaseReport",
    "GetConfiguration",
    "GetReport",
    "GetVariables",
    "SetVariables",
}
# What somebody asks at once, who sees the answer: whatever makes a station ready, and no charging.
PREPARING = SETTING_UP | {
    "CertificateSigned",
    "ClearVariableMonitoring",
    "CustomerInformation",
    "DataTransfer",
    "DeleteCertificate",
    "GetDiagnostics",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "GetMonitoringReport",
    "InstallCertificate",
    "Reset",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetNetworkProfile",
    "SetVariableMonitoring",
    "SignedUpdateFirmware",
    "UpdateFirmware",
}


class NotAdmitted(OperatorError):
    """The station is pending or rejected, and may not be asked this."""


def may_leave(admission: Admission, action: str) -> bool:
    """Whether a queued command may leave for a station of this admission."""
    if admission is Admission.ACCEPTED:
        return True
    return action in (SETTING_UP if admission is Admission.PENDING else TRIGGERS)


def check_admitted(station_id: str, admission: Admission, action: str) -> None:
    """Raise NotAdmitted unless this may be asked of such a station now."""
    if admission is Admission.ACCEPTED or action in TRIGGERS:
        return
    word = admission.value.lower()
    if admission is Admission.REJECTED or action not in PREPARING:
        raise NotAdmitted(
            f"station {station_id} is {word}, so {action} is not sent: accept it first with "
            f"`ohmstead station set {station_id} --admission accepted`"
        )
