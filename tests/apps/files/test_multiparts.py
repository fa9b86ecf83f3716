"""Forms from stations and strangers: the first file of them, or one error, however they are cut."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.files.multiparts import FirstFile
from ohmstead.apps.files.receiving import NAME_MAX, CutShort, plain_name

HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.log"\r\n\r\n'


def fed(form, body, sizes):
    """What comes out of a body that arrives in blocks of these sizes."""
    found, at = b"", 0
    for size in [*sizes, len(body)]:
        found += b"".join(form.feed(body[at : at + size])) if body[at : at + size] else b""
        at += size
    return found


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=20))
def test_a_file_comes_out_as_it_went_in(content, sizes):
    form = FirstFile("b")
    if b"\r\n--b" not in b"\r\n" + content:
        assert fed(form, HEAD + content + b"\r\n--b--\r\n", sizes) == content
        form.end()
        assert form.name == "x.log"


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=20), st.booleans())
def test_any_bytes_are_a_file_or_cut_short(body, sizes, begins_well):
    form = FirstFile("b")
    with contextlib.suppress(CutShort):
        fed(form, (HEAD if begins_well else b"") + body, sizes)
        form.end()


@pytest.mark.parametrize("boundary", ["", "a\nb"])
def test_a_boundary_that_is_none_is_refused(boundary):
    with pytest.raises(CutShort):
        FirstFile(boundary)


@given(st.text(max_size=600))
def test_a_name_is_never_a_path(name):
    plain = plain_name(name)
    assert not set(plain) & set("/\\\r\n\0")
    assert len(plain) <= NAME_MAX
