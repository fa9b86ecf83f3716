"""Tickets and uploads: bounded for each station, followed to one end, and twice is once."""

from __future__ import annotations

import pytest

from ohmstead.core.files import OPEN_MAX, TICKETS_MAX, Protocol, Ticket, Upload, UploadEvent
from ohmstead.core.network import Evse, Station
from ohmstead.core.session import Share
from ohmstead.errors import OperatorError
from ohmstead.flows import onboarding
from ohmstead.flows.files import AskUpload, ask_upload, give_ticket
from ohmstead.flows.uploads import (
    LATE_MS,
    Answered,
    Happened,
    Prune,
    Said,
    answered,
    happened,
    over,
    prune,
    said,
)
from tests.flows.world import HOST, MINUTE, World


@pytest.fixture
def world():
    made = World(signed=False)
    for name in ("ONE", "TWO"):
        station = Station(name, "", (Evse(1, 22_000),), "T", (Share(HOST, 10_000, True),))
        made.run(onboarding.add_station, station)
    return made


def ticket(world, number, station="ONE", minutes=60):
    until = world.now + minutes * MINUTE
    return Ticket(
        f"{number:012x}", station, "fw-1", False, "00", Protocol.HTTPS, world.now + number, until
    )


def asked(world, station="ONE", action="GetLog", number=[0]):  # noqa: B006
    number[0] += 1
    deadline = world.now + 60 * MINUTE
    command = AskUpload(
        station, "security", action, Protocol.HTTP, f"{number[0]:012x}", "00", deadline
    )
    return world.run(ask_upload, command)


def test_a_station_has_so_many_tickets_and_the_oldest_goes(world):
    for number in range(TICKETS_MAX + 5):
        world.run(give_ticket, ticket(world, number))
    world.run(give_ticket, ticket(world, 999, "TWO"))
    kept = world.store.find(Ticket, 1_000, station_id="ONE")
    assert [one.id for one in kept] == [f"{n:012x}" for n in range(5, TICKETS_MAX + 5)]


def test_tickets_that_are_over_go_first(world):
    world.run(give_ticket, ticket(world, 1, minutes=1))
    world.run(give_ticket, ticket(world, 2, minutes=30))
    world.clock.advance(2 * MINUTE)
    world.run(give_ticket, ticket(world, 3))
    assert len(world.store.find(Ticket, 10, station_id="ONE")) == 2


def test_a_station_nobody_knows_is_given_no_ticket(world):
    with pytest.raises(OperatorError):
        world.run(give_ticket, ticket(world, 1, "NOBODY"))
    with pytest.raises(OperatorError):
        asked(world, "NOBODY")


def test_so_many_uploads_of_a_station_are_waited_for(world):
    asked(world, "TWO")
    first = asked(world)
    for _ in range(OPEN_MAX):
        world.clock.advance(1)
        asked(world)
    states = [one.state.value for one in world.store.find(Upload, 100)]
    assert states == ["asked"] * OPEN_MAX + ["failed", "asked"]
    assert (
        world.run(happened, Happened(first.number, UploadEvent.ARRIVED)).state.value == "received"
    )


def test_what_nobody_asked_for_changes_nothing(world):
    assert world.run(happened, Happened(9, UploadEvent.ARRIVED)) is None
    assert world.run(said, Said("ONE", "UploadFailure", 9)) is None
    assert world.run(said, Said("ONE", "UploadFailed", action="GetDiagnostics")) is None
    assert world.run(answered, Answered(9)) is None
    assert world.run(over, 9) is None
    one = asked(world)
    assert world.run(said, Said("TWO", "UploadFailure", one.number)) is None
    assert world.run(said, Said("ONE", "Idle", one.number)) is None
    assert world.store.find(Upload, 10) == [one]


def test_a_failure_told_twice_ends_it_once(world):
    one = asked(world)
    first = world.run(said, Said("ONE", "PermissionDenied", one.number))
    world.clock.advance(MINUTE)
    again = world.run(said, Said("ONE", "PermissionDenied", one.number))
    assert (again.ended_ms, again.reason) == (first.ended_ms, first.reason)


def test_diagnostics_are_about_the_last_that_was_asked_for(world):
    old, new = asked(world, action="GetDiagnostics"), asked(world, action="GetDiagnostics")
    asked(world)
    told = world.run(said, Said("ONE", "UploadFailed", action="GetDiagnostics"))
    assert told.number == new.number != old.number


def test_uploaded_and_not_here_is_waited_for_a_little(world):
    one = asked(world)
    world.run(said, Said("ONE", "Uploaded", one.number))
    world.clock.advance(LATE_MS - 1)
    assert world.run(over, one.number).state.value == "asked"
    world.clock.advance(1)
    assert world.run(over, one.number).state.value == "failed"


def test_only_the_same_request_is_given_up_for_a_newer_one(world):
    logs, diagnostics, newest = asked(world), asked(world, action="GetDiagnostics"), asked(world)
    world.run(answered, Answered(newest.number, "x.log", canceled=True))
    states = {one.number: one.state.value for one in world.store.find(Upload, 10)}
    assert states == {
        logs.number: "failed",
        diagnostics.number: "asked",
        newest.number: "asked",
    }


def test_the_files_of_the_newest_are_kept(world):
    for number in range(1, 5):
        asked(world)
        world.run(happened, Happened(number, UploadEvent.ARRIVED, "x", 1, "ab"))
    assert world.run(prune, Prune("ONE", 2)) == (2, 1)
    assert world.run(prune, Prune("ONE", 2)) == ()
