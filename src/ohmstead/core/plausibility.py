"""Could it have been so? Findings with reason codes over a session's readings, never silent.

What blocks keeps the money of a session in dispute; what notes is kept with it and printed. A
finding is no proof of fraud, and no finding is no proof of honesty: a careful forger passes, so
the economics must hold without this module.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ohmstead.core.meter import GOOD, Reading
from ohmstead.core.registers import is_transaction_register
from ohmstead.frozen import Frozen
from ohmstead.units import BPS, MS_PER_S, S_PER_HOUR

MARGIN_BPS = 500  # "energy <= 1.05 x rated power x connected time"
CLOCK_SKEW_MAX_MS = 300_000
TIME_RESOLUTION_MS = 1_000  # OCMF times are often whole seconds, whatever their milliseconds say
REGISTER_RESOLUTION_MWH = 10_000  # 10 Wh: the two decimals of a kWh that meters are told to show
UNSYNCHRONISED = frozenset("U")


class FindingCode(enum.Enum):
    """What does not fit, in the order the checks run."""

    NO_BEGIN = "no_begin"
    NO_END = "no_end"
    REGISTERS_DIFFER = "registers_differ"
    NEGATIVE_VALUE = "negative_value"
    METER_STATUS = "meter_status"  # ST is not G
    ERROR_FLAGGED = "error_flagged"  # EF says unusable, or TX is X
    CLOCK_UNSYNCHRONISED = "clock_unsynchronised"
    TIME_NOT_MONOTONE = "time_not_monotone"
    REGISTER_DECREASED = "register_decreased"
    BEGIN_BEFORE_PREVIOUS_END = "begin_before_previous_end"
    CLOCK_SKEW = "clock_skew"
    ENERGY_ABOVE_RATED = "energy_above_rated"
    INTERVAL_POWER_ABOVE_RATED = "interval_power_above_rated"
    OVERLAP_ON_CONNECTOR = "overlap_on_connector"
    PAGE_GAP = "page_gap"


class Severity(enum.Enum):
    """What a finding does to the session."""

    BLOCKS = "blocks"  # to review: the money waits in dispute
    NOTES = "notes"  # kept and printed; the session settles


_NOTES = frozenset({FindingCode.CLOCK_UNSYNCHRONISED, FindingCode.PAGE_GAP})


class Finding(Frozen):
    """One reason to doubt, with a sentence for people."""

    code: FindingCode
    detail: str

    @property
    def severity(self) -> Severity:
        return Severity.NOTES if self.code in _NOTES else Severity.BLOCKS


class Circumstances(Frozen):
    """What is known around a session's readings. None and () mean: not known, not checked.

    ``connected_ms`` is how long the vehicle was plugged in; without it the time between the first
    and the last reading counts. ``pages`` are the page numbers of one key and context in this
    session, after ``previous_page``, the last one seen before. ``others_ms`` are (begin, end) of
    other sessions on the connector. ``arrived_ms`` is our clock when the last reading came; a
    reading taken offline may be old, and may still not come from the future.
    """

    rated_w: int
    connected_ms: int | None = None
    arrived_ms: int | None = None
    offline: bool = False
    previous_end: Reading | None = None
    previous_page: int | None = None
    pages: tuple[int, ...] = ()
    others_ms: tuple[tuple[int, int], ...] = ()
    time_resolution_ms: int = TIME_RESOLUTION_MS
    register_resolution_mwh: int = REGISTER_RESOLUTION_MWH
    clock_skew_max_ms: int = CLOCK_SKEW_MAX_MS


def assess(readings: Sequence[Reading], around: Circumstances) -> tuple[Finding, ...]:
    """Judge the readings of one session, in the order the meter made them; each code once.

    The first is the begin and the last the end of the billed register; what lies between are the
    same register's intermediate values. An unfinished session is judged the same way and has
    NO_END. Pure, whole numbers only.
    """
    found: dict[FindingCode, Finding] = {}
    for finding in _all(readings, around):
        found.setdefault(finding.code, finding)
    if not found:
        return ()
    order = list(FindingCode)
    return tuple(sorted(found.values(), key=lambda finding: order.index(finding.code)))


def blocks(findings: Iterable[Finding]) -> bool:
    """Return whether the session has to go to review."""
    return any(finding.severity is Severity.BLOCKS for finding in findings)


def above_rated(energy_mwh: int, rated_w: int, time_ms: int) -> bool:
    """Return whether energy > 1.05 x rated power x time, without dividing.

    1 W for 1 ms is 1/3600 mWh.
    """
    return energy_mwh * S_PER_HOUR * BPS > (BPS + MARGIN_BPS) * rated_w * time_ms


def _all(readings: Sequence[Reading], around: Circumstances) -> Iterator[Finding]:
    yield from _shape(readings)
    for reading in readings:
        # Asked in one breath, because nearly every reading is sound.
        if (
            reading.mwh < 0
            or reading.status != GOOD
            or reading.error_flags
            or reading.kind == "X"
            or reading.clock in UNSYNCHRONISED
        ):
            yield from _single(reading)
    for earlier, later in pairwise(readings):
        yield from _interval(earlier, later, around)
    if readings:
        yield from _history(readings[0], readings[-1], around)
        yield from _whole(readings[0], readings[-1], around)
    yield from _pages(around)


def _shape(readings: Sequence[Reading]) -> Iterator[Finding]:
    if not readings or not readings[0].begins:
        yield Finding(FindingCode.NO_BEGIN, "the first reading is not the begin of a session")
    if not readings or not readings[-1].ends:
        yield Finding(FindingCode.NO_END, "the last reading is not the end of a session")
    names = {reading.register for reading in readings}
    if len(names) > 1:
        mixed = " and ".join(sorted(names))
        yield Finding(FindingCode.REGISTERS_DIFFER, f"values of {mixed} are mixed")


def _single(reading: Reading) -> Iterator[Finding]:
    if reading.mwh < 0:
        yield Finding(FindingCode.NEGATIVE_VALUE, f"{reading.register} is {reading.mwh} mWh")
    if reading.status != GOOD:
        yield Finding(FindingCode.METER_STATUS, f"the meter's state was {reading.status!r}")
    if reading.error_flags or reading.kind == "X":
        # "time and/or energy are no longer usable from this reading (incl.)"
        flags = reading.error_flags or reading.kind
        yield Finding(FindingCode.ERROR_FLAGGED, f"the meter calls its value unusable: {flags}")
    if reading.clock in UNSYNCHRONISED:
        yield Finding(FindingCode.CLOCK_UNSYNCHRONISED, "the meter's clock was never set")


def _interval(earlier: Reading, later: Reading, around: Circumstances) -> tuple[Finding, ...]:
    time_ms = later.at_ms - earlier.at_ms
    energy_mwh = later.mwh - earlier.mwh
    # Both ends are rounded to the resolution of the clock and of the register.
    certain_mwh = energy_mwh - around.register_resolution_mwh
    is_above = above_rated(certain_mwh, around.rated_w, time_ms + around.time_resolution_ms)
    if time_ms >= 0 <= energy_mwh and not is_above:
        return ()
    if earlier.register != later.register:
        return ()
    found = []
    if time_ms < 0:
        found.append(Finding(FindingCode.TIME_NOT_MONOTONE, f"time went back by {-time_ms} ms"))
    if energy_mwh < 0:
        detail = f"the register fell by {-energy_mwh} mWh"
        found.append(Finding(FindingCode.REGISTER_DECREASED, detail))
    elif time_ms >= 0:
        detail = f"{energy_mwh} mWh in {time_ms} ms at {around.rated_w} W"
        found.append(Finding(FindingCode.INTERVAL_POWER_ABOVE_RATED, detail))
    return tuple(found)


def _history(first: Reading, last: Reading, around: Circumstances) -> Iterator[Finding]:
    before = around.previous_end
    if before is not None and before.register == first.register:
        behind_mwh = before.mwh - first.mwh
        if behind_mwh > 0 and not is_transaction_register(first.register):
            yield Finding(
                FindingCode.BEGIN_BEFORE_PREVIOUS_END,
                f"the session begins {behind_mwh} mWh below the end of the one before",
            )
    if around.arrived_ms is not None:
        ahead_ms = last.at_ms - around.arrived_ms
        late = -ahead_ms > around.clock_skew_max_ms and not around.offline
        if ahead_ms > around.clock_skew_max_ms or late:
            word = "behind" if ahead_ms < 0 else "ahead of"
            yield Finding(
                FindingCode.CLOCK_SKEW, f"the meter is {abs(ahead_ms) // MS_PER_S} s {word} us"
            )
    for begin_ms, end_ms in around.others_ms:
        if first.at_ms < end_ms and begin_ms < last.at_ms:
            yield Finding(
                FindingCode.OVERLAP_ON_CONNECTOR,
                f"another session held the connector from {begin_ms} to {end_ms} ms",
            )


def _whole(first: Reading, last: Reading, around: Circumstances) -> Iterator[Finding]:
    energy_mwh = last.mwh - first.mwh
    time_ms = last.at_ms - first.at_ms if around.connected_ms is None else around.connected_ms
    if first.register != last.register or energy_mwh < 0 or time_ms < 0:
        return
    certain_mwh = energy_mwh - around.register_resolution_mwh
    if above_rated(certain_mwh, around.rated_w, time_ms + around.time_resolution_ms):
        yield Finding(
            FindingCode.ENERGY_ABOVE_RATED,
            f"{energy_mwh} mWh in {time_ms} ms is more than {around.rated_w} W can give",
        )


def _pages(around: Circumstances) -> Iterator[Finding]:
    if not around.pages:
        return
    seen = sorted(set(around.pages))
    if around.previous_page is not None:
        seen = [around.previous_page, *seen]
    missing = sum(later - earlier - 1 for earlier, later in pairwise(seen) if later > earlier)
    if missing:
        # A station may drop records when its queue is full, and aborted sessions take pages too.
        yield Finding(FindingCode.PAGE_GAP, f"{missing} pages of this meter were never seen")
