"""A command is checked by its schema before it leaves, and before it is queued."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ohmstead.apps.gateway.link import CALL_PAYLOAD_BYTES_MAX
from ohmstead.apps.stations.commanding.actions import ACTIONS
from ohmstead.apps.stations.commanding.masking import masked
from ohmstead.apps.wording import did_you_mean, reworded
from ohmstead.errors import OperatorError
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS as EVERY
from ohmstead.wire.ocpp.codec import decode_request, encode
from ohmstead.wire.ocpp.faults import CallRefused

# What another version calls it; where the name says it, `did_you_mean` is enough.
_ELSEWHERE: Mapping[str, str] = {
    "ChangeConfiguration": "SetVariables",
    "ExtendedTriggerMessage": "TriggerMessage",
    "GetConfiguration": "GetVariables or GetBaseReport",
    "GetDiagnostics": "GetLog",
    "RemoteStartTransaction": "RequestStartTransaction",
    "RemoteStopTransaction": "RequestStopTransaction",
    "SignedUpdateFirmware": "UpdateFirmware",
    "GetBaseReport": "GetConfiguration",
    "GetVariables": "GetConfiguration",
    "RequestStartTransaction": "RemoteStartTransaction",
    "RequestStopTransaction": "RemoteStopTransaction",
    "SetVariables": "ChangeConfiguration",
}


class BadCommand(OperatorError):
    """The action or its payload is not one this station can be sent."""


class NoReason(BadCommand):
    """Whoever commands did not say why, and has to."""


class BadPayload(BadCommand):
    """The payload breaks the schema of its action; the message names field and what is allowed."""


def check_for(version: Version, action: str, payload: bytes) -> bytes:
    """Return the payload as it is sent; raises BadCommand, or BadPayload naming the field."""
    if action not in ACTIONS[version]:
        raise BadCommand(_no_action(version, action))
    try:
        checked = encode(decode_request(version, action, payload or b"{}", sender=Side.CSMS))
    except CallRefused as error:
        why = _why(version, action, payload, error)
        raise BadPayload(f"{action} of OCPP {version}: {why}") from None
    if len(checked) > CALL_PAYLOAD_BYTES_MAX:
        raise BadPayload(f"{action}: the payload has more than {CALL_PAYLOAD_BYTES_MAX} bytes")
    return checked


def check_for_any(action: str, payload: bytes) -> None:
    """Raise BadCommand unless some version can be asked this.

    Which version a station speaks is known when it comes back; then it is checked again.
    """
    having = [version for version in ACTIONS if action in ACTIONS[version]]
    if not having:
        raise BadCommand(_no_action(None, action))
    wrong: list[BadCommand] = []
    for version in having:
        try:
            check_for(version, action, payload)
        except BadCommand as error:
            wrong.append(error)
    if len(wrong) == len(having):
        raise BadPayload("; ".join(dict.fromkeys(str(error) for error in wrong)))


def _no_action(version: Version | None, action: str) -> str:
    """What there is instead of an action that there is not."""
    shown = repr(action[:60])
    if version is None:
        every = {name for names in ACTIONS.values() for name in names}
        asked = did_you_mean(action, every) or "docs/reference/ocpp.md lists those there are"
        return f"no version of OCPP lets a central system ask {shown}; {asked}"
    known = sorted(ACTIONS[version])
    where = [str(other) for other in ACTIONS if action in ACTIONS[other]]
    instead = did_you_mean(action, known)
    if where:
        text = f"{action} is of OCPP {' and '.join(where)}, and this station speaks {version}"
        alike = [one for one in _ELSEWHERE.get(action, "").split(" or ") if one in known]
        if alike:
            verb = "stand" if len(alike) > 1 else "stands"
            return f"{text}, where {' and '.join(alike)} {verb} for it"
        return f"{text}, which has {', '.join(known)}"
    return f"OCPP {version} stations take no {shown}; {instead or 'they take ' + ', '.join(known)}"


def _why(version: Version, action: str, payload: bytes, error: CallRefused) -> str:
    tree: Any = {}
    try:  # values are shown, and an error is logged: without what the log may not hold
        tree = msgspec.json.decode(masked(payload or b"{}"))
    except (ValueError, RecursionError):
        return error.description
    return reworded(EVERY[version][action].request, error.description, tree)
