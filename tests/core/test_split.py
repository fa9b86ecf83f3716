"""Shares of a price: nothing lost, nothing minted, by property and by shared vectors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.split import PAYEES_MAX, check_shares, split

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "vectors" / "split.json"
CASES = json.loads(VECTORS.read_text())["cases"]


@st.composite
def shares(draw) -> dict[str, int]:
    """Up to six shares that add up to at most the whole, the exact whole included."""
    left, found = 10_000, {}
    for n in range(draw(st.integers(0, PAYEES_MAX - 1))):
        found[f"p{n}"] = draw(st.integers(0, left) | st.just(left))
        left -= found[f"p{n}"]
    return found


@given(st.integers(0, 2**128 - 1) | st.integers(0, 20_000), shares())
def test_invariant_5_parts_sum_to_the_whole(amount, shares_bps) -> None:
    parts = split(amount, shares_bps, rest="host")
    assert sum(parts.values()) == amount
    assert min(parts.values()) >= 0
    for payee, bps in shares_bps.items():
        assert 0 <= amount * bps - parts[payee] * 10_000 < 10_000, "rounded down, by less than one"
    assert list(parts) == [*shares_bps, "host"]
    assert parts["host"] - amount * (10_000 - sum(shares_bps.values())) // 10_000 in range(
        PAYEES_MAX
    )


def test_eighty_fifteen_five() -> None:
    parts = split(1_001, {"protocol": 1_500, "referrer": 500}, rest="host")
    assert parts == {"protocol": 150, "referrer": 50, "host": 801}


@pytest.mark.parametrize(
    ("shares_bps", "rest", "message"),
    [
        ({"host": 1}, "host", "'host' takes the rest"),
        ({"a": -1}, "host", "the share of 'a' is 0 to 10000 basis points, not -1"),
        ({"a": 10_001}, "host", "the share of 'a' is 0 to 10000 basis points, not 10001"),
        ({"a": 5_001, "b": 5_000}, "host", "add up to 10001 basis points"),
        ({f"p{n}": 1 for n in range(7)}, "host", "at most 7 payees share a price, not 8"),
    ],
)
def test_shares_that_cannot_be_split_by_are_refused(shares_bps, rest, message) -> None:
    for refuse in (check_shares, lambda s, r: split(10, s, r)):
        with pytest.raises(ValueError, match=message):
            refuse(shares_bps, rest)


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative, not -1"):
        split(-1, {}, "host")


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{n}-{c['amount'][:12]}" for n, c in enumerate(CASES)]
)
def test_the_shared_vectors_hold(case) -> None:
    expected = {payee: int(part) for payee, part in case["parts"].items()}
    assert split(int(case["amount"]), case["shares_bps"], case["rest"]) == expected


def test_the_shared_vectors_are_fresh() -> None:
    tool = ROOT / "tools" / "gen_vectors_split.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
