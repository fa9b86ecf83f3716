"""NotifySettlement: the station's payment terminal settled, or failed to settle, a payment."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.flows.terminal_payments import NotePayment, note_payment
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v21 import NotifySettlementRequest, NotifySettlementResponse


async def handle(request: NotifySettlementRequest, peer: StationPeer) -> NotifySettlementResponse:
    company = request.vat_company
    told = NotePayment(
        station_id=peer.station_id,
        transaction_id=request.transaction_id or "",
        psp_ref=request.psp_ref,
        status=request.status.value,
        amount=f"{request.settlement_amount:f}",
        at_ms=parse_time(request.settlement_time),
        receipt_id=request.receipt_id or "",
        receipt_url=request.receipt_url or "",
        vat_number=request.vat_number or "",
        vat_company=company.name if company is not None else "",
        text=request.status_info or "",
    )
    session_id = await peer.services.store.run(note_payment, told)
    # The receipt of a session is found by its id; one of the terminal's own stands by itself.
    ours = session_id if session_id and not request.receipt_id else None
    return NotifySettlementResponse(receipt_id=ours)
