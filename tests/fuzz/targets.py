"""All decoders of the house."""

from __future__ import annotations

from tests.fuzz import targets_files, targets_house, targets_pki, targets_wire
from tests.fuzz.engine import Target


def targets() -> list[Target]:
    """Every decoder, in the order of the table in docs/internals/FUZZ.md."""
    return [
        *targets_wire.targets(),
        *targets_files.targets(),
        *targets_pki.targets(),
        *targets_house.targets(),
    ]
