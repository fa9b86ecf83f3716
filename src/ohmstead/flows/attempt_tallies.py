"""An attempt that ends is added to its station's tally, in the same commit."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.core.attempt import Attempt
from ohmstead.core.attempt_tally import AttemptRank, StationTally, tallied
from ohmstead.frozen import Frozen
from ohmstead.ports import Record, State


class Added(Frozen):
    """What a decision writes beside, and what goes for it."""

    puts: tuple[Record, ...] = ()
    drops: tuple[tuple[type, str], ...] = ()


def added_up(state: State, puts: Iterable[Record]) -> Added:
    """What the attempts mean that end by a decision; asked before it is applied."""
    tallies: dict[str, StationTally] = {}
    for attempt in {one.key: one for one in puts if isinstance(one, Attempt)}.values():
        known = state.get(Attempt, attempt.key)
        was_over = known is not None and known.number == attempt.number and not known.is_open
        if attempt.is_open or was_over:
            continue
        station_id = attempt.station_id
        before = tallies.get(station_id) or _of(state, station_id)
        tallies[station_id] = tallied(before, attempt)
    records: list[Record] = []
    drops: list[tuple[type, str]] = []
    for station_id, after in tallies.items():
        before = _of(state, station_id)
        if after == before:
            continue
        records += [after, after.rank]
        if before.cells and before.rank.key != after.rank.key:
            drops.append((AttemptRank, before.rank.key))
    return Added(tuple(records), tuple(drops))


def _of(state: State, station_id: str) -> StationTally:
    return state.get(StationTally, station_id) or StationTally(station_id)
