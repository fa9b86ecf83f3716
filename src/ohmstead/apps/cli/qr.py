"""What an installer scans instead of typing: a station's address with its log-in, as a QR code."""

from __future__ import annotations

import io
import os
import sys
from urllib.parse import quote

import segno

ERROR_LEVEL = "m"  # 15 % of the code may be lost to glare


def access_url(url: str, station_id: str, password: str) -> str:
    """Put the log-in of security profile 1 or 2 into a station's URL (RFC 3986, 3.2.1)."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{quote(station_id, safe='')}:{quote(password, safe='')}@{rest}"


def qr_lines(text: str) -> str:
    """A QR code in half blocks, dark modules as blanks: for a terminal with a dark background."""
    out = io.StringIO()
    segno.make(text, error=ERROR_LEVEL, micro=False).terminal(out, compact=True)
    return out.getvalue().rstrip("\n")


def can_show() -> bool:
    """Whether somebody looks at the output, on a screen that knows the blocks."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return os.isatty(1) and encoding.startswith("utf")
