"""Files of a virtual station: it fetches and brings them, by links that a house like ours gave.

Any other address only stands for a file: a virtual station talks to nobody but its CSMS.
"""

from __future__ import annotations

import asyncio
import ftplib
import io
import re
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

TIMEOUT_S = 60
FAILS = "fail"  # an address with this in it cannot be reached
LINK = re.compile(
    r"https?://[^/]+(?:/.*)?/files/[0-9a-f]{12}/[0-9a-f]{32}/.*|ftps?://[0-9a-f]{12}:[0-9a-f]{32}@.*"
)


def is_link(url: str) -> bool:
    """Whether it is a link of a house like ours."""
    return LINK.fullmatch(url) is not None


async def fetch(url: str, context: ssl.SSLContext | None) -> int | None:
    """Fetch a file and throw it away; returns its length, None if it could not be had."""
    place = urlsplit(url)
    try:
        if place.scheme.startswith("ftp"):
            return await asyncio.to_thread(_ftp_fetch, place, context)
        count = 0
        async with (
            _client(context) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                return None
            async for block in response.aiter_bytes():
                count += len(block)
        return count
    except (httpx.HTTPError, OSError, EOFError, ftplib.Error):
        return None


async def bring(url: str, name: str, content: bytes, context: ssl.SSLContext | None) -> bool:
    """Bring a file; returns whether it was taken."""
    place = urlsplit(url)
    try:
        if place.scheme.startswith("ftp"):
            return await asyncio.to_thread(_ftp_bring, place, name, content, context)
        async with _client(context) as client:
            response = await client.put(f"{url}{name}", content=content)
        return response.is_success
    except (httpx.HTTPError, OSError, EOFError, ftplib.Error):
        return False


def _client(context: ssl.SSLContext | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, verify=context or True)


def _ftp(place: SplitResult, context: ssl.SSLContext | None) -> ftplib.FTP:
    ftp = ftplib.FTP(timeout=TIMEOUT_S)
    if place.scheme == "ftps":
        ftp = ftplib.FTP_TLS(timeout=TIMEOUT_S, context=context or ssl.create_default_context())
    ftp.connect(place.hostname or "", place.port or ftplib.FTP_PORT)
    ftp.login(unquote(place.username or ""), unquote(place.password or ""))
    if isinstance(ftp, ftplib.FTP_TLS):
        ftp.prot_p()
    return ftp


def _ftp_fetch(place: SplitResult, context: ssl.SSLContext | None) -> int:
    counts: list[int] = []
    with _ftp(place, context) as ftp:
        ftp.retrbinary(f"RETR {place.path.lstrip('/')}", lambda block: counts.append(len(block)))
    return sum(counts)


def _ftp_bring(
    place: SplitResult, name: str, content: bytes, context: ssl.SSLContext | None
) -> bool:
    with _ftp(place, context) as ftp:
        return ftp.storbinary(f"STOR {name}", io.BytesIO(content)).startswith("226")
