"""Taking part: the policy of the network, stations and their meters, id_tokens and tariffs."""

from __future__ import annotations

import re

from ohmstead.core.meter import MeterKey
from ohmstead.core.network import IdToken, NetworkPolicy, Station, TokenStatus
from ohmstead.core.onchain import Lock, LockState
from ohmstead.core.session import PayerKind, Share
from ohmstead.core.split import check_shares
from ohmstead.core.station_id import STATION_ID_WORDS, is_station_id
from ohmstead.core.tariff import Tariff
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

ADDRESS = re.compile(r"0x[0-9a-f]{40}")
UID_LENGTH_MAX = 36
EVSES_MAX = 64


def set_policy(_state: State, policy: NetworkPolicy, _now_ms: int) -> Decision[None]:
    """Replace the policy that governs new sessions."""
    return Decision(None, (policy,))


def add_tariff(state: State, tariff: Tariff, _now_ms: int) -> Decision[Tariff]:
    """Publish a tariff. Its id names it for ever: another content needs another id."""
    known = state.get(Tariff, tariff.key)
    if known is not None and known != tariff:
        raise OperatorError(
            f"tariff {tariff.id} exists with other content; sessions refer to it, so publish the "
            "new one under a new id"
        )
    return Decision(tariff, (tariff,))


def add_station(state: State, station: Station, _now_ms: int) -> Decision[Station]:
    """Register a station. Raises OperatorError saying what is wrong with it."""
    if not is_station_id(station.id):
        raise OperatorError(f"station id {station.id!r}: {STATION_ID_WORDS}")
    if state.get(Station, station.id) is not None:
        raise OperatorError(f"station {station.id} exists already")
    if not 1 <= len(station.evses) <= EVSES_MAX:
        raise OperatorError(f"station {station.id} has 1 to {EVSES_MAX} evses")
    if state.get(Tariff, station.tariff_key) is None:
        raise OperatorError(f"there is no tariff {station.tariff_key}; publish it first")
    _check_shares(station.shares)
    return Decision(station, (station,))


class AddMeter(Frozen):
    """Register the public key of the meter at one evse."""

    key: MeterKey
    evse_id: int


def add_meter(state: State, command: AddMeter, _now_ms: int) -> Decision[MeterKey]:
    """Bind a meter key to an evse; one key speaks for one meter of one station."""
    station = state.get(Station, command.key.station_id)
    if station is None:
        raise OperatorError(f"there is no station {command.key.station_id}; add it first")
    evse = station.evse(command.evse_id)
    if evse is None:
        raise OperatorError(f"station {station.id} has no evse {command.evse_id}")
    known = state.get(MeterKey, command.key.key_id)
    if known is not None and known.station_id != station.id:
        raise OperatorError(f"this key is registered for a meter of station {known.station_id}")
    key_id = command.key.key_id
    evses = tuple(
        replace(item, meter_key_id=key_id)
        if item is evse
        else replace(item, meter_key_id="" if item.meter_key_id == key_id else item.meter_key_id)
        for item in station.evses
    )
    return Decision(command.key, (command.key, replace(station, evses=evses)))


def put_id_token(_state: State, token: IdToken, _now_ms: int) -> Decision[IdToken]:
    """Write an id_token, new or changed."""
    if not 1 <= len(token.uid) <= UID_LENGTH_MAX or not token.uid.isascii():
        raise OperatorError(f"an id_token has 1 to {UID_LENGTH_MAX} ASCII characters")
    if not ADDRESS.fullmatch(token.payer):
        raise OperatorError(f"id_token {token.uid}: its payer is a lower-case 0x address")
    return Decision(token, (token,))


class TokenForLock(Frozen):
    """A walk-up wallet's lock wants to start a session; ``fresh_uid`` is random."""

    lock_id: str
    fresh_uid: str


def token_for_lock(state: State, command: TokenForLock, _now_ms: int) -> Decision[IdToken]:
    """Make the id_token that spends one lock, once its lock stands in a final block."""
    lock = state.get(Lock, command.lock_id)
    if lock is None:
        raise OperatorError(
            f"lock {command.lock_id} is not final on chain yet; wait some seconds and try again"
        )
    if lock.state is not LockState.OPEN or lock.session_id:
        raise OperatorError(f"lock {command.lock_id} was used already; make a new one")
    known = state.find(IdToken, 64, payer=lock.wallet)
    for token in known:
        if token.lock_id == lock.id:
            return Decision(token)
    token = IdToken(
        command.fresh_uid, TokenStatus.ACCEPTED, lock.wallet, PayerKind.WALLET_LOCK, lock.id
    )
    return Decision(token, (token,))


class Booted(Frozen):
    """What a station said of itself when it booted."""

    station_id: str
    vendor: str
    model: str
    firmware: str
    serial: str = ""
    protocol: str = ""  # the version of OCPP it said this in


def booted(state: State, command: Booted, _now_ms: int) -> Decision[Station]:
    """Keep what a BootNotification tells; written only when something changed."""
    station = state.get(Station, command.station_id)
    if station is None:
        raise OperatorError(f"there is no station {command.station_id}")
    told = replace(
        station,
        vendor=command.vendor,
        model=command.model,
        firmware=command.firmware,
        serial=command.serial or station.serial,
        protocol=command.protocol or station.protocol,
    )
    return Decision(told, (told,) if told != station else ())


def _check_shares(shares: tuple[Share, ...]) -> None:
    rest = [share.payee for share in shares if share.rest]
    if len(rest) != 1:
        raise OperatorError("exactly one payee of a station takes the rest")
    for share in shares:
        if not ADDRESS.fullmatch(share.payee):
            raise OperatorError(f"payee {share.payee!r} is not a lower-case 0x address")
    try:
        check_shares({s.payee: s.bps for s in shares if not s.rest}, rest[0])
    except ValueError as error:
        raise OperatorError(str(error)) from None
