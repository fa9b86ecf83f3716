"""Price a session by OCPI 2.2.1 rules: whole numbers in, one line per price component out.

For each dimension the first element that prices it and whose restrictions hold is the one in
force; where there is none, that dimension costs nothing then (mod_tariffs, Tariff object). OCPI
leaves rounding open: ours happens once per price line, and its policy is part of the tariff. All
prices are without VAT. Volumes are mWh for ENERGY, ms for the times and starts for FLAT.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from ohmstead.core.tariff_records import (
    EVERYWHERE,
    TIMES,
    Component,
    Dimension,
    Element,
    Rounding,
    Tariff,
)
from ohmstead.core.tariff_restrictions import Period, Restrictions, Usage, cut, to_local
from ohmstead.frozen import Frozen
from ohmstead.units import (
    MS_PER_HOUR,
    MS_PER_S,
    MWH_PER_KWH,
    MWH_PER_WH,
    PRICE_SCALE_MAX,
    Asset,
    Price,
    mul_div_down,
    mul_div_up,
)

__all__ = [
    "Component",
    "Dimension",
    "Element",
    "Period",
    "PriceLine",
    "Priced",
    "Restrictions",
    "Rounding",
    "Tariff",
    "Usage",
    "price",
    "price_periods",
    "worst_case_minor",
]

MW_PER_W = 1_000
# The volume that one unit of price buys, and the one that one step_size counts.
_UNIT = {Dimension.FLAT: 1, Dimension.ENERGY: MWH_PER_KWH} | dict.fromkeys(TIMES, MS_PER_HOUR)
_STEP = {Dimension.FLAT: 1, Dimension.ENERGY: MWH_PER_WH} | dict.fromkeys(TIMES, MS_PER_S)


class PriceLine(Frozen):
    """One row of a bill: ``billed`` is the ``measured`` volume rounded up to the step size."""

    dimension: Dimension
    element: int  # position in the tariff
    measured: int
    billed: int
    unit_price: Price
    minor: int


class Priced(Frozen):
    """A bill: total = sum of the lines + adjustment (what min_price adds or max_price takes off).

    ``covered`` is False when no component was ever in force: a total of 0 by a hole in the tariff,
    which somebody should look at.
    """

    lines: tuple[PriceLine, ...]
    adjustment_minor: int
    total_minor: int
    rounding: Rounding
    covered: bool


def price(tariff: Tariff, usage: Usage, zone: tzinfo) -> Priced:
    """Price a session; ``zone`` is the time zone of its location."""
    if len(tariff.elements) == 1:
        priced = _price_whole(tariff, tariff.elements[0], usage)
        if priced is not None:
            return priced
    rules = [element.restrictions for element in tariff.elements]
    return price_periods(tariff, cut(usage, rules, zone), zone)


def _price_whole(tariff: Tariff, element: Element, usage: Usage) -> Priced | None:
    """Price without cutting where nothing may change within the session and no time is counted,
    which is how most tariffs are; None for the others."""
    if element.restrictions != EVERYWHERE:
        return None
    lines: list[PriceLine] = []
    for component in element.components:
        if component.dimension is Dimension.FLAT:
            minor = _minor(1, component, tariff.asset, tariff.rounding)
            lines.insert(0, PriceLine(Dimension.FLAT, 0, 1, 1, component.price, minor))
        elif component.dimension is Dimension.ENERGY:
            measured = usage.energy_mwh
            if measured > 0:
                billed = _step_up(measured, component.step_size * MWH_PER_WH)
                minor = _minor(billed, component, tariff.asset, tariff.rounding)
                line = PriceLine(Dimension.ENERGY, 0, measured, billed, component.price, minor)
                lines.append(line)
        else:
            return None
    exact = sum([line.minor for line in lines])
    total = _bounded(tariff, exact)
    return Priced(tuple(lines), total - exact, total, tariff.rounding, covered=True)


def price_periods(tariff: Tariff, periods: Sequence[Period], zone: tzinfo) -> Priced:
    """Price charging periods given in order of time.

    Each is judged as at its start, so no restriction may change its answer within one.
    """
    measured: dict[tuple[Dimension, int], int] = {}
    last: dict[bool, tuple[Dimension, int]] = {}  # by whether it counts time: the step's owner
    covered = False
    flat, used_mwh = 1, 0
    for period in periods:
        local = to_local(period.start_ms, zone)
        elapsed_ms = period.start_ms - periods[0].start_ms
        active: dict[Dimension, int] = {}
        for at, element in enumerate(tariff.elements):
            if element.restrictions.match(local, used_mwh, elapsed_ms, period.power_mw):
                for component in element.components:
                    active.setdefault(component.dimension, at)
        covered = covered or bool(active)
        volumes = (flat, period.energy_mwh, period.charging_ms, period.parking_ms)
        for dimension, volume in zip(Dimension, volumes, strict=True):
            if dimension in active and volume > 0:
                line = (dimension, active[dimension])
                measured[line] = measured.get(line, 0) + volume
                if dimension is Dimension.FLAT:
                    flat = 0  # once per session, when first in force
                else:
                    last[dimension in TIMES] = line
        used_mwh += period.energy_mwh
    return _bill(tariff, measured, set(last.values()), covered)


def _bill(
    tariff: Tariff,
    measured: dict[tuple[Dimension, int], int],
    stepped: set[tuple[Dimension, int]],
    covered: bool,
) -> Priced:
    """Make the lines, those in ``stepped`` taking what the step size adds to their dimension."""
    # 2.2.1, step_size: "SHALL only be taken into account once per session for the
    # TariffDimensionType ENERGY and once for PARKING_TIME and TIME combined"; it "uses the total
    # amount", and where sizes differ that "of the last relevant PriceComponent is used".
    lines = []
    for (dimension, at), volume in measured.items():
        component = next(c for c in tariff.elements[at].components if c.dimension is dimension)
        billed = volume
        if (dimension, at) in stepped:
            total = sum(v for (other, _), v in measured.items() if other is dimension)
            billed += _step_up(total, component.step_size * _STEP[dimension]) - total
        minor = _minor(billed, component, tariff.asset, tariff.rounding)
        lines.append(PriceLine(dimension, at, volume, billed, component.price, minor))
    exact = sum(line.minor for line in lines)
    total = _bounded(tariff, exact)
    return Priced(tuple(lines), total - exact, total, tariff.rounding, covered)


def _bounded(tariff: Tariff, minor: int) -> int:
    least = max(minor, tariff.min_price_minor)
    return least if tariff.max_price_minor is None else min(least, tariff.max_price_minor)


def _step_up(volume: int, step: int) -> int:
    return mul_div_up(volume, 1, step) * step


def _minor(volume: int, component: Component, asset: Asset, rounding: Rounding) -> int:
    x, y = volume, component.price.value * 10**asset.scale
    divisor = _UNIT[component.dimension] * 10**component.price.scale
    down, up = mul_div_down(x, y, divisor), mul_div_up(x, y, divisor)
    if rounding is Rounding.HALF_EVEN:
        twice = 2 * (x * y - down * divisor)
        return up if twice > divisor or (twice == divisor and down & 1) else down
    return down if rounding is Rounding.DOWN else up


def worst_case_minor(tariff: Tariff, rated_power_w: int, duration_ms: int) -> int:
    """The most a session can cost that draws at most ``rated_power_w`` for at most ``duration_ms``.

    Every restriction is taken to fall the dearest way. This is what a hold reserves.
    """
    energy_mwh = mul_div_up(rated_power_w * MW_PER_W, duration_ms, MS_PER_HOUR)
    found = [c for e in tariff.elements if e.restrictions.reservation is None for c in e.components]
    by: dict[Dimension, list[Component]] = {component.dimension: [] for component in found}
    for component in found:
        by[component.dimension].append(component)
    cost = 0
    is_pair = Dimension.TIME in by and Dimension.PARKING_TIME in by
    if is_pair:
        # Either may end up stepped, on top of the other unstepped: less than one step too much.
        group = by[Dimension.TIME] + by[Dimension.PARKING_TIME]
        volume = duration_ms + max(c.step_size for c in group) * MS_PER_S
        cost += _dearest(group, volume, tariff.asset)
    for dimension, group in by.items():
        if dimension is Dimension.FLAT:
            cost += _dearest(group, 1, tariff.asset)
        elif dimension is Dimension.ENERGY or not is_pair:
            whole = energy_mwh if dimension is Dimension.ENERGY else duration_ms
            unit = _STEP[dimension]
            volume = max([_step_up(whole, max(c.step_size, 1) * unit) for c in group])
            cost += _dearest(group, volume, tariff.asset)
    slack = 0 if tariff.rounding is Rounding.DOWN else len(found)  # each line may gain one unit
    return _bounded(tariff, cost + slack)


def _dearest(components: Sequence[Component], volume: int, asset: Asset) -> int:
    def per_unit(component: Component) -> int:
        factor: int = 10 ** (PRICE_SCALE_MAX - component.price.scale)
        return component.price.value * factor

    if not components:
        return 0
    if len(components) == 1:
        return _minor(volume, components[0], asset, Rounding.UP)
    return _minor(volume, max(components, key=per_unit), asset, Rounding.UP)
