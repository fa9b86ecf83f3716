"""What a check of a receipt is given, and what it can find."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Protocol

from ohmstead.core.epoch import ReadingLeaf
from ohmstead.core.receipt_view import Json, part
from ohmstead.frozen import Frozen, field


class Outcome(enum.Enum):
    """What a line says, the best last."""

    FAILED = "failed"
    SKIPPED = "skipped"  # not in this copy, or nothing there to check
    CONSISTENT = "consistent"  # no contradiction, and no root to hold it against
    PROVEN = "proven"


class Check(Frozen):
    """One line of a verification."""

    name: str
    outcome: Outcome
    detail: str


class Failed(str):
    """A contradiction; the text says which."""

    __slots__ = ()


class Skipped(str):
    """Nothing to check; the text says why."""

    __slots__ = ()


class Unrooted(str):
    """No contradiction, and never proven by this evidence alone; the text says what is missing."""

    __slots__ = ()


Finding = str  # plain: it holds, and is proven where the roots are; or one of the classes above


class MeterVerifier(Protocol):
    """Checks signed records; wire/ocmf behind a port. Neither method raises."""

    def readings(self, record: bytes, public_key: str) -> Sequence[ReadingLeaf]:
        """Return the leaf of every energy reading; none if the signature does not verify."""

    def key_id(self, public_key: str) -> bytes:
        """Return keccak(abi.encode(curve, qx, qy)), or nothing if the key cannot be read."""


class Trust(Frozen):
    """What ``network.json`` pins; addresses are lower-case 0x hex.

    ``meter_keys`` are key ids (0x hex) by station, where the file lists them. Attestations cannot
    be checked yet, so a file that pins validators makes ``trust`` fail.
    """

    network: str
    chain_id: int
    settlement: str
    registry: str
    escrow: str
    validators: frozenset[str] = frozenset()
    meter_keys: dict[str, frozenset[str]] | None = field(default=None)


class ChainFacts(Frozen):
    """What was looked up on the chain for this receipt, at the contracts asked.

    ``seal`` is ``seals[number]`` (zero for none), ``is_final`` by that chain's rule and the dispute
    window, ``tx``, ``block_number`` and ``block_hash`` are of the Anchored event of that number,
    ``meter_keys`` the key ids (0x hex) that the registry held for the station when the leaf was
    made: "leaves name the version; disputes read what held then". ``passport`` is the number of
    the one that the leaf's key is or ever was bound to, 0 for none.
    """

    chain_id: int
    settlement: str
    registry: str
    escrow: str
    seal: bytes
    is_final: bool
    tx: str
    block_number: int
    block_hash: str
    meter_keys: frozenset[str]
    passport: int = 0


class Subject(Frozen):
    """A receipt that has its shape, and the means to judge it."""

    body: Json
    verifier: MeterVerifier
    zone: Callable[[str], tzinfo]
    trust: Trust | None
    chain: ChainFacts | None

    @property
    def session(self) -> Json:
        return part(self.body, "session")

    @property
    def meter(self) -> Json:
        return part(self.body, "session", "meter")

    @property
    def leaf(self) -> Json:
        return part(self.body, "leaf")

    @property
    def is_signed(self) -> bool:
        return "payload_sha256" in part(self.meter, "begin")
