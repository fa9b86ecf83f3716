"""Listening sockets that go from one process to the next, by what they are for."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ohmstead.apps.config import host_port

Handed = Mapping[str, Sequence[socket.socket]]
"""``http``, ``ocpp`` and ``ocpp_tls``: the kernel's queues, in which nobody is refused."""

NOTHING: Handed = MappingProxyType({})
EVERY_PORT = 0


def fitting(handed: Handed, wanted: Mapping[str, str]) -> Handed:
    """Keep the sockets that listen where they should now; the others are closed.

    ``wanted`` are binds as in network.toml, empty for no such listener. Port 0 is any port.
    """
    kept: dict[str, list[socket.socket]] = {}
    for name, sockets in handed.items():
        port = host_port(wanted[name])[1] if wanted.get(name) else None
        for one in sockets:
            if port is not None and port in (EVERY_PORT, one.getsockname()[1]):
                kept.setdefault(name, []).append(one)
            else:
                one.close()
    return kept


def close_all(handed: Handed) -> None:
    """Close sockets that nobody takes."""
    for sockets in handed.values():
        for one in sockets:
            one.close()
