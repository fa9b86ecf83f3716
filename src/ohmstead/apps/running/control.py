"""``DIR/control.sock``: what other processes of this user ask of the running house.

One JSON document for each message, and with it listening sockets (SCM_RIGHTS, unix(7)). Only the
user of the house, who can stop it anyway, can open the socket; nothing secret is said on it.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import structlog

from ohmstead.apps.running.handing import NOTHING, Handed
from ohmstead.errors import OperatorError

NAME = "control.sock"
MESSAGE_BYTES_MAX = 64 << 10
SOCKETS_MAX = 32
CONVERSATIONS_MAX = 8
ADDRESS_BYTES_MAX = 100  # sun_path holds 108
HEAR_S = 5.0

Answer = Callable[["Conversation", dict[str, Any]], Awaitable[None]]

log = structlog.get_logger()


class Conversation:
    """One connection; either end. Its socket does not block."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection

    async def say(self, message: dict[str, Any], handed: Handed = NOTHING) -> None:
        """Send a message and sockets; raises OSError when the other end is gone."""
        flat = [(name, one.fileno()) for name, sockets in handed.items() for one in sockets]
        body = json.dumps({**message, "sockets": [name for name, _ in flat]}).encode() + b"\n"
        if flat:
            rights = array.array("i", [fd for _, fd in flat])
            sent = self._connection.sendmsg(
                [body], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
            )
            body = body[sent:]
        await asyncio.get_running_loop().sock_sendall(self._connection, body)

    async def hear(self, timeout_s: float = HEAR_S) -> tuple[dict[str, Any], Handed] | None:
        """Return the next message and its sockets; None when the other end is gone or silent."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._hear()
        except (OSError, ValueError, TimeoutError):
            return None

    async def _hear(self) -> tuple[dict[str, Any], Handed] | None:
        data, fds = b"", list[int]()
        while not data.endswith(b"\n"):
            await _readable(self._connection)
            room = MESSAGE_BYTES_MAX - len(data)
            part, rights, _, _ = socket.recv_fds(self._connection, room, SOCKETS_MAX)
            fds += rights
            data += part
            if not part:
                break
        handed: dict[str, list[socket.socket]] = {}
        try:
            message = json.loads(data)
            names = message.pop("sockets") if isinstance(message, dict) else None
            if not isinstance(names, list) or len(names) != len(fds):
                raise ValueError("no message of ours")
        except (ValueError, KeyError):
            for fd in fds:
                os.close(fd)
            return None
        for name, fd in zip(names, fds, strict=True):
            handed.setdefault(str(name), []).append(socket.socket(fileno=fd))
        return message, handed

    def close(self) -> None:
        self._connection.close()


async def _readable(connection: socket.socket) -> None:
    """Wait until there is something to read; the loop's own calls know no SCM_RIGHTS."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)


class Control:
    """The end that belongs to the running house."""

    def __init__(self, directory: Path, answer: Answer) -> None:
        self._directory = directory
        self._answer = answer
        self._accepting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Listen; whoever holds the store may remove what an earlier process left."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            (self._directory / NAME).unlink(missing_ok=True)
            with _address(self._directory) as address:
                listening.bind(address)
            (self._directory / NAME).chmod(0o600)
            listening.listen(CONVERSATIONS_MAX)
            listening.setblocking(False)
        except OSError as error:
            listening.close()
            log.warning("no control socket: restart and reload by signals only", reason=str(error))
            return
        self._accepting = asyncio.create_task(self._accept(listening))

    def close(self) -> None:
        """Hear nobody more; a conversation that is under way goes on."""
        if self._accepting is not None:
            with contextlib.suppress(OSError):
                (self._directory / NAME).unlink(missing_ok=True)
            self._accepting.cancel()
            self._accepting = None

    async def end(self, patience_s: float = 2.0) -> None:
        """Close, and end what is still under way after so long."""
        self.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        try:
            while True:
                await _readable(listening)
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    connection, _ = listening.accept()
                    self._do(self._serve(Conversation(connection)))
        finally:
            listening.close()

    async def _serve(self, conversation: Conversation) -> None:
        try:
            heard = await conversation.hear()
            if heard is not None:
                await self._answer(conversation, heard[0])
        except OSError:
            log.debug("a control conversation ended early")
        except Exception as error:
            log.error("a control conversation failed", exc_info=error)
        finally:
            conversation.close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def reach(directory: Path) -> Conversation:
    """Speak to the house that runs in a folder; raises OperatorError when there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(directory) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise OperatorError(
            f"no house runs in {directory.absolute()}; start it with `ohmstead up --dir "
            f"{directory}`, or name its folder with --dir"
        ) from None
    return Conversation(connection)


@contextlib.contextmanager
def _address(directory: Path) -> Iterator[str]:
    """A path that the kernel takes: one of a deep folder goes by the folder's descriptor."""
    path = str(directory / NAME)
    if len(os.fsencode(path)) <= ADDRESS_BYTES_MAX:
        yield path
        return
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)
