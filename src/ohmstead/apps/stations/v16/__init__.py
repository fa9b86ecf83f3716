"""Handlers for OCPP 1.6J: one file per message, and the table that routes to them."""

from __future__ import annotations

from types import MappingProxyType

from ohmstead.apps.stations.peer import Handlers
from ohmstead.apps.stations.v16 import (
    authorize,
    boot_notification,
    data_transfer,
    heartbeat,
    meter_values,
    start_transaction,
    status_notification,
    stop_transaction,
)

HANDLERS: Handlers = MappingProxyType(
    {
        "Authorize": authorize.handle,
        "BootNotification": boot_notification.handle,
        "DataTransfer": data_transfer.handle,
        "Heartbeat": heartbeat.handle,
        "MeterValues": meter_values.handle,
        "StartTransaction": start_transaction.handle,
        "StatusNotification": status_notification.handle,
        "StopTransaction": stop_transaction.handle,
    }
)
