"""What the API takes and gives: amounts are strings of minor units beside their asset, times RFC
3339 in UTC, energies whole mWh."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(max_length=64)]
EvseId = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
RatedW = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
Address = Annotated[
    str,
    msgspec.Meta(
        pattern="^0x[0-9a-fA-F]{40}$", description="an address: 0x and 40 hexadecimal digits"
    ),
]
LockId = Annotated[
    str,
    msgspec.Meta(pattern="^0x[0-9a-fA-F]{64}$", description="0x and 64 hexadecimal digits"),
]
Minor = Annotated[
    str,
    msgspec.Meta(
        pattern="^[1-9][0-9]{0,29}$", description="a whole number of minor units, as in 1250000"
    ),
]
Uid = Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
Moment = Annotated[str, msgspec.Meta(description="RFC 3339, as in 2026-11-20T09:30:00Z")]
ScopeName = Literal["admin", "host", "driver", "validator", "read"]
# Of OCPP 2.0.1, where the type is a part of what names an idToken.
IdTokenType = Literal["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"]
AdmissionName = Literal["accepted", "pending", "rejected"]
StrictnessName = Literal["strict", "lenient"]
# The least a station is let in with: 0 nothing, 1 Basic, 2 Basic over TLS, 3 a client certificate.
SecurityProfile = Annotated[int, msgspec.Meta(ge=0, le=3)]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request body; an unknown member is refused so that a misspelling is never silent."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer."""


class Money(View, frozen=True):
    """Whole minor units of an asset, as in 1250000 of tUSD/6."""

    amount: str
    asset: str


class EvseBody(Body, frozen=True):
    """One place to charge one car."""

    id: EvseId
    rated_w: RatedW
    connectors: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1


class StationBody(Body, frozen=True):
    """A station to register; without a password one is made and answered once."""

    id: str
    evses: Annotated[tuple[EvseBody, ...], msgspec.Meta(min_length=1, max_length=64)]
    tariff: str
    owner: Address
    name: Name = ""
    time_zone: str = ""  # empty: the network's
    location_cell: Name = ""
    admission: AdmissionName = "accepted"
    strictness: StrictnessName = "lenient"
    security_profile: SecurityProfile = 1
    password: Annotated[str, msgspec.Meta(min_length=16, max_length=64)] | None = None


class StationPatch(Body, frozen=True):
    """What is to change of a station; ``rotate_password`` answers a new one once. ``evses`` takes
    the place of all that it has; each keeps its meter. Refused while a session of it is open.

    ``deliver`` sends the new password and keeps it only if the station took it; ``keep_old`` is for
    one set by hand. With either, the old one is let in until the new one was used; else it ends.
    """

    name: Name | None = None
    admission: AdmissionName | None = None
    strictness: StrictnessName | None = None
    security_profile: SecurityProfile | None = None
    tariff: str | None = None
    location_cell: Name | None = None
    evses: Annotated[tuple[EvseBody, ...], msgspec.Meta(min_length=1, max_length=64)] | None = None
    rotate_password: bool = False
    deliver: bool = False
    keep_old: bool = False


class MeterBody(Body, frozen=True):
    """The public key of an evse's meter, in any spelling that OCMF meters use."""

    evse: EvseId
    public_key: Annotated[str, msgspec.Meta(max_length=4_096)]
    serial: Annotated[str, msgspec.Meta(max_length=64)] = ""
    tier: Literal["legal", "secure", "soft"] = "soft"
    valid_from: Moment | None = None


class PassportBody(Body, frozen=True):
    """R and S of the meter key's ECDSA signature over its binding digest, as hex, one word each."""

    signature: Annotated[
        str,
        msgspec.Meta(pattern="^(0x)?[0-9a-fA-F]{128}$", description="128 hexadecimal digits"),
    ]


class FaucetBody(Body, frozen=True):
    """Test money to deposit for an address, in minor units."""

    address: Address
    amount: Minor


class IdTokenBody(Body, frozen=True):
    """What a driver presents, and whose money it spends."""

    payer: Address
    status: Literal["accepted", "blocked", "expired", "invalid"] = "accepted"
    expires: Moment | None = None
    group: Annotated[str, msgspec.Meta(max_length=36)] = ""
    language: Annotated[str, msgspec.Meta(max_length=8)] = "en"
    # Stations whose local list may hold it, ["*"] for every one: what it charges while a station
    # cannot ask may not be covered.
    offline_at: Annotated[tuple[str, ...], msgspec.Meta(max_length=64)] = ()
    type: IdTokenType = "ISO14443"
    session_limit: Minor | None = None


class StartBody(Body, frozen=True):
    """Start charging at an evse: by an id_token, or by a walk-up wallet's lock."""

    station: str
    evse: EvseId
    id_token: Uid | None = None
    lock: LockId | None = None


class KeyBody(Body, frozen=True):
    """An API key to make; ``subject`` is the payer of a driver's key."""

    scopes: Annotated[tuple[ScopeName, ...], msgspec.Meta(min_length=1)]
    name: Name = ""
    subject: Address | None = None


class EvseView(View, frozen=True):
    """An evse and what its station last said of it."""

    id: int
    rated_w: int
    connectors: int
    meter_key_id: str
    status: str


class ShareView(View, frozen=True):
    """One payee's part of every session's price."""

    payee: str
    bps: int
    rest: bool


class ConnectionView(View, frozen=True):
    """The station's open connection."""

    version: str
    since: str
    received: int
    sent: int
    calls_waiting: int
    security_profile: int
    address: str = ""
    flooding_s: int = 0  # for so long it has been sending more than it may, and is slowed
    # Where two connections with this id end each other; empty: there is one.
    rivals: str = ""


class StateView(View, frozen=True):
    """How something a station does stands: firmware, log, diagnostics, a limit set by others."""

    about: str
    status: str
    at: str | None
    request: int | None
    text: str


class StationView(View, frozen=True):
    """A registered station; ``password`` only in the answer that made it."""

    id: str
    name: str
    admission: str
    strictness: str
    security_profile: int
    evses: list[EvseView]
    tariff: str
    owner: str
    shares: list[ShareView]
    time_zone: str
    location_cell: str
    vendor: str
    model: str
    firmware: str
    connection: ConnectionView | None
    last_seen: str | None
    password: str | None = None
    # none, hashed (its station has yet to say it), weak (brought along: rotate it), waiting (a new
    # one is not used yet), or good.
    password_state: str = "good"
    states: list[StateView] = []


class LocationView(View, frozen=True):
    """What anybody may know of a station."""

    id: str
    name: str
    time_zone: str
    location_cell: str
    tariff: str
    connected: bool
    evses: list[EvseView]


class PassportView(View, frozen=True):
    """A meter's passport: none, submitted, registered, or final, from when on epochs count it."""

    state: str
    passport: int
    tx: str


class BindingView(View, frozen=True):
    """The SHA-256 that a meter's key signs as it is, to be bound to its owner."""

    key_id: str
    owner: str
    digest: str


class FaucetView(View, frozen=True):
    """Test money on its way: it counts once its transaction is final, some seconds later."""

    account: str
    amount: Money
    tx: str
    state: str


class MeterView(View, frozen=True):
    """A registered meter key; ``passport`` None where no chain was asked."""

    key_id: str
    curve: str
    public_key: str
    tier: str
    serial: str
    station: str
    valid_from: str
    evse: int
    passport: PassportView | None


class IdTokenView(View, frozen=True):
    """An id_token."""

    uid: str
    status: str
    payer: str
    payer_kind: str
    lock: str
    expires: str | None
    group: str
    language: str
    offline_at: tuple[str, ...]
    type: str
    session_limit: str | None


class BillView(View, frozen=True):
    """What a session cost; ``lines`` are those of its receipt."""

    tier: str
    proven: bool
    energy_mwh: int
    started: str
    ended: str
    lines: list[dict[str, Any]]
    total: Money
    covered: Money
    parts: dict[str, str]


class VerdictView(View, frozen=True):
    """What a person decided of a session that was ``found`` in review or contested."""

    outcome: str
    found: str
    at: str
    by: str
    via: str
    because: str


class SessionView(View, frozen=True):
    """A session, and its bill once it has one.

    ``verdicts`` are told to those who run the network, of one session at a time.
    """

    id: str
    state: str
    station: str
    evse: int  # 0 until its station named one
    transaction_id: str
    protocol: str
    id_token: str
    payer: str
    payer_kind: str
    tariff: str
    started: str
    ended: str | None
    energy_mwh: int | None
    held: Money
    epoch: int | None
    findings: list[str]
    bill: BillView | None
    verdicts: list[VerdictView] | None = None


class EpochView(View, frozen=True):
    """An epoch on its way to finality."""

    number: int
    state: str
    receipts: int
    total: Money
    proven_mwh: int
    unproven_mwh: int
    closed: str
    header_hash: str
    tx: str
    block_number: int


class AccountView(View, frozen=True):
    """An account of the ledger."""

    id: str
    asset: str
    code: str
    available: str
    debits_pending: str
    debits_posted: str
    credits_pending: str
    credits_posted: str


class TransferView(View, frozen=True):
    """A movement of the ledger."""

    id: str
    debit: str
    credit: str
    amount: Money
    kind: str
    pending_id: str | None
    session: str | None


class KeyView(View, frozen=True):
    """An API key; ``key`` only in the answer that made it."""

    id: str
    name: str
    scopes: list[str]
    subject: str
    created: str
    revoked: str | None
    key: str | None = None


class Page(View, frozen=True):
    """One page of a list: ask again with ``cursor`` = ``next`` while there is one."""

    items: list[Any]
    next: str | None
