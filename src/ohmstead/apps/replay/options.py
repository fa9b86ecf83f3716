"""What the command line asks of a replay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReplayOptions:
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


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """``ohmstead demo``; ``once`` ends by itself."""

    once: bool
    http: str
    ocpp: str
    seed: str
    directory: Path | None
    as_json: bool
