"""The header of an epoch and its seal, with the bytes that contracts hash.

Every field is a static word, so ``abi.encode`` is the words in order. Amounts are minor units of
the asset at that place, energy is whole mWh, times are seconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from ohmstead.core.leaves import ASSETS, exactly, uint
from ohmstead.errors import LocalProtocolError
from ohmstead.frozen import Frozen
from ohmstead.hashing import HASH_LENGTH, keccak

AMOUNT_BITS = 128
HEADER_WORDS = 13 + 4 * ASSETS  # the fields that are no totals, and four words for each asset


def _word(value: int, bits: int, name: str) -> bytes:
    return bytes(HASH_LENGTH - (bits >> 3)) + uint(value, bits, name)


class Totals(Frozen):
    """Money of one asset in one epoch; ``settled`` is the sum of spends of all epochs up to it."""

    credits: int = 0
    burns: int = 0
    spends: int = 0
    settled: int = 0

    def encode(self) -> bytes:
        """Return ``abi.encode`` of the struct: four words."""
        return b"".join(
            _word(value, AMOUNT_BITS, name)
            for name, value in (
                ("credits", self.credits),
                ("burns", self.burns),
                ("spends", self.spends),
                ("settled", self.settled),
            )
        )


class Header(Frozen):
    """What is proposed for an epoch; ``totals`` has one place for each asset."""

    number: int
    parent: bytes
    receipts: bytes
    receipt_count: int
    entries: bytes
    entry_count: int
    balances: bytes
    balance_count: int
    totals: tuple[Totals, ...]
    rewards: int
    proven_mwh: int
    unproven_mwh: int
    registry_version: int
    bundle: bytes

    def encode(self) -> bytes:
        """Return ``abi.encode(header)``: 21 static words. Raises LocalProtocolError."""
        if len(self.totals) != ASSETS:
            raise LocalProtocolError(f"a header has totals for {ASSETS} assets")
        return b"".join(
            (
                _word(self.number, 64, "number"),
                exactly(self.parent, HASH_LENGTH, "parent"),
                exactly(self.receipts, HASH_LENGTH, "receipts"),
                _word(self.receipt_count, 32, "receipt_count"),
                exactly(self.entries, HASH_LENGTH, "entries"),
                _word(self.entry_count, 32, "entry_count"),
                exactly(self.balances, HASH_LENGTH, "balances"),
                _word(self.balance_count, 32, "balance_count"),
                *(totals.encode() for totals in self.totals),
                _word(self.rewards, AMOUNT_BITS, "rewards"),
                _word(self.proven_mwh, 64, "proven_mwh"),
                _word(self.unproven_mwh, 64, "unproven_mwh"),
                _word(self.registry_version, 32, "registry_version"),
                exactly(self.bundle, HASH_LENGTH, "bundle"),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Return the header that :meth:`encode` wrote; raises LocalProtocolError for others."""
        words = [data[at : at + HASH_LENGTH] for at in range(0, len(data), HASH_LENGTH)]
        if len(words) != HEADER_WORDS:
            raise LocalProtocolError(f"a header has {HEADER_WORDS} words")
        number = [int.from_bytes(word, "big") for word in words]
        header = cls(
            number[0],
            *(words[1], words[2], number[3], words[4], number[5], words[6], number[7]),
            tuple(Totals(*number[8 + 4 * asset : 12 + 4 * asset]) for asset in range(ASSETS)),
            *(number[-5], number[-4], number[-3], number[-2], words[-1]),
        )
        if header.encode() != data:
            raise LocalProtocolError("these words are not a header's")
        return header

    def hash(self) -> bytes:
        """Return keccak-256 of :meth:`encode`."""
        return keccak(self.encode())

    def seal(self, proposed_at_s: int) -> Seal:
        """Return what the chain keeps of this header, proposed in a block of that time."""
        return Seal(self.entries, self.balances, self.entry_count, proposed_at_s, self.hash())


class Seal(Frozen):
    """The chain keeps only the hash of this: "seals[number]", the parent of the next epoch."""

    entries: bytes
    balances: bytes
    entry_count: int
    proposed_at_s: int
    header: bytes

    def hash(self) -> bytes:
        """Return keccak-256 of ``abi.encode(seal)``: five static words."""
        return keccak(
            exactly(self.entries, HASH_LENGTH, "entries")
            + exactly(self.balances, HASH_LENGTH, "balances")
            + _word(self.entry_count, 32, "entry_count")
            + _word(self.proposed_at_s, 40, "proposed_at_s")
            + exactly(self.header, HASH_LENGTH, "header")
        )
