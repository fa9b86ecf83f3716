"""Charging profiles between the words of OCPP 1.6 and 2.0.1 and the one type of the core."""

from __future__ import annotations

from decimal import Decimal

from ohmstead.core.charging_profile import (
    MILLI,
    ChargingProfile,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from ohmstead.core.composite import Theirs
from ohmstead.errors import RemoteProtocolError
from ohmstead.flows.charging_profiles import Clear
from ohmstead.units import MS_PER_S
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.times import format_time, parse_time

STATION_MAX_16 = v16.ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
LIMIT_MAX = Decimal(2**53)  # beyond what any number in JSON is exact for


def milli_of(number: Decimal | int) -> int:
    """Thousandths of a limit, cut to whole ones; raises RemoteProtocolError for nonsense."""
    exact = Decimal(number)
    if not exact.is_finite() or abs(exact) > LIMIT_MAX:
        raise RemoteProtocolError(f"not a charging limit: {str(number)[:40]}")
    return int(exact * MILLI)


def decimal_of(milli: int) -> Decimal:
    """A limit as OCPP writes it: 16.5, and 16 rather than 16.000."""
    exact = Decimal(milli).scaleb(-3)
    whole = exact.to_integral_value()
    return whole if whole == exact else exact.normalize()


def set_request(version: Version, evse_id: int, profile: ChargingProfile) -> Message:
    """The SetChargingProfile that installs a profile."""
    if version is Version.V16:
        return v16.SetChargingProfileRequest(
            connector_id=evse_id, cs_charging_profiles=_profile_16(profile)
        )
    return v201.SetChargingProfileRequest(evse_id=evse_id, charging_profile=_profile_201(profile))


def clear_request(version: Version, clear: Clear) -> Message:
    """The ClearChargingProfile that takes what ``clear`` takes."""
    if version is Version.V16:
        purpose_16 = _purpose_16(clear.purpose) if clear.purpose is not None else None
        return v16.ClearChargingProfileRequest(
            id=clear.profile_id,
            connector_id=clear.evse_id,
            charging_profile_purpose=purpose_16,
            stack_level=clear.stack_level,
        )
    criteria = None
    if (clear.evse_id, clear.purpose, clear.stack_level) != (None, None, None):
        purpose = None
        if clear.purpose is not None:
            purpose = v201.ChargingProfilePurposeEnumType(clear.purpose.value)
        criteria = v201.ClearChargingProfileType(
            evse_id=clear.evse_id,
            charging_profile_purpose=purpose,
            stack_level=clear.stack_level,
        )
    return v201.ClearChargingProfileRequest(
        charging_profile_id=clear.profile_id, charging_profile_criteria=criteria
    )


def composite_request(version: Version, evse_id: int, duration_s: int, unit: RateUnit) -> Message:
    """The GetCompositeSchedule for an evse."""
    if version is Version.V16:
        return v16.GetCompositeScheduleRequest(
            connector_id=evse_id,
            duration=duration_s,
            charging_rate_unit=v16.ChargingRateUnit(unit.value),
        )
    return v201.GetCompositeScheduleRequest(
        evse_id=evse_id,
        duration=duration_s,
        charging_rate_unit=v201.ChargingRateUnitEnumType(unit.value),
    )


def composite_of(answer: Message, now_ms: int) -> tuple[int, tuple[Theirs, ...]] | None:
    """When a station's composite begins and what it says; None where it refused.

    Raises RemoteProtocolError for times or limits that are none.
    """
    unit: v16.ChargingRateUnit | v201.ChargingRateUnitEnumType
    periods: list[v16.ChargingSchedulePeriod] | list[v201.ChargingSchedulePeriodType]
    if isinstance(answer, v16.GetCompositeScheduleResponse):
        schedule_16, said = answer.charging_schedule, answer.schedule_start
        if answer.status.value != "Accepted" or schedule_16 is None:
            return None
        unit, periods = schedule_16.charging_rate_unit, schedule_16.charging_schedule_period
        said = said or schedule_16.start_schedule
    else:
        assert isinstance(answer, v201.GetCompositeScheduleResponse)
        schedule = answer.schedule
        if answer.status.value != "Accepted" or schedule is None:
            return None
        unit, periods = schedule.charging_rate_unit, schedule.charging_schedule_period
        said = schedule.schedule_start
    start_ms = parse_time(said) if said else now_ms
    theirs = [
        Theirs(
            start_ms + period.start_period * MS_PER_S,
            RateUnit(unit.value),
            milli_of(period.limit),
            period.number_phases,
        )
        for period in periods
    ]
    return start_ms, tuple(theirs)


def profile_of(told: v201.ChargingProfileType) -> ChargingProfile:
    """A profile that a 2.0.1 station reports; of several schedules (ISO 15118) the first."""
    schedule, recurrency = told.charging_schedule[0], told.recurrency_kind
    return ChargingProfile(
        told.id,
        told.stack_level,
        Purpose(told.charging_profile_purpose.value),
        ProfileKind(told.charging_profile_kind.value),
        Schedule(
            RateUnit(schedule.charging_rate_unit.value),
            tuple(
                Period(
                    period.start_period,
                    milli_of(period.limit),
                    period.number_phases,
                    period.phase_to_use,
                )
                for period in schedule.charging_schedule_period
            ),
            _ms(schedule.start_schedule),
            schedule.duration,
            None if schedule.min_charging_rate is None else milli_of(schedule.min_charging_rate),
        ),
        None if recurrency is None else Recurrency(recurrency.value),
        _ms(told.valid_from),
        _ms(told.valid_to),
        told.transaction_id or "",
    )


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_time(text)


def _text(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_time(at_ms)


def _purpose_16(purpose: Purpose) -> v16.ChargingProfilePurpose:
    if purpose is Purpose.STATION_MAX:
        return STATION_MAX_16
    return v16.ChargingProfilePurpose(purpose.value)


def _profile_16(profile: ChargingProfile) -> v16.ChargingProfile:
    schedule, recurrency = profile.schedule, profile.recurrency
    rate = schedule.min_rate_milli
    return v16.ChargingProfile(
        charging_profile_id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=_purpose_16(profile.purpose),
        charging_profile_kind=v16.ChargingProfileKind(profile.kind.value),
        transaction_id=int(profile.transaction_id) if profile.transaction_id else None,
        recurrency_kind=None if recurrency is None else v16.RecurrencyKind(recurrency.value),
        valid_from=_text(profile.from_ms),
        valid_to=_text(profile.to_ms),
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnit(schedule.unit.value),
            charging_schedule_period=[
                v16.ChargingSchedulePeriod(
                    start_period=period.start_s,
                    limit=decimal_of(period.limit_milli),
                    number_phases=period.phases,
                )
                for period in schedule.periods
            ],
            duration=schedule.duration_s,
            start_schedule=_text(schedule.start_ms),
            min_charging_rate=None if rate is None else decimal_of(rate),
        ),
    )


def _profile_201(profile: ChargingProfile) -> v201.ChargingProfileType:
    schedule, recurrency = profile.schedule, profile.recurrency
    rate = schedule.min_rate_milli
    return v201.ChargingProfileType(
        id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=v201.ChargingProfilePurposeEnumType(profile.purpose.value),
        charging_profile_kind=v201.ChargingProfileKindEnumType(profile.kind.value),
        transaction_id=profile.transaction_id or None,
        recurrency_kind=None
        if recurrency is None
        else v201.RecurrencyKindEnumType(recurrency.value),
        valid_from=_text(profile.from_ms),
        valid_to=_text(profile.to_ms),
        charging_schedule=[
            v201.ChargingScheduleType(
                id=profile.id,
                charging_rate_unit=v201.ChargingRateUnitEnumType(schedule.unit.value),
                charging_schedule_period=[
                    v201.ChargingSchedulePeriodType(
                        start_period=period.start_s,
                        limit=decimal_of(period.limit_milli),
                        number_phases=period.phases,
                        phase_to_use=period.phase_to_use,
                    )
                    for period in schedule.periods
                ],
                duration=schedule.duration_s,
                start_schedule=_text(schedule.start_ms),
                min_charging_rate=None if rate is None else decimal_of(rate),
            )
        ],
    )
