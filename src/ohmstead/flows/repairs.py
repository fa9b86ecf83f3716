"""A station is put right: a bounded number of tries, each written down before it begins."""

from __future__ import annotations

from ohmstead.core.device_model import Inventory
from ohmstead.core.drift import (
    RESTARTS_MAX,
    after_restart,
    after_try,
    asked,
    begin_try,
    first_text,
    give_up,
    is_due,
    mendable,
)
from ohmstead.core.standing import Drift, Refusal, Stand, Standing
from ohmstead.core.template import IDLE, Template
from ohmstead.errors import OperatorError
from ohmstead.flows.inventory import judged
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

RESTART_WAIT_MS = 600_000  # a station that was told to restart gets this long


class Try(Frozen):
    """What is to be sent now, and for which template."""

    station_id: str
    template: Template
    drift: tuple[Drift, ...]
    number: int


def begin_repair(state: State, station_id: str, now_ms: int) -> Decision[Try | None]:
    """Begin a try where one is due; what would be a fight or one try too many gives up."""
    standing = state.get(Standing, station_id)
    template = state.get(Template, standing.template) if standing is not None else None
    if standing is None or template is None or not is_due(standing, template, now_ms):
        return Decision(None)
    begun = begin_try(standing, now_ms)
    if begun.state is not Stand.DRIFTED:
        return Decision(None, (begun,))
    return Decision(Try(station_id, template, mendable(begun), begun.tries), (begun,))


class Tried(Frozen):
    """What a station said to a try, once it was read again.

    ``is_unheard``: it went away in the middle, and the try does not count.
    """

    station_id: str
    template: str
    revision: int
    refusals: tuple[Refusal, ...] = ()
    needs_restart: tuple[str, ...] = ()
    is_unheard: bool = False


def end_repair(state: State, told: Tried, now_ms: int) -> Decision[Standing | None]:
    """Judge a station again after a try; nothing, if its template changed meanwhile."""
    before = state.get(Standing, told.station_id)
    if before is None or (before.template, before.revision) != (told.template, told.revision):
        return Decision(before)
    if told.is_unheard:
        again = replace(before, tries=max(0, before.tries - 1))
        return Decision(again, (again,))
    names = {one.name.casefold() for one in told.refusals}
    kept = tuple(one for one in before.refusals if one.name.casefold() not in names)
    standing = replace(before, refusals=(*kept, *told.refusals))
    inventory = state.get(Inventory, told.station_id)
    standing = after_try(judged(state, standing, inventory, now_ms), told.needs_restart, now_ms)
    return Decision(standing, (standing,))


class AskRepair(Frozen):
    """A person wants a station put right; ``by`` says who, and why if that was said."""

    station_id: str
    by: str


def ask_repair(state: State, command: AskRepair, now_ms: int) -> Decision[Standing]:
    """Have a station put right whatever its template says of repairs; raises OperatorError."""
    station_id = command.station_id
    standing = state.get(Standing, station_id)
    if standing is None or standing.state in (Stand.UNREAD, Stand.NO_TEMPLATE):
        raise OperatorError(
            f"station {station_id} has no template, or its configuration was never read; see "
            "`ohmstead station configuration`"
        )
    if standing.state is Stand.CONFLICT:
        raise OperatorError(f"station {station_id}: {standing.reason}")
    if standing.state is Stand.AS_WANTED:
        return Decision(standing)
    wanted = asked(standing, command.by, now_ms)
    if not mendable(wanted):
        raise OperatorError(f"station {station_id}: {first_text(wanted.drift)}")
    return Decision(wanted, (wanted,))


def begin_restart(state: State, station_id: str, now_ms: int) -> Decision[Template | None]:
    """Let a station restart that asked for it, where its template allows that; at most twice."""
    standing = state.get(Standing, station_id)
    template = state.get(Template, standing.template) if standing is not None else None
    if standing is None or template is None or not wants_restart(standing, template, now_ms):
        return Decision(None)
    if standing.restarts >= RESTARTS_MAX:
        over = give_up(
            standing, now_ms, f"it did not restart when it was told to: {standing.reason}"
        )
        return Decision(None, (over,))
    begun = replace(
        standing, restarts=standing.restarts + 1, not_before_ms=now_ms + RESTART_WAIT_MS
    )
    return Decision(template, (begun,))


def wants_restart(standing: Standing, template: Template, now_ms: int) -> bool:
    """Whether a station waits for a restart that its template allows."""
    return (
        standing.state is Stand.REBOOT
        and template.reboot == IDLE
        and (standing.template, standing.revision) == (template.name, template.revision)
        and (standing.restarts == 0 or standing.not_before_ms <= now_ms)
    )


def note_restart(state: State, station_id: str, now_ms: int) -> Decision[Standing | None]:
    """A station has booted and was read since."""
    standing = state.get(Standing, station_id)
    if standing is None:
        return Decision(None)
    after = after_restart(standing, now_ms)
    return Decision(after, (after,) if after != standing else ())
