"""State dumps of the embedded chain: one file per generation, either whole or not there.

A generation is ``gen-<sequence>-<block>-<block hash>.json.gz``: the gzip that ``anvil_dumpState``
answers, written to a temporary file, synced, renamed, and the directory synced. The two newest are
kept. A name holds the block that the dump ends with, so that loading can be checked against it.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ohmstead.frozen import Frozen

GENERATIONS_KEPT = 2
_NAME = re.compile(r"gen-(\d{8})-(\d+)-(0x[0-9a-f]{64})\.json\.gz")
_EIP7702_PREFIX = "0xef0100"


class Durable(Frozen):
    """The newest block that survives any crash; ``number`` is -1 before the first dump."""

    number: int
    hash: str


class Generation(Frozen, order=True):
    """One dump on disk; a higher ``sequence`` is newer."""

    sequence: int
    number: int
    hash: str
    path: Path

    @property
    def durable(self) -> Durable:
        """The block the dump ends with."""
        return Durable(self.number, self.hash)


class DumpBroken(Exception):
    """The bytes are not one whole dump."""


class _Account(msgspec.Struct):
    nonce: int | str
    code: str | None = None


class _Signed(msgspec.Struct):
    sender: str = msgspec.field(name="from")


class _Transaction(msgspec.Struct):
    info: _Signed


class _Block(msgspec.Struct):
    timestamp: int | str


class _Dump(msgspec.Struct):
    """The part of a dump that tells whether it is one moment; everything else is skipped."""

    best_block_number: int | str
    block: _Block
    accounts: dict[str, _Account]
    transactions: list[_Transaction]


_DECODER = msgspec.json.Decoder(_Dump)


class Skew(Frozen):
    """What a dump says of itself: its last block and how far its accounts and blocks disagree.

    ``excess`` maps an account that can send to its nonce minus its transactions in the dumped
    blocks, where that is not 0. anvil copies the blocks first and the accounts later while mining
    goes on, so a dump under load can hold the accounts of a block it does not hold.
    """

    number: int
    timestamp_s: int
    excess: Mapping[str, int]


def inspect(packed: bytes) -> Skew:
    """Read the skew of the dump ``packed`` (gzip of JSON); raises :class:`DumpBroken`."""
    try:
        dump = _DECODER.decode(gzip.decompress(packed))
        number = _integer(dump.best_block_number)
        timestamp_s = _integer(dump.block.timestamp)
        sent = Counter(tx.info.sender.lower() for tx in dump.transactions)
        excess = {
            address.lower(): _integer(account.nonce) - sent[address.lower()]
            for address, account in dump.accounts.items()
            if _can_send(account)
        }
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as broken:
        raise DumpBroken(f"not a state dump: {broken}") from broken
    return Skew(number, timestamp_s, {address: n for address, n in excess.items() if n})


def generations(folder: Path) -> list[Generation]:
    """Return the generations in ``folder``, newest first."""
    found = []
    for name in os.listdir(folder):
        if match := _NAME.fullmatch(name):
            found.append(Generation(int(match[1]), int(match[2]), match[3], folder / name))
    return sorted(found, reverse=True)


def write(folder: Path, packed: bytes, durable: Durable) -> Generation:
    """Make ``packed`` the newest generation, durable on return, and drop those past the kept two.

    Raises OSError (a full disk, for one); the generations that were there stay as they were.
    """
    before = generations(folder)
    sequence = before[0].sequence + 1 if before else 1
    path = folder / f"gen-{sequence:08d}-{durable.number}-{durable.hash}.json.gz"
    temporary = folder / "dump.tmp"
    with open(temporary, "wb") as file:
        file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)
    sync_folder(folder)
    for old in before[GENERATIONS_KEPT - 1 :]:
        old.path.unlink()
    return Generation(sequence, durable.number, durable.hash, path)


def unpack(generation: Generation, target: Path) -> int:
    """Write the generation as the plain JSON that ``--load-state`` wants; raises DumpBroken.

    Returns the time of its last block, in seconds since 1970.
    """
    packed = generation.path.read_bytes()
    skew = inspect(packed)
    if skew.number != generation.number:
        raise DumpBroken(f"{generation.path.name} holds another block than its name says")
    target.write_bytes(gzip.decompress(packed))
    return skew.timestamp_s


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _can_send(account: _Account) -> bool:
    # EIP-7702: an account that delegates has code and can still send.
    return account.code in (None, "", "0x") or str(account.code).startswith(_EIP7702_PREFIX)


def _integer(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)
