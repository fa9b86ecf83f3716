"""Tickets are given to stations, and the uploads asked of them are followed to their end."""

from __future__ import annotations

from ohmstead.core.files import (
    ATTEMPTS_MAX,
    NUMBER_MAX,
    OPEN,
    OPEN_MAX,
    TEXT_MAX,
    TICKETS_MAX,
    TRANSITIONS,
    Protocol,
    Ticket,
    Upload,
    UploadEvent,
    UploadState,
    upload_key,
)
from ohmstead.core.network import Counter
from ohmstead.errors import OperatorError
from ohmstead.flows.stations import in_service
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

COUNTER = "upload"
FIND_MAX = 1_000
LATE_MS = 60_000  # the file may come after the word that it is uploaded
FAILURES = {
    "UploadFailed": "the station could not upload it",
    "UploadFailure": "the station could not upload it",
    "BadMessage": "the station could not read the request",
    "NotSupportedOperation": "the station does not know how to upload it",
    "PermissionDenied": "the station says it was refused by the file server",
    "AcceptedCanceled": "the station gave it up for a newer request",
}


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
    """Give an upload its number and its ticket; raises OperatorError while too many are open."""
    waiting = [
        one
        for which in OPEN
        for one in state.find(Upload, FIND_MAX, station_id=command.station_id, state=which.value)
    ]
    if len(waiting) >= OPEN_MAX:
        raise OperatorError(
            f"station {command.station_id} was asked for {len(waiting)} logs that have not come; "
            "wait for one of them"
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
    return Decision(made, (made, Counter(COUNTER, number), ticket), drops=given.drops)


class Happened(Frozen):
    """Something happened to an upload; ``text`` is why, or how the station calls the file."""

    number: int
    event: UploadEvent
    text: str = ""
    bytes: int = 0
    sha256: str = ""


def happened(state: State, command: Happened, now_ms: int) -> Decision[Upload | None]:
    """Move an upload; None for one that is not there. Twice is once."""
    known = state.get(Upload, upload_key(command.number))
    if known is None:
        return Decision(None)
    after = _moved(known, command, now_ms)
    return Decision(after, (after,) if after != known else ())


def _moved(known: Upload, command: Happened, now_ms: int) -> Upload:
    if command.event is UploadEvent.BEGINS:
        known = replace(known, attempts=known.attempts + 1)
    became = TRANSITIONS.get((known.state, command.event))
    if became is None:
        return known
    text = command.text[:TEXT_MAX]
    if command.event is UploadEvent.ARRIVED:
        return replace(
            known,
            state=became,
            ended_ms=now_ms,
            file_name=text or known.file_name,
            bytes=command.bytes,
            sha256=command.sha256,
            reason="",
            removed_ms=0,
        )
    ended_ms = 0 if became in OPEN else now_ms
    return replace(known, state=became, ended_ms=ended_ms, reason=text or known.reason)


def over(state: State, number: int, now_ms: int) -> Decision[Upload | None]:
    """End an upload whose time is over, or that its station says is done and that is not here."""
    known = state.get(Upload, upload_key(number))
    if known is None or known.state not in OPEN:
        return Decision(known)
    if known.said == "Uploaded" and now_ms >= known.said_ms + LATE_MS:
        text = "the station says it uploaded the file, and nothing arrived here"
        return happened(state, Happened(number, UploadEvent.FAILED, text), now_ms)
    if now_ms >= known.deadline_ms:
        return happened(state, Happened(number, UploadEvent.TIME_OVER), now_ms)
    return Decision(known)


class Prune(Frozen):
    """Keep the files of the ``kept`` newest uploads of a station."""

    station_id: str
    kept: int


def prune(state: State, command: Prune, now_ms: int) -> Decision[tuple[int, ...]]:
    """Answers whose files are to go, and marks them as gone."""
    found = [
        one
        for one in state.find(Upload, FIND_MAX, station_id=command.station_id)
        if one.sha256 and not one.removed_ms
    ]
    gone = tuple(replace(one, removed_ms=now_ms) for one in found[command.kept :])
    return Decision(tuple(one.number for one in gone), gone)


def may_begin(upload: Upload) -> bool:
    """Whether another transfer of it may begin."""
    return upload.attempts < ATTEMPTS_MAX


class Said(Frozen):
    """A status notification about an upload; 1.6 diagnostics name no request (None)."""

    station_id: str
    status: str
    request_id: int | None = None
    action: str = ""  # only of uploads asked for with this message


def said(state: State, command: Said, now_ms: int) -> Decision[Upload | None]:
    """Follow (Diagnostics)LogStatusNotification; None where it is about nothing of ours.

    "Uploaded" alone is not received: the last bytes may still be on their way, so :func:`over`
    waits for them a little.
    """
    known = _meant(state, command)
    if known is None or command.status == "Idle":
        return Decision(None)
    after = replace(known, said=command.status[:TEXT_MAX], said_ms=now_ms)
    if command.status == "Uploading":
        after = _moved(after, Happened(known.number, UploadEvent.BEGINS), now_ms)
        after = replace(after, attempts=known.attempts)
    elif command.status in FAILURES:
        text = FAILURES[command.status]
        after = _moved(after, Happened(known.number, UploadEvent.FAILED, text), now_ms)
    return Decision(after, (after,) if after != known else ())


def _meant(state: State, command: Said) -> Upload | None:
    if command.request_id is not None:
        known = state.get(Upload, upload_key(command.request_id))
        return known if known is not None and known.station_id == command.station_id else None
    for one in state.find(Upload, FIND_MAX, station_id=command.station_id):  # the newest first
        if one.action == command.action:
            return one
    return None
