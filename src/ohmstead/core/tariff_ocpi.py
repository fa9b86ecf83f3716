"""Read an OCPI 2.2.1 Tariff object, refusing by name whatever it cannot honour.

Numbers are int, str or Decimal; a float has already lost what was written and is refused. What
does not bear on a price (texts, party, energy mix) is allowed and not read. VAT is carried along
but the inclusive bounds of min_price and max_price are not applied: prices here are without VAT.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ohmstead.core.tariff_records import (
    RESERVABLE,
    Component,
    Dimension,
    Element,
    Rounding,
    Tariff,
)
from ohmstead.core.tariff_restrictions import MINUTES_PER_HOUR, Restrictions
from ohmstead.units import MS_PER_S, PRICE_SCALE_MAX, Asset, Price

DIGITS_MAX = 60
WHOLE_DIGITS_MAX = 15  # 1e400000 is a number too; this one is not worth computing with
STEP_SIZE_MAX = 10**9
MWH_SCALE = 6  # digits of a kWh in mWh, and of a kW in mW
VAT_SCALE = 2  # digits of a per cent in basis points
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")

_UNREAD = {"country_code", "party_id", "type", "tariff_alt_text", "tariff_alt_url", "energy_mix"}
_TARIFF = {"id", "currency", "elements", "min_price", "max_price", "last_updated"}
_TARIFF |= {"start_date_time", "end_date_time"} | _UNREAD
_COMPONENT = {"type", "price", "vat", "step_size"}
_RESTRICTIONS = {"start_time", "end_time", "start_date", "end_date", "day_of_week", "reservation"}
_RESTRICTIONS |= {"min_kwh", "max_kwh", "min_power", "max_power", "min_duration", "max_duration"}
_UNMEASURED = {"min_current", "max_current"}  # our evidence is energy and time
_RESERVATIONS = ("RESERVATION", "RESERVATION_EXPIRES")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


class TariffError(ValueError):
    """A tariff cannot be used; the message begins with the field that is wrong."""


def parse_ocpi_tariff(document: object, asset: Asset, rounding: Rounding = Rounding.DOWN) -> Tariff:
    """Read a decoded JSON document whose ``currency`` must be the code of ``asset``.

    Raises TariffError. A tariff whose every price is zero must be OCPI's free-of-charge one: it
    says so with a FLAT component of 0.00.
    """
    top = _object(document, "tariff", _TARIFF)
    tariff_id = top.get("id")
    if not isinstance(tariff_id, str) or not 1 <= len(tariff_id) <= 36:
        raise TariffError("id: is a text of 1 to 36 characters")
    elements = tuple(
        _element(one, f"elements[{n}]") for n, one in enumerate(_list(top, "elements", ""))
    )
    if top.get("currency") != asset.code:
        raise TariffError(f"currency: {top.get('currency')!r} is not {asset.code}")
    least, most = _bound(top, "min_price", asset), _bound(top, "max_price", asset)
    components = [component for element in elements for component in element.components]
    free = not least and not any(component.price.value for component in components)
    if free and all(component.dimension is not Dimension.FLAT for component in components):
        raise TariffError("elements: every price is zero; say so with a FLAT component of 0.00")
    since, until = _moment(top, "start_date_time"), _moment(top, "end_date_time")
    try:
        return Tariff(tariff_id, asset, elements, rounding, least or 0, most, free, since, until)
    except ValueError as error:
        raise TariffError(f"tariff: {error}") from None


def _element(value: object, path: str) -> Element:
    fields = _object(value, path, {"price_components", "restrictions"})
    components = tuple(
        _component(one, f"{path}.price_components[{n}]")
        for n, one in enumerate(_list(fields, "price_components", f"{path}."))
    )
    restrictions = _restrictions(fields.get("restrictions", {}), f"{path}.restrictions")
    if restrictions.reservation is not None and any(
        one.dimension not in RESERVABLE for one in components
    ):
        raise TariffError(f"{path}.price_components: a reservation has FLAT and TIME only")
    try:
        return Element(components, restrictions)
    except ValueError as error:
        raise TariffError(f"{path}.price_components: {error}") from None


def _component(value: object, path: str) -> Component:
    fields = _object(value, path, _COMPONENT)
    try:
        dimension = Dimension(fields.get("type"))
    except ValueError:
        raise TariffError(f"{path}.type: no such dimension: {fields.get('type')!r}") from None
    digits, exponent = _number(fields.get("price"), f"{path}.price")
    price = Price(digits * 10 ** max(exponent, 0), max(-exponent, 0))
    vat = fields.get("vat")
    step = fields.get("step_size")
    least = 0 if dimension is Dimension.FLAT else 1
    if isinstance(step, bool) or not isinstance(step, int) or not least <= step <= STEP_SIZE_MAX:
        raise TariffError(f"{path}.step_size: is a whole number from {least} to {STEP_SIZE_MAX}")
    vat_bps = None if vat is None else _scaled(vat, VAT_SCALE, f"{path}.vat")
    return Component(dimension, price, step, vat_bps)


def _restrictions(value: object, path: str) -> Restrictions:
    fields = _object(value, path, _RESTRICTIONS, _UNMEASURED)

    def number(name: str, scale: int, factor: int = 1) -> int | None:
        found = fields.get(name)
        return None if found is None else _scaled(found, scale, f"{path}.{name}") * factor

    def minute(name: str) -> int | None:
        found = fields.get(name)
        parts = _TIME.fullmatch(found) if isinstance(found, str) else None
        if found is not None and parts is None:
            raise TariffError(f"{path}.{name}: is a time of day as in 09:30, not {found!r}")
        return int(parts[1]) * MINUTES_PER_HOUR + int(parts[2]) if parts else None

    def day(name: str) -> date | None:
        found = fields.get(name)
        try:
            if found is None or (isinstance(found, str) and _DATE.fullmatch(found)):
                return date.fromisoformat(found) if found else None
        except ValueError:
            pass  # well written, and yet no such day
        raise TariffError(f"{path}.{name}: is a date as in 2026-11-20, not {found!r}")

    days = _list(fields, "day_of_week", f"{path}.") if "day_of_week" in fields else []
    for name in days:
        if name not in WEEKDAYS:
            raise TariffError(f"{path}.day_of_week: no such day: {name!r}")
    reservation = fields.get("reservation")
    if reservation is not None and reservation not in _RESERVATIONS:
        raise TariffError(f"{path}.reservation: no such kind: {reservation!r}")
    return Restrictions(
        start_minute=minute("start_time"),
        end_minute=minute("end_time"),
        start_date=day("start_date"),
        end_date=day("end_date"),
        weekdays=tuple(sorted({WEEKDAYS.index(str(name)) for name in days})),
        min_mwh=number("min_kwh", MWH_SCALE),
        max_mwh=number("max_kwh", MWH_SCALE),
        min_power_mw=number("min_power", MWH_SCALE),
        max_power_mw=number("max_power", MWH_SCALE),
        min_duration_ms=number("min_duration", 0, MS_PER_S),
        max_duration_ms=number("max_duration", 0, MS_PER_S),
        reservation=None if reservation is None else str(reservation),
    )


def _object(
    value: object, path: str, allowed: Collection[str], unmeasured: Collection[str] = ()
) -> Mapping[str, object]:
    """The fields that are set; a null is as good as absent (OCPI: "considered as null values")."""
    if not isinstance(value, Mapping):
        raise TariffError(f"{path}: is an object")
    for name in value:
        if name in unmeasured:
            raise TariffError(f"{path}.{name}: cannot be honoured, no meter proves the current")
        if name not in allowed:
            raise TariffError(f"{path}.{name}: no such field in OCPI 2.2.1")
    return {name: found for name, found in value.items() if found is not None}


def _list(fields: Mapping[str, object], name: str, path: str) -> list[object]:
    value = fields.get(name)
    if not isinstance(value, list) or not value:
        raise TariffError(f"{path}{name}: is a list with something in it")
    return value


def _number(value: object, path: str) -> tuple[int, int]:
    """A number that is not negative, as (digits, exponent of ten), with no zeros at its end."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TariffError(f"{path}: is a number (int, Decimal or text), not {value!r}")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise TariffError(f"{path}: is a number as in 0.2935, not {value[:60]!r}")
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise TariffError(f"{path}: is a finite number, not {value}")
    if len(digits) > DIGITS_MAX:
        raise TariffError(f"{path}: has more than {DIGITS_MAX} digits")
    while len(digits) > 1 and digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    whole = int("".join(map(str, digits)))
    if whole == 0:
        return 0, 0
    if sign:
        raise TariffError(f"{path}: is never negative")
    if exponent < -PRICE_SCALE_MAX:
        raise TariffError(f"{path}: has more than {PRICE_SCALE_MAX} decimals")
    if len(digits) + exponent > WHOLE_DIGITS_MAX:
        raise TariffError(f"{path}: has more than {WHOLE_DIGITS_MAX} digits before the point")
    return whole, exponent


def _scaled(value: object, scale: int, path: str) -> int:
    """The number in units of ``10**-scale``, exactly."""
    digits, exponent = _number(value, path)
    if exponent < -scale:
        raise TariffError(f"{path}: has more than {scale} decimals")
    factor: int = 10 ** (exponent + scale)
    return digits * factor


def _bound(fields: Mapping[str, object], name: str, asset: Asset) -> int | None:
    if name not in fields:
        return None
    amounts = _object(fields[name], name, {"excl_vat", "incl_vat"})
    if "incl_vat" in amounts:
        _number(amounts["incl_vat"], f"{name}.incl_vat")
    return _scaled(amounts.get("excl_vat"), asset.scale, f"{name}.excl_vat")


def _moment(fields: Mapping[str, object], name: str) -> int | None:
    if name not in fields:
        return None
    try:
        at = datetime.fromisoformat(str(fields[name]))
    except ValueError:
        raise TariffError(f"{name}: is a moment as in 2026-11-20T09:30:00Z") from None
    # OCPI DateTime: "timestamps SHALL always be in UTC", with or without the Z.
    utc = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
