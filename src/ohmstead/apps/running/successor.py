"""The process that a restart begins, and why it did not come up.

Its standard error is a file until it can report by itself: that holds what Python says of a build
that is broken. Then it writes to the house's log as ever, and into the file only why it failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

from ohmstead.errors import OhmsteadError, OperatorError

STDERR = "OHMSTEAD_STDERR_FD"  # the descriptor of the house's log, for the child
READ_BYTES_MAX = 64 << 10  # of what it said, the end
REASON_CHARACTERS_MAX = 1_000
LOOK_S = 0.05
END_S = 1.0  # for one that has given up already
_FRAME = " \t\u2502\u2500\u256d\u256e\u2570\u256f"  # usage errors stand in a box
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Successor:
    """A child of this process, typed as this one was."""

    def __init__(self, command: Sequence[str]) -> None:
        """Begin it; raises OperatorError."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - until close()
        stderr = os.dup(2)
        try:
            self._child = subprocess.Popen(
                command,
                stderr=self._said,
                pass_fds=(stderr,),
                env={**os.environ, STDERR: str(stderr)},
            )
        except OSError as error:
            self._said.close()
            raise OperatorError(f"no new process can be begun: {error}") from None
        finally:
            os.close(stderr)

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    async def why(self) -> str:
        """Why it failed, in its own last words; what it said before them goes into the log."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                while self.is_alive:
                    await asyncio.sleep(LOOK_S)
        text = self._words()
        lines = [line for line in (one.strip(_FRAME) for one in text.splitlines()) if line]
        if len(lines) > 1:
            sys.stderr.write(text)
        if lines:
            return _CONTROLS.sub("", lines[-1]).removeprefix("Error: ")[:REASON_CHARACTERS_MAX]
        code = self._child.poll()
        if code is None:
            return f"process {self._child.pid} does not say why; the log may"
        return f"signal {-code} ended it" if code < 0 else f"it ended with code {code}"

    def _words(self) -> str:
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - READ_BYTES_MAX))
        return self._said.read().decode(errors="replace")

    def close(self) -> None:
        """Listen no more; the process goes on."""
        self._said.close()


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """In a process that a restart began: log where the house logs, and say why it fails."""
    descriptor = os.environ.pop(STDERR, "")
    if not descriptor.isdecimal():
        yield
        return
    report = os.dup(2)  # no child of this one gets it
    os.dup2(int(descriptor), 2)
    os.close(int(descriptor))
    try:
        yield
    except Exception as error:
        name = "" if isinstance(error, OhmsteadError) else f"{type(error).__name__}: "
        with contextlib.suppress(OSError):
            os.write(report, f"{name}{error}\n".encode(errors="replace"))
        raise
    finally:
        os.close(report)
