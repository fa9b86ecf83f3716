"""The OCPP websocket server: sockets, handshakes, queues; it decides nothing about charging."""

from ohmstead.apps.gateway.interface import (
    Answered,
    CallOutcome,
    Connection,
    Directory,
    Disconnected,
    Link,
    Peer,
    QueueFull,
    Refused,
    TimedOut,
)
from ohmstead.apps.gateway.registry import Limits
from ohmstead.apps.gateway.server import Gateway
from ohmstead.apps.gateway.tls import Certificates

__all__ = [
    "Answered",
    "CallOutcome",
    "Certificates",
    "Connection",
    "Directory",
    "Disconnected",
    "Gateway",
    "Limits",
    "Link",
    "Peer",
    "QueueFull",
    "Refused",
    "TimedOut",
]
