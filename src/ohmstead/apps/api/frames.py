"""``GET /stations/{id}/frames``: what was on the wire, without its secrets.

Masking happens here, when somebody looks: see :mod:`ohmstead.apps.gateway.wirelog`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.stations import station_of
from ohmstead.apps.gateway.closing import monotonic_ms
from ohmstead.apps.gateway.wirelog import NOTE, WATCHED_FRAMES_MAX, Cut, Kept, size_of
from ohmstead.apps.stations.commanding.masking import MASK, masked
from ohmstead.core.access import Scope

SEES = scopes(Scope.HOST)
HIDDEN = "(not JSON, and it may hold a secret: not shown)"
# Up to where the payload begins, nothing of which is shown of a frame that was cut.
_HEAD = re.compile(rb'\s*\[\s*[0-9]\s*,\s*"[^"\\]*"\s*,(?:\s*"[^"\\]*"\s*,)?')
_SECRET = re.compile(r"key|passw|secret|pin|credential", re.IGNORECASE)
# In what is not JSON, a value may be a secret whose name has not come yet.
_SUSPECT = re.compile(r"key|passw|secret|pin|credential|value|://", re.IGNORECASE)
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")

After = Annotated[int, QueryParameter(ge=0, description="Only frames newer than this number.")]


class FrameView(shapes.View, frozen=True):
    """A frame, or a note of the gateway's; ``direction`` is in, out or note.

    ``text`` is the frame without its secrets; of a long one that was not kept whole, ``is_cut``,
    only what stands before the payload.
    """

    number: int
    at: str
    direction: str
    bytes: int
    text: str
    is_cut: bool


class FramesView(shapes.View, frozen=True):
    """The oldest first; ask again with ``after`` = ``next``."""

    station: str
    is_connected: bool
    next: int
    frames: list[FrameView]


@get("/stations/{station_id:str}/frames", opt=SEES)
async def list_frames(
    house: TheHouse, station_id: FromPath[str], after: FromQuery[After] = 0
) -> FramesView:
    """The last frames on a station's wire, secrets masked.

    Of every station the last 6 are kept; asking keeps the last 200 of this one for ten minutes.
    The last five refused log-ins stay, however much came since; such an old one has number 0.
    """
    station_of(house, station_id)
    log = house.gateway.wire.watched(station_id)
    ago_ms = house.clock.now_ms() - monotonic_ms()
    first = log.count - len(log.frames) + 1
    numbered = list(enumerate(log.frames, first))[-WATCHED_FRAMES_MAX:]
    if not after:  # of long ago, and of no number any more
        numbered = [(0, kept) for kept in log.outlasting()] + numbered
    return FramesView(
        station=station_id,
        is_connected=house.gateway.link(station_id) is not None,
        next=log.count,
        frames=[view(n, kept, ago_ms) for n, kept in numbered if n > after or not after],
    )


def view(number: int, kept: Kept, ago_ms: int) -> FrameView:
    """One frame; ``ago_ms`` turns the machine's monotonic time into the network's."""
    at_ms, direction, data = kept
    return FrameView(
        number=number,
        at=views.moment(at_ms + ago_ms) or "",
        direction=direction,
        bytes=data.size if isinstance(data, Cut) else size_of(data),
        text=data if isinstance(data, str) and direction == NOTE else shown(data),
        is_cut=isinstance(data, Cut),
    )


def shown(data: bytes | Cut | str) -> str:
    """A frame as text, without its secrets; what cannot be read must not name any."""
    if isinstance(data, Cut):
        head = _HEAD.match(data.head)
        return f"{head[0].decode('utf-8', 'replace') if head else ''} ..."
    if isinstance(data, str):
        return data
    try:
        return masked(_ENCODER.encode(_hide(_DECODER.decode(data))))
    except (ValueError, RecursionError):
        text = data.decode("utf-8", "replace")
        return HIDDEN if _SUSPECT.search(text) else text


def _hide(value: Any) -> Any:
    """What stands deeper than a configuration key: reported values, and JSON inside of text."""
    if isinstance(value, list):
        return [_hide(item) for item in value]
    if not isinstance(value, dict):
        return value
    variable = value.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else None
    is_secret = isinstance(name, str) and _SECRET.search(name)
    return {
        key: MASK
        if (key == "variableAttribute" and is_secret)
        or (key == "data" and isinstance(member, str) and _SECRET.search(member))
        else _hide(member)
        for key, member in value.items()
    }


HANDLERS = (list_frames,)
