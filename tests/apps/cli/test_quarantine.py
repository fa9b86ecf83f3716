"""What is in quarantine is typed out as it came, and harmless to whoever looks."""

from __future__ import annotations

from ohmstead.apps.cli import quarantine


def test_nothing_a_station_said_moves_the_cursor():
    assert quarantine._shown("a\x9b2J\u202eb é") == "a\\u009b2J\\u202eb é"
