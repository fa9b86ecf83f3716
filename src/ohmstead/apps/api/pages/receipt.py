"""What the public page of a session says: for a driver, without a word of cryptography first."""

from __future__ import annotations

from typing import Any

from ohmstead.apps.api.pages import words
from ohmstead.apps.api.settlement import Settlement
from ohmstead.apps.boot import House
from ohmstead.apps.stations.services import zone_of
from ohmstead.core.bill import Bill
from ohmstead.core.network import Station
from ohmstead.core.onchain import EpochRecord, EpochState, epoch_key
from ohmstead.core.progress import Progress, delivered_mwh
from ohmstead.core.reservation_fee import KEPT, NOBODY_CAME
from ohmstead.core.session import OPEN_STATES, Session, SessionState
from ohmstead.core.tariff import Dimension
from ohmstead.units import MS_PER_S

_TITLES = {
    SessionState.ACTIVE: "Charging now",
    SessionState.UNFUNDED: "Charging now",
    SessionState.EXPIRED: "Waiting for the station",
    SessionState.SETTLED: "Your charging session",
    SessionState.VOID: "Nothing was delivered",
    SessionState.OWED: "Your charging session",
    SessionState.REVIEW: "This session is being reviewed",
    SessionState.CONTESTED: "This session is being reviewed",
    SessionState.REFUNDED: "This session was refunded",
}
_NOTES = {
    SessionState.SETTLED: "paid",
    SessionState.OWED: "still to be paid",
    SessionState.REVIEW: "on hold until the review ends",
    SessionState.CONTESTED: "on hold until the review ends",
    SessionState.REFUNDED: "refunded",
}
_NEXT = {
    SessionState.ACTIVE: "The receipt comes when charging ends. Nothing is paid before that; the "
    "most it may cost is held.",
    SessionState.UNFUNDED: "The station charges although no money could be held. What it delivers "
    "will be owed.",
    SessionState.EXPIRED: "The station has not reported the end of this session yet. The money "
    "that was held is free again.",
    SessionState.VOID: "No energy was delivered, so nothing was paid and everything held is back.",
    SessionState.OWED: "The energy was delivered and its price is owed; it is taken from the next "
    "deposit.",
    SessionState.REVIEW: "What the station reported contradicts itself. A person decides, and "
    "until then nobody is paid.",
    SessionState.CONTESTED: "A second report of this session says otherwise. A person decides, "
    "and until then the payment is frozen.",
    SessionState.REFUNDED: "The review ended in your favour: the money is back.",
}
_FEE_TITLES = {KEPT: "Fee for a reservation", NOBODY_CAME: "Fee for a reservation not used"}
_FEE_LINES = {Dimension.FLAT: "For the reservation", Dimension.TIME: "Time kept for you"}
FEE = (
    "This is the fee of a reservation. No energy was delivered, and no meter proves for how long "
    "the charging point was kept: it is what the network recorded."
)
PROVEN = "The meter signed this energy with the key that this network has for this station."
PASSPORT = " Whether the public ledger vouches for that key, too, is told by verifying it."
UNPROVEN = "No meter signed this energy: it is what the station reported."


def receipt_page(house: House, settlement: Settlement, session: Session) -> dict[str, Any]:
    """Everything the template shows; values are text and escaped there."""
    bill = house.store.get(Bill, session.id)
    station = house.store.get(Station, session.station_id)
    zone = zone_of(bill.time_zone if bill else station.time_zone if station else "Etc/UTC")
    start_ms = bill.begin_ms if bill else session.started_ms
    epoch = house.store.get(EpochRecord, epoch_key(session.epoch)) if session.epoch else None
    place = (station.name or station.id) if station else session.station_id
    if session.evse_id:  # not told before the cable is in
        place = f"{place}, charging point {session.evse_id}"
    return {
        "id": session.id,
        "title": _title(session),
        "place": place,
        "when": words.span(start_ms, bill.end_ms if bill else session.ended_ms, zone),
        "energy_kwh": _energy(house, session, bill),
        "energy_exact": words.energy_exact(bill.energy_mwh) if bill else "",
        "next": _next(house, session, epoch),
        "proof": _proof(session, bill, epoch)
        if bill and session.state is not SessionState.VOID
        else None,
        "findings": ", ".join(f.replace("_", " ") for f in session.findings),
        "verify": _verify(settlement, session, epoch),
        **_money(house, session, bill),
    }


def _energy(house: House, session: Session, bill: Bill | None) -> str | None:
    if bill is not None:
        return words.energy(bill.energy_mwh)
    so_far = delivered_mwh(session.begin_mwh, house.store.get(Progress, session.id))
    return None if so_far is None else words.energy(so_far)


def _next(house: House, session: Session, epoch: EpochRecord | None) -> str:
    if session.state is not SessionState.SETTLED:
        return _NEXT[session.state]
    if epoch is None:
        if house.config.chain.kind == "none":
            return "This network runs without a public ledger, so there is no proof to come."
        wait = words.duration(house.config.money.epoch_s * MS_PER_S)
        return (
            f"Next, within {wait}: this session is written on the public ledger together with all "
            "others of its hour. Then anybody can verify it here."
        )
    if epoch.state is EpochState.CLOSED:
        return "It is being written on the public ledger now. Come back in a few minutes."
    return ""


def _title(session: Session) -> str:
    if session.state is SessionState.SETTLED and session.protocol in _FEE_TITLES:
        return _FEE_TITLES[session.protocol]
    return _TITLES[session.state]


def _proof(session: Session, bill: Bill | None, epoch: EpochRecord | None) -> dict[str, str] | None:
    if bill is None or session.state is SessionState.VOID:
        return None
    kind = "proven" if bill.is_proven else "unproven"
    sentence = PROVEN if bill.is_proven else FEE if session.protocol in _FEE_TITLES else UNPROVEN
    if epoch is not None and bill.is_proven:
        sentence += PASSPORT
    if epoch is not None and epoch.state is EpochState.ANCHORED:
        sentence += " This receipt stands on the public ledger; it is final soon."
    elif epoch is not None and epoch.state is EpochState.FINAL:
        sentence += " This receipt stands on the public ledger, and nobody can change it."
    return {"kind": kind, "word": kind.capitalize(), "sentence": sentence}


def _verify(
    settlement: Settlement, session: Session, epoch: EpochRecord | None
) -> dict[str, str] | None:
    if epoch is None or epoch.state is EpochState.CLOSED:
        return None
    return {
        "link": f"/api/v1/sessions/{session.id}/receipt",
        "file": f"{session.id}.json",
        "rpc": str(settlement.status().get("rpc", "URL")),
        "epoch": str(epoch.number),
    }


def _money(house: House, session: Session, bill: Bill | None) -> dict[str, Any]:
    if bill is None or session.state in OPEN_STATES or session.state is SessionState.VOID:
        return {"price": "", "price_note": "", "lines": [], "total": "", "split": []}
    asset = session.asset
    lines = [words.line(item, asset) for item in bill.lines]
    if session.protocol in _FEE_TITLES:
        lines = [
            row | {"what": _FEE_LINES[item.dimension]}
            for row, item in zip(lines, bill.lines, strict=True)
        ]
    if bill.adjustment_minor:
        what = "Minimum price" if bill.adjustment_minor > 0 else "Maximum price"
        amount = words.money(bill.adjustment_minor, asset)
        lines.append({"what": what, "how": "as the tariff says", "amount": amount})
    note = _NOTES[session.state]
    if bill.covered_minor < bill.total_minor and session.state is SessionState.SETTLED:
        rest = words.money(bill.total_minor - bill.covered_minor, asset)
        note = f"of which {rest} is still owed"
    return {
        "price": words.money(bill.total_minor, asset),
        "price_note": note,
        "lines": lines,
        "total": words.money(bill.total_minor, asset),
        "split": _split(house, session, bill) if session.state is SessionState.SETTLED else [],
    }


def _split(house: House, session: Session, bill: Bill) -> list[dict[str, str]]:
    names = {share.address.lower(): share.name for share in house.config.money.shares}
    shares = {share.payee: share for share in session.shares}
    rows = []
    for payee, minor in bill.parts:
        share = shares.get(payee)
        host = share is not None and share.rest
        who = names.get(payee) or ("The station's host" if host else "Payee")
        of = f"{words.decimal(share.bps, 2, 0)} %" if share else ""
        rows.append(
            {
                "who": who,
                "share": f"{of} · {payee[:6]}…{payee[-4:]}",
                "amount": words.money(minor, session.asset),
            }
        )
    return rows
