"""MeterValue of OCPP 1.6: values are text, and signed data hides behind a format."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.apps.stations.readings import Values, record_of, to_mwh
from ohmstead.wire import ocmf
from ohmstead.wire.ocpp.times import parse_time
from ohmstead.wire.ocpp.v16 import (
    Location,
    Measurand,
    MeterValue,
    SampledValue,
    TransactionMeterValue,
    ValueFormat,
)

# 1.6 7.43: measurand defaults to Energy.Active.Import.Register, location to Outlet.
_SIGNED = ValueFormat.SIGNED_DATA
_REGISTER, _OUTLET = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Location.OUTLET


def read(meter_values: Iterable[MeterValue | TransactionMeterValue]) -> Values:
    """Read the energy register; raises RemoteProtocolError for a time that is none."""
    plain: list[tuple[int, int]] = []
    signed: list[bytes] = []
    refused: list[str] = []
    for meter_value in meter_values:
        at_ms = parse_time(meter_value.timestamp)
        for sample in meter_value.sampled_value:
            if sample.format is _SIGNED:
                signed.append(_record(sample.value))
            elif (sample.measurand is _REGISTER or sample.measurand is None) and _is_whole(sample):
                try:
                    plain.append((at_ms, to_mwh(sample.value, sample.unit or "Wh")))
                except ValueError as error:
                    refused.append(str(error))
    return Values(tuple(plain), tuple(signed), tuple(refused))


def _record(text: str) -> bytes:
    return record_of(lambda: ocmf.carried_in_16(text), text)


def _is_whole(sample: SampledValue) -> bool:
    # Not one phase's share, and not another place's.
    return sample.phase is None and (sample.location is _OUTLET or sample.location is None)
