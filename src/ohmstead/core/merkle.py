"""The two Merkle trees of an epoch, both over 32-byte keccak-256 leaves.

:class:`PositionalTree` is the one that contracts and disputes read: "the index chooses the side,
the count is committed" (design 3, From receipts to the chain), so a leaf that is missing, moved or
invented is decided by its place. A missing right sibling is 32 zero bytes.

:class:`StandardTree` is the StandardMerkleTree of npm ``@openzeppelin/merkle-tree``, for wallets
and explorers that know that format: sorted leaves in a heap, sorted pairs, no positions.

A tree keeps one list per level, deepest first: 88 bytes for each inner node. One ``bytes`` per
level would weigh a third but cost more time, as each node would be joined in and cut out again.
Sorted leaves are joined all the same: they lie scattered in memory, and fetching them twice is
dearer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat
from operator import add, countOf
from struct import iter_unpack

from ohmstead.hashing import HASH_LENGTH, keccak, keccak_each

ZERO = bytes(HASH_LENGTH)
COUNT_MAX = 2**32 - 1  # receiptCount, entryCount and balanceCount are uint32
_BLOCK = 1_024  # sorted leaves that are fetched at a time: an even number that fits a cache


def split_proof(blob: bytes) -> list[bytes]:
    """Cut what :meth:`PositionalTree.proofs` yields into siblings, the deepest first."""
    return list(chain.from_iterable(iter_unpack("32s", blob)))


class PositionalTree:
    """A tree in which every index below ``count`` names exactly one leaf.

    ``root`` is 32 zero bytes for no leaves, and the leaf itself for one. Raises ValueError for a
    leaf that is not 32 bytes and for more than ``COUNT_MAX`` leaves.
    """

    __slots__ = ("_levels", "count")

    def __init__(self, leaves: Sequence[bytes]) -> None:
        _check_leaves(leaves)
        self.count = len(leaves)
        level: Sequence[bytes] = tuple(leaves)
        self._levels: list[Sequence[bytes]] = [level]
        while len(level) > 1:
            level = _parents(level)
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The 32-byte root."""
        return self._levels[-1][0] if self.count else ZERO

    def leaf(self, index: int) -> bytes:
        """Return the leaf at ``index``; raises IndexError outside the tree."""
        if not 0 <= index < self.count:
            raise IndexError(f"the tree has {self.count} leaves, and no leaf {index}")
        return self._levels[0][index]

    def proof(self, index: int) -> list[bytes]:
        """Return the siblings of the leaf at ``index``, the deepest first; raises IndexError."""
        self.leaf(index)
        path = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            path.append(level[sibling] if sibling < len(level) else ZERO)
            index >>= 1
        return path

    def proofs(self) -> Iterator[bytes]:
        """Yield every leaf's proof in index order, each as its siblings joined.

        Far cheaper than :meth:`proof` a million times: each node is joined on once.
        """
        levels, width = self._levels[:-1], len(self._levels[-1])
        proofs = iter([b""] * width)
        if len(levels) & 1:
            nodes = levels.pop()
            proofs = islice(_below(_padded(nodes, 2 * width), proofs), len(nodes))
            width = len(nodes)
        while levels:
            parents, nodes = levels.pop(), levels.pop()
            pairs = _two_below(_padded(nodes, 4 * width), _padded(parents, 2 * width), proofs)
            proofs, width = islice(pairs, len(nodes)), len(nodes)
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

    __slots__ = ("_leaves", "_levels", "count")

    def __init__(self, leaves: Sequence[bytes]) -> None:
        _check_leaves(leaves)
        self.count = len(leaves)
        # The package fills a heap of 2n - 1 nodes, the last n of which are the leaves, descending.
        # Read from its end that is a queue: the two nodes at its head go, their parent joins its
        # tail. A level here is one passage through the queue; a last node without a partner is
        # carried over to the head of the next. Ascending leaves are sorted pairs as they stand.
        ascending = sorted(leaves)
        blocks: list[bytes] = []
        level: list[bytes] = []
        for start in range(0, self.count, _BLOCK):
            blocks.append(b"".join(ascending[start : start + _BLOCK]))
            level += keccak_each(chain.from_iterable(iter_unpack("64s", _even(blocks[-1]))))
        self._leaves = b"".join(blocks)
        if self.count & 1:
            level.insert(0, self._leaves[-HASH_LENGTH:])
        self._levels = [level]
        while len(level) > 1:
            level = level[-1:] * (len(level) & 1) + _sorted_parents(level)
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The 32-byte root."""
        return self._levels[-1][0] if self.count else ZERO

    def proof(self, leaf: bytes) -> list[bytes]:
        """Return the siblings of ``leaf``, the deepest first; raises KeyError if it is absent."""
        place = bisect_left(range(self.count), leaf, key=self._leaf)
        if place == self.count or self._leaf(place) != leaf:
            raise KeyError(f"no leaf 0x{leaf.hex()} in this tree")
        path = []
        if place ^ 1 < self.count:
            path.append(self._leaf(place ^ 1))
        place = _parent(place, self.count)
        for level in self._levels[:-1]:
            if place ^ 1 < len(level):
                path.append(level[place ^ 1])
            place = _parent(place, len(level))
        return path

    def proofs(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield each leaf with its proof (siblings joined), the smallest leaf first."""
        proofs = iter([b""] * len(self._levels[-1]))
        for level in reversed(self._levels[:-1]):
            carried = [next(proofs)] if len(level) & 1 else []
            proofs = _below(iter(level), proofs)
            proofs = chain(proofs, carried) if carried else proofs
        carried = [next(proofs)] if self.count & 1 else []
        pairs = iter_unpack("32s32s", _even(self._leaves))
        for (left, right), above in zip(pairs, proofs, strict=True):
            yield left, right + above
            yield right, left + above
        for proof in carried:
            yield self._leaves[-HASH_LENGTH:], proof

    def _leaf(self, place: int) -> bytes:
        return self._leaves[place * HASH_LENGTH : (place + 1) * HASH_LENGTH]

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
    if countOf(map(len, leaves), HASH_LENGTH) != len(leaves):
        raise ValueError(f"every leaf is {HASH_LENGTH} bytes")


def _parents(level: Sequence[bytes]) -> list[bytes]:
    """Hash each pair as it stands, and a last node without a partner with ``ZERO``."""
    nodes = iter(level)
    parents = keccak_each(map(add, nodes, nodes))
    if len(level) & 1:
        parents.append(keccak(level[-1] + ZERO))
    return parents


def _even(level: bytes) -> memoryview:
    """Leave out a last node without a partner."""
    return memoryview(level)[: len(level) // (2 * HASH_LENGTH) * (2 * HASH_LENGTH)]


def _sorted_parents(level: list[bytes]) -> list[bytes]:
    """Hash each pair with the smaller node first; a last node without a partner is left out."""
    nodes = iter(level)
    pairs = zip(nodes, nodes)  # noqa: B905 - one may be left over
    return keccak_each(a + b if a < b else b + a for a, b in pairs)


def _parent(place: int, width: int) -> int:
    """Say where in the next level the parent stands, or the node itself if it is carried over."""
    carried = width & 1
    return 0 if carried and place == width - 1 else carried + (place >> 1)


def _below(nodes: Iterator[bytes], above: Iterator[bytes]) -> Iterator[bytes]:
    """Turn the proofs of parents into those of their children, ``nodes``."""
    for left, right, proof in zip(nodes, nodes, above):  # noqa: B905 - one iterator twice
        yield right + proof
        yield left + proof


def _two_below(
    nodes: Iterator[bytes], parents: Iterator[bytes], above: Iterator[bytes]
) -> Iterator[bytes]:
    """The same over two levels: half the generators that a million proofs pass through."""
    quads = zip(nodes, nodes, nodes, nodes, parents, parents, above)  # noqa: B905 - one iterator
    for a, b, c, d, left, right, proof in quads:
        below_left, below_right = right + proof, left + proof
        yield b + below_left
        yield a + below_left
        yield d + below_right
        yield c + below_right


def _padded(level: Sequence[bytes], width: int) -> Iterator[bytes]:
    """The nodes of a level, and zeros where the last ones have no siblings."""
    return chain(level, repeat(ZERO, width - len(level))) if len(level) < width else iter(level)
