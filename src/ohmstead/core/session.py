"""A session: start to end of charging for one driver, as one table of states and events.

    ACTIVE ──stop clear──▶ SETTLED ──contradicted──▶ CONTESTED ──▶ SETTLED | REFUNDED
      │ └──stop in doubt─▶ REVIEW  ──resolved──────▶ SETTLED | REFUNDED | OWED (no hold)
      │ └──stop never came▶ REVIEW
      │ └──stop empty────▶ VOID
      └──hold expired────▶ EXPIRED ──stop clear────▶ OWED ──collected──▶ SETTLED

A stop reports something that has already happened: it is always recorded, doubt moves only the
money. A pair of state and event that is not in :data:`TRANSITIONS` is an error, never a guess.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen
from ohmstead.units import Asset


class SessionState(enum.Enum):
    """Where a session and its money stand."""

    ACTIVE = "active"  # held and charging
    UNFUNDED = "unfunded"  # the station started although nothing could be held
    EXPIRED = "expired"  # the hold ran out before the stop came
    SETTLED = "settled"  # taken and split
    VOID = "void"  # nothing delivered; the hold went back whole
    OWED = "owed"  # delivered without a hold: a receivable, not a gift
    REVIEW = "review"  # evidence in doubt: the money waits on the dispute account
    CONTESTED = "contested"  # a second stop said otherwise after the split
    REFUNDED = "refunded"  # a review ended in the payer's favour


class SessionEvent(enum.Enum):
    """What moves a session from one state to the next."""

    FUNDED = "funded"  # an id_token came after the start, and its money could be held
    STOP_CLEAR = "stop_clear"
    STOP_EMPTY = "stop_empty"
    STOP_DOUBTFUL = "stop_doubtful"
    STOP_CONTRADICTED = "stop_contradicted"
    STOP_NEVER_CAME = "stop_never_came"  # a day of silence; it may still come and is kept then
    HOLD_EXPIRED = "hold_expired"
    COLLECTED = "collected"
    RESOLVED_PAID = "resolved_paid"
    RESOLVED_OWED = "resolved_owed"  # it is to be paid, and nothing was held for it
    RESOLVED_REFUNDED = "resolved_refunded"


_S, _E = SessionState, SessionEvent
TRANSITIONS: Mapping[tuple[SessionState, SessionEvent], SessionState] = MappingProxyType(
    {
        (_S.UNFUNDED, _E.FUNDED): _S.ACTIVE,
        (_S.ACTIVE, _E.STOP_CLEAR): _S.SETTLED,
        (_S.ACTIVE, _E.STOP_EMPTY): _S.VOID,
        (_S.ACTIVE, _E.STOP_DOUBTFUL): _S.REVIEW,
        (_S.ACTIVE, _E.STOP_NEVER_CAME): _S.REVIEW,
        (_S.ACTIVE, _E.HOLD_EXPIRED): _S.EXPIRED,
        (_S.UNFUNDED, _E.STOP_CLEAR): _S.OWED,
        (_S.UNFUNDED, _E.STOP_EMPTY): _S.VOID,
        (_S.UNFUNDED, _E.STOP_DOUBTFUL): _S.REVIEW,
        (_S.UNFUNDED, _E.STOP_NEVER_CAME): _S.REVIEW,
        (_S.EXPIRED, _E.STOP_CLEAR): _S.OWED,
        (_S.EXPIRED, _E.STOP_EMPTY): _S.VOID,
        (_S.EXPIRED, _E.STOP_DOUBTFUL): _S.REVIEW,
        (_S.EXPIRED, _E.STOP_NEVER_CAME): _S.REVIEW,
        (_S.SETTLED, _E.STOP_CONTRADICTED): _S.CONTESTED,
        (_S.OWED, _E.STOP_CONTRADICTED): _S.REVIEW,
        (_S.VOID, _E.STOP_CONTRADICTED): _S.REVIEW,
        (_S.REVIEW, _E.STOP_CONTRADICTED): _S.REVIEW,
        (_S.CONTESTED, _E.STOP_CONTRADICTED): _S.CONTESTED,
        (_S.REFUNDED, _E.STOP_CONTRADICTED): _S.REFUNDED,
        (_S.OWED, _E.COLLECTED): _S.SETTLED,
        (_S.REVIEW, _E.RESOLVED_PAID): _S.SETTLED,
        (_S.REVIEW, _E.RESOLVED_OWED): _S.OWED,
        (_S.REVIEW, _E.RESOLVED_REFUNDED): _S.REFUNDED,
        (_S.CONTESTED, _E.RESOLVED_PAID): _S.SETTLED,
        (_S.CONTESTED, _E.RESOLVED_REFUNDED): _S.REFUNDED,
    }
)

OPEN_STATES = frozenset({_S.ACTIVE, _S.UNFUNDED, _S.EXPIRED})


class PayerKind(enum.Enum):
    """How the money of a session is secured before the energy flows."""

    PREPAID = "prepaid"  # an account holder's deposit
    WALLET_LOCK = "wallet_lock"  # a walk-up wallet locked this session's most on chain
    NONE = "none"  # nobody: unknown, blocked, or without funds


class Share(Frozen):
    """One payee's part of a session's price; the rest payee's ``bps`` is what remains of 10,000."""

    payee: str  # lower-case 0x address on the home ledger
    bps: int
    rest: bool = False


class Session(Frozen):
    """What was agreed at the start, and how far it has come; everything a stop needs to settle."""

    id: str
    state: SessionState
    station_id: str
    evse_id: int  # 0: of 2.x, not told yet
    transaction_id: str  # OCPP's; the decimal number for 1.6
    protocol: str
    id_token: str
    payer: str  # lower-case 0x address, or empty for PayerKind.NONE
    payer_kind: PayerKind
    tariff_key: str
    asset: Asset
    shares: tuple[Share, ...]
    started_ms: int
    hold_minor: int = 0  # sum of all holds
    holds: int = 0  # how many pending transfers make it up: {id}/hold/1..n
    hold_expires_ms: int = 0
    lock_id: str = ""  # the on-chain lock of a walk-up wallet
    meter_key_id: str = ""  # the key registered for the evse's meter when it was told
    offline_start: bool = False
    begin_mwh: int | None = None  # the register at the start, as the station said
    begin_page: str = ""  # at the stop: the signed record that holds the begin, and its entry
    begin_entry: int = 0
    end_page: str = ""
    end_entry: int = 0
    ended_ms: int = 0
    evidence: str = ""  # sha-256 of what the stop said: registers, times, records
    epoch: int = 0  # 0: not yet in an epoch
    findings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.id

    @property
    def open_at(self) -> str | None:
        """The station whose stop it waits for; None once it waits for none."""
        return self.station_id if self.state in OPEN_STATES else None


def next_state(state: SessionState, event: SessionEvent) -> SessionState:
    """Return the state after ``event``; raises LocalProtocolError where the table has no entry."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise LocalProtocolError(f"a session in {state.value} cannot see {event.value}") from None
