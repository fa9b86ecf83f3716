"""Two connections that both claim one station id and end each other.

The newest connection speaks for a station (behaviour 20), because a station that comes back over a
mobile network leaves a dead socket behind. Two machines with one id then throw each other out for
ever. What tells them from a station that merely reconnects: the connection that was thrown out was
alive, it answered our Close.
"""

from __future__ import annotations

from collections import OrderedDict

from ohmstead.frozen import Frozen

STATIONS_MAX = 10_000
WINDOW_MS = 600_000


class Rivalry(Frozen):
    """The last two addresses that spoke for one station, and how often they changed lately."""

    addresses: tuple[str, str]
    count: int
    since_ms: int
    last_ms: int

    @property
    def text(self) -> str:
        """The addresses for people; behind one NAT both are the same."""
        first, second = self.addresses
        return f"both from {first}" if first == second else f"from {first} and from {second}"


class Rivals:
    """Counts, for each station, the living connections that another one ended."""

    def __init__(self, stations_max: int = STATIONS_MAX) -> None:
        self._stations_max = stations_max
        self._found: OrderedDict[str, Rivalry] = OrderedDict()

    def note(self, station_id: str, thrown_out: str, by: str, now_ms: int) -> Rivalry:
        """A living connection from one address was thrown out by one from another."""
        known = self._found.pop(station_id, None)
        if known is None or now_ms - known.last_ms >= WINDOW_MS:
            known = Rivalry((thrown_out, by), 0, now_ms, now_ms)
        rivalry = Rivalry((thrown_out, by), known.count + 1, known.since_ms, now_ms)
        self._found[station_id] = rivalry
        if len(self._found) > self._stations_max:
            self._found.popitem(last=False)
        return rivalry

    def of(self, station_id: str, now_ms: int) -> Rivalry | None:
        """What there was in the last ten minutes."""
        found = self._found.get(station_id)
        return found if found is not None and now_ms - found.last_ms < WINDOW_MS else None
