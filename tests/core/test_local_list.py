"""Local authorisation lists: which id_tokens stand on one, and how one becomes another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.local_list import (
    ListEntry,
    ListStatus,
    after,
    differential,
    entry_of,
    full,
    in_order,
)
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.core.session import PayerKind
from ohmstead.frozen import replace

NOW = 1_700_000_000_000
CARD = IdToken("Card", TokenStatus.ACCEPTED, "0x1", PayerKind.PREPAID, offline_at=("S",))


def status(token, station="S", is_16=False):
    entry = entry_of(token, station, NOW, is_16=is_16)
    return entry.status if entry else None


def test_an_id_token_stands_on_the_lists_it_was_meant_for_and_no_other():
    assert status(CARD) is ListStatus.ACCEPTED
    assert status(CARD, "OTHER") is None
    assert status(replace(CARD, offline_at=("*",)), "OTHER") is ListStatus.ACCEPTED
    assert status(replace(CARD, offline_at=())) is None


def test_a_list_refuses_what_is_blocked_or_expired_and_forgets_what_is_invalid():
    assert status(replace(CARD, status=TokenStatus.BLOCKED)) is ListStatus.BLOCKED
    assert status(replace(CARD, status=TokenStatus.EXPIRED)) is ListStatus.EXPIRED
    assert status(replace(CARD, expires_ms=NOW)) is ListStatus.EXPIRED
    assert status(replace(CARD, expires_ms=NOW + 1)) is ListStatus.ACCEPTED
    assert status(replace(CARD, status=TokenStatus.INVALID)) is None


def test_a_walk_up_lock_is_never_for_offline_use():
    assert status(replace(CARD, payer_kind=PayerKind.WALLET_LOCK)) is None


def test_what_1_6_cannot_write_stays_off_its_lists():
    long = replace(CARD, uid="C" * 21, group="G" * 30)
    assert status(long, is_16=True) is None
    assert entry_of(long, "S", NOW, is_16=False).group == "G" * 30
    assert entry_of(replace(long, uid="C" * 20), "S", NOW, is_16=True).group == "G" * 20


entries = st.builds(
    ListEntry,
    st.sampled_from("abcdefgh"),
    st.sampled_from(ListStatus),
    st.integers(0, 2),
    st.sampled_from(["", "G"]),
    st.sampled_from(["ISO14443", "eMAID"]),
)
lists = st.lists(entries, max_size=8, unique_by=lambda entry: entry.key).map(in_order)
sizes = st.integers(1, 5)


def at_the_station(have, messages, by_type):
    """A station's list after messages; 2.0.1 tells id_tokens apart by type as well."""
    known = {(entry.key, by_type and entry.type): entry for entry in have}
    for message in messages:
        if message.is_full:
            known = {}
        for entry in message.removals:
            known.pop((entry.key, by_type and entry.type), None)
        known |= {(entry.key, by_type and entry.type): entry for entry in message.puts}
    return in_order(known.values())


@given(lists, lists, sizes, st.booleans())
def test_a_differential_turns_one_list_into_the_other_within_the_stations_limits(
    have, want, items, by_type
):
    messages = differential(have, want, 5, items)
    ours = have
    for number, message in enumerate(messages):
        assert (message.version, message.is_full) == (5 + number, False)
        assert 0 < message.items <= items
        ours = after(ours, message)
    assert ours == want
    assert at_the_station(have, messages, by_type) == want
    assert differential(want, want, 9, items) == ()


@given(lists, lists, sizes)
def test_a_full_list_leaves_nothing_of_the_one_before(have, want, items):
    messages = full(want, 3, items)
    assert [message.is_full for message in messages] == [True] + [False] * (len(messages) - 1)
    assert [message.version for message in messages] == list(range(3, 3 + len(messages)))
    assert all(message.items <= items for message in messages)
    assert at_the_station(have, messages, by_type=True) == want
    ours = have
    for message in messages:
        ours = after(ours, message)
    assert ours == want
