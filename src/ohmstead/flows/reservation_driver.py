"""Whose a reservation is, and whether they came."""

from __future__ import annotations

from ohmstead.core.network import IdToken
from ohmstead.core.reservation import OPEN, Reservation, may_use
from ohmstead.core.session import PayerKind, Session
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.funding import Authorisation, find_funding, policy_of
from ohmstead.flows.charging_profiles import Reads, running
from ohmstead.flows.money import Till
from ohmstead.ports import State


def driver_of(state: State, id_token: str, now_ms: int) -> IdToken:
    """The id_token, if it could charge now and its driver has no other reservation.

    Raises OperatorError saying why not.
    """
    policy = policy_of(state)
    till = Till(state, policy.asset, now_ms)
    funding = find_funding(state, till, policy, id_token, now_ms)
    token = funding.token
    if token is None or funding.authorisation is not Authorisation.ACCEPTED:
        word = funding.authorisation.value
        raise OperatorError(f"id_token {id_token} could not charge now: {word}")
    if token.payer_kind is not PayerKind.PREPAID:
        raise OperatorError("a walk-up wallet cannot reserve; its lock is for charging at once")
    for open_state in OPEN:
        for other in state.find(Reservation, 1, payer=token.payer, state=open_state.value):
            raise OperatorError(
                f"this driver has reservation {other.number} at station {other.station_id}; use "
                "or cancel it first"
            )
    return token


def who_came(state: Reads, one: Reservation) -> Session | None:
    """The session under way at its evse, if it began in time and is its driver's or the group's.

    Not every station names the reservation with the start that uses it.
    """
    session = running(state, one.station_id, one.evse_id)
    if session is None or not one.created_ms <= session.started_ms <= one.expires_ms:
        return None
    token = state.get(IdToken, session.id_token.casefold())
    group = token.group if token is not None else ""
    return session if may_use(one, session.id_token, group) else None
