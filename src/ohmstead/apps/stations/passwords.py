"""A new password is given to a connected station in its own version's words, before it holds."""

from __future__ import annotations

import re

import msgspec

from ohmstead.apps.gateway.interface import Answered, Disconnected, TimedOut
from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Links, NotConnected, command
from ohmstead.apps.stations.services import Services
from ohmstead.core.network import Station
from ohmstead.errors import OperatorError, StoreUnavailable
from ohmstead.flows.passwords import NextPassword, move_on, offer_password, withdraw_password
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


def spelt(password: bytes) -> str:
    """A password as it would be typed: one of raw bytes (1.6) by its hexadecimal digits."""
    text = password.decode("latin-1")
    return text if text.isascii() and text.isprintable() else password.hex()


class NotTaken(OperatorError):
    """The station refused the new password, or was never asked."""


async def rotate_password(
    services: Services, links: Links, station_id: str, password: str
) -> Station:
    """Give a connected station a new password; both are let in until it has used the new one.

    Raises NotConnected and NotTaken when the old one alone holds, and OperatorError when the
    station may have taken it: then both are let in too.
    """
    offered = NextPassword(station_id, services.registry.mac(station_id, normal(password)))
    station = await services.store.run(offer_password, offered)
    services.registry.forget(station_id)
    try:
        await deliver_password(links, station_id, password)
    except (NotConnected, NotTaken):
        await services.store.run(withdraw_password, offered)
        services.registry.forget(station_id)
        raise
    return station


async def settle_password(services: Services, station_id: str) -> None:
    """End the old password of a station that has logged in with the new one."""
    mac = services.registry.moved_on.pop(station_id, None)
    if mac is None:
        return
    try:
        await services.store.run(move_on, NextPassword(station_id, mac))
    except StoreUnavailable:
        return  # both hold until it logs in again
    services.registry.forget(station_id)


async def deliver_password(links: Links, station_id: str, password: str) -> None:
    """Raise unless the station took it: see :func:`rotate_password`; it reconnects by itself."""
    link = links.link(station_id)
    if link is None:
        raise NotConnected(f"station {station_id} is not connected; try again when it is back")
    if link.version is Version.V16:
        action, body = "ChangeConfiguration", {"key": "AuthorizationKey", "value": password}
    else:
        variable = {**V201_VARIABLE, "attributeValue": password}
        action, body = "SetVariables", {"setVariableData": [variable]}  # type: ignore[dict-item]
    with speaking(because("its password is rotated")):
        done = await command(links, station_id, action, msgspec.json.encode(body))
    if isinstance(done.outcome, Answered) and _status(done.payload) in TAKEN:
        return
    if isinstance(done.outcome, TimedOut | Disconnected) and done.outcome != Disconnected(False):
        raise OperatorError(
            f"station {station_id} did not say whether it took the new password, so the old one "
            "and the new one are both let in; rotate again when it is back"
        )
    raise NotTaken(
        f"station {station_id} did not take the new password, so the old one holds; rotate "
        "without deliver to set it by hand"
    )


def _status(payload: bytes) -> str:
    try:
        body = msgspec.json.decode(payload)
    except (ValueError, RecursionError):  # a number that no float holds, brackets without end
        return ""
    if isinstance(body, dict) and isinstance(body.get("setVariableResult"), list):
        body = next(iter(body["setVariableResult"]), {})
        return str(body.get("attributeStatus")) if isinstance(body, dict) else ""
    return str(body.get("status")) if isinstance(body, dict) else ""
