"""Transactions are signed as everybody else signs them, and signing costs the process nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.adapters.chain.evm import keys
from ohmstead.adapters.chain.evm.keys import LocalKey, Unsigned

_limit = sys.getrecursionlimit()
from eth_account import Account  # noqa: E402

sys.setrecursionlimit(_limit)  # py_ecc, which it imports, lifts it for the whole process

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@given(
    st.integers(1, ORDER - 1),
    st.builds(
        Unsigned,
        st.integers(1, 2**32),
        st.integers(0, 2**32),
        st.just("") | st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex()),
        st.binary(max_size=70) | st.binary(min_size=250, max_size=300),
        st.integers(0, 2**255),
        st.integers(21_000, 2**24),
        st.integers(0, 2**100),
        st.integers(0, 2**100),
    ),
)
def test_eth_account_signs_the_same_bytes(secret, tx):
    oracle = Account.from_key(secret.to_bytes(32, "big"))
    fields = {
        "type": 2,
        "chainId": tx.chain_id,
        "nonce": tx.nonce,
        "data": tx.data,
        "value": tx.value_wei,
        "gas": tx.gas,
        "maxFeePerGas": tx.max_fee_wei,
        "maxPriorityFeePerGas": tx.tip_wei,
    }
    if tx.to:
        fields["to"] = bytes.fromhex(tx.to[2:])
    signed = oracle.sign_transaction(fields)
    key = LocalKey(secret.to_bytes(32, "big"))
    attempt = key.sign(tx)
    assert key.address == oracle.address.lower()
    assert attempt.raw == bytes(signed.raw_transaction)
    assert attempt.hash == "0x" + bytes(signed.hash).hex()


def test_a_key_does_not_show_itself():
    key = LocalKey(b"\x01" * 32)
    assert "01" * 16 not in repr(key)
    assert key.address in repr(key)


def test_the_adapter_leaves_the_recursion_limit_alone():
    # With the limit that py_ecc sets, 100,000 opening brackets crash msgspec, and so the process.
    modules = sorted(Path(keys.__file__).parent.glob("*.py"))
    names = [f"ohmstead.adapters.chain.evm.{m.stem}" for m in modules if m.stem != "__init__"]
    script = f"import sys; limit = sys.getrecursionlimit(); import {', '.join(names)}\n"
    script += "assert sys.getrecursionlimit() == limit, sys.getrecursionlimit()"
    source = str(Path(keys.__file__).parents[4])
    environment = {**os.environ, "PYTHONPATH": source}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
