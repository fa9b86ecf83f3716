"""Log lines for what a station sends that nobody has to do anything about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from ohmstead.wire.ocpp.frames import (
    Event,
    FrameRefused,
    RepeatReceived,
    ResultDisputed,
    SendReceived,
)

T = TypeVar("T")

_log = structlog.get_logger("ohmstead.gateway")


def noted(station_id: str, event: Event) -> bool:
    """Write an event down if that is all there is to do; False for the others."""
    match event:
        case FrameRefused(reason):
            _log.info("not an OCPP message", station=station_id, reason=reason[:200])
        case RepeatReceived(_, action):
            _log.debug("repeated call", station=station_id, action=action[:60])
        case ResultDisputed(_, code, description):
            reason = f"{code}: {description}"[:200]
            _log.warning("our answer was disputed", station=station_id, reason=reason)
        case SendReceived(_, action):
            # Only event streams (2.1 N11) are sent like this, and none was agreed to.
            _log.info("not listened to", station=station_id, action=action[:60])
        case _:
            return False
    return True


def tell(station_id: str, told: Callable[[T], None], what: T) -> None:
    """Tell the Peer; a defect there must not leave a connection half ended here."""
    try:
        told(what)
    except Exception as error:
        _log.error("a handler failed", station=station_id, exc_info=error)
