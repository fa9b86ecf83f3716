"""The stages of a charge attempt, as a table: from the cable or the id_token to energy flowing.

What counts is what the driver meets, so an attempt ends at the first energy; what comes after that
is the session's. Field studies count reliability so (first-time charge success), not as uptime.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Stage(enum.Enum):
    """How far an attempt has come; the last two end it."""

    REJECTED = "rejected"  # an id_token was refused, and nothing else is known
    ASKED = "asked"  # a remote start was sent, and what the station makes of it is not known
    PLUGGED = "plugged"  # a cable, and no id_token that may charge
    AUTHORISED = "authorised"  # an id_token that may charge, and no cable yet
    READY = "ready"  # both, and no transaction yet
    STARTED = "started"  # a transaction, and no energy yet
    FLOWING = "flowing"  # success
    GIVEN_UP = "given_up"


class Cause(enum.Enum):
    """What moves an attempt."""

    PLUGGED = "plugged"
    OCCUPIED = "occupied"  # 1.6 Preparing: "presents a tag, inserts a cable or ... the parking bay"
    AUTHORISED = "authorised"
    REJECTED = "rejected"
    BEGUN = "begun"
    CHARGING = "charging"  # the station says so; what counts is its register
    PAUSED = "paused"  # the car or the station waits; kept as the detail of what follows
    ENERGY = "energy"
    ENDED = "ended"  # its transaction, without energy
    UNPLUGGED = "unplugged"  # the connector is free again
    FAULT = "fault"
    REMOTE_REFUSED = "remote_refused"  # answered with anything but Accepted, or a CALLERROR
    REMOTE_UNSENT = "remote_unsent"  # it never left: no connection, or too much before it
    REMOTE_UNANSWERED = "remote_unanswered"  # it left; the station may obey all the same
    SILENCE = "silence"  # nothing for longer than LIMIT_MS
    LOST = "lost"  # the station itself is gone for longer than LOST_MS


class Reason(enum.Enum):
    """Why there was no energy."""

    ID_REJECTED = "id_rejected"
    NO_ID = "no_id"  # plugged in, and nobody presented an id_token
    NOT_PLUGGED = "not_plugged"  # authorised, and no cable came (EVConnectionTimeOut)
    NOT_STARTED = "not_started"  # both, and the station began no transaction
    NO_ENERGY = "no_energy"
    STATION_FAULT = "station_fault"
    STATION_LOST = "station_lost"
    REMOTE_START_REFUSED = "remote_start_refused"
    REMOTE_START_UNSENT = "remote_start_unsent"
    REMOTE_START_UNANSWERED = "remote_start_unanswered"


REMOTE: Mapping[Cause, Reason] = MappingProxyType(
    {
        Cause.REMOTE_REFUSED: Reason.REMOTE_START_REFUSED,
        Cause.REMOTE_UNSENT: Reason.REMOTE_START_UNSENT,
        Cause.REMOTE_UNANSWERED: Reason.REMOTE_START_UNANSWERED,
    }
)
"""What may come of a remote start that is not accepted."""


_S, _C = Stage, Cause
_UP = Stage.GIVEN_UP
_ENDS = {_C.UNPLUGGED: _UP, _C.FAULT: _UP, _C.SILENCE: _UP, _C.LOST: _UP}


def _same(stage: Stage, *causes: Cause) -> dict[Cause, Stage]:
    return dict.fromkeys(causes, stage)


TRANSITIONS: Mapping[Stage | None, Mapping[Cause, Stage]] = MappingProxyType(
    {
        None: {
            _C.PLUGGED: _S.PLUGGED,
            _C.OCCUPIED: _S.PLUGGED,
            _C.AUTHORISED: _S.AUTHORISED,
            _C.REJECTED: _S.REJECTED,
            _C.BEGUN: _S.STARTED,
            **_same(_UP, _C.REMOTE_REFUSED, _C.REMOTE_UNSENT),
            _C.REMOTE_UNANSWERED: _S.ASKED,
        },
        _S.REJECTED: {
            **_ENDS,
            **_same(_S.REJECTED, _C.REJECTED, _C.CHARGING, _C.PAUSED),
            _C.PLUGGED: _S.PLUGGED,
            _C.OCCUPIED: _S.PLUGGED,
            _C.AUTHORISED: _S.AUTHORISED,
            _C.BEGUN: _S.STARTED,
            **_same(_UP, _C.REMOTE_REFUSED, _C.REMOTE_UNSENT),
            _C.REMOTE_UNANSWERED: _S.ASKED,
        },
        _S.ASKED: {
            **_ENDS,
            # Preparing may be that it obeys, before there is a cable.
            **_same(_S.ASKED, _C.OCCUPIED, _C.CHARGING, _C.PAUSED, _C.REMOTE_UNANSWERED),
            _C.PLUGGED: _S.PLUGGED,
            _C.AUTHORISED: _S.AUTHORISED,
            _C.REJECTED: _S.REJECTED,
            _C.BEGUN: _S.STARTED,
            **_same(_UP, _C.REMOTE_REFUSED, _C.REMOTE_UNSENT),
        },
        _S.PLUGGED: {
            **_ENDS,
            **_same(_S.PLUGGED, _C.PLUGGED, _C.OCCUPIED, _C.REJECTED, _C.CHARGING, _C.PAUSED),
            _C.REMOTE_UNANSWERED: _S.PLUGGED,
            _C.AUTHORISED: _S.READY,
            _C.BEGUN: _S.STARTED,
            **_same(_UP, _C.REMOTE_REFUSED, _C.REMOTE_UNSENT),
        },
        _S.AUTHORISED: {
            **_ENDS,
            # Preparing may be what the card alone did.
            **_same(_S.AUTHORISED, _C.OCCUPIED, _C.AUTHORISED, _C.REJECTED, *REMOTE),
            **_same(_S.AUTHORISED, _C.CHARGING, _C.PAUSED),
            _C.PLUGGED: _S.READY,
            _C.BEGUN: _S.STARTED,
        },
        _S.READY: {
            **_ENDS,
            **_same(_S.READY, _C.PLUGGED, _C.OCCUPIED, _C.AUTHORISED, _C.REJECTED),
            **_same(_S.READY, _C.CHARGING, _C.PAUSED, *REMOTE),
            _C.BEGUN: _S.STARTED,
        },
        _S.STARTED: {
            **_same(_S.STARTED, _C.PLUGGED, _C.OCCUPIED, _C.AUTHORISED, _C.REJECTED, _C.BEGUN),
            # The stop of its transaction says the rest.
            **_same(_S.STARTED, _C.CHARGING, _C.PAUSED, _C.UNPLUGGED, *REMOTE),
            _C.ENERGY: _S.FLOWING,
            **_same(_UP, _C.ENDED, _C.FAULT, _C.SILENCE, _C.LOST),
        },
    }
)

MINUTE_MS = 60_000
LIMIT_MS: Mapping[Stage, int] = MappingProxyType(
    {
        _S.REJECTED: 2 * MINUTE_MS,
        _S.ASKED: 5 * MINUTE_MS,
        _S.PLUGGED: 30 * MINUTE_MS,
        _S.AUTHORISED: 5 * MINUTE_MS,  # stations give up themselves after 1 to 3
        _S.READY: 5 * MINUTE_MS,
        _S.STARTED: 15 * MINUTE_MS,
    }
)
LOST_MS = 60 * MINUTE_MS
