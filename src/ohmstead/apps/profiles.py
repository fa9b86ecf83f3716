"""The reference networks: TOML files beside the package in a clone, inside it when installed."""

from __future__ import annotations

from pathlib import Path

from ohmstead.errors import OperatorError

PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (PACKAGE / "profiles", PACKAGE.parents[1] / "profiles")


def profile_names() -> list[str]:
    """The names of the profiles there are."""
    return sorted({file.stem for place in _PLACES for file in place.glob("*.toml")})


def profile_text(name: str) -> bytes:
    """The file of a profile; raises OperatorError listing those there are."""
    names = profile_names()
    if name not in names:
        raise OperatorError(f"there is no profile {name!r}; choose one of {', '.join(names)}")
    found = (place / f"{name}.toml" for place in _PLACES)
    return next(file for file in found if file.is_file()).read_bytes()
