"""Records that are kept long enough go, unless something not settled still needs them.

Money and proof never go: sessions, bills, bookings, signed records, what is anchored, and the marks
by which a message that comes twice is known (``SeenMessage``, ``TransactionRef`` of a session).
"""

from __future__ import annotations

from ohmstead.core.access import KeptAnswer
from ohmstead.core.attempt import Attempt
from ohmstead.core.command import UNDER_WAY, CommandBody, StationCommand
from ohmstead.core.network import Counter, Quarantined, TransactionRef
from ohmstead.core.reservation import OPEN, Reservation
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.flows.charging.kept import Reads
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

PAGE_MAX = 200  # records of one commit: the writer has others to serve
UNSETTLED = OPEN_STATES | {SessionState.OWED, SessionState.REVIEW, SessionState.CONTESTED}
CONTESTS = frozenset({"contradicting_stop", "late_stop"})


class Purge(Frozen):
    """Records to let go, at most :data:`PAGE_MAX`."""

    kind: type
    keys: tuple[str, ...]


def purge(state: State, command: Purge, _now_ms: int) -> Decision[int]:
    """Let them go; answers how many. What became needed since it was looked at stays."""
    drops: list[tuple[type, str]] = []
    counts: dict[str, int] = {}
    for key in command.keys[:PAGE_MAX]:
        record: Record | None = state.get(command.kind, key)
        if record is None or not _may_go(record):
            continue
        drops.append((command.kind, key))
        if isinstance(record, StationCommand):
            drops.append((CommandBody, key))
        elif isinstance(record, Quarantined):
            if key.startswith(f"{record.station_id}/turned_away/"):
                name = f"turned_away/{record.station_id}"
                counts[name] = counts.get(name, 0) + 1
            if _is_last(state, record, {one for _, one in drops}):
                drops.append((TransactionRef, f"{record.station_id}/{record.transaction_id}"))
    puts = []
    for name, many in counts.items():
        known = state.get(Counter, name)
        if known is not None:  # there is room again for what is turned away
            puts.append(replace(known, value=max(0, known.value - many)))
    return Decision(len(drops), tuple(puts), drops=tuple(dict.fromkeys(drops)))


def _may_go(record: Record) -> bool:
    if isinstance(record, StationCommand):
        return record.state not in UNDER_WAY
    if isinstance(record, Attempt):
        return not record.is_open
    if isinstance(record, Reservation):
        return record.state not in OPEN
    return True


def _is_last(state: State, record: Quarantined, going: set[str]) -> bool:
    """Whether nothing else is kept of a transaction that never began."""
    if not record.transaction_id:
        return False
    ref = state.get(TransactionRef, f"{record.station_id}/{record.transaction_id}")
    if ref is None or ref.session_id:
        return False
    where = {"station_id": record.station_id, "transaction_id": record.transaction_id}
    others = state.find(Quarantined, len(going) + 1, **where)
    return all(one.key in going for one in others)


def is_needed(state: Reads, record: Quarantined) -> bool:
    """Whether kept evidence is about something that is not settled, or contests what is."""
    if record.reason in CONTESTS:
        return True
    session = state.get(Session, record.id.partition("/")[0])
    if session is None and record.transaction_id:
        ref = state.get(TransactionRef, f"{record.station_id}/{record.transaction_id}")
        session = state.get(Session, ref.session_id) if ref is not None and ref.session_id else None
    return session is not None and session.state in UNSETTLED


class Stamp(Frozen):
    """Answers of a time when nobody noted when they were given."""

    keys: tuple[str, ...]


def stamp(state: State, command: Stamp, now_ms: int) -> Decision[None]:
    """They count from now."""
    found = [state.get(KeptAnswer, key) for key in command.keys]
    return Decision(
        None,
        tuple(replace(one, at_ms=now_ms) for one in found if one is not None and not one.at_ms),
    )
