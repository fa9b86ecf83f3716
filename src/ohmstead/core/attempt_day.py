"""What a fleet's charge attempts of one day add up to: small enough to add up a year at once."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.core.attempt import Attempt
from ohmstead.frozen import Frozen, replace
from ohmstead.units import BPS, MS_PER_S, mul_div_down

DAY_MS = 24 * 3_600 * MS_PER_S
POWER_S = (10, 20, 30, 45, 60, 90, 120, 180, 300, 600)  # upper bounds; what took longer is last
_NONE = (0,) * (len(POWER_S) + 1)


class AttemptDay(Frozen, array_like=True):
    """Attempts that ended on one day (UTC): how many had energy and how soon, why not."""

    day: int  # days since 1970
    successes: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    power: tuple[int, ...] = _NONE  # how many had energy within each of POWER_S

    @property
    def key(self) -> str:
        return day_key(self.day)

    @property
    def failures(self) -> int:
        return sum(count for _, count in self.reasons)

    @property
    def success_bps(self) -> int | None:
        """Successes of all attempts in 1/100 %, cut below; None where there were none."""
        every = self.successes + self.failures
        return mul_div_down(self.successes, BPS, every) if every else None

    @property
    def median_s(self) -> int | None:
        """Within how many seconds half of the successes had energy: a bound of POWER_S, or None
        where it took longer or there were none."""
        before = 0
        for bound, count in zip(POWER_S, self.power, strict=False):
            before += count
            if before and 2 * before >= self.successes:
                return bound
        return None


def day_of(at_ms: int) -> int:
    """The day of a moment, in UTC."""
    return mul_div_down(at_ms, 1, DAY_MS)


def day_key(day: int) -> str:
    """The key of a day's record."""
    return f"{day:06d}"


def counted(before: AttemptDay, ended: Attempt) -> AttemptDay:
    """The day with one more attempt that has ended."""
    power_ms = ended.power_ms
    if power_ms is None:
        name = ended.reason.value if ended.reason is not None else "unknown"
        reasons = dict(before.reasons)
        reasons[name] = reasons.get(name, 0) + 1
        return replace(before, reasons=tuple(sorted(reasons.items())))
    place = sum(power_ms > bound * MS_PER_S for bound in POWER_S)
    power = tuple(count + (at == place) for at, count in enumerate(before.power))
    return replace(before, successes=before.successes + 1, power=power)


def summed(days: Iterable[AttemptDay]) -> AttemptDay:
    """All of them as if they were one day."""
    successes, reasons, power = 0, dict[str, int](), _NONE
    for day in days:
        successes += day.successes
        for name, count in day.reasons:
            reasons[name] = reasons.get(name, 0) + count
        power = tuple(a + b for a, b in zip(power, day.power, strict=True))
    return AttemptDay(0, successes, tuple(sorted(reasons.items())), power)
