"""Files: which way is chosen, and where an upload can come to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.core.files import (
    NUMBER_MAX,
    TRANSITIONS,
    Protocol,
    UploadEvent,
    UploadState,
    choose,
    read_protocols,
    upload_key,
)

SETS = st.lists(st.sampled_from(Protocol), unique=True).map(tuple)


@given(SETS, SETS)
def test_what_is_chosen_is_offered_and_known_and_nothing_better_is(offered, said):
    chosen = choose(offered, said)
    fits = [one for one in offered if not said or one in said]
    if chosen is None:
        assert not fits
    else:
        assert chosen in fits
        order = list(Protocol)
        assert all(order.index(chosen) <= order.index(one) for one in fits)


@given(st.text(max_size=60))
def test_any_list_of_a_station_is_read(text):
    assert set(read_protocols(text)) <= set(Protocol)


def test_the_lists_of_both_versions_are_read():
    assert read_protocols("FTP, HTTPS,SFTP") == (Protocol.HTTPS, Protocol.FTP)
    assert read_protocols("http,ftps") == (Protocol.HTTP, Protocol.FTPS)
    assert read_protocols("SFTP") == ()


@given(st.lists(st.sampled_from(UploadEvent), max_size=12))
def test_what_arrived_stays_received_whatever_is_said_afterwards(events):
    state, arrived = UploadState.ASKED, False
    for event in events:
        state = TRANSITIONS.get((state, event), state)
        arrived = arrived or event is UploadEvent.ARRIVED
        assert (state is UploadState.RECEIVED) == arrived


@given(st.integers(1, NUMBER_MAX), st.integers(1, NUMBER_MAX))
def test_the_newest_upload_comes_first(one, other):
    assert (upload_key(one) < upload_key(other)) == (one > other)
