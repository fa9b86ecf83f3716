"""Share one amount between payees without losing or minting a unit."""

from __future__ import annotations

from collections.abc import Mapping

from ohmstead.units import BPS, mul_div_down

PAYEES_MAX = 7  # a receipt has 8 slots on chain, and one of them is the payer's


def split(amount_minor: int, shares_bps: Mapping[str, int], rest: str) -> dict[str, int]:
    """Give each payee its basis points rounded down, and ``rest`` everything that is left.

    Returns minor units by payee, in the order of ``shares_bps`` with ``rest`` last. The parts sum
    to ``amount_minor`` and none is negative, because the shares are at most the whole and each
    loses less than one unit. Raises ValueError as :func:`check_shares` does.
    """
    if amount_minor < 0:
        raise ValueError(f"an amount to split is never negative, not {amount_minor}")
    check_shares(shares_bps, rest)
    parts = {payee: mul_div_down(amount_minor, bps, BPS) for payee, bps in shares_bps.items()}
    parts[rest] = amount_minor - sum(parts.values())
    assert parts[rest] >= 0
    return parts


def check_shares(shares_bps: Mapping[str, int], rest: str) -> None:
    """Raise ValueError, saying which share is wrong, unless ``shares_bps`` can be split by."""
    if rest in shares_bps:
        raise ValueError(f"payee {rest!r} takes the rest and cannot also have a share")
    if len(shares_bps) + 1 > PAYEES_MAX:
        raise ValueError(f"at most {PAYEES_MAX} payees share a price, not {len(shares_bps) + 1}")
    for payee, bps in shares_bps.items():
        if not 0 <= bps <= BPS:
            raise ValueError(f"the share of {payee!r} is 0 to {BPS} basis points, not {bps}")
    whole = sum(shares_bps.values())
    if whole > BPS:
        raise ValueError(f"the shares add up to {whole} basis points, more than {BPS}")
