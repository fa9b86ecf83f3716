"""The scalar vocabulary: every number in the house has one of these names.

Amounts are whole minor units of an :class:`Asset`; energy is whole milliwatt-hours, because real
meters report hundredths of a watt-hour; a price is an integer with its own scale; a moment is whole
milliseconds since 1970-01-01 UTC. Only this module divides, and each division names its rounding.
"""

from __future__ import annotations

from ohmstead.frozen import Frozen

BPS = 10_000
MWH_PER_WH = 1_000
MWH_PER_KWH = 1_000_000
MS_PER_S = 1_000
S_PER_HOUR = 3_600
MS_PER_HOUR = 3_600_000
PRICE_SCALE_MAX = 18
ASSET_SCALE_MAX = 18


class Asset(Frozen):
    """A currency or token with its scale, printed as ``EUR/2`` or ``USDC/6``."""

    code: str
    scale: int

    def __post_init__(self) -> None:
        if not self.code.isalnum() or not self.code.isascii():
            raise ValueError(f"an asset code is ASCII letters and digits, not {self.code!r}")
        if not 0 <= self.scale <= ASSET_SCALE_MAX:
            raise ValueError(f"an asset scale is 0 to {ASSET_SCALE_MAX}, not {self.scale}")

    def __str__(self) -> str:
        return f"{self.code}/{self.scale}"

    @classmethod
    def parse(cls, text: str) -> Asset:
        """Read ``CODE/SCALE``; raises ValueError with the text that is wrong."""
        code, slash, scale = text.partition("/")
        if not slash or not scale.isdecimal():
            raise ValueError(f"an asset is written CODE/SCALE, as in EUR/2, not {text!r}")
        return cls(code, int(scale))


class Price(Frozen):
    """``value * 10**-scale`` currency units per kWh, hour or start: 0.2935 is Price(2935, 4)."""

    value: int
    scale: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError(f"a price is never negative, not {self.value}")
        if not 0 <= self.scale <= PRICE_SCALE_MAX:
            raise ValueError(f"a price scale is 0 to {PRICE_SCALE_MAX}, not {self.scale}")


def mul_div_down(x: int, y: int, divisor: int) -> int:
    """Return ``x * y / divisor`` rounded down; nothing may be negative."""
    assert x >= 0
    assert y >= 0
    assert divisor > 0
    return x * y // divisor


def mul_div_up(x: int, y: int, divisor: int) -> int:
    """Return ``x * y / divisor`` rounded up; nothing may be negative."""
    assert x >= 0
    assert y >= 0
    assert divisor > 0
    return -(-x * y // divisor)
