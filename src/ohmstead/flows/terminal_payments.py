"""A payment at a station's own terminal is written down beside its session, once."""

from __future__ import annotations

from ohmstead.core.network import TransactionRef
from ohmstead.core.terminal_payment import TEXT_MAX, TerminalPayment
from ohmstead.frozen import Frozen
from ohmstead.hashing import sha256
from ohmstead.ports import Decision, State

ID_DIGITS = 24


class NotePayment(Frozen):
    """What a NotifySettlement tells; texts are cut to ``TEXT_MAX``."""

    station_id: str
    transaction_id: str
    psp_ref: str
    status: str
    amount: str
    at_ms: int
    receipt_id: str = ""
    receipt_url: str = ""
    vat_number: str = ""
    vat_company: str = ""
    text: str = ""


def note_payment(state: State, command: NotePayment, now_ms: int) -> Decision[str]:
    """Write a payment down; answers the id of its session, "" if there is none.

    The same words again are the same payment; a later status of it is a record of its own, so that
    a settlement that failed first and worked later can be read in full.
    """
    said = (command.transaction_id, command.psp_ref, command.status, command.amount, command.at_ms)
    digest = sha256("\x1f".join(map(str, said)).encode("utf-8", "replace")).hex()[:ID_DIGITS]
    ref = None
    if command.transaction_id:
        ref = state.get(TransactionRef, f"{command.station_id}/{command.transaction_id}")
    session_id = ref.session_id if ref else ""
    payment = TerminalPayment(
        id=digest,
        station_id=command.station_id,
        psp_ref=command.psp_ref[:TEXT_MAX],
        status=command.status,
        amount=command.amount,
        at_ms=command.at_ms,
        received_ms=now_ms,
        transaction_id=command.transaction_id,
        session_id=session_id,
        receipt_id=command.receipt_id[:TEXT_MAX],
        receipt_url=command.receipt_url[:TEXT_MAX],
        vat_number=command.vat_number[:TEXT_MAX],
        vat_company=command.vat_company[:TEXT_MAX],
        text=command.text[:TEXT_MAX],
    )
    if state.get(TerminalPayment, payment.key) is not None:
        return Decision(session_id)
    return Decision(session_id, (payment,))
