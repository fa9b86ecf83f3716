"""What a station says it can move files with: heard in its reports, or asked for."""

from __future__ import annotations

from typing import Any, cast
from typing import Protocol as Shape

import msgspec

from ohmstead.apps.stations import commands
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.core.device_model import Inventory
from ohmstead.core.files import FileProtocols, Protocol, read_protocols
from ohmstead.errors import OhmsteadError
from ohmstead.ports import Clock, Decision, State, Store
from ohmstead.wire.ocpp.base import Version

KEY_16 = "SupportedFileTransferProtocols"  # 1.6, 9.1.15
COMPONENT, VARIABLE = "OCPPCommCtrlr", "FileTransferProtocols"  # 2.0.1, appendix 3.1
TIMEOUT_MS = 10_000
OLD_MS = 24 * 3_600_000  # firmware changes what a station knows


class House(Shape):
    """What is needed of a house."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def gateway(self) -> commands.Links: ...


async def said_protocols(house: House, station_id: str) -> tuple[Protocol, ...]:
    """What a station says, as it says it now if it is connected; empty where nothing is known."""
    if reported := _reported(house, station_id):
        return read_protocols(reported)
    known = house.store.get(FileProtocols, station_id)
    now_ms = house.clock.now_ms()
    if known is not None and now_ms - known.at_ms < OLD_MS:
        return known.protocols
    text = await _ask(house, station_id)
    if not text:
        return known.protocols if known is not None else ()
    said = FileProtocols(station_id, read_protocols(text), now_ms)
    await house.store.run(_note, said)
    return said.protocols


def _reported(house: House, station_id: str) -> str:
    """What its last whole report says."""
    inventory = house.store.get(Inventory, station_id)
    variables = inventory.by_name() if inventory is not None else {}
    for name in (f"{COMPONENT}.{VARIABLE}", KEY_16):
        if (found := variables.get(name.casefold())) is not None:
            return found.value or found.values
    return ""


def _note(state: State, said: FileProtocols, now_ms: int) -> Decision[None]:
    del state, now_ms
    return Decision(None, (said,))


async def _ask(house: House, station_id: str) -> str:
    """Ask a connected station; what it does not answer is not known."""
    link = house.gateway.link(station_id)
    if link is None:
        return ""
    if link.version is Version.V16:
        action, request = "GetConfiguration", cast(dict[str, Any], {"key": [KEY_16]})
    else:
        about = {"component": {"name": COMPONENT}, "variable": {"name": VARIABLE}}
        action, request = "GetVariables", {"getVariableData": [about]}
    try:
        raw = msgspec.json.encode(request)
        with speaking(because("how it can fetch and bring files is asked")):
            done = await commands.command(house.gateway, station_id, action, raw, TIMEOUT_MS)
        answer = msgspec.json.decode(done.payload) if done.payload and not done.problem else {}
    except (OhmsteadError, msgspec.MsgspecError):
        return ""
    rows = answer.get("configurationKey" if action == "GetConfiguration" else "getVariableResult")
    for row in rows or ():
        text = row.get("value", row.get("attributeValue"))
        if isinstance(text, str):
            return text
    return ""
