"""Signing transactions: what the sender needs of a key, and the key that lies in memory.

Signed here in a page (EIP-1559 over RLP) rather than by eth-account: importing that raises Python's
recursion limit to 100,000 for the whole process (through py_ecc), and then a station that sends
100,000 opening brackets crashes the gateway that shares the process. eth-account is the oracle in
the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coincurve import PrivateKey

from ohmstead.adapters.chain.evm.journal import Attempt
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak

ADDRESS_LENGTH = 20
_EIP1559 = b"\x02"
_SHORT_MAX = 55

RlpItem = int | bytes | Sequence["RlpItem"]


class Unsigned(Frozen):
    """An EIP-1559 transaction; an empty ``to`` creates a contract."""

    chain_id: int
    nonce: int
    to: str
    data: bytes
    value_wei: int
    gas: int
    max_fee_wei: int
    tip_wei: int


class TxSigner(Protocol):
    """A key that signs transactions; ``address`` is lower-case hex."""

    @property
    def address(self) -> str: ...

    def sign(self, tx: Unsigned) -> Attempt:
        """Return the signed bytes with their hash."""


class LocalKey:
    """A secp256k1 key in this process's memory; its repr does not show it."""

    def __init__(self, private_key: bytes) -> None:
        self._key = PrivateKey(private_key)
        public = self._key.public_key.format(compressed=False)[1:]
        self._address = "0x" + keccak(public)[-ADDRESS_LENGTH:].hex()

    @property
    def address(self) -> str:
        """The last 20 bytes of keccak-256 of the public key, as lower-case hex."""
        return self._address

    def sign(self, tx: Unsigned) -> Attempt:
        """Sign with RFC 6979: the same transaction has the same hash again."""
        # "keccak256(0x02 || rlp([chain_id, nonce, max_priority_fee_per_gas, max_fee_per_gas,
        # gas_limit, destination, amount, data, access_list]))" (EIP-1559)
        fields: list[RlpItem] = [
            *(tx.chain_id, tx.nonce, tx.tip_wei, tx.max_fee_wei, tx.gas),
            *(bytes.fromhex(tx.to[2:]), tx.value_wei, tx.data, []),
        ]
        r, s, y_parity = self.sign_digest(keccak(_EIP1559 + rlp(fields)))
        raw = _EIP1559 + rlp([*fields, y_parity, r, s])
        return Attempt("0x" + keccak(raw).hex(), raw, tx.max_fee_wei, tx.tip_wei)

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        """Return (r, low s, y parity) over 32 bytes."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        return r, s, signature[64]

    def __repr__(self) -> str:
        return f"LocalKey({self.address})"


def rlp(item: RlpItem) -> bytes:
    """Encode by "Recursive Length Prefix" (Ethereum yellow paper, appendix B)."""
    if isinstance(item, int):
        # "converted to big-endian without leading zeroes"
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(0x80, len(item)) + item
    body = b"".join(rlp(part) for part in item)
    return _prefix(0xC0, len(body)) + body


def _prefix(kind: int, length: int) -> bytes:
    if length <= _SHORT_MAX:
        return bytes([kind + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([kind + _SHORT_MAX + len(size)]) + size
