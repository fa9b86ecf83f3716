"""The HTTP server: uvicorn on the loop that is running, so that the house stays one process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from litestar import Litestar

from ohmstead.errors import ConfigError

BACKLOG = 512
DRAIN_S = 5
ASKING_S, LOOK_S = 1.0, 0.01


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: whoever runs the house handles them for all of it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ApiServer:
    """Serves one application; :meth:`start` it, :meth:`stop` it."""

    def __init__(self, app: Litestar) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None
        self._listening: socket.socket | None = None

    def listening(self) -> list[socket.socket]:
        """A duplicate of the listening socket, to be handed on."""
        return [] if self._listening is None else [self._listening.dup()]

    async def hand_on(self) -> None:
        """Accept nothing more, answer those who have come in, then stop."""
        for server in getattr(self._server, "servers", []):
            server.close()
        for _ in range(round(ASKING_S / LOOK_S)):  # for those who connected and ask in a moment
            asking = [getattr(one, "cycle", one) for one in self._server.server_state.connections]
            if None not in asking:
                break
            await asyncio.sleep(LOOK_S)
        await self.stop()

    async def start(self, host: str, port: int, handed: socket.socket | None = None) -> int:
        """Listen, or go on where ``handed`` listens; returns the port.

        Raises ConfigError when it is in use.
        """
        listening = handed or bind(host, port)
        self._listening = listening
        bound: int = listening.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([listening]), name="http")
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)
        if self._task.done():
            await self._task
            raise ConfigError(f"the HTTP server on {host}:{bound} did not start; see the log")
        return bound

    async def stop(self) -> None:
        """Answer what is being answered, then close; harmless when it never started."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises ConfigError saying what to do when the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: only then does asyncio send small answers at once (TCP_NODELAY).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot serve HTTP on {host}:{port}: {error.strerror or error}; stop what uses it, "
            "or choose another with --http HOST:PORT"
        ) from None
    return listening
