"""Files over HTTP: GET and HEAD with ranges for firmware, PUT and POST for logs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import Message
from pathlib import Path
from typing import Any

from ohmstead.apps.files.bridge import Bridge
from ohmstead.apps.files.door import Bring, Fetch, Refused
from ohmstead.apps.files.folders import DiskFull, TooLarge
from ohmstead.apps.files.multiparts import FirstFile
from ohmstead.apps.files.receiving import IDLE_S, CutShort, TooSlow, receiving
from ohmstead.errors import StoreUnavailable

BLOCK = 256 << 10
# A proxy in front may leave a prefix of its own before it.
PLACE = re.compile(r"/files/(?P<id>[0-9a-f]{12})/(?P<secret>[0-9a-f]{32})(?:/(?P<name>.*))?")
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[str, str]


class Gone(Exception):
    """The other side went away; there is nobody to answer."""


class Web:
    """The ASGI application of the listeners."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = Answer(send)
        try:
            await self._answer(scope, receive, answer)
        except Gone:
            return
        except Refused as error:
            await answer.text(error.why.value, str(error))
        except TooLarge as error:
            await answer.text(413, str(error))
        except (TooSlow, TimeoutError):
            await answer.text(408, "too slow: nothing came for too long; try again")
        except CutShort as error:
            await answer.text(400, str(error))
        except DiskFull:
            await answer.text(507, "there is no room for this file now; try again later")
        except StoreUnavailable:
            await answer.text(503, "nothing can be stored now; try again later")

    async def _answer(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        found = PLACE.search(scope["path"])
        if found is None or len(scope["path"]) > 2_000:
            await answer.text(404, "there is nothing here; links end with /files/ID/SECRET/NAME")
            return
        who = (found["id"], found["secret"], (scope.get("client") or ("",))[0], False)
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        match scope["method"]:
            case "GET" | "HEAD":
                fetch = await self._bridge.fetch(*who)
                await _serve(fetch, headers, answer, scope["method"] == "HEAD")
            case "PUT" | "POST":
                bring = await self._bridge.begin(*who)
                await self._take(bring, headers, receive, found["name"] or "")
                await answer.text(201 if scope["method"] == "PUT" else 200, "received")
            case _:
                allow = {"allow": "GET, HEAD, PUT, POST"}
                await answer.text(405, "fetch with GET, bring with PUT or POST", allow)

    async def _take(self, bring: Bring, headers: Headers, receive: Receive, name: str) -> None:
        async with receiving(self._bridge, bring) as reception:
            length = headers.get("content-length", "")
            if length.isdecimal() and int(length) > bring.bytes_max + BLOCK:
                raise TooLarge(f"at most {bring.bytes_max} bytes are taken")
            part = _multipart(headers)
            async with asyncio.timeout(_left_s(self._bridge, bring)):
                async for data in _blocks(receive):
                    for block in part.feed(data) if part is not None else (data,):
                        await reception.write(block)
            if part is not None:
                part.end()
                name = part.name
            await reception.keep(name)


class Answer:
    """What goes back; nothing more once the headers have left."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def begin(self, status: int, headers: Headers) -> None:
        """Status line and headers."""
        self._begun = True
        pairs = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def body(self, data: bytes, more: bool = False) -> None:
        """A part of the body."""
        async with asyncio.timeout(IDLE_S):
            await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def text(self, status: int, text: str, headers: Headers | None = None) -> None:
        """A whole answer of one sentence."""
        if self._begun:
            return
        body = f"{text}\n".encode()
        said = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
        said |= {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        await self.begin(status, said | (headers or {}))
        await self.body(body)


async def _serve(fetch: Fetch, headers: Headers, answer: Answer, is_head: bool) -> None:
    tag = f'"{fetch.sha256}"'
    said = {
        "etag": tag,
        "accept-ranges": "bytes",
        "content-type": "application/octet-stream",
        "cache-control": "private",
        "x-content-type-options": "nosniff",
    }
    known = [one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        await answer.begin(304, said)
        await answer.body(b"")
        return
    first, last, status = 0, fetch.bytes - 1, 200
    if headers.get("if-range", tag) == tag and not is_head:
        asked = _range(headers.get("range", ""), fetch.bytes)
        if asked is not None and asked[0] > asked[1]:
            await answer.text(416, "no such range", {"content-range": f"bytes */{fetch.bytes}"})
            return
        if asked is not None:
            (first, last), status = asked, 206
            said["content-range"] = f"bytes {first}-{last}/{fetch.bytes}"
    said["content-length"] = str(last - first + 1)
    if is_head:
        await answer.begin(status, said)
        await answer.body(b"")
        return
    await _send_file(fetch.path, first, last + 1, status, said, answer)


async def _send_file(
    path: Path, at: int, end: int, status: int, said: Headers, answer: Answer
) -> None:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except FileNotFoundError:
        await answer.text(404, "this file is missing here; tell the operator")
        return
    with file:
        file.seek(at)
        await answer.begin(status, said)
        while at < end:
            data = await asyncio.to_thread(file.read, min(BLOCK, end - at))
            if not data:
                raise Gone  # cut on disk: a short answer is one the station does not take
            at += len(data)
            await answer.body(data, more=True)
        await answer.body(b"")


def _range(text: str, length: int) -> tuple[int, int] | None:
    """First and last byte asked for (none where they cross); None for the whole file."""
    found = RANGE.fullmatch(text.strip())
    if found is None or found[1] == found[2] == "":
        return None  # several ranges, too: whoever asks may be given the whole
    if not found[1]:
        count = min(int(found[2]), length)
        return length - count, length - 1
    return int(found[1]), min(int(found[2] or length), length - 1)


def _multipart(headers: Headers) -> FirstFile | None:
    message = Message()
    message["content-type"] = headers.get("content-type", "")
    if message.get_content_type() != "multipart/form-data":
        return None
    return FirstFile(str(message.get_boundary("")))


async def _blocks(receive: Receive) -> AsyncIterator[bytes]:
    """The body, block by block; raises Gone and TimeoutError."""
    more = True
    while more:
        async with asyncio.timeout(IDLE_S):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


def _left_s(bridge: Bridge, bring: Bring) -> float:
    return max(1.0, (bring.deadline_ms - bridge.now_ms()) / 1_000)
