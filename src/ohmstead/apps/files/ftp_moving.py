"""RETR and STOR of one ticket's file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aioftp.common import ThrottleStreamIO

from ohmstead.apps.files.door import Fetch, Refused, Why
from ohmstead.apps.files.folders import DiskFull, TooLarge
from ohmstead.apps.files.receiving import IDLE_S, CutShort, TooSlow, plain_name, receiving
from ohmstead.errors import OhmsteadError, StoreUnavailable

if TYPE_CHECKING:
    from ohmstead.apps.files.ftp import FtpServer

DATA_S = 20  # from 150 to the data connection
BLOCK = 64 << 10
# Whoever dies closes both connections at once; the end of the data alone looks like a whole file.
LAST_LOOK_S = 0.2
CODES = {Why.BUSY: "450", Why.FROZEN: "450"}


async def size(server: FtpServer, connection: Any, name: str) -> None:
    """SIZE of the file that may be fetched."""
    if server.guest(connection).ticket is None:
        connection.response("530", "log in first")
        return
    fetch = await _fetch(server, connection, name)
    if fetch is not None:
        connection.response("213", str(fetch.bytes))


async def retrieve(server: FtpServer, connection: Any, name: str) -> None:
    """Send the file, from where REST said."""
    guest = server.guest(connection)
    offset, guest.offset = guest.offset, 0
    fetch = await _fetch(server, connection, name)
    if fetch is None:
        return
    try:
        file = await asyncio.to_thread(fetch.path.open, "rb")
    except OSError:
        connection.response("550", "this file is missing here; tell the operator")
        return
    with file:
        connection.response("150", f"{fetch.bytes - min(offset, fetch.bytes)} bytes")
        stream = await _data_stream(connection)
        if stream is None:
            return
        try:
            file.seek(min(offset, fetch.bytes))
            while data := await asyncio.to_thread(file.read, BLOCK):
                await stream.write(data)
            await _close(stream)
            connection.response("226", "whole")
        except (OSError, TimeoutError):
            connection.response("426", "the data connection broke off; go on with REST")
        finally:
            stream.close()


async def store(server: FtpServer, connection: Any, name: str) -> None:
    """Take the file; what is not whole leaves nothing."""
    guest = server.guest(connection)
    offset, guest.offset = guest.offset, 0
    if offset:
        connection.response("554", "an upload begins anew; send it without REST")
        return
    plain = not guest.secured
    try:
        bring = await server.bridge.begin(guest.login, guest.password, guest.address, plain)
    except Refused as error:
        connection.response(CODES.get(error.why, "550"), str(error))
        return
    except OhmsteadError:
        connection.response("451", "nothing can be stored now; try again later")
        return
    stream = None
    try:
        async with receiving(server.bridge, bring) as reception:
            connection.response("150", "send it")
            stream = await _data_stream(connection)
            if stream is None:
                return
            left_s = max(1.0, (bring.deadline_ms - server.bridge.now_ms()) / 1_000)
            async with asyncio.timeout(left_s):
                while data := await stream.read(BLOCK):
                    await reception.write(data)
            await asyncio.sleep(LAST_LOOK_S)
            if connection.command_connection.reader.at_eof():
                raise CutShort("the control connection is gone")
            await reception.keep(plain_name(name))
        connection.response("226", "received")
    except Exception as error:
        connection.response(*_said_of(error))
    finally:
        if stream is not None:
            stream.close()


def _said_of(error: Exception) -> tuple[str, str]:
    """The answer to an upload that failed."""
    match error:
        case TooLarge():
            return "552", str(error)
        case DiskFull():
            return "452", "there is no room for this file now; try again later"
        case StoreUnavailable():
            return "451", "nothing can be stored now; try again later"
        case TooSlow() | TimeoutError():
            return "426", f"too slow: nothing came for {IDLE_S} s, or too little; try again"
        case CutShort() | OSError():
            return "426", f"not whole: {error}"
    raise error


async def _fetch(server: FtpServer, connection: Any, name: str) -> Fetch | None:
    guest = server.guest(connection)
    try:
        fetch = await server.bridge.fetch(
            guest.login, guest.password, guest.address, not guest.secured
        )
    except Refused as error:
        connection.response(CODES.get(error.why, "550"), str(error))
        return None
    except OhmsteadError:
        connection.response("451", "nothing can be read now; try again later")
        return None
    if plain_name(name) != fetch.name:
        connection.response("550", "there is one file here, and it has another name")
        return None
    return fetch


async def _close(stream: Any) -> None:
    """Close, and see that the last bytes left."""
    stream.writer.close()
    async with asyncio.timeout(IDLE_S):
        await stream.writer.wait_closed()


async def _data_stream(connection: Any) -> ThrottleStreamIO | None:
    """The data connection, once it is there; None where it does not come."""
    try:
        async with asyncio.timeout(DATA_S):
            stream: ThrottleStreamIO = await asyncio.shield(connection.future.data_connection)
    except TimeoutError:
        connection.response("425", "no data connection came")
        return None
    del connection.data_connection
    return stream
