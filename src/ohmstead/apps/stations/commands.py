"""What we ask of stations, at once; ``commanding`` holds the log and the queue behind it.

The payload is the OCPP request itself, checked by its schema before it leaves and answered by the
station's own payload: ``POST /api/v1/stations/{id}/commands/{Action}`` adds nothing to OCPP.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol
from uuid import uuid4

from ohmstead.apps.gateway.interface import Answered, CallOutcome, Disconnected, Link, Refused
from ohmstead.apps.stations.commanding.actions import ACTIONS
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commanding.checks import BadCommand, BadPayload, check_for
from ohmstead.apps.stations.commanding.journal import Journal, judge
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen
from ohmstead.ports import Job
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import encode

__all__ = [
    "ACTIONS",
    "BadCommand",
    "BadPayload",
    "Commanded",
    "Links",
    "NotConnected",
    "carry_out",
    "command",
    "remote_start",
    "remote_stop",
]


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


async def command(
    links: Links, station_id: str, action: str, payload: bytes, timeout_ms: int | None = None
) -> Commanded:
    """Send one command and return what became of it; both are written down (``Journal``).

    Raises NotConnected, StoreUnavailable, and BadCommand naming the field that breaks the
    request's schema.
    """
    link = links.link(station_id)
    if link is None:
        raise await _not_connected(links, station_id, action, payload)
    checked = check_for(link.version, action, payload)
    journal: Journal | None = getattr(links, "journal", None)
    if journal is None:
        message_id = str(uuid4())
    else:
        message_id = await journal.begin(station_id, link.version, action, checked)
    outcome = await link.call(action, checked, timeout_ms, message_id=message_id)
    if journal is not None and journal.attempts is not None:
        await journal.attempts.commanded(station_id, action, checked, outcome, message_id)
    answer, problem = b"", ""
    if isinstance(outcome, Answered):
        answer, problem = outcome.payload, judge(link, action, message_id, outcome.payload)
    if journal is not None:
        await journal.end(message_id, outcome, problem)
    if answer and not problem and journal is not None and journal.on_answered is not None:
        await journal.on_answered(station_id, link.version, action, checked, answer)
    return Commanded(outcome, answer, problem, message_id)


async def remote_start(links: Links, station_id: str, evse_id: int, id_token: str) -> Commanded:
    """Ask a station to start a transaction for an id_token, in its own version's words."""
    link = links.link(station_id)
    if link is not None and link.version is Version.V16:
        start_16 = v16.RemoteStartTransactionRequest(id_tag=id_token, connector_id=evse_id)
        return await command(links, station_id, "RemoteStartTransaction", encode(start_16))
    token = v201.IdTokenType(id_token=id_token, type=v201.IdTokenEnumType.CENTRAL)
    start_201 = v201.RequestStartTransactionRequest(
        id_token=token, remote_start_id=_remote_start_id(id_token), evse_id=evse_id
    )
    return await command(links, station_id, "RequestStartTransaction", encode(start_201))


async def _not_connected(
    links: Links, station_id: str, action: str, payload: bytes
) -> NotConnected:
    """What to raise; who asked for a start of a station that is away has tried to charge."""
    journal: Journal | None = getattr(links, "journal", None)
    if journal is not None and journal.attempts is not None:
        outcome = Disconnected(sent=False)
        await journal.attempts.commanded(station_id, action, payload, outcome, "")
    return NotConnected(f"station {station_id} is not connected; try again when it is back")


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
    with speaking(because("the session has to end: an outbox job of its settlement")):
        done = await remote_stop(links, job.payload["station"], job.payload["transaction"])
    # An answer is the end of it, a refusal too: the station knows no such transaction any more.
    return isinstance(done.outcome, Answered | Refused)


def _remote_start_id(id_token: str) -> int:
    """A number for the station to repeat; derived, so asking twice is asking once, and hashed,
    because it is shown where the id_token is not."""
    return int.from_bytes(sha256(id_token.encode()).digest()[:4], "big") & 0x7FFFFFFF
