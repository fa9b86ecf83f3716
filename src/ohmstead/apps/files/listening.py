"""The HTTP listeners: uvicorn, with an end for who connects and says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ohmstead.errors import ConfigError

BACKLOG = 512
HEADERS_S = 20  # from the connection, or the last answer, to the next whole request
DRAIN_S = 2


class Patient(H11Protocol):
    """HTTP/1.1 for strangers: few connections, and each has to say something soon."""

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait, or refuse one too many."""
        limit = self.config.limit_concurrency
        if limit is not None and len(self.connections) >= limit:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        if self._hurry is not None:
            self._hurry.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A whole request ends the waiting; parts of one do not."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete and self._hurry is not None:
            self._hurry.cancel()

    def on_response_complete(self) -> None:
        """The next request is waited for as the first one was."""
        super().on_response_complete()
        self._wait()

    def _wait(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
        self._hurry = self.loop.call_later(HEADERS_S, self.transport.close)


class Listener(uvicorn.Server):
    """One listening socket; whoever runs the house handles its signals."""

    def __init__(
        self, app: Any, listening: socket.socket, context: ssl.SSLContext | None, limit: int
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http=Patient,
            ws="none",
            interface="asgi3",
            lifespan="off",
            access_log=False,  # a path holds a secret
            log_config=None,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=limit,
            timeout_keep_alive=HEADERS_S,
            timeout_graceful_shutdown=DRAIN_S,
        )
        config.load()
        config.ssl = context
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_here(self) -> None:
        """Serve until ``should_exit``."""
        await self.serve([self._listening])


def listen(host: str, port: int, key: str) -> socket.socket:
    """A listening socket; raises ConfigError that names ``key``, its place in network.toml."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot serve files on {host}:{port}: {error.strerror or error}; stop what uses it, "
            f"or choose another address in {key} of network.toml"
        ) from None
    return listening
