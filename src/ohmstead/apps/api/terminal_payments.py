"""``/stations/{id}/payments``: what a station's own payment terminal told (OCPP 2.1)."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath

from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.shapes import Page, View
from ohmstead.apps.api.stations import station_of
from ohmstead.core.access import Scope
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.terminal_payment import TerminalPayment


class TerminalPaymentView(View, frozen=True):
    """One word of a terminal; ``amount`` as the station wrote it, in its tariff's currency."""

    psp_ref: str
    status: str
    amount: str
    at: str
    received: str
    transaction: str
    session: str | None
    receipt_id: str
    receipt_url: str
    vat_number: str
    vat_company: str
    text: str


@get("/stations/{station_id:str}/payments", opt=scopes(Scope.HOST, Scope.READ))
async def list_payments(
    house: TheHouse,
    station_id: FromPath[str],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = "",
) -> Page:
    """Payments at the terminal of a station: evidence, by which nothing is booked."""
    station_of(house, station_id)
    return find_page(house.store, TerminalPayment, limit, cursor, _view, station_id=station_id)


def _view(payment: TerminalPayment) -> View:
    return TerminalPaymentView(
        psp_ref=payment.psp_ref,
        status=payment.status,
        amount=payment.amount,
        at=utc_text(payment.at_ms),
        received=utc_text(payment.received_ms),
        transaction=payment.transaction_id,
        session=payment.session_id or None,
        receipt_id=payment.receipt_id,
        receipt_url=payment.receipt_url,
        vat_number=payment.vat_number,
        vat_company=payment.vat_company,
        text=payment.text,
    )


HANDLERS = (list_payments,)
