"""Firmware images are put on the shelf and taken off; their bytes are apps/files' matter."""

from __future__ import annotations

from ohmstead.core.files import Firmware
from ohmstead.errors import OperatorError
from ohmstead.frozen import replace
from ohmstead.ports import Decision, State

SHELF_MAX = 1_000  # images, removed ones included


def shelve(state: State, made: Firmware, now_ms: int) -> Decision[Firmware]:
    """Put a firmware on the shelf; the same bytes under the same words are there already.

    Raises OperatorError for a name that is another's, and for the same bytes with other words.
    """
    known = state.get(Firmware, made.id)
    if known is not None and not known.removed_ms:
        if replace(known, added_ms=made.added_ms) == made:
            return Decision(known)
        raise OperatorError(
            f"these bytes are on the shelf as {known.id} ({known.name} {known.version}) with other "
            "words; remove that one first"
        )
    shelf = state.find(Firmware, SHELF_MAX)
    for other in shelf:
        if other.name == made.name and not other.removed_ms:
            raise OperatorError(f"{other.id} is called {made.name} already; give another --name")
    if known is None and len(shelf) >= SHELF_MAX:
        raise OperatorError(f"the shelf holds {SHELF_MAX} firmware images; it is full")
    return Decision(made, (made,))


def unshelve(state: State, firmware_id: str, now_ms: int) -> Decision[Firmware]:
    """Take a firmware off the shelf; its record stays. Raises OperatorError for an unknown one."""
    known = state.get(Firmware, firmware_id)
    if known is None or known.removed_ms:
        raise OperatorError(f"there is no firmware {firmware_id}")
    removed = replace(known, removed_ms=now_ms)
    return Decision(removed, (removed,))
