"""What ``ohmstead replay`` and ``ohmstead demo`` ask of the runner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Which sessions to replay, and how."""

    source: str  # a file, or "generated"
    format: str = ""  # epfl, acn, norway, generic; empty: told by the file's name
    limit: int = 0  # sessions; 0: all
    speed: int = 0  # times real time; 0: as fast as the machine can
    protocol: str = "mixed"  # 1.6, 2.0.1 or mixed
    seed: str = "ohmstead"
    directory: Path | None = None  # None: a folder that is removed in the end
    http: str = "127.0.0.1:0"
    ocpp: str = "127.0.0.1:0"
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """``once`` ends by itself, checks everything, and binds port 0."""

    once: bool = False
    http: str = "127.0.0.1:8080"
    ocpp: str = "127.0.0.1:9000"
    seed: str = "ohmstead"
    directory: Path | None = None
    as_json: bool = False
