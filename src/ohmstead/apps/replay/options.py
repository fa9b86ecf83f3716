"""What the command line asks of a replay."""

from __future__ import annotations

from pathlib import Path

from ohmstead.frozen import Frozen


class ReplayOptions(Frozen):
    """``ohmstead replay``; ``limit`` 0 is all sessions, ``speed`` 0 as fast as can be."""

    source: str  # a file's path, or "generated"
    format: str
    limit: int
    speed: int
    protocol: str
    seed: str
    directory: Path | None  # None: a folder that is gone afterwards
    http: str
    ocpp: str
    as_json: bool


class DemoOptions(Frozen):
    """``ohmstead demo``; ``once`` ends by itself."""

    once: bool
    http: str
    ocpp: str
    seed: str
    directory: Path | None
    as_json: bool
