"""Which sessions of which weeks, and their move into one window by whole weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from ohmstead.apps.replay.plan_profile import fits
from ohmstead.apps.replay.plan_stations import free_of_overlaps, rated_max
from ohmstead.apps.replay.raw import RawSession
from ohmstead.apps.replay.sources import Source, sort_by_start
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

LONGEST_MS = 23 * 3_600_000  # a session lasts at most a day, or its hold expires
WEEK = timedelta(weeks=1)
WEEKS_TRIED = (1, 2, 3, 4, 6, 8, 12, 16, 26, 52, 104, 260)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MS = timedelta(milliseconds=1)


class Moved(Frozen):
    """A session at its new place in time; ``start_local`` has the weekday and hour of the file."""

    raw: RawSession
    start_local: datetime
    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


def monday_of(moment: datetime) -> date:
    """Return the Monday of a local moment's week."""
    return moment.date() - timedelta(days=moment.weekday())


def move(raw: RawSession, weeks: int, skipped: Counter[str]) -> Moved | None:
    """Return the session moved by whole weeks, or None with the reason counted."""
    start_local = raw.start_local + weeks * WEEK
    start_ms = local_to_ms(start_local, raw.zone)
    end_ms = local_to_ms(raw.end_local + weeks * WEEK, raw.zone)
    if start_ms is None or end_ms is None:
        skipped["local time skipped by a clock change"] += 1
    elif end_ms <= start_ms:
        skipped["end not after start"] += 1
    elif end_ms - start_ms > LONGEST_MS:
        skipped["longer than a session may last"] += 1
    else:
        moved = Moved(raw, start_local, start_ms, end_ms)
        if fits(raw.energy_mwh, rated_max(raw.source), moved.duration_ms):
            return moved
        skipped["more than its evse can give"] += 1
    return None


def local_to_ms(local: datetime, zone: str) -> int | None:
    """Return ms since 1970, or None for a local time that a clock change leaves out.

    The first of two equal local times is meant.
    """
    moment = local.replace(tzinfo=_zone(zone)).astimezone(UTC)
    if moment.astimezone(_zone(zone)).replace(tzinfo=None) != local:
        return None
    return (moment - _EPOCH) // _ONE_MS


def everything(sources: Sequence[Source], window: date) -> tuple[list[Moved], Counter[str]]:
    """Return all sessions, each file's first week moved to the window's."""
    _check_monday(window)
    skipped: Counter[str] = Counter()
    found: list[Moved] = []
    for source in sources:
        raws = list(source.sorted(skipped))
        if raws:
            found += _moved(raws, monday_of(raws[0].start_local), window, skipped)
    return _by_start(free_of_overlaps(_by_start(found), skipped)), skipped


def choose(
    sources: Sequence[Source], wanted: int, window: date, random: Random
) -> tuple[list[Moved], Counter[str]]:
    """Return exactly ``wanted`` sessions of the busiest weeks, as few weeks as hold them.

    Raises OperatorError where the files have fewer.
    """
    _check_monday(window)
    busy = [Counter(monday_of(raw.start_local) for raw in s.sessions(Counter())) for s in sources]
    if sum(map(Counter.total, busy)) < wanted:
        raise OperatorError(f"there are fewer than {wanted} sessions in these files")
    kept: list[list[Moved]] = []
    for weeks in WEEKS_TRIED:
        skipped: Counter[str] = Counter()
        kept = [
            _block(source, counts, weeks, window, skipped)
            for source, counts in zip(sources, busy, strict=True)
        ]
        if sum(map(len, kept)) >= wanted:
            return _trimmed(kept, wanted, random), skipped
    raise OperatorError(
        f"only {sum(map(len, kept))} of {wanted} sessions can be replayed; ask for fewer"
    )


def _block(
    source: Source, counts: Counter[date], weeks: int, window: date, skipped: Counter[str]
) -> list[Moved]:
    """Return the sessions that begin in the busiest ``weeks`` weeks of a file."""
    if not counts:
        return []
    span = [timedelta(weeks=n) for n in range(weeks)]
    first = min(counts, key=lambda monday: (-sum(counts[monday + n] for n in span), monday))
    mondays = {first + n for n in span}
    raws = (raw for raw in source.sessions(skipped) if monday_of(raw.start_local) in mondays)
    moved = _moved(sort_by_start(raws), first, window, skipped)
    return free_of_overlaps(_by_start(moved), skipped)


def _moved(
    raws: Iterable[RawSession], first: date, window: date, skipped: Counter[str]
) -> list[Moved]:
    weeks = (window - first).days // 7
    moved = (move(raw, weeks, skipped) for raw in raws)
    return [one for one in moved if one is not None]


def _trimmed(kept: list[list[Moved]], wanted: int, random: Random) -> list[Moved]:
    """Keep ``wanted`` in all, as evenly shared between the sources as they allow."""
    shares = [0] * len(kept)
    while sum(shares) < wanted:
        hungry = [n for n, share in enumerate(shares) if share < len(kept[n])]
        shares[min(hungry, key=lambda n: (shares[n], n))] += 1
    chosen = [one for moved, n in zip(kept, shares, strict=True) for one in random.sample(moved, n)]
    return _by_start(chosen)


def _by_start(moved: Iterable[Moved]) -> list[Moved]:
    return sorted(moved, key=lambda one: (one.start_ms, one.raw.source, one.raw.session))


def _check_monday(window: date) -> None:
    if window.weekday() != 0:
        raise OperatorError(f"a window begins on a Monday, so that weekdays keep, not {window}")


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
