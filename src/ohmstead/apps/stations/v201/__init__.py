"""Handlers for OCPP 2.0.1: one file per message, and the table that routes to them."""

from __future__ import annotations

from types import MappingProxyType

from ohmstead.apps.stations.peer import Handlers
from ohmstead.apps.stations.v201 import (
    authorize,
    boot_notification,
    data_transfer,
    heartbeat,
    meter_values,
    notify_report,
    report_charging_profiles,
    status_notification,
    transaction_event,
)

HANDLERS: Handlers = MappingProxyType(
    {
        "Authorize": authorize.handle,
        "BootNotification": boot_notification.handle,
        "DataTransfer": data_transfer.handle,
        "Heartbeat": heartbeat.handle,
        "MeterValues": meter_values.handle,
        "NotifyReport": notify_report.handle,
        "ReportChargingProfiles": report_charging_profiles.handle,
        "StatusNotification": status_notification.handle,
        "TransactionEvent": transaction_event.handle,
    }
)
