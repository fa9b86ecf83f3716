"""Unknown stations: each is written down when it boots, and a person approves or rejects it."""

from __future__ import annotations

from ohmstead.core.network import Station
from ohmstead.core.newcomer import Newcomer, NewcomerState
from ohmstead.errors import OperatorError
from ohmstead.flows.onboarding import add_station
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State


class Introduce(Frozen):
    """An unknown station has booted; at most ``waiting_max`` may wait."""

    newcomer: Newcomer
    waiting_max: int


def introduce(state: State, command: Introduce, now_ms: int) -> Decision[bool]:
    """Write it down; answers False when too many wait already. The first password stays."""
    told = replace(command.newcomer, booted_ms=now_ms)
    known = state.get(Newcomer, told.id)
    if known is None:
        waiting = state.find(Newcomer, command.waiting_max, state=NewcomerState.WAITING.value)
        if len(waiting) >= command.waiting_max:
            return Decision(False)
    else:
        told = replace(
            told,
            secret_mac=known.secret_mac,
            secret_is_weak=known.secret_is_weak,
            first_ms=known.first_ms,
            state=known.state,
        )
    return Decision(True, (told,))


class Approve(Frozen):
    """A person's yes, and all that a station needs beside what the newcomer brought."""

    station: Station


def approve(state: State, command: Approve, now_ms: int) -> Decision[Station]:
    """Make it a station, with the password it came with. Raises OperatorError."""
    wanted = command.station
    newcomer = _known(state, wanted.id)
    if newcomer.state is NewcomerState.APPROVED:
        raise OperatorError(f"station {wanted.id} was approved already")
    if not newcomer.secret_mac and wanted.security_profile < 3:
        raise OperatorError(
            f"station {wanted.id} came with a certificate and has no password: approve it with "
            "security profile 3"
        )
    station = replace(
        wanted,
        secret_mac=newcomer.secret_mac,
        secret_is_weak=newcomer.secret_is_weak,
        vendor=newcomer.vendor,
        model=newcomer.model,
        firmware=newcomer.firmware,
    )
    made = add_station(state, station, now_ms)
    return Decision(station, (*made.puts, replace(newcomer, state=NewcomerState.APPROVED)))


def reject(state: State, station_id: str, _now_ms: int) -> Decision[Newcomer]:
    """Turn it away for good; it may still be approved later. Raises OperatorError."""
    newcomer = _known(state, station_id)
    if newcomer.state is NewcomerState.APPROVED:
        raise OperatorError(
            f"station {station_id} is registered; `ohmstead station remove {station_id}` ends that"
        )
    rejected = replace(newcomer, state=NewcomerState.REJECTED)
    return Decision(rejected, (rejected,))


def _known(state: State, station_id: str) -> Newcomer:
    newcomer = state.get(Newcomer, station_id)
    if newcomer is None:
        raise OperatorError(
            f"no unknown station {station_id} has come; `ohmstead station pending` shows who waits"
        )
    return newcomer
