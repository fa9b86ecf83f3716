"""Handlers for OCPP 1.6J: one file per message, and the table that routes to them."""

from __future__ import annotations

from types import MappingProxyType

from ohmstead.apps.stations.peer import Handlers
from ohmstead.apps.stations.v16 import (
    authorize,
    boot_notification,
    data_transfer,
    diagnostics_status_notification,
    firmware_status_notification,
    heartbeat,
    log_status_notification,
    meter_values,
    security_event_notification,
    sign_certificate,
    signed_firmware_status_notification,
    start_transaction,
    status_notification,
    stop_transaction,
)

HANDLERS: Handlers = MappingProxyType(
    {
        "Authorize": authorize.handle,
        "BootNotification": boot_notification.handle,
        "DataTransfer": data_transfer.handle,
        "DiagnosticsStatusNotification": diagnostics_status_notification.handle,
        "FirmwareStatusNotification": firmware_status_notification.handle,
        "Heartbeat": heartbeat.handle,
        "LogStatusNotification": log_status_notification.handle,
        "MeterValues": meter_values.handle,
        "SecurityEventNotification": security_event_notification.handle,
        "SignCertificate": sign_certificate.handle,
        "SignedFirmwareStatusNotification": signed_firmware_status_notification.handle,
        "StartTransaction": start_transaction.handle,
        "StatusNotification": status_notification.handle,
        "StopTransaction": stop_transaction.handle,
    }
)
