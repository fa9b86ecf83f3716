"""Session files are read as they are, or refused with their line and column."""

# ruff: noqa: DTZ001 - files have local times, and so has this test

from __future__ import annotations

import gzip
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.replay import sources
from ohmstead.apps.replay.raw import RawSession
from ohmstead.apps.replay.sources import (
    DATA_FILES,
    FORMATS,
    data_folder,
    data_sources,
    generated,
    open_source,
    sort_by_start,
)
from ohmstead.errors import OperatorError

GENERIC = "station,user,start,end,energy_kwh\n"
EPFL = "Session,CCS,Arrival,Departure,Stay (min),Energy (Wh),Pmax (W)\n"
ACN = "Session,ConnectionStartDateTime,ConnectionEndDateTime,Power,Energy,ChargingStation,UserID\n"
NORWAY = (
    '"location";"user_id";"session_id";"plugin_time";"plugout_time";"connection_time";'
    '"energy_session"\n'
)


@pytest.fixture
def read(tmp_path):
    def run(text, skipped=None, **options):
        path = tmp_path / "some.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        skipped = Counter() if skipped is None else skipped
        return list(open_source(path, **options).sorted(skipped))

    return run


def test_each_format_is_told_by_its_header_and_read_exactly(read):
    (epfl,) = read(EPFL + "7,CCS2,2022-08-11 23:33:00,2022-08-11 23:37:00,5,9632.5,168393\n")
    assert (epfl.source, epfl.station_key, epfl.energy_mwh) == ("epfl", "CCS2", 9_632_500)
    assert (epfl.peak_w, epfl.zone, epfl.user) == (168_393, "Europe/Zurich", "")
    (acn,) = read(ACN + "S1,2018-10-08 13:25:00,2018-10-09 00:06:00,0.6,6.31,1-1,000000365\n")
    assert (acn.energy_mwh, acn.peak_w, acn.user) == (6_310_000, 600, "365")
    assert acn.zone == "America/Los_Angeles"
    row = '"ASK";"ASK_P";"ASK_1";2019-11-28 19:08:00;2019-11-29 08:20:00;13,2;19,96\n'
    (norway,) = read(NORWAY + row)
    assert (norway.energy_mwh, norway.site, norway.zone) == (19_960_000, "ASK", "Europe/Oslo")
    assert norway.end_local == datetime(2019, 11, 29, 8, 20)
    (generic,) = read(GENERIC + "A,u,2026-11-20 08:00,2026-11-20T09:00+00:00,1.5\n")
    assert (generic.energy_mwh, generic.zone) == (1_500_000, "Etc/UTC")


def test_a_time_with_an_offset_becomes_local_in_the_zone_that_was_asked_for(read):
    (one,) = read(
        GENERIC + "A,u,2026-11-20T08:00Z,2026-11-20T09:00Z,1\n", zone="America/Los_Angeles"
    )
    assert one.start_local == datetime(2026, 11, 20, 0, 0)


def test_optional_columns_are_used(read):
    header = "station,user,start,end,energy_kwh,power_kw,site,session\n"
    (one,) = read(header + "A,,2026-11-20 08:00,2026-11-20 09:00,1,7.4,garage,X9\n")
    assert (one.peak_w, one.site, one.session, one.user) == (7_400, "garage", "X9", "")


def test_rows_with_nothing_to_replay_are_counted_with_their_reason(read):
    skipped = Counter()
    kept = read(
        GENERIC
        + "A,u,2026-11-20 08:00,2026-11-20 09:00,0\n"
        + "A,u,2026-11-20 08:00,,1\n"
        + "A,u,2026-11-20 08:00,2026-11-20 08:00,1\n"
        + "A,u,2026-11-20 08:00,2026-11-20 09:00,1\n",
        skipped,
    )
    assert len(kept) == 1
    assert skipped == {"no energy": 1, "no end": 1, "end not after start": 1}


GOOD = "A,u,2026-11-20 08:00,2026-11-20 09:00,1\n"
BAD = [
    ("A,u,yesterday,2026-11-20 09:00,1\n", r"line 3, column start: 'yesterday' is no time"),
    ("A,u,2026-11-20 08:00,25:00,1\n", r"line 3, column end: '25:00' is no time"),
    ("A,u,2026-11-20 08:00,2026-11-20 09:00,lots\n", r"line 3, column energy_kwh: 'lots'"),
    ("A,u,2026-11-20 08:00,2026-11-20 09:00,-1\n", r"line 3, column energy_kwh: '-1' is below"),
    ("A,u,2026-11-20 08:00,2026-11-20 09:00,1e400000\n", r"line 3, column energy_kwh"),
    ("A,u,2026-11-20 08:00,2026-11-20 09:00,99999\n", r"line 3, column energy_kwh: .* more than"),
    ("A,u,2026-11-20 08:00,2026-11-20 09:00,\n", r"line 3, column energy_kwh: '' is nothing"),
    (",u,2026-11-20 08:00,2026-11-20 09:00,1\n", r"line 3, column station: '' is nothing"),
    ("A,u,0001-01-01T00:00+14:00,2026-11-20 09:00,1\n", r"line 3, column start"),
    ("A,u,2026-11-20 08:00\n", r"line 3 has 3 cells, not 5"),
    ('"A,u\n', r"line 3"),
    ("A" * (1 << 17) + "\n", r"line 3 is longer than 65536"),
]


@pytest.mark.parametrize(("row", "message"), BAD)
def test_a_wrong_row_is_named_by_file_line_and_column(read, row, message):
    with pytest.raises(OperatorError, match=message) as error:
        read(GENERIC + GOOD + row)
    assert str(error.value).startswith("some.csv: ")


def test_a_file_that_cannot_be_read_says_why(read, tmp_path):
    with pytest.raises(OperatorError, match="columns fit none of epfl, acn, norway, generic"):
        read("a,b,c\n")
    with pytest.raises(OperatorError, match="line 1 has no column energy_kwh"):
        read("station,user,start,end\n", format_name="generic")
    with pytest.raises(OperatorError, match="no format 'nope'"):
        read(GENERIC, format_name="nope")
    with pytest.raises(OperatorError, match="no time zone 'Mars/Phobos'"):
        read(GENERIC, zone="Mars/Phobos")
    with pytest.raises(OperatorError, match="No such file"):
        open_source(tmp_path / "missing.csv")
    with pytest.raises(OperatorError, match="not UTF-8"):
        read(GENERIC.encode() + b"\xff\xfe,u\n", format_name="generic")
    packed = gzip.compress((GENERIC + GOOD * 500).encode())
    with pytest.raises(OperatorError, match="damaged or cut short"):
        read(packed[:-20], format_name="generic")


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, junk):
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    for head in (b"", GENERIC.encode(), gzip.compress(GENERIC.encode())):
        path.write_bytes(head + junk)
        for format_name in FORMATS:
            try:
                for session in open_source(path, format_name).sorted(Counter()):
                    assert session.energy_mwh > 0
            except OperatorError:
                pass


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 99)), max_size=60))
def test_sorting_through_files_is_sorting(rows):
    begin = datetime(2026, 1, 5)
    raws = [
        RawSession(
            "s", f"{n:02}", "", "", "ü\n", begin + timedelta(hours=h), begin, 1 << 40, 0, "Etc/UTC"
        )
        for h, n in rows
    ]
    before = sources.RUN_SESSIONS_MAX
    sources.RUN_SESSIONS_MAX = 7
    try:
        found = list(sort_by_start(raws))
    finally:
        sources.RUN_SESSIONS_MAX = before
    assert found == sorted(raws, key=lambda raw: (raw.start_local, raw.source, raw.session))


def test_the_generated_workload_follows_from_its_seed_and_says_what_it_is():
    one, same = (list(generated("a", 200).sorted(Counter())) for _ in range(2))
    other = list(generated("b", 200).sorted(Counter()))
    assert one == same
    assert one != other
    assert len(one) == 200
    assert {session.source for session in one} == {"generated"}
    assert all(session.energy_mwh > 0 for session in one)


def test_the_data_folder_is_the_one_named(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMSTEAD_SHARED", str(tmp_path))
    assert data_folder() is None
    assert data_sources() == []
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DATA_FILES["epfl"]).write_text(EPFL)
    assert [source.name for source in data_sources()] == ["epfl"]


def test_the_published_files_are_read_whole_and_sorted(shared, monkeypatch):
    monkeypatch.setenv("OHMSTEAD_SHARED", str(shared))
    counted = {}
    for source in data_sources():
        skipped = Counter()
        starts = [session.start_local for session in source.sorted(skipped)]
        assert starts == sorted(starts)
        counted[source.name] = (len(starts), sum(skipped.values()))
    # The README's row counts: 1,878 and 30,114 and 35,377, of which 38 have no end.
    assert counted == {"epfl": (1_878, 0), "acn": (30_114, 0), "norway": (35_339, 38)}
