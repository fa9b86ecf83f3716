"""What a station's own payment terminal did: evidence of money that never came through us."""

from __future__ import annotations

from ohmstead.frozen import Frozen

TEXT_MAX = 2_000  # of each text a station gives


class TerminalPayment(Frozen):
    """One word of a payment terminal about one payment, as OCPP 2.1 NotifySettlement has it.

    ``amount`` is the station's decimal text in the currency of its tariff: nothing is booked by
    it. ``session_id`` is "" where the payment ended before a transaction began.
    """

    id: str
    station_id: str
    psp_ref: str
    status: str  # Settled, Canceled, Rejected or Failed
    amount: str
    at_ms: int  # as the station dates it
    received_ms: int
    transaction_id: str = ""
    session_id: str = ""
    receipt_id: str = ""
    receipt_url: str = ""
    vat_number: str = ""
    vat_company: str = ""
    text: str = ""

    @property
    def key(self) -> str:
        return f"{self.station_id}/{self.id}"
