"""One station's firmware update, as one table of states and events.

    PENDING ─▶ OFFERED ─▶ DOWNLOADING ─▶ DOWNLOADED ─▶ VERIFIED ─▶ INSTALLING ─▶ REBOOTING ─▶
    INSTALLED ─▶ CONFIRMED        stations leave steps out, and repeat them: only forwards counts
    any of them ──a failure──▶ PENDING again while tries are left, else FAILED
    FAILED, CONFIRMED ──roll back──▶ PENDING with ``back`` set ─▶ ... ─▶ ROLLED_BACK
    PENDING ──left out──▶ SKIPPED        any of them ──given up──▶ FAILED, SKIPPED while PENDING

A pair of state and event that :func:`moved` does not know changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.core.station_update import (
    PROGRESS,
    UNDER_WAY,
    Rollback,
    StationUpdate,
    Terms,
    Told,
    UpdateEvent,
    UpdateState,
    request_id_of,
    same_version,
)
from ohmstead.frozen import replace

REASON_MAX = 300
RETRY_MS = 600_000  # before a station that failed is offered it again
LATE_MS = 7 * 24 * 3_600_000  # after which a boot says nothing any more of an update that failed

_S, _E = UpdateState, UpdateEvent
_REACHES: Mapping[UpdateEvent, UpdateState] = MappingProxyType(
    {_E(state.value): state for state in PROGRESS[1:]}
)
_DAMAGING = frozenset({_S.INSTALLING, _S.REBOOTING, _S.INSTALLED})


def moved(update: StationUpdate, told: Told, terms: Terms, now_ms: int) -> StationUpdate:
    """The update after an event; unchanged where the event means nothing in its state."""
    event, state = told.event, update.state
    if event is _E.BOOTED:
        return _booted(update, told.version, terms, now_ms)
    if event in _REACHES:
        return _progressed(update, _REACHES[event], terms, now_ms)
    if event is _E.OFFERED and state is _S.PENDING:
        offers = update.offers + 1
        request_id = request_id_of(update, offers)
        offered = replace(update, offers=offers, request_id=request_id, taken=False, seen="")
        return _at(_because(offered, ""), _S.OFFERED, now_ms, now_ms + terms.timeout_ms)
    if event in (_E.LEFT_OUT, _E.GIVEN_UP) and state is _S.PENDING:
        reason = f"{update.reason}; {told.reason}" if update.back else told.reason
        left = replace(update, reason=reason[:REASON_MAX])
        return _at(left, _S.FAILED if update.back else _S.SKIPPED, now_ms)
    if event is _E.ROLL_BACK and state in (_S.CONFIRMED, _S.FAILED) and not update.back:
        return _back(update, update.reason or told.reason, now_ms) if terms.has_previous else update
    if state not in UNDER_WAY:
        return update
    if event is _E.GIVEN_UP:
        return _ended(update, told.reason[:REASON_MAX], now_ms)
    if event is _E.TAKEN:
        return replace(update, taken=True, due_ms=now_ms + terms.timeout_ms)
    if event is _E.UNSENT and state is _S.OFFERED:
        # It never left, so this was no try.
        again = replace(update, offers=update.offers - 1)
        return _at(_because(again, told.reason), _S.PENDING, now_ms)
    if event is _E.UNKNOWN and (state is not _S.OFFERED or update.taken):
        return update
    if event is _E.SILENT and update.due_ms > now_ms:
        return update  # it has spoken meanwhile
    if event is _E.BROKEN:
        update = replace(update, installing=True)
    if event in (_E.FAILED, _E.BROKEN, _E.REFUSED, _E.SILENT, _E.UNKNOWN):
        return _failed(update, told, terms, now_ms)
    return update


def _progressed(
    update: StationUpdate, reached: UpdateState, terms: Terms, now_ms: int
) -> StationUpdate:
    state = update.state
    heard_after_all = state is _S.PENDING and update.offers > 0 and update.request_id > 0
    late = state is _S.FAILED and reached is _S.INSTALLED
    if state not in UNDER_WAY and not heard_after_all and not late:
        return update
    if reached is _S.INSTALLED and not _wanted(update, terms):
        return _done(update, "no version was named to compare with", now_ms)
    if late:
        return update  # its boot decides
    installing = update.installing or reached in _DAMAGING
    alive = replace(update, taken=True, installing=installing)
    due_ms = now_ms + terms.timeout_ms
    if state in UNDER_WAY and PROGRESS.index(reached) <= PROGRESS.index(state):
        return replace(alive, due_ms=due_ms)
    return _at(alive, reached, now_ms, due_ms)


def _booted(update: StationUpdate, version: str, terms: Terms, now_ms: int) -> StationUpdate:
    state = update.state
    wanted = _wanted(update, terms)
    if update.offers == 0 and not update.back:
        return update
    is_old = state is _S.FAILED and now_ms - update.changed_ms > LATE_MS
    if state in (_S.CONFIRMED, _S.ROLLED_BACK, _S.SKIPPED) or is_old:
        return update
    seen = replace(update, seen=version)
    if same_version(version, wanted):
        return _done(seen, "", now_ms)
    if state in (_S.REBOOTING, _S.INSTALLED) and wanted:
        words = f"it came back with version {version or '(none)'}, not {wanted}"
        return _failed(seen, Told(_E.REFUSED, words), terms, now_ms)
    if state in UNDER_WAY and terms.is_cancelled and not update.back:
        words = f"it booted with version {version or '(none)'} after the roll-out was cancelled"
        return _failed(seen, Told(_E.REFUSED, words), terms, now_ms)
    if state in UNDER_WAY:
        return replace(seen, due_ms=now_ms + terms.timeout_ms)
    return seen


def _wanted(update: StationUpdate, terms: Terms) -> str:
    return terms.previous_version if update.back else terms.version


def _done(update: StationUpdate, reason: str, now_ms: int) -> StationUpdate:
    if update.back:
        return _at(update, _S.ROLLED_BACK, now_ms)
    done = replace(update, confirmed=True, failed=False, reason=reason)
    return _at(done, _S.CONFIRMED, now_ms)


def _failed(update: StationUpdate, told: Told, terms: Terms, now_ms: int) -> StationUpdate:
    reason = told.reason[:REASON_MAX]
    if told.event is _E.UNKNOWN and update.offers <= terms.retries + 1:
        # The offer was lost, by us or on its way: that is nobody's failure.
        return _at(_because(update, reason), _S.PENDING, now_ms, now_ms)
    if told.event is not _E.REFUSED and update.offers <= terms.retries:
        return _at(_because(update, reason), _S.PENDING, now_ms, now_ms + RETRY_MS)
    failed = _ended(update, reason, now_ms)
    return _back(failed, reason, now_ms) if needs_rollback(failed, terms) else failed


def _ended(update: StationUpdate, reason: str, now_ms: int) -> StationUpdate:
    if update.back:
        words = f"{update.reason}; rolling back failed: {reason}"[:REASON_MAX]
        return _at(replace(update, reason=words), _S.FAILED, now_ms)
    return _at(replace(update, failed=True, reason=reason), _S.FAILED, now_ms)


def needs_rollback(failed: StationUpdate, terms: Terms) -> bool:
    """Whether a failed station is given the firmware of before: one that never began to install,
    or that is back on its version by itself, has it."""
    if terms.rollback is Rollback.NONE or not terms.has_previous or failed.back:
        return False
    return failed.installing and not same_version(failed.seen, failed.from_version)


def _because(update: StationUpdate, reason: str) -> StationUpdate:
    """The update with a reason; on the way back the reason of that way stays."""
    return update if update.back else replace(update, reason=reason[:REASON_MAX])


def _back(update: StationUpdate, reason: str, now_ms: int) -> StationUpdate:
    turned = replace(update, back=True, offers=0, taken=False, reason=reason[:REASON_MAX])
    return _at(turned, _S.PENDING, now_ms, now_ms)


def _at(update: StationUpdate, state: UpdateState, now_ms: int, due_ms: int = 0) -> StationUpdate:
    return replace(update, state=state, changed_ms=now_ms, due_ms=due_ms)
