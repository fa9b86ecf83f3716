"""A station's password is replaced without locking it out: old and new hold until the new is used.

2.0.1 A01 and the 1.6 whitepaper's A.2 let a station take a new password and go on; when it comes
back with it, or with the old one because it kept that, is its own affair.
"""

from __future__ import annotations

from ohmstead.core.network import Station
from ohmstead.errors import OperatorError
from ohmstead.flows.stations import in_service
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

WAITING_MAX = 4  # passwords given out to one station that it has not used


class NextPassword(Frozen):
    """A password that a station is being given, or comes back with."""

    station_id: str
    mac: str


def offer_password(state: State, command: NextPassword, _now_ms: int) -> Decision[Station]:
    """Let a station in with a new password too; written before the station is told."""
    station = in_service(state, command.station_id)
    if command.mac in station.next_macs:
        return Decision(station)
    if len(station.next_macs) >= WAITING_MAX:
        raise OperatorError(
            f"station {station.id} was given {WAITING_MAX} passwords and has used none: have it "
            "reconnect (Reset) before it is given another"
        )
    offered = replace(station, next_macs=(*station.next_macs, command.mac))
    return Decision(offered, (offered,))


def withdraw_password(state: State, command: NextPassword, _now_ms: int) -> Decision[Station]:
    """The station refused this one, so nobody has it."""
    station = in_service(state, command.station_id)
    left = tuple(mac for mac in station.next_macs if mac != command.mac)
    changed = replace(station, next_macs=left)
    return Decision(changed, (changed,) if changed != station else ())


def learn_password(state: State, command: NextPassword, _now_ms: int) -> Decision[Station | None]:
    """A station said the password of which only a hash was known: the hash has done its work."""
    station = state.get(Station, command.station_id)
    if station is None or not station.secret_hash:
        return Decision(station)
    learnt = replace(station, secret_mac=command.mac, secret_hash="", secret_is_weak=True)
    return Decision(learnt, (learnt,))


def move_on(state: State, command: NextPassword, _now_ms: int) -> Decision[Station | None]:
    """The station came with a new password: from now on no other is let in."""
    station = state.get(Station, command.station_id)
    if station is None or command.mac not in station.next_macs:
        return Decision(station)
    moved = replace(
        station, secret_mac=command.mac, next_macs=(), secret_is_weak=False, secret_hash=""
    )
    return Decision(moved, (moved,))
