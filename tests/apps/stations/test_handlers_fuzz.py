"""Whatever a valid message holds, a handler answers it or refuses it in OCPP's own words."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.config import OcppConfig
from ohmstead.apps.stations.attempts import Attempts
from ohmstead.apps.stations.directory import Directory
from ohmstead.apps.stations.services import Registry, Services
from ohmstead.apps.stations.verifier import Verifier
from ohmstead.core.ledger import Account
from ohmstead.core.session import OPEN_STATES, Session
from ohmstead.flows.charging.missing import GiveUp, give_up
from ohmstead.wire.ocpp.base import Version
from ohmstead.wire.ocpp.codec import decode_response
from ohmstead.wire.ocpp.faults import CallRefused
from ohmstead.wire.ocpp.frames import CallReceived
from tests.flows.world import ZONE, World

TIMES = st.sampled_from(
    [
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:43:20.5Z",
        "2023-11-15T22:13:20+02:00",
        "2023-11-12T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:60-12:00",
        "1969-12-31T23:59:59.999Z",
        "2024-02-30T00:00:00Z",
        "yesterday",
        "",
    ]
)
WHOLE = st.one_of(
    st.integers(0, 10_000),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, -1, 1, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63)]),
)
SMALL = st.one_of(st.integers(-1, 3), st.sampled_from([2**31, 2**63 - 1, -(2**63)]))
NUMBERS = st.one_of(
    st.integers(0, 30_000),
    st.sampled_from([1e400, 1e27, -1e27, 1e-28, 1.5, -0.0, 10**27, -1]).filter(
        lambda n: n != 1e400
    ),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
VALUES = st.one_of(
    st.integers(-10, 30_000).map(str),
    st.sampled_from(
        ["NaN", "inf", "-inf", "1e400000", "-0", "1e-30", str(2**70), "", " 7 ", "1_0", "٣", "sNaN"]
    ),
    st.text(max_size=20),
)
TOKENS = st.sampled_from(["CARD", "card", "NOBODY", "", "ı", "x" * 20, "\x00", "a/b", "%"])
TEXT = st.one_of(st.sampled_from(["", "T1", "T2", "1", "a/1", "\x00"]), st.text(max_size=36))
RECORDS = st.sampled_from(
    [
        "OCMF|{}|{}",
        "T0NNRnx7fXx7fQ==",
        'OCMF|{"FV":"1.0","RD":[{"RV":1e400000}]}|{"SD":"00"}',
        '{"signedMeterData":"","publicKey":""}',
        "",
        "\x00",
        "<x/>",
    ]
)


def shape(**fields):
    """An object with all of ``fields``; those whose name ends in _ are there or not."""
    must = {name: kind for name, kind in fields.items() if not name.endswith("_")}
    may = {name[:-1]: kind for name, kind in fields.items() if name.endswith("_")}
    return st.fixed_dictionaries(must, optional=may)


SAMPLE_16 = st.one_of(
    shape(
        value=VALUES,
        unit_=st.sampled_from(["Wh", "kWh", "W", "varh"]),
        measurand_=st.sampled_from(["Energy.Active.Import.Register", "Voltage"]),
        context_=st.sampled_from(["Transaction.Begin", "Transaction.End"]),
    ),
    shape(value=RECORDS, format=st.just("SignedData")),
)
METER_16 = st.lists(
    shape(timestamp=TIMES, sampledValue=st.lists(SAMPLE_16, min_size=1, max_size=3)), max_size=3
)
SAMPLE_201 = shape(
    value=NUMBERS,
    measurand_=st.sampled_from(["Energy.Active.Import.Register", "Voltage"]),
    unitOfMeasure_=shape(unit_=st.sampled_from(["Wh", "kWh", "furlong"]), multiplier_=SMALL),
    signedMeterValue_=shape(
        signedMeterData=RECORDS,
        signingMethod=st.just(""),
        encodingMethod=st.just("OCMF"),
        publicKey=RECORDS,
    ),
)
METER_201 = st.lists(
    shape(timestamp=TIMES, sampledValue=st.lists(SAMPLE_201, min_size=1, max_size=3)),
    min_size=1,
    max_size=3,
)
TOKEN_201 = shape(idToken=TOKENS, type=st.just("Central"))
MESSAGES = {
    Version.V16: {
        "Authorize": shape(idTag=TOKENS),
        "BootNotification": shape(
            chargePointVendor=TEXT, chargePointModel=TEXT, firmwareVersion_=TEXT
        ),
        "DataTransfer": shape(vendorId=TEXT, data_=TEXT),
        "Heartbeat": shape(),
        "MeterValues": shape(connectorId=SMALL, transactionId_=SMALL, meterValue=METER_16),
        "StartTransaction": shape(
            connectorId=SMALL, idTag=TOKENS, meterStart=WHOLE, timestamp=TIMES, reservationId_=SMALL
        ),
        "StatusNotification": shape(
            connectorId=SMALL,
            errorCode=st.just("NoError"),
            status=st.sampled_from(["Available", "Charging"]),
            timestamp_=TIMES,
        ),
        "StopTransaction": shape(
            meterStop=WHOLE,
            timestamp=TIMES,
            transactionId=SMALL,
            idTag_=TOKENS,
            reason_=st.sampled_from(["Local", "PowerLoss", "Remote"]),
            transactionData_=METER_16,
        ),
    },
    Version.V201: {
        "Authorize": shape(idToken=TOKEN_201),
        "BootNotification": shape(
            reason=st.just("PowerUp"), chargingStation=shape(model=TEXT, vendorName=TEXT)
        ),
        "DataTransfer": shape(vendorId=TEXT, data_=st.one_of(NUMBERS, TEXT)),
        "Heartbeat": shape(),
        "MeterValues": shape(evseId=SMALL, meterValue=METER_201),
        "NotifyReport": shape(
            requestId=SMALL,
            generatedAt=TIMES,
            seqNo=SMALL,
            reportData_=st.lists(
                shape(
                    component=shape(name=TEXT, evse_=shape(id=SMALL)),
                    variable=shape(name=TEXT),
                    variableAttribute=st.lists(shape(value_=TEXT), min_size=1, max_size=2),
                ),
                min_size=1,
                max_size=2,
            ),
        ),
        "StatusNotification": shape(
            timestamp=TIMES,
            connectorStatus=st.sampled_from(["Available", "Occupied"]),
            evseId=SMALL,
            connectorId=SMALL,
        ),
        "TransactionEvent": shape(
            eventType=st.sampled_from(["Started", "Updated", "Ended"]),
            timestamp=TIMES,
            triggerReason=st.just("Trigger"),
            seqNo=st.one_of(st.integers(0, 4), SMALL),
            transactionInfo=shape(
                transactionId=st.one_of(st.sampled_from(["T1", "T2"]), TEXT),
                stoppedReason_=st.sampled_from(["Local", "PowerLoss"]),
            ),
            offline_=st.booleans(),
            evse_=shape(id=SMALL),
            idToken_=TOKEN_201,
            meterValue_=METER_201,
        ),
    },
}


MESSAGES[Version.V21] = MESSAGES[Version.V201]  # 2.1 reads all of it, and adds to it


class Bench:
    """Handlers over a store in memory: no socket, nothing else left out."""

    def __init__(self, version):
        world = World()
        self.store, self.clock = world.store, world.clock
        verifier = Verifier()
        registry, attempts = Registry(self.store, b""), Attempts(self.store, self.clock)
        services = Services(self.store, self.clock, registry, verifier, OcppConfig(), 6, attempts)
        directory = Directory(services, lambda: True)
        self.version, self.verifier = version, verifier
        self.peer = directory.peer(services.registry.find("ST"), version)

    async def say(self, action, payload):
        """Return the answer, or the refusal."""
        raw = json.dumps(payload).encode()
        try:
            answer = await self.peer.handle(CallReceived("id", action, raw, False))
        except CallRefused as refused:
            assert 0 < len(refused.description) <= 255
            return refused
        decode_response(self.version, action, answer)
        return answer

    def books_balance(self):
        accounts = self.store.find(Account, 10_000)
        assert sum(a.debits_posted - a.credits_posted for a in accounts) == 0
        assert sum(a.debits_pending - a.credits_pending for a in accounts) == 0
        assert all(a.available >= 0 for a in accounts if a.id.startswith("pay"))


def conversations(version):
    one = st.sampled_from(sorted(MESSAGES[version])).flatmap(
        lambda action: st.tuples(st.just(action), MESSAGES[version][action])
    )
    charging = ["StartTransaction", "MeterValues", "StopTransaction"]
    if version is not Version.V16:
        charging = ["TransactionEvent"]
    about = st.sampled_from(charging).flatmap(
        lambda action: st.tuples(st.just(action), MESSAGES[version][action])
    )
    return st.lists(st.one_of(one, about, about), min_size=1, max_size=8)


@pytest.mark.parametrize("version", list(Version))
@given(data=st.data())
def test_any_conversation_of_valid_messages_is_answered_or_refused(version, data):
    said = data.draw(conversations(version))

    bench = Bench(version)

    async def talk():
        try:
            for action, payload in said:
                await bench.say(action, payload)
                bench.clock.advance(data.draw(st.sampled_from([0, 60_000, 86_400_001])))
            bench.books_balance()
            for state in OPEN_STATES:
                for session in bench.store.find(Session, 100, state=state.value):
                    await bench.store.run(give_up, GiveUp(session.id, ZONE))
            bench.books_balance()
        finally:
            bench.verifier.close()

    asyncio.run(talk())


@pytest.mark.parametrize("version", list(Version))
@given(data=st.data())
def test_any_json_as_a_payload_is_answered_or_refused(version, data):
    leaf = st.one_of(st.none(), st.booleans(), WHOLE, NUMBERS, st.text(max_size=8))
    anything = st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    )
    action = data.draw(st.sampled_from([*sorted(MESSAGES[version]), "Reset", "Fnord"]))
    payload = data.draw(anything)

    bench = Bench(version)

    async def talk():
        try:
            await bench.say(action, payload)
        finally:
            bench.verifier.close()

    asyncio.run(talk())
