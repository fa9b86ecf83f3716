"""A tariff and what was used of it, as JSON values of a receipt and back.

Reading is strict: a document is taken only if writing what was read gives the same document, so an
unknown field, a wrong type or a second spelling of the same tariff is refused.
"""

from __future__ import annotations

from datetime import date

from ohmstead.core.canonical import JsonValue
from ohmstead.core.tariff import (
    Component,
    Dimension,
    Element,
    PriceLine,
    Restrictions,
    Rounding,
    Tariff,
    Usage,
)
from ohmstead.errors import RemoteProtocolError
from ohmstead.frozen import fields
from ohmstead.units import Asset, Price

Json = dict[str, JsonValue]
_RESTRICTIONS = tuple(field.name for field in fields(Restrictions))
_DATES = frozenset({"start_date", "end_date"})


def tariff_document(tariff: Tariff) -> Json:
    """Return every field of the tariff; amounts as strings, dates as text, None as null."""
    top = tariff.max_price_minor
    return {
        "id": tariff.id,
        "asset": str(tariff.asset),
        "rounding": tariff.rounding.value,
        "min_price_minor": str(tariff.min_price_minor),
        "max_price_minor": None if top is None else str(top),
        "free_of_charge": tariff.free_of_charge,
        "valid_from_ms": tariff.valid_from_ms,
        "valid_until_ms": tariff.valid_until_ms,
        "elements": [
            {
                "components": [_component(component) for component in element.components],
                "restrictions": _restrictions(element.restrictions),
            }
            for element in tariff.elements
        ],
    }


def read_tariff(document: JsonValue) -> Tariff:
    """Return the tariff that :func:`tariff_document` writes so; raises RemoteProtocolError."""
    try:
        tariff = _tariff(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RemoteProtocolError(f"the tariff cannot be read: {error}") from error
    if tariff_document(tariff) != document:
        raise RemoteProtocolError("the tariff has fields or spellings that are not ours")
    return tariff


def usage_document(usage: Usage, time_zone: str) -> Json:
    """Return what was used, with the time zone in which the tariff's clock runs."""
    return {
        "time_zone": time_zone,
        "start_ms": usage.start_ms,
        "end_ms": usage.end_ms,
        "charging_end_ms": usage.charging_end_ms,
        "points": [[at_ms, register_mwh] for at_ms, register_mwh in usage.points],
    }


def read_usage(document: JsonValue) -> Usage:
    """Return the usage of such a document; raises RemoteProtocolError."""
    try:
        body = _object(document)
        points = tuple((_int(at), _int(mwh)) for at, mwh in map(_list, _list(body["points"])))
        end = body["charging_end_ms"]
        usage = Usage(
            _int(body["start_ms"]), _int(body["end_ms"]), points, None if end is None else _int(end)
        )
        zone = _text(body["time_zone"])
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteProtocolError(f"the usage cannot be read: {error}") from error
    if usage_document(usage, zone) != document:
        raise RemoteProtocolError("the usage has fields that are not ours")
    return usage


def line_document(line: PriceLine) -> Json:
    """Return one price line; volumes in mWh, ms or starts."""
    return {
        "dimension": line.dimension.value,
        "element": line.element,
        "measured": line.measured,
        "billed": line.billed,
        "unit_price": {"value": line.unit_price.value, "scale": line.unit_price.scale},
        "minor": str(line.minor),
    }


def _component(component: Component) -> Json:
    return {
        "dimension": component.dimension.value,
        "price": {"value": component.price.value, "scale": component.price.scale},
        "step_size": component.step_size,
        "vat_bps": component.vat_bps,
    }


def _restrictions(rules: Restrictions) -> Json:
    """Only what restricts is written: most elements restrict nothing."""
    found: Json = {}
    for name in _RESTRICTIONS:
        value = getattr(rules, name)
        if isinstance(value, date):
            found[name] = value.isoformat()
        elif isinstance(value, tuple):
            found |= {name: list(value)} if value else {}
        elif value is not None:
            found[name] = value
    return found


def _tariff(document: JsonValue) -> Tariff:
    body = _object(document)
    top = body["max_price_minor"]
    since, until = body["valid_from_ms"], body["valid_until_ms"]
    elements = []
    for element in map(_object, _list(body["elements"])):
        components = [_read_component(_object(c)) for c in _list(element["components"])]
        rules = _read_restrictions(_object(element["restrictions"]))
        elements.append(Element(tuple(components), rules))
    return Tariff(
        id=_text(body["id"]),
        asset=Asset.parse(_text(body["asset"])),
        elements=tuple(elements),
        rounding=Rounding(body["rounding"]),
        min_price_minor=int(_text(body["min_price_minor"])),
        max_price_minor=None if top is None else int(_text(top)),
        free_of_charge=body["free_of_charge"] is True,
        valid_from_ms=None if since is None else _int(since),
        valid_until_ms=None if until is None else _int(until),
    )


def _read_component(body: Json) -> Component:
    price, vat = _object(body["price"]), body["vat_bps"]
    return Component(
        Dimension(body["dimension"]),
        Price(_int(price["value"]), _int(price["scale"])),
        _int(body["step_size"]),
        None if vat is None else _int(vat),
    )


def _read_restrictions(body: Json) -> Restrictions:
    read: dict[str, object] = {}
    for name, value in body.items():
        if name in _DATES:
            read[name] = date.fromisoformat(_text(value))
        elif name == "weekdays":
            read[name] = tuple(_int(day) for day in _list(value))
        elif name == "reservation":
            read[name] = _text(value)
        else:
            read[name] = _int(value)
    return Restrictions(**read)  # type: ignore[arg-type]  # a wrong name is a TypeError


def _object(value: JsonValue) -> Json:
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {type(value).__name__}")
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {type(value).__name__}")
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return value


def _int(value: JsonValue) -> int:
    if type(value) is not int:
        raise TypeError(f"a whole number was expected, not {type(value).__name__}")
    return value
