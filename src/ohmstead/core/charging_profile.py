"""Charging profiles of OCPP 1.6 and 2.0.1 as one type, and the rules a profile has to keep.

Limits are whole thousandths of a watt or ampere: OCPP 1.6 writes at most one digit after the point,
2.0.1 any number, of which three are taken. Times are whole milliseconds since 1970, as everywhere;
offsets inside a schedule are whole seconds, as OCPP counts them.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable

from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

PERIODS_MAX = 1_024  # of one schedule: 2.0.1 ChargingScheduleType
PROFILES_MAX = 64  # of one station
PHASES = 3  # numberPhases: "if not provided, 3 is assumed unless another number is known"
MILLI = 1_000
LIMIT_MILLI_MAX = 10_000_000 * MILLI  # 10 MW


class Purpose(enum.Enum):
    """What a profile is for; 1.6 calls STATION_MAX ChargePointMaxProfile and has no EXTERNAL."""

    EXTERNAL = "ChargingStationExternalConstraints"
    STATION_MAX = "ChargingStationMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class ProfileKind(enum.Enum):
    """From when the periods of a profile are counted."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"  # from the start of the transaction


class Recurrency(enum.Enum):
    """After how long a recurring schedule begins again."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class RateUnit(enum.Enum):
    """What limits are in: all phases together for W, each phase for A."""

    W = "W"
    A = "A"


class Period(Frozen):
    """From ``start_s`` of its schedule on, no more than ``limit_milli``."""

    start_s: int
    limit_milli: int
    phases: int | None = None
    phase_to_use: int | None = None


class Schedule(Frozen):
    """Limits over time; without ``duration_s`` the last period has no end."""

    unit: RateUnit
    periods: tuple[Period, ...]
    start_ms: int | None = None
    duration_s: int | None = None
    min_rate_milli: int | None = None


class ChargingProfile(Frozen):
    """One profile as it was asked for."""

    id: int
    stack_level: int
    purpose: Purpose
    kind: ProfileKind
    schedule: Schedule
    recurrency: Recurrency | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    transaction_id: str = ""


class Installed(Frozen):
    """A profile that a station has taken, at one evse or (0) at the whole station."""

    evse_id: int
    profile: ChargingProfile
    installed_ms: int

    @property
    def place(self) -> tuple[Purpose, int, int, str]:
        """What may be taken once at a time."""
        it = self.profile
        return it.purpose, it.stack_level, self.evse_id, it.transaction_id


def check(evse_id: int, profile: ChargingProfile, *, is_16: bool) -> None:
    """Raise OperatorError naming the first rule that a profile for an evse breaks."""
    for rule in (_check_place, _check_times, _check_kind):
        rule(evse_id, profile, is_16)
    check_periods(profile.schedule, is_16=is_16)


def _refuse(is_wrong: bool, sentence: str) -> None:
    if is_wrong:
        raise OperatorError(f"charging profile: {sentence}")


def _check_place(evse_id: int, profile: ChargingProfile, is_16: bool) -> None:
    purpose, is_tx = profile.purpose, profile.purpose is Purpose.TX
    _refuse(profile.id < 0 and is_16, "chargingProfileId is 0 or more")
    _refuse(profile.stack_level < 0, "stackLevel is 0 or more")
    # K01.FR.22: these come from outside and may not be set by a CSMS.
    external = "ChargingStationExternalConstraints are the station's to report, not ours to set"
    _refuse(purpose is Purpose.EXTERNAL, external)
    # 1.6 3.13.1, and the note on evseId of ChargingStationMaxProfile in 2.0.1 K01.
    _refuse(purpose is Purpose.STATION_MAX and evse_id != 0, f"{purpose.value} is for evse 0")
    # K01.FR.16; 1.6 3.13.1: only at a connector with a transaction.
    _refuse(is_tx and evse_id < 1, "a TxProfile names the evse of its transaction")
    # K01.FR.03; 1.6 5.16: "SHALL include the transactionId", so that it fits no other.
    _refuse(is_tx and not profile.transaction_id, "a TxProfile names its transactionId")
    number = profile.transaction_id.isascii() and profile.transaction_id.isdecimal()
    _refuse(is_16 and is_tx and not number, "transactionId of OCPP 1.6 is a number")
    alone = "transactionId belongs to a TxProfile only"
    _refuse(bool(profile.transaction_id) and not is_tx, alone)


def _check_times(_evse_id: int, profile: ChargingProfile, _is_16: bool) -> None:
    begins, ends = profile.from_ms, profile.to_ms
    over = begins is not None and ends is not None and ends <= begins
    _refuse(over, "validTo comes after validFrom")
    seconds = profile.schedule.duration_s
    _refuse(seconds is not None and seconds <= 0, "duration is 1 second or more")


def _check_kind(_evse_id: int, profile: ChargingProfile, is_16: bool) -> None:
    kind, start_ms = profile.kind, profile.schedule.start_ms
    recurring = kind is ProfileKind.RECURRING
    needed = "a Recurring profile names its recurrencyKind and startSchedule"
    _refuse(recurring and (profile.recurrency is None or start_ms is None), needed)
    _refuse(not recurring and profile.recurrency is not None, "recurrencyKind is for Recurring")
    # K01.FR.40; in 1.6 a schedule without a start is relative to the start of charging.
    missing = kind is ProfileKind.ABSOLUTE and start_ms is None and not is_16
    _refuse(missing, "an Absolute profile has a startSchedule")
    # K01.FR.41
    relative = kind is ProfileKind.RELATIVE
    _refuse(relative and start_ms is not None, "a Relative profile has no startSchedule")
    # K01.FR.38: nothing begins at a whole station that it could be relative to.
    whole = relative and profile.purpose is Purpose.STATION_MAX
    _refuse(whole, "a ChargingStationMaxProfile is never Relative")


def check_periods(schedule: Schedule, *, is_16: bool) -> None:
    """Raise OperatorError naming the first rule that the periods of a schedule break."""
    periods = schedule.periods
    _refuse(not 1 <= len(periods) <= PERIODS_MAX, f"a schedule has 1 to {PERIODS_MAX} periods")
    # K01.FR.31
    _refuse(periods[0].start_s != 0, "the first startPeriod is 0")
    starts = [period.start_s for period in periods]
    # K01.FR.35
    ordered = all(a < b for a, b in itertools.pairwise(starts))
    _refuse(not ordered, "each startPeriod is greater than the one before")
    limits = [period.limit_milli for period in periods]
    limits += [] if schedule.min_rate_milli is None else [schedule.min_rate_milli]
    bounded = all(0 <= limit <= LIMIT_MILLI_MAX for limit in limits)
    _refuse(not bounded, "a limit is 0 to 10,000,000 W or A")
    # 1.6 7.14 and 7.13: "Accepts at most one digit fraction (e.g. 8.1)".
    coarse = all(limit % 100 == 0 for limit in limits)
    _refuse(is_16 and not coarse, "a limit of OCPP 1.6 has at most one digit after the point")
    for period in periods:
        phases = period.phases
        _refuse(phases is not None and not 1 <= phases <= PHASES, "numberPhases is 1 to 3")
        use = period.phase_to_use
        # K01.FR.19
        _refuse(use is not None and phases != 1, "phaseToUse is for numberPhases 1")
        _refuse(use is not None and not 1 <= use <= PHASES, "phaseToUse is 1 to 3")
        _refuse(use is not None and is_16, "OCPP 1.6 has no phaseToUse")


def check_beside(wanted: Installed, others: Iterable[Installed]) -> None:
    """Raise OperatorError where a profile cannot stand beside those that are installed.

    One of its own id, or of its very place, is replaced. K01.FR.06: no two of one purpose, stack
    level and evse may be valid at the same time; K01.FR.39: nor two TxProfiles of one transaction.
    """
    left = [one for one in others if one.profile.id != wanted.profile.id]
    for one in left:
        if one.place == wanted.place and overlap(one.profile, wanted.profile):
            raise OperatorError(
                f"charging profile {one.profile.id} has this purpose and stackLevel at evse "
                f"{one.evse_id} for the same time; clear it first, or use its id to replace it"
            )
    if len(left) >= PROFILES_MAX:
        raise OperatorError(
            f"the station has {len(left)} charging profiles, the most kept; clear one first"
        )


def overlap(one: ChargingProfile, other: ChargingProfile) -> bool:
    """Whether there is a moment at which both are valid."""
    starts = [item for item in (one.from_ms, other.from_ms) if item is not None]
    ends = [item for item in (one.to_ms, other.to_ms) if item is not None]
    return not starts or not ends or max(starts) < min(ends)
