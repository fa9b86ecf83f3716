"""Clocks: one for the machine, one for replays, one for tests."""

from __future__ import annotations

import time

import pytest

from ohmstead.adapters.clock import ManualClock, ScaledClock, SystemClock

NS = 1_000_000


@pytest.fixture
def machine(monkeypatch):
    """A monotonic clock that the test moves, in nanoseconds."""
    now = [5_000 * NS]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now[0])
    return now


def test_the_system_clock_tells_the_time_of_the_machine(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_795_000_000_123_999_999)
    assert SystemClock().now_ms() == 1_795_000_000_123


def test_a_scaled_clock_starts_where_it_is_told_and_runs_as_fast_as_it_is_told(machine):
    clock = ScaledClock(start_ms=1_000_000, speed=60)
    assert clock.now_ms() == 1_000_000
    machine[0] += 250 * NS
    assert clock.now_ms() == 1_015_000


def test_a_scaled_clock_does_not_lose_parts_of_a_millisecond(machine):
    clock = ScaledClock(0, 3)
    for _ in range(1_000):
        machine[0] += NS // 5
        clock.now_ms()
    assert clock.now_ms() == 600


def test_a_jump_skips_an_idle_gap_and_goes_on_from_there(machine):
    clock = ScaledClock(0, 10)
    machine[0] += 100 * NS
    clock.jump(50_000)
    assert clock.now_ms() == 50_000
    machine[0] += 100 * NS
    assert clock.now_ms() == 51_000


def test_a_jump_never_goes_backwards(machine):
    clock = ScaledClock(0, 10)
    machine[0] += 100 * NS
    clock.jump(999)
    assert clock.now_ms() == 1_000
    clock.jump(1_000)
    assert clock.now_ms() == 1_000


@pytest.mark.parametrize("speed", [0, -1])
def test_a_clock_that_stands_or_runs_backwards_is_refused(speed):
    with pytest.raises(ValueError, match=str(speed)):
        ScaledClock(0, speed)


def test_a_manual_clock_stands_until_it_is_moved_and_never_goes_back():
    clock = ManualClock(7)
    assert clock.now_ms() == 7
    clock.advance(3)
    assert clock.now_ms() == 10
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    assert clock.now_ms() == 10
