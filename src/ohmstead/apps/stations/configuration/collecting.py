"""Reports of a device model come in parts, in any order; what is not whole yet is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from ohmstead.core.device_model import CHARACTERS_MAX, VARIABLES_MAX, Variable

PARTS_MAX = 5_000  # of one report
REPORTS_MAX = 2  # under way at the same time, of one station
UNASKED_MAX = 30  # whole reports that a station was not asked for here, within
UNASKED_MS = 60_000


@dataclass(slots=True)
class Collecting:
    """One report; ``is_base``: it tells everything. ``kept`` is set once the whole is stored."""

    request_id: int
    is_base: bool = False
    kept: asyncio.Event = field(default_factory=asyncio.Event)
    variables: dict[str, Variable] = field(default_factory=dict)
    dropped: int = 0
    _parts: set[int] = field(default_factory=set)
    _last: int = -1
    _characters: int = 0

    @property
    def parts(self) -> int:
        """How many have come."""
        return len(self._parts)

    def add(self, part: int, is_last: bool, variables: Iterable[Variable]) -> bool:
        """Take a part; answers whether the report is whole now."""
        for one in variables:
            self._characters += len(one.name) + len(one.value or "") + len(one.values)
            if len(self.variables) >= VARIABLES_MAX or self._characters > CHARACTERS_MAX:
                self.dropped += 1
            else:
                self.variables[one.name.casefold()] = one
        if len(self._parts) < PARTS_MAX:
            self._parts.add(part)
        if is_last:
            self._last = part
        return 0 <= self._last < PARTS_MAX and self._parts.issuperset(range(self._last))


@dataclass(slots=True)
class Reports:
    """The reports that one station is giving."""

    under_way: dict[int, Collecting] = field(default_factory=dict)
    _unasked: int = 0
    _since_ms: int = 0

    def expect(self, one: Collecting) -> Collecting:
        """Wait for a report that a station was asked for."""
        self.under_way = {one.request_id: one}
        return one

    def part(
        self, request_id: int, part: int, is_last: bool, variables: list[Variable], now_ms: int
    ) -> Collecting | None:
        """Take a part; answers the report if it is whole now. Of what nobody here asked for only
        so much is taken in a minute: each costs a commit."""
        known = self.under_way.get(request_id)
        if known is None:
            others = [one for one in self.under_way.values() if not one.is_base]
            if len(self.under_way) >= REPORTS_MAX and others:
                del self.under_way[others[0].request_id]
            known = self.under_way[request_id] = Collecting(request_id)
        if not known.add(part, is_last, variables):
            return None
        del self.under_way[request_id]
        return known if known.is_base or self._has_room(now_ms) else None

    def _has_room(self, now_ms: int) -> bool:
        if now_ms - self._since_ms >= UNASKED_MS:
            self._since_ms, self._unasked = now_ms, 0
        self._unasked += 1
        return self._unasked <= UNASKED_MAX
