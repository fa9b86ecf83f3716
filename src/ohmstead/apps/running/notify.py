"""What systemd is told (sd_notify): one datagram, if it asked for it."""

from __future__ import annotations

import contextlib
import os
import socket
import time

NS_PER_US = 1_000


def notify(*lines: str) -> None:
    """Send ``READY=1``, ``STOPPING=1`` and the like; nothing without NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # Linux's abstract namespace
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.sendto("\n".join(lines).encode(), address)


def notify_ready() -> None:
    """This process serves, and it is the one to watch: after a restart it is another."""
    notify("READY=1", f"MAINPID={os.getpid()}")


def notify_reloading() -> None:
    """A reload begins; READY=1 ends it. The time is needed for Type=notify-reload."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // NS_PER_US}")
