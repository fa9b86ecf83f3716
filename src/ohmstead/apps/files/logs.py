"""Asking a station for its log: one call makes the slot, sends the request, and follows it."""

from __future__ import annotations

from typing import Protocol as Shape

from ohmstead.apps.files.desk import Files, Slot
from ohmstead.apps.gateway.interface import Disconnected, QueueFull, Refused
from ohmstead.apps.stations import commands
from ohmstead.apps.stations.capabilities.smart_charging import Asked, ask, link_of, words_of
from ohmstead.core.files import Upload, UploadEvent
from ohmstead.flows.uploads import Answered, Happened, answered, happened
from ohmstead.ports import Clock, Store
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.times import format_time

RETRIES, RETRY_S = 2, 60
LOG_TYPES = {"diagnostics": "DiagnosticsLog", "security": "SecurityLog"}


class House(Shape):
    """What is needed of a house."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def gateway(self) -> commands.Links: ...
    @property
    def files(self) -> Files: ...


async def ask_for_log(
    house: House,
    station_id: str,
    kind: str,
    since_ms: int = 0,
    until_ms: int = 0,
    protocol: str = "",
) -> Upload:
    """Ask a connected station for a log: ``diagnostics`` or ``security``.

    Answers the upload as it stands then; what becomes of it is in its record. OCPP 1.6 has
    GetDiagnostics for the one and the GetLog of its security extension for the other. Raises
    NotConnected, NoProtocol, OperatorError.
    """
    version = words_of(link_of(house, station_id))
    action = "GetLog"
    if version is Version.V16 and kind == "diagnostics":
        action = "GetDiagnostics"
    slot = await house.files.open_upload(
        station_id,
        kind,
        action,
        house.clock.now_ms(),
        since_ms=since_ms,
        until_ms=until_ms,
        protocol=protocol,
    )
    asked = await ask(house, station_id, action, request_for(version, slot))
    number = slot.upload.number
    why = failure_of(asked)
    if why:
        told = Happened(number, UploadEvent.FAILED, why)
        return await house.store.run(happened, told) or slot.upload
    name = getattr(asked.answer, "filename", None) or getattr(asked.answer, "file_name", None)
    canceled = asked.status == "AcceptedCanceled"
    return await house.store.run(answered, Answered(number, name or "", canceled)) or slot.upload


def request_for(version: Version, slot: Slot) -> Message:
    """The message that asks for an upload, in the words of its version."""
    upload = slot.upload
    since = format_time(upload.since_ms) if upload.since_ms else None
    until = format_time(upload.until_ms) if upload.until_ms else None
    if upload.action == "GetDiagnostics":
        return v16.GetDiagnosticsRequest(
            location=slot.url,
            retries=RETRIES,
            retry_interval=RETRY_S,
            start_time=since,
            stop_time=until,
        )
    if version is Version.V16:
        return v16.GetLogRequest(
            log=v16.LogParametersType(
                remote_location=slot.url, oldest_timestamp=since, latest_timestamp=until
            ),
            log_type=v16.LogEnumType(LOG_TYPES[upload.kind]),
            request_id=upload.number,
            retries=RETRIES,
            retry_interval=RETRY_S,
        )
    return v201.GetLogRequest(
        log=v201.LogParametersType(
            remote_location=slot.url, oldest_timestamp=since, latest_timestamp=until
        ),
        log_type=v201.LogEnumType(LOG_TYPES[upload.kind]),
        request_id=upload.number,
        retries=RETRIES,
        retry_interval=RETRY_S,
    )


def failure_of(asked: Asked) -> str:
    """Why nothing will come, in a sentence; empty where something may.

    A station that did not answer, or not readably, may bring the file all the same.
    """
    outcome = asked.done.outcome
    if isinstance(outcome, Refused):
        return f"the station refused the request: {outcome.code_text[:60]}"
    if isinstance(outcome, QueueFull) or (isinstance(outcome, Disconnected) and not outcome.sent):
        return "the request did not leave: the station went away; ask again when it is back"
    if asked.status == "Rejected":
        info = getattr(asked.answer, "status_info", None)
        reason = f" ({info.reason_code})" if info is not None else ""
        return f"the station has no such log, or does not give it{reason}"
    if isinstance(asked.answer, v16.GetDiagnosticsResponse) and not asked.answer.file_name:
        # 1.6, 5.9: fileName is left out "when no diagnostics information is available".
        return "the station has no diagnostics to upload"
    return ""
