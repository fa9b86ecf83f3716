"""What the start of a session may leave open: its evse, and the register it begins with.

2.0.1 E01: a transaction that begins when a card is shown names its evse once the cable is in, and
its first register, of the context Transaction.Begin, comes with that event.
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.network import EvseHead, Station, evse_key
from ohmstead.core.progress import Value
from ohmstead.core.session import Session, SessionState
from ohmstead.flows.charging.evidence import VALID, Evidence
from ohmstead.flows.charging.exchanged import counted
from ohmstead.flows.charging.forgiven import with_findings
from ohmstead.flows.charging.order import noted
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Record, State

OPEN_PER_EVSE_MAX = 64
UNKNOWN_EVSE = "unknown_evse"  # never told, or not the station's
BUSY_EVSE = "evse_already_in_session"
BEGIN_CONTRADICTED = "begin_contradicted"  # two begins of one session; the first stands
EVSE_CONTRADICTED = "evse_contradicted"
# A session without money may find some later; one whose hold expired is not under way any more.
_MAY_CHARGE = frozenset({SessionState.ACTIVE, SessionState.UNFUNDED})


class Beginning(Frozen):
    """What a later event tells of the begin: its evse, 0 where it names none, and the registers
    of the context Transaction.Begin."""

    evse_id: int = 0
    registers: tuple[Value, ...] = ()


def begun(
    state: State,
    session: Session,
    told: Beginning,
    evidence: Sequence[Evidence],
    latest_ms: int,
) -> tuple[Session, tuple[Record, ...]]:
    """The session with what its start left open, and its evse's head where that is known now."""
    puts: tuple[Record, ...] = ()
    if not session.evse_id:
        session, puts = _placed(state, session, told.evse_id, evidence)
    elif told.evse_id not in (0, session.evse_id):
        session = noted(session, EVSE_CONTRADICTED)
    for at_ms, mwh in told.registers:
        # Of before the start it is another's energy, and a clock ahead of ours tells no time.
        if not session.started_ms <= at_ms <= latest_ms:
            continue
        begin_mwh = counted(state, session, at_ms, mwh)
        if session.begin_mwh is None:
            session = replace(session, begin_mwh=begin_mwh)
        elif session.begin_mwh != begin_mwh:
            session = noted(session, BEGIN_CONTRADICTED)
    return session, puts


def _placed(
    state: State, session: Session, evse_id: int, evidence: Sequence[Evidence]
) -> tuple[Session, tuple[Record, ...]]:
    station = state.get(Station, session.station_id)
    if station is None:
        return session, ()
    signers = {item.record.key_id for item in evidence if item.record and item.verdict == VALID}
    if not evse_id and signers:
        # A meter that signs says by its key where it stands.
        signing = [evse.id for evse in station.evses if evse.meter_key_id in signers]
        evse_id = signing[0] if len(signing) == 1 else 0
    if not evse_id:
        return session, ()
    evse = station.evse(evse_id)
    head, is_free = evse_head(state, station.id, evse_id, session.id)
    found = {UNKNOWN_EVSE: evse is None, BUSY_EVSE: not is_free}
    session = with_findings(session, tuple(code for code, is_so in found.items() if is_so))
    key_id = evse.meter_key_id if evse is not None else ""
    return replace(session, evse_id=evse_id, meter_key_id=key_id), (head,)


def evse_head(
    state: State, station_id: str, evse_id: int, session_id: str
) -> tuple[EvseHead, bool]:
    """The sessions of an evse with one more, and whether none is under way there."""
    known = state.get(EvseHead, evse_key(station_id, evse_id))
    left, is_free = [], True
    for other_id in known.session_ids if known is not None else ():
        other = state.get(Session, other_id)
        if other is not None and other.state in _MAY_CHARGE:
            left.append(other_id)
            is_free = is_free and other.state is not SessionState.ACTIVE
    ids = (*left, session_id)[-OPEN_PER_EVSE_MAX:]
    return EvseHead(station_id, evse_id, ids), is_free
