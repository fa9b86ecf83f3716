"""What names a person in the last frames of each station, which are in memory only."""

from __future__ import annotations

from typing import Any

import msgspec

from ohmstead.apps.gateway.wirelog import WireLogs
from ohmstead.apps.stations.commanding.masking import masked
from ohmstead.core.person import Names, exact, excerpts, in_text


def frames_of(wires: WireLogs, names: Names) -> dict[str, list[Any]]:
    """By station, each frame that names the person: the parts that do."""
    found: dict[str, list[Any]] = {}
    for station_id, wire in wires.all():
        for _, direction, data in list(wire.frames):
            if is_named(data, names):
                part = _part_of_frame(data, names)
                found.setdefault(station_id, []).append({"direction": direction, **part})
    return found


def _part_of_frame(data: object, names: Names) -> dict[str, Any]:
    if not isinstance(data, bytes):
        return {"named": "at the beginning of a long frame, of which no more is kept"}
    try:
        frame = msgspec.json.decode(masked(data))
    except msgspec.MsgspecError:
        return {"named": "in a frame that is no JSON"}
    return {"named": [{"at": path, "value": value} for path, value in excerpts(frame, names)]}


def is_named(data: object, names: Names) -> bool:
    """Whether a frame has a name of the person in it."""
    raw = getattr(data, "head", data)
    if not isinstance(raw, bytes):
        return False
    text = raw.decode("utf-8", "replace")
    return in_text(text, names) != text or any(
        exact(part, names) != part for part in text.split('"')
    )
