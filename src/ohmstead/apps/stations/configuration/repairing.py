"""A template's values are sent to a station and read back; a restart follows where it needs one."""

from __future__ import annotations

import structlog

from ohmstead.apps.gateway.interface import Answered, Disconnected, Refused, TimedOut
from ohmstead.apps.stations.capabilities.smart_charging import Asked, Desk, ask
from ohmstead.apps.stations.commanding.author import REASON_CHARACTERS_MAX, speaking
from ohmstead.apps.stations.commands import NotConnected
from ohmstead.apps.stations.configuration import wire
from ohmstead.apps.stations.configuration.reading import VIA
from ohmstead.apps.stations.peer import Presence
from ohmstead.core.command import Author
from ohmstead.core.device_model import Inventory
from ohmstead.core.drift import TRIES_MAX
from ohmstead.core.network import Station
from ohmstead.core.reservation import HOLDING, Reservation
from ohmstead.core.standing import Drift, Refusal, Stand, Standing
from ohmstead.core.template import Template
from ohmstead.flows.charging_profiles import running
from ohmstead.flows.repairs import Tried, Try, begin_repair, begin_restart, end_repair
from ohmstead.frozen import Frozen
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Version

# Words of a StatusNotification at which a restart disturbs nobody; Faulted ones may gain by it.
QUIET = frozenset({"Available", "Unavailable", "Faulted"})
FINAL_CODES = frozenset({"NotImplemented", "NotSupported"})

log = structlog.get_logger()


class Said(Frozen):
    """What a station said to the settings that it was sent."""

    refusals: tuple[Refusal, ...] = ()
    needs_restart: tuple[str, ...] = ()
    is_unheard: bool = False
    taken: tuple[Drift, ...] = ()


def author_of(template: Template, standing: Standing | None, why: str) -> Author:
    """A template speaks, and says who asked it to if somebody did."""
    if standing is not None and standing.is_asked and standing.asked_by:
        why = f"{why}, asked by {standing.asked_by}"
    name = f"template {template.name}"
    return Author(f"template:{template.name}", name, VIA, why[:REASON_CHARACTERS_MAX])


async def repair(desk: Desk, station_id: str) -> Standing | None:
    """Try once to put a station right where a try is due; returns how it stands then."""
    store = desk.store
    begun = await store.run(begin_repair, station_id)
    if begun is None:
        return store.get(Standing, station_id)
    why = f"drift, try {begun.number} of {TRIES_MAX}"
    with speaking(author_of(begun.template, store.get(Standing, station_id), why)):
        said = await _send(desk, begun)
        if not said.is_unheard:
            await _read_back(desk, begun, said.taken)
    tried = Tried(
        station_id,
        begun.template.name,
        begun.template.revision,
        said.refusals,
        said.needs_restart,
        said.is_unheard,
    )
    standing = await store.run(end_repair, tried)
    if standing is not None and standing.state is Stand.GIVEN_UP:
        log.warning("a station is not as wanted", station=station_id, reason=standing.reason)
    return standing


async def _send(desk: Desk, begun: Try) -> Said:
    link = desk.gateway.link(begun.station_id)
    if link is None:
        return Said(is_unheard=True)
    is_16 = link.version is Version.V16
    items = _items(desk, begun.station_id, is_16, "SetVariables")
    refusals: list[Refusal] = []
    restarts: list[str] = []
    taken: list[Drift] = []
    is_last = begun.number >= TRIES_MAX
    for words in wire.setting_requests(is_16, begun.drift, items):
        try:
            asked = await ask(desk, begun.station_id, words.action, words.request)
        except NotConnected:
            return Said(is_unheard=True)
        match asked.done.outcome:
            case Disconnected():
                return Said(is_unheard=True)
            case TimedOut():
                break  # it counts, and the others would wait as long
            case Refused(code_text=code) if code in FINAL_CODES or is_last:
                refusals += [Refusal(one.name, one.wanted, code[:60]) for one in words.drift]
        for one, word in wire.words_for(asked.answer, words.drift):
            if word in (wire.ACCEPTED, wire.RESTART):
                taken.append(one)
                restarts += [one.name] if word == wire.RESTART else []
            elif word and (is_last or not word.startswith("Rejected")):
                refusals.append(Refusal(one.name, one.wanted, word))  # busy now, perhaps
    return Said(tuple(refusals), tuple(restarts), taken=tuple(taken))


async def _read_back(desk: Desk, begun: Try, taken: tuple[Drift, ...]) -> None:
    """Whoever listens to answers keeps what the station says now."""
    link = desk.gateway.link(begun.station_id)
    if link is None or not taken:
        return
    is_16 = link.version is Version.V16
    items = _items(desk, begun.station_id, is_16, "GetVariables")
    for words in wire.reading_requests(is_16, taken, items):
        try:
            asked = await ask(desk, begun.station_id, words.action, words.request)
        except NotConnected:
            return
        if not isinstance(asked.done.outcome, Answered):
            return


def _items(desk: Desk, station_id: str, is_16: bool, action: str) -> int:
    known = desk.store.get(Inventory, station_id)
    return wire.items_of(is_16, known.variables if known is not None else (), action)


def is_idle(desk: Desk, presence: Presence | None, station: Station) -> bool:
    """Whether nobody charges at a station, has plugged in, or has reserved it."""
    store = desk.store
    if any(running(store, station.id, evse.id) is not None for evse in station.evses):
        return False
    for state in HOLDING:
        if store.find(Reservation, 1, station_id=station.id, state=state.value):
            return False
    known = presence.connectors.values() if presence is not None else ()
    return all(one.status in QUIET for one in known)


async def restart(desk: Desk, station_id: str) -> bool:
    """Tell a station to restart where its template allows it and it is due; answers whether it
    said that it will."""
    store = desk.store
    template = await store.run(begin_restart, station_id)
    link = desk.gateway.link(station_id)
    if template is None or link is None:
        return False
    standing = store.get(Standing, station_id)
    why = standing.reason if standing is not None else ""
    with speaking(author_of(template, standing, why)):
        asked: Asked
        if link.version is Version.V16:
            soft = v16.ResetRequest(type=v16.ResetType.SOFT)
            asked = await ask(desk, station_id, "Reset", soft)
        else:
            # B11: OnIdle waits for a transaction that begins this very moment.
            on_idle = v201.ResetRequest(type=v201.ResetEnumType.ON_IDLE)
            asked = await ask(desk, station_id, "Reset", on_idle)
    return asked.status in ("Accepted", "Scheduled")
