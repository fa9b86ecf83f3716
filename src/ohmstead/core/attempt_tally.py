"""What a station's attempts of its last days add up to, by connector, and how stations compare."""

from __future__ import annotations

from ohmstead.core.attempt import Attempt
from ohmstead.core.attempt_day import AttemptDay, counted, day_of, summed
from ohmstead.frozen import Frozen, replace
from ohmstead.units import BPS, mul_div_down

TALLY_DAYS = 7  # up to and with the day of a station's last attempt
CELLS_MAX = 512  # of one station: its connectors times the days; what is more counts as nowhere


class Cell(Frozen, array_like=True):
    """One day of one connector; both 0 where nobody said."""

    evse_id: int
    connector_id: int
    day: AttemptDay


class StationTally(Frozen, array_like=True):
    """The last days of a station's attempts that ended."""

    station_id: str
    cells: tuple[Cell, ...] = ()

    @property
    def key(self) -> str:
        return self.station_id

    @property
    def last_day(self) -> int:
        """Of its last attempt, 0 where there was none."""
        return max((cell.day.day for cell in self.cells), default=0)

    @property
    def whole(self) -> AttemptDay:
        """All of it as if it were one day."""
        return summed(cell.day for cell in self.cells)

    @property
    def places(self) -> tuple[tuple[int, int, AttemptDay], ...]:
        """The same of each evse and connector, by their numbers."""
        found: dict[tuple[int, int], list[AttemptDay]] = {}
        for cell in self.cells:
            found.setdefault((cell.evse_id, cell.connector_id), []).append(cell.day)
        return tuple((*place, summed(days)) for place, days in sorted(found.items()))

    @property
    def rank(self) -> AttemptRank:
        """Its place among all stations."""
        return AttemptRank(self.last_day, score(self.whole), self.station_id)


class AttemptRank(Frozen, array_like=True):
    """The place of a station by the day of its last attempt, then by its score: the worst first."""

    day: int
    score: int
    station_id: str

    @property
    def key(self) -> str:
        return f"{rank_prefix(self.day)}{self.score:05d}/{self.station_id}"


def rank_prefix(day: int) -> str:
    """What the keys begin with of the stations whose last attempt was on this day."""
    return f"{day:06d}/"


def score(day: AttemptDay) -> int:
    """The rate of success in 1/100 %, with one success and one failure added.

    So a station that failed once does not stand before one that failed ten times of twelve.
    """
    return mul_div_down(day.successes + 1, BPS, day.successes + day.failures + 2)


def tallied(before: StationTally, ended: Attempt) -> StationTally:
    """The tally with one more attempt that has ended; what is older than its days goes."""
    number = day_of(ended.closed_ms)
    last_day = max(number, before.last_day)
    if number <= last_day - TALLY_DAYS:
        return before  # of a transaction that was told days later
    cells = {
        (cell.day.day, cell.evse_id, cell.connector_id): cell
        for cell in before.cells
        if cell.day.day > last_day - TALLY_DAYS
    }
    place = number, ended.evse_id, ended.connector_id
    if place not in cells and len(cells) >= CELLS_MAX:
        place = number, 0, 0
    cell = cells.get(place) or Cell(place[1], place[2], AttemptDay(number))
    cells[place] = replace(cell, day=counted(cell.day, ended))
    return replace(before, cells=tuple(cells[place] for place in sorted(cells)))
