"""Records of the house as the API shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from ohmstead.apps.api import shapes
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.boot import House
from ohmstead.apps.settler import Standing
from ohmstead.core.access import ApiKey
from ohmstead.core.bill import Bill
from ohmstead.core.exchange import EXCHANGED
from ohmstead.core.ledger import Account, Transfer
from ohmstead.core.meter import MeterKey
from ohmstead.core.network import IdToken, Station
from ohmstead.core.onchain import EpochRecord
from ohmstead.core.progress import Progress, delivered_mwh
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.session import Session
from ohmstead.core.station_log import StationLog
from ohmstead.core.tariff_document import line_document
from ohmstead.core.verdict import Verdict, Verdicts
from ohmstead.units import Asset

UNKNOWN = "unknown"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def money(amount: int, asset: Asset) -> shapes.Money:
    """An amount beside its asset."""
    return shapes.Money(amount=str(amount), asset=str(asset))


def moment(at_ms: int) -> str | None:
    """A time, or None for one that has not come."""
    return utc_text(at_ms) if at_ms else None


def read_moment(text: str, name: str) -> int:
    """Read RFC 3339 into milliseconds; raises Problem naming the member."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError
        return (at - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        detail = f"{name}: is a time with its zone, as in 2026-11-20T09:30:00Z"
        raise Problem(400, detail, "bad-request") from None


def evses(house: House, station: Station) -> list[shapes.EvseView]:
    """The evses of a station; of its connectors the one that says most decides the status."""
    presence = house.stations.presence.get(station.id)
    known = presence.connectors if presence else {}
    views = []
    for evse in station.evses:
        # OCPP 1.6 names evses by connectorId: the handler keeps them as (evse, 1) or (evse, n).
        found = [status.status for (number, _), status in known.items() if number == evse.id]
        busy = [status for status in found if status != "Available"]
        status = (busy or found or [UNKNOWN])[0]
        views.append(
            shapes.EvseView(
                id=evse.id,
                rated_w=evse.rated_w,
                connectors=evse.connectors,
                meter_key_id=evse.meter_key_id,
                status=status,
            )
        )
    return views


def password_state(record: Station) -> str:
    """How the password of a station stands."""
    if record.next_macs:
        return "waiting"
    if not record.secret_mac:
        return "hashed" if record.secret_hash else "none"
    return "weak" if record.secret_is_weak else "good"


def station(house: House, record: Station, password: str | None = None) -> shapes.StationView:
    """A station with its connection."""
    presence = house.stations.presence.get(record.id)
    connection = next((c for c in house.gateway.connected() if c.station_id == record.id), None)
    return shapes.StationView(
        id=record.id,
        name=record.name,
        admission=record.admission.value.lower(),
        strictness="lenient" if record.lenient else "strict",
        security_profile=record.security_profile,
        evses=evses(house, record),
        tariff=record.tariff_key,
        owner=record.owner,
        shares=[shapes.ShareView(payee=s.payee, bps=s.bps, rest=s.rest) for s in record.shares],
        time_zone=record.time_zone,
        location_cell=record.location_cell,
        vendor=record.vendor,
        model=record.model,
        firmware=record.firmware,
        connection=None
        if connection is None
        else shapes.ConnectionView(
            version=connection.version.subprotocol,
            since=utc_text(connection.since_ms),
            received=connection.received,
            sent=connection.sent,
            calls_waiting=connection.calls_waiting,
            security_profile=connection.profile,
            address=connection.address,
            flooding_s=-(-house.gateway.flooding_ms(record.id) // 1_000),
            rivals=rivalry.text if (rivalry := house.gateway.rivalry(record.id)) else "",
        ),
        last_seen=moment(presence.last_seen_ms) if presence else None,
        password=password,
        password_state=password_state(record),
        states=states(house, record.id),
    )


def states(house: House, station_id: str) -> list[shapes.StateView]:
    """How what a station does stands, as it said last."""
    head = house.store.get(StationLog, station_id)
    return [
        shapes.StateView(
            about=known.about,
            status=known.status,
            at=moment(known.at_ms),
            request=known.request_id if known.request_id >= 0 else None,
            text=known.text,
        )
        for known in (head.states if head else ())
    ]


def location(house: House, record: Station) -> shapes.LocationView:
    """What anybody may know of a station."""
    return shapes.LocationView(
        id=record.id,
        name=record.name,
        time_zone=record.time_zone,
        location_cell=record.location_cell,
        tariff=record.tariff_key,
        connected=house.gateway.link(record.id) is not None,
        evses=evses(house, record),
    )


def meter(
    key: MeterKey, evse: int, passport: shapes.PassportView | None = None
) -> shapes.MeterView:
    """A registered meter key."""
    return shapes.MeterView(
        key_id=key.key_id,
        curve=key.curve,
        public_key=key.public_key,
        tier=key.tier.value,
        serial=key.serial,
        station=key.station_id,
        valid_from=utc_text(key.valid_from_ms),
        evse=evse,
        passport=passport,
    )


def passport(standing: Standing) -> shapes.PassportView:
    """Where a meter's passport is."""
    return shapes.PassportView(state=standing.state, passport=standing.passport_id, tx=standing.tx)


def id_token(token: IdToken) -> shapes.IdTokenView:
    """An id_token."""
    return shapes.IdTokenView(
        uid=token.uid,
        status=token.status.value,
        payer=token.payer,
        payer_kind=token.payer_kind.value,
        lock=token.lock_id,
        expires=moment(token.expires_ms),
        group=token.group,
        language=token.language,
        offline_at=token.offline_at,
        type=token.type,
        session_limit=str(token.session_limit_minor) if token.session_limit_minor else None,
    )


def bill(record: Bill, asset: Asset) -> shapes.BillView:
    """What a session cost."""
    return shapes.BillView(
        tier=record.tier,
        proven=record.is_proven,
        energy_mwh=record.energy_mwh,
        started=utc_text(record.begin_ms),
        ended=utc_text(record.end_ms),
        lines=[cast("dict[str, object]", line_document(line)) for line in record.lines],
        total=money(record.total_minor, asset),
        covered=money(record.covered_minor, asset),
        parts={payee: str(minor) for payee, minor in record.parts},
    )


def session(
    record: Session,
    its_bill: Bill | None = None,
    progress: Progress | None = None,
    verdicts: Verdicts | None = None,
) -> shapes.SessionView:
    """A session; ``its_bill`` and ``progress`` where there is one, ``verdicts`` where asked for."""
    energy_mwh = its_bill.energy_mwh if its_bill else None
    if energy_mwh is None and EXCHANGED not in record.findings:
        energy_mwh = delivered_mwh(record.begin_mwh, progress)  # what the station said so far
    return shapes.SessionView(
        id=record.id,
        state=record.state.value,
        station=record.station_id,
        evse=record.evse_id,
        transaction_id=record.transaction_id,
        protocol=record.protocol,
        id_token=record.id_token,
        payer=record.payer,
        payer_kind=record.payer_kind.value,
        tariff=record.tariff_key,
        started=utc_text(record.started_ms),
        ended=moment(record.ended_ms),
        energy_mwh=energy_mwh,
        held=money(record.hold_minor, record.asset),
        epoch=record.epoch or None,
        findings=list(record.findings),
        bill=bill(its_bill, record.asset) if its_bill else None,
        verdicts=[verdict(one) for one in verdicts.given] if verdicts is not None else None,
    )


def verdict(one: Verdict) -> shapes.VerdictView:
    """A decision of a person."""
    return shapes.VerdictView(
        outcome=one.outcome,
        found=one.found,
        at=utc_text(one.at_ms),
        by=one.author.name,
        via=one.author.via,
        because=one.author.reason,
    )


def epoch(record: EpochRecord, asset: Asset) -> shapes.EpochView:
    """An epoch."""
    return shapes.EpochView(
        number=record.number,
        state=record.state.value,
        receipts=record.receipt_count,
        total=money(record.total_minor, asset),
        proven_mwh=record.proven_mwh,
        unproven_mwh=record.unproven_mwh,
        closed=utc_text(record.closed_ms),
        header_hash=record.header_hash,
        tx=record.tx,
        block_number=record.block_number,
    )


def account(record: Account) -> shapes.AccountView:
    """An account of the ledger."""
    return shapes.AccountView(
        id=record.id,
        asset=str(record.asset),
        code=record.code,
        available=str(record.available),
        debits_pending=str(record.debits_pending),
        debits_posted=str(record.debits_posted),
        credits_pending=str(record.credits_pending),
        credits_posted=str(record.credits_posted),
    )


def transfer(record: Transfer, asset: Asset) -> shapes.TransferView:
    """A movement of the ledger."""
    return shapes.TransferView(
        id=record.id,
        debit=record.debit,
        credit=record.credit,
        amount=money(record.amount, asset),
        kind=record.kind.value,
        pending_id=record.pending_id,
        session=record.session,
    )


def key(record: ApiKey, text: str | None = None) -> shapes.KeyView:
    """An API key, with its text only when it was just made."""
    return shapes.KeyView(
        id=record.id,
        name=record.name,
        scopes=[scope.value for scope in record.scopes],
        subject=record.subject,
        created=utc_text(record.created_ms),
        revoked=moment(record.revoked_ms),
        key=text,
    )
