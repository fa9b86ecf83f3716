"""What a station says before it is admitted: refused, but what it tells of a transaction is kept.

Behaviour 12: "transaction messages of an authenticated pending or rejected station are stored as
evidence before the error: some stations delete a stop after a few CALLERRORs".
"""

from __future__ import annotations

from ohmstead.core.network import Admission, Counter, Quarantined, TransactionRef
from ohmstead.flows.charging.progress import awaited
from ohmstead.frozen import Frozen
from ohmstead.hashing import sha256
from ohmstead.ports import Decision, Record, State

EVIDENCE_MAX = 10_000  # messages of one station that was not admitted: a year of home charging
REASONS = {Admission.PENDING: "station_pending", Admission.REJECTED: "station_rejected"}


class TurnedAway(Frozen):
    """A message that is answered SecurityError. ``transaction_id`` where it names one."""

    station_id: str
    admission: Admission
    payload: str
    transaction_id: str = ""


def keep_turned_away(state: State, command: TurnedAway, now_ms: int) -> Decision[bool]:
    """Keep it once; answers False when this station has no room for evidence any more.

    What a pending station said is heard when its start comes again after it was accepted; what a
    rejected one said waits for a person.
    """
    name = sha256(command.payload.encode("utf-8", "replace")).hex()
    id_ = f"{command.station_id}/turned_away/{name}"
    if state.get(Quarantined, id_) is not None:
        return Decision(True)
    key = f"turned_away/{command.station_id}"
    counter = state.get(Counter, key) or Counter(key, 0)
    if counter.value >= EVIDENCE_MAX:
        return Decision(False)
    about = command.transaction_id if command.admission is Admission.PENDING else ""
    reason = REASONS[command.admission]
    kept = Quarantined(id_, command.station_id, reason, command.payload, now_ms, about)
    puts: tuple[Record, ...] = (kept, Counter(key, counter.value + 1))
    if about:
        ref = state.get(TransactionRef, f"{command.station_id}/{about}")
        puts += awaited(ref, command.station_id, about)
    return Decision(True, puts)
