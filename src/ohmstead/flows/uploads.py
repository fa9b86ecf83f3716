"""Uploads asked of stations are followed to their end: by what arrives, is said, and is late."""

from __future__ import annotations

from ohmstead.core.files import (
    ATTEMPTS_MAX,
    OPEN,
    TEXT_MAX,
    TRANSITIONS,
    Upload,
    UploadEvent,
    upload_key,
)
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

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


def remove_file(state: State, number: int, now_ms: int) -> Decision[Upload]:
    """Mark an upload's file as gone; raises OperatorError where there is none."""
    known = state.get(Upload, upload_key(number))
    if known is None or not known.sha256 or known.removed_ms:
        raise OperatorError(f"log {number} has no file here")
    removed = replace(known, removed_ms=now_ms)
    return Decision(removed, (removed,))


def may_begin(upload: Upload) -> bool:
    """Whether another transfer of it may begin."""
    return upload.attempts < ATTEMPTS_MAX


class Answered(Frozen):
    """A station will upload; ``canceled``: what it was asked for before is given up for it."""

    number: int
    file_name: str = ""
    canceled: bool = False


def answered(state: State, command: Answered, now_ms: int) -> Decision[Upload | None]:
    """Keep the name of the file; end what was given up for it (GetLog, AcceptedCanceled)."""
    known = state.get(Upload, upload_key(command.number))
    if known is None:
        return Decision(None)
    after = replace(known, file_name=known.file_name or command.file_name[:TEXT_MAX])
    puts = [after] if after != known else []
    if command.canceled:
        text = FAILURES["AcceptedCanceled"]
        for which in OPEN:
            where = {"station_id": known.station_id, "state": which.value}
            for other in state.find(Upload, FIND_MAX, **where):
                if other.number != known.number and other.action == known.action:
                    told = Happened(other.number, UploadEvent.FAILED, text)
                    puts.append(_moved(other, told, now_ms))
    return Decision(after, tuple(puts))


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
