"""Meter values as OCPP writes them, and as core counts them: whole mWh at whole milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from ohmstead.frozen import Frozen, replace
from ohmstead.hashing import sha256
from ohmstead.units import MWH_PER_KWH, MWH_PER_WH
from ohmstead.wire import ocmf
from ohmstead.wire.ocpp.base import exact_number
from ohmstead.wire.ocpp.forgiving import LOST

MWH_BITS_MAX = 62  # what an index of the store holds; 4.6 TWh
USUAL_DIGITS_MAX = 12
_MWH_DECIMALS = {"Wh": 3, "kWh": 6}  # decimal places that make whole mWh
_MWH_PER = {"Wh": MWH_PER_WH, "kWh": MWH_PER_KWH}
_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")


class Values(Frozen):
    """What one message says of the energy register: plain values, and signed records as sent."""

    plain: tuple[tuple[int, int], ...]  # (at_ms, mwh) in the order sent
    signed: tuple[bytes, ...]
    refused: tuple[str, ...]  # values that are no number, with their reason
    begins: tuple[tuple[int, int], ...] = ()  # those of the plain ones that are said to be a begin

    @property
    def first(self) -> int | None:
        """The register a transaction begins with, in mWh: the one said to be, else the first."""
        values = self.begins or self.plain
        return values[0][1] if values else None

    @property
    def last(self) -> int | None:
        """The register a transaction ends with, in mWh: the last that is not said to be a begin."""
        values = list(self.plain)
        for begin in self.begins:
            values.remove(begin)
        return values[-1][1] if values else None


def with_lost(values: Values, forgiven: tuple[str, ...]) -> Values:
    """The same; said to be incomplete where a value was left out that may be of the register."""
    if LOST not in forgiven:
        return values
    return replace(values, refused=(*values.refused, "a sampled value of unknown words"))


def to_mwh(value: str | Decimal, unit: str, multiplier: int = 0) -> int:
    """Return whole mWh, cut below; raises ValueError for what is no bounded number of energy."""
    places = _MWH_DECIMALS.get(unit)
    if places is None:
        raise ValueError(f"{unit!r} is no unit of energy")
    if type(value) is str and not multiplier and _is_usual(value):
        return int(value) * _MWH_PER[unit]
    try:
        number = _number(value.strip()) if isinstance(value, str) else value
    except (ValueError, InvalidOperation):
        raise ValueError(f"{str(value)[:40]!r} is no bounded number") from None
    if not -9 <= multiplier <= 9:
        raise ValueError(f"{str(value)[:40]!r} is no bounded number")
    mwh = int(number.scaleb(places + multiplier))
    if mwh.bit_length() > MWH_BITS_MAX:
        raise ValueError(f"{str(value)[:40]!r} {unit} is more than any meter counts")
    return mwh


def _is_usual(text: str) -> bool:
    """What nearly every station writes: some digits and nothing else."""
    return len(text) <= USUAL_DIGITS_MAX and text.isascii() and text.isdigit()


def _number(text: str) -> Decimal:
    # Decimal itself reads 1_000, NaN and the digits of every script, which no meter writes.
    if not _PLAIN_NUMBER.fullmatch(text):
        raise ValueError(text)
    return exact_number(text)


def wh_to_mwh(wh: int) -> int | None:
    """Return whole mWh of a whole register, or None for more than any meter counts."""
    mwh = wh * MWH_PER_WH
    return mwh if mwh.bit_length() <= MWH_BITS_MAX else None


def record_of(carried: Callable[[], ocmf.Carried], fallback: str) -> bytes:
    """Return a signed record's bytes; what is not OCMF is kept as it came, to be judged later."""
    try:
        return carried().received
    except (ocmf.UnsupportedFormat, ocmf.MalformedRecord):
        return fallback.encode("utf-8", "surrogatepass")[: 1 << 16]


def digest_of(*parts: object) -> str:
    """Name what a message says, whoever repeats it under whatever id: sha-256 in hex."""
    return sha256("\x1f".join(map(str, parts)).encode("utf-8", "replace")).hex()
