"""The two Merkle trees of an epoch, both over 32-byte keccak-256 leaves.

:class:`PositionalTree` is the one that contracts and disputes read: "the index chooses the side,
the count is committed" (design 3, From receipts to the chain), so a leaf that is missing, moved or
invented is decided by its place. A missing right sibling is 32 zero bytes.

:class:`StandardTree` is the StandardMerkleTree of npm ``@openzeppelin/merkle-tree``, for wallets
and explorers that know that format: sorted leaves in a heap, sorted pairs, no positions.

A tree keeps one ``bytes`` per level, deepest first: a list of a million ``bytes`` objects weighs
three times as much. A level is a list only while the level above it is computed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain
from struct import iter_unpack

from ohmstead.hashing import HASH_LENGTH, keccak, keccak_each

ZERO = bytes(HASH_LENGTH)
COUNT_MAX = 2**32 - 1  # receiptCount, entryCount and balanceCount are uint32
_BLOCK_SIZE = 2**17  # bytes of a level that are hashed at a time
_BLOCK_LEVELS = 11  # proofs() works on 2,048 leaves at a time, so it never holds a whole level


def split_proof(blob: bytes) -> list[bytes]:
    """Cut what :meth:`PositionalTree.proofs` yields into siblings, the deepest first."""
    return list(chain.from_iterable(iter_unpack("32s", blob)))


class PositionalTree:
    """A tree in which every index below ``count`` names exactly one leaf.

    ``root`` is 32 zero bytes for no leaves, and the leaf itself for one. Raises ValueError for a
    leaf that is not 32 bytes and for more than ``COUNT_MAX`` leaves.
    """

    __slots__ = ("_counts", "_levels", "count")

    def __init__(self, leaves: Sequence[bytes]) -> None:
        _check_leaves(leaves)
        self.count = len(leaves)
        self._levels: list[bytes] = []
        self._counts: list[int] = []
        level = b"".join(leaves)
        while len(level) > HASH_LENGTH:
            self._counts.append(len(level) // HASH_LENGTH)
            if self._counts[-1] & 1:
                level += ZERO
            self._levels.append(level)
            level = _parents(level)
        self._counts.append(len(level) // HASH_LENGTH)
        self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The 32-byte root."""
        return self._levels[-1] or ZERO

    def leaf(self, index: int) -> bytes:
        """Return the leaf at ``index``; raises IndexError outside the tree."""
        if not 0 <= index < self.count:
            raise IndexError(f"the tree has {self.count} leaves, and no leaf {index}")
        return self._levels[0][index * HASH_LENGTH : (index + 1) * HASH_LENGTH]

    def proof(self, index: int) -> list[bytes]:
        """Return the siblings of the leaf at ``index``, the deepest first; raises IndexError."""
        self.leaf(index)
        return _siblings(self._levels, 0, index)

    def proofs(self) -> Iterator[bytes]:
        """Yield every leaf's proof in index order, each as its siblings joined.

        One concatenation for each node: far cheaper than calling :meth:`proof` a million times.
        """
        top = len(self._levels) - 1
        cut = min(top, _BLOCK_LEVELS)
        heads = self._below(top, cut, 0, [b""]) if self.count else []
        for block, head in enumerate(heads):
            yield from self._below(cut, 0, block, [head])

    def _below(self, level: int, bottom: int, first: int, proofs: list[bytes]) -> list[bytes]:
        while level > bottom:
            level, first = level - 1, first * 2
            proofs = _one_down(self._levels[level], first, proofs)
            del proofs[self._counts[level] - first :]  # the padding is no leaf
        return proofs

    @staticmethod
    def verify(root: bytes, count: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
        """Say whether ``leaf`` stands at ``index`` of the tree of ``count`` leaves with ``root``.

        With the depth fixed by the count no inner node can be passed off as a leaf.
        """
        if not 0 <= index < count <= COUNT_MAX or len(proof) != (count - 1).bit_length():
            return False
        if len(leaf) != HASH_LENGTH or any(len(node) != HASH_LENGTH for node in proof):
            return False
        node = leaf
        for sibling in proof:
            node = keccak(sibling + node if index & 1 else node + sibling)
            index >>= 1
        return node == root


class StandardTree:
    """A tree that ``@openzeppelin/merkle-tree`` and OpenZeppelin's MerkleProof agree with.

    The leaves are already hashed twice (:func:`standard_leaf`). That package refuses an empty tree;
    here its root is 32 zero bytes, against which nothing can be proven. Raises ValueError for a
    leaf that is not 32 bytes and for more than ``COUNT_MAX`` leaves.
    """

    __slots__ = ("_levels", "_shallow", "count")

    def __init__(self, leaves: Sequence[bytes]) -> None:
        _check_leaves(leaves)
        self.count = len(leaves)
        # The package fills a heap of 2n - 1 nodes, the last n of which are the leaves, descending.
        # Pairs are sorted, so the sides do not matter and the levels may stand here mirrored: the
        # deepest holds the smallest leaves, ascending; the one above it the rest of the leaves,
        # then the parents of the deepest. So a pair of the deepest level is sorted as it stands.
        depth = (2 * self.count - 1).bit_length() - 1
        deepest = 2 * self.count - (1 << depth) if self.count > 1 else 0
        self._shallow = self.count - deepest
        ascending = sorted(leaves)
        level = b"".join(ascending[:deepest])
        del ascending[:deepest]
        self._levels = [level]
        level = b"".join(ascending) + _parents(level)
        del ascending
        while len(level) > HASH_LENGTH:
            self._levels.append(level)
            level = _sorted_parents(level)
        self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The 32-byte root."""
        return self._levels[-1] or ZERO

    def proof(self, leaf: bytes) -> list[bytes]:
        """Return the siblings of ``leaf``, the deepest first; raises KeyError if it is absent."""
        rank = bisect_left(range(self.count), leaf, key=self._ranked)
        if rank == self.count or self._ranked(rank) != leaf:
            raise KeyError(f"no leaf 0x{leaf.hex()} in this tree")
        deepest = self.count - self._shallow
        if rank >= deepest:
            return _siblings(self._levels, 1, rank - deepest)
        sibling = self._ranked(rank ^ 1)
        return [sibling, *_siblings(self._levels, 1, self._shallow + (rank >> 1))]

    def proofs(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield each leaf with its proof (siblings joined), in no promised order."""
        top = len(self._levels) - 1
        cut = min(top, _BLOCK_LEVELS)
        heads = _descend(self._levels, top, cut, 0, [b""]) if self.count else []
        for block, head in enumerate(heads):
            first = block << (cut - 1)
            proofs = _descend(self._levels, cut, 1, block, [head])
            leaves = min(max(0, self._shallow - first), len(proofs))
            yield from zip(_cut(self._levels[1], first, leaves), proofs[:leaves], strict=True)
            first = 2 * (first + leaves - self._shallow)
            proofs = _one_down(self._levels[0], first, proofs[leaves:])
            yield from zip(_cut(self._levels[0], first, len(proofs)), proofs, strict=True)

    def _ranked(self, rank: int) -> bytes:
        deepest = self.count - self._shallow
        level, place = (0, rank) if rank < deepest else (1, rank - deepest)
        return self._levels[level][place * HASH_LENGTH : (place + 1) * HASH_LENGTH]

    @staticmethod
    def verify(root: bytes, leaf: bytes, proof: Sequence[bytes]) -> bool:
        """Say what OpenZeppelin's ``MerkleProof.verify`` says."""
        if len(leaf) != HASH_LENGTH or any(len(node) != HASH_LENGTH for node in proof):
            return False
        node = leaf
        for sibling in proof:
            node = keccak(node + sibling if node < sibling else sibling + node)
        return node == root


def standard_leaf(encoded: bytes) -> bytes:
    """Hash ``abi.encode(...)`` of a row twice, so that no inner node can pose as a leaf."""
    return keccak(keccak(encoded))


def _check_leaves(leaves: Sequence[bytes]) -> None:
    if len(leaves) > COUNT_MAX:
        raise ValueError(f"a tree holds at most {COUNT_MAX} leaves, not {len(leaves)}")
    if set(map(len, leaves)) - {HASH_LENGTH}:
        raise ValueError(f"every leaf is {HASH_LENGTH} bytes")


def _parents(level: bytes) -> bytes:
    """Hash each pair as it stands, a block at a time: the digests of a block stay in the cache."""
    blocks = (level[at : at + _BLOCK_SIZE] for at in range(0, len(level), _BLOCK_SIZE))
    return b"".join(
        [b"".join(keccak_each(chain.from_iterable(iter_unpack("64s", b)))) for b in blocks]
    )


def _sorted_parents(level: bytes) -> bytes:
    """Hash each pair with the smaller node first."""
    blocks = (level[at : at + _BLOCK_SIZE] for at in range(0, len(level), _BLOCK_SIZE))
    return b"".join(
        [
            b"".join(keccak_each([a + b if a < b else b + a for a, b in iter_unpack("32s32s", x)]))
            for x in blocks
        ]
    )


def _siblings(levels: list[bytes], level: int, index: int) -> list[bytes]:
    path = []
    for blob in levels[level:-1]:
        at = (index ^ 1) * HASH_LENGTH
        path.append(blob[at : at + HASH_LENGTH])
        index >>= 1
    return path


def _one_down(blob: bytes, first: int, proofs: list[bytes]) -> list[bytes]:
    """Turn the proofs of neighbouring nodes into those of their children, ``blob[first]`` on."""
    at = first * HASH_LENGTH
    pairs = iter_unpack("32s32s", blob[at : at + 2 * HASH_LENGTH * len(proofs)])
    return [p for (a, b), up in zip(pairs, proofs, strict=True) for p in (b + up, a + up)]


def _descend(
    levels: list[bytes], level: int, bottom: int, first: int, proofs: list[bytes]
) -> list[bytes]:
    while level > bottom:
        level, first = level - 1, first * 2
        proofs = _one_down(levels[level], first, proofs)
    return proofs


def _cut(blob: bytes, first: int, count: int) -> list[bytes]:
    at = first * HASH_LENGTH
    return split_proof(blob[at : at + count * HASH_LENGTH])
