"""``ohmstead station quarantine``: what a station said that is no part of any session's record."""

from __future__ import annotations

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.common import HERE, Dir, Json, Key, say, say_json
from ohmstead.apps.cli.stations import StationId


def list_quarantine(
    station_id: StationId, directory: Dir = HERE, key: Key = "", as_json: Json = False
) -> None:
    """What was kept of a station besides its sessions, as it came; the newest first."""
    found = Api(directory, key).all(f"/stations/{part(station_id)}/quarantine")
    found.sort(key=lambda one: one["received"] or "", reverse=True)
    if as_json:
        say_json(found)
        return
    if not found:
        say(f"Nothing of {station_id} is in quarantine.")
    for one in found:
        about = [f"{name} {one[name]}" for name in ("transaction", "session") if one[name]]
        words = [one["received"] or "-", one["action"] or "signed record", one["reason"], *about]
        say(_shown("  ".join(words)), "bold")
        for line in (one["refusal"], one["payload"]):
            if line:
                say(f"  {_shown(line)}")


def _shown(text: str) -> str:
    """The text without what would move a terminal's cursor."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)
