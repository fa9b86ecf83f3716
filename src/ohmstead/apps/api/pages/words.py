"""Numbers as people read them; whole arithmetic only, and nothing is rounded up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from ohmstead.core.tariff import Dimension, PriceLine
from ohmstead.units import MS_PER_S, MWH_PER_KWH, Asset, Price

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KWH_SCALE = 6
_DECIMALS_MIN = 2
S_PER_MINUTE, MINUTES_PER_HOUR = 60, 60

_WHAT = {
    Dimension.FLAT: "Start of the session",
    Dimension.ENERGY: "Energy",
    Dimension.TIME: "Charging time",
    Dimension.PARKING_TIME: "Parked after charging",
}


def decimal(value: int, scale: int, at_least: int = _DECIMALS_MIN) -> str:
    """``value * 10**-scale`` exactly, without zeros beyond ``at_least`` decimals."""
    sign, digits = ("-" if value < 0 else ""), str(abs(value)).rjust(scale + 1, "0")
    whole, fraction = (digits[:-scale], digits[-scale:]) if scale else (digits, "")
    fraction = fraction.rstrip("0").ljust(at_least, "0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def money(minor: int, asset: Asset) -> str:
    """An amount with its currency."""
    return f"{decimal(minor, asset.scale, min(_DECIMALS_MIN, asset.scale))} {asset.code}"


def energy(mwh: int) -> str:
    """kWh with two decimals, the rest cut off."""
    cut = abs(mwh) * 100 // MWH_PER_KWH
    return ("-" if mwh < 0 else "") + decimal(cut, 2)


def energy_exact(mwh: int) -> str:
    """Every digit the meter gave."""
    return f"{decimal(mwh, _KWH_SCALE)} kWh"


def duration(ms: int) -> str:
    """Hours and minutes; seconds below ten minutes."""
    seconds = max(0, ms) // MS_PER_S
    minutes, seconds = divmod(seconds, S_PER_MINUTE)
    hours, minutes = divmod(minutes, MINUTES_PER_HOUR)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min" if minutes >= 10 else f"{minutes} min {seconds:02d} s"


def local(at_ms: int, zone: tzinfo) -> datetime:
    """A moment on the wall clock of a place."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone)


def span(start_ms: int, end_ms: int, zone: tzinfo) -> str:
    """From when to when, on the wall clock of the place; an open end is left out."""
    start = local(start_ms, zone)
    day = f"{start:%A} {start.day} {start:%B %Y}, {start:%H:%M}"
    if not end_ms:
        return f"{day} {start:%Z}"
    end = local(end_ms, zone)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end.day} {end:%B}, {end:%H:%M}"
    return f"{day}–{until} {start:%Z} ({duration(end_ms - start_ms)})"


def price(value: Price, unit: str, asset: Asset) -> str:
    """A unit price."""
    return f"{decimal(value.value, value.scale)} {asset.code} {unit}".rstrip()


def line(item: PriceLine, asset: Asset) -> dict[str, str]:
    """One row of the bill: what, how it was counted, how much."""
    match item.dimension:
        case Dimension.ENERGY:
            how = f"{energy_exact(item.billed)} × {price(item.unit_price, 'per kWh', asset)}"
        case Dimension.FLAT:
            how = price(item.unit_price, "", asset)
        case _:
            how = f"{duration(item.billed)} × {price(item.unit_price, 'per hour', asset)}"
    return {"what": _WHAT[item.dimension], "how": how, "amount": money(item.minor, asset)}
