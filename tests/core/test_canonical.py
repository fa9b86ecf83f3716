"""Canonical JSON is RFC 8785, checked against the ``rfc8785`` package, and nothing else is read."""

import json

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ohmstead.core import canonical
from ohmstead.errors import LocalProtocolError, RemoteProtocolError

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.INTEGER_MAX, canonical.INTEGER_MAX) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
@example({"\U0001f600": 1, "\ufb33": 2, "\u20ac": 3, "\r": 4, "1": 5, "\x80": 6, "": 7})
@example('\x00\x1f\x7f\u2028\u2029"\\/\b\f\n\r\t<>&')
def test_every_value_is_written_as_the_rfc_writes_it_and_read_back(value):
    data = canonical.encode(value)
    assert data == rfc8785.dumps(value)
    again = canonical.decode(data)
    assert again == value
    assert json.dumps(again) == json.dumps(json.loads(data))


def test_names_are_sorted_by_their_utf_16_units_not_by_code_point():
    # U+1F600 is D83D DE00 in UTF-16 and so comes before U+FB33, which has the smaller code point
    assert (
        canonical.encode({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()
    )


@pytest.mark.parametrize(
    "value",
    [1.0, 2**53, -(2**53), b"x", (1,), {1: 2}, {None: 1}, {"a": {1, 2}}, "\ud800", {"\udfff": 1}],
)
def test_what_has_no_canonical_text_is_our_mistake(value):
    with pytest.raises(LocalProtocolError):
        canonical.encode(value)


def nested(depth):
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1 ",
        b"1.0",
        b"1e0",
        b"1e400000",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"9" * 16,
        b"9" * 100_000,
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u001F"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\x01"',
        b"\xef\xbb\xbf1",
        b"[1,]",
        b"{}{}",
        b"nul",
        nested(canonical.DEPTH_MAX + 1),
        nested(100_000),
        b'{"a":' * 100_000,
    ],
)
def test_any_other_encoding_is_refused_and_is_their_mistake(data):
    with pytest.raises(RemoteProtocolError):
        canonical.decode(data)


def test_depth_and_size_end_where_they_say():
    assert canonical.decode(nested(canonical.DEPTH_MAX))
    assert canonical.decode(b'"aa"', size_max=4) == "aa"
    with pytest.raises(RemoteProtocolError, match="at most 3 bytes"):
        canonical.decode(b'"aa"', size_max=3)
    with pytest.raises(LocalProtocolError, match="at most"):
        canonical.encode("x" * canonical.SIZE_MAX)


@given(st.binary(max_size=60) | st.text('[]{}:,"\\u0123456789eE+-.aflnrstu \x00é').map(str.encode))
def test_whatever_bytes_come_they_are_canonical_or_refused(data):
    try:
        value = canonical.decode(data)
    except RemoteProtocolError:
        return
    assert rfc8785.dumps(value) == data


def test_a_changed_byte_is_refused_or_means_something_else():
    value = {"a": [1, -2, None, True, "x\n\u20ac"], "b": {"c": "", "d": []}}
    data = canonical.encode(value)
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            try:
                other = canonical.decode(changed)
            except RemoteProtocolError:
                continue
            assert json.dumps(other) != json.dumps(value)
    for cut in range(len(data)):
        with pytest.raises(RemoteProtocolError):
            canonical.decode(data[:cut])
