"""Whatever its schema allows, a station's message is answered, or refused in OCPP's words."""

from __future__ import annotations

import asyncio
import random

import pytest

from ohmstead.core.network import Admission
from ohmstead.core.station_log import StationEvent, StationLog
from ohmstead.flows.stations import ChangeStation, change_station
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from tests.apps.stations.test_handlers_fuzz import Bench
from tests.wire.ocpp.schemas import instance, schemas

ROUNDS = 25
MESSAGES = [
    (version, name)
    for version in (Version.V16, Version.V201)
    for name, action in sorted(ACTIONS[version].items())
    if Side.STATION in action.senders
]
FULLNESS = [0.0, 0.3, 0.7, 1.0]


def payloads(version, name, rounds=ROUNDS):
    every = schemas(version)
    schema = every.get(f"{name}Request") or every[name]
    rng = random.Random(f"{version}{name}")
    return [instance(rng, schema, schema, rng.choice(FULLNESS)) for _ in range(rounds)]


@pytest.mark.parametrize(("version", "name"), MESSAGES)
def test_any_message_its_schema_allows_is_answered_or_refused(version, name):
    bench = Bench(version)

    async def scenario():
        said = [await bench.say(name, payload) for payload in payloads(version, name)]
        codes = {one.code for one in said if isinstance(one, CallRefused)}
        assert codes <= {ErrorCode.PROPERTY_CONSTRAINT_VIOLATION}
        bench.books_balance()
        for event in bench.store.find(StationEvent, 1_000):
            assert event.at_ms >= 0 and len(event.text) <= 500
        head = bench.store.get(StationLog, "ST")
        assert head is None or len(head.states) <= 32
        bench.verifier.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("version", "name"), MESSAGES)
def test_behaviour_12_no_message_of_a_pending_station_is_more_than_evidence(version, name):
    bench = Bench(version)

    async def scenario():
        await bench.store.run(change_station, ChangeStation("ST", admission=Admission.PENDING))
        bench.peer.services.registry.forget("ST")
        for payload in payloads(version, name, 5):
            answer = await bench.say(name, payload)
            if name != "BootNotification":
                assert answer.code is ErrorCode.SECURITY_ERROR
        assert bench.store.find(StationEvent, 10) == []
        bench.verifier.close()

    asyncio.run(scenario())
