"""Tickets for one file of one station are given, and uploads get their number."""

from __future__ import annotations

from ohmstead.core.files import (
    NUMBER_MAX,
    OPEN,
    OPEN_MAX,
    TICKETS_MAX,
    Protocol,
    Ticket,
    Upload,
    UploadState,
)
from ohmstead.core.network import Counter
from ohmstead.flows.stations import in_service
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

COUNTER = "upload"
GIVEN_UP = "it did not come, and newer ones were asked for"
FIND_MAX = 1_000


def give_ticket(state: State, ticket: Ticket, now_ms: int) -> Decision[Ticket]:
    """Keep a ticket; those of this station that are over go, and the oldest if there are many."""
    station = in_service(state, ticket.station_id)
    kept = state.find(Ticket, FIND_MAX, station_id=station.id)
    gone = [one for one in kept if one.expires_ms <= now_ms]
    live = sorted((one for one in kept if one.expires_ms > now_ms), key=lambda one: one.created_ms)
    gone += live[: max(0, len(live) + 1 - TICKETS_MAX)]
    return Decision(ticket, (ticket,), drops=tuple((Ticket, one.id) for one in gone))


class AskUpload(Frozen):
    """A log is to be asked for."""

    station_id: str
    kind: str
    action: str
    protocol: Protocol
    ticket_id: str
    secret_sha256: str
    deadline_ms: int
    since_ms: int = 0
    until_ms: int = 0


def ask_upload(state: State, command: AskUpload, now_ms: int) -> Decision[Upload]:
    """Give an upload its number and its ticket; where many are open the oldest is waited for no
    more, but what it brings while its ticket lives still counts."""
    waiting = [
        one
        for which in OPEN
        for one in state.find(Upload, FIND_MAX, station_id=command.station_id, state=which.value)
    ]
    waiting.sort(key=lambda one: one.asked_ms)
    given_up = tuple(
        replace(one, state=UploadState.FAILED, ended_ms=now_ms, reason=GIVEN_UP)
        for one in waiting[: max(0, len(waiting) + 1 - OPEN_MAX)]
    )
    counter = state.get(Counter, COUNTER) or Counter(COUNTER, 0)
    number = counter.value % NUMBER_MAX + 1
    made = Upload(
        number=number,
        station_id=command.station_id,
        kind=command.kind,
        action=command.action,
        state=UploadState.ASKED,
        protocol=command.protocol,
        asked_ms=now_ms,
        deadline_ms=command.deadline_ms,
        since_ms=command.since_ms,
        until_ms=command.until_ms,
    )
    ticket = Ticket(
        id=command.ticket_id,
        station_id=command.station_id,
        target=str(number),
        is_upload=True,
        secret_sha256=command.secret_sha256,
        protocol=command.protocol,
        created_ms=now_ms,
        expires_ms=command.deadline_ms,
    )
    given = give_ticket(state, ticket, now_ms)
    return Decision(made, (made, Counter(COUNTER, number), ticket, *given_up), drops=given.drops)
