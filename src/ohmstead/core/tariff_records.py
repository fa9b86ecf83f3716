"""What a tariff says: components within elements, and how its amounts are rounded.

:mod:`ohmstead.core.tariff` prices by these records and is where to import them from.
"""

from __future__ import annotations

import enum

from ohmstead.core.tariff_restrictions import Restrictions
from ohmstead.frozen import Frozen
from ohmstead.units import Asset, Price

ELEMENTS_MAX = 100
EVERYWHERE = Restrictions()  # an element without restrictions applies always


class Dimension(enum.Enum):
    """What is counted (TariffDimensionType)."""

    FLAT = "FLAT"
    ENERGY = "ENERGY"
    TIME = "TIME"  # charging
    PARKING_TIME = "PARKING_TIME"  # connected, not charging


TIMES = (Dimension.TIME, Dimension.PARKING_TIME)
# 2.2.1: "A reservation can only have: FLAT and TIME", TIME being for how long the evse was kept.
RESERVABLE = (Dimension.FLAT, Dimension.TIME)


class Rounding(enum.Enum):
    """Where the part of a minor unit goes, once per price line."""

    DOWN = "down"  # in the driver's favour
    HALF_EVEN = "half_even"
    UP = "up"


class Component(Frozen):
    """A price for one dimension; ``step_size`` counts Wh or seconds and means nothing for FLAT."""

    dimension: Dimension
    price: Price
    step_size: int = 1
    vat_bps: int | None = None  # as published; carried for invoices, never computed with here

    def __post_init__(self) -> None:
        if self.step_size < 1 and self.dimension is not Dimension.FLAT:
            raise ValueError(f"the step_size of {self.dimension.value} is at least 1")


class Element(Frozen):
    """Components that hold together under the same restrictions."""

    components: tuple[Component, ...]
    restrictions: Restrictions = EVERYWHERE

    def __post_init__(self) -> None:
        dimensions = [component.dimension for component in self.components]
        if not dimensions or len(set(dimensions)) < len(dimensions):
            raise ValueError("an element has one component or more, each of another dimension")


class Tariff(Frozen):
    """What a session costs. One that costs nothing says ``free_of_charge``, else it is refused."""

    id: str
    asset: Asset
    elements: tuple[Element, ...]
    rounding: Rounding = Rounding.DOWN
    min_price_minor: int = 0
    max_price_minor: int | None = None
    free_of_charge: bool = False
    valid_from_ms: int | None = None
    valid_until_ms: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.elements) <= ELEMENTS_MAX:
            raise ValueError(f"tariff {self.id!r} has 1 to {ELEMENTS_MAX} elements")
        top = self.max_price_minor
        if self.min_price_minor < 0 or (top is not None and top < self.min_price_minor):
            raise ValueError(f"tariff {self.id!r}: min_price is from 0 up to max_price")
        costs = self.min_price_minor or any(
            c.price.value for e in self.elements for c in e.components
        )
        if self.free_of_charge == bool(costs):
            raise ValueError(
                f"tariff {self.id!r} must say free_of_charge exactly when nothing costs"
            )

    @property
    def key(self) -> str:
        return self.id

    def is_valid_at(self, at_ms: int) -> bool:
        """Whether a session may start under it at ``at_ms`` (start_date_time, end_date_time)."""
        since, until = self.valid_from_ms, self.valid_until_ms
        return (since is None or since <= at_ms) and (until is None or at_ms <= until)
