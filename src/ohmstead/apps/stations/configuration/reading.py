"""A station is asked for its whole configuration; and what it says to anybody is kept as well."""

from __future__ import annotations

import asyncio
import contextlib
import secrets

import structlog

from ohmstead.apps.gateway.interface import Answered, Refused
from ohmstead.apps.stations.capabilities.smart_charging import Asked, Desk, ask, link_of
from ohmstead.apps.stations.commanding.author import AUTHOR
from ohmstead.apps.stations.configuration import wire
from ohmstead.apps.stations.configuration.collecting import Collecting
from ohmstead.apps.stations.peer import Presence
from ohmstead.apps.stations.services import Services
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.inventory import Reading, Unread, note_unread, take_reading
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import Strictness, decode_request, decode_response
from ohmstead.wire.ocpp.faults import CallRefused

REQUEST_ID_MAX = 2**31 - 1
PART_S = 60.0  # a report whose next part takes longer has ended
LOOK_S = 0.5  # whether the station is still there
VIA = "template"  # the door of commands that templates send
SETS = frozenset({"ChangeConfiguration", "SetVariables"})
TELLS = SETS | {"GetConfiguration", "GetVariables"}

log = structlog.get_logger()


class NotRead(OperatorError):
    """The station did not say its configuration; the sentence says why."""


class Listener:
    """Keeps what stations answer to commands about their configuration, whoever sent them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def heard(
        self, station_id: str, version: Version, action: str, request: bytes, answer: bytes
    ) -> None:
        """Keep what an answer says; what a template sets counts only once it was read back."""
        if action not in TELLS or (action in SETS and AUTHOR.get().via == VIA):
            return
        with contextlib.suppress(CallRefused):
            asked = decode_request(version, action, request, sender=Side.CSMS)
            told = decode_response(version, action, answer, Strictness.LENIENT)
            variables, is_whole = wire.said(asked, told)
            if not variables and not is_whole:
                return
            reading = Reading(station_id, version.value, tuple(variables), is_whole)
            try:
                await self._services.store.run(take_reading, reading)
            except OhmsteadError as error:
                log.warning("a configuration was not kept", station=station_id, reason=str(error))
                return
            if self._services.on_read is not None:
                self._services.on_read(station_id)


async def read(desk: Desk, presence: Presence, station_id: str) -> None:
    """Read a station's whole configuration; raises NotRead, which is kept too, and NotConnected."""
    version = link_of(desk, station_id).version
    try:
        if version is Version.V16:
            asked = await ask(desk, station_id, "GetConfiguration", v16.GetConfigurationRequest())
            if asked.answer is None:
                raise NotRead(_why(station_id, "GetConfiguration", asked))
        else:
            await _report(desk, presence, station_id)
    except NotRead as error:
        await desk.store.run(note_unread, Unread(station_id, str(error)))
        raise


async def _report(desk: Desk, presence: Presence, station_id: str) -> None:
    """B07: the full inventory, or where a station has none the variables that can be set."""
    base = v201.ReportBaseEnumType
    status = v201.GenericDeviceModelStatusEnumType
    for wanted in (base.FULL_INVENTORY, base.CONFIGURATION_INVENTORY):
        request_id = secrets.randbelow(REQUEST_ID_MAX) + 1
        report = presence.model.expect(Collecting(request_id, is_base=True))
        request = v201.GetBaseReportRequest(request_id=request_id, report_base=wanted)
        asked = await ask(desk, station_id, "GetBaseReport", request)
        if asked.status == status.ACCEPTED:
            return await _until_kept(desk, presence, station_id, report)
        presence.model.under_way.pop(request_id, None)
        if asked.status == status.EMPTY_RESULT_SET:
            nothing = Reading(station_id, link_of(desk, station_id).version.value, ())
            await desk.store.run(take_reading, nothing)
            return None
        if asked.status != status.NOT_SUPPORTED:
            break
    raise NotRead(_why(station_id, "GetBaseReport", asked))


async def _until_kept(desk: Desk, presence: Presence, station_id: str, report: Collecting) -> None:
    link, loop = desk.gateway.link(station_id), asyncio.get_running_loop()
    end = loop.time() + PART_S
    while not report.kept.is_set():
        before = report.parts
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await report.kept.wait()
            return
        end = loop.time() + PART_S if report.parts > before else end
        if desk.gateway.link(station_id) is not link:
            presence.model.under_way.pop(report.request_id, None)
            raise NotRead(f"station {station_id} went away before its report was whole")
        if loop.time() >= end:
            presence.model.under_way.pop(report.request_id, None)
            raise NotRead(
                f"station {station_id} did not send the rest of its report for {PART_S:.0f} s; "
                "read it again"
            )


def _why(station_id: str, action: str, asked: Asked) -> str:
    outcome = asked.done.outcome
    if isinstance(outcome, Refused):
        said = f"refused {action} with {outcome.code_text[:60]}"
    elif isinstance(outcome, Answered):
        said = f"answered {action} with {asked.done.problem or asked.status}"
    else:
        said = f"did not answer {action}"
    return f"station {station_id} {said}"
