"""Resets of a virtual station: at once or when it is idle, one at a time, and it comes back.

A reset is what a real one is to its CSMS: Accepted, the transactions end with its reason, the
connection closes, another opens, and nothing is said on it before a new BootNotification.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ohmstead.apps.virtual.charging import ACCEPTED, Availability, Boot

if TYPE_CHECKING:
    from ohmstead.apps.virtual.station import VirtualStation

# What does not wait for the end of a transaction, and the reason it ends it with; Hard and Soft are
# 1.6's, Immediate is 2.x's.
_ENDS = {"Hard": "HardReset", "Soft": "SoftReset", "Immediate": "ImmediateReset"}
RESUMES = "ImmediateAndResume"  # 2.1: the transaction survives, which no virtual one does
BOOT_RETRY_S = 30  # where the CSMS leaves the interval to the station


class Resets:
    """The resets of one station."""

    def __init__(self, station: VirtualStation) -> None:
        self._station = station
        self._waits = ""  # the kind that waits for the end of a transaction
        self._runs = False

    @property
    def pending(self) -> bool:
        """Whether one waits or is under way: no new transaction is begun for the CSMS then."""
        return self._runs or bool(self._waits)

    def ask(self, kind: str) -> Availability:
        """Take a reset: now, or after the last transaction (2.0.1 B12, OnIdle)."""
        charges = any(place.charging for place in self._station.places.values())
        if self._runs or (charges and kind == RESUMES):
            return Availability.REJECTED
        if charges and kind not in _ENDS:
            self._waits = kind
            return Availability.SCHEDULED
        self._begin(kind, "RemoteReset")
        return Availability.ACCEPTED

    def stopped(self) -> None:
        """A transaction has ended: do what waited for the last one."""
        charges = any(place.charging for place in self._station.places.values())
        if self._waits and not charges and not self._runs:
            self._begin(self._waits, "ScheduledReset")

    def _begin(self, kind: str, boot_reason: str) -> None:
        self._waits, self._runs = "", True
        self._station.uplink.tell(f"the network resets this station ({kind})")
        self._station.later(self._run(kind, boot_reason))

    async def _run(self, kind: str, boot_reason: str) -> None:
        station = self._station
        try:
            if station.hooks.reset is not None:
                await station.hooks.reset(kind)
                return
            for place in station.places.values():
                if place.charging is not None:
                    await station.stop(place.charging, reason=_ENDS.get(kind, "Reboot"))
            await restart(station, boot_reason)
        finally:
            self._runs = False


async def restart(station: VirtualStation, reason: str) -> None:
    """Hang up, come back and boot; ``reason`` is 2.0.1's word for that.

    Raises UpgradeRefused, Offline, LinkLost.
    """
    station.boot_status = ""
    await station.uplink.close()
    await station.uplink.arrive()
    await enlist(station, reason)
    station.uplink.tell("it is back and has booted")


async def enlist(station: VirtualStation, reason: str = "PowerUp") -> Boot:
    """Boot until that is accepted, and tell the state of each evse; returns the last answer.

    1.6 4.2 and 2.0.1 B02, B03: after Pending or Rejected the next boot waits for the interval.
    Raises as :meth:`ohmstead.apps.virtual.station.VirtualStation.boot`.
    """
    boot = await station.boot(reason)
    while station.boot_status != ACCEPTED:  # a boot that was triggered may be accepted meanwhile
        wait_s = boot.interval_s or BOOT_RETRY_S
        station.uplink.tell(f"the network answers its boot with {boot.status}: again in {wait_s} s")
        await asyncio.sleep(wait_s)
        if station.boot_status != ACCEPTED:
            boot = await station.boot(reason)
    await announce(station)
    return boot


async def announce(station: VirtualStation) -> None:
    """Tell the state of each evse, as a station does that has booted (1.6 4.2, 2.0.1 B01)."""
    for evse, place in station.places.items():
        await station.announce(evse, place.state, station.clock.now_ms())
