"""Whose money a session spends, and how much of it can be held."""

from __future__ import annotations

import enum

from ohmstead.core.network import POLICY_KEY, IdToken, NetworkPolicy, TokenStatus
from ohmstead.core.onchain import ChainCursor, Lock
from ohmstead.core.session import PayerKind
from ohmstead.errors import OperatorError
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen
from ohmstead.ports import Decision, State
from ohmstead.units import MS_PER_S

LOCK_MARGIN_MS = 15 * 60 * MS_PER_S  # for a stop to arrive and a release to be final


class Authorisation(enum.Enum):
    """What the driver is told; handlers translate it to each version's status."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    INVALID = "invalid"
    NO_CREDIT = "no_credit"
    CONCURRENT = "concurrent"  # its one lock is already spent by another session


class Funding(Frozen):
    """What stands behind an id_token now; ``amount_minor`` 0 means nothing can be held."""

    authorisation: Authorisation
    token: IdToken | None = None
    amount_minor: int = 0

    @property
    def may_owe(self) -> bool:
        """Whether its payer owes what is charged without a hold: never for a card that was refused
        as such, because whoever blocked it did not charge."""
        return self.authorisation in _OWES


_OWES = frozenset({Authorisation.ACCEPTED, Authorisation.NO_CREDIT, Authorisation.CONCURRENT})


def policy_of(state: State) -> NetworkPolicy:
    """The policy in force; raises OperatorError when the network was never initialised."""
    policy = state.get(NetworkPolicy, POLICY_KEY)
    if policy is None:
        raise OperatorError("this network has no policy yet; run `ohmstead init`")
    return policy


def authorise(state: State, id_token: str, now_ms: int) -> Decision[Funding]:
    """Say whether an id_token may charge now; holds nothing."""
    policy = policy_of(state)
    till = Till(state, policy.asset, now_ms)
    return Decision(find_funding(state, till, policy, id_token, now_ms))


def find_funding(
    state: State, till: Till, policy: NetworkPolicy, id_token: str, now_ms: int
) -> Funding:
    """Find the payer behind an id_token and the most that can be held of its money."""
    token = state.get(IdToken, id_token.casefold())
    if token is None:
        return Funding(Authorisation.INVALID)
    if token.status is TokenStatus.EXPIRED or 0 < token.expires_ms <= now_ms:
        return Funding(Authorisation.EXPIRED, token)
    if token.status is not TokenStatus.ACCEPTED:
        return Funding(Authorisation(token.status.value), token)
    available = till.available(payer_account(token.payer_kind, token.payer, token.lock_id))
    if token.payer_kind is PayerKind.WALLET_LOCK:
        # The lock was made for one session and ends once on chain, so all of it is held; what that
        # session leaves goes back to the wallet and pays for no other.
        lock = state.get(Lock, token.lock_id)
        if not available or (lock is not None and lock.session_id):
            return Funding(Authorisation.CONCURRENT, token)
        if lock is not None and lock_left_ms(state, policy, lock) < 2 * LOCK_MARGIN_MS:
            return Funding(Authorisation.EXPIRED, token)
        return Funding(Authorisation.ACCEPTED, token, available)
    if available < policy.hold_floor_minor:
        return Funding(Authorisation.NO_CREDIT, token)
    most = token.session_limit_minor or policy.hold_minor
    return Funding(Authorisation.ACCEPTED, token, min(available, policy.hold_minor, most))


def lock_left_ms(state: State, policy: NetworkPolicy, lock: Lock) -> int:
    """How long a lock still holds, by the chain's own time: from its expiry on, its wallet may
    take everything back, whatever was charged."""
    cursor = state.get(ChainCursor, policy.ledger)
    return lock.expires_ms - (cursor.time_s if cursor is not None else 0) * MS_PER_S


def payer_account(kind: PayerKind, payer: str, lock_id: str) -> str:
    """The ledger name of the money a session spends: a deposit, or one lock of a walk-up wallet."""
    return f"payer:lock:{lock_id}" if kind is PayerKind.WALLET_LOCK else f"payer:{payer}"
