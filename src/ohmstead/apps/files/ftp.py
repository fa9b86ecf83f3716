"""Files over FTP and FTPS, for stations that know nothing newer.

aioftp carries the control connection, its queue of answers and its passive mode (decision 0018);
here is what one ticket may do: log in, and move its own file. There is no directory, no listing, no
active mode, and of a path that a station names only the last part is looked at.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import aioftp
from aioftp.common import StreamIO

from ohmstead.apps.config import FtpConfig, port_range
from ohmstead.apps.files import ftp_moving
from ohmstead.apps.files.bridge import Bridge
from ohmstead.apps.files.door import Refused
from ohmstead.apps.files.receiving import IDLE_S
from ohmstead.core.files import Protocol, Ticket
from ohmstead.errors import OhmsteadError

LOGIN_S = 30  # from the connection to a password that fits
COMMANDS_MAX = 500  # of one connection; a transfer takes about ten
PASSWORDS_MAX = 3  # of one connection
PORT_TRIES = 20
HANDSHAKE_S = 20
FEATURES = ("EPSV", "PASV", "REST STREAM", "SIZE", "UTF8")

# It writes every connection that is closed down as an error, with a traceback.
logging.getLogger("aioftp").setLevel(logging.CRITICAL)

Command = Callable[[Any, str], Awaitable[bool]]


@dataclass(slots=True)
class Guest:
    """What is known of one control connection."""

    address: str
    secured: bool  # by TLS
    login: str = ""
    password: str = ""
    ticket: Ticket | None = None
    passwords: int = 0
    commands: int = 0
    private: bool = False  # PROT P: data connections, too
    offset: int = 0  # REST


class FtpServer(aioftp.Server):
    """One listener. ``context``: TLS may be asked for with AUTH TLS, or begins (``implicit``)."""

    def __init__(
        self,
        bridge: Bridge,
        config: FtpConfig,
        context: ssl.SSLContext | None,
        implicit: bool = False,
    ) -> None:
        super().__init__(
            [],
            socket_timeout=IDLE_S,
            idle_timeout=IDLE_S,
            wait_future_timeout=ftp_moving.DATA_S,
            maximum_connections=config.connections_max,
            ipv4_pasv_forced_response_address=config.masquerade or None,
            welcome_message="files for charging stations",
        )
        self.bridge = bridge
        self.context = context if implicit or config.tls != "none" else None
        self._implicit = implicit
        self.must_secure = config.tls == "required"
        self._ports = port_range(config.passive_ports)
        self._guests: dict[Any, Guest] = {}
        own: dict[str, Command] = {
            "feat": self._feat,
            "size": self._size,
            "pbsz": self._pbsz,
            "prot": self._prot,
            "cwd": self._cwd,
            "rest": self._rest,
            "retr": self._retr,
            "stor": self._stor,
            "appe": self._stor,
            "user": self._user,
            "pass": self._pass,
        }
        said = {"noop": "200", "opts": "200", "type": "200", "mode": "200", "stru": "200"}
        said |= {"allo": "202", "pwd": "257", "syst": "215"}
        said |= dict.fromkeys(("list", "nlst", "mlsd", "mlst", "port", "eprt"), "502")
        texts = {"257": '"/"', "215": "UNIX Type: L8", "502": "not here: passive mode, one file"}
        kept = {name: self.commands_mapping[name] for name in ("pasv", "epsv", "quit", "abor")}
        for name, code in said.items():
            own[name] = _answers(code, texts.get(code, "fine"))
        self.commands_mapping = {**kept, **own}

    async def serve_on(self, listening: socket.socket) -> None:
        """Begin to serve on a socket that listens."""
        self._start_server_extra_arguments = {}
        self.connections = {}
        self.server_host, self.server_port = listening.getsockname()[:2]
        if self._implicit:
            self.server = await asyncio.start_server(
                self.dispatcher,
                sock=listening,
                ssl=self.context,
                ssl_handshake_timeout=HANDSHAKE_S,
            )
        else:
            self.server = await asyncio.start_server(self.dispatcher, sock=listening)

    # The control connection.

    async def greeting(self, connection: Any, rest: Any) -> bool:
        """Welcome, and give it a moment to log in."""
        stream = connection.command_connection
        secured = self._implicit
        guest = Guest(connection.client_host, secured, private=secured)
        self._guests[stream] = guest

        def hurry() -> None:
            if guest.ticket is None:
                stream.close()

        asyncio.get_running_loop().call_later(LOGIN_S, hurry)
        return await super().greeting(connection, rest)

    async def dispatcher(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The whole life of a control connection."""
        try:
            await super().dispatcher(reader, writer)
        except asyncio.CancelledError:
            return  # the house stops; asyncio would report the end of this task as an error
        finally:
            for stream in [one for one in self._guests if one.writer is writer]:
                del self._guests[stream]

    async def parse_command(
        self, stream: StreamIO, censor_commands: tuple[str] = ("pass",)
    ) -> tuple[str, str]:
        """The next command. AUTH TLS is carried out here, before another line is read.

        What came in clear behind it was not said under TLS, so it ends the connection (RFC 4217,
        15.1: nothing may be injected).
        """
        while True:
            try:
                command, rest = await super().parse_command(stream, censor_commands)
            except TimeoutError:
                connection = self.connections.get(stream)
                if connection is not None and connection.extra_workers:
                    continue  # the data connection is busy
                raise
            guest = self._guests[stream]
            guest.commands += 1
            if guest.commands > COMMANDS_MAX:
                raise ConnectionResetError
            if command != "auth":
                return command, rest
            if self.context is None or guest.secured or rest.upper() not in ("TLS", "SSL", "TLS-C"):
                await self.write_response(stream, "504", "not here: AUTH TLS, once, where offered")
                continue
            await self._secure(stream, self.context)
            guest.secured = True

    async def _secure(self, stream: StreamIO, context: ssl.SSLContext) -> None:
        """Begin TLS: no byte that comes after our word is read as anything else."""
        if getattr(stream.reader, "_buffer", b""):
            raise ConnectionResetError
        transport = stream.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        stream.writer.write(b"234 begin\r\n")
        await stream.writer.start_tls(context, ssl_handshake_timeout=HANDSHAKE_S)

    async def _user(self, connection: Any, rest: str) -> bool:
        guest = self.guest(connection)
        if self.must_secure and not guest.secured:
            connection.response("530", "begin with AUTH TLS")
            return True
        guest.login, guest.ticket = rest[:64], None
        connection.response("331", "password")
        return True

    async def _pass(self, connection: Any, rest: str) -> bool:
        guest = self.guest(connection)
        guest.passwords += 1
        try:
            guest.ticket = await self.bridge.ticket(
                guest.login, rest[:128], guest.address, not guest.secured
            )
        except Refused as error:
            connection.response("530", str(error))
            return guest.passwords < PASSWORDS_MAX
        except OhmsteadError:
            connection.response("421", "nothing can be read now; try again later")
            return False
        guest.password = rest[:128]
        connection.logged = True  # what aioftp's own commands look for
        connection.response("230", "move your file")
        return True

    async def _feat(self, connection: Any, rest: str) -> bool:
        names = (*FEATURES, *(("AUTH TLS", "PBSZ", "PROT") if self.context else ()))
        connection.response("211", ("features", *names, "end"), True)
        return True

    async def _cwd(self, connection: Any, rest: str) -> bool:
        is_root = rest.strip("/. ") == ""
        connection.response(*(("250", "fine") if is_root else ("550", "there is no directory")))
        return True

    async def _rest(self, connection: Any, rest: str) -> bool:
        is_number = rest.isascii() and rest.isdecimal() and len(rest) <= 15
        self.guest(connection).offset = int(rest) if is_number else 0
        connection.response(*(("350", "go on") if is_number else ("501", "a number of bytes")))
        return True

    async def _pbsz(self, connection: Any, rest: str) -> bool:
        is_secured = self.guest(connection).secured
        connection.response(*(("200", "PBSZ=0") if is_secured else ("503", "first AUTH TLS")))
        return True

    async def _prot(self, connection: Any, rest: str) -> bool:
        guest = self.guest(connection)
        if not guest.secured:
            connection.response("503", "first AUTH TLS")
        elif rest.upper() not in ("P", "C"):
            connection.response("504", "P or C")
        else:
            guest.private = rest.upper() == "P"
            connection.response("200", "fine")
        return True

    # Data connections.

    def guest(self, connection: Any) -> Guest:
        """Who is behind a connection."""
        return self._guests[connection.command_connection]

    async def _start_passive_server(
        self, connection: Any, handler_callback: Callable[..., Awaitable[None]]
    ) -> asyncio.Server:
        """Listen for the data connection of whoever has the control connection, and nobody else."""
        guest = self.guest(connection)

        async def only_of(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if writer.get_extra_info("peername", ("",))[0] != guest.address:
                writer.close()
                return
            await handler_callback(reader, writer)

        first, last = self._ports
        context = self.context if guest.private else None
        ports = random.sample(range(first, last + 1), min(PORT_TRIES, last - first + 1))
        for port in ports:
            try:
                return await asyncio.start_server(
                    only_of, connection.server_host, port, ssl=context, backlog=1
                )
            except OSError:
                continue
        raise aioftp.errors.NoAvailablePort

    def may_move(self, connection: Any) -> bool:
        """Whether a transfer may begin; says why not."""
        guest = self.guest(connection)
        if guest.ticket is None:
            connection.response("530", "log in first")
        elif not connection.future.passive_server.done():
            connection.response("503", "PASV or EPSV first")
        elif guest.ticket.protocol is Protocol.FTPS and not guest.private:
            connection.response("521", "this file moves under PROT P only")
        elif connection.extra_workers:
            connection.response("503", "one file at a time")
        else:
            return True
        return False

    async def _size(self, connection: Any, rest: str) -> bool:
        await ftp_moving.size(self, connection, rest)
        return True

    async def _retr(self, connection: Any, rest: str) -> bool:
        if self.may_move(connection):
            self._begin(connection, ftp_moving.retrieve(self, connection, rest))
        return True

    async def _stor(self, connection: Any, rest: str) -> bool:
        if self.may_move(connection):
            self._begin(connection, ftp_moving.store(self, connection, rest))
        return True

    def _begin(self, connection: Any, work: Coroutine[Any, Any, None]) -> None:
        async def until_aborted() -> None:
            try:
                await work
            except asyncio.CancelledError:
                connection.response("426", "aborted")
                connection.response("226", "fine")

        connection.extra_workers.add(asyncio.create_task(until_aborted()))


def _answers(code: str, text: str) -> Command:
    async def answer(connection: Any, rest: str) -> bool:
        connection.response(code, text)
        return True

    return answer
