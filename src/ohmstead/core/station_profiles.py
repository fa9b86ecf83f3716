"""What is kept of a station's charging profiles: what it should have, what it says it has."""

from __future__ import annotations

from ohmstead.core.charging_profile import PROFILES_MAX, ChargingProfile, Installed
from ohmstead.frozen import Frozen

REPORTED_MAX = 2 * PROFILES_MAX


class StationProfiles(Frozen):
    """The profiles that a station accepted and did not clear, in order of their ids."""

    station_id: str
    installed: tuple[Installed, ...] = ()

    @property
    def key(self) -> str:
        return self.station_id


class Reported(Frozen):
    """One profile as a station reported it; ``source`` says whose it is (CSO: ours)."""

    evse_id: int
    source: str
    profile: ChargingProfile


class ProfileReport(Frozen):
    """What a station last reported to have, of one request; ``is_whole`` once no more comes."""

    station_id: str
    request_id: int
    profiles: tuple[Reported, ...] = ()
    is_whole: bool = False
    at_ms: int = 0

    @property
    def key(self) -> str:
        return self.station_id
