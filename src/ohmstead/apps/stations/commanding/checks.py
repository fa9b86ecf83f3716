"""A command is checked by its schema before it leaves, and before it is queued."""

from __future__ import annotations

from ohmstead.apps.gateway.link import CALL_PAYLOAD_BYTES_MAX
from ohmstead.apps.stations.commanding.actions import ACTIONS
from ohmstead.errors import OperatorError
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import decode_request, encode
from ohmstead.wire.ocpp.faults import CallRefused


class BadCommand(OperatorError):
    """The action or its payload is not one this station can be sent."""


class BadPayload(BadCommand):
    """The payload breaks the schema of its action; the message names the field."""


def check_for(version: Version, action: str, payload: bytes) -> bytes:
    """Return the payload as it is sent; raises BadCommand, or BadPayload naming the field."""
    if action not in ACTIONS[version]:
        known = ", ".join(sorted(ACTIONS[version]))
        raise BadCommand(f"OCPP {version} stations here take {known}, not {action[:60]!r}")
    try:
        checked = encode(decode_request(version, action, payload or b"{}", sender=Side.CSMS))
    except CallRefused as error:
        raise BadPayload(f"{action}: {error.description}") from None
    if len(checked) > CALL_PAYLOAD_BYTES_MAX:
        raise BadPayload(f"{action}: the payload has more than {CALL_PAYLOAD_BYTES_MAX} bytes")
    return checked


def check_for_any(action: str, payload: bytes) -> None:
    """Raise BadCommand unless some version can be asked this.

    Which version a station speaks is known when it comes back; then it is checked again.
    """
    having = [version for version in ACTIONS if action in ACTIONS[version]]
    if not having:
        raise BadCommand(f"no version of OCPP lets a central system ask {action[:60]!r}")
    wrong: list[BadCommand] = []
    for version in having:
        try:
            check_for(version, action, payload)
        except BadCommand as error:
            wrong.append(error)
    if len(wrong) == len(having):
        raise wrong[-1]
