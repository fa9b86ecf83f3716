"""A plan keeps what is true of the files and invents no second car on an evse."""

# ruff: noqa: DTZ001 - files have local times, and so has this test

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.replay.plan import Wishes, build
from ohmstead.apps.replay.plan_pick import local_to_ms, move
from ohmstead.apps.replay.plan_profile import Curve, fits
from ohmstead.apps.replay.plan_roles import HOSTS_MIN, MISBEHAVIOURS, hosts_of
from ohmstead.apps.replay.raw import RawSession
from ohmstead.apps.replay.sources import data_sources, generated
from ohmstead.core.plausibility import above_rated
from ohmstead.core.session import PayerKind
from ohmstead.errors import OperatorError


class Given:
    """A source of the sessions it is given."""

    def __init__(self, raws, name="given"):
        self.raws, self.name = raws, name

    def sessions(self, skipped):
        return iter(self.raws)

    def sorted(self, skipped):
        return iter(sorted(self.raws, key=lambda raw: (raw.start_local, raw.session)))


def hold_what_a_plan_promises(plan, raws):
    """Check everything that is true of every plan."""
    by_id = {(raw.source, raw.session): raw for raw in raws}
    assert [s.number for s in plan.sessions] == list(range(1, len(plan.sessions) + 1))
    assert [s.start_ms for s in plan.sessions] == sorted(s.start_ms for s in plan.sessions)
    evses = defaultdict(list)
    drivers = defaultdict(list)
    for session in plan.sessions:
        raw = by_id[session.source, session.source_session]
        station = plan.station(session.station_id)
        (evse,) = [evse for evse in station.evses if evse.id == session.evse]
        assert (session.protocol, session.zone) == (station.protocol, raw.zone)
        zone = ZoneInfo(session.zone)
        for at_ms, was in (
            (session.start_ms, raw.start_local),
            (session.end_ms, raw.end_local),
        ):
            local = datetime.fromtimestamp(at_ms // 1_000, zone).replace(tzinfo=None)
            assert (local.weekday(), local.time()) == (was.weekday(), was.time())
            assert (local - was) % timedelta(weeks=1) == timedelta()
        assert session.energy_mwh == raw.energy_mwh
        begin, end = (session.start_ms, 0), (session.end_ms, session.energy_mwh)
        for (t1, e1), (t2, e2) in pairwise([begin, *session.samples, end]):
            assert t1 < t2
            assert e1 <= e2
            assert not above_rated(max(0, e2 - e1 - 1), evse.rated_w, t2 - t1)
        assert fits(session.energy_mwh, evse.rated_w, session.end_ms - session.start_ms)
        assert 0 < len(session.driver) <= 20
        evses[session.station_id, session.evse].append(session)
        drivers[session.driver].append(session)
    for group in [*evses.values(), *drivers.values()]:
        for one, other in pairwise(group):
            assert one.end_ms <= other.start_ms
    serials = [evse.meter_serial for station in plan.stations for evse in station.evses]
    assert len(serials) == len(set(serials))
    assert len({station.id for station in plan.stations}) == len(plan.stations)


def raw_sessions():
    """Any sessions of a few places in three zones, in hostile weeks of the year too."""
    moments = st.datetimes(datetime(2019, 3, 1), datetime(2021, 4, 15))
    one = st.builds(
        lambda start, minutes, energy, peak, place, zone, user: (
            start.replace(microsecond=0),
            minutes,
            energy,
            peak,
            place,
            zone,
            user,
        ),
        moments,
        st.integers(1, 2_000),
        st.integers(1, 100_000_000),
        st.sampled_from([0, 600, 7_000, 400_000]),
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.sampled_from(["Europe/Oslo", "America/Los_Angeles", "Australia/Lord_Howe"]),
        st.sampled_from(["", "u1", "u2", "a-user-with-a-very-long-name"]),
    )
    return st.lists(one, min_size=1, max_size=40).map(
        lambda rows: [
            RawSession(
                "given",
                str(n),
                zone,
                f"{place}",
                user,
                start,
                start + timedelta(minutes=minutes),
                energy,
                peak,
                zone,
            )
            for n, (start, minutes, energy, peak, place, zone, user) in enumerate(rows)
        ]
    )


@given(raw_sessions(), st.sampled_from([date(2026, 11, 2), date(2026, 3, 23), date(2025, 10, 20)]))
def test_any_sessions_make_a_plan_that_keeps_its_promises(raws, window):
    try:
        plan = build([Given(raws)], Wishes(window=window))
    except OperatorError as error:
        assert "no session to replay" in str(error)
        return
    hold_what_a_plan_promises(plan, raws)
    assert len(plan.sessions) + sum(dict(plan.skipped).values()) == len(raws)
    assert plan == build([Given(raws)], Wishes(window=window))


@given(
    st.integers(1, 10**9), st.integers(0, 300_000), st.integers(1, 200_000), st.integers(1, 10**8)
)
def test_energy_arrives_in_time_and_never_faster_than_rated(energy, peak, rated, duration):
    if not fits(energy, rated, duration):
        return
    curve = Curve(energy, peak, rated, duration)
    points = [(duration * n // 50, curve.at(duration * n // 50)) for n in range(51)]
    assert points[0][1] == 0
    assert points[-1][1] == energy
    for (t1, e1), (t2, e2) in pairwise(points):
        assert e1 <= e2
        assert (e2 - e1 - 2) * 3_600 <= rated * (t2 - t1)


def test_a_local_time_that_a_clock_change_leaves_out_is_no_moment():
    assert local_to_ms(datetime(2026, 3, 29, 2, 30), "Europe/Oslo") is None
    assert local_to_ms(datetime(2026, 11, 20, 12), "Europe/Oslo") == 1_795_172_400_000
    skipped = Counter()
    gone = RawSession(
        "s",
        "1",
        "",
        "",
        "",
        datetime(2026, 3, 22, 2, 30),
        datetime(2026, 3, 22, 9),
        1,
        0,
        "Europe/Oslo",
    )
    assert move(gone, 1, skipped) is None
    assert skipped == {"local time skipped by a clock change": 1}


def test_a_window_begins_on_a_monday():
    with pytest.raises(OperatorError, match="Monday"):
        build([generated("a", 50)], Wishes(window=date(2026, 11, 3)))


def test_asking_for_more_than_there_is_says_so():
    with pytest.raises(OperatorError, match="fewer than 51"):
        build([generated("a", 50)], Wishes(sessions=51))
    with pytest.raises(OperatorError, match="no session to replay"):
        build([Given([])])


def test_a_generated_plan_has_everything_the_demo_needs():
    source = generated("a", 500)
    plan = build([source], Wishes(sessions=310, misbehaviours=MISBEHAVIOURS))
    hold_what_a_plan_promises(plan, list(source.sessions(Counter())))
    hold_what_the_demo_needs(plan, 310)
    again = build([source], Wishes(sessions=310, misbehaviours=MISBEHAVIOURS))
    assert again == plan
    other = build([source], Wishes(sessions=310, seed="b", misbehaviours=MISBEHAVIOURS))
    assert other != plan


def hold_what_the_demo_needs(plan, sessions):
    assert len(plan.sessions) == sessions
    assert len(plan.stations) >= 20
    assert len({station.host for station in plan.stations}) >= HOSTS_MIN
    assert {session.protocol for session in plan.sessions} == {"1.6", "2.0.1", "2.1"}
    walk_ups = [s for s in plan.sessions if s.payer is PayerKind.WALLET_LOCK]
    assert len(walk_ups) == -(-sessions // 10)
    assert len({s.driver for s in walk_ups}) == len(walk_ups)
    naughty = {s.misbehaviour: s for s in plan.sessions if s.misbehaviour}
    assert set(naughty) == set(MISBEHAVIOURS)
    assert all(s.payer is PayerKind.PREPAID for s in naughty.values())
    for name, session in naughty.items():
        on_evse = [
            other
            for other in plan.sessions
            if (other.station_id, other.evse) == (session.station_id, session.evse)
        ]
        if name not in ("cost_above_hold", "chain_killed"):
            assert on_evse[-1] == session
        if name == "replayed_page":
            assert len(on_evse) > 1
    most = max(s.energy_mwh for s in plan.sessions if s.payer is PayerKind.PREPAID)
    assert naughty["cost_above_hold"].energy_mwh == most


def test_the_published_files_make_the_demo(shared, monkeypatch):
    monkeypatch.setenv("OHMSTEAD_SHARED", str(shared))
    sources = data_sources()
    plan = build(sources, Wishes(sessions=320, misbehaviours=MISBEHAVIOURS))
    raws = [raw for source in sources for raw in source.sessions(Counter())]
    hold_what_a_plan_promises(plan, raws)
    hold_what_the_demo_needs(plan, 320)
    assert len({session.source for session in plan.sessions}) == 3
    rated = {(s.source, evse.rated_w) for s in plan.stations for evse in s.evses}
    assert {w for source, w in rated if source == "epfl"} == {172_500}
    assert {w for source, w in rated if source == "acn"} <= {6_600, 7_200}
    assert {w for source, w in rated if source == "norway"} <= {7_200, 11_000, 22_000}
    weeks = {datetime.fromtimestamp(s.start_ms // 1_000, UTC).date() for s in plan.sessions}
    assert max(weeks) - min(weeks) <= timedelta(days=8)


def test_gaps_are_where_nothing_happens():
    plan = build([generated("a", 60)], Wishes())
    moments = plan.moments()
    for before, after in plan.gaps(600_000):
        assert after - before > 600_000
        assert not [m for m in moments if before < m < after]
    jumped = sum(after - before for before, after in plan.gaps(0))
    assert jumped == plan.end_ms - plan.start_ms
    for before, after in plan.idle(0):
        assert all(s.end_ms <= before or s.start_ms >= after for s in plan.sessions)
    assert plan.idle(0)


def test_protocols_can_be_chosen():
    for wish in ("1.6", "2.0.1", "2.1"):
        plan = build([generated("a", 30)], Wishes(protocol=wish))
        assert {session.protocol for session in plan.sessions} == {wish}
    with pytest.raises(OperatorError, match=r"no protocol '2\.2'"):
        build([generated("a", 30)], Wishes(protocol="2.2"))


def test_hosts_are_five_where_there_are_five_stations():
    assert len(set(hosts_of([("s", "x")] * 8))) >= 5
    assert len(set(hosts_of([("s", "x")] * 7 + [("t", "y")]))) >= 5
    assert hosts_of([("s", str(n)) for n in range(6)]) == [f"host-{n + 1}" for n in range(6)]
    assert len(set(hosts_of([("s", "x")] * 3))) == 3
