"""Begin and end of a session in what its meter signed, and what the meter said before it."""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.bill import MeterHead
from ohmstead.core.meter import BEGIN_KINDS, END_KINDS, Reading, SignedReading
from ohmstead.core.registers import billed_register
from ohmstead.core.session import Session
from ohmstead.flows.charging.evidence import OUTSIDE
from ohmstead.frozen import Frozen
from ohmstead.ports import State

GATEWAY_REGISTER = "gateway"  # the name of a value nobody signed
TWICE = "begin_or_end_twice"


class Proof(Frozen):
    """Begin and end of the billed register in a session's signed records, and what lies between.

    ``is_one`` is False where the records hold several begins or ends: between an end and the next
    begin the meter may have counted for somebody else.
    """

    begin: Reading
    begin_page: str
    end: Reading
    end_page: str
    between: tuple[Reading, ...]
    is_one: bool

    def findings(self, since_ms: int, until_ms: int) -> tuple[str, ...]:
        """What speaks against it for a transaction from ``since_ms`` to ``until_ms``."""
        within = since_ms <= self.begin.at_ms and self.end.at_ms <= until_ms
        found = {OUTSIDE: not within, TWICE: not self.is_one}
        return tuple(code for code, is_so in found.items() if is_so)


def proof_of(records: Sequence[SignedReading]) -> Proof | None:
    """Return what a session's signed records prove; None where begin or end is missing.

    ``records`` come in key order: of two that say the same, the first one is named.
    """
    readings = [(r, row) for row in records for r in row.readings]
    register = billed_register([r for r, _ in readings])
    billed = sorted((p for p in readings if p[0].register == register), key=_when)
    begins = [pair for pair in billed if pair[0].kind in BEGIN_KINDS]
    ends = [pair for pair in billed if pair[0].kind in END_KINDS]
    if not begins or not ends:
        return None
    (begin, begin_page), (end, end_page) = begins[0], ends[-1]
    between = {r.at_ms: r for r, _ in billed if begin.at_ms < r.at_ms < end.at_ms}
    # A meter may repeat its begin in the record of the end: the same value is the same begin.
    is_one = len({r.mwh for r, _ in begins}) == len({r.mwh for r, _ in ends}) == 1
    return Proof(begin, begin_page.key, end, end_page.key, tuple(between.values()), is_one)


def _when(pair: tuple[Reading, SignedReading]) -> tuple[int, int]:
    return pair[0].at_ms, pair[0].mwh


def meter_of(session: Session, register: str) -> str:
    """The name under which a register's last value is remembered. What a station says of a meter
    that signs is remembered apart, so that it never stands in for a signed value."""
    if register == GATEWAY_REGISTER:
        return f"{session.station_id}/{session.evse_id}"
    return f"{session.meter_key_id}/{register}"


def head_of(state: State, session: Session, register: str) -> MeterHead | None:
    """Where the last settled session left a register of this session's meter."""
    return state.get(MeterHead, meter_of(session, register))


def head_after(
    head: MeterHead | None, session: Session, begin: Reading, end: Reading
) -> tuple[MeterHead, ...]:
    """The register as ``session`` left it, unless a later session was settled already, or nobody
    said which register that was."""
    if end.register == GATEWAY_REGISTER and (not session.evse_id or session.begin_mwh is None):
        return ()
    if head is not None and head.at_ms > end.at_ms:
        return ()
    meter = meter_of(session, end.register)
    return (MeterHead(meter, end.register, end.mwh, end.at_ms, session.id, begin.at_ms),)


def previous_end(head: MeterHead | None, begin: Reading) -> Reading | None:
    """The end of the session before on this register, None where none is known."""
    if head is None or head.at_ms > begin.at_ms:
        return None  # a session delivered late comes before the one already settled
    return Reading(head.register, head.mwh, head.at_ms, "E")


def others_ms(head: MeterHead | None, skew_ms: int) -> tuple[tuple[int, int], ...]:
    """When the last settled session held the meter, so that no time is sold twice. Clocks are set
    between sessions, so an overlap counts from ``skew_ms`` on."""
    if head is None or head.at_ms - skew_ms <= head.begin_ms:
        return ()
    return ((head.begin_ms, head.at_ms - skew_ms),)
