"""Weighing what a meter signed: against the registered key, and against every page seen before.

The signature itself is checked before the flow runs, off the writer's thread; what the flow adds is
what only the store knows. Evidence that is refused is kept whole: it may prove a fraud.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from ohmstead.core.meter import PageFinding, SignedReading, page_rule
from ohmstead.core.network import Quarantined
from ohmstead.core.progress import Pages
from ohmstead.core.session import Session
from ohmstead.flows.charging.pages import PageBook
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Record, State

VALID = "valid"
# What we cannot check yet proves nothing and accuses nobody: the session is `unproven`.
UNCHECKABLE = frozenset({"unsupported_format", "unsupported_algorithm", "unpostable"})
OUTSIDE = "reading_outside_session"
RECORDS_MAX = 256  # of one message; a station that signs each minute of a day sends 1,440 messages


class Evidence(Frozen):
    """One signed record as it arrived, and what checking its signature said.

    ``verdict`` is :data:`VALID` or a reason code; ``record`` is there only when valid, with an
    empty session id. ``payload_sha256`` is hex, over the record as received when it is unreadable.
    """

    verdict: str
    payload_sha256: str
    raw: bytes
    record: SignedReading | None = None


class Weighed(Frozen):
    """What the evidence of one message is worth; ``pages`` are the session's with it."""

    findings: tuple[str, ...]
    puts: tuple[Record, ...]
    pages: tuple[Pages, ...]
    fresh: Mapping[str, SignedReading]


def weigh(
    state: State,
    session: Session,
    pages: tuple[Pages, ...],
    evidence: Sequence[Evidence],
    skew_ms: int,
    now_ms: int,
    ended_ms: int | None = None,
) -> Weighed:
    """Accept what proves something about this session; name what does not, and keep it.

    ``ended_ms`` is when its transaction ended, None while it runs. The ``pages`` that come back
    belong into the session's Progress, in the same commit.
    """
    findings: list[str] = []
    kept: list[Record] = []
    book = PageBook(state, session, pages)
    since_ms = session.started_ms - skew_ms
    until_ms = (now_ms if ended_ms is None else min(now_ms, ended_ms)) + skew_ms
    for item in evidence:
        record = item.record
        known, key, finding = None, "", None
        if item.verdict != VALID or record is None:
            finding = item.verdict
        elif record.key_id != session.meter_key_id:
            finding = "unknown_meter"  # signed by a key that is not registered for this evse
        else:
            key = record.key
            known = book.known(record, key)
            if known is not None:
                finding = _page_refused(session, known, item)
        if finding is None and not is_within(item, since_ms, until_ms):
            finding = OUTSIDE
        if finding is not None:
            findings.append(finding)
            kept.append(_kept(session, item, finding, now_ms))
        elif known is None and record is not None:
            book.add(replace(record, session_id=session.id), key)
    puts = (*kept, *book.fresh.values(), *book.heads.values())
    found = tuple(dict.fromkeys(findings)) if findings else ()
    return Weighed(found, puts, book.pages, book.fresh)


def _page_refused(session: Session, known: SignedReading, item: Evidence) -> str | None:
    rule = page_rule(known.payload_sha256, item.payload_sha256)
    if rule is PageFinding.REPLAYED_WITH_OTHER_BYTES:
        return "page_conflict"
    if rule is PageFinding.RESEND and known.session_id != session.id:
        return "replayed_page"
    return None


def is_within(item: Evidence, since_ms: int, until_ms: int) -> bool:
    """Whether all that a record says was measured while its transaction ran: a begin kept back
    from an earlier charge is genuine, and would bill this driver for another's energy."""
    for reading in item.record.readings if item.record is not None else ():
        if not since_ms <= reading.at_ms <= until_ms:
            return False
    return True


def _kept(session: Session, item: Evidence, reason: str, now_ms: int) -> Quarantined:
    return Quarantined(
        f"{session.id}/{item.payload_sha256}",
        session.station_id,
        reason,
        base64.b64encode(item.raw).decode("ascii"),
        now_ms,
    )
