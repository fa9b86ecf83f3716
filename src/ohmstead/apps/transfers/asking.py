"""One POST whose answer matters: as a webhook is told, and a little of the body is read."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence

from ohmstead.apps.operations.posting import (
    STATUS,
    Address,
    Network,
    NotPosted,
    Target,
    asked,
    resolve,
    target_of,
)

HEAD_BYTES_MAX = 16 << 10
ANSWER_BYTES_MAX = 32 << 10
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


async def ask(
    url: str, headers: Mapping[str, str], body: bytes, allowed: Sequence[Network]
) -> bytes:
    """POST a JSON body; returns that of the 2xx answer. Raises NotPosted for everything else.

    It has no time limit of its own: whoever asks has one.
    """
    target = target_of(url)
    try:
        return await _exchange(target, await resolve(target, allowed), headers, body)
    except ssl.SSLError as error:
        raise NotPosted(f"{target.host}: TLS failed: {error.reason or error}") from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise NotPosted(f"{target.host}: the connection failed: {type(error).__name__}") from None


async def _exchange(
    target: Target, address: Address, headers: Mapping[str, str], body: bytes
) -> bytes:
    fields = {"Accept": "application/json", **headers}
    async with asked(target, address, fields, body, HEAD_BYTES_MAX) as reader:
        said = await reader.readuntil(b"\r\n\r\n")
        match = STATUS.match(said)
        if match is None:
            raise NotPosted(f"{target.host} did not answer in HTTP")
        if not match[1].startswith(b"2"):
            raise NotPosted(f"{target.host} answered {match[1].decode()}")
        return await _body(reader, said, target)


async def _body(reader: asyncio.StreamReader, head: bytes, target: Target) -> bytes:
    """RFC 9112 section 6.3: chunked, of a stated length, or all until the connection ends."""
    if _CHUNKED.search(head):
        return await _chunks(reader, target)
    stated = _LENGTH.search(head)
    if stated is not None:
        _bounded(int(stated[1]), target)
        return await reader.readexactly(int(stated[1]))
    found = b""
    while part := await reader.read(ANSWER_BYTES_MAX):
        found += part
        _bounded(len(found), target)
    return found


async def _chunks(reader: asyncio.StreamReader, target: Target) -> bytes:
    found = b""
    while True:
        line = _CHUNK.fullmatch(await reader.readuntil(b"\r\n"))
        if line is None:
            raise NotPosted(f"{target.host} sent a chunk without a size")
        size = int(line[1], 16)
        _bounded(len(found) + size, target)
        if not size:
            return found
        found += await reader.readexactly(size)
        await reader.readexactly(2)


def _bounded(size: int, target: Target) -> None:
    if size > ANSWER_BYTES_MAX:
        raise NotPosted(f"{target.host} answered more than {ANSWER_BYTES_MAX} bytes")
