"""Why a transaction of 2.x ended: which reasons are its driver's."""

from __future__ import annotations

from ohmstead.wire.ocpp.v201 import ReasonEnumType as Reason

# Reasons by which the driver, the car or a limit that was agreed ended it, 2.0.1 ReasonEnumType:
# the station worked as it should, so the last register is one. After a fault, a reset or without
# leave a person looks at it. docs/operating/unproven-sessions.md says so to operators.
BY_DRIVER = frozenset(
    {
        None,  # "MAY only be omitted when Local"
        Reason.LOCAL,
        Reason.REMOTE,
        Reason.EV_DISCONNECTED,
        Reason.STOPPED_BY_EV,
        Reason.SOC_LIMIT_REACHED,
        Reason.ENERGY_LIMIT_REACHED,
        Reason.TIME_LIMIT_REACHED,
        Reason.LOCAL_OUT_OF_CREDIT,
    }
)
NO_CAR = Reason.TIMEOUT  # "EV not connected within timeout"
