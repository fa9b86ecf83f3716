"""What a reservation costs by the elements of a tariff that OCPI restricts to reservations.

2.2.1 mod_tariffs, ReservationRestrictionType: RESERVATION prices a reservation, RESERVATION_EXPIRES
one that nobody came for; where both price the same dimension, that of RESERVATION_EXPIRES counts
for an expired one, and its other dimensions cost what RESERVATION says.

A bill of a reservation is a session of 0 mWh whose ``protocol`` is one of :data:`PROTOCOLS`: a word
that no station speaks, and the only thing which says that these elements price it and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from types import MappingProxyType

from ohmstead.core.tariff import Element, Priced, Tariff, Usage, price, worst_case_minor
from ohmstead.core.tariff_records import RESERVABLE
from ohmstead.frozen import replace

RESERVATION, EXPIRES = "RESERVATION", "RESERVATION_EXPIRES"
KEPT = "reservation"  # used, or cancelled by its driver
NOBODY_CAME = "reservation-expired"
# The kinds of element that price each, the first of them first.
PROTOCOLS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {KEPT: (RESERVATION,), NOBODY_CAME: (EXPIRES, RESERVATION)}
)


def has_fee(tariff: Tariff) -> bool:
    """Whether a reservation can cost anything under this tariff."""
    return any(
        component.price.value
        for _, element in _chosen(tariff, PROTOCOLS[NOBODY_CAME])
        for component in element.components
    )


def price_reservation(tariff: Tariff, usage: Usage, zone: tzinfo, protocol: str) -> Priced:
    """Price the time for which an evse was kept; ``protocol`` is one of :data:`PROTOCOLS`.

    The minimum price is one of charging and is not asked for; the maximum bounds the fee too.
    """
    chosen = _chosen(tariff, PROTOCOLS[protocol])
    if not chosen:
        return Priced((), 0, 0, tariff.rounding, covered=False)
    priced = price(_of(tariff, chosen), usage, zone)
    lines = [replace(line, element=chosen[line.element][0]) for line in priced.lines]
    return replace(priced, lines=tuple(lines))


def price_session(tariff: Tariff, usage: Usage, zone: tzinfo, protocol: str) -> Priced:
    """Price a session, or a reservation where ``protocol`` says that it is one."""
    if protocol in PROTOCOLS:
        return price_reservation(tariff, usage, zone, protocol)
    return price(tariff, usage, zone)


def worst_fee_minor(tariff: Tariff, duration_ms: int) -> int:
    """The most that a reservation of at most ``duration_ms`` can cost, however it ends."""
    chosen = _chosen(tariff, PROTOCOLS[NOBODY_CAME])
    return worst_case_minor(_of(tariff, chosen), 0, duration_ms) if chosen else 0


def _chosen(tariff: Tariff, kinds: tuple[str, ...]) -> list[tuple[int, Element]]:
    """The elements of these kinds with their places in the tariff, as they would price a session
    that is the reservation."""
    found = []
    for kind in kinds:
        for at, element in enumerate(tariff.elements):
            parts = tuple(one for one in element.components if one.dimension in RESERVABLE)
            if element.restrictions.reservation == kind and parts:
                rules = replace(element.restrictions, reservation=None)
                found.append((at, Element(parts, rules)))
    return found


def _of(tariff: Tariff, chosen: list[tuple[int, Element]]) -> Tariff:
    """The tariff of reservations within a tariff."""
    elements = tuple(element for _, element in chosen)
    costs = any(one.price.value for element in elements for one in element.components)
    return replace(tariff, elements=elements, min_price_minor=0, free_of_charge=not costs)
