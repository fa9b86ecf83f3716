"""Sockets are closed one after the other, so that a fleet does not come back as one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from typing import TypeVar

CLOSED_PER_S = 100
"""So many at least: a handful of stations is not spread over the time a fleet needs."""

TICK_S = 0.05
LOOK_S = 0.01  # how often it is seen whether those who are connecting have come in

T = TypeVar("T")


def duplicate(fd: int) -> socket.socket:
    """Return another descriptor of a socket, for somebody else to close."""
    return socket.socket(fileno=os.dup(fd))


def spread_s(count: int, drain_s: float) -> float:
    """Seconds over which so many sockets are closed; ``drain_s`` at most."""
    return min(drain_s, count / CLOSED_PER_S)


async def in_turn(
    links: Sequence[T], seconds: float, hurry: asyncio.Event, leave: Callable[[T], None]
) -> None:
    """Let all leave, evenly over so many seconds, or at once as soon as ``hurry`` is set."""
    loop = asyncio.get_running_loop()
    began_s, done = loop.time(), 0
    while done < len(links):
        gone_s = loop.time() - began_s
        part = 1.0 if hurry.is_set() or gone_s >= seconds else gone_s / seconds
        until = max(done + 1, round(part * len(links)))
        for link in links[done:until]:
            leave(link)
        done = until
        if done < len(links):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(TICK_S, seconds / len(links))):
                    await hurry.wait()
