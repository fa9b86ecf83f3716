"""What of a configuration changes while the house runs."""

from __future__ import annotations

from ohmstead.apps.boot import House
from ohmstead.apps.config import Config
from ohmstead.frozen import Frozen


class Reloaded(Frozen):
    """What a reload did: keys that hold from now on, and those that wait for a restart."""

    config: Config
    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def reload(house: House, old: Config, new: Config) -> Reloaded:
    """Take over what can be."""
    return Reloaded(old)
