"""What a plan of a roll-out may say, which stations it means, and at which hours."""

from __future__ import annotations

from itertools import pairwise

from ohmstead.core.network import Station
from ohmstead.core.rollout import (
    HOURS,
    OVER,
    PERCENT,
    STAGES_MAX,
    Package,
    Rollout,
    RolloutPlan,
    Targets,
)
from ohmstead.core.station_update import Rollback, StationUpdate, same_version
from ohmstead.errors import OperatorError


def check_plan(plan: RolloutPlan) -> None:
    """Raise OperatorError for a plan that cannot be carried out, naming what to change."""
    stages = plan.stages
    growing = all(low < high for low, high in pairwise(stages))
    if not 1 <= len(stages) <= STAGES_MAX or stages[0] < 1 or stages[-1] != PERCENT or not growing:
        raise OperatorError("stages: whole percent that grow and end with 100, as in 1,10,50,100")
    if not 0 <= plan.from_hour < HOURS or not 0 <= plan.to_hour < HOURS:
        raise OperatorError("window: two hours from 0 to 23, as in 1 and 5")
    for package, name in ((plan.package, "firmware"), (plan.previous, "rollback firmware")):
        if bool(package.signature) != bool(package.certificate):
            raise OperatorError(f"{name}: a signature needs its signing certificate, and it a one")
    if not plan.package.is_there:
        raise OperatorError("firmware: name a file of this house, or a location to fetch it from")
    if plan.rollback is not Rollback.NONE and not plan.previous.is_there:
        raise OperatorError("rollback: needs the firmware of before, as a file or a location")
    if plan.previous.is_there and same_version(plan.previous.version, plan.package.version):
        raise OperatorError("rollback: the firmware of before has the same version as the new one")


def is_meant(targets: Targets, station: Station) -> bool:
    """Whether a station that is not named fits; one that is retired never does."""
    if station.retired_ms or targets.stations:
        return False
    versions = targets.firmware
    return (
        _begins(station.vendor, targets.vendor)
        and _begins(station.model, targets.model)
        and _begins(station.location_cell, targets.cell)
        and (not targets.owner or station.owner.casefold() == targets.owner.casefold())
        and (not versions or any(same_version(station.firmware, one) for one in versions))
    )


def is_held(plan: RolloutPlan, rollout: Rollout, update: StationUpdate) -> bool:
    """Whether a roll-out may still want something of one of its stations; else another may have
    it. One that was updated is held while there is a firmware of before to give it."""
    if not rollout.is_open or rollout.given_up:
        return False
    goes_on = rollout.state not in OVER
    match update.place:
        case "skipped" | "failed" | "rolled_back":
            return False
        case "waiting":
            return goes_on
        case "updated":
            return rollout.has_turned or (goes_on and plan.previous.is_there)
    return True


def is_for(package: Package, station: Station) -> bool:
    """Whether a firmware is for stations of this vendor and model."""
    return _begins(station.vendor, package.vendor) and _begins(station.model, package.model)


def _begins(text: str, start: str) -> bool:
    return text.casefold().startswith(start.casefold())


def in_window(plan: RolloutPlan, hour: int) -> bool:
    """Whether an hour of a station's day is in the window, which may go over midnight."""
    if plan.from_hour == plan.to_hour:
        return True
    if plan.from_hour < plan.to_hour:
        return plan.from_hour <= hour < plan.to_hour
    return hour >= plan.from_hour or hour < plan.to_hour
