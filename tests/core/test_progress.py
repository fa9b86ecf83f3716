"""How readings advance a session: nothing twice, nothing lost, whatever order they come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.progress import (
    BLOCK_READINGS,
    Progress,
    advance,
    delivered_mwh,
    named,
    top_page,
    with_page,
)
from ohmstead.frozen import replace

BEGUN = Progress("S-1", 1_000, 100)


def kept(blocks, progress):
    return [value for block in blocks for value in block.values] + list(progress.values)


def test_a_reading_moves_on_what_the_session_said_last():
    after = advance(BEGUN, [(160, 1_500)], 7)
    assert (after.progress.last_ms, after.progress.last_mwh) == (160, 1_500)
    assert after.progress.last_seq == 7
    assert after.progress.values == ((160, 1_500),)
    assert not after.decreased
    assert delivered_mwh(1_000, after.progress) == 500


def test_of_two_values_for_one_moment_the_first_one_stands():
    once = advance(BEGUN, [(160, 1_500), (160, 1_600)], -1).progress
    again = advance(once, [(160, 1_700)], -1).progress
    assert again.values == ((160, 1_500),)


def test_a_register_that_falls_is_noticed_and_not_believed():
    high = advance(BEGUN, [(160, 1_500)], -1).progress
    after = advance(high, [(220, 1_400)], -1)
    assert after.decreased
    assert after.progress.last_mwh == 1_500
    assert after.progress.values[-1] == (220, 1_400)  # kept all the same


def test_a_full_block_is_written_once_and_the_next_begins_empty():
    values = [(200 + at, 2_000 + at) for at in range(BLOCK_READINGS + 1)]
    after = advance(BEGUN, values, -1)
    (block,) = after.blocks
    assert block.values == tuple(values[:BLOCK_READINGS])
    assert block.key == "S-1/000000"
    assert after.progress.values == (values[-1],)
    assert after.progress.blocks == 1


def test_what_delivered_nothing_yet_is_not_zero():
    assert delivered_mwh(None, BEGUN) is None
    assert delivered_mwh(1_000, None) is None
    assert delivered_mwh(1_000, Progress("S-1", None, 0)) is None


VALUES = st.tuples(st.integers(0, 60), st.integers(0, 10_000))


@given(st.lists(st.lists(VALUES, max_size=5), max_size=20))
def test_every_moment_is_kept_once_with_its_first_value(messages):
    progress, blocks, expected = BEGUN, [], {}
    for message in messages:
        kept_ms = {at_ms for at_ms, _ in kept(blocks, progress)}
        after = advance(progress, message, -1, kept_ms)
        progress = after.progress
        blocks += after.blocks
        for at_ms, mwh in message:
            expected.setdefault(at_ms, mwh)
    assert kept(blocks, progress) == list(expected.items())
    assert all(len(block.values) == BLOCK_READINGS for block in blocks)
    assert [block.number for block in blocks] == list(range(progress.blocks))
    assert len(progress.values) < BLOCK_READINGS


@given(st.lists(st.tuples(st.sampled_from("TF"), st.integers(0, 40)), unique=True, max_size=40))
def test_pages_are_kept_as_ranges_that_never_overlap(pages):
    known, tops = (), {}
    for context, page in pages:
        known = with_page(known, context, page)
        tops[context] = max(page, tops.get(context, -1))
        assert top_page(known, context) == tops[context]
    listed = [(c, page) for c, first, last in known for page in range(first, last + 1)]
    assert sorted(listed) == sorted(pages)


def test_a_meter_that_counts_takes_one_range():
    known = ()
    for page in range(100):
        known = with_page(known, "T", page)
    assert known == (("T", 0, 99),)
    assert top_page(known, "F") == -1


def test_what_leaves_in_a_block_is_everything_but_the_highest_pages():
    scattered = tuple(("T", page, page) for page in range(0, 40, 2))
    both = (("F", 3, 9), *scattered)
    after = advance(replace(BEGUN, pages=both), [(160, 1_500)], 3, seen=named(3, "ab" * 32))
    (block,) = after.blocks
    assert block.pages == scattered[:-1]
    assert after.progress.pages == (("F", 3, 9), ("T", 38, 38))
    assert block.values == ((160, 1_500),) and block.seen == ((3, "ab" * 16),)
    assert (after.progress.values, after.progress.seen, after.progress.blocks) == ((), (), 1)
