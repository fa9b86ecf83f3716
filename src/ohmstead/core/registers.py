"""Which of a meter's registers a session is billed by.

A record may hold several registers (import and export, energy and time). Registers are named by
OBIS codes ``A-B:C.D.E*F`` in many spellings, or by OCPP measurands where no meter signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ohmstead.core.meter import Reading

_OBIS_C = re.compile(r":0*([0-9A-F]+)\.")
# IEC 62056-6-1: C = 1 is active energy taken, 2 given back. OCMF reserves B0 to B3 for what a
# charging station gives a vehicle and C0 to C3 for what it takes; the odd ones allow for the cable
# and 2, 3 start at zero with each transaction.
_IMPORT = frozenset({"1", "B0", "B1", "B2", "B3"})
_EXPORT = frozenset({"2", "C0", "C1", "C2", "C3"})
_PER_TRANSACTION = frozenset({"B2", "B3", "C2", "C3"})


def billed_register(readings: Sequence[Reading]) -> str | None:
    """Return the register a session is billed by; None where none or more than one could be.

    It has a begin and an end and is no export. A register of active import is taken before one
    whose meaning only its maker knows; between two of a kind nobody guesses: review decides.
    """
    begun = {reading.register for reading in readings if reading.begins}
    ended = {reading.register for reading in readings if reading.ends}
    usable = [name for name in begun & ended if not _is_export(name)]
    known = [name for name in usable if _quantity(name) in _IMPORT]
    best = known or usable
    return best[0] if len(best) == 1 else None


def is_transaction_register(register: str) -> bool:
    """Return whether a register starts anew with each session, so that no session continues the
    one before. ``*198`` is how meters name the copy they reset for a transaction."""
    return register.endswith("*198") or _quantity(register) in _PER_TRANSACTION


def _quantity(register: str) -> str:
    """Return group C without leading zeros, "" where the name is no OBIS code."""
    found = _OBIS_C.search(register.upper())
    return found[1] if found else ""


def _is_export(register: str) -> bool:
    return _quantity(register) in _EXPORT or ".Export." in register
