"""Weighing what a meter signed: against the registered key, and against every page seen before.

The signature itself is checked before the flow runs, off the writer's thread; what the flow adds is
what only the store knows. Evidence that is refused is kept whole: it may prove a fraud.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from ohmstead.core.meter import PageFinding, SignedReading, page_rule
from ohmstead.core.network import Quarantined
from ohmstead.core.session import Session
from ohmstead.flows.charging.funding import policy_of
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import R, Record, State

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
    """What the evidence of one message is worth."""

    findings: tuple[str, ...]
    puts: tuple[Record, ...]


def weigh(
    state: State,
    session: Session,
    evidence: Sequence[Evidence],
    now_ms: int,
    ended_ms: int | None = None,
) -> Weighed:
    """Accept what proves something about this session; name what does not, and keep it.

    ``ended_ms`` is when its transaction ended, None while it runs.
    """
    findings: list[str] = []
    puts: list[Record] = []
    skew_ms = policy_of(state).clock_skew_ms
    until_ms = (now_ms if ended_ms is None else min(now_ms, ended_ms)) + skew_ms
    for item in evidence:
        finding = _refusal(state, session, item)
        if finding is None and not is_within(item, session.started_ms - skew_ms, until_ms):
            finding = OUTSIDE
        if finding is not None:
            findings.append(finding)
            puts.append(_kept(session, item, finding, now_ms))
            continue
        assert item.record is not None
        record = replace(item.record, session_id=session.id)
        if state.get(SignedReading, record.key) is None:
            puts.append(record)
    return Weighed(tuple(dict.fromkeys(findings)), tuple(puts))


def _refusal(state: State, session: Session, item: Evidence) -> str | None:
    if item.verdict != VALID or item.record is None:
        return item.verdict
    if item.record.key_id != session.meter_key_id:
        return "unknown_meter"  # signed by a key that is not registered for this evse
    known = state.get(SignedReading, item.record.key)
    rule = page_rule(known.payload_sha256 if known else None, item.payload_sha256)
    if rule is PageFinding.REPLAYED_WITH_OTHER_BYTES:
        return "page_conflict"
    if rule is PageFinding.RESEND and known is not None and known.session_id != session.id:
        return "replayed_page"
    return None


def is_within(item: Evidence, since_ms: int, until_ms: int) -> bool:
    """Whether all that a record says was measured while its transaction ran: a begin kept back
    from an earlier charge is genuine, and would bill this driver for another's energy."""
    readings = item.record.readings if item.record is not None else ()
    return all(since_ms <= reading.at_ms <= until_ms for reading in readings)


def _kept(session: Session, item: Evidence, reason: str, now_ms: int) -> Quarantined:
    return Quarantined(
        f"{session.id}/{item.payload_sha256}",
        session.station_id,
        reason,
        base64.b64encode(item.raw).decode("ascii"),
        now_ms,
    )


class Overlay:
    """The state with this very message's evidence laid over it: a State for the same flow."""

    def __init__(self, state: State, written: tuple[Record, ...]) -> None:
        self._state = state
        self.written = written

    def get(self, kind: type[R], key: str) -> R | None:
        for record in self.written:
            if isinstance(record, kind) and record.key == key:
                return record
        return self._state.get(kind, key)

    def find(self, kind: type[R], limit: int, **where: str | int | None) -> list[R]:
        found = {record.key: record for record in self._state.find(kind, limit, **where)}
        for record in self.written:
            if isinstance(record, kind) and all(
                getattr(record, name) == value for name, value in where.items()
            ):
                found[record.key] = record
        return [found[key] for key in sorted(found)][:limit]
