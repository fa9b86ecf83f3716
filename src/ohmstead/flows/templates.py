"""Templates change, and then the stations they are or were for are judged again."""

from __future__ import annotations

from ohmstead.core.device_model import Inventory, fault_of
from ohmstead.core.network import Counter, Station
from ohmstead.core.standard_variables import typed
from ohmstead.core.standing import Stand, Standing
from ohmstead.core.template import TEMPLATES_MAX, Facts, Template, check, means
from ohmstead.errors import OperatorError
from ohmstead.flows.inventory import judged
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, State

JOB = "templates"
COUNTER = "template"
FAULTS_SHOWN = 3


class PutTemplate(Frozen):
    """A template to keep; ``is_new``: only if there is none of its name."""

    template: Template
    is_new: bool = False


def put_template(state: State, command: PutTemplate, now_ms: int) -> Decision[Template]:
    """Keep a template, with a revision that no other ever had; raises OperatorError."""
    template = command.template
    try:
        check(template)
    except ValueError as error:
        raise OperatorError(str(error)) from None
    known = state.get(Template, template.name)
    if known is not None and command.is_new:
        raise OperatorError(f"there is a template {template.name} already; replace or remove it")
    if known is None and len(state.find(Template, TEMPLATES_MAX)) >= TEMPLATES_MAX:
        raise OperatorError(f"there are {TEMPLATES_MAX} templates already; remove one first")
    for station_id in template.stations:
        station = state.get(Station, station_id)
        if station is None or station.retired_ms:
            raise OperatorError(f"stations: there is no station {station_id[:48]}")
    if known is not None and replace(template, revision=0, changed_ms=0) == replace(
        known, revision=0, changed_ms=0
    ):
        return Decision(known)
    counter = state.get(Counter, COUNTER) or Counter(COUNTER, 0)
    kept = replace(template, revision=counter.value + 1, changed_ms=now_ms)
    counter = Counter(COUNTER, kept.revision)
    return Decision(kept, (kept, counter), jobs=(_job(kept.name, kept.revision),))


def remove_template(state: State, name: str, _now_ms: int) -> Decision[Template]:
    """Forget a template; the stations keep the values they have."""
    known = state.get(Template, name)
    if known is None:
        raise OperatorError(f"there is no template {name[:48]}")
    counter = state.get(Counter, COUNTER) or Counter(COUNTER, 0)
    counter = Counter(COUNTER, counter.value + 1)
    job = _job(name, counter.value)
    return Decision(known, (counter,), jobs=(job,), drops=((Template, name),))


def _job(name: str, number: int) -> Job:
    return Job(f"{JOB}/{name}/{number}", JOB, JOB, {"template": name})


class Reassess(Frozen):
    """Stations to judge again, of which those count that the template is or was for."""

    template: str
    stations: tuple[str, ...]


def reassess(state: State, command: Reassess, now_ms: int) -> Decision[tuple[Standing, ...]]:
    """Judge stations again after their template changed; answers those that were looked at."""
    template = state.get(Template, command.template)
    seen: list[Standing] = []
    puts: list[Standing] = []
    for station_id in command.stations:
        station, standing = state.get(Station, station_id), state.get(Standing, station_id)
        if station is None or standing is None:
            continue
        facts = facts_of(station, standing.protocol)
        is_meant = template is not None and means(template, facts)
        # In a conflict the standing names neither of the two, so it may be this one's.
        was_meant = standing.template == command.template or standing.state is Stand.CONFLICT
        if not (is_meant or was_meant):
            continue
        now = judged(state, standing, state.get(Inventory, station_id), now_ms)
        seen.append(now)
        if now != standing:
            puts.append(now)
    return Decision(tuple(seen), tuple(puts))


def facts_of(station: Station, protocol: str) -> Facts:
    """What decides which templates are for a station."""
    return Facts(station.id, station.vendor, station.model, station.firmware, protocol)


def faults(template: Template, inventory: Inventory) -> list[str]:
    """What a template asks that a station cannot have, by what it said of itself."""
    known, found = inventory.by_name(), []
    for setting in template.settings:
        variable = known.get(setting.name.casefold())
        if variable is not None:
            variable = typed(template.protocol, variable)
            text = fault_of(variable, setting.value)
            if text and variable.value != setting.value:
                found.append(f"{setting.name} {text}")
    return found[:FAULTS_SHOWN]
