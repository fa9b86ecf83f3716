"""One anvil process: found, started with the parent-death signal, asked, ended."""

from __future__ import annotations

import collections
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from ohmstead.errors import ChainUnavailable, OperatorError

NPM_PACKAGE = "@foundry-rs/anvil-linux-amd64"
HOST = "127.0.0.1"

_LAUNCHER = Path(__file__).with_name("launch.py")
_LISTENING = re.compile(rf"Listening on {re.escape(HOST)}:(\d+)")
_START_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 5.0
_CALL_TIMEOUT_S = 10.0
_LOG_LINES = 200


def find_anvil(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the anvil to run: ``$OHMSTEAD_ANVIL``, the checkout's own, or one on ``PATH``.

    Raises OperatorError naming the three places when there is none.
    """
    if named := environment.get("OHMSTEAD_ANVIL"):
        if os.path.isfile(named) and os.access(named, os.X_OK):
            return Path(named).absolute()
        raise OperatorError(f"OHMSTEAD_ANVIL names {named}, which is not a program; correct it")
    for parent in Path(__file__).resolve().parents:
        own = parent / "contracts" / "node_modules" / NPM_PACKAGE / "bin" / "anvil"
        if os.access(own, os.X_OK):
            return own
    if on_path := shutil.which("anvil", path=environment.get("PATH", "")):
        return Path(on_path).absolute()
    raise OperatorError(
        "no anvil: set OHMSTEAD_ANVIL to one, run `npm ci` in contracts/, or put it on PATH"
    )


class ProcessEnded(ChainUnavailable):
    """anvil ended while it was being started; ``killed`` tells that a signal did it."""

    def __init__(self, code: int, log: str) -> None:
        super().__init__(f"anvil ended with exit code {code} while starting: {log}")
        self.killed = code < 0
        self.port_taken = "in use" in log


class AnvilProcess:
    """A running anvil on loopback.

    The thread that constructs it must outlive it: the kernel sends the parent-death signal when
    the starting *thread* ends. ``on_exit`` is called once, from another thread.
    """

    def __init__(
        self, binary: Path, arguments: tuple[str, ...], port: int, on_exit: Callable[[], None]
    ) -> None:
        """Start on ``port`` (0: any) and return when it answers; raises ChainUnavailable."""
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        # A proxy from the environment must never stand between us and our own loopback.
        self._http = httpx.Client(timeout=_CALL_TIMEOUT_S, trust_env=False)
        launcher = [sys.executable, "-IS", str(_LAUNCHER), str(os.getpid())]
        listen = ["--host", HOST, "--port", str(port)]
        self._child = subprocess.Popen(
            [*launcher, str(binary), *listen, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        told: queue.SimpleQueue[int] = queue.SimpleQueue()
        threading.Thread(target=self._drain, args=(told, on_exit), daemon=True).start()
        try:
            self.port = told.get(timeout=_START_TIMEOUT_S)
            if not self.port:
                raise ProcessEnded(self._child.wait(_END_TIMEOUT_S), "".join(self._log)[-300:])
            self.ask("eth_blockNumber")
        except (queue.Empty, subprocess.TimeoutExpired):
            self.end()
            raise ChainUnavailable(f"anvil did not start in {_START_TIMEOUT_S:.0f} s") from None
        except ChainUnavailable:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._child.poll()

    def ask(self, method: str, *params: object, timeout_s: float = _CALL_TIMEOUT_S) -> object:
        """Call one JSON-RPC method; raises ChainUnavailable for every kind of failure."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            reply = self._http.post(
                f"http://{HOST}:{self.port}", json=call, timeout=timeout_s
            ).json()
            return reply["result"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as why:
            raise ChainUnavailable(f"{method}: {why!r}") from why

    def end(self) -> None:
        """Terminate it, kill it when it lingers, and reap it."""
        self._http.close()
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _drain(self, told: queue.SimpleQueue[int], on_exit: Callable[[], None]) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._log.append(line)
            if match := _LISTENING.search(line):
                told.put(int(match[1]))
        self._child.stdout.close()
        told.put(0)
        self._child.wait()  # its output ends a moment before it does
        on_exit()
