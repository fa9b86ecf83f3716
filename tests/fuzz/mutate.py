"""Inputs that a random number decides: bytes changed at random, JSON changed where it has shape.

Nothing here knows a decoder. Everything takes its randomness from the generator it is given, so an
input is a function of (decoder, kind, seed, number) and can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

BYTES_MAX = 1 << 17  # of a generated input; beyond it every decoder refuses by length
DEPTHS = (1, 40, 300, 2_000, 60_000)
# What a decoder stumbles over: numbers that explode, texts that no encoding has, JSON's corners.
NUMBERS = (
    *("0", "-0", "1", "-1", "1.5", "1e400000", "-1e-400000", "1E3", "9" * 5_000, "0." + "1" * 400),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "2e308", "1e28"),
    *("NaN", "Infinity", "-Infinity", "0x10", "01", "1_0", "٣", "true", "null"),
)
TEXTS = (
    *("", " ", "\x00", "\ud800", "\udfff\ud800", "é", "\U0001f600", "\u202e", "ı", "K", "a/b"),
    *("../../etc/passwd", "%00", "%ff", "' OR 1=1 --", "${jndi:ldap://x}", "<script>", "\r\nX: y"),
    *("x" * 37, "x" * 51, "x" * 513, "é" * 5_000, "2024-02-30T00:00:00Z", "9999-12-31T23:59:60Z"),
    *("0001-01-01T00:00:00+14:00", "1e400000", "NaN", "OCMF|{}|{}", "T0NNRnx7fXx7fQ==", "-1"),
)
BYTES = (
    *(
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf8",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"\n",
        b"|",
    ),
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b'"',
        b"\\u",
        b"\\ud800",
        b",",
        b":",
        b";",
        b"'",
        b"\\",
        b"/",
        b"=",
        b"%",
    ),
    *(number.encode() for number in NUMBERS if len(number) < 100),
)


def mutated(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change bytes without knowing what they mean, one to six times."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        data = rng.choice(BLIND)(rng, data, others)
    return data[:BYTES_MAX]


def _flip(rng: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    if not data:
        return rng.randbytes(rng.randrange(40))
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _overwrite(rng: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at, many = rng.randrange(len(data) + 1), rng.randrange(1, 9)
    return data[:at] + rng.randbytes(many) + data[at + many :]


def _insert(rng: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(BYTES) + data[at:]


def _cut(rng: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    low, high = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:low] + data[high:] if rng.random() < 0.7 else data[:high]


def _repeat(rng: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    low, high = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    part = data[low:high][:64]
    times = rng.choice((2, 3, 17, 1_000))
    return data[:low] + part * times + data[high:]


def _splice(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _nest(rng: Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at, depth = rng.randrange(len(data) + 1), rng.choice(DEPTHS)
    return data[:at] + rng.choice((b"[", b'{"a":', b"(", b"%25")) * min(depth, 20_000) + data[at:]


BLIND: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    *(_flip, _flip, _overwrite, _insert, _insert, _cut, _cut, _repeat, _splice),
)
BLIND = BLIND * 6 + (_nest,)


class Number:
    """A number as it is to stand in JSON, which Python's own could not hold."""

    def __init__(self, text: str) -> None:
        self.text = text


def odd(rng: Random, old: object) -> object:
    """A value that does not belong where ``old`` stood."""
    pick = rng.randrange(12)
    if isinstance(old, Number):
        old = old.text
    if pick < 3:
        return Number(rng.choice(NUMBERS))
    if pick < 6:
        return rng.choice(TEXTS)
    if pick == 6:
        return rng.choice((None, True, False, [], {}, [[]], {"": None}))
    if pick == 7:
        return [old] * rng.choice((0, 2, 40))
    if pick == 8 and isinstance(old, str):
        at = rng.randrange(len(old) + 1)
        return old[:at] + rng.choice(TEXTS) + old[at:]
    if pick == 9 and isinstance(old, int) and not isinstance(old, bool):
        return old + rng.choice((1, -1, 1 << 31, 1 << 63, -(1 << 63), 1 << 70))
    if pick == 10:
        deep: object = old
        for _ in range(rng.choice((1, 5, 60))):
            deep = [deep] if rng.random() < 0.5 else {"a": deep}
        return deep
    return str(old) if not isinstance(old, dict | list) else {"value": old}


def changed(rng: Random, tree: object, times: int | None = None) -> object:
    """Return a copy of a JSON tree that is changed in a few places."""
    for _ in range(rng.choice((1, 1, 2, 4)) if times is None else times):
        tree = _change(rng, tree)
    return tree


def _change(rng: Random, tree: object) -> object:
    if isinstance(tree, dict) and tree and rng.random() < 0.85:
        key = rng.choice(list(tree))
        pick = rng.randrange(10)
        if pick == 0:
            return {name: value for name, value in tree.items() if name != key}
        if pick == 1:
            return tree | {rng.choice(TEXTS): odd(rng, tree[key])}
        if pick == 2:
            return {(name.swapcase() if name == key else name): v for name, v in tree.items()}
        return tree | {key: _change(rng, tree[key])}
    if isinstance(tree, list) and tree and rng.random() < 0.85:
        at = rng.randrange(len(tree))
        pick = rng.randrange(10)
        if pick == 0:
            return tree[:at] + tree[at + 1 :]
        if pick == 1:
            return tree + [tree[at]] * rng.choice((1, 20))
        return [*tree[:at], _change(rng, tree[at]), *tree[at + 1 :]]
    return odd(rng, tree)


def written(tree: object) -> bytes:
    """JSON, with :class:`Number` as it is; lone surrogates stay escaped."""
    parts: list[str] = []
    _write(tree, parts)
    return "".join(parts).encode("utf-8", "surrogatepass")


def _write(tree: object, parts: list[str]) -> None:
    if isinstance(tree, Number):
        parts.append(tree.text)
    elif isinstance(tree, dict):
        parts.append("{")
        for at, (name, value) in enumerate(tree.items()):
            parts.append(("," if at else "") + json.dumps(name) + ":")
            _write(value, parts)
        parts.append("}")
    elif isinstance(tree, list | tuple):
        parts.append("[")
        for at, value in enumerate(tree):
            parts.append("," if at else "")
            _write(value, parts)
        parts.append("]")
    else:
        parts.append(json.dumps(tree))


def words(rng: Random, text: str, many: Sequence[str] = TEXTS) -> str:
    """Replace a run of letters or digits in a text by an odd one, or a separator by another."""
    spots = [at for at in range(len(text)) if not text[at].isalnum() or not at]
    at = rng.choice(spots) if spots else 0
    pick = rng.randrange(4)
    if pick == 0 and text:
        return text[:at] + rng.choice(",;:|/'\"\t\n \\=[]{}().-+") + text[at + 1 :]
    end = at + 1
    while end < len(text) and text[end].isalnum():
        end += 1
    if pick == 1:
        return text[:at] + text[end:]
    return text[: at + 1] + rng.choice((*many, *NUMBERS)) + text[end:]
