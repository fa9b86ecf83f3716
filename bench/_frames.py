"""What the stations of a benchmark send, made before the clock starts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench._network import RATED_W, id_tag, meter

INTERVAL = timedelta(minutes=1)
STEP_WH = RATED_W // 60  # what a full minute at the rated power delivers, cut below
RECORDS = 10  # of a session: begin, eight updates, end
BEFORE_NOW = timedelta(days=6)  # sessions of the past, so that their readings are not of the future

BOOT_16 = b'[2,"boot","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"Load"}]'
BOOT_201 = (
    b'[2,"boot","BootNotification",{"reason":"PowerUp",'
    b'"chargingStation":{"model":"Load","vendorName":"Bench"}}]'
)
START = (
    b'[2,"start","StartTransaction",{"connectorId":1,"idTag":"%b","meterStart":0,"timestamp":"%b"}]'
)
METER_VALUES = (
    b'[2,"%d-%d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%b",'
    b'"sampledValue":[{"value":"%d","context":"Sample.Periodic","format":"Raw","measurand":'
    b'"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"},'
    b'{"value":"21980.5","measurand":"Power.Active.Import","unit":"W"},'
    b'{"value":"31.8","measurand":"Current.Import","phase":"L1","unit":"A"},'
    b'{"value":"230.2","measurand":"Voltage","phase":"L1","unit":"V"},'
    b'{"value":"54","measurand":"SoC","location":"EV","unit":"Percent"}]}]}]'
)
EVENT = (
    b'[2,"%d-%d","TransactionEvent",{"eventType":"%b","timestamp":"%b","triggerReason":"%b",'
    b'"seqNo":%d,"transactionInfo":{"transactionId":"%b"%b},"evse":{"id":1,"connectorId":1}%b,'
    b'"meterValue":[{"timestamp":"%b","sampledValue":[{"value":%d.0,"context":"%b","measurand":'
    b'"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}%b}]}]}]'
)
UPDATED = (
    b'[2,"%d-%d","TransactionEvent",{"eventType":"Updated","timestamp":"%b","triggerReason":'
    b'"MeterValuePeriodic","seqNo":%d,"transactionInfo":{"transactionId":"%d-plain",'
    b'"chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"meterValue":[{"timestamp":"%b",'
    b'"sampledValue":[{"value":%d.0,"context":"Sample.Periodic","measurand":'
    b'"Energy.Active.Import.Register","location":"Outlet","unitOfMeasure":{"unit":"Wh"}},'
    b'{"value":21980.5,"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}},'
    b'{"value":31.8,"measurand":"Current.Import","phase":"L1","unitOfMeasure":{"unit":"A"}},'
    b'{"value":230.2,"measurand":"Voltage","phase":"L1","unitOfMeasure":{"unit":"V"}},'
    b'{"value":54,"measurand":"SoC","location":"EV","unitOfMeasure":{"unit":"Percent"}}]}]}]'
)
SIGNED = (
    b',"signedMeterValue":{"signedMeterData":"%b","signingMethod":"","encodingMethod":"OCMF",'
    b'"publicKey":""}'
)


def time_text(moment: datetime) -> bytes:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z".encode()


def start_frame(number: int, begun: datetime) -> bytes:
    return START % (id_tag(number).encode(), time_text(begun))


def meter_values(number: int, transaction: int, begun: datetime, count: int) -> Iterator[bytes]:
    """Plain readings of one transaction, one each minute, at the rated power."""
    for at in range(1, count + 1):
        moment = time_text(begun + at * INTERVAL)
        yield METER_VALUES % (number, at, transaction, moment, at * STEP_WH)


def updates(number: int, count: int) -> Iterator[bytes]:
    """One transaction: its Started, then plain Updated events, one each minute at rated power."""
    begun = datetime.now(UTC).replace(microsecond=0) - BEFORE_NOW
    name, text = b"%d-plain" % number, time_text(begun)
    token = b',"idToken":{"idToken":"%b","type":"ISO14443"}' % id_tag(number).encode()
    head = (number, 0, b"Started", text, b"Authorized", 0, name, b"", token)
    yield EVENT % (*head, text, 0, b"Transaction.Begin", b"")
    for at in range(1, count + 1):
        text = time_text(begun + at * INTERVAL)
        yield UPDATED % (number, at, text, at, number, text, at * STEP_WH)


def sessions(number: int, count: int, *, all_signed: bool) -> Iterator[bytes]:
    """Whole sessions one after the other, ten events each; begin and end are always signed."""
    device, begun = meter(number), datetime.now(UTC).replace(microsecond=0) - BEFORE_NOW
    for at in range(count):
        session, place = divmod(at, RECORDS)
        moment = begun + (session * RECORDS + place) * INTERVAL
        register_wh = (session * (RECORDS - 1) + place) * STEP_WH
        first, last = place == 0, place == RECORDS - 1
        kind, cause, letter, context = b"Updated", b"MeterValuePeriodic", "C", b"Sample.Periodic"
        more, token = b',"chargingState":"Charging"', b""
        if first:
            kind, cause, letter, context = b"Started", b"Authorized", "B", b"Transaction.Begin"
            token = b',"idToken":{"idToken":"%b","type":"ISO14443"}' % id_tag(number).encode()
        elif last:
            kind, cause, letter, context = b"Ended", b"StopAuthorized", "E", b"Transaction.End"
            more = b',"stoppedReason":"Local"'
        signed = b""
        if all_signed or first or last:
            sample = device.read_signed(
                int(moment.timestamp()) * 1_000, letter, register_wh * 1_000
            )
            assert sample.record is not None
            signed = SIGNED % base64.b64encode(sample.record)
        name, text = b"%d-%d" % (number, session), time_text(moment)
        head = (number, at, kind, text, cause, place, name, more, token)
        yield EVENT % (*head, text, register_wh, context, signed)


@dataclass(frozen=True, slots=True)
class Workload:
    """A kind of station: its protocol, and its frames after the boot.

    ``frames`` takes the station's number and how many; a 1.6 station begins a transaction first
    and its readings belong to that. With ``begins`` the first frame is sent before the clock runs.
    """

    subprotocol: str
    boot: bytes
    frames: Callable[[int, int], Iterator[bytes]] | None = None
    begins: bool = False


WORKLOADS = {
    "meter_values": Workload("ocpp1.6", BOOT_16),
    "transaction_event": Workload("ocpp2.0.1", BOOT_201, updates, begins=True),
    "all_signed": Workload("ocpp2.0.1", BOOT_201, lambda n, c: sessions(n, c, all_signed=True)),
    "ends_signed": Workload("ocpp2.0.1", BOOT_201, lambda n, c: sessions(n, c, all_signed=False)),
}
