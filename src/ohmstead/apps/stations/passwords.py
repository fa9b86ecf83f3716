"""A new password is given to a connected station in its own version's words, before it holds."""

from __future__ import annotations

import re

import msgspec

from ohmstead.apps.gateway.interface import Answered
from ohmstead.apps.stations.commands import Links, NotConnected, command
from ohmstead.errors import OperatorError
from ohmstead.wire.ocpp.base import Version

# OCPP 1.6 security whitepaper, A.2: "AuthorizationKey", hexadecimal, 16 to 20 bytes.
# 2.0.1 part 2: SecurityCtrlr.BasicAuthPassword, 16 to 40 characters.
V201_VARIABLE = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
TAKEN = {"Accepted", "RebootRequired"}
LENGTH_MIN = 16  # of both; shorter ones come with a fleet that moves, and are to be rotated
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,20}")  # a 1.6 key as it is handed out


def normal(password: str) -> bytes:
    """The one spelling under which a password is kept: hexadecimal digits have no case."""
    return (password.lower() if _HEX.fullmatch(password) else password).encode()


def is_weak(password: str) -> bool:
    """Whether a password that a station brings along is one nobody would make today."""
    return 0 < len(password) < LENGTH_MIN or 0 < len(set(password)) < LENGTH_MIN // 2


async def deliver_password(links: Links, station_id: str, password: str) -> None:
    """Raise NotConnected or OperatorError unless the station took it; it reconnects by itself."""
    link = links.link(station_id)
    if link is None:
        raise NotConnected(f"station {station_id} is not connected; try again when it is back")
    if link.version is Version.V16:
        action, body = "ChangeConfiguration", {"key": "AuthorizationKey", "value": password}
    else:
        variable = {**V201_VARIABLE, "attributeValue": password}
        action, body = "SetVariables", {"setVariableData": [variable]}  # type: ignore[dict-item]
    done = await command(links, station_id, action, msgspec.json.encode(body))
    if not isinstance(done.outcome, Answered) or _status(done.payload) not in TAKEN:
        raise OperatorError(
            f"station {station_id} did not take the new password, so the old one holds; rotate "
            "without deliver to set it by hand"
        )


def _status(payload: bytes) -> str:
    body = msgspec.json.decode(payload)
    if isinstance(body, dict) and isinstance(body.get("setVariableResult"), list):
        body = next(iter(body["setVariableResult"]), {})
        return str(body.get("attributeStatus")) if isinstance(body, dict) else ""
    return str(body.get("status")) if isinstance(body, dict) else ""
