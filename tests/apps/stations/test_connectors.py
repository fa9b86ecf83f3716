"""What connectors do is durable before the answer, and told in the two ways that 2.x has."""

from __future__ import annotations

import asyncio
import json

import pytest

from ohmstead.apps.api import views
from ohmstead.apps.stations.connectors import CONNECTORS_MAX, said
from ohmstead.apps.stations.peer import Presence, StationPeer
from ohmstead.core.attempt import Attempt
from ohmstead.core.connectors import Connectors, ConnectorState
from ohmstead.core.network import Station
from ohmstead.errors import StoreUnavailable
from ohmstead.wire.ocpp.base import Version
from tests.apps.stations.field import V16, V201, iso, running
from tests.flows.world import NOON

V21 = Version.V21
every = pytest.mark.parametrize("version", [V16, V201, V21])
newer = pytest.mark.parametrize("version", [V201, V21])


def told(version, word, evse=1, connector=1):
    if version == V16:
        return {"connectorId": evse, "errorCode": "NoError", "status": word}
    place = {"evseId": evse, "connectorId": connector}
    return {"timestamp": iso(NOON), "connectorStatus": word} | place


async def say(station, action, payload):
    reply = await station.send(action, payload)
    assert reply[0] == 3, reply


def shown(field):
    record = field.store.get(Station, "S")
    return [evse.status for evse in views.evses(field.house, record)]


def kept(field):
    record = field.store.get(Connectors, "S")
    return {one.place: one.status for one in record.states} if record is not None else {}


def happened(value="Occupied", component="Connector", variable="AvailabilityState", **more):
    return {
        "eventId": 1,
        "timestamp": iso(NOON),
        "trigger": "Delta",
        "actualValue": value,
        "component": {"name": component, "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": variable},
        "eventNotificationType": "HardWiredNotification",
    } | more


def notify(*events):
    return {"generatedAt": iso(NOON), "seqNo": 0, "eventData": list(events)}


@every
async def test_what_a_connector_does_is_known_after_a_restart_before_it_is_said_again(
    version, tmp_path
):
    async with running(tmp_path) as field, field.station(version) as station:
        await say(station, "StatusNotification", told(version, "Available", evse=2))
        await say(station, "StatusNotification", told(version, "Faulted"))
        assert kept(field) == {(2, 1): "Available", (1, 1): "Faulted"}
    async with running(tmp_path, furnish=False) as field, field.station(version, boot=False):
        assert shown(field) == ["Faulted", "Available"]


@every
async def test_what_is_known_already_is_not_written_again(version, tmp_path):
    async with running(tmp_path) as field:
        for expected in (1, 0):  # and on the next connection too
            async with field.station(version) as station:
                before = field.store._writer.commits
                for _ in range(3):
                    await say(station, "StatusNotification", told(version, "Available"))
                assert field.store._writer.commits - before == expected


@every
async def test_a_status_that_cannot_be_stored_is_not_answered_and_not_believed(
    version, tmp_path, monkeypatch
):
    async with running(tmp_path) as field:
        async with field.station(version) as station:
            await say(station, "StatusNotification", told(version, "Available"))
            run = field.store.run

            async def refuse(flow, command):
                if isinstance(command, Connectors):
                    raise StoreUnavailable("the disk is full")
                return await run(flow, command)

            monkeypatch.setattr(field.store, "run", refuse)
            call = [2, "m", "StatusNotification", told(version, "Faulted")]
            await station.socket.send(json.dumps(call))
            await asyncio.wait_for(station.socket.wait_closed(), 10)
            assert station.socket.close_code == 1013
            monkeypatch.setattr(field.store, "run", run)
        assert shown(field)[0] == "Available" == kept(field)[1, 1]
        async with field.station(version) as station:
            await say(station, "StatusNotification", told(version, "Faulted"))
        assert shown(field)[0] == "Faulted" == kept(field)[1, 1]


async def test_what_two_connections_of_a_station_say_at_once_is_kept_of_both(tmp_path):
    async with running(tmp_path) as field, field.station(V16):
        services, presence = field.house.services, Presence()
        peers = [
            StationPeer(services, field.store.get(Station, "S"), Version.V16, {}, presence)
            for _ in range(2)
        ]
        states = ConnectorState(1, 1, "Faulted"), ConnectorState(2, 1, "Available")
        await asyncio.gather(*(said(*what) for what in zip(peers, states, strict=True)))
        assert kept(field) == {(1, 1): "Faulted", (2, 1): "Available"}


@newer
async def test_a_connector_may_tell_its_availability_by_an_event(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        await say(station, "NotifyEvent", notify(happened("Available")))
        assert shown(field)[0] == "Available" == kept(field)[1, 1]
        await say(station, "NotifyEvent", notify(happened("Faulted"), happened("Occupied")))
        assert shown(field)[0] == "Occupied" == kept(field)[1, 1]
        (attempt,) = field.store.find(Attempt, 10)  # it was plugged in
        assert (attempt.evse_id, attempt.connector_id) == (1, 1)


@newer
async def test_other_events_say_nothing_of_availability(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        for event in (
            happened(variable="Temperature"),
            happened(component="EVSE"),
            happened("Melting"),
            happened("Faulted", cleared=True),
            happened() | {"component": {"name": "Connector"}},
        ):
            await say(station, "NotifyEvent", notify(event))
        assert kept(field) == {} and shown(field)[0] == "unknown"


async def test_of_one_station_so_many_connectors_are_kept_and_no_more(tmp_path):
    async with running(tmp_path) as field, field.station(V201) as station:
        for number in range(CONNECTORS_MAX + 1):
            await say(station, "StatusNotification", told(V201, "Available", connector=number))
        assert len(kept(field)) == CONNECTORS_MAX
        await say(station, "StatusNotification", told(V201, "Faulted", connector=0))
        assert kept(field)[1, 0] == "Faulted"
