"""A page of a meter is one record in the whole network, however little is looked up for it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohmstead.core.bill import PageHead
from ohmstead.core.meter import Reading, SignedReading
from ohmstead.core.progress import BLOCK_READINGS, advance
from ohmstead.core.session import PayerKind, Session, SessionState
from ohmstead.flows.charging.evidence import VALID, Evidence, weigh
from ohmstead.flows.charging.kept import progress_of, signed_of
from ohmstead.frozen import replace
from tests.flows.world import ASSET, KWH, World

KEY = "ab" * 32


class Shelf:
    """A State that counts how often signed records are looked for in vain."""

    def __init__(self):
        self.records, self.in_vain = {}, 0

    def get(self, kind, key):
        found = self.records.get((kind, key))
        self.in_vain += kind is SignedReading and found is None
        return found

    def put(self, records):
        self.records |= {(type(record), record.key): record for record in records}


def session(number):
    return Session(
        *(f"S-{number}", SessionState.ACTIVE, "ST", 1, f"TX{number}", "2.0.1", "card", ""),
        *(PayerKind.NONE, "T", ASSET, (), 0),
        meter_key_id=KEY,
    )


def signed(page, content=0, context="T", at_ms=1_000):
    sha = f"{page:032x}{content:032x}"
    reading = Reading("1-b:1.8.0", page, at_ms, "C")
    record = SignedReading("", KEY, context, page, sha, b"", "0" * 64, "0" * 64, (reading,))
    return Evidence(VALID, sha, b"raw", record)


def hear(state, session, *evidence):
    """One message of a session, as the flows hear it."""
    progress = progress_of(state, session)
    weighed = weigh(state, session, progress.pages, evidence, 60_000, 2_000)
    advanced = advance(replace(progress, pages=weighed.pages), (), -1)
    state.put((*weighed.puts, advanced.progress, *advanced.blocks))
    return weighed.findings


PAGES = st.tuples(
    st.integers(0, 2),  # the session
    st.one_of(st.none(), st.integers(0, 60)),  # a page; None is the next one of the meter
    st.integers(0, 1),  # what it says
    st.sampled_from("TTTF"),
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(PAGES, min_size=1, max_size=3), max_size=40))
def test_every_page_is_judged_as_if_all_pages_were_looked_up(messages):
    state, stored, top = Shelf(), {}, -1
    for message in messages:
        who = session(message[0][0])
        evidence, expected = [], []
        for _, page, content, context in message:
            page = top + 1 if page is None else page
            top = max(top, page)
            item = signed(page, content, context)
            evidence.append(item)
            holder, sha = stored.setdefault((context, page), (who.id, item.payload_sha256))
            if sha != item.payload_sha256:
                expected.append("page_conflict")
            elif holder != who.id:
                expected.append("replayed_page")
        assert hear(state, who, *evidence) == tuple(dict.fromkeys(expected))
    kept = {r.key: (r.session_id, r.payload_sha256) for r in state.records.values() if _is(r)}
    assert kept == {f"{KEY}/{context}/{page}": found for (context, page), found in stored.items()}
    for number in range(3):
        who = session(number)
        mine = sorted(key for key, (holder, _) in kept.items() if holder == who.id)
        found = signed_of(state, who, progress_of(state, who), {})
        assert [record.key for record in found] == mine


def _is(record):
    return type(record) is SignedReading


def test_a_meter_that_counts_is_never_looked_up_in_vain():
    state, page = Shelf(), 0
    for number in range(5):
        for _ in range(10):
            page += 1
            assert hear(state, session(number), signed(page)) == ()
    assert state.in_vain == 0
    assert state.records[PageHead, f"{KEY}/T"] == PageHead(KEY, "T", "S-4", 40)


def test_pages_with_gaps_leave_the_progress_in_blocks_and_are_found_again():
    state, who = Shelf(), session(1)
    pages = range(0, 10 * BLOCK_READINGS, 2)
    for page in pages:
        assert hear(state, who, signed(page)) == ()
    progress = progress_of(state, who)
    assert len(progress.pages) < BLOCK_READINGS
    assert progress.blocks > 0
    assert len(signed_of(state, who, progress, {})) == len(pages)
    for page in pages:
        assert hear(state, who, signed(page, content=1)) == ("page_conflict",)


def test_one_message_cannot_bring_two_contents_for_one_page():
    world = World()
    started = world.start()
    one = world.meter.sign((world.now, "B", 0), page=7)
    other = world.meter.sign((world.now, "B", KWH), page=7)
    world.readings(started.transaction_id, evidence=world.evidence(one, other))
    assert "page_conflict" in world.session(started).findings
