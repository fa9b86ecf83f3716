"""What stations know of a person: asked for, and removed.

2.0.1 and 2.1 have CustomerInformation for both (N09, N10); 1.6 can only empty its whole cache. The
local lists of both are made anew without the person by what keeps them (``capabilities.keeper``).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable

from ohmstead.apps.stations.capabilities.smart_charging import Asked, Desk, ask, link_of
from ohmstead.apps.stations.directory import Directory
from ohmstead.apps.stations.reports import CUSTOMER
from ohmstead.core.person import Names, StationTask, TaskState
from ohmstead.errors import OhmsteadError
from ohmstead.frozen import replace
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Message, Version

REQUEST_ID_MAX = 2**31 - 1
REPORT_S = 20.0  # for all pages of one station
POLL_S = 0.05
TYPES = frozenset(one.value for one in v201.IdTokenEnumType)
TEXT_CHARACTERS_MAX = 100_000  # of one station's report


def _request(spelled: tuple[str, str], *, report: bool, clear: bool) -> tuple[int, Message]:
    uid, kind = spelled
    number = secrets.randbelow(REQUEST_ID_MAX)
    known = kind if kind in TYPES else v201.IdTokenEnumType.ISO14443
    token = v201.IdTokenType(id_token=uid, type=v201.IdTokenEnumType(known))
    return number, v201.CustomerInformationRequest(
        request_id=number, report=report, clear=clear, id_token=token
    )


async def tell(desk: Desk, task: StationTask, names: Names) -> StationTask:
    """Have a station remove what it knows; returns the task as it is then.

    Raises NotConnected. A task that still waits had no answer and is taken up again.
    """
    station_id = task.station_id
    if link_of(desk, station_id).version is Version.V16:
        return _after(task, await ask(desk, station_id, "ClearCache", v16.ClearCacheRequest()))
    if not names.spelled:  # nothing that a station could be asked by
        return _after(task, await ask(desk, station_id, "ClearCache", v201.ClearCacheRequest()))
    cleared = task
    for spelled in names.spelled:
        _, request = _request(spelled, report=False, clear=True)
        asked = await ask(desk, station_id, "CustomerInformation", request)
        cleared = _after(task, asked)
        if cleared.state is not TaskState.DONE:
            break
    if cleared.state is TaskState.REFUSED:  # then at least what it would act on
        emptied = _after(task, await ask(desk, station_id, "ClearCache", v201.ClearCacheRequest()))
        word = f"CustomerInformation: {cleared.word}; ClearCache: {emptied.word}"
        return replace(emptied, word=word)
    return cleared


def _after(task: StationTask, asked: Asked) -> StationTask:
    kind = type(asked.done.outcome).__name__
    if asked.status == "Accepted":
        return replace(task, state=TaskState.DONE, word=asked.status)
    if kind in ("Answered", "Refused"):
        word = asked.status or getattr(asked.done.outcome, "code_text", "") or asked.done.problem
        return replace(task, state=TaskState.REFUSED, word=word[:60])
    return replace(task, word=kind)


async def told_by(
    desk: Desk, stations: Directory, ids: Iterable[str], names: Names
) -> dict[str, str]:
    """What each of these stations says it holds, or in brackets why it says nothing."""
    told: dict[str, str] = {}
    for station_id in sorted(ids):
        try:
            told[station_id] = await _report(desk, stations, station_id, names)
        except OhmsteadError as error:
            told[station_id] = f"({error})"
    return told


async def _report(desk: Desk, stations: Directory, station_id: str, names: Names) -> str:
    if link_of(desk, station_id).version is Version.V16:
        return "(OCPP 1.6 has no question for it)"
    parts = []
    for spelled in names.spelled:
        number, request = _request(spelled, report=True, clear=False)
        asked = await ask(desk, station_id, "CustomerInformation", request)
        if asked.status != "Accepted":
            word = asked.status or type(asked.done.outcome).__name__
            return f"(it answered {word})"
        parts.append(await _pages(stations, station_id, number))
    return "\n".join(part for part in parts if part)[:TEXT_CHARACTERS_MAX]


async def _pages(stations: Directory, station_id: str, number: int) -> str:
    """The pages of NotifyCustomerInformation, in their order; they are not kept after this."""
    presence = stations.presence[station_id]
    loop = asyncio.get_running_loop()
    end = loop.time() + REPORT_S
    while loop.time() < end:
        report = presence.reports.get(CUSTOMER)
        if report is not None and report.request_id == number and report.complete:
            del presence.reports[CUSTOMER]
            return "".join(str(report.items[name]) for name in sorted(report.items))
        await asyncio.sleep(POLL_S)
    return "(it accepted, and told nothing in time)"
