"""Handlers for OCPP 2.1: those of 2.0.1 read what both have, the files here what is new.

An answer in the words of 2.0.1 is an answer in 2.1 (a test holds that for every message), so what
serves both is written once. What no table lists is ``NotSupported``.
"""

from __future__ import annotations

from types import MappingProxyType

from ohmstead.apps.stations import v201
from ohmstead.apps.stations.peer import Handlers
from ohmstead.apps.stations.v21 import (
    get_certificate_chain_status,
    notify_settlement,
    report_charging_profiles,
)

HANDLERS: Handlers = MappingProxyType(
    {
        **v201.HANDLERS,
        "GetCertificateChainStatus": get_certificate_chain_status.handle,
        "NotifySettlement": notify_settlement.handle,
        "ReportChargingProfiles": report_charging_profiles.handle,
    }
)
