"""What is refused, and tells of a transaction all the same: kept before the error goes out.

Behaviour 12: "transaction messages of an authenticated pending or rejected station are stored as
evidence before the error: some stations delete a stop after a few CALLERRORs". They delete one of
which we could not read a field just as well, so the same holds for an accepted station's.
"""

from __future__ import annotations

from ohmstead.core.network import Admission, Counter, Quarantined, TransactionRef
from ohmstead.flows.charging.progress import awaited
from ohmstead.frozen import Frozen
from ohmstead.hashing import sha256
from ohmstead.ports import Decision, Record, State

EVIDENCE_MAX = 10_000  # messages of one station that were refused: a year of home charging
# One that sends readings each minute which nobody can read is to leave room for its stops.
READINGS_DIVISOR = 2
REFUSED = "message_refused"
REASONS = {
    Admission.ACCEPTED: REFUSED,
    Admission.PENDING: "station_pending",
    Admission.REJECTED: "station_rejected",
}


class TurnedAway(Frozen):
    """A message that is answered with a CALLERROR. ``transaction_id`` where it names one;
    ``refusal`` is what the CALLERROR says, ``is_reading`` that it neither begins nor ends one."""

    station_id: str
    admission: Admission
    payload: str
    transaction_id: str = ""
    action: str = ""
    refusal: str = ""
    is_reading: bool = False


def keep_turned_away(state: State, command: TurnedAway, now_ms: int) -> Decision[bool]:
    """Keep it once; answers False when this station has no room for evidence any more.

    What a pending station said is heard when its start comes again after it was accepted; what a
    rejected one said, and what could not be read, waits for a person.
    """
    said = f"{command.action}{command.payload}"
    id_ = f"{command.station_id}/turned_away/{sha256(said.encode('utf-8', 'replace')).hex()}"
    if state.get(Quarantined, id_) is not None:
        return Decision(True)
    key = f"turned_away/{command.station_id}"
    counter = state.get(Counter, key) or Counter(key, 0)
    most = EVIDENCE_MAX // READINGS_DIVISOR if command.is_reading else EVIDENCE_MAX
    if counter.value >= most:
        return Decision(False)
    about = "" if command.admission is Admission.REJECTED else command.transaction_id
    kept = Quarantined(
        id_,
        command.station_id,
        REASONS[command.admission],
        command.payload,
        now_ms,
        about,
        command.action,
        command.refusal,
    )
    puts: tuple[Record, ...] = (kept, Counter(key, counter.value + 1))
    if about and command.admission is Admission.PENDING:
        ref = state.get(TransactionRef, f"{command.station_id}/{about}")
        puts += awaited(ref, command.station_id, about)
    return Decision(True, puts)
