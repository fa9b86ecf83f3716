"""Become another program that dies with its parent: ``launch.py PARENT_PID PROGRAM ARGUMENT...``.

Run as a script by :mod:`ohmstead.adapters.chain.evm.anvil`, with the standard library only. The
parent-death signal is set in the child itself, before it becomes the program, so there is no moment
at which the program runs unwatched.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process with ``arguments[1:]``; exit instead when the parent is already gone."""
    parent_pid, program = int(arguments[0]), arguments[1]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    # The parent may have died before the line above; then the signal never comes.
    if os.getppid() != parent_pid:
        sys.exit("the parent is gone")
    os.execv(program, arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
