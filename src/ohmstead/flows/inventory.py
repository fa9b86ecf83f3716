"""What a station says of its configuration is kept, and judged beside its template at once."""

from __future__ import annotations

from ohmstead.core.device_model import EarlierInventory, Inventory, Variable, bounded
from ohmstead.core.drift import judge
from ohmstead.core.network import Station
from ohmstead.core.standing import Standing
from ohmstead.core.template import TEMPLATES_MAX, Choice, Facts, Template, applying
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

PROBLEM_CHARACTERS_MAX = 300


class Reading(Frozen):
    """What a station told: all of it, or new values of some variables."""

    station_id: str
    protocol: str
    variables: tuple[Variable, ...]
    is_whole: bool = True
    dropped: int = 0  # for which the reader had no room


def take_reading(state: State, told: Reading, now_ms: int) -> Decision[Standing]:
    """Keep a reading and judge it; a part of one counts only where the whole was read before."""
    before = state.get(Standing, told.station_id) or Standing(told.station_id)
    known = state.get(Inventory, told.station_id)
    if not told.is_whole and (known is None or known.protocol != told.protocol):
        return Decision(before)
    inventory = _merged(known, told, now_ms)
    puts: list[Record] = []
    if known is None or _content(known) != _content(inventory):
        puts.append(inventory)
        if known is not None and told.is_whole:
            puts.append(EarlierInventory(known))
    else:
        inventory = known
    standing = replace(
        before,
        protocol=inventory.protocol,
        count=len(inventory.variables),
        dropped=inventory.dropped,
        problem="" if told.is_whole else before.problem,
        problem_ms=0 if told.is_whole else before.problem_ms,
        read_ms=now_ms if told.is_whole else before.read_ms,
    )
    standing = judged(state, standing, inventory, now_ms)
    if standing != before:
        puts.append(standing)
    return Decision(standing, tuple(puts))


def _merged(known: Inventory | None, told: Reading, now_ms: int) -> Inventory:
    if told.is_whole or known is None:
        kept, over = bounded(told.variables)
        return Inventory(told.station_id, told.protocol, now_ms, kept, told.dropped + over)
    by_name = known.by_name()
    for one in told.variables:
        old = by_name.get(one.name.casefold())
        if old is None:
            by_name[one.name.casefold()] = one
        elif not old.is_hidden:
            mutability = one.mutability or old.mutability
            by_name[one.name.casefold()] = replace(old, value=one.value, mutability=mutability)
    kept, over = bounded(by_name.values())
    return replace(known, variables=kept, dropped=max(known.dropped, over))


def _content(one: Inventory) -> tuple[object, ...]:
    return one.protocol, one.variables, one.dropped


def judged(state: State, standing: Standing, inventory: Inventory | None, now_ms: int) -> Standing:
    """How a station stands beside the template that applies to it now."""
    station = state.get(Station, standing.station_id)
    if station is None:
        return standing
    choice = choice_for(state, station, standing.protocol)
    return judge(standing, inventory, choice, station.firmware, now_ms)


def choice_for(state: State, station: Station, protocol: str) -> Choice:
    """The template that applies to a station."""
    facts = Facts(station.id, station.vendor, station.model, station.firmware, protocol)
    return applying(state.find(Template, TEMPLATES_MAX), facts)


class Unread(Frozen):
    """A station could not be read, and why."""

    station_id: str
    problem: str


def note_unread(state: State, told: Unread, now_ms: int) -> Decision[Standing]:
    """Keep why a station could not be read; what it said before still stands."""
    before = state.get(Standing, told.station_id) or Standing(told.station_id)
    problem = told.problem[:PROBLEM_CHARACTERS_MAX]
    standing = replace(before, problem=problem, problem_ms=now_ms)
    return Decision(standing, (standing,))
