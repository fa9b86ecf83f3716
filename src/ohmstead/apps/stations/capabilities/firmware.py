"""What a station says of its firmware, told to the roll-out it is in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.station_update import Told, UpdateEvent, UpdateState
from ohmstead.flows.rollouts import update_of
from ohmstead.flows.rollouts_follow import NO_REQUEST, Heard, heard
from ohmstead.wire.ocpp.base import Message

_E = UpdateEvent
# FirmwareStatus of 1.6, FirmwareStatusEnumType of its security extension, of 2.0.1 and of 2.1.
EVENTS: Mapping[str, UpdateEvent] = MappingProxyType(
    {
        "Idle": _E.UNKNOWN,
        "DownloadScheduled": _E.TAKEN,
        "Downloading": _E.DOWNLOADING,
        "DownloadPaused": _E.TAKEN,
        "Downloaded": _E.DOWNLOADED,
        "DownloadFailed": _E.FAILED,
        "SignatureVerified": _E.VERIFIED,
        "InvalidSignature": _E.REFUSED,
        "InstallScheduled": _E.TAKEN,
        "InstallVerificationFailed": _E.REFUSED,
        "Installing": _E.INSTALLING,
        "InstallRebooting": _E.REBOOTING,
        "InstallationFailed": _E.BROKEN,
        "Installed": _E.INSTALLED,
    }
)
_CLOSED = frozenset({UpdateState.CONFIRMED, UpdateState.ROLLED_BACK, UpdateState.SKIPPED})


def worded(status: str, message: Message) -> str:
    """A status with the reason beside it, where the version has one and the station gives it."""
    info = getattr(message, "status_info", None)
    if info is None:
        return status
    more = f"{info.reason_code} {info.additional_info or ''}".strip()
    return f"{status}: {more}"


async def told(
    peer: StationPeer, status: str, message: Message, request_id: int | None = None
) -> None:
    """A firmware status notification; 1.6 names no request, and speaks of the one that is open."""
    event = EVENTS.get(status)
    if event is not None:
        number = NO_REQUEST if request_id is None else request_id
        known = event is not _E.UNKNOWN
        reason = worded(status, message) if known else "the station knows of no update"
        await _heard(peer, Heard(peer.station_id, Told(event, reason), number))


async def booted(peer: StationPeer, version: str) -> None:
    """A BootNotification: what runs now is what decides whether an update went well."""
    await _heard(peer, Heard(peer.station_id, Told(_E.BOOTED, version=version)))


async def _heard(peer: StationPeer, command: Heard) -> None:
    # Ten thousand stations that reconnect write nothing for a roll-out they are not in.
    update = update_of(peer.services.store, peer.station_id)
    if update is not None and update.state not in _CLOSED:
        await peer.services.store.run(heard, command)
