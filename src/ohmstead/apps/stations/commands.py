"""What we ask of stations: one table of actions per version, and jobs that wait for a station.

The payload is the OCPP request itself, checked by its schema before it leaves and answered by the
station's own payload: ``POST /api/v1/stations/{id}/commands/{Action}`` adds nothing to OCPP.
"""

from __future__ import annotations

from typing import Protocol
from uuid import uuid4

from ohmstead.apps.gateway.interface import Answered, CallOutcome, Link, Refused
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen
from ohmstead.ports import Job
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import Strictness, decode_request, decode_response, encode
from ohmstead.wire.ocpp.faults import CallRefused

ACTIONS: dict[Version, frozenset[str]] = {
    Version.V16: frozenset(
        {
            "ChangeAvailability",
            "ChangeConfiguration",
            "DataTransfer",
            "GetConfiguration",
            "RemoteStartTransaction",
            "RemoteStopTransaction",
            "Reset",
            "TriggerMessage",
            "UnlockConnector",
        }
    ),
    Version.V201: frozenset(
        {
            "ChangeAvailability",
            "DataTransfer",
            "GetBaseReport",
            "GetTransactionStatus",
            "GetVariables",
            "RequestStartTransaction",
            "RequestStopTransaction",
            "Reset",
            "SetVariables",
            "TriggerMessage",
            "UnlockConnector",
        }
    ),
}


class Links(Protocol):
    """Where the open connections are found."""

    def link(self, station_id: str) -> Link | None: ...


class Commanded(Frozen):
    """What a station said to a command; ``payload`` is its JSON when it answered."""

    outcome: CallOutcome
    payload: bytes = b""
    problem: str = ""  # the answer breaks its schema; kept and shown, never trusted
    message_id: str = ""  # under which ``Presence.late`` keeps an answer that comes too late


class NotConnected(OperatorError):
    """The station has no connection now."""


class BadCommand(OperatorError):
    """The action or its payload is not one this station can be sent."""


async def command(
    links: Links, station_id: str, action: str, payload: bytes, timeout_ms: int | None = None
) -> Commanded:
    """Send one command and return what became of it.

    Raises NotConnected, and BadCommand naming the field that breaks the request's schema.
    """
    link = links.link(station_id)
    if link is None:
        raise NotConnected(f"station {station_id} is not connected; try again when it is back")
    if action not in ACTIONS[link.version]:
        known = ", ".join(sorted(ACTIONS[link.version]))
        raise BadCommand(f"OCPP {link.version} stations here take {known}, not {action[:60]!r}")
    try:
        request = decode_request(link.version, action, payload or b"{}", sender=Side.CSMS)
    except CallRefused as error:
        raise BadCommand(f"{action}: {error.description}") from None
    message_id = str(uuid4())
    outcome = await link.call(action, encode(request), timeout_ms, message_id=message_id)
    if not isinstance(outcome, Answered):
        return Commanded(outcome, message_id=message_id)
    try:
        decode_response(link.version, action, outcome.payload, Strictness.LENIENT)
    except CallRefused as error:
        problem = f"the station's answer: {error.description}"
        return Commanded(outcome, outcome.payload, problem, message_id)
    return Commanded(outcome, outcome.payload, message_id=message_id)


async def remote_start(links: Links, station_id: str, evse_id: int, id_token: str) -> Commanded:
    """Ask a station to start a transaction for an id_token, in its own version's words."""
    link = links.link(station_id)
    if link is None:
        raise NotConnected(f"station {station_id} is not connected; try again when it is back")
    if link.version is Version.V16:
        start_16 = v16.RemoteStartTransactionRequest(id_tag=id_token, connector_id=evse_id)
        return await command(links, station_id, "RemoteStartTransaction", encode(start_16))
    token = v201.IdTokenType(id_token=id_token, type=v201.IdTokenEnumType.CENTRAL)
    start_201 = v201.RequestStartTransactionRequest(
        id_token=token, remote_start_id=_remote_start_id(id_token), evse_id=evse_id
    )
    return await command(links, station_id, "RequestStartTransaction", encode(start_201))


async def remote_stop(links: Links, station_id: str, transaction_id: str) -> Commanded:
    """Ask a station to end a transaction."""
    link = links.link(station_id)
    if link is None:
        raise NotConnected(f"station {station_id} is not connected; try again when it is back")
    if link.version is Version.V16:
        if not transaction_id.isdecimal():
            raise BadCommand(f"OCPP 1.6 has no transaction {transaction_id[:40]!r}")
        stop_16 = v16.RemoteStopTransactionRequest(transaction_id=int(transaction_id))
        return await command(links, station_id, "RemoteStopTransaction", encode(stop_16))
    stop_201 = v201.RequestStopTransactionRequest(transaction_id=transaction_id)
    return await command(links, station_id, "RequestStopTransaction", encode(stop_201))


async def carry_out(links: Links, job: Job) -> bool:
    """Carry out a ``stop`` job of the outbox; False while it has to wait for the station."""
    if links.link(job.payload["station"]) is None:
        return False
    done = await remote_stop(links, job.payload["station"], job.payload["transaction"])
    # An answer is the end of it, a refusal too: the station knows no such transaction any more.
    return isinstance(done.outcome, Answered | Refused)


def _remote_start_id(id_token: str) -> int:
    """A number for the station to repeat; derived, so asking twice is asking once."""
    return int.from_bytes(id_token.encode()[:8].ljust(8, b"\0"), "big") & 0x7FFFFFFF
