"""How energy arrives between plugging in and leaving: files only tell the sum.

The shape is our assumption: full power for four fifths of the energy, half power for the rest, then
nothing until the car leaves; where there is no time for that, steady power. Never above the peak
the file tells, unless the energy needs it, and never above what the evse is rated for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohmstead.units import S_PER_HOUR, mul_div_down, mul_div_up

if TYPE_CHECKING:
    from ohmstead.apps.replay.plan_pick import Moved

SPACING_MS_MIN = 60_000


def fits(energy_mwh: int, rated_w: int, time_ms: int) -> bool:
    """Tell whether so much can flow in that time: 1 W for 1 ms is 1/3600 mWh."""
    return energy_mwh * S_PER_HOUR <= rated_w * time_ms


def power_needed(energy_mwh: int, time_ms: int) -> int:
    """Return the least steady power in W that delivers the energy in time."""
    return mul_div_up(energy_mwh, S_PER_HOUR, time_ms)


def readings(moved: Moved, rated_w: int, samples_max: int) -> tuple[tuple[int, int], ...]:
    """Return (at_ms, mwh since begin), evenly spaced strictly between begin and end.

    At most ``samples_max``, and none closer than a minute.
    """
    duration_ms = moved.duration_ms
    count = min(samples_max, duration_ms // SPACING_MS_MIN - 1)
    curve = Curve(moved.raw.energy_mwh, moved.raw.peak_w, rated_w, duration_ms)
    found = []
    for number in range(1, count + 1):
        elapsed_ms = mul_div_down(duration_ms, number, count + 1)
        found.append((moved.start_ms + elapsed_ms, curve.at(elapsed_ms)))
    return tuple(found)


class Curve:
    """Energy delivered so far, over the time elapsed; never falls, ends at the session's energy."""

    __slots__ = ("_energy_mwh", "_full_w", "_knee_ms", "_knee_mwh", "_rest_w")

    def __init__(self, energy_mwh: int, peak_w: int, rated_w: int, duration_ms: int) -> None:
        needed_w = power_needed(energy_mwh, duration_ms)
        full_w = min(rated_w, max(peak_w or rated_w, needed_w))
        knee_mwh = mul_div_down(energy_mwh, 4, 5)
        knee_ms = mul_div_up(knee_mwh, S_PER_HOUR, full_w)
        rest_w = max(1, mul_div_down(full_w, 1, 2))
        if knee_ms + mul_div_up(energy_mwh - knee_mwh, S_PER_HOUR, rest_w) > duration_ms:
            knee_mwh, rest_w = energy_mwh, full_w  # no time to spare: steady to the end
            knee_ms = mul_div_up(knee_mwh, S_PER_HOUR, full_w)
        self._energy_mwh = energy_mwh
        self._full_w, self._rest_w = full_w, rest_w
        self._knee_ms, self._knee_mwh = knee_ms, knee_mwh

    def at(self, elapsed_ms: int) -> int:
        """Return mWh delivered ``elapsed_ms`` after the begin."""
        if elapsed_ms <= self._knee_ms:
            return min(self._knee_mwh, mul_div_down(self._full_w, elapsed_ms, S_PER_HOUR))
        more_mwh = mul_div_down(self._rest_w, elapsed_ms - self._knee_ms, S_PER_HOUR)
        return min(self._energy_mwh, self._knee_mwh + more_mwh)
