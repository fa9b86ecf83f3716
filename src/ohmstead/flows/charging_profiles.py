"""What charging profiles a station should have: written when it accepts, clears or reports them."""

from __future__ import annotations

from typing import Protocol

from ohmstead.core.charging_profile import (
    ChargingProfile,
    Installed,
    Purpose,
    check,
    check_beside,
)
from ohmstead.core.network import EvseHead, TransactionRef, evse_key
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.core.station_profiles import (
    REPORTED_MAX,
    ProfileReport,
    Reported,
    StationProfiles,
)
from ohmstead.errors import OperatorError
from ohmstead.flows.stations import in_service
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, R, State


class Reads(Protocol):
    """What a look-up needs: a flow's state and the store both have it."""

    def get(self, kind: type[R], key: str) -> R | None: ...


class Install(Frozen):
    """A profile for a station, before it is sent and once it is accepted."""

    station_id: str
    evse_id: int
    profile: ChargingProfile
    is_16: bool


class Clear(Frozen):
    """Which profiles go: one by its id, or all that match what is not None."""

    station_id: str
    profile_id: int | None = None
    evse_id: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None

    def takes(self, one: Installed) -> bool:
        """Whether a profile goes. 2.0.1 K10.FR.03: an id decides alone; 1.6 5.5 does not say."""
        if self.profile_id is not None:
            return one.profile.id == self.profile_id
        said = (self.evse_id, self.purpose, self.stack_level)
        has = (one.evse_id, one.profile.purpose, one.profile.stack_level)
        return all(want is None or want == value for want, value in zip(said, has, strict=True))


def may_install(state: State, command: Install, now_ms: int) -> Decision[None]:
    """Refuse a profile before it is sent: OperatorError names the rule that it breaks."""
    station = in_service(state, command.station_id)
    if command.evse_id and station.evse(command.evse_id) is None:
        raise OperatorError(f"station {station.id} has no evse {command.evse_id}")
    check(command.evse_id, command.profile, is_16=command.is_16)
    if command.profile.purpose is Purpose.TX:
        _must_run(state, command)
    wanted = Installed(command.evse_id, command.profile, now_ms)
    check_beside(wanted, current(state, command.station_id))
    return Decision(None)


def installed(state: State, command: Install, now_ms: int) -> Decision[StationProfiles]:
    """Keep a profile that its station accepted, in the place of one with its id."""
    wanted = Installed(command.evse_id, command.profile, now_ms)
    profile = command.profile
    left = [one for one in current(state, command.station_id) if one.profile.id != profile.id]
    ordered = tuple(sorted([*left, wanted], key=lambda one: one.profile.id))
    record = StationProfiles(command.station_id, ordered)
    return Decision(record, (record,))


def cleared(state: State, command: Clear, _now_ms: int) -> Decision[StationProfiles]:
    """Forget what its station cleared, or does not know."""
    left = tuple(one for one in current(state, command.station_id) if not command.takes(one))
    record = StationProfiles(command.station_id, left)
    return Decision(record, (record,))


def current(state: Reads, station_id: str) -> tuple[Installed, ...]:
    """What a station should have now: a TxProfile ends with its transaction (K01, 1.6 3.13.1)."""
    record = state.get(StationProfiles, station_id)
    if record is None:
        return ()
    return tuple(one for one in record.installed if _lives(state, station_id, one))


def _lives(state: Reads, station_id: str, one: Installed) -> bool:
    if one.profile.purpose is not Purpose.TX:
        return True
    session = session_of(state, station_id, one.profile.transaction_id)
    return session is not None and session.state in OPEN_STATES


def session_of(state: Reads, station_id: str, transaction_id: str) -> Session | None:
    """The session behind a transaction, or None."""
    ref = state.get(TransactionRef, f"{station_id}/{transaction_id}")
    return state.get(Session, ref.session_id) if ref is not None and ref.session_id else None


def running(state: Reads, station_id: str, evse_id: int) -> Session | None:
    """The newest session that is under way at an evse."""
    head = state.get(EvseHead, evse_key(station_id, evse_id))
    for session_id in reversed(head.session_ids if head is not None else ()):
        session = state.get(Session, session_id)
        if session is not None and session.state in OPEN_STATES:
            return session
    return None


def _must_run(state: State, command: Install) -> None:
    session = session_of(state, command.station_id, command.profile.transaction_id)
    runs = session is not None and session.state in OPEN_STATES
    if session is None or not runs or session.evse_id != command.evse_id:
        raise OperatorError(
            f"transaction {command.profile.transaction_id[:40]!r} does not run at evse "
            f"{command.evse_id}; a TxProfile is for a running transaction"
        )


def report_begins(_state: State, wanted: ProfileReport, now_ms: int) -> Decision[None]:
    """A report was asked for: what the one before said counts no more."""
    return Decision(None, (replace(wanted, at_ms=now_ms),))


class ReportPart(Frozen):
    """One ReportChargingProfiles; ``more`` follow where it says so."""

    station_id: str
    request_id: int
    profiles: tuple[Reported, ...]
    more: bool


def reported(state: State, command: ReportPart, now_ms: int) -> Decision[ProfileReport | None]:
    """Add a part to the report that was asked for; parts of another request are ignored."""
    known = state.get(ProfileReport, command.station_id)
    if known is None or known.request_id != command.request_id or known.is_whole:
        return Decision(None)
    told = tuple(dict.fromkeys((*known.profiles, *command.profiles)))[:REPORTED_MAX]
    report = replace(known, profiles=told, is_whole=not command.more, at_ms=now_ms)
    return Decision(report, (report,))
