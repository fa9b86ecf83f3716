"""A meter is taken out and another put in: what both said at that moment, who did it and why.

The new meter counts from a number of its own, so its register is below the old one's without any
fraud. What was charged across the exchange is the old meter's part and the new one's: values of the
new one are counted on from where the old one ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.command import Author
from ohmstead.frozen import Frozen

EXCHANGED = "meter_exchanged"  # the finding of a session that was under way
BELOW_LAST = "final_below_last_value"
STEPS_MAX = 8  # exchanges within one session


class MeterExchange(Frozen):
    """One exchange at one evse; energies in whole mWh of each meter's own register."""

    station_id: str
    evse_id: int
    at_ms: int
    old_final_mwh: int
    new_initial_mwh: int
    old_key_id: str  # empty: it did not sign, or was never registered
    new_key_id: str
    author: Author
    recorded_ms: int
    session_ids: tuple[str, ...] = ()  # that were under way: they go to review
    doubts: tuple[str, ...] = ()  # what the operator was told and said to be so all the same

    @property
    def key(self) -> str:
        return f"{self.station_id}/{self.evse_id}/{self.at_ms:015}"


class SessionExchange(Frozen):
    """What was exchanged under a running session: (when, mWh to add to values from then on)."""

    session_id: str
    steps: tuple[tuple[int, int], ...]

    @property
    def key(self) -> str:
        return self.session_id


def counted_on(steps: Sequence[tuple[int, int]], at_ms: int, mwh: int) -> int:
    """A value of whichever meter was there then, as the first one would have counted it."""
    return mwh + sum(more_mwh for since_ms, more_mwh in steps if since_ms <= at_ms)
