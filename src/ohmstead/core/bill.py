"""What a session cost and why: the part of a receipt that money follows."""

from __future__ import annotations

from ohmstead.core.tariff import PriceLine, Rounding, Usage
from ohmstead.frozen import Frozen


class MeterHead(Frozen, array_like=True):
    """Where a meter's register stood when its last settled session ended."""

    meter: str  # the key's id, or ``{station}/{evse}`` of a meter that does not sign
    register: str
    mwh: int
    at_ms: int
    session_id: str
    begin_ms: int  # when that session began

    @property
    def key(self) -> str:
        return self.meter


class PageHead(Frozen, array_like=True):
    """Whose are the newest pages of a meter: every page above ``since`` that is stored is held by
    ``session_id``, whose Progress names them. So a page above all of them was never seen."""

    key_id: str
    context: str
    session_id: str
    since: int

    @property
    def key(self) -> str:
        return head_key(self.key_id, self.context)


def head_key(key_id: str, context: str) -> str:
    """The key of a meter's PageHead: each context letter counts its own pages."""
    return f"{key_id}/{context}"


class Bill(Frozen):
    """A session's energy, price and split as they were at its stop.

    ``total_minor`` is the price; ``covered_minor`` of it was held and is split over ``parts``; the
    rest is the payer's receivable. ``tier`` is ``none`` where no meter proved the energy.
    """

    session_id: str
    tier: str
    begin_mwh: int
    end_mwh: int
    begin_ms: int
    end_ms: int
    usage: Usage  # what was priced, and in which time zone
    time_zone: str
    lines: tuple[PriceLine, ...]
    adjustment_minor: int  # what the tariff's minimum added or its maximum took off
    rounding: Rounding
    total_minor: int
    covered_minor: int
    parts: tuple[tuple[str, int], ...]

    @property
    def key(self) -> str:
        return self.session_id

    @property
    def energy_mwh(self) -> int:
        return self.end_mwh - self.begin_mwh

    @property
    def is_proven(self) -> bool:
        return self.tier != "none"
