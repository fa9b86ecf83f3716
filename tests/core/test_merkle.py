"""Both trees against a plain drawing of them, npm's package, their vectors and tampering."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.merkle import ZERO, PositionalTree, StandardTree, split_proof, standard_leaf
from ohmstead.hashing import keccak, keccak_each

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "vectors" / "merkle.json").read_text())
COUNTS = st.integers(0, 70) | st.sampled_from([4_095, 4_096, 4_097, 8_193])


def leaves_of(count, seed=0):
    rng = random.Random(seed)
    return [rng.randbytes(32) for _ in range(count)]


def drawn_root(leaves):
    """The positional root by its words: "a missing right sibling is 32 zero bytes"."""
    if len(leaves) < 2:
        return leaves[0] if leaves else ZERO
    padded = leaves + [ZERO] * (len(leaves) % 2)
    return drawn_root([keccak(padded[i] + padded[i + 1]) for i in range(0, len(padded), 2)])


def drawn_standard_root(leaves):
    """The heap of npm's package: the leaves at its end, descending; the root is its first node."""
    heap = [ZERO] * (len(leaves) - 1) + sorted(leaves, reverse=True)
    for at in range(len(leaves) - 2, -1, -1):
        heap[at] = keccak(b"".join(sorted(heap[2 * at + 1 : 2 * at + 3])))
    return heap[0] if heap else ZERO


def flip(data, bit=0):
    return bytes([data[0] ^ 1 << bit]) + data[1:]


@given(COUNTS, st.integers(0, 2**32), st.data())
def test_every_leaf_of_a_positional_tree_is_proven_at_its_index_and_nowhere_else(count, seed, data):
    leaves = leaves_of(count, seed)
    tree = PositionalTree(leaves)
    proofs = list(tree.proofs())
    assert (tree.root, tree.count, len(proofs)) == (drawn_root(leaves), count, count)
    if not count:
        return
    index = data.draw(st.integers(0, count - 1))
    leaf, proof = leaves[index], tree.proof(index)
    assert (tree.leaf(index), split_proof(proofs[index])) == (leaf, proof)
    verify = PositionalTree.verify
    assert verify(tree.root, count, index, leaf, proof)
    other = data.draw(st.integers(0, 2 * count + 2).filter(lambda n: n != index))
    assert not verify(tree.root, count, other, leaf, proof)
    assert not verify(tree.root, count, -1, leaf, proof)
    assert not verify(tree.root, count, index, flip(leaf), proof)
    assert not verify(flip(tree.root), count, index, leaf, proof)
    assert not verify(tree.root, count, index, leaf, [*proof, ZERO])
    assert not verify(tree.root, index, index, leaf, proof)
    assert not verify(tree.root, count, index, leaf[:31], proof)
    for at in range(len(proof)):
        assert not verify(tree.root, count, index, leaf, proof[:at])
        changed = [*proof[:at], flip(proof[at]), *proof[at + 1 :]]
        assert not verify(tree.root, count, index, leaf, changed)
        cut = [*proof[:at], proof[at][:31], *proof[at + 1 :]]
        assert not verify(tree.root, count, index, leaf, cut)


def test_an_inner_node_is_no_leaf_of_a_positional_tree():
    leaves = leaves_of(4)
    tree = PositionalTree(leaves)
    inner = keccak(leaves[0] + leaves[1])
    proof = tree.proof(0)[1:]
    for count in range(5):
        assert PositionalTree.verify(tree.root, count, 0, inner, proof) is (count == 2)
    # so the count belongs to the root: a header commits to both


@given(COUNTS, st.integers(0, 2**32), st.data())
def test_every_leaf_of_a_standard_tree_is_proven_and_no_other(count, seed, data):
    leaves = leaves_of(count, seed)
    tree = StandardTree(leaves)
    assert tree.root == StandardTree(leaves[::-1]).root
    assert tree.root == drawn_standard_root(leaves)
    proofs = dict(tree.proofs())
    assert list(proofs) == sorted(leaves)
    stranger = bytes(31) + b"\1"
    with pytest.raises(KeyError):
        tree.proof(stranger)
    if not count:
        assert tree.root == ZERO
        return
    leaf = data.draw(st.sampled_from(leaves))
    proof = tree.proof(leaf)
    assert split_proof(proofs[leaf]) == proof
    verify = StandardTree.verify
    assert verify(tree.root, leaf, proof)
    assert not verify(tree.root, stranger, proof)
    assert not verify(flip(tree.root), leaf, proof)
    assert not verify(tree.root, leaf[:31], proof)
    for at in range(len(proof)):
        assert not verify(tree.root, leaf, proof[:at])
        assert not verify(tree.root, leaf, [*proof[:at], flip(proof[at]), *proof[at + 1 :]])
        assert not verify(tree.root, leaf, [*proof[:at], proof[at] + b"\0", *proof[at + 1 :]])


def test_equal_leaves_are_allowed_and_each_is_proven():
    leaves = leaves_of(3) * 3
    tree = StandardTree(leaves)
    assert all(tree.verify(tree.root, leaf, tree.proof(leaf)) for leaf in leaves)
    assert len(list(tree.proofs())) == 9


@pytest.mark.parametrize("kind", [PositionalTree, StandardTree])
def test_a_tree_outlives_the_list_that_it_was_made_of(kind):
    leaves = leaves_of(5)
    tree, kept = kind(leaves), kind(tuple(leaves))
    leaves.reverse()
    leaves.clear()
    assert (tree.root, list(tree.proofs())) == (kept.root, list(kept.proofs()))


@pytest.mark.parametrize("tree", [PositionalTree, StandardTree])
@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33)])
def test_a_leaf_of_another_length_is_refused(tree, wrong):
    with pytest.raises(ValueError, match="32 bytes"):
        tree([*leaves_of(2), wrong])


def test_more_leaves_than_a_header_counts_are_refused():
    with pytest.raises(ValueError, match="at most"):
        PositionalTree(range(2**32))


@pytest.mark.parametrize("index", [-1, 3, 2**40])
def test_an_index_outside_the_tree_has_no_leaf_and_no_proof(index):
    tree = PositionalTree(leaves_of(3))
    with pytest.raises(IndexError):
        tree.leaf(index)
    with pytest.raises(IndexError):
        tree.proof(index)


def test_keccak_is_ethereums_and_each_is_the_same_hash():
    cases = json.loads((ROOT / "vectors" / "keccak.json").read_text())["cases"]
    known = {
        b"": "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        b"abc": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    }
    messages = [bytes.fromhex(case["message"][2:]) for case in cases]
    assert known.keys() <= set(messages)
    assert keccak_each(messages) == [keccak(message) for message in messages]
    for case, message in zip(cases, messages, strict=True):
        assert case["hash"] == "0x" + keccak(message).hex()
        assert keccak(message).hex() == known.get(message, keccak(message).hex())


def test_the_vectors_are_fresh():
    command = [sys.executable, str(ROOT / "tools" / "gen_vectors.py"), "--check"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_balances_trees_are_those_of_openzeppelin_merkle_tree():
    """npm's own package, as locked in contracts/, computes every root and every proof again."""
    modules = ROOT / "contracts" / "node_modules" / "@openzeppelin" / "merkle-tree"
    node = shutil.which("node")
    if node is None or not modules.is_dir():
        pytest.skip("node or contracts/node_modules is absent: make setup installs it")
    done = subprocess.run(
        [node, str(Path(__file__).with_name("openzeppelin.mjs")), str(ROOT / "contracts")],
        input=json.dumps(VECTORS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cases = VECTORS["standard"]["cases"]
    for case, answer in zip(cases, json.loads(done.stdout), strict=True):
        assert answer == {name: case[name] for name in ("root", "leaves", "proofs")}


def test_a_standard_leaf_is_hashed_twice():
    assert standard_leaf(b"row") == keccak(keccak(b"row"))
